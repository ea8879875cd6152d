package provider_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/flytokens/terraform-provider-fly/internal/flytest"
	"github.com/flytokens/terraform-provider-fly/internal/flytest/fakefly"
	"github.com/flytokens/terraform-provider-fly/internal/token"
	"github.com/flytokens/terraform-provider-fly/internal/tokenstore/dir"
)

// crowd is many projects over one storage and one flyctl.
func crowd(t *testing.T, fly *fakefly.Fake, n int, config string) []*process {
	t.Helper()
	all := make([]*process, n)
	for i := range all {
		all[i] = start(t, config, flyEnv(fly)...)
		all[i].storage = all[0].storage
	}
	return all
}

// readMany reads the tokens of n apps and puts their fingerprints out.
func readMany(n int, arguments string) string {
	return fmt.Sprintf(`
provider "fly" {
%s
}

data "fly_app_token" "all" {
  for_each = toset([for n in range(%d) : "app-${n}"])
  app      = each.key
}

output "all" {
  value = { for app, read in data.fly_app_token.all : app => read.fingerprint }
}
`, arguments, n)
}

// together runs the engine in every project, and holds the lock of the apps'
// organization until each has begun to read all of them. So the speed of their start
// does not matter.
func together(t *testing.T, all []*process, apps int, args ...string) []outcome {
	t.Helper()
	unlock, _, err := dir.Open(all[0].storage).Claim(t.Context(), token.Request{Organization: "acme"}.Place())
	if err != nil {
		t.Fatal(err)
	}
	begun := make([]*running, len(all))
	for i, p := range all {
		begun[i] = p.begin(args...)
	}
	for _, r := range begun {
		r.awaitReads(apps)
	}
	unlock()
	outcomes := make([]outcome, len(all))
	for i, r := range begun {
		outcomes[i] = r.wait()
	}
	return outcomes
}

// awaitReads waits until the engine has requested this number of tokens.
func (r *running) awaitReads(n int) {
	r.t.Helper()
	flytest.Eventually(r.t, "the provider is asked for tokens", func() bool {
		log, err := os.ReadFile(r.trace)
		return err == nil && strings.Count(string(log), "Calling provider defined DataSource Read") >= n
	})
}

// planned returns the outputs in the plan file named plan.
func (p *process) planned() map[string]string {
	p.t.Helper()
	var shown struct {
		Changes map[string]struct {
			After map[string]string `json:"after"`
		} `json:"output_changes"`
	}
	text := p.run("show", "-json", "plan").output
	if err := json.Unmarshal([]byte(text[strings.Index(text, "{"):]), &shown); err != nil {
		p.t.Fatal(err)
	}
	return shown.Changes["all"].After
}

// Plans that read cold apps of one organization at once run flyctl once, whatever
// a plan throws away, and all get the same token.
func TestAccProcessOneCallForManyPlans(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		plans, apps int
		arguments   string
	}{
		"one app":              {12, 1, ""},
		"several apps":         {4, 4, ""},
		"one app, always anew": {4, 1, `refresh = "always"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fly := fakefly.Install(t, fakefly.Behaviour{Delay: time.Second})
			all := crowd(t, fly, test.plans, readMany(test.apps, test.arguments))
			tokens := map[string]bool{}
			for i, got := range together(t, all, test.apps, "plan", "-out=plan") {
				if got.failed || strings.Contains(got.output, "Warning: Fly") {
					t.Fatalf("plan %d says:\n%.3000s", i, got.output)
				}
				for _, fingerprint := range all[i].planned() {
					tokens[fingerprint] = true
				}
			}
			if len(tokens) != 1 {
				t.Errorf("want one token for all apps: %v", slices.Sorted(maps.Keys(tokens)))
			}
			if calls := len(fly.Calls()); calls != 1 {
				t.Errorf("flyctl was run %d times, want once", calls)
			}
		})
	}
}

// A flyctl that fails is run once, and every plan has its message for each app.
func TestAccProcessFailureIsShared(t *testing.T) {
	t.Parallel()
	fly := fakefly.Install(t, fakefly.Unauthenticated())
	const apps = 3
	all := crowd(t, fly, 4, readMany(apps, `sources = ["storage", "cli"]`))
	for i, got := range together(t, all, apps, "plan") {
		if !got.failed || strings.Count(got.output, "Error: Unable to Read Fly App Token") != apps || strings.Count(got.output, "fly auth login") != apps {
			t.Errorf("plan %d says:\n%.3000s", i, got.output)
		}
	}
	if calls := len(fly.Calls()); calls != 1 {
		t.Errorf("flyctl was run %d times, want once", calls)
	}
}
