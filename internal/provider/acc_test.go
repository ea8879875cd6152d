package provider_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"

	"github.com/flytokens/terraform-provider-fly/internal/provider"
)

// acceptance is a separate world for one acceptance test: a home folder,
// storage, and variables that the test may change between steps.
type acceptance struct {
	t *testing.T
	provider.World
}

// accept makes such a world, or skips the test without TF_ACC.
func accept(t *testing.T) *acceptance {
	t.Helper()
	if os.Getenv(resource.EnvTfAcc) == "" {
		t.Skip("acceptance tests run with TF_ACC=1")
	}
	return &acceptance{t: t, World: scratch(t)}
}

// storage is the provider's default storage.
func (a *acceptance) storage() string {
	return filepath.Join(a.ConfigDir, "terraform-provider-fly")
}

// configFile is the default path of flyctl's login.
func (a *acceptance) configFile() string { return filepath.Join(a.Home, ".fly", "config.yml") }

// logIn writes flyctl's config.yml with the token given.
func (a *acceptance) logIn(tok string) {
	a.t.Helper()
	write(a.t, a.configFile(), "access_token: "+tok+"\n")
}

// forget removes the minted records from storage, if there are any.
func (a *acceptance) forget() {
	a.t.Helper()
	for _, record := range mintedIn(a.t, a.storage()) {
		file, _, _ := strings.Cut(record, " ")
		if err := os.Remove(file); err != nil && !errors.Is(err, fs.ErrNotExist) {
			a.t.Fatal(err)
		}
	}
}

func (a *acceptance) remove(name string) {
	a.t.Helper()
	if err := os.Remove(name); err != nil {
		a.t.Fatal(err)
	}
}

// run takes an engine through the steps. For each of its commands the engine
// starts a new provider, in this process.
func (a *acceptance) run(steps ...resource.TestStep) {
	a.t.Helper()
	resource.Test(a.t, resource.TestCase{
		ProtoV6ProviderFactories: map[string]func() (tfprotov6.ProviderServer, error){
			"fly": func() (tfprotov6.ProviderServer, error) {
				return provider.NewServer(provider.NewIn(a.World)()), nil
			},
		},
		Steps: steps,
	})
}

// clear removes the manual record of app from storage.
func (a *acceptance) clear(app string) {
	a.t.Helper()
	a.remove(filepath.Join(a.storage(), "apps", "app-"+app, "manual.json"))
}
