package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"

	"github.com/flytokens/terraform-provider-fly/internal/mint"
	"github.com/flytokens/terraform-provider-fly/internal/token"
)

// Create mints a token.
func (r *kindTokenResource) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	var plan kindTokenModel
	resp.Diagnostics.Append(readFields(ctx, req.Plan, plan.fields(r.kind))...)
	resp.Diagnostics.Append(r.ready()...)
	if resp.Diagnostics.HasError() {
		return
	}
	resp.Diagnostics.Append(r.mint(ctx, &plan, predecessor{}, predecessor{}, &resp.State)...)
	if resp.Diagnostics.HasError() {
		resp.State.RemoveResource(ctx)
	}
}

// Read asks Fly whether the token was revoked, and the clock whether it is due.
// If Fly does not answer, the state stays as it is.
func (r *kindTokenResource) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	var state kindTokenModel
	resp.Diagnostics.Append(readFields(ctx, req.State, state.fields(r.kind))...)
	resp.Diagnostics.Append(r.ready()...)
	if resp.Diagnostics.HasError() {
		return
	}
	held := state.held(r.kind)
	r.session.seen(ctx, held)
	gone, err := r.session.revoked(ctx, held)
	switch {
	case err != nil:
		resp.Diagnostics.Append(held.uncheckedWarning(err))
	case gone:
		before, diags := readPrivate[predecessor](ctx, req.Private, privatePredecessor)
		resp.Diagnostics.Append(diags...)
		resp.Diagnostics.Append(held.revokedWarning(before, r.session.now()))
		resp.State.RemoveResource(ctx)
		return
	}
	resp.Diagnostics.Append(writePrivate(ctx, resp.Private, privateDue, held.due(r.session.now()))...)
}

// Update rotates if the plan shows a rotation. It first revokes the predecessor of
// the token that is replaced: if that fails, nothing has changed yet.
func (r *kindTokenResource) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	var plan, state kindTokenModel
	resp.Diagnostics.Append(readFields(ctx, req.Plan, plan.fields(r.kind))...)
	resp.Diagnostics.Append(readFields(ctx, req.State, state.fields(r.kind))...)
	resp.Diagnostics.Append(r.ready()...)
	before, diags := readPrivate[predecessor](ctx, req.Private, privatePredecessor)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return
	}
	held := state.held(r.kind)
	r.session.seen(ctx, held)
	if !plan.Token.IsUnknown() {
		resp.Diagnostics.Append(writeFields(ctx, &resp.State, plan.fields(r.kind))...)
		return
	}
	resp.Diagnostics.Append(r.session.revoke(ctx, held, before, "apply")...)
	if resp.Diagnostics.HasError() {
		return
	}
	resp.Diagnostics.Append(r.mint(ctx, &plan, held.replaced(), before, &resp.State)...)
	if resp.Diagnostics.HasError() {
		resp.Diagnostics.Append(writeFields(ctx, &resp.State, state.fields(r.kind))...)
		return
	}
	resp.Diagnostics.Append(writePrivate(ctx, resp.Private, privatePredecessor, held.replaced())...)
	resp.Diagnostics.Append(writePrivate(ctx, resp.Private, privateDue, false)...)
}

// Delete revokes the token and its predecessor. The resource stays in the state
// until both are revoked.
func (r *kindTokenResource) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	var state kindTokenModel
	resp.Diagnostics.Append(readFields(ctx, req.State, state.fields(r.kind))...)
	resp.Diagnostics.Append(r.ready()...)
	before, diags := readPrivate[predecessor](ctx, req.Private, privatePredecessor)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return
	}
	held := state.held(r.kind)
	r.session.seen(ctx, held)
	resp.Diagnostics.Append(r.session.warnings(r.session.minter.Clear(ctx, r.managed(&state, held.replaced(), before)))...)
	resp.Diagnostics.Append(r.session.revoke(ctx, held, held.replaced(), "destroy")...)
	resp.Diagnostics.Append(r.session.revoke(ctx, held, before, "destroy")...)
}

// ready returns what prevents an operation.
func (r *kindTokenResource) ready() diag.Diagnostics {
	return r.session.flaws("refresh", "organization")
}

// mint mints the planned token in place of the one replaced, and writes it to
// state.
func (r *kindTokenResource) mint(ctx context.Context, plan *kindTokenModel, replaced, before predecessor, state *tfsdk.State) diag.Diagnostics {
	kind, diags := plan.kind(ctx, r.kind)
	if diags.HasError() {
		return diags
	}
	w := r.managed(plan, replaced, before)
	w.Kind = kind
	return r.session.mintHeld(ctx, plan.held(r.kind), w, func(res token.Resolution) (heldToken, diag.Diagnostics) {
		plan.fill(res)
		return plan.held(r.kind), writeFields(ctx, state, plan.fields(r.kind))
	})
}

// managed describes the mint for m in place of the token replaced.
func (r *kindTokenResource) managed(m *kindTokenModel, replaced, before predecessor) mint.Managed {
	w := r.session.managed(m.held(r.kind), replaced, before)
	w.Label, w.Spec = m.label(), m.spec(r.kind)
	return w
}
