package tokenstore_test

import (
	"context"
	"errors"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/gofrs/flock"

	"github.com/flytokens/terraform-provider-fly/internal/token"
	"github.com/flytokens/terraform-provider-fly/internal/tokenstore"
)

// hold takes an app's lock as another process would.
func hold(t *testing.T, s *tokenstore.Store, root string) *flock.Flock {
	t.Helper()
	set(t, s, "web")
	held := flock.New(filepath.Join(appFolder(root, "web"), "lock"))
	if ok, err := held.TryLock(); !ok || err != nil {
		t.Fatalf("TryLock() = %t, %v", ok, err)
	}
	t.Cleanup(func() { _ = held.Unlock() })
	return held
}

func TestWaitForTheLockIsBounded(t *testing.T) {
	t.Parallel()
	s, root := open(t)
	held := hold(t, s, root)
	before, err := s.Manual(t.Context(), "web")
	if err != nil {
		t.Fatal(err)
	}
	s.SetLockWait(20 * time.Millisecond)
	var failed *tokenstore.WriteError
	if err := s.SetManual(t.Context(), "web", manual(t)); !errors.As(err, &failed) || failed.Op != "lock" {
		t.Errorf("SetManual() error = %v, want a WriteError of the lock", err)
	}
	wantManual(t, s, "web", before)
	// Other apps are not held up.
	set(t, s, "other")
	if err := held.Unlock(); err != nil {
		t.Fatal(err)
	}
	s.SetLockWait(time.Minute)
	wantManual(t, s, "web", set(t, s, "web"))
}

func TestWaitForTheLockObservesTheContext(t *testing.T) {
	t.Parallel()
	s, root := open(t)
	hold(t, s, root)
	s.SetLockWait(time.Hour)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	// Two of them: one waits for the file's lock, the other for the first.
	var wg sync.WaitGroup
	errs := make([]error, 2)
	for i := range errs {
		wg.Go(func() { errs[i] = s.SetManual(ctx, "web", manual(t)) })
	}
	wg.Wait()
	for _, err := range errs {
		var failed *tokenstore.WriteError
		if !errors.Is(err, context.DeadlineExceeded) || errors.As(err, &failed) {
			t.Errorf("SetManual() error = %v, want the context's", err)
		}
	}
}

// Writers, readers and invalidations of one app through two stores: every read
// is whole, and nothing of an ended generation is ever saved.
func TestConcurrentUse(t *testing.T) {
	t.Parallel()
	one, root := open(t)
	two := tokenstore.Open(root, scope)
	ctx := t.Context()
	var wg sync.WaitGroup
	errs := make(chan error, 200)
	for i := range 40 {
		s := one
		if i%2 == 0 {
			s = two
		}
		rec, set := minted(t), manual(t)
		wg.Go(func() {
			gen, err := s.Generation(ctx, "web")
			errs <- err
			switch i % 4 {
			case 0:
				errs <- s.Invalidate(ctx, "web")
			case 1:
				if err := s.SaveMinted(ctx, web, rec, gen); !errors.Is(err, token.ErrSuperseded) {
					errs <- err
				}
			case 2:
				errs <- s.SetManual(ctx, "web", set)
			}
			for _, read := range []func() (token.Record, error){
				func() (token.Record, error) { rec, _, err := s.Minted(ctx, web); return rec, err },
				func() (token.Record, error) { return s.Manual(ctx, "web") },
			} {
				if _, err := read(); !errors.Is(err, token.ErrNoRecord) {
					errs <- err
				}
			}
		})
	}
	wg.Wait()
	close(errs)
	for err := range errs {
		if err != nil {
			t.Error(err)
		}
	}
	if temps := names(t, root, "web", ".tmp-"); temps != nil {
		t.Errorf("left: %q", temps)
	}
}
