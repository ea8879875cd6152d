package telemetry

import (
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// receiver is an HTTP server that keeps the requests it gets.
type receiver struct {
	*httptest.Server
	mu       sync.Mutex
	requests []*http.Request
}

// receive starts a server that answers with answer.
func receive(t *testing.T, start func(http.Handler) *httptest.Server, answer http.HandlerFunc) *receiver {
	t.Helper()
	r := &receiver{}
	r.Server = start(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.requests = append(r.requests, req)
		answer(w, req)
	}))
	t.Cleanup(r.Close)
	return r
}

// got returns the requests so far.
func (r *receiver) got() []*http.Request {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.requests
}

func accept(http.ResponseWriter, *http.Request) {}

// export sends one span as env says, and returns the warnings.
func export(t *testing.T, env map[string]string) string {
	t.Helper()
	said := &complaints{}
	tr := Start(t.Context(), said.options(env))
	if tr != nil {
		span(tr)
		if err := tr.provider.ForceFlush(t.Context()); err != nil {
			t.Error(err)
		}
		tr.Stop(t.Context())
	}
	return strings.Join(said.all(), "\n")
}

// Exports go to the address as it is written, with the headers of the environment.
func TestExportAddress(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		env           func(host string) map[string]string
		path, query   string
		authorization string
	}{
		"general": {
			env: func(host string) map[string]string {
				return map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://" + host + "/otlp/"}
			},
			path: "/otlp/v1/traces",
		},
		"general with a query": {
			env: func(host string) map[string]string {
				return map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://" + host + "?dataset=ci"}
			},
			path: "/v1/traces", query: "dataset=ci",
		},
		"for traces": {
			env: func(host string) map[string]string {
				return map[string]string{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://me:key%20123@" + host + "/in%2Fgest?dataset=a%26b"}
			},
			path: "/in%2Fgest", query: "dataset=a%26b", authorization: "Basic bWU6a2V5IDEyMw==",
		},
		"for traces without a path": {
			env: func(host string) map[string]string {
				return map[string]string{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://" + host}
			},
			path: "/",
		},
		"a header goes before a user name": {
			env: func(host string) map[string]string {
				return map[string]string{
					"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://me:other@" + host + "/v1/traces",
					"OTEL_EXPORTER_OTLP_HEADERS":         "authorization=Bearer%20k-123",
				}
			},
			path: "/v1/traces", authorization: "Bearer k-123",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := receive(t, httptest.NewServer, accept)
			if said := export(t, test.env(strings.TrimPrefix(c.URL, "http://"))); said != "" {
				t.Errorf("warned of %q", said)
			}
			got := c.got()
			if len(got) != 1 {
				t.Fatalf("%d requests, want one", len(got))
			}
			r := got[0]
			if r.URL.EscapedPath() != test.path || r.URL.RawQuery != test.query || r.Header.Get("Authorization") != test.authorization {
				t.Errorf("got %s with Authorization %q", r.RequestURI, r.Header.Get("Authorization"))
			}
		})
	}
}

// A collector's redirect is reported and not followed.
func TestExportIsNotRedirected(t *testing.T) {
	t.Parallel()
	for _, status := range []int{http.StatusMovedPermanently, http.StatusSeeOther, http.StatusTemporaryRedirect, http.StatusPermanentRedirect} {
		t.Run(http.StatusText(status), func(t *testing.T) {
			t.Parallel()
			elsewhere := receive(t, httptest.NewServer, accept)
			c := receive(t, httptest.NewServer, func(w http.ResponseWriter, r *http.Request) {
				http.Redirect(w, r, elsewhere.URL, status)
			})
			said := export(t, map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": c.URL, "OTEL_EXPORTER_OTLP_HEADERS": "x-honeycomb-team=k-123"})
			if len(c.got()) != 1 || len(elsewhere.got()) != 0 {
				t.Errorf("the collector got %d requests, the other server %d", len(c.got()), len(elsewhere.got()))
			}
			if !strings.Contains(said, "the provider follows no redirects: set OTEL_EXPORTER_OTLP_ENDPOINT") || strings.Contains(said, "k-123") || strings.Contains(said, elsewhere.URL) {
				t.Errorf("warned of %q", said)
			}
		})
	}
}

// Compression follows the environment, or a warning reports an unknown one.
func TestExportCompression(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ value, encoding, said string }{
		"unset":   {},
		"none":    {value: "none"},
		"gzip":    {value: "gzip", encoding: "gzip"},
		"loud":    {value: "GZIP", encoding: "gzip"},
		"unknown": {value: "zstd", said: `OTEL_EXPORTER_OTLP_COMPRESSION is "zstd": set it to gzip or none`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := receive(t, httptest.NewServer, accept)
			said := export(t, map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": c.URL, "OTEL_EXPORTER_OTLP_COMPRESSION": test.value})
			if !strings.Contains(said, test.said) || (said == "") != (test.said == "") {
				t.Errorf("warned of %q", said)
			}
			if got := c.got(); len(got) != 1 || got[0].Header.Get("Content-Encoding") != test.encoding {
				t.Errorf("got %d requests: %+v", len(got), got)
			}
		})
	}
}

// A certificate that the environment names is trusted, or a warning names its
// fault.
func TestExportCertificate(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	c := receive(t, httptest.NewTLSServer, accept)
	good, empty, missing := filepath.Join(dir, "good.pem"), filepath.Join(dir, "empty.pem"), filepath.Join(dir, "missing.pem")
	data := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Certificate().Raw})
	for file, text := range map[string][]byte{good: data, empty: nil} {
		if err := os.WriteFile(file, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for name, test := range map[string]struct {
		env  map[string]string
		said string
	}{
		"trusted":       {env: map[string]string{"OTEL_EXPORTER_OTLP_CERTIFICATE": good}},
		"missing":       {env: map[string]string{"OTEL_EXPORTER_OTLP_CERTIFICATE": missing}, said: "no traces are sent: cannot read the certificate in OTEL_EXPORTER_OTLP_CERTIFICATE: open"},
		"empty":         {env: map[string]string{"OTEL_EXPORTER_OTLP_TRACES_CERTIFICATE": empty}, said: "no traces are sent: the file in OTEL_EXPORTER_OTLP_TRACES_CERTIFICATE holds no PEM certificate"},
		"no client key": {env: map[string]string{"OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE": good}, said: "OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE and OTEL_EXPORTER_OTLP_CLIENT_KEY belong together"},
		"no key in it": {
			env:  map[string]string{"OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE": good, "OTEL_EXPORTER_OTLP_CLIENT_KEY": good},
			said: "no traces are sent: cannot read the client certificate in OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE and OTEL_EXPORTER_OTLP_CLIENT_KEY: ",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test.env["OTEL_EXPORTER_OTLP_ENDPOINT"] = c.URL
			said := export(t, test.env)
			if !strings.Contains(said, test.said) || (said == "") != (test.said == "") {
				t.Errorf("warned of %q", said)
			}
		})
	}
	t.Cleanup(func() {
		if got := len(c.got()); got != 1 {
			t.Errorf("the collector got %d exports, want the trusted one", got)
		}
	})
}

// A timeout that is not a number is reported.
func TestExportTimeout(t *testing.T) {
	t.Parallel()
	c := receive(t, httptest.NewServer, accept)
	said := export(t, map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": c.URL, "OTEL_EXPORTER_OTLP_TIMEOUT": "10s"})
	if !strings.Contains(said, "OTEL_EXPORTER_OTLP_TIMEOUT is not a number from 1 to 3600000: 10000 is used instead") || len(c.got()) != 1 {
		t.Errorf("after %d exports, warned of %q", len(c.got()), said)
	}
}
