package flyapi_test

import (
	"context"
	"errors"
	"net/http"
	"testing"

	"github.com/flytokens/terraform-provider-fly/internal/flyapi"
	"github.com/flytokens/terraform-provider-fly/internal/flytest"
	"github.com/flytokens/terraform-provider-fly/internal/token"
)

func TestShow(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		make    flytest.Make
		app     string
		revoked bool
		kind    flyapi.Kind
	}{
		"good":                  {make: flytest.Make{App: "web"}, app: "web"},
		"an organization's":     {make: flytest.Make{Organization: "acme"}, app: "worker"},
		"no such app":           {make: flytest.Make{App: "web"}, app: "nowhere"},
		"another app":           {make: flytest.Make{App: "web"}, app: "worker", kind: flyapi.ErrNotPermitted},
		"another organization":  {make: flytest.Make{Organization: "globex"}, app: "web", kind: flyapi.ErrNotPermitted},
		"revoked":               {make: flytest.Make{App: "web"}, app: "web", revoked: true, kind: flyapi.ErrUnauthenticated},
		"expired":               {make: flytest.Make{App: "web", TTL: -1e9}, app: "web", kind: flyapi.ErrUnauthenticated},
		"the discharge expired": {make: flytest.Make{App: "web", DischargeTTL: -1e9}, app: "web", kind: flyapi.ErrUnauthenticated},
		"no discharge":          {make: flytest.Make{App: "web", NoDischarge: true}, app: "web", kind: flyapi.ErrUnauthenticated},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := flytest.New(t, world())
			tok := s.Make(tc.make)
			if tc.revoked {
				s.Revoke(tok)
			}
			err := client(t, s).Show(t.Context(), tok, tc.app)
			if flyapi.Rejected(err) != (tc.kind != "") {
				t.Fatalf("Show = %v", err)
			}
			if tc.kind != "" {
				wantKind(t, err, tc.kind, tok)
			} else if err != nil {
				t.Fatalf("Show = %v", err)
			}
		})
	}
}

// An answer that is not Fly's must never count as a refusal.
func TestShowHasNoAnswer(t *testing.T) {
	t.Parallel()
	html := flytest.CaptivePortal()
	html.Status = http.StatusForbidden
	tests := map[string]flytest.Fault{
		"500":                  flytest.Fail(500, `{"error":"oops"}`),
		"502":                  flytest.BadGateway(0),
		"429":                  flytest.TooManyRequests(0, 1),
		"a portal":             flytest.CaptivePortal(),
		"a portal with a 403":  html,
		"401 without a body":   flytest.Fail(401, ""),
		"401 with a text":      flytest.Fail(401, "Unauthorized"),
		"404 with a text":      flytest.Fail(404, "no such page"),
		"200 with another":     flytest.Fail(200, `"hello"`),
		"a redirect":           flytest.Redirect("https://example.com/"),
		"a reset":              flytest.Reset(0),
		"a body without end":   flytest.Flood(1 << 30),
		"a body cut short":     {Status: 200, Header: map[string]string{"Content-Length": "100"}, Body: "{}"},
		"a status of Fly's to": flytest.Fail(418, `{}`),
	}
	for name, fault := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := flytest.New(t, world())
			s.Inject(flytest.OpShow, fault)
			tok := s.Make(flytest.Make{App: "web"})
			err := client(t, s).Show(t.Context(), tok, "web")
			wantKind(t, err, flyapi.ErrUnavailable, tok)
			if flyapi.Rejected(err) {
				t.Errorf("%v counts as a rejection", err)
			}
			if n := s.Count(flytest.OpShow); n != 1 {
				t.Errorf("%d requests, want 1: showing is not repeated", n)
			}
		})
	}
}

func TestShowLetsItsCallerLeave(t *testing.T) {
	t.Parallel()
	s := flytest.New(t, world())
	s.Inject(flytest.OpShow, flytest.Hang())
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err := client(t, s).Show(ctx, s.Make(flytest.Make{App: "web"}), "web")
	if !errors.Is(err, context.Canceled) || errors.Is(err, flyapi.ErrUnavailable) {
		t.Errorf("Show = %v, want the context's error and no other", err)
	}
	if err := client(t, s).Show(t.Context(), token.Token{}, "web"); !errors.Is(err, flyapi.ErrUnauthenticated) {
		t.Errorf("Show of no token = %v", err)
	}
}

func TestShowGivesUpOnAHang(t *testing.T) {
	t.Parallel()
	s := flytest.New(t, world())
	s.Inject(flytest.OpShow, flytest.Hang())
	tok := s.Make(flytest.Make{App: "web"})
	err := client(t, s, impatient).Show(t.Context(), tok, "web")
	if wantKind(t, err, flyapi.ErrUnavailable, tok); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Show = %v, want one that ran out of time", err)
	}
}
