package token_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/flytokens/terraform-provider-fly/internal/token"
)

// A manual token is the last resort, or the first if sources say so. Setting it
// takes effect at once.
func TestManual(t *testing.T) {
	t.Parallel()
	m := newMemory()
	cli := minter(t, token.SourceCLI, 0, 24*time.Hour)
	last := newResolver(m, cli, manualLink(m))
	first := newResolver(m, manualLink(m), cli)
	for _, r := range []*token.Resolver{last, first} {
		if res := mustGet(t, r, "web"); res.Origin != token.SourceCLI {
			t.Errorf("without a manual token: origin %s, want cli", res.Origin)
		}
	}
	tok := newToken(t)
	rec, err := first.SetManual(t.Context(), "web", tok)
	if err != nil || rec.Token != tok || rec.AcquiredAt.IsZero() || m.manual["web"].Token != tok {
		t.Fatalf("SetManual = %+v, %v", rec, err)
	}
	if res := mustGet(t, first, "web"); res.Origin != token.SourceManual || res.Token != tok {
		t.Errorf("manual first: origin %s, want manual", res.Origin)
	}
	if res := mustGet(t, last, "web"); res.Origin != token.SourceCLI {
		t.Errorf("manual last: origin %s, want cli", res.Origin)
	}
	next := newToken(t)
	if _, err := first.SetManual(t.Context(), "web", next); err != nil {
		t.Fatal(err)
	}
	if res := mustGet(t, first, "web"); res.Token != next {
		t.Error("the old manual token is handed out after another was set")
	}
	if err := first.DeleteManual(t.Context(), "web", next.Fingerprint()); err != nil {
		t.Fatal(err)
	}
	if res := mustGet(t, first, "web"); res.Origin != token.SourceCLI {
		t.Errorf("after DeleteManual: origin %s, want cli", res.Origin)
	}
}

// A failure to set is the store's own error, and storage is unchanged.
func TestSetManualFails(t *testing.T) {
	t.Parallel()
	m := newMemory()
	r := newResolver(m, manualLink(m))
	old := newToken(t)
	if _, err := r.SetManual(t.Context(), "web", old); err != nil {
		t.Fatal(err)
	}
	m.fail = errors.New("read-only file system")
	if _, err := r.SetManual(t.Context(), "web", newToken(t)); !errors.Is(err, m.fail) {
		t.Errorf("error = %v, want the store's", err)
	}
	if res := mustGet(t, r, "web"); res.Token != old {
		t.Error("the token that stood before is gone")
	}
	if _, err := newResolver(nil).SetManual(t.Context(), "web", old); !errors.Is(err, token.ErrNoStore) {
		t.Errorf("without a store: %v, want ErrNoStore", err)
	}
}

// An expired token cannot be set. One that expires later is a named miss, and
// its record stays.
func TestExpiredManual(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := newMemory()
		end := time.Now().Add(2 * time.Hour)
		r := newResolver(m, manualLink(m))
		if _, err := r.SetManual(t.Context(), "web", newTokenUntil(t, end)); err != nil {
			t.Fatal(err)
		}
		mustGet(t, r, "web")
		time.Sleep(3 * time.Hour)
		_, err := r.Read(t.Context(), web, token.PolicyIfExpired)
		want := "manual: the token found expired at " + end.UTC().Format(time.RFC3339) + ": set a new one, or remove it"
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error = %v, want it to say %q", err, want)
		}
		if len(m.manual) != 1 {
			t.Error("the expired record is gone")
		}
		if _, err := r.SetManual(t.Context(), "web", newTokenUntil(t, end)); !errors.Is(err, token.ErrExpired) {
			t.Errorf("SetManual of an expired token: %v, want ErrExpired", err)
		}
	})
}

func TestCreateAndDeleteManual(t *testing.T) {
	t.Parallel()
	m := newMemory()
	r := newResolver(m, manualLink(m))
	tok := newToken(t)
	created, err := r.CreateManual(t.Context(), "web", tok)
	if err != nil {
		t.Fatal(err)
	}
	if adopted, err := r.CreateManual(t.Context(), "web", tok); err != nil || adopted.AcquiredAt != created.AcquiredAt {
		t.Errorf("an equal token: %v, want the record that stands", err)
	}
	if _, err := r.CreateManual(t.Context(), "web", newToken(t)); !errors.Is(err, token.ErrManualExists) {
		t.Errorf("another token: %v, want ErrManualExists", err)
	}
	if err := r.DeleteManual(t.Context(), "web", newToken(t).Fingerprint()); !errors.Is(err, token.ErrManualChanged) {
		t.Errorf("delete of another token: %v, want ErrManualChanged", err)
	}
	if err := r.DeleteManual(t.Context(), "web", tok.Fingerprint()); err != nil {
		t.Error(err)
	}
	if _, err := r.Manual(t.Context(), "web"); !errors.Is(err, token.ErrNoRecord) {
		t.Errorf("after delete: %v, want ErrNoRecord", err)
	}
	if _, err := r.Manual(t.Context(), "Web/.."); !errors.Is(err, token.ErrInvalidRequest) {
		t.Errorf("a bad name: %v, want ErrInvalidRequest", err)
	}
}

// A manual record that exists but cannot be read stops the resolution.
func TestUnreadableManualStops(t *testing.T) {
	t.Parallel()
	m := newMemory()
	m.onManual = func() error { return fmt.Errorf("manual.json is garbage: %w", token.ErrStop) }
	cli := minter(t, token.SourceCLI, 0, 24*time.Hour)
	_, err := newResolver(m, missing(token.SourceConfig), manualLink(m), cli).Read(t.Context(), web, token.PolicyIfExpired)
	if !errors.Is(err, token.ErrStop) || !strings.Contains(err.Error(), "\nmanual: manual.json is garbage") {
		t.Errorf("error = %v, want one that stops at the record", err)
	}
	wantCalls(t, cli, 0)
}
