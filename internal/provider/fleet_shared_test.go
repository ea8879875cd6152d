package provider_test

import (
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/flytokens/terraform-provider-fly/internal/flytest"
)

// fleetSize is the number of machines that start at once.
const fleetSize = 50

// servers are the kinds of storage that machines can share.
func servers() map[string]func(t *testing.T) location {
	all := locations()
	delete(all, "disk")
	return all
}

// Fifty machines without a common disk, cold, need one token: one of them mints it,
// and all return it.
func TestFleetMintsOnce(t *testing.T) {
	t.Parallel()
	for place, open := range servers() {
		t.Run(place, func(t *testing.T) {
			t.Parallel()
			s := flytest.New(t, flyWorld())
			all := fleet(t, fleetSize, open(t), s, ownerOfBoth)
			for _, m := range all {
				m.begin("read web")
			}
			first := sameToken(t, all)
			if n := s.Count(flytest.OpMint); n != 1 || !opens(t, s, first, "web") {
				t.Errorf("%d mints, or the token does not open the app", n)
			}
		})
	}
}

// The holder of the claim is killed in the middle of its mint, before Fly carries it
// out or before the answer. Another machine takes over. No token is left alive except
// the one that all others return.
func TestFleetHolderKilled(t *testing.T) {
	t.Parallel()
	for place, open := range servers() {
		t.Run(place, func(t *testing.T) {
			t.Parallel()
			waiting := map[*flytest.Server][]*machine{} // the leases end at the same time
			for _, hold := range []flytest.Fault{{Times: 1, Delay: time.Hour, Answer: true}, {Times: 1, Done: true, Hang: true}} {
				s := flytest.New(t, flyWorld())
				waiting[s] = killedHolder(t, open(t), s, hold)
			}
			for s, others := range waiting {
				first := sameToken(t, others)
				wantTokens(t, s, tokens{minted: 2, revoked: 1, good: 1})
				if !opens(t, s, first, "web") {
					t.Error("the token that the machines return is not the live one")
				}
			}
		})
	}
}

// killedHolder has one machine mint, and kills it while others wait for it.
func killedHolder(t *testing.T, l location, s *flytest.Server, hold flytest.Fault) (others []*machine) {
	t.Helper()
	l, sent := behindProxy(t, l)
	all := fleet(t, 6, l, s, ownerOfBoth)
	holder, others := all[0], all[1:]
	s.Inject(flytest.OpMint, hold)
	holder.begin("read web")
	<-s.Requested(flytest.OpMint)
	before := len(sent())
	for _, m := range others {
		m.begin("read web")
	}
	flytest.Eventually(t, "the others wait", func() bool { return len(sent()) >= before+3*len(others) })
	holder.kill()
	return others
}

// sameToken ends the machines, and returns the token that all of them answer.
func sameToken(t *testing.T, all []*machine) (first string) {
	t.Helper()
	for i, m := range all {
		got := m.answer()
		if i == 0 {
			first = got.Token
		}
		if got.Token != first || got.Problems != "" {
			t.Errorf("machine %d has the first one's token: %t; diagnostics:\n%s", i, got.Token == first, got.Problems)
		}
		m.end()
	}
	return first
}

// A server that stops and starts while fifty machines plan fails none of them, and
// the machines after that share one token.
func TestFleetServerRestarts(t *testing.T) {
	t.Parallel()
	vault, v := inVault(t)
	bucket, b := inBucket(t)
	for place, test := range map[string]struct {
		at            location
		stop, restart func()
	}{
		"Vault": {vault, v.Stop, func() { v.Restart(t) }},
		"S3":    {bucket, b.Stop, func() { b.Restart(t) }},
	} {
		t.Run(place, func(t *testing.T) {
			t.Parallel()
			s := flytest.New(t, flyWorld())
			all := fleet(t, fleetSize, test.at, s, ownerOfBoth)
			for i, m := range all {
				switch i {
				case fleetSize / 5, 3 * fleetSize / 5:
					test.stop()
				case 2 * fleetSize / 5, 4 * fleetSize / 5:
					test.restart()
				}
				m.begin("read web")
			}
			for i, m := range all {
				got := m.answer()
				if got.Token == "" || strings.Contains(got.Problems, "ERROR") || !opens(t, s, got.Token, "web") {
					t.Errorf("machine %d has a token: %t; diagnostics:\n%s", i, got.Token != "", got.Problems)
				}
				m.end()
			}
			later := fleet(t, 2, test.at, s, ownerOfBoth)
			first := later[0].do("read web")
			minted := s.Count(flytest.OpMint)
			if second := later[1].do("read web"); second != first || s.Count(flytest.OpMint) != minted {
				t.Error("the machines after the restarts do not share a token")
			}
		})
	}
}

// The requests of a run to the server, by kind of token.
func TestFleetRoundTrips(t *testing.T) {
	t.Parallel()
	for place, open := range servers() {
		t.Run(place, func(t *testing.T) {
			t.Parallel()
			// The provider sets each document of Vault once to keep one version. It tests an S3
			// server once in a run for conditional writes.
			once := map[string][]string{"Vault": {"PUT metadata web"}, "S3": {"PUT web", "PUT web"}}[place]
			// A run that begins with a refresh asks for the time.
			clock := map[string]string{"Vault": "GET sys", "S3": "HEAD /"}[place]
			l, sent := behindProxy(t, open(t))
			s := flytest.New(t, flyWorld())
			run := func(do string) {
				m := fleet(t, 1, l, s, ownerOfBoth)[0]
				m.do(do)
				m.end()
			}
			count := func(what, do string, want ...string) {
				t.Helper()
				before := len(sent())
				run(do)
				if got := sent()[before:]; !slices.Equal(got, want) {
					t.Errorf("%s sends %q, want %q", what, got, want)
				}
			}
			count("the first mint", "read web deploy", slices.Concat([]string{"GET web", "PUT web"}, once, []string{"PUT web"})...)
			count("a warm read", "read web deploy", "GET web")
			count("a refresh", "refresh web deploy", clock, "GET web", "GET web", "PUT web", "PUT web")
			// The apps of an organization share a token, and its document.
			l.env = append(l.env, "FLY_ORG=acme")
			const shared = "organization_acme"
			run("read web")
			// The app's document may name its organization, so that one comes first.
			count("an invalidation", "invalidate web", "GET web", "PUT web", "GET "+shared, "PUT "+shared)
			count("a cold mint", "read web deploy", "GET web", "PUT web", "PUT web")
			count("a cold mint for all apps", "read web", "GET "+shared, "PUT "+shared, "PUT "+shared)
			count("a warm read of a shared token", "read worker", "GET "+shared)
			l.env = l.env[:len(l.env)-1]
			run("read web")
			count("a warm read of a shared token, organization unset", "read web", "GET web", "GET "+shared)
		})
	}
}

// behindProxy returns a location behind a proxy, and a function that lists the requests
// so far by method, app and, in Vault, the document's part if it is not its data.
func behindProxy(t *testing.T, l location) (behind location, sent func() []string) {
	t.Helper()
	var (
		mu   sync.Mutex
		list []string
	)
	part := regexp.MustCompile(`/(metadata|destroy)/`)
	behind = location{storage: l.storage}
	for _, variable := range l.env {
		name, address, _ := strings.Cut(variable, "=")
		if name != "VAULT_ADDR" && name != "AWS_ENDPOINT_URL_S3" {
			behind.env = append(behind.env, variable)
			continue
		}
		to, err := url.Parse(address)
		if err != nil {
			t.Fatal(err)
		}
		// The Host header stays, because S3 signs it.
		forward := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(to); r.Out.Host = r.In.Host }}
		proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			line := r.Method + " "
			if found := part.FindStringSubmatch(r.URL.Path); found != nil {
				line += found[1] + " "
			}
			mu.Lock()
			list = append(list, line+path.Base(path.Dir(r.URL.Path)))
			mu.Unlock()
			forward.ServeHTTP(w, r)
		}))
		t.Cleanup(proxy.Close)
		behind.env = append(behind.env, name+"="+proxy.URL)
	}
	return behind, func() []string {
		mu.Lock()
		defer mu.Unlock()
		return slices.Clone(list)
	}
}
