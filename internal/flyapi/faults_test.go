package flyapi_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/flytokens/terraform-provider-fly/internal/flyapi"
	"github.com/flytokens/terraform-provider-fly/internal/flytest"
	"github.com/flytokens/terraform-provider-fly/internal/token"
)

// operations are the client's calls except Show, by the server's names for
// them.
func operations(c *flyapi.Client, tok token.Token) map[flytest.Operation]func(context.Context) error {
	return map[flytest.Operation]func(context.Context) error{
		flytest.OpLookupApp:          func(ctx context.Context) error { _, err := c.LookupApp(ctx, tok, "web"); return err },
		flytest.OpLookupOrganization: func(ctx context.Context) error { _, err := c.LookupOrganization(ctx, tok, "acme"); return err },
		flytest.OpShow:               func(ctx context.Context) error { _, err := c.LookupAppWith(ctx, tok, "web"); return err },
		flytest.OpList: func(ctx context.Context) error {
			_, _, err := c.ListTokens(ctx, tok, flyapi.AppTokens("web"))
			return err
		},
		flytest.OpRevoke: func(ctx context.Context) error { return c.Revoke(ctx, tok, "lat_0001") },
		flytest.OpMint: func(ctx context.Context) error {
			_, err := c.Mint(ctx, tok, flyapi.MintRequest{Name: "n", OrganizationID: "org_4700", TTL: time.Hour})
			return err
		},
	}
}

// TestFailures lists the failures of a server: the kind of each, the number of
// attempts, and the message for the user.
func TestFailures(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		fault flytest.Fault
		kind  flyapi.Kind
		tries int
		reads string
	}{
		"401":                 {flytest.Fail(401, `{"error":"Authenticate: token validation error"}`), flyapi.ErrUnauthenticated, 1, `HTTP 401, "Authenticate: token validation error"): log in again with ` + "`fly auth login`"},
		"401 without a body":  {flytest.Fail(401, ""), flyapi.ErrUnauthenticated, 1, "(HTTP 401): log in again"},
		"403":                 {flytest.Fail(403, `{"errors":[{"message":"no"}]}`), flyapi.ErrNotPermitted, 1, `(HTTP 403, "no"): use the login of a member`},
		"429 throughout":      {flytest.TooManyRequests(0, 0), flyapi.ErrRateLimited, 4, `(HTTP 429, "rate limit exceeded"), Retry-After: 0: try again later, or lower api.max_parallel`},
		"429 for too long":    {flytest.TooManyRequests(0, 86400), flyapi.ErrRateLimited, 1, "Retry-After: 86400"},
		"500":                 {flytest.Fail(500, `{"error":"boom"}`), flyapi.ErrUnavailable, 1, `reports a failure (HTTP 500, "boom")`},
		"504":                 {flytest.Fail(504, ""), flyapi.ErrUnavailable, 1, "reports a failure (HTTP 504)"},
		"502 throughout":      {flytest.BadGateway(0), flyapi.ErrUnavailable, 4, "reports a failure (HTTP 502)"},
		"503 for too long":    {flytest.Fault{Status: 503, Header: map[string]string{"Retry-After": "Fri, 31 Dec 2286 23:59:59 GMT"}}, flyapi.ErrUnavailable, 1, "(HTTP 503)"},
		"a captive portal":    {flytest.CaptivePortal(), flyapi.ErrUnavailable, 1, "with a web page, which is not Fly's API: sign in to the network if it has a captive portal"},
		"not JSON":            {flytest.Fail(200, "OK"), flyapi.ErrUnavailable, 1, "with something that is not JSON"},
		"a body of 1 GB":      {flytest.Flood(1 << 30), flyapi.ErrUnavailable, 1, "sent more than 1048576 bytes"},
		"a redirect":          {flytest.Redirect("https://elsewhere.example/x?y"), flyapi.ErrUnavailable, 1, "redirects to elsewhere.example (HTTP 307), and the provider sends no token to a redirect's target"},
		"another 4xx":         {flytest.Fail(422, `{"message":"bad name"}`), flyapi.ErrInvalid, 1, `Fly refused the request (HTTP 422, "bad name")`},
		"JSON of another API": {flytest.Fail(200, `["x"]`), flyapi.ErrUnavailable, 1, "which is not Fly's API"},
	}
	// Calls after an uncertain mint are also repeated after 500 and 504.
	afterMint := map[flytest.Operation]int{flytest.OpList: 4, flytest.OpRevoke: 4, flytest.OpMint: 1, flytest.OpLookupApp: 1, flytest.OpLookupOrganization: 1, flytest.OpShow: 1}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := flytest.New(t, world())
			tok := s.Login("both")
			s.Inject(flytest.OpAny, tc.fault)
			for op, do := range operations(client(t, s), tok) {
				e := mustBe(t, do(t.Context()), tc.kind, tok)
				if !strings.Contains(e.Error(), tc.reads) {
					t.Errorf("%s reads %q, want %q in it", op, e.Error(), tc.reads)
				}
				want := tc.tries
				if name == "500" || name == "504" {
					want = afterMint[op]
				}
				if n := s.Count(op); n != want {
					t.Errorf("%s was tried %d times, want %d", op, n, want)
				}
			}
		})
	}
}

// Three failures of a server followed by an answer cause no error.
func TestRetriesAreNotNoticed(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		fault flytest.Fault
		mint  bool
	}{
		"502 thrice":             {flytest.BadGateway(3), true},
		"503 thrice":             {flytest.Fault{Times: 3, Status: 503}, true},
		"429 with a wait":        {flytest.TooManyRequests(3, 0), true},
		"a reset thrice":         {flytest.Reset(3), false},
		"an answer cut off once": {flytest.Fault{Times: 1, Status: 200, Header: map[string]string{"Content-Length": "100"}, Body: "{"}, false},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := flytest.New(t, world())
			s.Make(flytest.Make{App: "web"}) // for OpRevoke
			for op, do := range operations(client(t, s), s.Login("both")) {
				if op == flytest.OpMint && !tc.mint {
					continue
				}
				s.Inject(op, tc.fault)
				if err := do(t.Context()); err != nil {
					t.Errorf("%s: %v", op, err)
				}
				if n := s.Count(op); n != tc.fault.Times+1 {
					t.Errorf("%s was tried %d times, want %d", op, n, tc.fault.Times+1)
				}
			}
		})
	}
}

// A mint that may have been carried out is not repeated.
func TestAMintIsNotRepeatedBlindly(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]flytest.Fault{
		"reset": {Reset: true, Done: true},
		"cut":   {Status: 200, Done: true, Header: map[string]string{"Content-Length": "100"}, Body: "{"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := flytest.New(t, world())
			s.Inject(flytest.OpMint, fault)
			err := operations(client(t, s), s.Login("both"))[flytest.OpMint](t.Context())
			e := mustBe(t, err, flyapi.ErrUnavailable, s.Login("both"))
			if !strings.Contains(e.Reason, "closed the connection without an answer") {
				t.Errorf("the reason is %q", e.Reason)
			}
			if n := len(s.Issued()); n != 1 {
				t.Errorf("%d tokens were made, want 1", n)
			}
		})
	}
}

func TestGraphQLErrors(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		code, message string
		kind          flyapi.Kind
	}{
		"unauthenticated":          {"UNAUTHORIZED", "You must be authenticated to view this.", flyapi.ErrUnauthenticated},
		"unauthenticated, uncoded": {"", "You must be authenticated to view this.", flyapi.ErrUnauthenticated},
		"not permitted":            {"UNAUTHORIZED", "Not authorized to access this app", flyapi.ErrNotPermitted},
		"not found":                {"NOT_FOUND", "nope", flyapi.ErrNoSuchApp},
		"not found, uncoded":       {"", "Could not find App", flyapi.ErrNoSuchApp},
		"maintenance":              {"MAINTENANCE", "back soon", flyapi.ErrUnavailable},
		"server error":             {"INTERNAL_SERVER_ERROR", "oops", flyapi.ErrUnavailable},
		"invalid":                  {"INVALID_ARGUMENTS", "expiry is too long", flyapi.ErrInvalid},
		"a future code":            {"TEAPOT", "short", flyapi.ErrInvalid},
		"a message without a code": {"", "scoped tokens cannot mint", flyapi.ErrInvalid},
		"a message of many things": {"INVALID", "x\x1b[2J" + strings.Repeat("very long ", 1000), flyapi.ErrInvalid},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := flytest.New(t, world())
			tok := s.Login("both")
			s.Inject(flytest.OpLookupApp, flytest.FailGraphQL(tc.code, tc.message))
			_, err := client(t, s).LookupApp(t.Context(), tok, "web")
			e := mustBe(t, err, tc.kind, tok)
			if len(e.Error()) > 600 || strings.ContainsAny(e.Error(), "\x1b\n") {
				t.Errorf("the error is not fit to print: %q", e.Error())
			}
		})
	}
}

// The error does not repeat secrets that the server echoes.
func TestEchoedTokensAreScrubbed(t *testing.T) {
	t.Parallel()
	s := flytest.New(t, world())
	tok := s.Make(flytest.Make{App: "web"})
	value := tok.Reveal()
	for _, body := range []string{
		fmt.Sprintf(`{"error":%q}`, "bad "+value),
		fmt.Sprintf(`{"message":%q}`, "bad "+tok.AuthorizationHeader()),
		fmt.Sprintf(`{"errors":[{"message":%q}]}`, "near "+value[40:90]),
		"plain " + value[10:200],
		`{"error":"` + strings.ReplaceAll(value[:400], "/", `\/`) + `"}`,
	} {
		for _, status := range []int{200, 401, 403, 422, 500} {
			s.Reset()
			s.Inject(flytest.OpAny, flytest.Fail(status, body))
			for op, do := range operations(client(t, s), tok) {
				err := do(t.Context())
				if err == nil {
					t.Fatalf("%s took %d %.20q for an answer", op, status, body)
				}
				noLeak(t, err.Error(), tok)
			}
		}
	}
	s.Reset()
	s.Inject(flytest.OpAny, flytest.Redirect("https://"+value[4:50]+".example/"+value))
	_, err := client(t, s).LookupApp(t.Context(), tok, "web")
	wantKind(t, err, flyapi.ErrUnavailable, tok)
}

func TestAHangEndsWithTheTimeoutOrTheCaller(t *testing.T) {
	t.Parallel()
	s := flytest.New(t, world())
	s.Inject(flytest.OpAny, flytest.Hang())
	tok := s.Login("both")
	var group sync.WaitGroup
	for op := range operations(client(t, s), tok) {
		// A client for each: after one failure, a client may send no further request.
		impatient := client(t, s, func(c *flyapi.Config) { c.Timeout = 50 * time.Millisecond })
		group.Go(func() {
			err := operations(impatient, tok)[op](t.Context())
			if !errors.Is(err, flyapi.ErrUnavailable) || !errors.Is(err, context.DeadlineExceeded) ||
				!strings.Contains(err.Error(), "no answer from 127.0.0.1") || !strings.Contains(err.Error(), "in time (50ms at most)") {
				t.Errorf("%s: %v", op, err)
			}
		})
	}
	for op := range operations(client(t, s), tok) {
		group.Go(func() {
			do := operations(client(t, s), tok)[op]
			ctx, cancel := context.WithTimeoutCause(t.Context(), 50*time.Millisecond, errors.New("not this"))
			defer cancel()
			if err := do(ctx); !errors.Is(err, flyapi.ErrUnavailable) {
				t.Errorf("%s with a deadline of the caller's: %v", op, err)
			}
		})
		group.Go(func() {
			reason := errors.New("the caller left")
			do := operations(client(t, s), tok)[op]
			ctx, cancel := context.WithCancelCause(t.Context())
			time.AfterFunc(50*time.Millisecond, func() { cancel(reason) })
			if err := do(ctx); !errors.Is(err, reason) || errors.Is(err, flyapi.ErrUnavailable) {
				t.Errorf("%s whose caller left: %v", op, err)
			}
		})
	}
	group.Wait()
}
