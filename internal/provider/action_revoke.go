package provider

import (
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/flytokens/terraform-provider-fly/internal/mint"
	"github.com/flytokens/terraform-provider-fly/internal/token"
)

// revokedToken names a token in a message.
func revokedToken(r mint.Revocation) string {
	if r.Record.Token.IsZero() {
		return strings.TrimSuffix(fmt.Sprintf("the token %q (%s)", r.Name, r.ID), " ()")
	}
	return fmt.Sprintf("the token with fingerprint %s", r.Record.Token.Fingerprint())
}

// keptAliveError reports a token that could not be revoked.
func keptAliveError(app string, r mint.Revocation) diag.Diagnostic {
	detail := fmt.Sprintf("Cannot revoke %s of app %q: %s.\n\n", revokedToken(r), app, r.Err)
	if r.Record.Token.IsZero() {
		detail += "The token is still live at Fly."
	} else {
		detail += fmt.Sprintf("The provider no longer uses the token, but it is still live at Fly (origin %s, %s).", r.Record.Origin, lifetime(r.Record.ExpiresAt))
	}
	switch {
	case r.ID != "":
		detail += fmt.Sprintf(" Run the action again, or run `fly tokens revoke %s`.", r.ID)
	case r.Again:
		detail += fmt.Sprintf(" Run the action again, or find %q with `fly tokens list` and run `fly tokens revoke ID`.", r.Name)
	}
	return diag.NewErrorDiagnostic(summaryRevoke, detail)
}

// unlistedError reports records that were dropped although they could not be
// read.
func unlistedError(place, storage string, err error) diag.Diagnostic {
	return diag.NewErrorDiagnostic(summaryRevoke, fmt.Sprintf(
		"Cannot read every stored token for %s in %s, and those that cannot be read were not revoked: %s.", token.At(place).Subject(), storage, plain(err.Error())))
}

// invalidateError reports tokens that were neither dropped nor revoked.
func invalidateError(place, storage string, err error) diag.Diagnostic {
	return diag.NewAttributeErrorDiagnostic(path.Root("app"), summaryInvalidate, fmt.Sprintf(
		"Cannot drop the stored tokens for %s in %s: %s. No stored token was revoked.", token.At(place).Subject(), storage, plain(err.Error())))
}
