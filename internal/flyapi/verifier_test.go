package flyapi_test

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/flytokens/terraform-provider-fly/internal/flyapi"
	"github.com/flytokens/terraform-provider-fly/internal/flytest"
	"github.com/flytokens/terraform-provider-fly/internal/token"
)

// verifier returns one that counts its notes.
func verifier(t *testing.T, s *flytest.Server, change ...func(*flyapi.Config)) (*flyapi.Verifier, *atomic.Int64) {
	t.Helper()
	var notes atomic.Int64
	return flyapi.NewVerifier(client(t, s, change...), flyapi.NewOutage(func(context.Context, string, error) { notes.Add(1) })), &notes
}

// Each candidate is checked once, and Fly's refusal is a rejection.
func TestVerify(t *testing.T) {
	t.Parallel()
	s := flytest.New(t, world())
	v, notes := verifier(t, s)
	good, revoked := s.Make(flytest.Make{App: "web"}), s.Make(flytest.Make{App: "web"})
	s.Revoke(revoked)
	for range 3 {
		if err := v.Verify(t.Context(), token.Request{App: "web"}, good); err != nil {
			t.Errorf("a good token: %v", err)
		}
		if err := v.Verify(t.Context(), token.Request{App: "nowhere"}, good); err != nil {
			t.Errorf("an app that does not exist yet: %v", err)
		}
		for app, tok := range map[string]token.Token{"web": revoked, "worker": good} {
			err := v.Verify(t.Context(), token.Request{App: app}, tok)
			if !errors.Is(err, token.ErrRejected) {
				t.Errorf("app %s: %v, want ErrRejected", app, err)
			}
		}
	}
	if n := s.Count(flytest.OpShow); n != 4 || notes.Load() != 0 {
		t.Errorf("%d shows and %d notes, want 4 and none", n, notes.Load())
	}
}

// A missing answer accepts the token and disables the check for the rest of the
// run.
func TestVerifyTurnsItselfOff(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]flytest.Fault{
		"500":      flytest.Fail(http.StatusInternalServerError, `{"error":"oops"}`),
		"a portal": flytest.CaptivePortal(),
		"a reset":  flytest.Reset(0),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := flytest.New(t, world())
			s.Inject(flytest.OpShow, fault)
			v, notes := verifier(t, s)
			tok := s.Make(flytest.Make{App: "web"})
			s.Revoke(tok)
			for range 3 {
				if err := v.Verify(t.Context(), token.Request{App: "web"}, tok); err != nil {
					t.Errorf("no answer: %v", err)
				}
			}
			before := s.Count(flytest.OpShow)
			if err := v.Verify(t.Context(), token.Request{App: "worker"}, tok); err != nil || s.Count(flytest.OpShow) != before {
				t.Errorf("afterwards: error %v, %d more shows", err, s.Count(flytest.OpShow)-before)
			}
			if notes.Load() != 1 {
				t.Errorf("%d notes, want one", notes.Load())
			}
		})
	}
}

// The wait for a hanging server happens once, for any number of apps. When the
// first check has timed out, all others are accepted, also those that wait for
// a slot.
func TestVerifyOfManyAppsAgainstAServerThatHangs(t *testing.T) {
	t.Parallel()
	s := flytest.New(t, world())
	s.Inject(flytest.OpShow, flytest.Hang())
	v, notes := verifier(t, s, impatient)
	tok := s.Make(flytest.Make{Organization: "acme"})
	var wg sync.WaitGroup
	for i := range 100 {
		wg.Go(func() {
			if err := v.Verify(t.Context(), token.Request{App: "app-" + strconv.Itoa(i)}, tok); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if n := s.Count(flytest.OpShow); n > flyapi.DefaultMaxParallel {
		t.Errorf("%d requests, want no more than were in flight when the first timed out", n)
	}
	if notes.Load() != 1 {
		t.Errorf("%d notes, want one", notes.Load())
	}
}
