package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// Create mints a token.
func (r *managedTokenResource) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	plan, diags := r.read(ctx, req.Plan)
	resp.Diagnostics.Append(diags...)
	resp.Diagnostics.Append(r.ready(plan)...)
	if resp.Diagnostics.HasError() {
		return
	}
	plan.PredecessorID = types.StringNull()
	resp.Diagnostics.Append(r.mint(ctx, plan, predecessor{}, predecessor{}, &resp.State)...)
	if resp.Diagnostics.HasError() {
		resp.State.RemoveResource(ctx)
		return
	}
	resp.Diagnostics.Append(plan.identify(ctx, resp.Identity)...)
}

// Read asks Fly whether the token was revoked, and checks whether a rotation is
// due. If Fly does not answer, the state is unchanged.
func (r *managedTokenResource) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	state, diags := r.read(ctx, req.State)
	resp.Diagnostics.Append(diags...)
	resp.Diagnostics.Append(r.ready(state)...)
	if resp.Diagnostics.HasError() {
		return
	}
	before, diags := readPrivate[predecessor](ctx, req.Private, privatePredecessor)
	resp.Diagnostics.Append(diags...)
	r.session.seen(ctx, state)
	resp.Diagnostics.Append(state.identify(ctx, resp.Identity)...) // also for a token that is gone
	resp.Diagnostics.Append(r.readValue(ctx, state, resp.Private)...)
	gone, err := r.session.revoked(ctx, state)
	switch {
	case err != nil && !state.inState() && state.Token.IsNull(): // readValue has reported it
	case err != nil:
		resp.Diagnostics.Append(state.uncheckedWarning(err))
	case gone:
		resp.Diagnostics.Append(state.revokedWarning(before, r.session.now()))
		resp.State.RemoveResource(ctx)
		return
	}
	now := r.session.now()
	if r.kind.deploys {
		resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root("predecessor_id"), before.liveID(now))...)
	}
	resp.Diagnostics.Append(writePrivate(ctx, resp.Private, privateDue, state.due(now))...)
	resp.Diagnostics.Append(writePrivate(ctx, resp.Private, privateOverlapEnded, state.overlapEnded(before, now))...)
}

// Update rotates if the plan shows a rotation. It first revokes the predecessor
// of the replaced token. If that fails, nothing has changed.
func (r *managedTokenResource) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	plan, diags := r.read(ctx, req.Plan)
	resp.Diagnostics.Append(diags...)
	state, diags := r.read(ctx, req.State)
	resp.Diagnostics.Append(diags...)
	resp.Diagnostics.Append(r.ready(plan)...)
	before, diags := readPrivate[predecessor](ctx, req.Private, privatePredecessor)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return
	}
	r.session.seen(ctx, state)
	if !plan.TokenID.IsUnknown() {
		resp.Diagnostics.Append(r.keep(ctx, plan, state, before, resp)...)
		return
	}
	if diags := r.session.revoke(ctx, state, before, "apply"); diags.HasError() {
		resp.Diagnostics.Append(diags...)
		return
	}
	replaced := state.replaced()
	replaced.ReplacedAt, replaced.Imported = r.session.now(), state.isImported()
	plan.PredecessorID = replaced.liveID(replaced.ReplacedAt)
	resp.Diagnostics.Append(r.mint(ctx, plan, replaced, before, &resp.State)...)
	if resp.Diagnostics.HasError() {
		resp.Diagnostics.Append(writeFields(ctx, &resp.State, state.fields())...)
		return
	}
	resp.Diagnostics.Append(plan.identify(ctx, resp.Identity)...)
	resp.Diagnostics.Append(writePrivate(ctx, resp.Private, privatePredecessor, replaced)...)
	resp.Diagnostics.Append(writePrivate(ctx, resp.Private, privateDue, false)...)
	resp.Diagnostics.Append(writePrivate(ctx, resp.Private, privateOverlapEnded, false)...)
	resp.Diagnostics.Append(r.dropReplaced(ctx, state, plan, resp.Private)...)
}

// keep applies a plan without a rotation. It revokes the predecessor if the plan
// shows that. If the revocation fails, nothing has changed.
func (r *managedTokenResource) keep(ctx context.Context, plan, state *managedToken, before predecessor, resp *resource.UpdateResponse) diag.Diagnostics {
	var diags diag.Diagnostics
	if plan.PredecessorID.IsNull() && !state.PredecessorID.IsNull() {
		diags.Append(r.session.revoke(ctx, state, before, "apply")...)
		if diags.HasError() {
			return diags
		}
		diags.Append(writePrivate(ctx, resp.Private, privatePredecessor, predecessor{})...)
		diags.Append(writePrivate(ctx, resp.Private, privateOverlapEnded, false)...)
	}
	diags.Append(writeFields(ctx, &resp.State, plan.fields())...)
	diags.Append(plan.identify(ctx, resp.Identity)...)
	return diags
}

// Delete revokes the token and its predecessor, and removes its value from storage.
// The resource stays in the state until all of that is done.
func (r *managedTokenResource) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	state, diags := r.read(ctx, req.State)
	resp.Diagnostics.Append(diags...)
	resp.Diagnostics.Append(r.ready(state)...)
	before, diags := readPrivate[predecessor](ctx, req.Private, privatePredecessor)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return
	}
	r.session.seen(ctx, state)
	resp.Diagnostics.Append(r.session.warnings(r.session.minter.Clear(ctx, r.managed(state, state.replaced(), before)))...)
	for _, one := range []predecessor{state.replaced(), before} {
		resp.Diagnostics.Append(r.session.revoke(ctx, state, one, "destroy")...)
	}
	if !resp.Diagnostics.HasError() && !state.inState() {
		if err := r.deleteValue(ctx, state); err != nil {
			resp.Diagnostics.Append(state.leftInStorageError(err))
		}
	}
}

// ready returns the errors that prevent an operation on m.
func (r *managedTokenResource) ready(m *managedToken) diag.Diagnostics {
	if m.kind.deploys && m.Organization.IsNull() {
		return r.session.flaws("refresh")
	}
	return r.session.flaws("refresh", "organization")
}
