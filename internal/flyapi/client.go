package flyapi

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/flytokens/terraform-provider-fly/internal/breaker"
)

// The addresses of Fly's public APIs, as superfly/fly-go has them.
const (
	// DefaultBaseURL is that of the GraphQL API, which is served at /graphql.
	DefaultBaseURL = "https://api.fly.io"
	// defaultMachinesBaseURL is that of the Machines API, which is served at /v1.
	defaultMachinesBaseURL = "https://api.machines.dev"
)

// DefaultMaxParallel is the default of [Config.MaxParallel]. Fly documents no
// limit for GraphQL. The Machines API allows about one request per second and
// app, which a plan over many apps does not exceed.
const DefaultMaxParallel = 10

const (
	defaultTimeout     = 15 * time.Second
	defaultShowTimeout = 3 * time.Second
	defaultRetryWait   = 200 * time.Millisecond
	// breakerPause is how long a server that did not answer is not called.
	breakerPause = 30 * time.Second
	// idleTimeout is short so that the client drops a pooled connection before
	// the server drops it during a request.
	idleTimeout = 30 * time.Second
	dialTimeout = 10 * time.Second
	maxHeader   = 1 << 18
)

// ErrBaseURL is wrapped by the error of [New] for an address to which no token
// may be sent.
var ErrBaseURL = errors.New("not a usable base URL")

// Config configures a [Client].
type Config struct {
	// BaseURL is the address of the GraphQL API; "" means [DefaultBaseURL].
	BaseURL string
	// MachinesBaseURL is the address of the Machines API, without /v1; "" means
	// [defaultMachinesBaseURL].
	MachinesBaseURL string
	// Version is the provider's, for the User-Agent header.
	Version string
	// Timeout bounds one call with all its retries; 0 means 15 seconds. The
	// wait for one of the MaxParallel slots is not part of it.
	Timeout time.Duration
	// MaxParallel bounds the concurrent calls, and the connections to each server;
	// 0 means [DefaultMaxParallel].
	MaxParallel int
	// ShowTimeout bounds one [Client.Show]; 0 means 3 seconds.
	ShowTimeout time.Duration
	// RetryWait is the wait before the first retry, doubled for each further
	// one and jittered; 0 means 200 milliseconds.
	RetryWait time.Duration
	// Proxy chooses the proxy for a request, as [http.ProxyFromEnvironment]
	// does; nil means none.
	Proxy func(*http.Request) (*url.URL, error)
	// InvalidProxy is the environment variable that should name a proxy and does not;
	// "" if there is none. Requests may ignore it.
	InvalidProxy string
	// Wrap, if set, returns the transport to use around the client's own.
	// [Operation] returns the purpose of each of its requests.
	Wrap func(http.RoundTripper) http.RoundTripper
}

// Client speaks to Fly's APIs. It is safe for concurrent use.
type Client struct {
	graphql     *url.URL
	machines    *url.URL
	userAgent   string
	timeout     time.Duration
	showTimeout time.Duration
	retryWait   time.Duration
	// invalidProxy is that of the configuration.
	invalidProxy string
	http         *http.Client
	slots        chan struct{}
	// breakers holds one for each host; the map is never changed. Shows have a
	// separate one, because their three seconds are too short to judge other
	// calls by.
	breakers map[string]*breaker.Breaker
	shows    breaker.Breaker
}

// New returns a client for cfg. The error wraps [ErrBaseURL] if an address has
// a user name, a query or a fragment, or is not https. Only loopback addresses
// may use http.
func New(cfg Config) (*Client, error) {
	graphql, err := parseBase(cfg.BaseURL, DefaultBaseURL)
	if err != nil {
		return nil, err
	}
	machines, err := parseBase(cfg.MachinesBaseURL, defaultMachinesBaseURL)
	if err != nil {
		return nil, err
	}
	cfg.MaxParallel = cmp.Or(cfg.MaxParallel, DefaultMaxParallel)
	c := &Client{
		graphql:      graphql.JoinPath("graphql"),
		machines:     machines.JoinPath("v1"),
		userAgent:    "terraform-provider-fly/" + cfg.Version,
		timeout:      cmp.Or(cfg.Timeout, defaultTimeout),
		showTimeout:  cmp.Or(cfg.ShowTimeout, defaultShowTimeout),
		retryWait:    cmp.Or(cfg.RetryWait, defaultRetryWait),
		invalidProxy: cfg.InvalidProxy,
		http:         newHTTPClient(cfg),
		shows:        breaker.Breaker{Pause: breakerPause},
		slots:        make(chan struct{}, cfg.MaxParallel),
		breakers:     map[string]*breaker.Breaker{graphql.Host: {Pause: breakerPause}},
	}
	if machines.Host != graphql.Host {
		c.breakers[machines.Host] = &breaker.Breaker{Pause: breakerPause}
	}
	return c, nil
}

func newHTTPClient(cfg Config) *http.Client {
	var transport http.RoundTripper = &http.Transport{
		Proxy:                  checked(cfg.Proxy),
		DialContext:            (&net.Dialer{Timeout: dialTimeout, KeepAlive: idleTimeout}).DialContext,
		ForceAttemptHTTP2:      true,
		MaxIdleConnsPerHost:    cfg.MaxParallel,
		MaxConnsPerHost:        cfg.MaxParallel,
		IdleConnTimeout:        idleTimeout,
		TLSHandshakeTimeout:    dialTimeout,
		MaxResponseHeaderBytes: maxHeader,
	}
	if cfg.Wrap != nil {
		transport = cfg.Wrap(transport)
	}
	return &http.Client{
		Transport: transport,
		// A redirect would send the token to a different address, or turn a
		// POST into a GET. It is reported as an answer.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

func parseBase(raw, fallback string) (*url.URL, error) {
	if raw == "" {
		raw = fallback
	}
	u, err := url.Parse(strings.TrimSpace(raw))
	if err != nil {
		// The error of url.Parse quotes its input, which may hold a password.
		return nil, fmt.Errorf("%w: it is not a URL; a valid address is %s", ErrBaseURL, fallback)
	}
	switch {
	case u.User != nil:
		return nil, fmt.Errorf("%w: it contains a user name or a password, and Fly's APIs accept only a token", ErrBaseURL)
	case u.Hostname() == "":
		return nil, fmt.Errorf("%w: it has no host; a valid address is %s", ErrBaseURL, fallback)
	case u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		return nil, fmt.Errorf("%w: it has a query or a fragment; a valid address is %s", ErrBaseURL, fallback)
	case u.Scheme == "https", u.Scheme == "http" && isLoopback(u.Hostname()):
		return u, nil
	default:
		return nil, fmt.Errorf("%w: %s://%s is not https, which only loopback addresses may omit, because a token would cross the network unencrypted",
			ErrBaseURL, u.Scheme, u.Host)
	}
}

func isLoopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.IsLoopback()
}
