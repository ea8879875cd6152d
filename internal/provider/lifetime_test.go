package provider_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/flytokens/terraform-provider-fly/internal/token"
	"github.com/flytokens/terraform-provider-fly/internal/tokenstore"
	"github.com/flytokens/terraform-provider-fly/internal/tokenstore/dir"
)

// The effect of a token's own expiry.
func TestMinValidity(t *testing.T) {
	t.Parallel()
	until := time.Now().Add(30 * time.Minute).Truncate(time.Second)
	tok := macaroonUntil("half an hour", until)
	for name, test := range map[string]struct {
		config attrs
		warns  bool
	}{
		"default of an hour":     {attrs{}, true},
		"less than is left":      {attrs{"min_validity": "10m"}, false},
		"more than is left":      {attrs{"min_validity": "45m"}, true},
		"a quarter of token_ttl": {attrs{"token_ttl": "1h"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := dial(t, scratch(t))
			test.config["access_token"] = tok
			test.config["sources"] = []any{"env"}
			if got := w.configure(test.config); got != "" {
				t.Fatal(got)
			}
			state, got := w.read(t.Context(), attrs{"app": "web"})
			if state["token"] != tok || state["expires_at"] != until.UTC().Format(time.RFC3339) || state["acquired_at"] != nil {
				t.Errorf("got %v:\n%s", state, got)
			}
			if strings.HasPrefix(got, "WARNING: ") != test.warns || strings.Contains(got, "ERROR") {
				t.Errorf("said:\n%s", got)
			}
			if _, again := w.read(t.Context(), attrs{"app": "web"}); again != "" {
				t.Errorf("a warning is shown once, and then:\n%s", again)
			}
		})
	}
}

// An expired token is refused, and one that expired later is named. Storage is
// unchanged in both cases.
func TestExpiredManualToken(t *testing.T) {
	t.Parallel()
	storage := t.TempDir()
	w := manual(t, storage)
	good := created(w, attrs{"app": "web", "token": macaroonFor("web")})
	config := attrs{"app": "web", "token": macaroonUntil("gone", time.Now().Add(-time.Hour))}
	planned, _, _ := w.planManual(good, config)
	_, got := w.applyManual(good, planned, config)
	for _, want := range []string{"Unable to Save Manual Token", "The argument is token.", "expired", "fly tokens create deploy -a web"} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is missing from:\n%s", want, got)
		}
	}
	if got := resolved(w); got != macaroonFor("web") {
		t.Errorf("the stored token became %v", got)
	}
	expired, err := token.Parse(as[string](t, config["token"]))
	if err != nil {
		t.Fatal(err)
	}
	// Saved while it was valid.
	rec := token.Record{Token: expired, Origin: token.SourceManual, AcquiredAt: time.Now().Add(-2 * time.Hour)}
	if err := tokenstore.Open(dir.Open(storage), tokenstore.Scope{}).SetManual(context.Background(), "web", rec); err != nil {
		t.Fatal(err)
	}
	w = manual(t, storage)
	state, got := w.read(t.Context(), attrs{"app": "web"})
	if state["token"] != nil || !strings.Contains(got, "manual: ") || !strings.Contains(got, "expired") {
		t.Errorf("got %v:\n%s", state, got)
	}
	imported, got := w.importManual("web")
	if got != "" || imported["fingerprint"] != expired.Fingerprint() {
		t.Errorf("the record is %v:\n%s", imported, got)
	}
}
