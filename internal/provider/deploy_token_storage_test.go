package provider_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/flytokens/terraform-provider-fly/internal/flytest"
)

// Concurrent mints for one app do not affect each other's tokens.
func TestDeployTokensSideBySide(t *testing.T) {
	t.Parallel()
	s := flytest.New(t, flyWorld())
	d := deployable(t, s)
	other := configured(t, d.world, attrs{})
	var running sync.WaitGroup
	for i := range 8 {
		one := &deployed{wire: d.wire, world: d.world, resource: d.resource}
		if i%2 == 1 {
			one.wire = other
		}
		running.Go(func() {
			if got := one.applies(attrs{"app": "web"}); got != "" {
				t.Error(got)
			}
		})
	}
	running.Wait()
	wantTokens(t, s, tokens{minted: 8, good: 8})
}

// A token whose identifier cannot be recorded is not kept, because a later run
// would assume that it never reached the state.
func TestDeployTokenStorageLostMeanwhile(t *testing.T) {
	t.Parallel()
	s := flytest.New(t, flyWorld())
	d := deployable(t, s)
	s.Inject(flytest.OpMint, flytest.Slow(200*time.Millisecond))
	folder := filepath.Join(d.world.ConfigDir, "terraform-provider-fly", "apps", "app-web")
	broken := make(chan error, 1)
	go func() {
		select {
		case <-s.Requested(flytest.OpMint):
		case <-t.Context().Done():
		}
		broken <- errors.Join(os.RemoveAll(folder), os.WriteFile(folder, nil, 0o600))
	}()
	wants(t, d.applies(attrs{"app": "web"}), "ERROR: Unable to Mint Fly Deploy Token", "storage cannot record its identifier", "app-web")
	if err := <-broken; err != nil || d.state != nil {
		t.Errorf("%v: the state has %v", err, d.state)
	}
	wantTokens(t, s, tokens{minted: 1, revoked: 1})
}

// Without storage tokens are minted anyway.
func TestDeployTokenStorageUnusable(t *testing.T) {
	t.Parallel()
	s := flytest.New(t, flyWorld())
	file := filepath.Join(t.TempDir(), "file")
	write(t, file, "not a folder")
	d := deployable(t, s, "FLY_TOKEN_STORAGE="+filepath.Join(file, "below"))
	wants(t, d.applies(attrs{"app": "web"}), "WARNING: Fly Token Storage Cannot Be Used")
	d.world.ConfigDir, d.world.Home = "", ""
	d.world.Variables = append(d.world.Variables, "FLY_TOKEN_STORAGE=")
	d.wire = dial(t, d.world)
	wants(t, d.configure(nil), "WARNING: Unable to Use Token Storage")
	if got := d.applies(nil); got != "" {
		t.Error(got)
	}
	d.created(attrs{"app": "web"})
	wantTokens(t, s, tokens{minted: 2, revoked: 1, good: 1})
}

// An interrupt of an apply during a mint leaves no token behind.
func TestDeployTokenInterrupted(t *testing.T) {
	t.Parallel()
	s := flytest.New(t, flyWorld())
	d := deployable(t, s)
	c, got := d.plan(attrs{"app": "web"})
	if got != "" {
		t.Fatal(got)
	}
	s.Inject(flytest.OpMint, flytest.Slow(100*time.Millisecond))
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		defer cancel()
		select {
		case <-s.Requested(flytest.OpMint):
		case <-t.Context().Done():
		}
	}()
	wants(t, d.apply(ctx, c), "ERROR: Unable to Mint Fly Deploy Token", "cancelled")
	if err := d.end(t.Context()); err != nil || d.state != nil {
		t.Errorf("%v: the state has %v", err, d.state)
	}
	wantTokens(t, s, tokens{minted: 1, revoked: 1})
}
