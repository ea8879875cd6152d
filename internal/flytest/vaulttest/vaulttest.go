// Package vaulttest runs a real Vault server for tests, and sets it up.
package vaulttest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/flytokens/terraform-provider-fly/internal/flytest/daemon"
	"github.com/flytokens/terraform-provider-fly/internal/flytest/toolbin"
)

// Config changes the default server, which answers plain HTTP and has no
// standby.
type Config struct {
	// TLS gives the server a certificate of a separate authority.
	TLS bool
	// Standby starts a second node, which redirects to the first. Such a server
	// cannot be started again.
	Standby bool
}

// Server is a Vault server with the KV secrets engine.
type Server struct {
	// Address is its URL.
	Address string
	// Standby is the URL of the node that redirects to it.
	Standby string
	// RootToken may do everything.
	RootToken string
	// CA is the PEM file of the authority behind its certificate.
	CA string

	unsealKey string
	program   string
	args      []string
	client    *http.Client
	process   *daemon.Process
}

// Start starts a server, unsealed, with a KV version 2 mount at "secret". It
// first builds the server's program unless the user's cache folder holds it.
func Start(tb testing.TB, config Config) *Server {
	tb.Helper()
	program, err := toolbin.Path(tb.Context(), toolbin.Vault(), tb.Output())
	if err != nil {
		tb.Fatal(err)
	}
	s := &Server{program: program, client: &http.Client{Transport: &http.Transport{}}}
	tb.Cleanup(s.client.CloseIdleConnections)
	if config.Standby {
		s.args = append(s.args, "-standby")
	} else {
		s.args = append(s.args, "-dir", tb.TempDir())
	}
	if config.TLS {
		cert := daemon.NewCertificate(tb)
		s.CA = cert.CA
		s.client = cert.Client(tb)
		s.args = append(s.args, "-cert", cert.Cert, "-key", cert.Key)
	}
	s.start(tb, "127.0.0.1:0")
	s.Mount(tb, "secret", 2)
	return s
}

func (s *Server) start(tb testing.TB, listen string) {
	tb.Helper()
	s.process = daemon.Start(tb, s.program, append([]string{"-listen", listen}, s.args...), nil)
	var ready struct {
		Address   string `json:"address"`
		Standby   string `json:"standby"`
		RootToken string `json:"root_token"`
		UnsealKey string `json:"unseal_key"`
	}
	if err := json.Unmarshal(s.process.Line(tb), &ready); err != nil {
		tb.Fatal(err)
	}
	s.Address, s.Standby, s.RootToken, s.unsealKey = ready.Address, ready.Standby, ready.RootToken, ready.UnsealKey
}

// Stop kills the server.
func (s *Server) Stop() { s.process.Stop() }

// Restart starts the server again at its address, with its data, and unseals it.
func (s *Server) Restart(tb testing.TB) {
	tb.Helper()
	s.process.Stop()
	_, listen, _ := strings.Cut(s.Address, "://")
	s.start(tb, listen)
}

// Seal seals the server.
func (s *Server) Seal(tb testing.TB) {
	tb.Helper()
	s.Must(tb, http.MethodPut, "sys/seal", nil)
}

// Unseal unseals the server.
func (s *Server) Unseal(tb testing.TB) {
	tb.Helper()
	s.Must(tb, http.MethodPut, "sys/unseal", map[string]any{"key": s.unsealKey})
}

// Mount mounts a KV secrets engine of the given version, and waits until it is
// writable.
func (s *Server) Mount(tb testing.TB, path string, version int) {
	tb.Helper()
	s.Must(tb, http.MethodPost, "sys/mounts/"+path, map[string]any{
		"type": "kv", "options": map[string]any{"version": fmt.Sprint(version)},
	})
}

// Policy writes a policy in Vault's language.
func (s *Server) Policy(tb testing.TB, name, rules string) {
	tb.Helper()
	s.Must(tb, http.MethodPut, "sys/policies/acl/"+name, map[string]any{"policy": rules})
}

// Token returns a new token with the given policies.
func (s *Server) Token(tb testing.TB, policies ...string) string {
	tb.Helper()
	var answer struct {
		Auth struct {
			Token string `json:"client_token"`
		} `json:"auth"`
	}
	data := s.Must(tb, http.MethodPost, "auth/token/create", map[string]any{
		"policies": policies, "no_default_policy": true,
	})
	if err := json.Unmarshal(data, &answer); err != nil {
		tb.Fatal(err)
	}
	return answer.Auth.Token
}

// Must sends a request with the root token, and returns the body of its answer.
// A failure ends the test.
func (s *Server) Must(tb testing.TB, method, path string, body any) []byte {
	tb.Helper()
	status, data := s.Call(tb, s.RootToken, method, path, body)
	if status/100 != 2 {
		tb.Fatalf("%s %s: %d %s\n%s", method, path, status, data, s.process.Log())
	}
	return data
}
