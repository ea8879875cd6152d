package provider

import (
	"context"
	"errors"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource"

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
	resp.Diagnostics.Append(r.mint(ctx, &plan, nil, predecessor{}, &resp.State)...)
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
	r.seen(ctx, &state)
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
// with another login: Fly is then shown the token itself. An answer of 401 is
// evidence; 403 is not, since something on the way may have given it.
func (r *deployTokenResource) revoked(ctx context.Context, state *deployTokenModel) (bool, error) {
	if state.expired(r.session.now()) {
		return false, nil
	}
	req := state.request(r.session.settings)
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
	err = r.session.chain.api.Show(ctx, tok, req.App)
	if errors.Is(err, flyapi.ErrUnauthenticated) {
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
	r.seen(ctx, &state)
	if !plan.Token.IsUnknown() {
		resp.Diagnostics.Append(resp.State.Set(ctx, &plan)...)
		return
	}
	if err := r.session.revokeFor(ctx, before, plan.App.ValueString(), "apply"); err != nil {
		resp.Diagnostics.Append(err)
		return
	}
	resp.Diagnostics.Append(r.mint(ctx, &plan, &state, before, &resp.State)...)
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
	r.seen(ctx, &state)
	resp.Diagnostics.Append(r.session.warnings(r.session.minter.Clear(ctx, r.managed(ctx, &state, &state, before)))...)
	end, _ := state.end()
	for _, one := range []predecessor{{ID: state.TokenID.ValueString(), ExpiresAt: end}, before} {
		if err := r.session.revokeFor(ctx, one, state.App.ValueString(), "destroy"); err != nil {
			resp.Diagnostics.Append(err)
		}
	}
}

// ready returns what stands in the way of an operation on m.
func (r *deployTokenResource) ready(m *deployTokenModel) diag.Diagnostics {
	if m.Organization.IsNull() {
		return r.session.flaws("refresh")
	}
	return r.session.flaws("refresh", "organization")
}

// revokeFor revokes a token of app's that may have ended or been revoked already;
// nil where it is no longer live. again is the command that tries again.
func (s *session) revokeFor(ctx context.Context, one predecessor, app, again string) diag.Diagnostic {
	if one.over(s.now()) {
		return nil
	}
	if err := s.minter.Revoke(ctx, one.ID); err != nil {
		return stillGoodError(one, app, again, err)
	}
	return nil
}
