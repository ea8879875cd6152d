package flyapi_test

import (
	"context"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/flytokens/terraform-provider-fly/internal/flyapi"
	"github.com/flytokens/terraform-provider-fly/internal/flytest"
	"github.com/flytokens/terraform-provider-fly/internal/token"
)

// Concurrent callers ask a hanging server for a hint. Later callers do not ask
// it, and no token is checked with it.
func TestOutage(t *testing.T) {
	t.Parallel()
	s := flytest.New(t, world())
	s.Inject(flytest.OpAny, flytest.Hang())
	var notes atomic.Int64
	outage := flyapi.NewOutage(func(context.Context, string, error) { notes.Add(1) })
	c := client(t, s, impatient)
	hint := outage.OrganizationNumber(flyapi.NewDirectory(c, login(s.Login("both"))))
	var wg sync.WaitGroup
	for i := range 100 {
		wg.Go(func() {
			if n, err := hint(t.Context(), token.Request{App: "app-" + strconv.Itoa(i)}); err == nil {
				t.Errorf("got %d of a server that hangs", n)
			}
		})
	}
	wg.Wait()
	// Cancelled calls free slots for others, until these are cancelled too.
	if n := s.Count(flytest.OpAny); n > 5*flyapi.DefaultMaxParallel {
		t.Errorf("%d requests, want hardly more than were in flight when the first timed out", n)
	}
	s.Reset()
	tok := s.Make(flytest.Make{App: "web"})
	s.Revoke(tok)
	if err := flyapi.NewVerifier(c, outage).Verify(t.Context(), token.Request{App: "web"}, tok); err != nil {
		t.Error(err)
	}
	if n := s.Count(flytest.OpAny); n != 0 || notes.Load() != 1 {
		t.Errorf("%d requests afterwards and %d notes, want none and one", n, notes.Load())
	}
}

// An answer is not an outage, whatever its content. Nor is a caller that
// leaves.
func TestOutageIsNotCalled(t *testing.T) {
	t.Parallel()
	s := flytest.New(t, world())
	outage := flyapi.NewOutage(func(_ context.Context, _ string, err error) { t.Errorf("an outage was noted: %v", err) })
	hint := outage.OrganizationNumber(flyapi.NewDirectory(client(t, s), login(s.Login("second"))))
	left, leave := context.WithCancel(t.Context())
	leave()
	for _, tt := range []struct {
		ctx  context.Context
		app  string
		want bool
	}{{left, "web", false}, {t.Context(), "web", false}, {t.Context(), "nowhere", false}, {t.Context(), "shop", true}} {
		if n, err := hint(tt.ctx, token.Request{App: tt.app}); (err == nil) != tt.want || (n != 0) != tt.want {
			t.Errorf("%s: got %d, %v", tt.app, n, err)
		}
	}
}
