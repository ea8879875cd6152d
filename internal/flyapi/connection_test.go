package flyapi_test

import (
	"errors"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/flytokens/terraform-provider-fly/internal/flyapi"
	"github.com/flytokens/terraform-provider-fly/internal/flytest"
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
	}{
		"refused":                   {refusing, nil, "no connection to 127.0.0.1"},
		"no such name":              {"https://fly.invalid", nil, "fly.invalid"},
		"not trusted":               {untrusted.URL(), nil, "install this machine's CA certificates"},
		"TLS without TLS":           {"https" + strings.TrimPrefix(plain.URL(), "http"), nil, "127.0.0.1"},
		"a proxy that is not":       {"https://api.fly.io", proxy, "no connection to the proxy for api.fly.io"},
		"a proxy with no such name": {"https://api.fly.io", unresolved, "no connection to the proxy for api.fly.io"},
		"a proxy that is not a URL": {"https://api.fly.io", unparsable, "no connection to api.fly.io: the proxy that is set for it is not a URL: correct HTTPS_PROXY"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, err := flyapi.New(flyapi.Config{BaseURL: tc.base, MachinesBaseURL: tc.base, Proxy: tc.proxy, RetryWait: time.Millisecond})
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
	if most := s.MaxInFlight(); most > flyapi.MaxInFlight || most < 2 {
		t.Errorf("%d requests were in flight, want 2 to %d", most, flyapi.MaxInFlight)
	}
	if n := s.Count(flytest.OpLookupApp); n != many {
		t.Errorf("%d requests came, want %d", n, many)
	}
}
