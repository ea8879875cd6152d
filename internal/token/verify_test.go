package token_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/flytokens/terraform-provider-fly/internal/token"
)

// fly refuses the given tokens, and counts the checks.
type fly struct {
	mu      sync.Mutex
	revoked map[token.Token]bool
	shown   map[token.Token]int
	hang    bool
}

func newFly() *fly { return &fly{revoked: map[token.Token]bool{}, shown: map[token.Token]int{}} }

func (f *fly) Verify(ctx context.Context, req token.Request, tok token.Token) error {
	f.mu.Lock()
	f.shown[tok]++
	revoked, hang := f.revoked[tok], f.hang
	f.mu.Unlock()
	if hang {
		<-ctx.Done()
		return ctx.Err()
	}
	if revoked {
		return fmt.Errorf("GET /v1/apps/%s: 401: %w", req.App, token.ErrRejected)
	}
	return nil
}

func verifying(m *memory, v token.Verifier, links ...token.Source) *token.Resolver {
	return token.New(token.Options{Sources: links, Store: m, Verifier: v, TokenTTL: 24 * time.Hour, MinValidity: time.Hour})
}

// A stored token that Fly refuses is removed, and the next source follows.
// Under the other policies no token is checked.
func TestStoredTokenRejected(t *testing.T) {
	t.Parallel()
	m, v := newMemory(), newFly()
	cli := minter(t, token.SourceCLI, 0, 24*time.Hour)
	old := mustGet(t, verifying(m, v, storageLink(), cli), "web")
	v.revoked[old.Token] = true

	r := verifying(m, v, storageLink(), cli)
	if res, err := r.Refresh(t.Context(), web, token.PolicyIfExpired); err != nil || res.Token != old.Token {
		t.Errorf("if_expired: source %s, error %v, want the stored one", res.Source, err)
	}
	if len(v.shown) != 0 {
		t.Error("if_expired showed a token to Fly")
	}
	res, err := r.Refresh(t.Context(), web, token.PolicyIfRejected)
	if err != nil || res.Source != token.SourceCLI || m.minted[web].Token != res.Token {
		t.Errorf("if_rejected: source %s, error %v, want a new token in storage", res.Source, err)
	}
	if v.shown[old.Token] != 1 || len(v.shown) != 1 {
		t.Errorf("%d tokens were shown, the old one %d times: want the old one, once", len(v.shown), v.shown[old.Token])
	}
}

// A rejected manual token is kept, named, and not returned again in this run,
// under any policy.
func TestManualTokenRejected(t *testing.T) {
	t.Parallel()
	m, v := newMemory(), newFly()
	r := verifying(m, v, missing(token.SourceCLI), manualLink(m))
	tok := newToken(t)
	if _, err := r.SetManual(t.Context(), "web", tok); err != nil {
		t.Fatal(err)
	}
	v.revoked[tok] = true
	_, err := r.Refresh(t.Context(), web, token.PolicyIfRejected)
	want := "manual: Fly rejects the token found in fly_manual_token (fingerprint " + tok.Fingerprint() + "): it is expired, revoked or unknown: set a different token with fly_manual_token"
	if !errors.Is(err, token.ErrRejected) || !strings.Contains(err.Error(), want) {
		t.Errorf("error = %v, want it to say %q", err, want)
	}
	if m.manual["web"].Token != tok {
		t.Error("the manual record is gone")
	}
	if _, err := r.Read(t.Context(), web, token.PolicyIfExpired); !errors.Is(err, token.ErrRejected) {
		t.Errorf("a later Get: %v, want ErrRejected", err)
	}
}

// The candidates that are checked.
func TestWhatIsShown(t *testing.T) {
	t.Parallel()
	oauth, err := token.Parse("fo1_abcdef")
	if err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		source token.SourceName
		tok    token.Token
		want   int
	}{
		"config": {token.SourceConfig, newToken(t), 1},
		"env":    {token.SourceEnv, newToken(t), 1},
		"manual": {token.SourceManual, newToken(t), 1},
		"cli":    {token.SourceCLI, newToken(t), 0},
		"api":    {token.SourceAPI, newToken(t), 0},
		"oauth":  {token.SourceConfig, oauth, 0},
	} {
		v := newFly()
		r := verifying(newMemory(), v, login(tc.source, token.Record{Token: tc.tok}))
		if _, err := r.Refresh(t.Context(), web, token.PolicyIfRejected); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if v.shown[tc.tok] != tc.want {
			t.Errorf("%s: shown %d times, want %d", name, v.shown[tc.tok], tc.want)
		}
	}
}

// A verifier that exceeds its time has not refused anything.
func TestNoAnswerAccepts(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		v := newFly()
		v.hang = true
		r := verifying(newMemory(), v, login(token.SourceEnv, token.Record{Token: newToken(t)}))
		if _, err := r.Refresh(t.Context(), web, token.PolicyIfRejected); err != nil {
			t.Errorf("a server that hangs: %v", err)
		}
	})
}

// A stale token that Fly refuses is not a last resort. The next best is.
func TestStaleAndRejected(t *testing.T) {
	t.Parallel()
	v := newFly()
	soon := time.Now().Add(10 * time.Minute)
	best := token.Record{Token: newToken(t), ExpiresAt: soon}
	next := token.Record{Token: newToken(t), ExpiresAt: soon.Add(-time.Minute)}
	v.revoked[best.Token] = true
	r := verifying(newMemory(), v, login(token.SourceConfig, best), login(token.SourceEnv, next))
	res, err := r.Refresh(t.Context(), web, token.PolicyIfRejected)
	if err != nil || res.Token != next.Token || !res.Stale {
		t.Errorf("source %s, error %v, want the stale one that Fly accepts", res.Source, err)
	}
	v.revoked[next.Token] = true
	_, err = verifying(newMemory(), v, login(token.SourceConfig, best), login(token.SourceEnv, next)).
		Refresh(t.Context(), web, token.PolicyIfRejected)
	if err == nil || strings.Count(err.Error(), "Fly rejects the token found") != 2 {
		t.Errorf("error = %v, want it to name both", err)
	}
}

// A Read under way checks nothing, so a refresh under if_rejected does not
// share it. A Read shares the refresh.
func TestIfRejectedDoesNotShareAGet(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		v := newFly()
		rec := token.Record{Token: newToken(t)}
		slow := login(token.SourceEnv, rec)
		slow.acquire = func(ctx context.Context, _ token.Request) (token.Candidate, error) {
			return token.Candidate{Record: rec}, sleep(ctx, time.Second)
		}
		r := verifying(newMemory(), v, slow)
		herd(t, 3, func(i int) (token.Resolution, error) {
			time.Sleep(time.Duration(i) * time.Millisecond)
			if i == 1 {
				return r.Refresh(t.Context(), web, token.PolicyIfRejected)
			}
			return r.Read(t.Context(), web, token.PolicyIfExpired)
		})
		wantCalls(t, slow, 2)
		if v.shown[rec.Token] != 1 {
			t.Errorf("shown %d times, want once", v.shown[rec.Token])
		}
	})
}
