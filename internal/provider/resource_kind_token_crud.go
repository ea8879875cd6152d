package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"

	"github.com/flytokens/terraform-provider-fly/internal/flyapi"
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
	w := r.managed(&state, nil, held.replaced(), before)
	resp.Diagnostics.Append(r.session.warnings(r.session.minter.Clear(ctx, w))...)
	resp.Diagnostics.Append(r.session.revoke(ctx, held, held.replaced(), "destroy")...)
	resp.Diagnostics.Append(r.session.revoke(ctx, held, before, "destroy")...)
}

// ready returns what prevents an operation.
func (r *kindTokenResource) ready() diag.Diagnostics {
	return r.session.flaws("refresh", "organization")
}

// mint mints what plan asks for in place of the token replaced, and puts it into
// state. A token that cannot be put there is revoked.
func (r *kindTokenResource) mint(ctx context.Context, plan *kindTokenModel, replaced, before predecessor, state *tfsdk.State) diag.Diagnostics {
	if complaint := plan.held(r.kind).lateRotation(); complaint != "" {
		return diag.Diagnostics{diag.NewAttributeErrorDiagnostic(path.Root("rotate_before"), summaryRotateBefore, complaint)}
	}
	kind, diags := plan.kind(ctx, r.kind)
	if diags.HasError() {
		return diags
	}
	s := r.session
	res, err := s.watched(ctx, plan.request(), func(ctx context.Context) (token.Candidate, []token.Warning, error) {
		return s.minter.Managed(ctx, r.managed(plan, kind, replaced, before))
	})
	diags.Append(s.warnings(res.Warnings)...)
	diags.Append(s.storeWarnings()...)
	if err != nil {
		diags.Append(mintError(r.kind.title, plan.request(), err))
		return diags
	}
	plan.fill(res)
	if kept := writeFields(ctx, state, plan.fields(r.kind)); kept.HasError() {
		held := plan.held(r.kind)
		kept.Append(s.revoke(ctx, held, held.replaced(), "apply")...)
		diags.Append(kept...)
		return diags
	}
	s.minter.Keep(plan.request().Place(), token.Candidate{Record: res.Record})
	if held := plan.held(r.kind); res.ExpiresAt.Sub(res.AcquiredAt) < held.rotates() {
		diags.Append(held.shortLifeWarning())
	}
	return diags
}

// managed describes the mint for m in place of the token replaced.
func (r *kindTokenResource) managed(m *kindTokenModel, kind *flyapi.TokenKind, replaced, before predecessor) mint.Managed {
	file, engine := r.session.settings.environment.engineState()
	return mint.Managed{
		StateFile: file, Engine: engine,
		Request: m.request(), Kind: kind, Label: m.label(), TTL: m.held(r.kind).life(),
		Workspace: r.session.settings.environment.workspace(), Spec: m.spec(r.kind), Replaces: replaced.ID, Predecessor: before.ID,
	}
}
