package provider_test

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/flytokens/terraform-provider-fly/internal/flytest"
	"github.com/flytokens/terraform-provider-fly/internal/flytest/engine"
	"github.com/flytokens/terraform-provider-fly/internal/flytest/s3test"
	"github.com/flytokens/terraform-provider-fly/internal/flytest/vaulttest"
)

// location is storage as a machine has it set.
type location struct {
	// storage is FLY_TOKEN_STORAGE; "" means a folder in the machine's home.
	storage string
	// env are the variables that reach the server.
	env []string
}

// inVault returns storage in a new Vault server.
func inVault(t *testing.T) (location, *vaulttest.Server) {
	t.Helper()
	s := vaulttest.Start(t, vaulttest.Config{})
	return location{"vault://secret/team/fly", []string{"VAULT_ADDR=" + s.Address, "VAULT_TOKEN=" + s.RootToken}}, s
}

// inBucket returns storage in a bucket of a new S3 server.
func inBucket(t *testing.T) (location, *s3test.Server) {
	t.Helper()
	s := s3test.Start(t, s3test.Config{})
	s.Bucket(t, "acme-tokens")
	return location{"s3://acme-tokens/fly", []string{
		"AWS_ENDPOINT_URL_S3=" + s.Endpoint, "AWS_ACCESS_KEY_ID=" + s3test.AccessKey, "AWS_SECRET_ACCESS_KEY=" + s3test.SecretKey,
	}}, s
}

// locations are the kinds of storage.
func locations() map[string]func(t *testing.T) location {
	return map[string]func(t *testing.T) location{
		"disk":  func(*testing.T) location { return location{} },
		"Vault": func(t *testing.T) location { l, _ := inVault(t); return l },
		"S3":    func(t *testing.T) location { l, _ := inBucket(t); return l },
	}
}

// pathStyle is a provider block for an S3 server at an IP address, which cannot
// have the bucket in its host's name.
const pathStyle = `
provider "fly" {
  storage = { s3 = { bucket = "acme-tokens", prefix = "fly", use_path_style = true } }
}
`

// configuration returns config for a machine with this storage.
func (l location) configuration(config string) string {
	if strings.HasPrefix(l.storage, "s3://") {
		return pathStyle + config
	}
	return config
}

// anew gives a project the empty disk of another machine, which has only the
// configuration and the state.
func (p *process) anew(l location) {
	p.t.Helper()
	cli, err := os.ReadFile(filepath.Join(p.home, "cli.tfrc"))
	if err != nil {
		p.t.Fatal(err)
	}
	p.home = p.t.TempDir()
	write(p.t, filepath.Join(p.home, "cli.tfrc"), string(cli))
	if p.storage = l.storage; p.storage == "" {
		p.storage = filepath.Join(p.home, "storage")
	}
}

// kinds are configurations of each way to have a token.
func kinds() map[string]string {
	return map[string]string{
		"data source":     readWebData + "\noutput \"print\" {\n  value = data.fly_app_token.web.fingerprint\n}\n",
		"ephemeral":       "ephemeral \"fly_app_token\" \"web\" {\n  app = \"web\"\n}\n",
		"revoke_on_close": "ephemeral \"fly_app_token\" \"web\" {\n  app             = \"web\"\n  revoke_on_close = true\n}\n",
		"manual":          manualConfig("web", macaroonFor("web")),
		"deploy token":    deployConfig(""),
		"stored token":    "resource \"fly_deploy_token\" \"web\" {\n  app            = \"web\"\n  token_in_state = false\n}\n",
	}
}

// cost is what a series of runs cost.
type cost struct{ mints, live, changed int }

// runs returns how often the tests below run with an empty disk, at least twice.
// The table in the documentation is that of ten runs.
func runs() int {
	if n, err := strconv.Atoi(os.Getenv("TF_ACC_RUNS")); err == nil && n > 1 {
		return n
	}
	return 2
}

// Each run of a CI plans and applies on a machine with an empty disk. On shared
// storage all of them use one token, and only the first plan shows a change.
func TestAccProcessRunsWithEmptyDisks(t *testing.T) {
	t.Parallel()
	requires(t, engine.EphemeralResources)
	n := runs()
	// Terraform opens an ephemeral resource again to apply a plan without changes.
	opened := n
	if chosen, err := engine.At(t.Context(), os.Getenv("TF_ACC_TERRAFORM_PATH")); err != nil {
		t.Fatal(err)
	} else if chosen.Kind == engine.Terraform {
		opened = 2 * n
	}
	shared := map[string]cost{
		"data source": {1, 1, 1}, "ephemeral": {1, 1, 0}, "revoke_on_close": {opened, 0, 0}, "manual": {0, 0, 1}, "deploy token": {1, 1, 1}, "stored token": {1, 1, 1},
	}
	want := map[string]map[string]cost{
		"Vault": shared, "S3": shared,
		"disk": {"data source": {n, n, n}, "ephemeral": {n, n, 0}, "revoke_on_close": {opened, 0, 0}, "manual": {0, 0, n}, "deploy token": {1, 1, 1}, "stored token": {n, 2, n}},
	}
	for place, open := range locations() {
		t.Run(place, func(t *testing.T) {
			t.Parallel()
			l := open(t)
			for kind, config := range kinds() {
				t.Run(kind, func(t *testing.T) {
					t.Parallel()
					s := flytest.New(t, flyWorld())
					p := start(t, l.configuration(config), append(runner(t, s, s.Login(ownerOfBoth)), l.env...)...)
					var got cost
					for range n {
						p.anew(l)
						if plan := p.run("plan", "-out=plan"); !strings.Contains(plan.output, "No changes.") {
							got.changed++
						}
						p.run("apply", "plan")
					}
					got.mints, got.live = s.Count(flytest.OpMint), len(live(s))
					if got != want[place][kind] {
						t.Errorf("%d runs cost %+v, want %+v", n, got, want[place][kind])
					}
					t.Logf("| %s | %s | %d | %d | %d of %d |", kind, place, got.mints, got.live, got.changed, n)
				})
			}
		})
	}
}
