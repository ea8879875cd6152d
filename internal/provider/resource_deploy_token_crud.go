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
	"github.com/flytokens/terraform-provider-fly/internal/token"
)

// Create mints a token.
func (r *deployTokenResource) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	var plan deployTokenModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	resp.Diagnostics.Append(r.ready(&plan)...)
	if resp.Diagnostics.HasError() {
		return
	}
	resp.Diagnostics.Append(r.mint(ctx, &plan, &resp.State)...)
	if resp.Diagnostics.HasError() {
		resp.State.RemoveResource(ctx)
	}
}

// Read asks Fly whether the token was revoked, and the clock whether it is due.
// Where Fly does not answer, the state stays as it is.
func (r *deployTokenResource) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	var state deployTokenModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	resp.Diagnostics.Append(r.ready(&state)...)
	if resp.Diagnostics.HasError() {
		return
	}
	gone, err := r.revoked(ctx, &state)
	switch {
	case err != nil:
		resp.Diagnostics.Append(uncheckedWarning(&state, err))
	case gone:
		before, diags := readPrivate[predecessor](ctx, req.Private, privatePredecessor)
		resp.Diagnostics.Append(diags...)
		resp.Diagnostics.Append(revokedWarning(&state, before, r.session.now()))
		resp.State.RemoveResource(ctx)
		return
	}
	resp.Diagnostics.Append(writePrivate(ctx, resp.Private, privateDue, state.due(r.session.now()))...)
}

// revoked reports whether Fly no longer accepts the token. What has expired is
// rotated, whatever Fly still lists. One that the list lacks was perhaps minted
// with another login: Fly is then shown the token itself.
func (r *deployTokenResource) revoked(ctx context.Context, state *deployTokenModel) (bool, error) {
	if state.expired(r.session.now()) {
		return false, nil
	}
	req := state.request(r.session.settings)
	listed, err := r.session.listed(ctx, req)
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
	err = r.session.chain.api.Show(ctx, tok, req.App)
	if flyapi.Rejected(err) {
		return true, nil
	}
	return false, err
}

// Update rotates where the plan shows a rotation. The token before the one that
// is replaced is revoked first: where that fails, nothing has changed yet.
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
	if !plan.Token.IsUnknown() {
		resp.Diagnostics.Append(resp.State.Set(ctx, &plan)...)
		return
	}
	if err := r.session.revokeFor(ctx, before, plan.App.ValueString()); err != nil {
		resp.Diagnostics.Append(err)
		return
	}
	resp.Diagnostics.Append(r.mint(ctx, &plan, &resp.State)...)
	if resp.Diagnostics.HasError() {
		resp.Diagnostics.Append(resp.State.Set(ctx, &state)...)
		return
	}
	end, _ := state.end()
	resp.Diagnostics.Append(writePrivate(ctx, resp.Private, privatePredecessor, predecessor{ID: state.TokenID.ValueString(), ExpiresAt: end})...)
	resp.Diagnostics.Append(writePrivate(ctx, resp.Private, privateDue, false)...)
}

// Delete revokes the token, and the one before it. It is in the state until both
// are revoked.
func (r *deployTokenResource) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	var state deployTokenModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	resp.Diagnostics.Append(r.ready(&state)...)
	before, diags := readPrivate[predecessor](ctx, req.Private, privatePredecessor)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return
	}
	end, _ := state.end()
	for _, one := range []predecessor{{ID: state.TokenID.ValueString(), ExpiresAt: end}, before} {
		if err := r.session.revokeFor(ctx, one, state.App.ValueString()); err != nil {
			resp.Diagnostics.Append(err)
		}
	}
}

// ready returns what stands in the way of an operation on m.
func (r *deployTokenResource) ready(m *deployTokenModel) diag.Diagnostics {
	if m.Organization.IsNull() {
		return r.session.obstacles("refresh")
	}
	return r.session.obstacles("refresh", "organization")
}

// mint mints what plan asks for, and has it in state before anything else can
// fail.
func (r *deployTokenResource) mint(ctx context.Context, plan *deployTokenModel, state *tfsdk.State) diag.Diagnostics {
	if complaint := plan.lateRotation(); complaint != "" {
		return diag.Diagnostics{diag.NewAttributeErrorDiagnostic(path.Root("rotate_before"), summaryRotateBefore, complaint)}
	}
	return r.session.mintManaged(ctx, managedMint{
		request: plan.request(r.session.settings),
		label:   plan.label(),
		ttl:     plan.ttl(),
		keep: func(res token.Resolution) diag.Diagnostics {
			plan.fill(res)
			diags := state.Set(ctx, plan)
			if res.ExpiresAt.Sub(res.AcquiredAt) < plan.rotateBefore() {
				diags.Append(shortLifeWarning(plan))
			}
			return diags
		},
	})
}

// revokeFor revokes a token of app's that may have ended or been revoked already;
// nil where it is good no more.
func (s *session) revokeFor(ctx context.Context, one predecessor, app string) diag.Diagnostic {
	if one.over(s.now()) {
		return nil
	}
	err := s.revoke(ctx, one.ID)
	if err == nil || errors.Is(err, flyapi.ErrNoSuchToken) {
		return nil
	}
	return stillGoodError(one, app, err)
}
