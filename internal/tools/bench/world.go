package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"sync"
	"testing"

	"github.com/flytokens/terraform-provider-fly/internal/flytest"
)

// organization is the organization of all apps.
const organization = "acme"

// world is a loopback Fly with a user of the organization.
type world struct {
	server *flytest.Server
	tb     *outsideTests
}

func appName(n int) string { return fmt.Sprintf("app-%d", n) }

func newWorld(apps int) *world {
	known := flytest.World{
		Organizations: []flytest.Organization{{Slug: organization}},
		Users:         []flytest.User{{Name: "user", Organizations: []string{organization}}},
	}
	for n := range apps {
		known.Apps = append(known.Apps, flytest.App{Name: appName(n), Organization: organization})
	}
	tb := &outsideTests{}
	return &world{server: flytest.New(tb, known), tb: tb}
}

// env sets the addresses of Fly's APIs to the world's, with the user's login.
func (w *world) env() []string {
	return []string{
		"FLY_API_BASE_URL=" + w.server.URL(),
		"FLY_FLAPS_BASE_URL=" + w.server.URL(),
		"FLY_ACCESS_TOKEN=" + w.server.Login("user").Reveal(),
		"FLY_ORG=" + organization,
	}
}

// close ends the world. The error describes the unexpected requests.
func (w *world) close() error { return w.tb.end() }

// outsideTests is the part of a testing.TB that flytest and vaulttest need outside of
// a test.
type outsideTests struct {
	testing.TB
	ctx context.Context
	log io.Writer
	// dir is the parent of temporary folders. It is removed elsewhere.
	dir  string
	mu   sync.Mutex
	errs []error
	ends []func()
}

// Helper does nothing.
func (*outsideTests) Helper() {}

// Cleanup keeps f for the end.
func (t *outsideTests) Cleanup(f func()) { t.ends = append(t.ends, f) }

// Context returns the context of the whole run.
func (t *outsideTests) Context() context.Context { return t.ctx }

// Output returns the log.
func (t *outsideTests) Output() io.Writer { return t.log }

// TempDir makes a temporary folder.
func (t *outsideTests) TempDir() string {
	dir, err := os.MkdirTemp(t.dir, "test-")
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// Errorf keeps the error for the end.
func (t *outsideTests) Errorf(format string, args ...any) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.errs = append(t.errs, fmt.Errorf(format, args...))
}

// Fatal panics, because the world itself is wrong.
func (*outsideTests) Fatal(args ...any) { panic(fmt.Sprint(args...)) }

// Fatalf panics, because the world itself is wrong.
func (*outsideTests) Fatalf(format string, args ...any) { panic(fmt.Sprintf(format, args...)) }

// end runs the kept functions in reverse order.
func (t *outsideTests) end() error {
	for _, f := range slices.Backward(t.ends) {
		f()
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	return errors.Join(t.errs...)
}
