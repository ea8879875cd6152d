package vault_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/flytokens/terraform-provider-fly/internal/flytest/daemon"
	"github.com/flytokens/terraform-provider-fly/internal/flytest/vaulttest"
	"github.com/flytokens/terraform-provider-fly/internal/token"
	"github.com/flytokens/terraform-provider-fly/internal/tokenstore"
	"github.com/flytokens/terraform-provider-fly/internal/tokenstore/vault"
)

// wantError fails unless err reads exactly like want, and is of the kind that
// says that nothing can be written.
func wantError(t *testing.T, err error, want string) {
	t.Helper()
	if err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
	if !errors.Is(err, token.ErrUnwritable) {
		t.Errorf("%v does not say that nothing can be written", err)
	}
}

func TestErrorsOfReading(t *testing.T) {
	t.Parallel()
	s := vaulttest.Start(t, vaulttest.Config{})
	s.Mount(t, "old", 1)
	s.Policy(t, "one", `path "secret/data/fly-tokens/web/*" { capabilities = ["create", "read", "update"] }`)
	s.Must(t, http.MethodPost, "old/data/fly-tokens/web/manual", map[string]any{"token": "x"})
	nothing := daemon.Address(t)
	tests := map[string]struct {
		change func(*vault.Settings)
		app    string
		want   string
	}{
		"nothing listens": {
			change: func(to *vault.Settings) { to.Address = "http://" + nothing },
			want: "cannot read vault secret/fly-tokens/web/manual: nothing listens at " + nothing +
				": start the server, or check storage.vault.address",
		},
		"host not found": {
			change: func(to *vault.Settings) { to.Address = "https://vault.invalid" },
			want:   "cannot read vault secret/fly-tokens/web/manual: the host vault.invalid was not found: check storage.vault.address",
		},
		"unencrypted": {
			change: func(to *vault.Settings) { to.Address = "http://vault.example.com" },
			want: "cannot read vault secret/fly-tokens/web/manual: the address is http://, which sends tokens unencrypted" +
				": use https:// in storage.vault.address",
		},
		"no TLS": {
			change: func(to *vault.Settings) { to.Address = strings.Replace(s.Address, "http:", "https:", 1) },
			want:   "cannot read vault secret/fly-tokens/web/manual: the server does not speak TLS: check the scheme in storage.vault.address",
		},
		"expired token": {
			change: func(to *vault.Settings) { to.Token = "hvs.expired" },
			want: "cannot read vault secret/fly-tokens/web/manual: the server answers 403: permission denied" +
				": log in again if the token has expired, or allow create, read and update on secret/data/fly-tokens/web/manual",
		},
		"another app": {
			change: func(to *vault.Settings) { to.Token = s.Token(t, "one") },
			app:    "api",
			want: "cannot read vault secret/fly-tokens/api/manual: the server answers 403: permission denied" +
				": log in again if the token has expired, or allow create, read and update on secret/data/fly-tokens/api/manual",
		},
		"no such mount": {
			change: func(to *vault.Settings) { to.Mount = "kv" },
			want: "cannot read vault kv/fly-tokens/web/manual: nothing is mounted at kv" +
				": check storage.vault.mount and the namespace, or mount it: vault secrets enable -path=kv kv-v2",
		},
		"version 1": {
			change: func(to *vault.Settings) { to.Mount = "old" },
			want: "cannot read vault old/fly-tokens/web/manual: old is not a KV version 2 secrets engine, so that runs would overwrite each other's tokens" +
				": set storage.vault.mount to one of version 2, or upgrade it: vault kv enable-versioning old",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			settings := vault.Settings{Mount: "secret", Path: "fly-tokens", Address: s.Address, Token: s.RootToken, Timeout: patience}
			test.change(&settings)
			doc := manual
			if test.app != "" {
				doc.App = test.app
			}
			_, err := vault.Open(settings).Load(t.Context(), doc)
			wantError(t, err, test.want)
		})
	}
}

func TestVersionOneIsRefused(t *testing.T) {
	t.Parallel()
	s := vaulttest.Start(t, vaulttest.Config{})
	s.Mount(t, "old", 1)
	b := vault.Open(vault.Settings{Mount: "old", Path: "fly-tokens", Address: s.Address, Token: s.RootToken, Timeout: patience})
	_, err := b.Swap(t.Context(), manual, []byte(`{"token":"x"}`), load(t, b, manual).Version)
	wantError(t, err, "cannot write vault old/fly-tokens/web/manual: old is not a KV version 2 secrets engine, so that runs would overwrite each other's tokens"+
		": set storage.vault.mount to one of version 2, or upgrade it: vault kv enable-versioning old")
	if status, body := s.Call(t, s.RootToken, http.MethodGet, "old/data/fly-tokens/web/manual", nil); status != http.StatusNotFound {
		t.Errorf("the token was left there: %d %s", status, body)
	}
}

func TestSealedAndUnsealed(t *testing.T) {
	t.Parallel()
	s := vaulttest.Start(t, vaulttest.Config{})
	b := open(s, s.RootToken)
	version := load(t, b, manual).Version
	s.Seal(t)
	_, err := b.Load(t.Context(), manual)
	wantError(t, err, "cannot read vault secret/fly-tokens/web/manual: the server is sealed: unseal it: vault operator unseal")
	_, err = b.Swap(t.Context(), manual, []byte(`{}`), version)
	wantError(t, err, "cannot write vault secret/fly-tokens/web/manual: the server is sealed: unseal it: vault operator unseal")
	if errors.Is(err, tokenstore.ErrUnknown) {
		t.Error("a sealed server may have written")
	}
	s.Unseal(t)
	swap(t, b, manual, `{"a":1}`, version)
}

func TestServerThatWasStoppedIsUsedAgain(t *testing.T) {
	t.Parallel()
	s := vaulttest.Start(t, vaulttest.Config{})
	b := open(s, s.RootToken)
	version := swap(t, b, manual, `{"a":1}`, load(t, b, manual).Version)
	s.Stop()
	if _, err := b.Load(t.Context(), manual); err == nil || !strings.Contains(err.Error(), "nothing listens at") {
		t.Errorf("stopped: got %v", err)
	}
	s.Restart(t)
	swap(t, b, manual, `{"a":2}`, version)
}

func TestStandbyLeadsToTheActiveNode(t *testing.T) {
	t.Parallel()
	s := vaulttest.Start(t, vaulttest.Config{Standby: true})
	b := vault.Open(vault.Settings{Mount: "secret", Path: "fly-tokens", Address: s.Standby, Token: s.RootToken, Timeout: patience})
	swap(t, b, manual, `{"a":1}`, load(t, b, manual).Version)
	if d := load(t, open(s, s.RootToken), manual); string(d.Data) != `{"a":1}` {
		t.Errorf("the active node has %q", d.Data)
	}
}

func TestRedirectToAnotherSchemeIsRefused(t *testing.T) {
	t.Parallel()
	var reached atomic.Bool
	other := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached.Store(true) }))
	t.Cleanup(other.Close)
	standby := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, other.URL+r.URL.Path, http.StatusTemporaryRedirect)
	}))
	t.Cleanup(standby.Close)
	b := vault.Open(vault.Settings{Mount: "secret", Path: "fly-tokens", Address: standby.URL, Token: "x", Timeout: patience})
	_, err := b.Load(t.Context(), manual)
	wantError(t, err, "cannot read vault secret/fly-tokens/web/manual: the server redirects to a different scheme"+
		": set the server's api_addr to the scheme in storage.vault.address")
	if reached.Load() {
		t.Error("the login was sent there")
	}
}

func TestQuota(t *testing.T) {
	t.Parallel()
	s := vaulttest.Start(t, vaulttest.Config{})
	quota := map[string]any{"rate": 2, "interval": "1s", "path": "secret"}
	s.Must(t, http.MethodPost, "sys/quotas/rate-limit/all", quota)
	b := open(s, s.RootToken)
	for range 5 {
		load(t, b, manual)
	}
	quota["rate"], quota["interval"] = 1, "1h"
	s.Must(t, http.MethodPost, "sys/quotas/rate-limit/all", quota)
	version := load(t, b, manual).Version
	b = vault.Open(vault.Settings{Mount: "secret", Path: "fly-tokens", Address: s.Address, Token: s.RootToken, Timeout: 3 * time.Second})
	_, err := b.Swap(t.Context(), manual, []byte(`{}`), version)
	wantError(t, err, "cannot write vault secret/fly-tokens/web/manual: a rate limit of Vault refuses requests: raise the quota, or run fewer plans at once")
}

func TestMountThatDemandsVersionsIsServed(t *testing.T) {
	t.Parallel()
	s := vaulttest.Start(t, vaulttest.Config{})
	s.Must(t, http.MethodPost, "secret/config", map[string]any{"cas_required": true})
	b := open(s, s.RootToken)
	version := swap(t, b, manual, `{"a":1}`, load(t, b, manual).Version)
	swap(t, b, manual, "", version)
}

func TestMountThatDeletesIsAWarning(t *testing.T) {
	t.Parallel()
	s := vaulttest.Start(t, vaulttest.Config{})
	s.Must(t, http.MethodPost, "secret/config", map[string]any{"delete_version_after": "1h"})
	b := open(s, s.RootToken)
	swap(t, b, manual, `{"a":1}`, load(t, b, manual).Version)
	if ws := b.Warnings(); len(ws) != 1 || ws[0].Summary != "Fly Token Storage Expires" {
		t.Errorf("got %v", ws)
	}
}

// TestOutageCostsOneTimeout has a proxy that never answers in front of a server.
func TestOutageCostsOneTimeout(t *testing.T) {
	t.Parallel()
	var requests atomic.Int32
	release := make(chan struct{})
	hung := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		requests.Add(1)
		<-release
	}))
	t.Cleanup(hung.Close)
	t.Cleanup(func() { close(release) })
	b := vault.Open(vault.Settings{Mount: "secret", Path: "fly-tokens", Address: hung.URL, Token: "x", Timeout: 50 * time.Millisecond})
	for i := range 100 {
		_, err := b.Load(t.Context(), tokenstore.Doc{App: fmt.Sprint("app-", i), Kind: tokenstore.KindState})
		wantError(t, err, fmt.Sprintf(
			"cannot read vault secret/fly-tokens/app-%d/state: no answer within 50ms: check the server and the network, or raise storage.timeout", i))
	}
	if got := requests.Load(); got != 1 {
		t.Errorf("%d requests were sent to a server that does not answer, want 1", got)
	}
}

// TestLostAnswerIsUnknown has a proxy that loses the answers to writes.
func TestLostAnswerIsUnknown(t *testing.T) {
	t.Parallel()
	s := vaulttest.Start(t, vaulttest.Config{})
	to, err := url.Parse(s.Address)
	if err != nil {
		t.Fatal(err)
	}
	forward := httputil.NewSingleHostReverseProxy(to)
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPut {
			forward.ServeHTTP(w, r)
			return
		}
		forward.ServeHTTP(httptest.NewRecorder(), r)
		panic(http.ErrAbortHandler)
	}))
	t.Cleanup(proxy.Close)
	b := vault.Open(vault.Settings{Mount: "secret", Path: "fly-tokens", Address: proxy.URL, Token: s.RootToken, Timeout: patience})
	_, err = b.Swap(t.Context(), manual, []byte(`{"a":1}`), load(t, b, manual).Version)
	if !errors.Is(err, tokenstore.ErrUnknown) {
		t.Errorf("got %v, want ErrUnknown", err)
	}
	if d := load(t, b, manual); string(d.Data) != `{"a":1}` {
		t.Errorf("the server has %q", d.Data)
	}
}
