package token_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/flytokens/terraform-provider-fly/internal/token"
)

// narrower makes a new token from each that it has not made itself.
type narrower struct {
	t    *testing.T
	made map[token.Token]bool
	fail error
}

func (*narrower) Timeout() time.Duration { return time.Second }

func (n *narrower) Narrow(_ context.Context, _ token.Request, c token.Candidate) (token.Candidate, error) {
	switch {
	case n.fail != nil:
		return token.Candidate{}, n.fail
	case n.made[c.Token]:
		return c, nil
	}
	c.Parent = c.Token.Fingerprint()
	c.Token, c.Minted, c.AppID, c.AcquiredAt = newToken(n.t), true, 8000, time.Now()
	n.made[c.Token] = true
	return c, nil
}

var readOnly = token.Request{App: "web", Access: token.AccessReadOnly}

func narrowing(m *memory, n token.Narrower, links ...token.Source) *token.Resolver {
	return token.New(token.Options{Sources: links, Store: m, Narrower: n, TokenTTL: 24 * time.Hour, MinValidity: time.Hour})
}

// A set access applies to every source. A narrowed token counts as minted: it
// is stored, and the same at the next plan.
func TestAccessIsNarrowedAndStored(t *testing.T) {
	t.Parallel()
	for _, name := range []token.SourceName{token.SourceConfig, token.SourceEnv, token.SourceManual} {
		m, n := newMemory(), &narrower{t: t, made: map[token.Token]bool{}}
		wide := token.Record{Token: newToken(t)}
		links := []token.Source{storageLink(), login(name, wide)}
		first, err := narrowing(m, n, links...).Read(t.Context(), readOnly, token.PolicyIfExpired)
		if err != nil || first.Token == wide.Token || first.Origin != name || first.Parent != wide.Token.Fingerprint() {
			t.Fatalf("%s: origin %s, parent %q, error %v", name, first.Origin, first.Parent, err)
		}
		second, err := narrowing(m, n, links...).Read(t.Context(), readOnly, token.PolicyIfExpired)
		if err != nil || second.Token != first.Token || second.Source != token.SourceStorage {
			t.Errorf("%s: at the next plan: source %s, error %v, want the same from storage", name, second.Source, err)
		}
		plain, err := narrowing(m, n, links...).Read(t.Context(), web, token.PolicyIfExpired)
		if err != nil || plain.Token != wide.Token {
			t.Errorf("%s: without access: error %v, want the login as it is", name, err)
		}
	}
}

// A token that cannot be narrowed is a miss, with the reason.
func TestAccessThatCannotBeHad(t *testing.T) {
	t.Parallel()
	n := &narrower{t: t, fail: &token.MissError{Reason: "an fo1_ cannot be narrowed"}}
	_, err := narrowing(newMemory(), n, login(token.SourceEnv, token.Record{Token: newToken(t)})).Read(t.Context(), readOnly, token.PolicyIfExpired)
	if err == nil || !strings.Contains(err.Error(), "env: an fo1_ cannot be narrowed") {
		t.Errorf("error = %v, want the narrower's", err)
	}
	var failure *token.NoTokenError
	_, err = narrowing(newMemory(), nil, login(token.SourceEnv, token.Record{Token: newToken(t)})).Read(t.Context(), readOnly, token.PolicyIfExpired)
	if !errors.As(err, &failure) {
		t.Errorf("without a narrower: %v, want a NoTokenError", err)
	}
}
