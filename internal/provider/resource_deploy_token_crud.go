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

// Read asks Fly whether the token was revoked, and checks whether a rotation is
// due. If Fly does not answer, the state is unchanged.
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

// revoked reports whether Fly no longer accepts the token. It skips expired
// tokens, which are rotated anyway. A token that is missing from Fly's list may
// have been minted with a different login, so the token itself is then checked
// with Fly. An answer of 401 is proof. 403 is not, because a proxy may have
// sent it.
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

// Delete revokes the token and its predecessor. The resource stays in the state
// until both are revoked.
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

// ready returns the errors that prevent an operation on m.
func (r *deployTokenResource) ready(m *deployTokenModel) diag.Diagnostics {
	if m.Organization.IsNull() {
		return r.session.flaws("refresh")
	}
	return r.session.flaws("refresh", "organization")
}

// revokeFor revokes a token of app. It returns nil if the token has expired or
// is already revoked. again is the command that tries again.
func (s *session) revokeFor(ctx context.Context, one predecessor, app, again string) diag.Diagnostic {
	if one.over(s.now()) {
		return nil
	}
	if err := s.minter.Revoke(ctx, one.ID); err != nil {
		return stillGoodError(one, app, again, err)
	}
	return nil
}
