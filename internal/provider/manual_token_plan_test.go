package provider_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	"github.com/flytokens/terraform-provider-fly/internal/flytest/engine"
)

// The plan refuses an expired token if it is known.
func TestExpiredManualTokenIsRefusedAtPlan(t *testing.T) {
	t.Parallel()
	gone := macaroonUntil("gone", time.Now().Add(-time.Hour))
	for argument, config := range map[string]attrs{"token": {"app": "web", "token": gone}, "token_wo": writeOnly(gone, 1)} {
		w := manual(t, t.TempDir())
		_, _, got := w.planManual(nil, config)
		wants(t, got, "ERROR: Unable to Save Manual Token", "The argument is "+argument+".", "the token has already expired", "fly tokens create deploy -a web")
		if leak(got, gone) != "" {
			t.Error(got)
		}
	}
}

// Within warn_before of a token's expiry a plan warns, with advice.
func TestManualTokenExpiryWarning(t *testing.T) {
	t.Parallel()
	inDays := func(days int) string { return macaroonUntil("soon", time.Now().Add(time.Duration(days)*24*time.Hour)) }
	for name, test := range map[string]struct {
		config attrs
		want   []string
	}{
		"in a month":              {config: attrs{"token": inDays(30)}},
		"in a week and a day":     {config: attrs{"token": inDays(8)}},
		"in six days":             {config: attrs{"token": inDays(6)}, want: []string{"WARNING: Manual Token Expires Soon", "in 144h", "set token to it.", "begins 168h before the expiry"}},
		"write-only":              {config: attrs{"token_wo": inDays(6), "token_wo_version": 1}, want: []string{"WARNING: Manual Token Expires Soon", "change token_wo_version"}},
		"asked for no warning":    {config: attrs{"token": inDays(6), "warn_before": "0s"}},
		"asked for an early one":  {config: attrs{"token": inDays(30), "warn_before": "1440h"}, want: []string{"WARNING: Manual Token Expires Soon", "begins 1440h before"}},
		"a token without an end":  {config: attrs{"token": macaroonFor("web")}},
		"a login of unknown life": {config: attrs{"token": oauthFor("web")}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test.config["app"] = "web"
			w := manual(t, t.TempDir())
			planned, _, got := w.planManual(nil, test.config)
			wants(t, got, test.want...)
			if (got == "") != (test.want == nil) {
				t.Errorf("the plan of a new one says:\n%s", got)
			}
			state, got := w.applyManual(nil, planned, test.config)
			if got != "" || strings.HasPrefix(name, "in ") && state["expires_at"] == nil {
				t.Fatalf("got %v\n%s", state, got)
			}
			again, _, got := w.planManual(state, test.config)
			wants(t, got, test.want...)
			state["token_wo"] = test.config["token_wo"]
			again["token_wo"] = test.config["token_wo"]
			if diff := cmp.Diff(state, again); diff != "" || (got == "") != (test.want == nil) {
				t.Errorf("the next plan changes\n%s and says:\n%s", diff, got)
			}
		})
	}
}

// A token that expired after it was saved causes a warning and no change.
func TestManualTokenHasExpired(t *testing.T) {
	t.Parallel()
	config := attrs{"app": "web", "token": macaroonUntil("web", time.Now().Add(time.Hour))}
	world := scratch(t)
	state := createdBeforeItsEnd(t, configured(t, world, nil), config)
	world.Now = func() time.Time { return time.Now().Add(2 * time.Hour) }
	planned, _, got := configured(t, world, nil).planManual(state, config)
	wants(t, got, "WARNING: Manual Token Has Expired", "is no longer used")
	if diff := cmp.Diff(state, planned); diff != "" {
		t.Error(diff)
	}
}

// createdBeforeItsEnd creates a fly_manual_token whose plan may warn.
func createdBeforeItsEnd(t *testing.T, w *wire, config attrs) attrs {
	t.Helper()
	planned, _, _ := w.planManual(nil, config)
	state, got := w.applyManual(nil, planned, config)
	if got != "" {
		t.Fatal(got)
	}
	return state
}

// A change of warn_before is an update that does not change storage, even if
// token_wo is different.
func TestManualTokenWarnBeforeAlone(t *testing.T) {
	t.Parallel()
	first, second := macaroonFor("first"), macaroonFor("second")
	w := manual(t, t.TempDir())
	state := created(w, writeOnly(first, 1))
	config := writeOnly(second, 1)
	config["warn_before"] = "24h"
	planned, replace, _ := w.planManual(state, config)
	applied, got := w.applyManual(state, planned, config)
	want := cmp.Diff(state, applied)
	if got != "" || replace || applied["warn_before"] != "24h" || applied["updated_at"] != state["updated_at"] || resolved(w) != first {
		t.Errorf("changed:\n%s\n%s", want, got)
	}
}

// A changed token_wo with an unchanged version causes a warning.
func TestManualTokenStaleVersion(t *testing.T) {
	t.Parallel()
	first, second := macaroonFor("first"), macaroonFor("second")
	w := manual(t, t.TempDir())
	state := created(w, writeOnly(first, 1))
	for name, test := range map[string]struct {
		config attrs
		warns  bool
	}{
		"the same":           {writeOnly(first, 1), false},
		"another spelling":   {writeOnly("FlyV1 "+first+"\n", 1), false},
		"another":            {writeOnly(second, 1), true},
		"another, versioned": {writeOnly(second, 2), false},
		"not known yet":      {attrs{"app": "web", "token_wo": unknown{}, "token_wo_version": 1}, false},
	} {
		_, _, got := w.planManual(state, test.config)
		if test.warns {
			wants(t, got, "WARNING: Unable to Save New token_wo", "token_wo_version is still 1", fingerprintOf(first), fingerprintOf(second), `AttributeName("token_wo_version")`)
		} else if got != "" {
			t.Errorf("%s: the plan says:\n%s", name, got)
		}
		if leak(got, second) != "" {
			t.Error(got)
		}
	}
}

// The private state holds the folder and no token.
func TestManualTokenRemembersStorage(t *testing.T) {
	t.Parallel()
	before, after := t.TempDir(), t.TempDir()
	w := manual(t, before)
	config := attrs{"app": "web", "token": macaroonFor("web")}
	planned, _, _ := w.planManual(nil, config)
	applied, err := w.server.ApplyResourceChange(t.Context(), &tfprotov6.ApplyResourceChangeRequest{
		TypeName: "fly_manual_token", PriorState: w.state(nil), PlannedState: w.state(planned), Config: w.state(config),
	})
	if err != nil || len(applied.Diagnostics) > 0 {
		t.Fatal(err, problems(applied.Diagnostics))
	}
	private := string(applied.Private)
	if leak(private, macaroonFor("web")) != "" {
		t.Errorf("the private state is %s", private)
	}
	refresh := func(storage string) (*tfprotov6.ReadResourceResponse, string) {
		t.Helper()
		resp, err := manual(t, storage).server.ReadResource(t.Context(), &tfprotov6.ReadResourceRequest{
			TypeName: "fly_manual_token", CurrentState: applied.NewState, Private: applied.Private,
		})
		if err != nil {
			t.Fatal(err)
		}
		return resp, problems(resp.Diagnostics)
	}
	if _, got := refresh(before); got != "" {
		t.Errorf("with the same storage:\n%s", got)
	}
	_, got := refresh(after)
	wants(t, got, "WARNING: Manual Token Left in Previous Storage", before, after)
	if err := os.RemoveAll(filepath.Join(before, "apps")); err != nil {
		t.Fatal(err)
	}
	if _, got := refresh(after); got != "" {
		t.Errorf("with nothing left in the previous storage:\n%s", got)
	}
}

// On an engine: the storage path changes, then the provider block and the
// resource are removed.
func TestAccProcessStoragePathChanges(t *testing.T) {
	t.Parallel()
	resource := "resource \"fly_manual_token\" \"web\" {\n  app   = \"web\"\n  token = \"" + macaroonFor("web") + "\"\n}\n"
	in := func(folder string) string {
		return fmt.Sprintf("provider \"fly\" {\n  storage = { path = %q }\n}\n", filepath.ToSlash(folder))
	}
	before, after := t.TempDir(), t.TempDir()
	p := start(t, in(before)+resource)
	p.run("apply", "-auto-approve")
	p.configure(in(after) + resource)
	const title = "Warning: Manual Token Left in Previous Storage"
	if got := p.run("plan"); !strings.Contains(got.output, title) || !strings.Contains(got.output, "1 to add") {
		t.Errorf("with another path, the plan says:\n%s", got.output)
	}
	p.configure("provider \"fly\" {}\n")
	if got := p.run("plan"); !strings.Contains(got.output, title) {
		t.Errorf("without resource and path, the plan says:\n%s", got.output)
	}
}

// On an engine: a write-only token changes without its version, and a different
// token expires soon.
func TestAccProcessManualTokenWarnings(t *testing.T) {
	t.Parallel()
	requires(t, engine.WriteOnlyArguments)
	writeOnly := func(tok string) string {
		return "resource \"fly_manual_token\" \"web\" {\n  app              = \"web\"\n  token_wo         = \"" + tok + "\"\n  token_wo_version = 1\n}\n"
	}
	p := start(t, writeOnly(macaroonFor("first")))
	p.run("apply", "-auto-approve")
	p.configure(writeOnly(macaroonFor("second")))
	if got := p.unchanged(); !strings.Contains(got.output, "Warning: Unable to Save New token_wo") {
		t.Errorf("the plan says:\n%s", got.output)
	}
	p = start(t, manualConfig("web", macaroonUntil("soon", time.Now().Add(24*time.Hour))))
	p.run("apply", "-auto-approve")
	got := p.unchanged()
	if !strings.Contains(got.output, "Warning: Manual Token Expires Soon") {
		t.Errorf("the plan says:\n%s", got.output)
	}
	p.configure(manualConfig("web", macaroonUntil("gone", time.Now().Add(-24*time.Hour))))
	if got := p.try("plan"); !got.failed || !strings.Contains(got.output, "Error: Unable to Save Manual Token") {
		t.Errorf("the plan of an expired token says:\n%s", got.output)
	}
}
