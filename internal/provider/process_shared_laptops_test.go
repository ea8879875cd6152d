package provider_test

import (
	"strings"
	"testing"

	"github.com/flytokens/terraform-provider-fly/internal/flytest"
)

// Two laptops with one state and one login plan in turn. No plan shows a change,
// and both use one token.
func TestAccProcessLaptopsInTurn(t *testing.T) {
	t.Parallel()
	for place, open := range locations() {
		if place == "disk" {
			continue
		}
		t.Run(place, func(t *testing.T) {
			t.Parallel()
			l := open(t)
			s := flytest.New(t, flyWorld())
			p := start(t, l.configuration(kinds()["data source"]+manualConfig("worker", macaroonFor("worker"))), append(runner(t, s, s.Login(ownerOfBoth)), l.env...)...)
			p.anew(l)
			one := p.home
			p.run("apply", "-auto-approve")
			p.anew(l)
			two := p.home
			for i := range 6 {
				p.home = []string{one, two}[i%2]
				p.quiet()
			}
			if n := s.Count(flytest.OpMint); n != 1 {
				t.Errorf("the laptops minted %d tokens", n)
			}
		})
	}
}

// A server that stops and starts while plans run fails none of them, and the plans
// after that use what is stored.
func TestAccProcessServerRestarts(t *testing.T) {
	t.Parallel()
	vault, v := inVault(t)
	bucket, b := inBucket(t)
	for place, test := range map[string]struct {
		at            location
		stop, restart func()
	}{
		"Vault": {vault, v.Stop, func() { v.Restart(t) }},
		"S3":    {bucket, b.Stop, func() { b.Restart(t) }},
	} {
		t.Run(place, func(t *testing.T) {
			t.Parallel()
			s := flytest.New(t, flyWorld())
			login := s.Login(ownerOfBoth)
			config := test.at.configuration(kinds()["data source"])
			begun := make([]*running, restartedPlans)
			all := make([]*process, restartedPlans)
			for i := range begun {
				all[i] = start(t, config, append(runner(t, s, login), test.at.env...)...)
				all[i].anew(test.at)
				begun[i] = all[i].begin("plan")
				switch i % 4 {
				case 1:
					test.stop()
				case 3:
					test.restart()
				}
			}
			for i, r := range begun {
				if got := r.wait(); got.failed || !strings.Contains(got.output, "print") {
					t.Errorf("plan %d says:\n%s", i, got.output)
				}
			}
			all[0].run("apply", "-auto-approve")
			all[0].quiet()
		})
	}
}

// restartedPlans is a multiple of four, so that the server runs at the end.
const restartedPlans = 8
