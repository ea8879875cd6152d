package provider_test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/flytokens/terraform-provider-fly/internal/flytest"
	"github.com/flytokens/terraform-provider-fly/internal/flytest/vaulttest"
)

// fenced returns the first block of a guide that has the given language.
func fenced(t *testing.T, guide, language string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "guides", guide))
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile("(?ms)^```" + language + "\n(.*?)^```$").FindSubmatch(text)
	if found == nil {
		t.Fatalf("%s has no block of %s", guide, language)
	}
	return string(found[1])
}

// The configurations in the guides apply, with the policy in Vault's, and store a
// token that the next machine finds.
func TestAccProcessSharedGuides(t *testing.T) {
	t.Parallel()
	vault, server := inVault(t)
	server.Policy(t, "fly-tokens", fenced(t, "vault.md", "text"))
	vault.env = append(vault.env, "VAULT_TOKEN="+server.Token(t, "fly-tokens"))
	bucket, _ := inBucket(t)
	for guide, l := range map[string]location{"vault.md": vault, "s3.md": bucket} {
		t.Run(guide, func(t *testing.T) {
			t.Parallel()
			s := flytest.New(t, flyWorld())
			p := start(t, fenced(t, guide, "hcl"), append(runner(t, s, s.Login(ownerOfBoth)), l.env...)...)
			p.run("apply", "-auto-approve")
			p.anew(location{})
			p.quiet()
			if n := s.Count(flytest.OpMint); n != 1 {
				t.Errorf("two machines minted %d tokens", n)
			}
		})
	}
}

// With the guide's policy, no token that was rotated, invalidated, replaced or
// removed can be read as an old version.
func TestVaultKeepsNoOldTokens(t *testing.T) {
	t.Parallel()
	v := vaulttest.Start(t, vaulttest.Config{})
	v.Policy(t, "fly-tokens", fenced(t, "vault.md", "text"))
	s := flytest.New(t, flyWorld())
	world := flyServed(t, s, "FLY_API_TOKEN="+s.Login(ownerOfBoth).Reveal(), "VAULT_TOKEN="+v.Token(t, "fly-tokens"))
	open := func() *wire {
		return configured(t, world, attrs{"sources": []any{"storage", "api"}, "storage": attrs{"vault": attrs{"mount": "secret", "address": v.Address}}})
	}
	old := map[string]string{}
	read := func(policy string) string {
		state, got := open().read(t.Context(), attrs{"app": "web", "refresh": policy})
		if got != "" {
			t.Fatal(got)
		}
		return as[string](t, state["token"])
	}
	old["rotated"] = read("if_rejected")
	old["invalidated"] = read("always")
	if _, got := open().invoke(t.Context(), "fly_app_token_invalidate", attrs{"app": "web"}); strings.Contains(got, "ERROR") {
		t.Fatal(got)
	}
	current := read("if_rejected")
	old["removed"] = macaroonFor("manual")
	w := open()
	if _, got := w.applyManual(created(w, attrs{"app": "web", "token": old["removed"]}), nil, nil); got != "" {
		t.Fatal(got)
	}
	readable := ""
	for _, doc := range []string{"web/state", "web/manual", "organization_acme/state"} {
		for n := range 20 {
			_, body := v.Call(t, v.RootToken, http.MethodGet, fmt.Sprintf("secret/data/fly-tokens/%s?version=%d", doc, n), nil)
			readable += string(body)
		}
	}
	for what, tok := range old {
		if strings.Contains(readable, tok) {
			t.Errorf("a token that was %s can be read", what)
		}
	}
	if !strings.Contains(readable, current) {
		t.Error("the current token cannot be read")
	}
}
