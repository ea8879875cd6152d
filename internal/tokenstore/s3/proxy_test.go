package s3_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"sync/atomic"
	"testing"

	"github.com/flytokens/terraform-provider-fly/internal/flytest/s3test"
	"github.com/flytokens/terraform-provider-fly/internal/tokenstore"
	"github.com/flytokens/terraform-provider-fly/internal/tokenstore/s3"
)

// proxy puts a reverse proxy in front of a server. It keeps the Host header, which
// is signed.
func proxy(t *testing.T, s *s3test.Server, handle func(forward http.Handler, w http.ResponseWriter, r *http.Request), change func(*http.Response)) string {
	t.Helper()
	to, err := url.Parse(s.Endpoint)
	if err != nil {
		t.Fatal(err)
	}
	forward := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(to); r.Out.Host = r.In.Host },
		ModifyResponse: func(resp *http.Response) error {
			if change != nil {
				change(resp)
			}
			return nil
		},
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if handle == nil {
			forward.ServeHTTP(w, r)
			return
		}
		handle(forward, w, r)
	}))
	t.Cleanup(server.Close)
	return server.URL
}

func TestConditionsThatAreIgnoredAreAnError(t *testing.T) {
	t.Parallel()
	for _, header := range []string{"If-None-Match", "If-Match"} {
		t.Run(header, func(t *testing.T) {
			t.Parallel()
			s := start(t)
			ignoring := func(forward http.Handler, w http.ResponseWriter, r *http.Request) {
				if r.Method == http.MethodPut && r.Header.Get(header) != "" {
					forward.ServeHTTP(httptest.NewRecorder(), r)
					w.Header().Set("ETag", `"1"`)
					return
				}
				forward.ServeHTTP(w, r)
			}
			b := s3.Open(settings(proxy(t, s, ignoring, nil)))
			_, err := b.Swap(t.Context(), manual, []byte(`{"token":"x"}`), "")
			wantError(t, err, "cannot write s3://tokens/fly/web/manual.json: the server ignores conditions on writes (If-None-Match and If-Match), "+
				"so that runs would overwrite each other's tokens: use a server that honours them, such as Amazon S3, Tigris, Cloudflare R2 or a current MinIO")
			if d := load(t, s3.Open(settings(s.Endpoint)), manual); d.Data != nil {
				t.Errorf("it left %q there", d.Data)
			}
		})
	}
}

func TestProxyThatTakesETagsIsNamed(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(http.Header){
		"removed":  func(h http.Header) { h.Del("ETag") },
		"weakened": func(h http.Header) { h.Set("ETag", "W/"+h.Get("ETag")) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := start(t)
			b := s3.Open(settings(proxy(t, s, nil, func(resp *http.Response) { change(resp.Header) })))
			_, err := b.Swap(t.Context(), manual, []byte(`{"a":1}`), "")
			if !errors.Is(err, tokenstore.ErrUnknown) {
				t.Errorf("a write: got %v, want ErrUnknown", err)
			}
			_, err = b.Load(t.Context(), manual)
			wantError(t, err, "cannot read s3://tokens/fly/web/manual.json: the answer has no usable ETag"+
				": remove the proxy in front of the server, or let it pass the ETag header unchanged")
		})
	}
}

func TestLostAnswerIsUnknown(t *testing.T) {
	t.Parallel()
	s := start(t)
	losing := func(forward http.Handler, w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPut {
			forward.ServeHTTP(w, r)
			return
		}
		forward.ServeHTTP(httptest.NewRecorder(), r)
		panic(http.ErrAbortHandler)
	}
	b := s3.Open(settings(proxy(t, s, losing, nil)))
	_, err := b.Swap(t.Context(), manual, []byte(`{"a":1}`), "")
	if !errors.Is(err, tokenstore.ErrUnknown) {
		t.Errorf("got %v, want ErrUnknown", err)
	}
	if d := load(t, b, manual); string(d.Data) != `{"a":1}` {
		t.Errorf("the server has %q", d.Data)
	}
}

func TestConflictOfTwoWritersIsOne(t *testing.T) {
	t.Parallel()
	b := s3.Open(settings(proxy(t, start(t), refuse(http.StatusConflict, "ConditionalRequestConflict", nil), nil)))
	if _, err := b.Swap(t.Context(), manual, []byte(`{}`), `"1"`); !errors.Is(err, tokenstore.ErrConflict) {
		t.Errorf("got %v, want ErrConflict", err)
	}
}

func TestKeyForEncryptionIsSent(t *testing.T) {
	t.Parallel()
	var asked atomic.Value
	recording := func(_ http.Handler, w http.ResponseWriter, r *http.Request) {
		asked.Store(r.Header.Get("X-Amz-Server-Side-Encryption") + " " + r.Header.Get("X-Amz-Server-Side-Encryption-Aws-Kms-Key-Id"))
		w.Header().Set("ETag", `"1"`)
	}
	to := settings(proxy(t, start(t), recording, nil))
	to.KMSKeyID = "alias/fly"
	swap(t, s3.Open(to), manual, `{"a":1}`, `"0"`)
	if got := asked.Load(); got != "aws:kms alias/fly" {
		t.Errorf("the server was asked for %q", got)
	}
}

func TestBucketWithVersionsIsAWarning(t *testing.T) {
	t.Parallel()
	b := s3.Open(settings(proxy(t, start(t), nil, func(resp *http.Response) {
		if resp.Request.Method == http.MethodPut {
			resp.Header.Set("X-Amz-Version-Id", "3HL4kqtJ")
		}
	})))
	version := swap(t, b, manual, `{"a":1}`, "")
	swap(t, b, manual, `{"a":2}`, version)
	if ws := b.Warnings(); len(ws) != 1 || ws[0].Summary != "Replaced Fly Tokens Stay Readable" {
		t.Errorf("got %v", ws)
	}
}

// Tigris is asked for answers that are consistent in all regions, by every
// request.
func TestRequestsAskForConsistency(t *testing.T) {
	t.Parallel()
	s := start(t)
	var asked, sent atomic.Int32
	counting := func(forward http.Handler, w http.ResponseWriter, r *http.Request) {
		sent.Add(1)
		if r.Header.Get("X-Tigris-Consistent") == "true" {
			asked.Add(1)
		}
		forward.ServeHTTP(w, r)
	}
	b := s3.Open(settings(proxy(t, s, counting, nil)))
	swap(t, b, manual, "", swap(t, b, manual, `{"a":1}`, load(t, b, manual).Version))
	if asked.Load() != sent.Load() || sent.Load() == 0 {
		t.Errorf("%d of %d requests ask for it", asked.Load(), sent.Load())
	}
}
