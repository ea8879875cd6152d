package provider_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// In Vault, a job with a read-only policy reads the token and mints nothing, no
// version of the secret keeps a replaced token, and a sealed server changes nothing.
func TestAccProcessDeployTokenStoredInVault(t *testing.T) {
	t.Parallel()
	l, v := inVault(t)
	m := storedModule(t, l)
	m.sets(l, "")
	m.run("apply", "-auto-approve")
	first := m.got("github_actions_secret")

	v.Policy(t, "reader", `path "secret/data/team/fly/web/state" { capabilities = ["read"] }`)
	reader := location{l.storage, []string{"VAULT_ADDR=" + v.Address, "VAULT_TOKEN=" + v.Token(t, "reader")}}
	if got := m.reads(reader); got.failed {
		t.Errorf("a reader says:\n%s", got.output)
	}
	other := storedModule(t, reader)
	other.sets(reader, "")
	denied := other.try("apply", "-auto-approve")
	wants(t, denied.output, "Error: Unable to Mint Fly Deploy Token", "403")
	wantTokens(t, other.fly, tokens{})

	m.sets(l, `  triggers = { n = "2" }`)
	m.run("apply", "-auto-approve")
	second, readable := m.got("github_actions_secret"), ""
	for version := range 30 {
		_, body := v.Call(t, v.RootToken, http.MethodGet, fmt.Sprintf("secret/data/team/fly/web/state?version=%d", version), nil)
		readable += string(body)
	}
	if strings.Contains(readable, first) || !strings.Contains(readable, second) {
		t.Error("the replaced token can be read, or the current one cannot")
	}

	v.Seal(t)
	sealed := m.try("plan")
	wants(t, sealed.output, "Warning: Unable to Read Stored Fly Deploy Tokens", "Error: Unable to Read Fly Deploy Token", "the server is sealed")
	v.Unseal(t)
	silent(t, map[string]string{"1": first, "2": second}, denied, sealed, m.quiet())
}
