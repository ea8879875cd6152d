package provider_test

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/flytokens/terraform-provider-fly/internal/flytest"
	"github.com/flytokens/terraform-provider-fly/internal/flytest/engine"
)

// An apply that is longer than its ephemeral token lives: the log has a warning, which
// OpenTofu shows when the apply ends, and the token is revoked.
func TestAccProcessEphemeralExpiresDuringApply(t *testing.T) {
	t.Parallel()
	requires(t, engine.EphemeralResources)
	if runtime.GOOS == "windows" {
		t.Skip("the provisioner is a shell script")
	}
	s := flytest.New(t, flyWorld())
	config := strings.Replace(leased("until [ -e renewed ]; do sleep 0.1; done"), "revoke_on_close = true", "revoke_on_close = true\n  ttl = \"3s\"", 1)
	p := start(t, config, runner(t, s, s.Login(ownerOfBoth))...)
	p.env = append(p.env, "PATH="+os.Getenv("PATH")) // sleep
	r := p.begin("apply", "-auto-approve")
	flytest.Eventually(t, "the engine renews", func() bool {
		log, err := os.ReadFile(r.trace)
		return err == nil && strings.Contains(string(log), "Called provider defined EphemeralResource Renew")
	})
	write(t, filepath.Join(p.dir, "renewed"), "")
	got := r.wait()
	if got.failed {
		t.Fatal(got.output)
	}
	wants(t, got.trace, "a Fly app token expires during this run")
	if p.engine.Kind == engine.Terraform {
		t.Log("Terraform calls Renew, and shows none of its warnings")
	} else {
		wants(t, got.output, "Warning: Fly Token Expires During This Run", `The token of app "web" expires at `)
	}
	revokedAll(t, s, got)
}
