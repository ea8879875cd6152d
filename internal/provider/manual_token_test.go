package provider_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// manual configures a provider with only storage at path.
func manual(t *testing.T, path string) *wire {
	t.Helper()
	w := dial(t, scratch(t))
	if got := w.configure(attrs{"storage": attrs{"path": path}, "sources": []any{"manual"}}); got != "" {
		t.Fatal(got)
	}
	return w
}

// created creates a fly_manual_token that must not fail.
func created(w *wire, config attrs) attrs {
	w.t.Helper()
	state, got := w.create(config)
	if got != "" {
		w.t.Fatal(got)
	}
	return state
}

// resolved is the token that the data source returns for web.
func resolved(w *wire) any {
	w.t.Helper()
	state, _ := w.read(w.t.Context(), attrs{"app": "web"})
	return state["token"]
}

func TestManualTokenCreate(t *testing.T) {
	t.Parallel()
	tok := macaroonFor("web")
	config := attrs{"app": "web", "token": "FlyV1 " + tok + "\n"}
	storage := filepath.Join(t.TempDir(), "not", "there", "yet")
	w := manual(t, storage)
	planned, _, got := w.planManual(nil, config)
	want := attrs{"app": "web", "token": config["token"], "token_wo": nil, "token_wo_version": nil, "warn_before": nil, "expires_at": unknown{}, "fingerprint": fingerprintOf(tok), "updated_at": unknown{}}
	if diff := cmp.Diff(want, planned); diff != "" || got != "" {
		t.Fatalf("planned:\n%s%s", diff, got)
	}
	state, got := w.applyManual(nil, planned, config)
	if got != "" {
		t.Fatal(got)
	}
	at, err := time.Parse(time.RFC3339, as[string](t, state["updated_at"]))
	if err != nil || time.Since(at) > time.Minute {
		t.Errorf("updated_at is %v", state["updated_at"])
	}
	want["expires_at"], want["updated_at"] = nil, state["updated_at"]
	if diff := cmp.Diff(want, state); diff != "" {
		t.Errorf("state:\n%s", diff)
	}
	// A different process finds it, and plans no change.
	other := manual(t, storage)
	if got := resolved(other); got != tok {
		t.Errorf("the data source hands out %v", got)
	}
	refreshed, got := other.readManual(state)
	if diff := cmp.Diff(state, refreshed); diff != "" || got != "" {
		t.Errorf("refreshed:\n%s%s", diff, got)
	}
	replanned, _, _ := other.planManual(refreshed, config)
	if diff := cmp.Diff(state, replanned); diff != "" {
		t.Errorf("planned again:\n%s", diff)
	}
}

// Two spellings of one token are equal, and state keeps its own.
func TestManualTokenSpellings(t *testing.T) {
	t.Parallel()
	tok := macaroonFor("web")
	w := manual(t, t.TempDir())
	state := created(w, attrs{"app": "web", "token": tok})
	for name, spelling := range map[string]string{
		"scheme": "FlyV1 " + tok, "another scheme": "bearer " + tok, "both": "Bearer FlyV1 " + tok,
		"newline": tok + "\n", "wrapped": tok[:40] + "\r\n  " + tok[40:], "itself": tok,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			planned, replace, got := w.planManual(state, attrs{"app": "web", "token": spelling})
			if diff := cmp.Diff(state, planned); diff != "" || replace || got != "" {
				t.Errorf("planned:\n%s%s", diff, got)
			}
		})
	}
}

func TestManualTokenUpdate(t *testing.T) {
	t.Parallel()
	first, second := macaroonFor("first"), macaroonFor("second")
	w := manual(t, t.TempDir())
	state := created(w, attrs{"app": "web", "token": first})
	if got := resolved(w); got != first {
		t.Fatalf("the data source hands out %v", got)
	}
	config := attrs{"app": "web", "token": second}
	planned, replace, got := w.planManual(state, config)
	want := attrs{"app": "web", "token": second, "token_wo": nil, "token_wo_version": nil, "warn_before": nil, "expires_at": unknown{}, "fingerprint": fingerprintOf(second), "updated_at": unknown{}}
	if diff := cmp.Diff(want, planned); diff != "" || replace || got != "" {
		t.Fatalf("planned:\n%s%s", diff, got)
	}
	state, got = w.applyManual(state, planned, config)
	if got != "" || state["fingerprint"] != fingerprintOf(second) {
		t.Errorf("got %v\n%s", state, got)
	}
	// The cached answer of origin manual is dropped in the same run.
	if got := resolved(w); got != second {
		t.Errorf("the data source hands out %v", got)
	}
	if _, replace, _ := w.planManual(state, attrs{"app": "api", "token": second}); !replace {
		t.Error("another app replaces nothing")
	}
	planned, _, _ = w.planManual(state, attrs{"app": "web", "token": unknown{}})
	if planned["fingerprint"] != (unknown{}) || planned["updated_at"] != (unknown{}) {
		t.Errorf("a token that is not known yet was planned as %v", planned)
	}
}

func TestManualTokenAdoptsAndRefuses(t *testing.T) {
	t.Parallel()
	tok := macaroonFor("web")
	storage := t.TempDir()
	state := created(manual(t, storage), attrs{"app": "web", "token": tok})
	adopted := created(manual(t, storage), attrs{"app": "web", "token": "FlyV1 " + tok})
	if adopted["updated_at"] != state["updated_at"] || adopted["token"] != "FlyV1 "+tok {
		t.Errorf("adopted %v from %v", adopted, state)
	}
	w := manual(t, storage)
	refused, got := w.create(attrs{"app": "web", "token": macaroonFor("another")})
	if refused != nil {
		t.Errorf("got %v", refused)
	}
	for _, want := range []string{"Unable to Save Manual Token", "Import it first", "to = fly_manual_token.NAME", `id = "web"`, `AttributeName("app")`} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is missing from:\n%s", want, got)
		}
	}
	if got := resolved(w); got != tok {
		t.Errorf("the stored token became %v", got)
	}
}

func TestManualTokenDestroy(t *testing.T) {
	t.Parallel()
	storage := t.TempDir()
	w := manual(t, storage)
	state := created(w, attrs{"app": "web", "token": macaroonFor("web")})
	other := created(w, attrs{"app": "api", "token": macaroonFor("api")})
	if left, got := w.applyManual(state, nil, nil); left != nil || got != "" {
		t.Errorf("destroy left %v and said:\n%s", left, got)
	}
	if got := resolved(w); got != nil {
		t.Errorf("the data source hands out %v", got)
	}
	if read, got := w.readManual(other); read == nil || got != "" {
		t.Errorf("the other app's record is %v\n%s", read, got)
	}
}

func TestManualTokenImport(t *testing.T) {
	t.Parallel()
	storage := t.TempDir()
	w := manual(t, storage)
	config := attrs{"app": "web", "token": macaroonFor("web")}
	state := created(w, config)
	imported, got := w.importManual("web")
	want := attrs{"app": "web", "token": nil, "token_wo": nil, "token_wo_version": nil, "warn_before": nil, "expires_at": nil, "fingerprint": state["fingerprint"], "updated_at": state["updated_at"]}
	if diff := cmp.Diff(want, imported); diff != "" || got != "" {
		t.Fatalf("imported:\n%s%s", diff, got)
	}
	if read, got := w.readManual(imported); cmp.Diff(want, read) != "" || got != "" {
		t.Errorf("read %v\n%s", read, got)
	}
	planned, replace, _ := w.planManual(imported, config)
	if planned["token"] != config["token"] || replace {
		t.Errorf("planned %v", planned)
	}
	if applied, got := w.applyManual(imported, planned, config); cmp.Diff(state, applied) != "" || got != "" {
		t.Errorf("an equal token was not adopted: %v\n%s", applied, got)
	}
	for id, want := range map[string]string{
		"api":               "holds no manual token for app \"api\"",
		"../web":            "The import ID is the name of the app",
		macaroonFor("oops"): "looks like a token",
	} {
		if imported, got := w.importManual(id); imported != nil || !strings.Contains(got, want) || !strings.Contains(got, "Unable to Import Manual Token") {
			t.Errorf("%q: imported %v and said:\n%s", id, imported, got)
		}
	}
}

// A record that cannot be read is named, kept, and not replaced.
func TestManualTokenUnreadable(t *testing.T) {
	t.Parallel()
	storage := t.TempDir()
	w := manual(t, storage)
	config := attrs{"app": "web", "token": macaroonFor("web")}
	state := created(w, config)
	found, err := filepath.Glob(filepath.Join(storage, "apps", "app-web", "manual.json"))
	if err != nil || len(found) != 1 {
		t.Fatalf("%v, %v", found, err)
	}
	torn := []byte(`{"schema": 1, "token": "fm2_`)
	if err := os.WriteFile(found[0], torn, 0o600); err != nil {
		t.Fatal(err)
	}
	said := map[string]string{}
	_, said["Unable to Read Manual Token"] = w.readManual(state)
	_, said["Unable to Save Manual Token"] = w.create(config)
	_, said["Unable to Delete Manual Token"] = w.applyManual(state, nil, nil)
	_, said["Unable to Import Manual Token"] = w.importManual("web")
	_, said["Unable to Read Fly App Token"] = w.read(t.Context(), attrs{"app": "web"})
	for summary, got := range said {
		if !strings.Contains(got, "ERROR: "+summary) || !strings.Contains(got, found[0]) || strings.Contains(got, "tokenstore:") {
			t.Errorf("%s: said:\n%s", summary, got)
		}
	}
	if data, err := os.ReadFile(found[0]); err != nil || string(data) != string(torn) {
		t.Errorf("the file became %q, %v", data, err)
	}
}

// Even root cannot write to a path below a regular file.
func TestManualTokenUnwritable(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	w := manual(t, filepath.Join(file, "storage"))
	state, got := w.create(attrs{"app": "web", "token": macaroonFor("web")})
	if state != nil {
		t.Errorf("got %v", state)
	}
	for _, want := range []string{"Unable to Save Manual Token", "cannot open folder " + file, "storage.path"} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is missing from:\n%s", want, got)
		}
	}
}
