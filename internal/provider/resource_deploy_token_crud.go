package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// Create mints a token.
func (r *deployTokenResource) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	var plan deployTokenModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	resp.Diagnostics.Append(r.ready(&plan)...)
	if resp.Diagnostics.HasError() {
		return
	}
	plan.PredecessorID = types.StringNull()
	resp.Diagnostics.Append(r.mint(ctx, &plan, predecessor{}, predecessor{}, &resp.State)...)
	if resp.Diagnostics.HasError() {
		resp.State.RemoveResource(ctx)
		return
	}
	resp.Diagnostics.Append(resp.Identity.Set(ctx, plan.identity())...)
}

// Read asks Fly whether the token was revoked, and checks whether a rotation is
// due. If Fly does not answer, the state is unchanged.
func (r *deployTokenResource) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	var state deployTokenModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	resp.Diagnostics.Append(r.ready(&state)...)
	if resp.Diagnostics.HasError() {
		return
	}
	before, diags := readPrivate[predecessor](ctx, req.Private, privatePredecessor)
	resp.Diagnostics.Append(diags...)
	held := state.held(r.session.settings)
	r.session.seen(ctx, held)
	resp.Diagnostics.Append(resp.Identity.Set(ctx, state.identity())...) // also for a token that is gone
	resp.Diagnostics.Append(r.readValue(ctx, &state, &held, resp.Private)...)
	gone, err := r.session.revoked(ctx, held)
	switch {
	case err != nil && !state.inState() && held.token.IsNull(): // readValue has reported it
	case err != nil:
		resp.Diagnostics.Append(held.uncheckedWarning(err))
	case gone:
		resp.Diagnostics.Append(held.revokedWarning(before, r.session.now()))
		resp.State.RemoveResource(ctx)
		return
	}
	now := r.session.now()
	resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root("predecessor_id"), before.liveID(now))...)
	resp.Diagnostics.Append(writePrivate(ctx, resp.Private, privateDue, held.due(now))...)
	resp.Diagnostics.Append(writePrivate(ctx, resp.Private, privateOverlapEnded, state.overlapEnded(before, now))...)
}

// Update rotates if the plan shows a rotation. It first revokes the predecessor
// of the replaced token. If that fails, nothing has changed.
func (r *deployTokenResource) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	var plan, state deployTokenModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	resp.Diagnostics.Append(r.ready(&plan)...)
	before, diags := readPrivate[predecessor](ctx, req.Private, privatePredecessor)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return
	}
	held := state.held(r.session.settings)
	r.session.seen(ctx, held)
	if !plan.TokenID.IsUnknown() {
		resp.Diagnostics.Append(r.keep(ctx, &plan, &state, before, resp)...)
		return
	}
	if diags := r.session.revoke(ctx, held, before, "apply"); diags.HasError() {
		resp.Diagnostics.Append(diags...)
		return
	}
	replaced := held.replaced()
	replaced.ReplacedAt, replaced.Imported = r.session.now(), state.isImported()
	plan.PredecessorID = replaced.liveID(replaced.ReplacedAt)
	resp.Diagnostics.Append(r.mint(ctx, &plan, replaced, before, &resp.State)...)
	if resp.Diagnostics.HasError() {
		resp.Diagnostics.Append(resp.State.Set(ctx, &state)...)
		return
	}
	resp.Diagnostics.Append(resp.Identity.Set(ctx, plan.identity())...)
	resp.Diagnostics.Append(writePrivate(ctx, resp.Private, privatePredecessor, replaced)...)
	resp.Diagnostics.Append(writePrivate(ctx, resp.Private, privateDue, false)...)
	resp.Diagnostics.Append(writePrivate(ctx, resp.Private, privateOverlapEnded, false)...)
	resp.Diagnostics.Append(r.dropReplaced(ctx, &state, &plan, resp.Private)...)
}

// keep applies a plan without a rotation. It revokes the predecessor if the plan
// shows that. If the revocation fails, nothing has changed.
func (r *deployTokenResource) keep(ctx context.Context, plan, state *deployTokenModel, before predecessor, resp *resource.UpdateResponse) diag.Diagnostics {
	var diags diag.Diagnostics
	if plan.PredecessorID.IsNull() && !state.PredecessorID.IsNull() {
		diags.Append(r.session.revoke(ctx, state.held(r.session.settings), before, "apply")...)
		if diags.HasError() {
			return diags
		}
		diags.Append(writePrivate(ctx, resp.Private, privatePredecessor, predecessor{})...)
		diags.Append(writePrivate(ctx, resp.Private, privateOverlapEnded, false)...)
	}
	diags.Append(resp.State.Set(ctx, plan)...)
	diags.Append(resp.Identity.Set(ctx, plan.identity())...)
	return diags
}

// Delete revokes the token and its predecessor, and removes its value from storage.
// The resource stays in the state until all of that is done.
func (r *deployTokenResource) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	var state deployTokenModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	resp.Diagnostics.Append(r.ready(&state)...)
	before, diags := readPrivate[predecessor](ctx, req.Private, privatePredecessor)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return
	}
	held := state.held(r.session.settings)
	r.session.seen(ctx, held)
	resp.Diagnostics.Append(r.session.warnings(r.session.minter.Clear(ctx, r.managed(ctx, &state, held.replaced(), before)))...)
	for _, one := range []predecessor{held.replaced(), before} {
		resp.Diagnostics.Append(r.session.revoke(ctx, held, one, "destroy")...)
	}
	if !resp.Diagnostics.HasError() && !state.inState() {
		if err := r.deleteValue(ctx, &state); err != nil {
			resp.Diagnostics.Append(held.leftInStorageError(err))
		}
	}
}

// ready returns the errors that prevent an operation on m.
func (r *deployTokenResource) ready(m *deployTokenModel) diag.Diagnostics {
	if m.Organization.IsNull() {
		return r.session.flaws("refresh")
	}
	return r.session.flaws("refresh", "organization")
}
