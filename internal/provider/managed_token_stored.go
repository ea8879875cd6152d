package provider

import (
	"context"
	"errors"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/flytokens/terraform-provider-fly/internal/mint"
	"github.com/flytokens/terraform-provider-fly/internal/token"
	"github.com/flytokens/terraform-provider-fly/internal/tokenstore"
)

// keyUnreadDeploy is the key of the warning about storage without an answer.
const keyUnreadDeploy = "unread deploy token"

func tokenInStateAttribute() schema.Attribute {
	return schema.BoolAttribute{
		Optional: true,
		MarkdownDescription: "Whether the state holds the token. Defaults to `true`. With `false`, only the provider's storage holds it, and the ephemeral resource `fly_deploy_token` returns it. " +
			"The token is then in neither the state nor the plan. If storage loses it, the next plan rotates it. Changing it rotates, because the earlier token stays in old versions of the state.",
	}
}

// inState reports whether the state holds the token. An unknown token_in_state
// counts as false.
func (m *managedToken) inState() bool {
	return m.TokenInState.IsNull() || m.TokenInState.ValueBool()
}

// omitToken plans a new token that will not be in the state. Without storage that
// is an error.
func (r *managedTokenResource) omitToken(ctx context.Context, m *managedToken, plan *tfsdk.Plan) diag.Diagnostics {
	var diags diag.Diagnostics
	if m.TokenInState.IsUnknown() || m.inState() {
		return diags
	}
	if r.session != nil && r.session.store == nil {
		diags.AddAttributeError(path.Root("token_in_state"), "Unable to Store Fly Deploy Token",
			fmt.Sprintf("With token_in_state = false, storage holds the token, and %s.", r.session.noStorage()))
	}
	for _, name := range []string{"token", "authorization_header"} {
		diags.Append(plan.SetAttribute(ctx, path.Root(name), types.StringNull())...)
	}
	return diags
}

// lostReason returns the reason for a rotation that the last refresh found in
// storage.
func (m *managedToken) lostReason(ctx context.Context, private privateReader) ([]string, diag.Diagnostics) {
	if m.inState() {
		return nil, nil
	}
	lost, diags := readPrivate[string](ctx, private, privateLost)
	if lost == "" {
		return nil, diags
	}
	return []string{lost}, diags
}

// deployToken reads a deploy token from storage.
func (s *session) deployToken(ctx context.Context, app, label string) (token.Record, error) {
	if s.store == nil {
		return token.Record{}, s.noStorage()
	}
	return s.store.DeployToken(ctx, app, label)
}

// noStorage is the error of a run without storage.
func (s *session) noStorage() error {
	return fmt.Errorf("storage is off, because %s: set storage.path or FLY_TOKEN_STORAGE", s.settings.noStorage)
}

// readValue reads the token from storage into state, if the state does not hold it. If
// storage does not hold it either, the next plan rotates.
func (r *managedTokenResource) readValue(ctx context.Context, state *managedToken, private privateWriter) diag.Diagnostics {
	if state.inState() {
		return nil
	}
	s := r.session
	rec, err := s.deployToken(ctx, state.App.ValueString(), state.label())
	diags := s.storeWarnings()
	lost := ""
	switch {
	case errors.Is(err, token.ErrNoRecord):
		lost = fmt.Sprintf("storage (%s) does not hold it", s.settings.storage)
	case err != nil:
		return append(diags, s.warnings([]token.Warning{{
			Key: keyUnreadDeploy, Summary: "Unable to Read Stored Fly Deploy Tokens",
			Detail: fmt.Sprintf("Cannot check whether storage holds the tokens with token_in_state = false: %s.\n\nThe state is unchanged.", plain(err.Error())),
		}})...)
	case rec.Token.Fingerprint() != state.Fingerprint.ValueString():
		lost = fmt.Sprintf("storage (%s) holds a different token named %q", s.settings.storage, state.label())
	default:
		state.Token = types.StringValue(rec.Token.Reveal())
	}
	diags.Append(writePrivate(ctx, private, privateLost, lost)...)
	return diags
}

// reserve returns the fingerprint of the stored token that the mint w for m may
// replace: its own predecessor, or one that has ended. Any other belongs to a
// different resource.
func (r *managedTokenResource) reserve(ctx context.Context, m *managedToken, w mint.Managed) (string, diag.Diagnostics) {
	if m.inState() {
		return "", nil
	}
	s, app := r.session, m.App.ValueString()
	rec, err := s.deployToken(ctx, app, m.label())
	diags := s.storeWarnings()
	switch {
	case errors.Is(err, token.ErrNoRecord):
		return "", diags
	case err != nil:
		diags.Append(mintError(r.kind.title, w.Request, err))
		return "", diags
	}
	occupant := *m
	occupant.Token, occupant.TokenID, occupant.ExpiresAt = types.StringValue(rec.Token.Reveal()), types.StringValue(rec.ID), timestamp(rec.ExpiresAt)
	if rec.ID == w.Replaces || occupant.expired(s.now()) {
		return rec.Token.Fingerprint(), diags
	}
	// A killed run may have left it.
	diags.Append(s.warnings(s.minter.Clear(ctx, w))...)
	gone, err := s.revoked(ctx, &occupant)
	switch {
	case err != nil:
		diags.Append(mintError(r.kind.title, w.Request, fmt.Errorf("cannot check whether the stored token %s was revoked: %w", rec.ID, err)))
	case !gone:
		diags.Append(r.takenError(m, rec.ID))
	}
	return rec.Token.Fingerprint(), diags
}

// takenError reports that a different resource has stored a token under the name
// of m. id is that token's, if it is known.
func (r *managedTokenResource) takenError(m *managedToken, id string) diag.Diagnostic {
	which, revoke := "", "the other token"
	if id != "" {
		which, revoke = fmt.Sprintf(" (%s)", id), fmt.Sprintf("it with `fly tokens revoke %s`", id)
	}
	return diag.NewAttributeErrorDiagnostic(path.Root("name"), "Fly Deploy Token Name Is Taken", fmt.Sprintf(
		"Storage (%s) already holds a valid deploy token named %q for app %q%s, which is not in this resource's state. No token was replaced.\n\n"+
			"Set a different name. If no resource uses that token any more, revoke %s, and apply again. "+
			"With create_before_destroy the token belongs to the resource that is being replaced: rotate with triggers instead.",
		r.session.settings.storage, m.label(), m.App.ValueString(), which, revoke))
}

// storeValue stores the minted token of m in place of the one that [reserve]
// returned.
func (r *managedTokenResource) storeValue(ctx context.Context, m *managedToken, occupant string, res token.Resolution) diag.Diagnostics {
	if m.inState() {
		return nil
	}
	err := r.session.store.SaveDeployToken(ctx, m.App.ValueString(), m.label(), res.Record, occupant)
	diags := r.session.storeWarnings()
	switch {
	case errors.Is(err, tokenstore.ErrOtherDeployToken):
		diags.Append(r.takenError(m, ""))
	case err != nil:
		diags.AddError("Unable to Store Fly Deploy Token", fmt.Sprintf(
			"A token was minted for app %q and is being revoked, because it was not stored: %s.", m.App.ValueString(), plain(err.Error())))
	}
	return diags
}

// dropReplaced removes a replaced token from storage, unless its successor took
// its place there.
func (r *managedTokenResource) dropReplaced(ctx context.Context, state, plan *managedToken, private privateWriter) diag.Diagnostics {
	if state.inState() {
		return nil
	}
	diags := writePrivate(ctx, private, privateLost, "")
	if !plan.inState() && plan.label() == state.label() {
		return diags
	}
	if err := r.deleteValue(ctx, state); err != nil {
		diags.AddWarning("Replaced Fly Deploy Token Left in Storage", fmt.Sprintf(
			"The replaced token %s of app %q was not removed from storage: %s.\n\nIt stays there until it expires.", state.TokenID.ValueString(), state.App.ValueString(), plain(err.Error())))
	}
	return diags
}

// deleteValue removes the token of m from storage.
func (r *managedTokenResource) deleteValue(ctx context.Context, m *managedToken) error {
	if r.session.store == nil {
		return r.session.noStorage()
	}
	return r.session.store.DeleteDeployToken(ctx, m.App.ValueString(), m.label(), m.Fingerprint.ValueString())
}

// leftInStorageError reports a destroyed token that storage still holds.
func (m *managedToken) leftInStorageError(err error) diag.Diagnostic {
	return diag.NewErrorDiagnostic("Unable to Delete Stored "+m.kind.title, fmt.Sprintf(
		"Token %s of %s is revoked, but it was not removed from storage: %s.\n\nRun destroy again.", m.TokenID.ValueString(), target(m.request()), plain(err.Error())))
}
