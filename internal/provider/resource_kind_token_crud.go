package provider

import (
	"context"
	"errors"
	"slices"

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
	r.seen(ctx, &state)
	gone, err := r.revoked(ctx, &state)
	switch {
	case err != nil:
		resp.Diagnostics.Append(r.uncheckedWarning(&state, err))
	case gone:
		before, diags := readPrivate[predecessor](ctx, req.Private, privatePredecessor)
		resp.Diagnostics.Append(diags...)
		resp.Diagnostics.Append(r.revokedWarning(&state, before))
		resp.State.RemoveResource(ctx)
		return
	}
	resp.Diagnostics.Append(writePrivate(ctx, resp.Private, privateDue, state.due(r.session.now()))...)
}

// revoked reports whether Fly no longer accepts the token. An expired one is
// rotated, whatever Fly still lists. One that the list lacks may have been minted
// with a different login: it is then used itself. Only an answer of 401 is
// evidence that it was revoked.
func (r *kindTokenResource) revoked(ctx context.Context, state *kindTokenModel) (bool, error) {
	if state.current().over(r.session.now()) {
		return false, nil
	}
	req := state.request()
	listed, err := r.session.minter.List(ctx, req)
	if err != nil {
		return false, err
	}
	at := slices.IndexFunc(listed, func(l flyapi.Listed) bool { return l.ID == state.TokenID.ValueString() })
	if at >= 0 {
		return !listed[at].RevokedAt.IsZero(), nil
	}
	tok, err := token.Parse(state.Token.ValueString())
	if err != nil {
		return false, err
	}
	if req.App != "" {
		err = r.session.chain.api.Show(ctx, tok, req.App)
	} else {
		_, err = r.session.chain.api.LookupOrganization(ctx, tok, req.Organization)
	}
	if errors.Is(err, flyapi.ErrUnauthenticated) {
		return true, nil
	}
	return false, err
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
	r.seen(ctx, &state)
	if !plan.Token.IsUnknown() {
		resp.Diagnostics.Append(writeFields(ctx, &resp.State, plan.fields(r.kind))...)
		return
	}
	resp.Diagnostics.Append(r.revoke(ctx, &plan, before, "apply")...)
	if resp.Diagnostics.HasError() {
		return
	}
	resp.Diagnostics.Append(r.mint(ctx, &plan, state.current(), before, &resp.State)...)
	if resp.Diagnostics.HasError() {
		resp.Diagnostics.Append(writeFields(ctx, &resp.State, state.fields(r.kind))...)
		return
	}
	resp.Diagnostics.Append(writePrivate(ctx, resp.Private, privatePredecessor, state.current())...)
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
	r.seen(ctx, &state)
	w := r.managed(&state, nil, state.current(), before)
	resp.Diagnostics.Append(r.session.warnings(r.session.minter.Clear(ctx, w))...)
	resp.Diagnostics.Append(r.revoke(ctx, &state, state.current(), "destroy")...)
	resp.Diagnostics.Append(r.revoke(ctx, &state, before, "destroy")...)
}

// ready returns what prevents an operation.
func (r *kindTokenResource) ready() diag.Diagnostics {
	return r.session.flaws("refresh", "organization")
}

// mint mints what plan asks for in place of the token replaced, and puts it into
// state. A token that cannot be put there is revoked.
func (r *kindTokenResource) mint(ctx context.Context, plan *kindTokenModel, replaced, before predecessor, state *tfsdk.State) diag.Diagnostics {
	if complaint := plan.lateRotation(); complaint != "" {
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
		diags.Append(kindMintError(r.kind, &plan.kindArguments, err))
		return diags
	}
	plan.fill(res)
	if kept := writeFields(ctx, state, plan.fields(r.kind)); kept.HasError() {
		kept.Append(r.revoke(ctx, plan, plan.current(), "apply")...)
		diags.Append(kept...)
		return diags
	}
	s.minter.Keep(plan.request().Place(), token.Candidate{Record: res.Record})
	if res.ExpiresAt.Sub(res.AcquiredAt) < plan.rotateBefore() {
		diags.Append(r.shortLifeWarning(plan))
	}
	return diags
}

// managed describes the mint for m in place of the token replaced.
func (r *kindTokenResource) managed(m *kindTokenModel, kind *flyapi.TokenKind, replaced, before predecessor) mint.Managed {
	file, engine := r.session.settings.environment.engineState()
	return mint.Managed{
		StateFile: file, Engine: engine,
		Request: m.request(), Kind: kind, Label: m.label(), TTL: m.life(defaultDeployTTL),
		Workspace: r.session.settings.environment.workspace(), Spec: m.spec(r.kind), Replaces: replaced.ID, Predecessor: before.ID,
	}
}

// seen settles the mint of the token in state. If storage cannot be used, a later
// call settles it.
func (r *kindTokenResource) seen(ctx context.Context, state *kindTokenModel) {
	if r.session == nil || r.session.minter == nil {
		return
	}
	err := r.session.minter.Seen(ctx, state.request().Place(), state.TokenID.ValueString())
	if err != nil && !errors.Is(err, context.Canceled) {
		noteNoAnswer(ctx, "cannot settle an announced mint", err)
	}
}

// revoke revokes a token that may have ended or been revoked already. again is the
// command that tries again.
func (r *kindTokenResource) revoke(ctx context.Context, m *kindTokenModel, one predecessor, again string) diag.Diagnostics {
	var diags diag.Diagnostics
	if one.over(r.session.now()) {
		return diags
	}
	if err := r.session.minter.Revoke(ctx, one.ID); err != nil {
		diags.Append(r.stillLiveError(m, one, again, err))
	}
	return diags
}
