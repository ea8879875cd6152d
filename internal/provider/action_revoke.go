package provider

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/flytokens/terraform-provider-fly/internal/flyapi"
	"github.com/flytokens/terraform-provider-fly/internal/token"
)

// timesApart is how far Fly's times of a token may lie from those of its record,
// for clocks differ. Tokens of one name within it cannot be told apart.
const timesApart = 2 * time.Minute

// mintedName is what the cli and api sources name the tokens that they mint.
func mintedName(app string) string { return "terraform-provider-fly " + app }

// revokeAll revokes the tokens that were kept for app, and tells done of each one
// whether it is, or why it is still good.
func (s *session) revokeAll(ctx context.Context, app string, records []token.Record, done func(token.Record, error)) {
	login, err := s.chain.login(ctx)
	ids := map[string]string{}
	if err == nil {
		ids, err = s.identify(ctx, login, app, records)
	}
	for _, rec := range records {
		id, known := ids[rec.Token.Fingerprint()]
		switch {
		case ctx.Err() != nil:
			done(rec, errors.New("the action was cancelled first"))
		case isNarrowed(rec):
			done(rec, fmt.Errorf("it was narrowed from a token of origin %s, and ends when that one is revoked", rec.Origin))
		case known:
			done(rec, s.chain.api.Revoke(ctx, login, id))
		case err != nil:
			done(rec, err)
		default:
			done(rec, errors.New("flyctl minted it and does not print its identifier, and which of the tokens that Fly lists it is cannot be told"))
		}
	}
}

// isNarrowed reports whether a record's token was not minted by Fly but made of
// another one.
func isNarrowed(rec token.Record) bool {
	return rec.ID == "" && rec.Origin != token.SourceCLI && rec.Origin != token.SourceAPI
}

// identify returns Fly's identifiers of the records' tokens by fingerprint. Those
// that flyctl minted, which does not print them, are looked for among the tokens
// that Fly lists. The error says why that was not possible; what is known without
// is returned beside it.
func (s *session) identify(ctx context.Context, login token.Token, app string, records []token.Record) (map[string]string, error) {
	ids := map[string]string{}
	var unknown []token.Record
	for _, rec := range records {
		switch {
		case rec.ID != "":
			ids[rec.Token.Fingerprint()] = rec.ID
		case !isNarrowed(rec):
			unknown = append(unknown, rec)
		}
	}
	if len(unknown) == 0 {
		return ids, nil
	}
	listed, err := s.listTokens(ctx, login, app)
	if err != nil {
		return ids, err
	}
	found := map[string]bool{}
	unknown = slices.DeleteFunc(unknown, func(rec token.Record) bool {
		matches := matching(listed, app, rec)
		for _, id := range matches {
			found[id] = true
		}
		return len(matches) == 0
	})
	// Where as many are listed as are looked for, those are the ones; which is
	// which does not matter, since all are to be revoked. Where more are listed,
	// somebody else's are among them.
	if len(found) == len(unknown) {
		for i, id := range slices.Sorted(maps.Keys(found)) {
			ids[unknown[i].Token.Fingerprint()] = id
		}
	}
	return ids, nil
}

// matching returns the identifiers of the listed tokens that rec's may be: by the
// name, and by the times of its beginning and end.
func matching(listed []flyapi.Listed, app string, rec token.Record) []string {
	var ids []string
	for _, one := range listed {
		if one.Name == mintedName(app) && one.RevokedAt.IsZero() && near(one.CreatedAt, rec.AcquiredAt) && near(one.ExpiresAt, rec.ExpiresAt) {
			ids = append(ids, one.ID)
		}
	}
	return ids
}

func near(a, b time.Time) bool { return a.Sub(b).Abs() <= timesApart }

// listTokens lists the tokens of the app and those of its organization.
func (s *session) listTokens(ctx context.Context, login token.Token, app string) ([]flyapi.Listed, error) {
	found, err := s.chain.directory.App(ctx, app)
	if err != nil {
		return nil, err
	}
	ofApp, err := s.chain.api.ListAppTokens(ctx, login, app)
	if err != nil {
		return nil, err
	}
	ofOrganization, err := s.chain.api.ListOrganizationTokens(ctx, login, found.Organization.Slug)
	return append(ofApp, ofOrganization...), err
}

// keptAliveError says that a token was dropped and is still good.
func keptAliveError(app string, rec token.Record, err error) diag.Diagnostic {
	return diag.NewAttributeErrorDiagnostic(path.Root("revoke"), summaryRevoke, fmt.Sprintf(
		"The token with fingerprint %s, of origin %s, was dropped from storage and is still good at Fly (%s): %s. "+
			"`fly tokens list` shows what can be revoked, and `fly tokens revoke ID` revokes it; what this provider mints for the app is named %q.",
		rec.Token.Fingerprint(), rec.Origin, lifetime(rec.ExpiresAt), err, mintedName(app)))
}

// unlistedError says that tokens were dropped that nobody could read.
func unlistedError(app, storage string, err error) diag.Diagnostic {
	return diag.NewAttributeErrorDiagnostic(path.Root("revoke"), summaryRevoke, fmt.Sprintf(
		"Not all that was kept for app %q in %s could be read, and what could not be read was not revoked: %s.", app, storage, plain(err.Error())))
}

// invalidateError says that tokens were not dropped, and so not revoked either.
func invalidateError(app, storage string, err error) diag.Diagnostic {
	return diag.NewAttributeErrorDiagnostic(path.Root("app"), summaryInvalidate, fmt.Sprintf(
		"What is kept for app %q in %s was not dropped, and nothing was revoked: %s.", app, storage, plain(err.Error())))
}
