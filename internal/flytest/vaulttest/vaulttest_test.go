package vaulttest_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/flytokens/terraform-provider-fly/internal/flytest/vaulttest"
)

func TestServerKeepsItsDataWhenStartedAgain(t *testing.T) {
	t.Parallel()
	s := vaulttest.Start(t, vaulttest.Config{})
	s.Must(t, http.MethodPost, "secret/data/a", map[string]any{"data": map[string]any{"b": "c"}})
	addr := s.Address
	s.Restart(t)
	if s.Address != addr {
		t.Errorf("it moved from %s to %s", addr, s.Address)
	}
	if data := s.Must(t, http.MethodGet, "secret/data/a", nil); !strings.Contains(string(data), `"b":"c"`) {
		t.Errorf("after the restart: %s", data)
	}
}

func TestServerSeals(t *testing.T) {
	t.Parallel()
	s := vaulttest.Start(t, vaulttest.Config{TLS: true})
	s.Seal(t)
	if status, data := s.Call(t, s.RootToken, http.MethodGet, "secret/data/a", nil); status != http.StatusServiceUnavailable {
		t.Errorf("sealed, it answers %d %s", status, data)
	}
	s.Unseal(t)
	if status, data := s.Call(t, s.RootToken, http.MethodGet, "secret/data/a", nil); status != http.StatusNotFound {
		t.Errorf("unsealed, it answers %d %s", status, data)
	}
}

func TestServerHeedsPolicies(t *testing.T) {
	t.Parallel()
	s := vaulttest.Start(t, vaulttest.Config{})
	s.Policy(t, "team", `path "secret/data/team/*" { capabilities = ["read"] }`)
	token := s.Token(t, "team")
	for path, want := range map[string]int{"secret/data/team/a": http.StatusNotFound, "secret/data/other": http.StatusForbidden} {
		if status, data := s.Call(t, token, http.MethodGet, path, nil); status != want {
			t.Errorf("%s: got %d %s, want %d", path, status, data, want)
		}
	}
}

func TestStandbyRedirects(t *testing.T) {
	t.Parallel()
	s := vaulttest.Start(t, vaulttest.Config{Standby: true})
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.Standby+"/v1/secret/data/a", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusTemporaryRedirect || !strings.HasPrefix(resp.Header.Get("Location"), s.Address) {
		t.Errorf("got %d to %q, want 307 to %s", resp.StatusCode, resp.Header.Get("Location"), s.Address)
	}
}
