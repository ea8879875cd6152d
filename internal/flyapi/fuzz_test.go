package flyapi

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/flytokens/terraform-provider-fly/internal/token"
)

// sent is the token that the calls of FuzzResponse are made with.
const sent = "fm2_lJPECQgXYZ0123456789+/abcdefghijklmn"

// canned gives every request the same answer.
type canned struct {
	status int
	body   []byte
}

func (c canned) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body != nil {
		_ = r.Body.Close()
	}
	return &http.Response{
		StatusCode: c.status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Request: r,
		Header: http.Header{"Content-Type": {"application/json"}},
		Body:   io.NopCloser(bytes.NewReader(c.body)), ContentLength: int64(len(c.body)),
	}, nil
}

// FuzzResponse answers every call with arbitrary bytes. An accepted answer must
// match the request. An error must have a kind, be one line, and quote neither
// the sent token nor a received one. The corpus holds answers of Fly and of
// proxies.
func FuzzResponse(f *testing.F) {
	login, err := token.Parse(sent)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, status uint16, body []byte) {
		answer := canned{status: 200 + int(status)%400, body: body}
		for call, do := range responseCalls(login) {
			c, err := New(Config{RetryWait: 1, Timeout: time.Minute})
			if err != nil {
				t.Fatal(err)
			}
			c.http.Transport = answer
			complaint, err := do(t.Context(), c)
			if err == nil {
				if complaint != "" {
					t.Errorf("%s accepted %s: %d %q", call, complaint, answer.status, body)
				}
				continue
			}
			checkError(t, call, err)
		}
	})
}

// responseCalls are the calls of the client. Each returns the fault of an
// answer that it accepted, or "".
func responseCalls(login token.Token) map[string]func(context.Context, *Client) (string, error) {
	unless := func(good bool, complaint string) string {
		if good {
			return ""
		}
		return complaint
	}
	return map[string]func(context.Context, *Client) (string, error){
		"LookupApp": func(ctx context.Context, c *Client) (string, error) {
			app, err := c.LookupApp(ctx, login, "web")
			return unless(app.Name == "web" && app.ID != "" && app.NumericID != 0 && app.Organization.ID != "", "an app that lacks something"), err
		},
		"LookupAppWith": func(ctx context.Context, c *Client) (string, error) {
			app, err := c.LookupAppWith(ctx, login, "web")
			return unless(app.Name == "web" && app.NumericID != 0, "an app that lacks something"), err
		},
		"LookupOrganization": func(ctx context.Context, c *Client) (string, error) {
			org, err := c.LookupOrganization(ctx, login, "acme")
			return unless(org.ID != "" && org.NumericID != 0, "an organization that lacks something"), err
		},
		"Mint": func(ctx context.Context, c *Client) (string, error) {
			minted, err := c.Mint(ctx, login, MintRequest{Name: "a", OrganizationID: "b", TTL: time.Hour})
			return unless(!minted.Token.IsZero(), "what is no token"), err
		},
		"ListTokens": func(ctx context.Context, c *Client) (string, error) {
			_, _, err := c.ListTokens(ctx, login, AppTokens("web"))
			return "", err
		},
		"Revoke": func(ctx context.Context, c *Client) (string, error) { return "", c.Revoke(ctx, login, "id") },
		"Show":   func(ctx context.Context, c *Client) (string, error) { return "", c.Show(ctx, login, "web") },
	}
}

func checkError(t *testing.T, call string, err error) {
	t.Helper()
	var e *Error
	if !errors.As(err, &e) || e.kind == "" || e.op == "" || e.Reason == "" {
		t.Fatalf("%s: %#v says too little", call, err)
	}
	text := err.Error()
	if len(text) > 2000 || strings.ContainsFunc(text, unicode.IsControl) || strings.ToValidUTF8(text, "") != text {
		t.Errorf("%s: the error is not a line of text: %q", call, text)
	}
	const shared = 6 // bytes that count as a leak
	for i := 0; i+shared <= len(sent); i++ {
		if strings.Contains(text, sent[i:i+shared]) {
			t.Fatalf("%s: the error quotes %q of the token: %q", call, sent[i:i+shared], text)
		}
	}
}
