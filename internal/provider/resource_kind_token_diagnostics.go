package provider

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/flytokens/terraform-provider-fly/internal/token"
)

// kindMintError says why there is no token.
func kindMintError(k *tokenKind, a *kindArguments, err error) diag.Diagnostic {
	reason := strings.Join(strings.Fields(err.Error()), " ")
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		reason = "it was cancelled before Fly answered"
	}
	detail := fmt.Sprintf("No token was minted for %s:\n\n  %s", a.target(), reason)
	if errors.Is(err, token.ErrUnsettled) {
		detail += "\n\nFly may still have made a token. The next apply that mints one for the same app or organization finds and revokes it."
	}
	return diag.NewAttributeErrorDiagnostic(path.Root(k.subject()), "Unable to Mint "+k.title, detail)
}

// stillLiveError says that a token could not be revoked. again is the command that
// tries again.
func (r *kindTokenResource) stillLiveError(m *kindTokenModel, one predecessor, again string, err error) diag.Diagnostic {
	until := "until it expires"
	if !one.ExpiresAt.IsZero() {
		until += " at " + one.ExpiresAt.UTC().Format(time.RFC3339)
	}
	return diag.NewErrorDiagnostic("Unable to Revoke "+r.kind.title, fmt.Sprintf(
		"Cannot revoke token %[1]s of %[2]s, which stays live %[3]s: %[4]s.\n\nRun %[5]s again, or revoke it with `fly tokens revoke %[1]s`.", one.ID, m.target(), until, err, again))
}

// uncheckedWarning reports that a refresh could not check a token.
func (r *kindTokenResource) uncheckedWarning(m *kindTokenModel, err error) diag.Diagnostic {
	return diag.NewAttributeWarningDiagnostic(path.Root("token_id"), "Unable to Check "+r.kind.title, fmt.Sprintf(
		"Cannot check whether token %s of %s was revoked: %s.\n\nThe state is unchanged.", m.TokenID.ValueString(), m.target(), err))
}

// revokedWarning explains the removal of a token from the state, and names its
// predecessor.
func (r *kindTokenResource) revokedWarning(m *kindTokenModel, before predecessor) diag.Diagnostic {
	detail := fmt.Sprintf("Fly no longer accepts token %s of %s, because it was revoked elsewhere. It is removed from the state, and the next apply mints a new one.", m.TokenID.ValueString(), m.target())
	if !before.over(r.session.now()) {
		detail += fmt.Sprintf("\n\nThe resource no longer tracks the previous token, %[1]s, which is live until %[2]s. If it should not be, revoke it with `fly tokens revoke %[1]s`.", before.ID, before.ExpiresAt.UTC().Format(time.RFC3339))
	}
	return diag.NewWarningDiagnostic(r.kind.title+" Was Revoked", detail)
}

// shortLifeWarning says that a token is due for rotation as soon as it is minted.
func (r *kindTokenResource) shortLifeWarning(m *kindTokenModel) diag.Diagnostic {
	return diag.NewAttributeWarningDiagnostic(path.Root("rotate_before"), r.kind.title+" Is Short-Lived", fmt.Sprintf(
		"The token that Fly minted for %s expires at %s, sooner than ttl (%s), so every apply rotates it. Set rotate_before to less than the life that Fly grants; it is %s now.",
		m.target(), m.ExpiresAt.ValueString(), short(m.life(defaultDeployTTL)), short(m.rotateBefore())))
}
