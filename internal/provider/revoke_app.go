package provider

import (
	"context"
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/action"
	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/flytokens/terraform-provider-fly/internal/mint"
	"github.com/flytokens/terraform-provider-fly/internal/token"
)

// dropStored drops the minted tokens that storage keeps at a place: for an app, or for
// the apps of an organization.
func (s *session) dropStored(ctx context.Context, place string, n int, send func(action.InvokeProgressEvent)) error {
	if err := s.resolver.Invalidate(ctx, place); err != nil {
		return err
	}
	of := token.At(place)
	switch {
	case of.App != "":
		send(action.InvokeProgressEvent{Message: fmt.Sprintf("Dropped %s kept for %s.", tokens(n), of.Subject())})
	case n > 0:
		send(action.InvokeProgressEvent{Message: fmt.Sprintf("Dropped %s shared by the apps of %s.", tokens(n), of.Subject())})
	}
	return nil
}

// atPlaces calls drop for the places in storage with tokens for an app: its own, and that
// of the organization whose token it shares. drop returns the organization that the
// document of a place names. If the app's organization is unknown, a warning says so.
func (s *session) atPlaces(ctx context.Context, app string, drop func(place string) (organization string, diags diag.Diagnostics)) diag.Diagnostics {
	noted, diags := drop(app)
	slug, err := s.resolver.SharedOrganization(ctx, token.Request{App: app, Organization: s.settings.organization}, noted)
	switch {
	case err != nil:
		diags.AddWarning("Organization of App Is Unknown", fmt.Sprintf(
			"The apps of an organization share the token for reads without access. The one for app %q was neither dropped nor revoked, because its organization is unknown: %s. "+
				"Set organization in the provider block and run the action again.", app, plain(err.Error())))
	case slug != "":
		_, more := drop(token.Request{Organization: slug}.Place())
		diags.Append(more...)
	}
	return diags
}

// revokeApp drops and revokes the minted tokens that storage keeps for an app. It
// also revokes those of the kinds given that the provider minted for the app on
// other machines, even if storage cannot be used.
func (s *session) revokeApp(ctx context.Context, app string, kinds []token.MintKind, send func(action.InvokeProgressEvent)) diag.Diagnostics {
	var diags diag.Diagnostics
	revoked := 0
	var all []mint.Revocation
	done := func(r mint.Revocation) {
		all = append(all, r)
		if r.Err != nil {
			diags.Append(keptAliveError(app, r))
			return
		}
		revoked++
		send(action.InvokeProgressEvent{Message: "Revoked " + revokedToken(r) + "."})
	}
	diags.Append(s.atPlaces(ctx, app, func(place string) (string, diag.Diagnostics) { return s.revokeStored(ctx, place, send, done) })...)
	survey, err := s.minter.RevokeMinted(ctx, token.Request{App: app, Organization: s.settings.organization}, kinds, all, done)
	diags.Append(surveyProblems(app, survey, err)...)
	switch {
	case len(all) > 0:
		send(action.InvokeProgressEvent{Message: fmt.Sprintf("Revoked %d of %s.", revoked, tokens(len(all)))})
	case err == nil && survey.Ended > 0:
		send(action.InvokeProgressEvent{Message: fmt.Sprintf("Revoked nothing: %s minted for app %q had already been revoked or had expired.", tokens(survey.Ended), app)})
	case err == nil:
		send(action.InvokeProgressEvent{Message: fmt.Sprintf("Revoked nothing: Fly lists no token that the provider minted for app %q.", app)})
	}
	return diags
}

// revokeStored drops and revokes what storage keeps at a place. It returns the
// organization that the place's document names.
func (s *session) revokeStored(ctx context.Context, place string, send func(action.InvokeProgressEvent), done func(mint.Revocation)) (organization string, diags diag.Diagnostics) {
	var records []token.Record
	var unlisted error
	if s.store != nil {
		records, organization, unlisted = s.store.MintedRecords(ctx, place)
	}
	err := s.minter.RevokeStored(ctx, place, records, func(ctx context.Context) error { return s.dropStored(ctx, place, len(records), send) }, done)
	switch {
	case err != nil:
		diags.Append(invalidateError(place, s.settings.storage.String(), err))
	case unlisted != nil:
		diags.Append(unlistedError(place, s.settings.storage.String(), unlisted))
	}
	return organization, diags
}

// surveyProblems reports which tokens may still be live, because they could not be
// found or cannot be attributed to the app.
func surveyProblems(app string, survey mint.Survey, err error) diag.Diagnostics {
	var diags diag.Diagnostics
	if err != nil {
		diags.AddError(summaryRevoke, fmt.Sprintf("Cannot find the tokens that other machines minted for app %q:\n\n  %s\n\n"+
			"These tokens may still be live. Run the action again, or find them with `fly tokens list` and run `fly tokens revoke ID`.",
			app, strings.ReplaceAll(err.Error(), "\n", "\n  ")))
	}
	if survey.Hidden > 0 {
		diags.AddError(summaryRevoke, fmt.Sprintf("Fly does not show %s of app %q and its organization to this login, and they may still be live. "+
			"Run the action again with the login of a member of the organization.", tokens(survey.Hidden), app))
	}
	if len(survey.Unclear) > 0 {
		var list strings.Builder
		for _, one := range survey.Unclear {
			fmt.Fprintf(&list, "\n  %s: %s", one.ID, one.Name)
		}
		diags.AddWarning("Tokens Whose App Is Unknown", fmt.Sprintf(
			"The organization has tokens of fly_deploy_token whose names do not contain an app. They were not revoked. If one is for app %q, run `fly tokens revoke ID`:\n%s", app, list.String()))
	}
	return diags
}
