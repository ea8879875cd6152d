package flyapi_test

import (
	"errors"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/flytokens/terraform-provider-fly/internal/flyapi"
	"github.com/flytokens/terraform-provider-fly/internal/flytest"
)

// Concurrent callers wait for a hanging server. Callers that wait for a slot
// behind them get an error at once.
func TestManyCallsOfAServerThatHangs(t *testing.T) {
	t.Parallel()
	s := flytest.New(t, world())
	s.Inject(flytest.OpLookupApp, flytest.Hang())
	c := client(t, s, func(cfg *flyapi.Config) { cfg.Timeout = 300 * time.Millisecond })
	var refused atomic.Int64
	var wg sync.WaitGroup
	for i := range 100 {
		wg.Go(func() {
			_, err := c.LookupApp(t.Context(), s.Login("both"), "app-"+strconv.Itoa(i))
			if !errors.Is(err, flyapi.ErrUnavailable) {
				t.Errorf("got %v", err)
			} else if strings.Contains(err.Error(), "gave no answer to an earlier call, and is not asked again for 30s") {
				refused.Add(1)
			}
		})
	}
	wg.Wait()
	if n := s.Count(flytest.OpLookupApp); n > flyapi.DefaultMaxParallel || refused.Load() < 100-flyapi.DefaultMaxParallel {
		t.Errorf("%d requests came, and %d calls were refused", n, refused.Load())
	}
}

// A check's time limit is too short for it to stop other calls.
func TestShowStopsNoCall(t *testing.T) {
	t.Parallel()
	s := flytest.New(t, world())
	s.Inject(flytest.OpShow, flytest.Hang())
	c := client(t, s, impatient)
	if err := c.Show(t.Context(), s.Make(flytest.Make{App: "web"}), "web"); !errors.Is(err, flyapi.ErrUnavailable) {
		t.Errorf("got %v", err)
	}
	if _, err := c.LookupApp(t.Context(), s.Login("both"), "web"); err != nil {
		t.Error(err)
	}
}
