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
	"github.com/flytokens/terraform-provider-fly/internal/provider"
	"github.com/flytokens/terraform-provider-fly/internal/token"
	"github.com/flytokens/terraform-provider-fly/internal/tokenstore"
)

// announced lists the mints that are written down in a world's storage.
func announced(t *testing.T, world provider.World) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(world.ConfigDir, "terraform-provider-fly", "apps", "*", "mint-*"))
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// lost carries a mint out and breaks the connection off.
func lost() flytest.Fault { return flytest.Fault{Times: 1, Done: true, Reset: true} }

// A token whose answer was lost is found by its name and revoked, at once or, when
// Fly cannot be asked, at the next mint for the app.
func TestDeployTokenAnswerLost(t *testing.T) {
	t.Parallel()
	for _, access := range []string{"deploy", "readonly"} {
		s := flytest.New(t, flyWorld())
		d := deployable(t, s)
		config := attrs{"app": "web", "access": access}
		s.Inject(flytest.OpMint, lost())
		wants(t, d.applies(config), "ERROR: Unable to Mint Fly Deploy Token")
		tally(t, s, 1, 1, 0)
		if files := announced(t, d.world); len(files) != 0 || d.state != nil {
			t.Errorf("%v is left, and the state has %v", files, d.state)
		}

		s.Reset()
		s.Inject(flytest.OpMint, lost())
		s.Inject(flytest.OpList, flytest.FailGraphQL("SERVER_ERROR", "out of order"))
		wants(t, d.applies(config), "ERROR: Unable to Mint Fly Deploy Token")
		if len(good(s)) != 1 || len(announced(t, d.world)) != 1 {
			t.Errorf("%v is good, %v is announced", good(s), announced(t, d.world))
		}
		d.restart(t)
		wants(t, d.applies(config), "WARNING: Unable to Clear Earlier Mint", "out of order")
		s.Reset()
		d.restart(t)
		if got := d.applies(attrs{"app": "web", "access": "readonly", "name": "other"}); access == "deploy" {
			wants(t, got, "access changes")
		}
		if files := announced(t, d.world); len(files) != 0 || len(good(s)) != 2 {
			t.Errorf("%v is left, %v is good", files, good(s))
		}
	}
}

// Mints for one app at the same time leave each other's tokens alone.
func TestDeployTokensSideBySide(t *testing.T) {
	t.Parallel()
	s := flytest.New(t, flyWorld())
	d := deployable(t, s)
	other := configured(t, d.world, attrs{})
	var running sync.WaitGroup
	for i := range 8 {
		one := &deployed{wire: d.wire, world: d.world}
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
	tally(t, s, 8, 0, 8)
}

// A mint waits while another process mints for the app, and leaves what that one
// took into its state alone.
func TestDeployTokenWaitsForAnother(t *testing.T) {
	t.Parallel()
	s := flytest.New(t, flyWorld())
	d := deployable(t, s)
	d.created(attrs{"app": "web"})
	another := tokenstore.Open(filepath.Join(d.world.ConfigDir, "terraform-provider-fly"), tokenstore.Scope{APIBaseURL: s.URL()})
	unlock, err := another.LockMints(t.Context(), "web")
	if err != nil {
		t.Fatal(err)
	}
	mint := tokenstore.Mint{
		Request: token.Request{App: "web", Access: token.AccessDeploy}, Name: good(s)[0], ExpiresAt: time.Now().Add(time.Hour),
	}
	if err := another.AnnounceMint(t.Context(), mint); err != nil {
		t.Fatal(err)
	}
	applied := make(chan string, 1)
	next := &deployed{wire: d.wire, world: d.world}
	go func() { applied <- next.applies(attrs{"app": "web"}) }()
	select {
	case got := <-applied:
		t.Errorf("it did not wait: %s", got)
	case <-time.After(50 * time.Millisecond):
	}
	if err := another.SettleMint(t.Context(), mint); err != nil {
		t.Error(err)
	}
	unlock()
	if got := <-applied; got != "" {
		t.Error(got)
	}
	tally(t, s, 2, 0, 2)
}

// Others wait from the moment that a mint is announced until it is settled.
func TestDeployTokenKeepsOthersWaiting(t *testing.T) {
	t.Parallel()
	s := flytest.New(t, flyWorld())
	d := deployable(t, s)
	s.Inject(flytest.OpMint, flytest.Slow(50*time.Millisecond))
	another := tokenstore.Open(filepath.Join(d.world.ConfigDir, "terraform-provider-fly"), tokenstore.Scope{APIBaseURL: s.URL()})
	var waiting sync.WaitGroup
	waiting.Go(func() {
		for s.Count(flytest.OpMint) == 0 && t.Context().Err() == nil {
			time.Sleep(time.Millisecond)
		}
		unlock, err := another.LockMints(t.Context(), "web")
		if err != nil {
			t.Error(err)
			return
		}
		defer unlock()
		if left, err := another.AnnouncedMints(t.Context(), "web"); err != nil || len(left) != 0 {
			t.Errorf("the lock is free while %v is announced: %v", left, err)
		}
	})
	d.created(attrs{"app": "web"})
	waiting.Wait()
}

// A token that stays announced would be revoked by the next mint: it is not kept.
func TestDeployTokenStorageLostMeanwhile(t *testing.T) {
	t.Parallel()
	s := flytest.New(t, flyWorld())
	d := deployable(t, s)
	s.Inject(flytest.OpMint, flytest.Slow(200*time.Millisecond))
	folder := filepath.Join(d.world.ConfigDir, "terraform-provider-fly", "apps", "app-web")
	broken := make(chan error, 1)
	go func() {
		for s.Count(flytest.OpMint) == 0 && t.Context().Err() == nil {
			time.Sleep(time.Millisecond)
		}
		broken <- errors.Join(os.RemoveAll(folder), os.WriteFile(folder, nil, 0o600))
	}()
	wants(t, d.applies(attrs{"app": "web"}), "ERROR: Unable to Mint Fly Deploy Token", "is not kept", "app-web")
	if err := <-broken; err != nil || d.state != nil {
		t.Errorf("%v: the state has %v", err, d.state)
	}
	tally(t, s, 1, 1, 0)
}

// Without storage tokens are minted all the same.
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
	tally(t, s, 2, 1, 1)
}

// One who interrupts an apply while Fly is minting leaves no token behind.
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
		for s.Count(flytest.OpMint) == 0 && t.Context().Err() == nil {
			time.Sleep(time.Millisecond)
		}
	}()
	wants(t, d.apply(ctx, c), "ERROR: Unable to Mint Fly Deploy Token", "cancelled")
	if err := d.end(t.Context()); err != nil || d.state != nil {
		t.Errorf("%v: the state has %v", err, d.state)
	}
	tally(t, s, 1, 1, 0)
}
