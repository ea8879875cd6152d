package telemetry

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// A request has a span, and is otherwise unchanged.
func TestTransport(t *testing.T) {
	t.Parallel()
	tr, c := tracing(t)
	var sent http.Header
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		sent = r.Header.Clone()
		w.WriteHeader(http.StatusTeapot)
	}))
	defer server.Close()
	client := &http.Client{Transport: tr.Transport(http.DefaultTransport, func(*http.Request) string { return "fly.api.check_token" })}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+"/v1/apps/web", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "FlyV1 fm2_secret")
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	tr.Stop(t.Context())

	sent.Del("Accept-Encoding")
	if diff := cmp.Diff(http.Header{"Authorization": {"FlyV1 fm2_secret"}, "User-Agent": {"Go-http-client/1.1"}}, sent); diff != "" {
		t.Errorf("headers (-want +got):\n%s", diff)
	}
	spans := c.Spans()
	if len(spans) != 1 {
		t.Fatalf("%d spans, want one", len(spans))
	}
	s := spans[0]
	if s.Name != "fly.api.check_token" || s.Parent != parentSpan || !s.Failed {
		t.Errorf("span %q below %s, failed: %t", s.Name, s.Parent, s.Failed)
	}
	for name, want := range map[string]string{
		"http.request.method": "GET", "http.response.status_code": "418",
		"url.full": server.URL + "/v1/apps/web", "server.address": "127.0.0.1",
	} {
		if got := s.Attributes[name]; got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
}

// answers is a transport that answers with an error.
type answers struct{ error }

func (a answers) RoundTrip(*http.Request) (*http.Response, error) { return nil, a.error }

// A server's message is in no span, as in no error, and the caller gets the
// original error.
func TestTransportError(t *testing.T) {
	t.Parallel()
	tr, c := tracing(t)
	broken := errors.New(`malformed HTTP response "FlyV1 fm2_secret"`)
	transport := tr.Transport(answers{broken}, func(*http.Request) string { return "fly.api.check_token" })
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://127.0.0.1/v1/apps/web", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := transport.RoundTrip(req)
	if err != broken { //nolint:errorlint // it is the same, not one around it
		t.Errorf("RoundTrip: %v", err)
	}
	if err == nil {
		_ = resp.Body.Close()
	}
	tr.Stop(t.Context())
	spans := c.Spans()
	if len(spans) != 1 || !spans[0].Failed || spans[0].Attributes["error.type"] != "*errors.errorString" {
		t.Errorf("spans are %+v", spans)
	}
	if raw := c.Raw(); strings.Contains(raw, "fm2_secret") || !strings.Contains(raw, "malformed HTTP response") {
		t.Errorf("sent was %q", raw)
	}
}
