package provider_test

import (
	"os"
	"strconv"
	"testing"

	"github.com/flytokens/terraform-provider-fly/internal/flytest"
)

// engines returns how many engines run at once in the test below, at least two.
func engines() int {
	if n, err := strconv.Atoi(os.Getenv("TF_ACC_ENGINES")); err == nil && n > 1 {
		return n
	}
	return 10
}

// Engines with a disk each, cold, apply at once a configuration that reads one app. One
// of them mints, and all have its token.
func TestAccProcessEnginesMintOnce(t *testing.T) {
	t.Parallel()
	for place, open := range servers() {
		t.Run(place, func(t *testing.T) {
			t.Parallel()
			l := open(t)
			s := flytest.New(t, flyWorld())
			env := append(runner(t, s, s.Login(ownerOfBoth)), l.env...)
			all := make([]*process, engines())
			begun := make([]*running, len(all))
			for i := range all {
				all[i] = start(t, l.configuration(kinds()["data source"]), env...)
				all[i].storage = l.storage
			}
			for i, p := range all {
				begun[i] = p.begin("apply", "-auto-approve")
			}
			for _, r := range begun {
				if got := r.wait(); got.failed {
					t.Fatalf("an apply failed:\n%s", got.output)
				}
			}
			first := all[0].run("output", "-raw", "print").output
			for _, p := range all[1:] {
				if p.run("output", "-raw", "print").output != first {
					t.Error("two engines have different tokens")
				}
			}
			if n := s.Count(flytest.OpMint); n != 1 || first == "" {
				t.Errorf("%d mints for %d engines, fingerprint %q", n, len(all), first)
			}
		})
	}
}
