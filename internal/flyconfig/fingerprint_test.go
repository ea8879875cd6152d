package flyconfig_test

import (
	"testing"
	"time"

	"github.com/flytokens/terraform-provider-fly/internal/flytest/fakefly"
)

// A login in config.yml keeps its fingerprint if flyctl renews its discharges,
// and after their expiry.
func TestFingerprint(t *testing.T) {
	t.Parallel()
	of := func(login string) string {
		return writeConfig(t, "access_token: "+login+"\n").Fingerprint(t.Context())
	}
	monday := fakefly.Token{Seed: "login", DischargeNotAfter: time.Now().Add(-time.Hour)}
	tuesday := fakefly.Token{Seed: "login", DischargeNotAfter: time.Now().Add(time.Hour)}
	first := of(monday.Text())
	if first == "" {
		t.Fatal("an expired login has none")
	}
	for name, same := range map[string]string{
		"a renewed discharge": tuesday.Text(),
		"no discharge":        monday.Permission(),
		"a different order":   tuesday.Discharge() + "," + tuesday.Permission(),
	} {
		if got := of(same); got != first {
			t.Errorf("%s: got %q, want %q", name, got, first)
		}
	}
	for name, other := range map[string]string{"a different login": macaroon("other"), "an OAuth token": "fo1_user"} {
		if got := of(other); got == first || got == "" {
			t.Errorf("%s: got %q", name, got)
		}
	}
	if got := writeConfig(t, "").Fingerprint(t.Context()); got != "" {
		t.Errorf("without a login: got %q", got)
	}
}
