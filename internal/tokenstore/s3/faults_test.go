package s3_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/flytokens/terraform-provider-fly/internal/flytest/daemon"
	"github.com/flytokens/terraform-provider-fly/internal/token"
	"github.com/flytokens/terraform-provider-fly/internal/tokenstore"
	"github.com/flytokens/terraform-provider-fly/internal/tokenstore/s3"
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
	s := start(t)
	nothing := daemon.Address(t)
	tests := map[string]struct {
		change func(*s3.Settings)
		want   string
	}{
		"nothing listens": {
			change: func(to *s3.Settings) { to.Endpoint = "http://" + nothing },
			want:   "cannot read s3://tokens/fly/web/manual.json: nothing listens at " + nothing + ": start the server, or check storage.s3.endpoint",
		},
		"host not found": {
			change: func(to *s3.Settings) { to.Endpoint = "https://s3.invalid" },
			want:   "cannot read s3://tokens/fly/web/manual.json: the host s3.invalid was not found: check storage.s3.endpoint",
		},
		"unencrypted": {
			change: func(to *s3.Settings) { to.Endpoint = "http://s3.example.com" },
			want: "cannot read s3://tokens/fly/web/manual.json: the endpoint is http://, which sends tokens unencrypted" +
				": use https:// in storage.s3.endpoint",
		},
		"no TLS": {
			change: func(to *s3.Settings) { to.Endpoint = strings.Replace(s.Endpoint, "http:", "https:", 1) },
			want:   "cannot read s3://tokens/fly/web/manual.json: the server does not speak TLS: check the scheme in storage.s3.endpoint",
		},
		"no bucket": {
			change: func(to *s3.Settings) { to.Bucket = "elsewhere" },
			want: "cannot read s3://elsewhere/fly/web/manual.json: the bucket elsewhere does not exist" +
				": create it, or check storage.s3.bucket and the endpoint",
		},
		"no region": {
			change: func(to *s3.Settings) { to.Endpoint = "" },
			want:   "cannot read s3://tokens/fly/web/manual.json: no region is set: set storage.s3.region or AWS_REGION",
		},
		"another region": {
			change: func(to *s3.Settings) { to.Region = "eu-west-1" },
			want: `cannot read s3://tokens/fly/web/manual.json: the server answers 400 AuthorizationHeaderMalformed: The authorization header is malformed; ` +
				`the region "eu-west-1" is wrong; expecting "us-east-1": check storage.s3.region and AWS_REGION`,
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			to := settings(s.Endpoint)
			test.change(&to)
			_, err := s3.Open(to).Load(t.Context(), manual)
			wantError(t, err, test.want)
		})
	}
}

// refuse is the answer of a proxy in place of the server.
func refuse(status int, code string, header map[string]string) func(http.Handler, http.ResponseWriter, *http.Request) {
	return func(_ http.Handler, w http.ResponseWriter, _ *http.Request) {
		for name, value := range header {
			w.Header().Set(name, value)
		}
		w.WriteHeader(status)
		_, _ = fmt.Fprintf(w, `<?xml version="1.0"?><Error><Code>%s</Code><Message>words</Message></Error>`, code)
	}
}

func TestErrorsThatOnlyAmazonAnswers(t *testing.T) {
	t.Parallel()
	s := start(t)
	tests := map[string]struct {
		answer func(http.Handler, http.ResponseWriter, *http.Request)
		want   string
	}{
		"region of the bucket": {
			answer: refuse(http.StatusMovedPermanently, "PermanentRedirect", map[string]string{"X-Amz-Bucket-Region": "eu-west-1"}),
			want:   "the bucket tokens is in a different region: set storage.s3.region to eu-west-1",
		},
		"expired credentials": {
			answer: refuse(http.StatusBadRequest, "ExpiredToken", nil),
			want:   "the AWS credentials have expired: renew them, for example with aws sso login",
		},
		"unknown credentials": {
			answer: refuse(http.StatusForbidden, "InvalidAccessKeyId", nil),
			want:   "the server does not know the AWS credentials: check AWS_ACCESS_KEY_ID, AWS_SESSION_TOKEN and AWS_PROFILE",
		},
		"no permission": {
			answer: refuse(http.StatusForbidden, "AccessDenied", nil),
			want: "the server answers 403 AccessDenied: words: allow s3:GetObject and s3:PutObject on tokens/fly/*, " +
				"and s3:ListBucket on the bucket, without which an object that does not exist is answered with 403",
		},
		"another clock": {
			answer: refuse(http.StatusForbidden, "RequestTimeTooSkewed", map[string]string{"Date": time.Now().Add(time.Hour).UTC().Format(http.TimeFormat)}),
			want:   "this machine's clock differs from the server's by 1h0m0s: set this machine's clock",
		},
		"rate": {
			answer: refuse(http.StatusServiceUnavailable, "SlowDown", nil),
			want:   "the server limits the rate of requests: run fewer plans at once",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := s3.Open(settings(proxy(t, s, test.answer, nil)))
			_, err := b.Load(t.Context(), manual)
			wantError(t, err, "cannot read s3://tokens/fly/web/manual.json: "+test.want)
			_, err = b.Swap(t.Context(), manual, []byte(`{}`), "")
			wantError(t, err, "cannot write s3://tokens/fly/web/manual.json: "+test.want)
			if errors.Is(err, tokenstore.ErrUnknown) {
				t.Errorf("%v says that it may have been written", err)
			}
		})
	}
}

// TestSkewIsCorrected has a server whose clock is an hour ahead.
func TestSkewIsCorrected(t *testing.T) {
	t.Parallel()
	ahead := func() time.Time { return time.Now().Add(time.Hour).UTC() }
	var accepted atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Date", ahead().Format(http.TimeFormat))
		signed, err := time.Parse("20060102T150405Z", r.Header.Get("X-Amz-Date"))
		if err != nil || ahead().Sub(signed).Abs() > 15*time.Minute {
			refuse(http.StatusForbidden, "RequestTimeTooSkewed", nil)(nil, w, r)
			return
		}
		accepted.Add(1)
		w.Header().Set("ETag", `"1"`)
	}))
	t.Cleanup(server.Close)
	swap(t, s3.Open(settings(server.URL)), manual, `{"a":1}`, `"0"`)
	if got := accepted.Load(); got != 1 {
		t.Errorf("%d writes were accepted, want 1", got)
	}
}

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
	to := settings(hung.URL)
	to.Timeout = 50 * time.Millisecond
	b := s3.Open(to)
	for i := range 100 {
		_, err := b.Load(t.Context(), tokenstore.Doc{App: fmt.Sprint("app-", i), Kind: tokenstore.KindState})
		wantError(t, err, fmt.Sprintf(
			"cannot read s3://tokens/fly/app-%d/state.json: no answer within 50ms: check the server and the network, or raise storage.timeout", i))
	}
	if got := requests.Load(); got != 1 {
		t.Errorf("%d requests were sent to a server that does not answer, want 1", got)
	}
}

func TestServerThatWasStoppedIsUsedAgain(t *testing.T) {
	t.Parallel()
	s := start(t)
	b := s3.Open(settings(s.Endpoint))
	version := swap(t, b, manual, `{"a":1}`, "")
	s.Stop()
	if _, err := b.Load(t.Context(), manual); err == nil || !strings.Contains(err.Error(), "nothing listens at") {
		t.Errorf("stopped: got %v", err)
	}
	s.Restart(t)
	swap(t, b, manual, `{"a":2}`, version)
}
