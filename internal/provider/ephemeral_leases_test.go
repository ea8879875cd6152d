package provider_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/flytokens/terraform-provider-fly/internal/flytest"
	"github.com/flytokens/terraform-provider-fly/internal/macaroon"
)

// If Fly cannot revoke, an error reports it, and the provider tries again at
// its end.
func TestEphemeralRevokeFails(t *testing.T) {
	t.Parallel()
	s := flytest.New(t, flyWorld())
	world := flyServed(t, s, "FLY_API_TOKEN="+s.Login(ownerOfBoth).Reveal())
	w := configured(t, world, attrs{})
	_, private := w.opened(attrs{"app": "web", "revoke_on_close": true})
	s.Inject(flytest.OpRevoke, flytest.FailGraphQL("SERVER_ERROR", "out of order"))
	got := w.closes(private)
	for _, want := range []string{"ERROR: Unable to Revoke Fly App Token", "out of order", "fly tokens revoke lat_"} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is missing from:\n%s", want, got)
		}
	}
	s.Reset()
	if err := w.end(t.Context()); err != nil || len(good(s)) != 0 {
		t.Errorf("%v is still good: %v", good(s), err)
	}
}

// Open tokens are revoked concurrently when the provider ends. Closed ones are
// not revoked again.
func TestEphemeralEnd(t *testing.T) {
	t.Parallel()
	s := flytest.New(t, flyWorld())
	world := flyServed(t, s, "FLY_API_TOKEN="+s.Login(ownerOfBoth).Reveal())
	w := configured(t, world, attrs{})
	var private []byte
	for range 8 {
		_, private = w.opened(attrs{"app": "web", "revoke_on_close": true})
	}
	if got := w.closes(private); got != "" {
		t.Error(got)
	}
	s.Inject(flytest.OpRevoke, flytest.Slow(50*time.Millisecond))
	if err := w.end(t.Context()); err != nil || len(good(s)) != 0 || s.Count(flytest.OpRevoke) != 8 {
		t.Errorf("after %d revocations %v is still good: %v", s.Count(flytest.OpRevoke), good(s), err)
	}
	if most := s.MaxInFlight(); most < 2 {
		t.Errorf("%d revocations were in flight at once", most)
	}
	if _, _, got := w.open(t.Context(), attrs{"app": "web", "revoke_on_close": true}); !strings.Contains(got, "the provider is being stopped") {
		t.Errorf("opened after the end:\n%s", got)
	}
}

// The end respects its time limit, and names the remaining tokens.
func TestEphemeralEndHangs(t *testing.T) {
	t.Parallel()
	s := flytest.New(t, flyWorld())
	world := flyServed(t, s, "FLY_API_TOKEN="+s.Login(ownerOfBoth).Reveal())
	w := configured(t, world, attrs{})
	w.opened(attrs{"app": "web", "revoke_on_close": true})
	s.Inject(flytest.OpRevoke, flytest.Hang())
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := w.end(ctx); err == nil || !strings.Contains(err.Error(), "lat_0001") {
		t.Errorf("the end says %v", err)
	}
}

// A caller that leaves during a mint leaves no token behind.
func TestEphemeralOpenInterrupted(t *testing.T) {
	t.Parallel()
	s := flytest.New(t, flyWorld())
	world := flyServed(t, s, "FLY_API_TOKEN="+s.Login(ownerOfBoth).Reveal())
	w := configured(t, world, attrs{})
	s.Inject(flytest.OpMint, flytest.Slow(100*time.Millisecond))
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		defer cancel()
		select {
		case <-s.Requested(flytest.OpMint):
		case <-t.Context().Done():
		}
	}()
	if _, _, got := w.open(ctx, attrs{"app": "web", "revoke_on_close": true}); !strings.Contains(got, "cancelled") {
		t.Errorf("opened:\n%s", got)
	}
	if err := w.end(t.Context()); err != nil || s.Count(flytest.OpMint) != 1 || len(good(s)) != 0 {
		t.Errorf("after %d mints %v is still good: %v", s.Count(flytest.OpMint), good(s), err)
	}
}

// A minted token that cannot be returned is revoked at once.
func TestEphemeralMintedInVain(t *testing.T) {
	t.Parallel()
	s := flytest.New(t, flyWorld())
	world := flyServed(t, s, "FLY_API_TOKEN="+s.Login(ownerOfBoth).Reveal())
	minted := `{"data":{"createLimitedAccessToken":{"limitedAccessToken":{"id":"lat_0001","tokenHeader":"FlyV1 ` +
		mint("another's", macaroon.Organization{ID: globex, Mask: macaroon.ActionAll}) + `"}}}}`
	s.Inject(flytest.OpMint, flytest.Fault{Done: true, Status: 200, Body: minted, Header: map[string]string{"Content-Type": "application/json"}})
	w := configured(t, world, attrs{})
	_, private, got := w.open(t.Context(), attrs{"app": "web", "access": "readonly", "revoke_on_close": true})
	if !strings.Contains(got, "ERROR: Unable to Read Fly App Token") || len(private) != 0 {
		t.Errorf("opened:\n%s", got)
	}
	if s.Count(flytest.OpMint) != 1 || s.Count(flytest.OpRevoke) != 1 || len(good(s)) != 0 {
		t.Errorf("%d mints, %d revocations, %v is good", s.Count(flytest.OpMint), s.Count(flytest.OpRevoke), good(s))
	}
}
