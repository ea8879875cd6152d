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

// maxDeployName is how many characters a token's name may have; Fly documents no
// limit.
const maxDeployName = 100

// deployTokenName accepts what people can tell a token by.
func deployTokenName() validator.String {
	return stringCheck{
		description: fmt.Sprintf("1 to %d printable characters", maxDeployName),
		summary:     "Invalid Token Name",
		complaint: func(value string) string {
			unprintable := strings.ContainsFunc(value, func(r rune) bool { return !unicode.IsPrint(r) })
			if strings.TrimSpace(value) != "" && len([]rune(value)) <= maxDeployName && !unprintable {
				return ""
			}
			return fmt.Sprintf("A token's name is 1 to %d printable characters, and not all of them spaces. Leave it out to have the default.", maxDeployName)
		},
	}
}

// mintError says why there is no token.
func mintError(req token.Request, err error) diag.Diagnostic {
	reason := strings.Join(strings.Fields(err.Error()), " ")
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		reason = "it was cancelled before there was an answer"
	}
	detail := fmt.Sprintf("No token was minted for app %q:\n\n  %s\n\n", req.App, reason)
	if errors.Is(err, token.ErrUnsettled) {
		detail += "Fly may have made a token all the same. The next apply that mints a token for this app looks for it and revokes it.\n\n"
	}
	return diag.NewAttributeErrorDiagnostic(path.Root("app"), summaryMint, detail+
		"It is minted over Fly's API, and that takes a user's login (of `fly auth login`, or in FLY_API_TOKEN): a scoped token cannot mint other tokens.")
}

// stillGoodError says that a token could not be revoked. again is the command that
// tries again.
func stillGoodError(one predecessor, app, again string, err error) diag.Diagnostic {
	until := "until it expires"
	if !one.ExpiresAt.IsZero() {
		until += " at " + one.ExpiresAt.UTC().Format(time.RFC3339)
	}
	return diag.NewErrorDiagnostic(summaryRevokeDeploy, fmt.Sprintf(
		"Cannot revoke token %s of app %q, which is live %s: %s.\n\nRun %s again, or revoke it with `fly tokens revoke %s`.", one.ID, app, until, err, again, one.ID))
}

// uncheckedWarning says that a refresh could not tell whether a token is good.
func uncheckedWarning(m *deployTokenModel, err error) diag.Diagnostic {
	return diag.NewAttributeWarningDiagnostic(path.Root("token_id"), "Unable to Check Fly Deploy Token", fmt.Sprintf(
		"Whether token %s of app %q was revoked is not known: %s.\n\nThe state is as it was.", m.TokenID.ValueString(), m.App.ValueString(), err))
}

// revokedWarning says why a token is gone from the state, and what is left of it.
func revokedWarning(m *deployTokenModel, before predecessor, now time.Time) diag.Diagnostic {
	detail := fmt.Sprintf("Fly no longer accepts token %s of app %q: somebody revoked it. It is gone from the state, and the next apply mints another.", m.TokenID.ValueString(), m.App.ValueString())
	if !before.over(now) {
		detail += fmt.Sprintf("\n\nThe one before it, %[1]s, is not looked after any more, and may be good until %[2]s: revoke it with `fly tokens revoke %[1]s` where it should not be.", before.ID, before.ExpiresAt.UTC().Format(time.RFC3339))
	}
	return diag.NewWarningDiagnostic("Fly Deploy Token Was Revoked", detail)
}

// shortLifeWarning says that a token is due for rotation as soon as it is minted.
func shortLifeWarning(m *deployTokenModel) diag.Diagnostic {
	return diag.NewAttributeWarningDiagnostic(path.Root("rotate_before"), "Fly Deploy Token Is Short-Lived", fmt.Sprintf(
		"The token that Fly gave for app %q expires at %s, sooner than ttl (%s) asks for, so that it is within rotate_before (%s) from the start and every apply rotates it. Give rotate_before a value below the life that Fly grants.",
		m.App.ValueString(), m.ExpiresAt.ValueString(), short(m.ttl()), short(m.rotateBefore())))
}
