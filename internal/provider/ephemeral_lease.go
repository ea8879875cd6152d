package provider

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/flytokens/terraform-provider-fly/internal/flyapi"
	"github.com/flytokens/terraform-provider-fly/internal/token"
)

// lease mints a token over Fly's API that no other caller receives. It is open
// until it is revoked, or until the provider ends. A nil kind means the access of req.
func (s *session) lease(ctx context.Context, req token.Request, kind *flyapi.TokenKind, ttl time.Duration) (token.Resolution, error) {
	return s.watched(ctx, req, func(ctx context.Context) (token.Candidate, []token.Warning, error) {
		return s.minter.Lease(ctx, req, kind, ttl)
	})
}

// watched mints, and reports this to the log and to the traces.
func (s *session) watched(ctx context.Context, req token.Request, mint func(context.Context) (token.Candidate, []token.Warning, error)) (token.Resolution, error) {
	ctx, acquired := s.chain.watch.Acquire(ctx, req, "")
	linked, visited := s.chain.watch.Link(ctx, req, token.SourceAPI)
	c, warnings, err := mint(linked)
	res := token.Resolution{Record: c.Record, Source: token.SourceAPI, Acquirer: token.AcquirerGroup, Warnings: warnings}
	if err != nil {
		visited(token.Visit{Verdict: token.VerdictMiss, Err: err})
		acquired(token.Acquisition{Resolution: token.Resolution{Source: token.SourceNone, Acquirer: token.AcquirerGroup}, Err: err})
		return res, err
	}
	visited(token.Visit{Verdict: token.VerdictHit})
	acquired(token.Acquisition{Resolution: res})
	return res, nil
}

// leaseError is the error of a failed lease.
func leaseError(req token.Request, err error) diag.Diagnostic {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return appTokenError(req, err)
	}
	return diag.NewAttributeErrorDiagnostic(path.Root("revoke_on_close"), summaryReadApp, fmt.Sprintf(
		"With revoke_on_close, the token of app %q is minted over Fly's API for this run alone, but the mint failed:\n\n  %s\n\n"+
			"Without revoke_on_close, any of the provider's sources can provide the token.", req.App, strings.Join(strings.Fields(err.Error()), " ")))
}

// revokeError reports a token that is still live.
func revokeError(id string, err error) diag.Diagnostic {
	return diag.NewErrorDiagnostic(summaryRevoke, fmt.Sprintf(
		"Cannot revoke the token that was minted for this run: %s.\n\nThe provider tries again when it ends. If that also fails, the token stays valid until it expires: revoke it with `fly tokens revoke %s`.", err, id))
}
