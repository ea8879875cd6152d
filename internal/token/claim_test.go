package token_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/flytokens/terraform-provider-fly/internal/token"
)

// naming is a source that mints under announced names.
type naming struct {
	*link
	names *[]string
	fails int // as many mints fail, and may have made a token
}

func (n naming) Mint(ctx context.Context, req token.Request, name string) (token.Candidate, error) {
	*n.names = append(*n.names, name)
	if len(*n.names) <= n.fails {
		return token.Candidate{}, &token.MissError{Reason: "no answer", Temporary: true, Cause: fmt.Errorf("cut: %w", token.ErrMintUncertain)}
	}
	return n.Acquire(ctx, req)
}

// A source mints under the name that its claim announced, and the announcement ends
// with the save.
func TestMintsUnderTheAnnouncedName(t *testing.T) {
	t.Parallel()
	m := newMemory()
	var names, announced []string
	mint := minter(t, token.SourceCLI, 0, 24*time.Hour)
	inner := mint.acquire
	mint.acquire = func(ctx context.Context, req token.Request) (token.Candidate, error) {
		for name := range m.announced {
			announced = append(announced, name)
		}
		return inner(ctx, req)
	}
	mustGet(t, newResolver(m, storageLink(), naming{link: mint, names: &names}), "web")
	if len(names) != 1 || !slices.Equal(names, announced) {
		t.Errorf("minted as %v while %v was announced", names, announced)
	}
	if len(m.announced) > 0 {
		t.Errorf("left announced: %v", m.announced)
	}
}

// A mint whose outcome is unknown stays announced. The next source mints under a new
// name, and the first is looked for under its claim.
func TestUncertainMintStaysAnnounced(t *testing.T) {
	t.Parallel()
	m := newMemory()
	var names, recovered []string
	cli := naming{minter(t, token.SourceCLI, 0, 24*time.Hour), &names, 1}
	api := naming{minter(t, token.SourceAPI, 0, 24*time.Hour), &names, 1}
	r := token.New(token.Options{
		Sources: []token.Source{storageLink(), cli, api}, Store: m, TokenTTL: 24 * time.Hour, MinValidity: time.Hour,
		Recover: func(_ context.Context, app string, left []token.Mint) {
			for _, one := range left {
				recovered = append(recovered, app+": "+one.Name)
			}
		},
	})
	if res := mustGet(t, r, "web"); res.Origin != token.SourceAPI {
		t.Errorf("origin = %s, want api", res.Origin)
	}
	if len(names) != 2 || names[0] == names[1] {
		t.Fatalf("minted as %v, want two names", names)
	}
	if _, ok := m.announced[names[0]]; !ok || len(m.announced) != 1 {
		t.Errorf("announced: %v, want %q", m.announced, names[0])
	}
	if want := []string{"web: " + names[0]}; !slices.Equal(recovered, want) {
		t.Errorf("recovered %v, want %v", recovered, want)
	}
}

// A flight that lost its claim returns its token to no caller, because the process that
// took the claim over may revoke it.
func TestLostClaimDiscardsTheToken(t *testing.T) {
	t.Parallel()
	m := newMemory()
	m.lose = true
	var discarded token.Record
	cli := minter(t, token.SourceCLI, 0, 24*time.Hour)
	other := token.Record{Token: newToken(t), Origin: token.SourceCLI, AcquiredAt: time.Now(), ExpiresAt: time.Now().Add(24 * time.Hour)}
	r := token.New(token.Options{
		Sources: []token.Source{storageLink(), cli}, Store: m, TokenTTL: 24 * time.Hour, MinValidity: time.Hour,
		Discard: func(ctx context.Context, req token.Request, rec token.Record) error {
			discarded = rec
			return m.Save(ctx, req, other, 0)
		},
	})
	if res := mustGet(t, r, "web"); res.Token != other.Token || res.Source != token.SourceStorage {
		t.Errorf("returned the token of %s, want the one that the other process stored", res.Source)
	}
	if discarded.Token.IsZero() || discarded.Token == other.Token {
		t.Error("the minted token was not discarded")
	}
	wantCalls(t, cli, 1)
}

// A minted token that cannot be used stays announced until it is revoked: one that Fly
// refuses, and one that does not prove the requested access.
func TestUnusableMintStaysAnnounced(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		narrower token.Narrower
		discard  error
		left     int
	}{
		"access not proved":         {narrower: &narrower{t: t, fail: errors.New("not proved")}, left: 1},
		"expired":                   {left: 1},
		"rejected":                  {discard: nil},
		"rejected, and not revoked": {discard: errors.New("no answer"), left: 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m, life := newMemory(), 24*time.Hour
			req := token.Request{App: "web", Organization: "acme"}
			o := token.Options{
				Store: m, TokenTTL: 24 * time.Hour, MinValidity: time.Hour, Narrower: test.narrower,
				Discard: func(context.Context, token.Request, token.Record) error { return test.discard },
			}
			switch name {
			case "access not proved":
				req.Access = token.AccessReadOnly
			case "expired":
				life = -time.Hour
			default:
				m.minted[req] = token.Record{Token: newToken(t), Origin: token.SourceCLI, AcquiredAt: time.Now(), ExpiresAt: time.Now().Add(life)}
				o.Verifier = elsewhere{}
			}
			var names []string
			o.Sources = []token.Source{storageLink(), naming{link: minter(t, token.SourceCLI, 0, life), names: &names}}
			if _, err := token.New(o).Refresh(t.Context(), req, token.PolicyIfRejected); err == nil {
				t.Fatal("a token that cannot be used was returned")
			}
			if len(names) != 1 || len(m.announced) != test.left {
				t.Errorf("minted as %v, announced %v, want %d", names, m.announced, test.left)
			}
		})
	}
}

// A warm read is one read of storage. It asks for no number of an acquisition, which a
// folder answers with a write.
func TestWarmReadOnlyReads(t *testing.T) {
	t.Parallel()
	m := newMemory()
	cli := minter(t, token.SourceCLI, 0, 24*time.Hour)
	mustGet(t, newResolver(m, storageLink(), cli), "web")
	m.loads, m.numbers = 0, 0
	if _, err := newResolver(m, storageLink(), cli).Read(t.Context(), web, token.PolicyIfRejected); err != nil {
		t.Fatal(err)
	}
	if m.loads != 1 || m.numbers != 0 {
		t.Errorf("%d reads and %d numbers, want one read", m.loads, m.numbers)
	}
}
