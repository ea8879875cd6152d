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

// target names the app or the organization of a request in messages.
func target(req token.Request) string {
	if req.App == "" {
		return fmt.Sprintf("organization %q", req.Organization)
	}
	return fmt.Sprintf("app %q", req.App)
}

// mintError is the error of a failed mint of a token with that title.
func mintError(title string, req token.Request, err error) diag.Diagnostic {
	reason := strings.Join(strings.Fields(err.Error()), " ")
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		reason = "it was cancelled before Fly answered"
	}
	detail := fmt.Sprintf("No token was minted for %s:\n\n  %s", target(req), reason)
	subject := "app"
	if req.App == "" {
		subject = "organization"
	}
	if errors.Is(err, token.ErrMintUncertain) {
		detail += fmt.Sprintf("\n\nFly may still have made a token. The next apply that mints a token for this %s finds and revokes it.", subject)
	}
	return diag.NewAttributeErrorDiagnostic(path.Root(subject), "Unable to Mint "+title, detail)
}

// stillLiveError reports a token that could not be revoked. again is the command
// that tries again.
func (m *managedToken) stillLiveError(one predecessor, again string, err error) diag.Diagnostic {
	until := "until it expires"
	if !one.ExpiresAt.IsZero() {
		until += " at " + one.ExpiresAt.UTC().Format(time.RFC3339)
	}
	return diag.NewErrorDiagnostic("Unable to Revoke "+m.kind.title, fmt.Sprintf(
		"Cannot revoke token %[1]s of %[2]s, which is live %[3]s: %[4]s.\n\nRun %[5]s again, or revoke it with `fly tokens revoke %[1]s`.", one.ID, target(m.request()), until, err, again))
}

// uncheckedWarning reports that a refresh could not check a token.
func (m *managedToken) uncheckedWarning(err error) diag.Diagnostic {
	return diag.NewAttributeWarningDiagnostic(path.Root("token_id"), "Unable to Check "+m.kind.title, fmt.Sprintf(
		"Cannot check whether token %s of %s was revoked: %s.\n\nThe state is unchanged.", m.TokenID.ValueString(), target(m.request()), err))
}

// revokedWarning explains the removal of a token from the state, and names its
// predecessor.
func (m *managedToken) revokedWarning(before predecessor, now time.Time) diag.Diagnostic {
	detail := fmt.Sprintf("Fly no longer accepts token %s of %s, because it was revoked. It is removed from the state, and the next apply mints a new one.", m.TokenID.ValueString(), target(m.request()))
	if !before.over(now) {
		detail += fmt.Sprintf("\n\nIts predecessor %[1]s may be valid until %[2]s, and the provider no longer manages it. If it is not needed, revoke it with `fly tokens revoke %[1]s`.", before.ID, before.ExpiresAt.UTC().Format(time.RFC3339))
	}
	return diag.NewWarningDiagnostic(m.kind.title+" Was Revoked", detail)
}

// shortLifeWarning reports a token that is due for rotation as soon as it is
// minted.
func (m *managedToken) shortLifeWarning() diag.Diagnostic {
	return diag.NewAttributeWarningDiagnostic(path.Root("rotate_before"), m.kind.title+" Is Short-Lived", fmt.Sprintf(
		"Fly's token for %s expires at %s, sooner than the requested ttl (%s). It is always within rotate_before (%s), so every apply rotates it. Set rotate_before to less than the lifetime that Fly grants.",
		target(m.request()), m.ExpiresAt.ValueString(), short(m.life()), short(m.rotates())))
}
