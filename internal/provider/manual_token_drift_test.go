package provider_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// If storage holds a different token than the one that was written, the plan
// shows an update, and a destroy does not remove the different one.
func TestManualTokenDrift(t *testing.T) {
	t.Parallel()
	ours, theirs := macaroonFor("ours"), macaroonFor("theirs")
	storage := t.TempDir()
	config := attrs{"app": "web", "token": ours}
	w := manual(t, storage)
	state := created(w, config)
	overwrite(t, storage, theirs)
	drifted, got := w.readManual(state)
	want := attrs{"app": "web", "token": nil, "token_wo": nil, "token_wo_version": nil, "warn_before": nil, "expires_at": nil, "fingerprint": fingerprintOf(ours), "updated_at": state["updated_at"]}
	if diff := cmp.Diff(want, drifted); diff != "" || got != "" {
		t.Fatalf("read:\n%s%s", diff, got)
	}
	if again, _ := w.readManual(drifted); cmp.Diff(want, again) != "" {
		t.Errorf("read again: %v", again)
	}
	gone, got := w.applyManual(drifted, nil, nil)
	if gone != nil || !strings.HasPrefix(got, "WARNING: Manual Token Left in Storage") {
		t.Errorf("destroy left %v and said:\n%s", gone, got)
	}
	if got := resolved(w); got != theirs {
		t.Errorf("the stored token became %v", got)
	}
	planned, _, _ := w.planManual(drifted, config)
	if planned["token"] != ours || planned["updated_at"] != (unknown{}) {
		t.Errorf("planned %v", planned)
	}
	if restored, got := w.applyManual(drifted, planned, config); got != "" || restored["fingerprint"] != fingerprintOf(ours) {
		t.Errorf("got %v\n%s", restored, got)
	}
	if got := resolved(w); got != ours {
		t.Errorf("the data source hands out %v", got)
	}
}

// overwrite writes a different token to storage, as a different configuration
// would.
func overwrite(t *testing.T, storage, tok string) {
	t.Helper()
	w := manual(t, storage)
	imported, got := w.importManual("web")
	if got != "" {
		t.Fatal(got)
	}
	config := attrs{"app": "web", "token": tok}
	planned, _, _ := w.planManual(imported, config)
	if _, got := w.applyManual(imported, planned, config); got != "" {
		t.Fatal(got)
	}
}

func TestManualTokenGone(t *testing.T) {
	t.Parallel()
	storage := t.TempDir()
	w := manual(t, storage)
	state := created(w, attrs{"app": "web", "token": macaroonFor("web")})
	if err := os.RemoveAll(storage); err != nil {
		t.Fatal(err)
	}
	if read, got := w.readManual(state); read != nil || got != "" {
		t.Errorf("got %v\n%s", read, got)
	}
	if left, got := w.applyManual(state, nil, nil); left != nil || got != "" {
		t.Errorf("destroy left %v and said:\n%s", left, got)
	}
}

// A storage path through a file is an error. The resource stays in the state,
// because the record may exist.
func TestManualTokenStorageAstray(t *testing.T) {
	t.Parallel()
	storage := filepath.Join(t.TempDir(), "storage")
	w := manual(t, storage)
	state := created(w, attrs{"app": "web", "token": macaroonFor("web")})
	if err := os.RemoveAll(storage); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(storage, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, got := w.readManual(state); !strings.Contains(got, "ERROR: Unable to Read Manual Token") || !strings.Contains(got, "not a directory") {
		t.Errorf("read said:\n%s", got)
	}
	if _, got := w.applyManual(state, nil, nil); !strings.Contains(got, "ERROR: Unable to Delete Manual Token") {
		t.Errorf("destroy said:\n%s", got)
	}
}
