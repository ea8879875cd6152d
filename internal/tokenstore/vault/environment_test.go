package vault_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/flytokens/terraform-provider-fly/internal/flytest/vaulttest"
	"github.com/flytokens/terraform-provider-fly/internal/tokenstore/vault"
)

// TestEnvironmentIsThatOfTheCommand sets variables, which parallel tests must not.
func TestEnvironmentIsThatOfTheCommand(t *testing.T) {
	s := vaulttest.Start(t, vaulttest.Config{TLS: true})
	home := t.TempDir()
	t.Setenv("HOME", home)
	t.Setenv("VAULT_CONFIG_PATH", filepath.Join(home, ".vault"))
	t.Setenv("VAULT_ADDR", s.Address)
	b := func() *vault.Backend {
		return vault.Open(vault.Settings{Mount: "secret", Path: "fly-tokens", Timeout: patience})
	}
	_, err := b().Load(t.Context(), manual)
	wantError(t, err, "cannot read vault secret/fly-tokens/web/manual: an unknown authority signed the server's certificate"+
		": install this machine's CA certificates (the package ca-certificates), or set the authority's file in VAULT_CACERT")

	t.Setenv("VAULT_CACERT", s.CA)
	_, err = b().Load(t.Context(), manual)
	wantError(t, err, "cannot read vault secret/fly-tokens/web/manual: no Vault token is set: run vault login, or set VAULT_TOKEN")

	helper := filepath.Join(home, "helper")
	script := "#!/bin/sh\nprintf %s " + s.RootToken + "\n"
	if err := os.WriteFile(helper, []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(home, ".vault"), []byte("token_helper = \""+helper+"\"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	load(t, b(), manual)

	t.Setenv("VAULT_TOKEN", "hvs.expired")
	if _, err := b().Load(t.Context(), manual); err == nil {
		t.Error("VAULT_TOKEN does not come before the token helper")
	}
	t.Setenv("VAULT_TOKEN", s.RootToken)
	load(t, b(), manual)

	t.Setenv("VAULT_SKIP_VERIFY", "perhaps")
	_, err = b().Load(t.Context(), manual)
	wantError(t, err, "cannot read vault secret/fly-tokens/web/manual: could not parse VAULT_SKIP_VERIFY: correct the VAULT_ variables or ~/.vault")
}
