package provider

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/action"
	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/flytokens/terraform-provider-fly/internal/flyapi"
	"github.com/flytokens/terraform-provider-fly/internal/macaroon"
	"github.com/flytokens/terraform-provider-fly/internal/mint"
	"github.com/flytokens/terraform-provider-fly/internal/token"
)

// revokeID revokes one token by its identifier.
func (s *session) revokeID(ctx context.Context, id string, send func(action.InvokeProgressEvent)) diag.Diagnostics {
	var diags diag.Diagnostics
	ended, err := s.minter.RevokeListed(ctx, id)
	switch {
	case errors.Is(err, flyapi.ErrNoSuchToken):
		diags.AddError(summaryRevokeToken, fmt.Sprintf(
			"Fly shows no token with the identifier %q to this login. Check the identifier with `data \"fly_tokens\"` or `fly tokens list`, and use the login of a member of the organization.", id))
		return diags
	case err != nil:
		diags.AddError(summaryRevokeToken, cannot(fmt.Sprintf("revoke token %q", id), err)+
			fmt.Sprintf("\n\nThe token may still be live. Run the action again, or run `fly tokens revoke %s`.", id))
		return diags
	}
	return s.reportEnded(ctx, ended, macaroon.Bundle{}, send)
}

// revokeValue revokes the tokens that a value was made from.
func (s *session) revokeValue(ctx context.Context, value string, send func(action.InvokeProgressEvent)) diag.Diagnostics {
	var diags diag.Diagnostics
	bundle, err := macaroon.ParseBundle(value)
	if err != nil {
		diags.AddError(summaryRevokeToken, fmt.Sprintf("Cannot read the token: %s. Paste the whole token as Fly printed it.", err))
		return diags
	}
	if bundle.HasOAuth() {
		diags.AddError(summaryRevokeToken, "The value contains a login (`fo1_…`), which Fly does not list as a token. "+
			"End it with `fly auth logout` where it is in use, or delete it in Fly's dashboard under Account, Access Tokens.")
	}
	if len(bundle.Grants()) == 0 {
		return diags
	}
	ended, err := s.minter.RevokeBundle(ctx, bundle)
	for _, one := range ended {
		diags.Append(s.reportEnded(ctx, one, bundle, send)...)
	}
	if err != nil {
		diags.AddError(summaryRevokeToken, cannot("revoke the token", err)+"\n\nThe token may still be live. Run the action again, or find the token with `fly tokens list` and set `id`.")
	}
	return diags
}

// reportEnded reports a token that is revoked, and removes it from storage.
func (s *session) reportEnded(ctx context.Context, ended mint.Ended, bundle macaroon.Bundle, send func(action.InvokeProgressEvent)) diag.Diagnostics {
	name := fmt.Sprintf("the token %q (%s)", ended.Name, ended.ID)
	if ended.Name == "" {
		name = "the token " + ended.ID
	}
	message := "Revoked " + name + "."
	if ended.Before {
		message = fmt.Sprintf("Revoked nothing: %s was already revoked at %s.", name, ended.RevokedAt.UTC().Format(time.RFC3339))
	}
	send(action.InvokeProgressEvent{Message: message})
	var diags diag.Diagnostics
	if s.store == nil {
		return diags
	}
	for _, place := range ended.Places {
		subject := token.At(place).Subject()
		removed, err := s.store.RemoveRecords(ctx, place, func(rec token.Record) bool {
			return rec.ID == ended.ID || rec.MintName != "" && rec.MintName == ended.Name || sharesMacaroon(rec.Token, bundle)
		})
		if err != nil {
			diags.AddError(summaryRevokeToken, fmt.Sprintf(
				"The token is revoked at Fly. The provider cannot remove it from storage, where it is kept for %s in %s: %s. Run the action again.", subject, s.settings.storage.String(), plain(err.Error())))
		}
		if removed > 0 {
			send(action.InvokeProgressEvent{Message: fmt.Sprintf("Removed %s kept for %s.", tokens(removed), subject)})
		}
	}
	return diags
}

// sharesMacaroon reports whether a stored token was made from a token of bundle.
func sharesMacaroon(tok token.Token, bundle macaroon.Bundle) bool {
	stored, err := macaroon.ParseBundle(tok.Reveal())
	return err == nil && slices.ContainsFunc(stored.Grants(), func(a macaroon.Grant) bool {
		return slices.ContainsFunc(bundle.Grants(), func(b macaroon.Grant) bool { return a.Permission.ID() == b.Permission.ID() })
	})
}
