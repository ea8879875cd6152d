package flyapi_test

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/flytokens/terraform-provider-fly/internal/flyapi"
	"github.com/flytokens/terraform-provider-fly/internal/flytest"
	"github.com/flytokens/terraform-provider-fly/internal/token"
)

func TestNoConnection(t *testing.T) {
	t.Parallel()
	// A port that was just closed refuses.
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	refusing := "http://" + listener.Addr().String()
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	world := world()
	world.TLS = true
	untrusted := flytest.New(t, world)
	t.Cleanup(func() {
		if n := untrusted.Count(flytest.OpAny); n != 0 {
			t.Errorf("%d requests were sent to a server that is not trusted", n)
		}
	})
	plain := flytest.New(t, flytest.World{})
	proxy := func(*http.Request) (*url.URL, error) {
		return url.Parse("http://joe:hunter22@" + refusing[len("http://"):])
	}
	unresolved := func(*http.Request) (*url.URL, error) { return url.Parse("http://joe:hunter22@proxy.invalid:3128") }
	unparsable := func(*http.Request) (*url.URL, error) {
		return nil, errors.New(`invalid proxy address "joe:hunter22@my proxy:3128"`)
	}
	tests := map[string]struct {
		base  string
		proxy func(*http.Request) (*url.URL, error)
		reads string
		// invalid is the variable of an invalid proxy.
		invalid string
	}{
		"refused":                   {refusing, nil, "no connection to 127.0.0.1", ""},
		"no such name":              {"https://fly.invalid", nil, "fly.invalid", ""},
		"not trusted":               {untrusted.URL(), nil, "install this machine's CA certificates", ""},
		"TLS without TLS":           {"https" + strings.TrimPrefix(plain.URL(), "http"), nil, "127.0.0.1", ""},
		"a proxy that is not":       {"https://api.fly.io", proxy, "no connection to the proxy for api.fly.io", ""},
		"a proxy with no such name": {"https://api.fly.io", unresolved, "no connection to the proxy for api.fly.io", ""},
		"a proxy that is not a URL": {"https://api.fly.io", unparsable, "no connection to api.fly.io: the proxy that is set for it is not a URL: correct HTTPS_PROXY", ""},
		"an invalid proxy, ignored": {"https://fly.invalid", nil, "no connection to fly.invalid, and https_proxy is not the address of a proxy: correct https_proxy", "https_proxy"},
		"an invalid proxy, used":    {"https://api.fly.io", unresolved, "no connection to api.fly.io, and https_proxy is not the address of a proxy: correct https_proxy", "https_proxy"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, err := flyapi.New(flyapi.Config{BaseURL: tc.base, MachinesBaseURL: tc.base, Proxy: tc.proxy, InvalidProxy: tc.invalid, RetryWait: time.Millisecond})
			if err != nil {
				t.Fatal(err)
			}
			tok := untrusted.Login("both")
			for op, do := range operations(c, tok) {
				e := mustBe(t, do(t.Context()), flyapi.ErrUnavailable, tok)
				if !strings.Contains(e.Error(), tc.reads) || e.Fix == "" || !e.Temporary() || strings.Contains(e.Error(), "hunter22") {
					t.Errorf("%s reads %q", op, e.Error())
				}
			}
		})
	}
}

// The requests of many apps share connections: as many as requests may be concurrent,
// and one over HTTP/2. net/http replaces a connection that is slow to become idle.
func TestManyAppsShareConnections(t *testing.T) {
	t.Parallel()
	const apps = 150
	for name, tc := range map[string]struct {
		tls            bool
		parallel, want int
	}{"HTTP/1.1": {false, 10, 12}, "HTTP/2": {true, 10, 1}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := crowd(apps)
			w.TLS = tc.tls
			s := flytest.New(t, w)
			c := client(t, s, trusting(s), func(cfg *flyapi.Config) { cfg.MaxParallel = tc.parallel })
			link := flyapi.NewIssuer(flyapi.NewDirectory(c, login(s.Login("both"))))
			var group sync.WaitGroup
			for i := range apps {
				group.Go(func() {
					req := token.Request{App: fmt.Sprintf("app-%d", i), Access: token.AccessDeploy}
					if _, err := link.Issue(t.Context(), req, nil, token.MintName(req), time.Hour); err != nil {
						t.Error(err)
					}
				})
			}
			group.Wait()
			if n := s.Connections(); n > tc.want {
				t.Errorf("%d connections, want %d at most", n, tc.want)
			}
			if lookups, mints, all := s.Count(flytest.OpLookupApp), s.Count(flytest.OpMint), s.Count(flytest.OpAny); lookups != 1 || mints != apps || all != apps+1 {
				t.Errorf("%d lookups and %d mints among %d requests, want 1 and %d", lookups, mints, all, apps)
			}
			if most := s.MaxInFlight(); most > tc.parallel {
				t.Errorf("%d requests were in flight, want at most %d", most, tc.parallel)
			}
		})
	}
}

// A server that ends its HTTP/2 connection gets a new one, also if it is the only one
// that is allowed.
func TestOneConnectionIsReplaced(t *testing.T) {
	t.Parallel()
	w := world()
	w.TLS = true
	s := flytest.New(t, w)
	c := client(t, s, trusting(s), func(cfg *flyapi.Config) { cfg.MaxParallel = 1 })
	s.Inject(flytest.OpLookupApp, flytest.LostToGoAway(3))
	for range 4 {
		if _, err := c.LookupApp(t.Context(), s.Login("both"), "web"); err != nil {
			t.Fatal(err)
		}
	}
	if n := s.Connections(); n != 4 {
		t.Errorf("%d connections, want 4", n)
	}
}

// trusting makes a client trust the certificate of s.
func trusting(s *flytest.Server) func(*flyapi.Config) {
	return func(cfg *flyapi.Config) {
		cfg.Wrap = func(base http.RoundTripper) http.RoundTripper {
			if transport, ok := base.(*http.Transport); ok && s.Certificate() != nil {
				roots := x509.NewCertPool()
				roots.AddCert(s.Certificate())
				transport.TLSClientConfig = &tls.Config{RootCAs: roots}
			}
			return base
		}
	}
}

func TestAtMostTenRequestsAreInFlight(t *testing.T) {
	t.Parallel()
	const many = 60
	s := flytest.New(t, world())
	c := client(t, s)
	s.Inject(flytest.OpAny, flytest.Slow(5*time.Millisecond))
	var group sync.WaitGroup
	for range many {
		group.Go(func() {
			if _, err := c.LookupApp(t.Context(), s.Login("both"), "web"); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	if most := s.MaxInFlight(); most > flyapi.DefaultMaxParallel || most < 2 {
		t.Errorf("%d requests were in flight, want 2 to %d", most, flyapi.DefaultMaxParallel)
	}
	if n := s.Count(flytest.OpLookupApp); n != many {
		t.Errorf("%d requests came, want %d", n, many)
	}
}
