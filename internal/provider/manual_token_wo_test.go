package provider_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
)

// Exactly one of the two is set, and the version with the write-only one.
func TestManualTokenWriteOnlyValidation(t *testing.T) {
	t.Parallel()
	w := dial(t, scratch(t))
	tok := macaroonFor("web")
	for name, test := range map[string]struct {
		config attrs
		old    bool
		want   []string
	}{
		"token":                      {attrs{"token": tok}, false, nil},
		"token, older engine":        {attrs{"token": tok}, true, nil},
		"write-only":                 {attrs{"token_wo": tok, "token_wo_version": 1}, false, nil},
		"write-only, not known yet":  {attrs{"token_wo": unknown{}, "token_wo_version": unknown{}}, false, nil},
		"write-only, older engine":   {attrs{"token_wo": tok, "token_wo_version": 1}, true, []string{"ERROR: WriteOnly Attribute Not Allowed", "Terraform 1.11 or OpenTofu 1.11"}},
		"neither":                    {attrs{}, false, []string{"ERROR: Missing Fly Token", "replace the null in the token line"}},
		"both":                       {attrs{"token": tok, "token_wo": tok, "token_wo_version": 1}, false, []string{"ERROR: Invalid Attribute Combination", "not both"}},
		"token, or neither":          {attrs{"token": unknown{}, "token_wo_version": unknown{}}, false, nil},
		"either":                     {attrs{"token": unknown{}, "token_wo": tok, "token_wo_version": 1}, false, nil},
		"write-only without version": {attrs{"token_wo": tok}, false, []string{"ERROR: Invalid Attribute Combination", "token_wo_version"}},
		"version alone":              {attrs{"token_wo_version": 1}, false, []string{"ERROR: Invalid Attribute Combination", "token_wo"}},
		"version with token":         {attrs{"token": tok, "token_wo_version": 1}, false, []string{"ERROR: Invalid Attribute Combination", "token_wo"}},
		"cut off":                    {attrs{"token_wo": tok[:61], "token_wo_version": 1}, false, []string{"ERROR: Invalid Fly Token", "The argument is token_wo. Its line is not shown"}},
	} {
		test.config["app"] = "web"
		got := w.validateManualAs(!test.old, test.config)
		for _, want := range test.want {
			if !strings.Contains(got, want) {
				t.Errorf("%s: %q is missing from:\n%s", name, want, got)
			}
		}
		if len(test.want) == 0 && got != "" || leak(got, tok) != "" {
			t.Errorf("%s: said:\n%s", name, got)
		}
	}
}

// writeOnly is a configuration of web with a write-only token.
func writeOnly(tok string, version any) attrs {
	return attrs{"app": "web", "token_wo": tok, "token_wo_version": version}
}

// A write-only token reaches storage, and neither plan nor state.
func TestManualTokenWriteOnly(t *testing.T) {
	t.Parallel()
	first, second := macaroonFor("first"), macaroonFor("second")
	storage := t.TempDir()
	w := manual(t, storage)
	config := writeOnly("FlyV1 "+first+"\n", 1)
	planned, _, got := w.planManual(nil, config)
	want := attrs{"app": "web", "token": nil, "token_wo": nil, "token_wo_version": 1, "warn_before": nil, "expires_at": unknown{}, "fingerprint": unknown{}, "updated_at": unknown{}}
	if diff := cmp.Diff(want, planned); diff != "" || got != "" {
		t.Fatalf("planned:\n%s%s", diff, got)
	}
	// At apply the value may differ from that at plan.
	state, got := w.applyManual(nil, planned, writeOnly(second, 1))
	want["expires_at"], want["fingerprint"], want["updated_at"] = nil, fingerprintOf(second), state["updated_at"]
	if diff := cmp.Diff(want, state); diff != "" || got != "" || resolved(w) != second {
		t.Fatalf("the data source hands out %v, state:\n%s%s", resolved(w), diff, got)
	}
	other := manual(t, storage)
	if refreshed, got := other.readManual(state); cmp.Diff(state, refreshed) != "" || got != "" {
		t.Errorf("refreshed %v\n%s", refreshed, got)
	}
	// A different value alone causes a warning and no change. A different
	// version is a change.
	if planned, _, got := other.planManual(state, writeOnly(first, 1)); cmp.Diff(state, planned) != "" || !strings.HasPrefix(got, "WARNING: Unable to Save New token_wo") {
		t.Errorf("planned %v\n%s", planned, got)
	}
	planned, replace, got := other.planManual(state, writeOnly(first, 2))
	if replace || got != "" || planned["fingerprint"] != (unknown{}) || planned["token_wo_version"] != 2 {
		t.Fatalf("planned %v\n%s", planned, got)
	}
	updated, got := other.applyManual(state, planned, writeOnly(first, 2))
	if got != "" || updated["fingerprint"] != fingerprintOf(first) || resolved(other) != first {
		t.Errorf("updated to %v\n%s", updated, got)
	}
}

// If storage holds a different token, the version is dropped, so that the plan
// shows an update. The update restores the token of the configuration.
func TestManualTokenWriteOnlyDrift(t *testing.T) {
	t.Parallel()
	storage := t.TempDir()
	w := manual(t, storage)
	config := writeOnly(macaroonFor("ours"), 7)
	state := created(w, config)
	overwrite(t, storage, macaroonFor("theirs"))
	drifted, got := w.readManual(state)
	want := attrs{
		"app": "web", "token": nil, "token_wo": nil, "token_wo_version": nil, "warn_before": nil, "expires_at": nil,
		"fingerprint": fingerprintOf(macaroonFor("ours")), "updated_at": state["updated_at"],
	}
	if diff := cmp.Diff(want, drifted); diff != "" || got != "" {
		t.Fatalf("read:\n%s%s", diff, got)
	}
	planned, replace, _ := w.planManual(drifted, config)
	if replace || planned["token_wo_version"] != 7 || planned["fingerprint"] != (unknown{}) {
		t.Fatalf("planned %v", planned)
	}
	restored, got := w.applyManual(drifted, planned, config)
	if got != "" || restored["fingerprint"] != state["fingerprint"] || resolved(w) != macaroonFor("ours") {
		t.Errorf("restored %v\n%s", restored, got)
	}
}

// From one argument to the other and back, with the same token: an update that
// does not change the record.
func TestManualTokenWriteOnlyMigration(t *testing.T) {
	t.Parallel()
	tok := macaroonFor("web")
	w := manual(t, t.TempDir())
	plain := attrs{"app": "web", "token": tok}
	state := created(w, plain)
	planned, replace, got := w.planManual(state, writeOnly(tok, 1))
	if planned["token"] != nil || planned["fingerprint"] != (unknown{}) || replace || got != "" {
		t.Fatalf("planned %v\n%s", planned, got)
	}
	moved, got := w.applyManual(state, planned, writeOnly(tok, 1))
	want := attrs{"app": "web", "token": nil, "token_wo": nil, "token_wo_version": 1, "warn_before": nil, "expires_at": nil, "fingerprint": state["fingerprint"], "updated_at": state["updated_at"]}
	if diff := cmp.Diff(want, moved); diff != "" || got != "" {
		t.Fatalf("to the write-only one:\n%s%s", diff, got)
	}
	planned, _, _ = w.planManual(moved, plain)
	if back, got := w.applyManual(moved, planned, plain); cmp.Diff(state, back) != "" || got != "" {
		t.Errorf("back: %v\n%s", back, got)
	}
}

// A value that is known only at apply is checked there. The error is at the
// argument, and nothing changes.
func TestManualTokenWriteOnlyAtApply(t *testing.T) {
	t.Parallel()
	tok := macaroonFor("web")
	w := manual(t, t.TempDir())
	for name, value := range map[string]any{"null": nil, "empty": "", "cut off": tok[:61], "expired": macaroonUntil("gone", time.Unix(1e9, 0))} {
		planned, _, got := w.planManual(nil, attrs{"app": "web", "token_wo": unknown{}, "token_wo_version": 1})
		if got != "" {
			t.Fatal(got)
		}
		state, got := w.applyManual(nil, planned, attrs{"app": "web", "token_wo": value, "token_wo_version": 1})
		if !strings.Contains(got, "ERROR: Unable to Save Manual Token") || !strings.Contains(got, "The argument is token_wo.") || leak(got, tok) != "" {
			t.Errorf("%s: said:\n%s", name, got)
		}
		if state != nil || resolved(w) != nil {
			t.Errorf("%s: state is %v", name, state)
		}
	}
}

// The identity is the app, for created, read and imported resources, and for a
// state that an older provider wrote without one.
func TestManualTokenIdentity(t *testing.T) {
	t.Parallel()
	w := manual(t, t.TempDir())
	want := attrs{"app": "web"}
	state := created(w, attrs{"app": "web", "token": macaroonFor("web")})
	read, err := w.server.ReadResource(t.Context(), &tfprotov6.ReadResourceRequest{TypeName: "fly_manual_token", CurrentState: w.state(state)})
	w.check(err)
	if diff := cmp.Diff(want, w.identified(read.NewIdentity)); diff != "" {
		t.Errorf("read:\n%s", diff)
	}
	imported, identity, got := w.importIdentity(want)
	state["token"] = nil
	if diff := cmp.Diff(state, imported) + cmp.Diff(want, identity); diff != "" || got != "" {
		t.Errorf("imported:\n%s%s", diff, got)
	}
	for app, want := range map[string]string{"api": "holds no manual token", "../web": "is the name of the app", macaroonFor("oops"): "looks like a token"} {
		if imported, _, got := w.importIdentity(attrs{"app": app}); imported != nil || !strings.Contains(got, want) {
			t.Errorf("%q: imported %v and said:\n%s", app, imported, got)
		}
	}
}
