package provider_test

import (
	"sync"
	"testing"

	"github.com/flytokens/terraform-provider-fly/internal/flytest"
	"github.com/flytokens/terraform-provider-fly/internal/flytest/s3test"
)

// Fifty machines without a common disk, cold, need one token: one of them mints it,
// and all return it.
func TestFleetMintsOnceOverVault(t *testing.T) {
	t.Parallel()
	l, server := inVault(t)
	mintsOnce(t, l, attrs{"vault": attrs{"mount": "secret", "address": server.Address}})
}

// The same over S3. The AWS SDK reads its credentials from this process's environment.
func TestFleetMintsOnceOverS3(t *testing.T) {
	l, server := inBucket(t)
	t.Setenv("AWS_ACCESS_KEY_ID", s3test.AccessKey)
	t.Setenv("AWS_SECRET_ACCESS_KEY", s3test.SecretKey)
	mintsOnce(t, l, attrs{"s3": attrs{"bucket": "acme-tokens", "use_path_style": true, "endpoint": server.Endpoint, "region": "us-east-1"}})
}

func mintsOnce(t *testing.T, l location, storage attrs) {
	t.Helper()
	s := flytest.New(t, flyWorld())
	machines := make([]*wire, 50)
	for i := range machines {
		world := flyServed(t, s, append(l.env, "FLY_API_TOKEN="+s.Login(ownerOfBoth).Reveal())...)
		machines[i] = configured(t, world, attrs{"sources": []any{"storage", "api"}, "storage": storage})
	}
	var (
		wg       sync.WaitGroup
		mu       sync.Mutex
		returned = map[any]int{}
	)
	for _, w := range machines {
		wg.Go(func() {
			state, got := w.read(t.Context(), attrs{"app": "web"})
			mu.Lock()
			defer mu.Unlock()
			if returned[state["token"]]++; state["token"] == nil || got != "" {
				t.Errorf("a machine has a token: %t; diagnostics:\n%s", state["token"] != nil, got)
			}
		})
	}
	wg.Wait()
	if n := s.Count(flytest.OpMint); n != 1 || len(returned) != 1 {
		t.Errorf("%d mints and %d different tokens, want one", n, len(returned))
	}
}
