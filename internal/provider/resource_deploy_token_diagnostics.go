package provider

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"

	"github.com/flytokens/terraform-provider-fly/internal/token"
)

const (
	summaryMint         = "Unable to Mint Fly Deploy Token"
	summaryRevokeDeploy = "Unable to Revoke Fly Deploy Token"
	summaryRotateBefore = "Invalid rotate_before"
)

// maxDeployName bounds the characters of a token's name. Fly documents no
// limit.
const maxDeployName = 100

// deployTokenName accepts names that identify a token for people.
func deployTokenName() validator.String {
	return stringCheck{
		description: fmt.Sprintf("1 to %d printable characters", maxDeployName),
		summary:     "Invalid Token Name",
		complaint: func(value string) string {
			unprintable := strings.ContainsFunc(value, func(r rune) bool { return !unicode.IsPrint(r) })
			if strings.TrimSpace(value) != "" && len([]rune(value)) <= maxDeployName && !unprintable {
				return ""
			}
			return fmt.Sprintf("A token's name has 1 to %d printable characters, which are not all spaces. Omit it to use the default.", maxDeployName)
		},
	}
}

// mintError is the error of a failed mint.
func mintError(req token.Request, err error) diag.Diagnostic {
	reason := strings.Join(strings.Fields(err.Error()), " ")
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		reason = "it was cancelled before Fly answered"
	}
	detail := fmt.Sprintf("No token was minted for app %q:\n\n  %s", req.App, reason)
	if errors.Is(err, token.ErrUnsettled) {
		detail += "\n\nFly may still have made a token. The next apply that mints a token for this app finds and revokes it."
	}
	return diag.NewAttributeErrorDiagnostic(path.Root("app"), summaryMint, detail)
}

// stillGoodError reports a token that could not be revoked. again is the
// command that tries again.
func stillGoodError(one predecessor, app, again string, err error) diag.Diagnostic {
	until := "until it expires"
	if !one.ExpiresAt.IsZero() {
		until += " at " + one.ExpiresAt.UTC().Format(time.RFC3339)
	}
	return diag.NewErrorDiagnostic(summaryRevokeDeploy, fmt.Sprintf(
		"Cannot revoke token %s of app %q, which is live %s: %s.\n\nRun %s again, or revoke it with `fly tokens revoke %s`.", one.ID, app, until, err, again, one.ID))
}

// uncheckedWarning reports that a refresh could not check a token.
func uncheckedWarning(m *deployTokenModel, err error) diag.Diagnostic {
	return diag.NewAttributeWarningDiagnostic(path.Root("token_id"), "Unable to Check Fly Deploy Token", fmt.Sprintf(
		"Cannot check whether token %s of app %q was revoked: %s.\n\nThe state is unchanged.", m.TokenID.ValueString(), m.App.ValueString(), err))
}

// revokedWarning explains the removal of a token from the state, and names its
// predecessor.
func revokedWarning(m *deployTokenModel, before predecessor, now time.Time) diag.Diagnostic {
	detail := fmt.Sprintf("Fly no longer accepts token %s of app %q, because it was revoked. It is removed from the state, and the next apply mints a new one.", m.TokenID.ValueString(), m.App.ValueString())
	if !before.over(now) {
		detail += fmt.Sprintf("\n\nIts predecessor %[1]s may be valid until %[2]s, and the provider no longer manages it. If it is not needed, revoke it with `fly tokens revoke %[1]s`.", before.ID, before.ExpiresAt.UTC().Format(time.RFC3339))
	}
	return diag.NewWarningDiagnostic("Fly Deploy Token Was Revoked", detail)
}

// shortLifeWarning reports a token that is due for rotation as soon as it is
// minted.
func shortLifeWarning(m *deployTokenModel) diag.Diagnostic {
	return diag.NewAttributeWarningDiagnostic(path.Root("rotate_before"), "Fly Deploy Token Is Short-Lived", fmt.Sprintf(
		"Fly's token for app %q expires at %s, sooner than the requested ttl (%s). It is always within rotate_before (%s), so every apply rotates it. Set rotate_before to less than the lifetime that Fly grants.",
		m.App.ValueString(), m.ExpiresAt.ValueString(), short(m.ttl()), short(m.rotateBefore())))
}
