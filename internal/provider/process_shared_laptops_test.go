package provider_test

import (
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
