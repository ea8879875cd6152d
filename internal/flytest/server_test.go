package flytest_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/flytokens/terraform-provider-fly/internal/flytest"
	"github.com/flytokens/terraform-provider-fly/internal/macaroon"
	"github.com/flytokens/terraform-provider-fly/internal/token"
)

func world() flytest.World {
	return flytest.World{
		Organizations: []flytest.Organization{{Slug: "acme"}, {Slug: "globex", NumericID: 7}},
		Apps:          []flytest.App{{Name: "web", Organization: "acme"}, {Name: "shop", Organization: "globex", NumericID: 9}},
		Users:         []flytest.User{{Name: "member", Organizations: []string{"acme"}, Personal: "acme"}},
	}
}

// recorder replaces a test that the server may fail.
type recorder struct {
	testing.TB
	mu     sync.Mutex
	errors []string
}

func (r *recorder) Errorf(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.errors = append(r.errors, fmt.Sprintf(format, args...))
}

func (r *recorder) take() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	errs := r.errors
	r.errors = nil
	return errs
}

// send sends a request and returns the status and the body.
func send(t *testing.T, s *flytest.Server, method, path, header, body string) (int, string) {
	t.Helper()
	status, got, err := try(t, s, method, path, header, body)
	if err != nil {
		t.Fatal(err)
	}
	return status, got
}

func try(t *testing.T, s *flytest.Server, method, path, header, body string) (int, string, error) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, s.URL()+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", header)
	req.Header.Set("User-Agent", "flytest/1")
	// On a connection that was used before, net/http repeats a GET by itself.
	req.Close = true
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		return 0, "", err
	}
	defer func() { _ = resp.Body.Close() }()
	got, err := io.ReadAll(resp.Body)
	return resp.StatusCode, strings.TrimSpace(string(got)), err
}

// graphql wraps a document in a GraphQL request.
func graphql(t *testing.T, document string, variables map[string]any) string {
	t.Helper()
	body, err := json.Marshal(map[string]any{"query": document, "variables": variables})
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

// The documents that flyctl sends for `tokens create readonly` and `deploy`.
const (
	flyctlOrganization = `query($slug: String!) { organization(slug: $slug) { id internalNumericId slug rawSlug name type billable } }`
	flyctlApp          = `query ($appName: String!) { appcompact:app(name: $appName) { id internalNumericId name hostname cnameTarget deployed
		network status appUrl platformVersion organization { id internalNumericId slug paidPlan } postgresAppRole: role { name } } }`
	flyctlMint = `mutation CreateLimitedAccessToken ($name: String!, $organizationId: ID!, $profile: String!, $profileParams: JSON, $expiry: String!) {
		createLimitedAccessToken(input: {name: $name, organizationId: $organizationId, profile: $profile, profileParams: $profileParams, expiry: $expiry}) {
		limitedAccessToken { tokenHeader } } }`
)

func TestServerAnswersFlyctl(t *testing.T) {
	t.Parallel()
	s := flytest.New(t, world())
	login := s.Login("member").AuthorizationHeader()
	tests := map[string]struct {
		document  string
		variables map[string]any
		want      string
	}{
		"organization":           {flyctlOrganization, map[string]any{"slug": "personal"}, `{"data":{"organization":{"billable":true,"id":"org_4700","internalNumericId":"4700","name":"acme","rawSlug":"acme","slug":"personal","type":"SHARED"}}}`},
		"app":                    {flyctlApp, map[string]any{"appName": "web"}, `"appcompact":{"appUrl":null,`},
		"somebody else's app":    {flyctlApp, map[string]any{"appName": "shop"}, `"message":"Could not find App"`},
		"no app":                 {flyctlApp, map[string]any{"appName": ""}, `"message":"Could not find App"`},
		"mint":                   {flyctlMint, map[string]any{"name": "n", "organizationId": "org_4700", "profile": "deploy_organization", "profileParams": map[string]any{}, "expiry": "24h0m0s"}, `{"data":{"createLimitedAccessToken":{"limitedAccessToken":{"tokenHeader":"FlyV1 fm2_`},
		"mint where none may":    {flyctlMint, map[string]any{"name": "n", "organizationId": "org_7", "profile": "deploy_organization", "expiry": ""}, `"code":"UNAUTHORIZED"`},
		"mint of another kind":   {flyctlMint, map[string]any{"name": "n", "organizationId": "org_4700", "profile": "root", "expiry": ""}, `"code":"INVALID_ARGUMENTS"`},
		"mint for a day":         {flyctlMint, map[string]any{"name": "n", "organizationId": "org_4700", "profile": "deploy_organization", "expiry": "1d"}, `"code":"INVALID_ARGUMENTS"`},
		"mint for another's app": {flyctlMint, map[string]any{"name": "n", "organizationId": "org_4700", "profile": "deploy", "profileParams": map[string]any{"app_id": "shop"}, "expiry": ""}, `"message":"Could not find App"`},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			status, got := send(t, s, http.MethodPost, "/graphql", login, graphql(t, tc.document, tc.variables))
			if status != 200 || !strings.Contains(got, tc.want) {
				t.Errorf("%d %s, want %s in it", status, got, tc.want)
			}
			if status, got := send(t, s, http.MethodPost, "/graphql", "Bearer fo1_nobody", graphql(t, tc.document, tc.variables)); status != 200 ||
				!strings.Contains(got, "You must be authenticated to view this.") {
				t.Errorf("without a token: %d %s", status, got)
			}
		})
	}
}

func TestServerFailsTheTestOnWhatItDoesNotExpect(t *testing.T) {
	t.Parallel()
	r := &recorder{TB: t}
	s := flytest.New(r, world())
	login := s.Login("member").AuthorizationHeader()
	tests := map[string][3]string{
		"another path":        {http.MethodGet, "/v1/machines", ""},
		"deeper":              {http.MethodGet, "/v1/apps/web/machines", ""},
		"another method":      {http.MethodDelete, "/v1/apps/web", ""},
		"not JSON":            {http.MethodPost, "/graphql", "query"},
		"not GraphQL":         {http.MethodPost, "/graphql", `{"query":"{"}`},
		"another query":       {http.MethodPost, "/graphql", `{"query":"{ viewer { email } }"}`},
		"another field":       {http.MethodPost, "/graphql", `{"query":"{ app(name: \"web\") { secrets { name } } }"}`},
		"a query as mutation": {http.MethodPost, "/graphql", `{"query":"mutation { app(name: \"web\") { id } }"}`},
	}
	for name, tc := range tests {
		status, body := send(t, s, tc[0], tc[1], login, tc[2])
		if errs := r.take(); len(errs) != 1 {
			t.Errorf("%s: answered %d %s, and %d errors", name, status, body, len(errs))
		}
	}
	both := login + "," + s.Make(flytest.Make{App: "web"}).Reveal()
	if send(t, s, http.MethodGet, "/v1/apps/web", both, ""); len(r.take()) != 1 {
		t.Error("an OAuth token beside macaroons at the Machines API is no error")
	}
}

func TestServerEvaluatesTokens(t *testing.T) {
	t.Parallel()
	s := flytest.New(t, world())
	good := s.Make(flytest.Make{App: "web"})
	revoked := s.Make(flytest.Make{Organization: "acme"})
	narrow := func(tok token.Token, caveats ...macaroon.Caveat) string {
		bundle, err := macaroon.ParseBundle(tok.Reveal())
		if err != nil {
			t.Fatal(err)
		}
		if bundle, err = bundle.Attenuate(caveats...); err != nil {
			t.Fatal(err)
		}
		return "FlyV1 " + bundle.Reveal()
	}
	later := narrow(revoked, macaroon.Apps{8000: macaroon.ActionRead})
	s.Revoke(revoked)
	stranger := flytest.New(t, world()).Make(flytest.Make{App: "web"})
	tests := map[string]struct {
		header, app string
		status      int
		body        string
	}{
		"good":             {good.AuthorizationHeader(), "web", 200, `"internal_numeric_id":8000`},
		"bearer":           {"Bearer " + good.Reveal(), "web", 200, `"slug":"acme"`},
		"nothing":          {"", "web", 401, "no tokens found in header"},
		"a login":          {s.Login("member").AuthorizationHeader(), "web", 200, `"name":"web"`},
		"another's app":    {good.AuthorizationHeader(), "shop", 403, "unauthorized"},
		"no such app":      {good.AuthorizationHeader(), "nowhere", 404, "app not found"},
		"narrowed":         {narrow(good, macaroon.Apps{8000: macaroon.ActionRead}), "web", 200, `"name":"web"`},
		"narrowed away":    {narrow(good, macaroon.Apps{9: macaroon.ActionRead}), "web", 403, "unauthorized"},
		"not to be read":   {narrow(good, macaroon.ActionWrite), "web", 403, "unauthorized"},
		"run out":          {narrow(good, macaroon.Window(time.Unix(0, 0), time.Now().Add(-time.Minute))), "web", 401, "token validation error"},
		"revoked":          {revoked.AuthorizationHeader(), "web", 401, "token validation error"},
		"made of it":       {later, "web", 401, "token validation error"},
		"without its half": {"FlyV1 " + strings.Split(good.Reveal(), ",")[0], "web", 401, "missing third-party discharge"},
		"made elsewhere":   {stranger.AuthorizationHeader(), "web", 401, "token validation error"},
		"cut off":          {good.AuthorizationHeader()[:100], "web", 401, "no tokens found"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			status, body := send(t, s, http.MethodGet, "/v1/apps/"+tc.app, tc.header, "")
			if status != tc.status || !strings.Contains(body, tc.body) {
				t.Errorf("%d %s, want %d and %q", status, body, tc.status, tc.body)
			}
		})
	}
}

func TestServerRefusesAForgedMacaroon(t *testing.T) {
	t.Parallel()
	s := flytest.New(t, world())
	tok := s.Make(flytest.Make{App: "web"})
	bundle, err := macaroon.ParseBundle(tok.Reveal())
	if err != nil {
		t.Fatal(err)
	}
	// The tail of a permission macaroon is the last of its bytes.
	encoded := bundle.Macaroons()[0].Encode()
	encoded[len(encoded)-1] ^= 1
	forged, err := macaroon.Decode(encoded)
	if err != nil {
		t.Fatal(err)
	}
	header := macaroon.NewBundle(forged, bundle.Macaroons()[1]).Reveal()
	if status, body := send(t, s, http.MethodGet, "/v1/apps/web", header, ""); status != 401 {
		t.Errorf("a forged macaroon gets %d %s", status, body)
	}
}

func TestServerRefusesOAuthAtTheMachinesAPI(t *testing.T) {
	t.Parallel()
	w := world()
	w.MachinesRefuseOAuth = true
	s := flytest.New(t, w)
	status, body := send(t, s, http.MethodGet, "/v1/apps/web", s.Login("member").AuthorizationHeader(), "")
	if status != 401 || !strings.Contains(body, "no tokens found in header") {
		t.Errorf("%d %s", status, body)
	}
}

func TestServerPlaysFaultsInOrder(t *testing.T) {
	t.Parallel()
	s := flytest.New(t, world())
	header := s.Make(flytest.Make{App: "web"}).AuthorizationHeader()
	s.Inject(flytest.OpAny, flytest.Fault{Times: 1, Status: 599})
	s.Inject(flytest.OpShow, flytest.BadGateway(2), flytest.TooManyRequests(1, 7), flytest.Reset(1))
	s.Inject(flytest.OpShow, flytest.Fault{Times: 1, Delay: time.Millisecond, Answer: true})
	var got []int
	for range 7 {
		status, _, err := try(t, s, http.MethodGet, "/v1/apps/web", header, "")
		if err != nil {
			status = -1
		}
		got = append(got, status)
	}
	if want := []int{502, 502, 429, -1, 200, 599, 200}; fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("the answers are %v, want %v", got, want)
	}
	if n := s.Count(flytest.OpShow); n != 7 {
		t.Errorf("%d requests were counted, want 7", n)
	}
	if s.Reset(); s.Count(flytest.OpAny) != 0 || len(s.Issued()) != 1 {
		t.Error("Reset forgets the counts and keeps the tokens")
	}
}

// Otherwise the server would block the end of the inner test forever.
func TestServerLetsGoOfWhatHangsWhenTheTestEnds(t *testing.T) {
	t.Parallel()
	done := make(chan error, 1)
	t.Run("a test", func(t *testing.T) {
		s := flytest.New(t, world())
		s.Inject(flytest.OpShow, flytest.Hang())
		// The request must outlive the inner test's context.
		req, err := http.NewRequestWithContext(context.Background(), http.MethodGet, s.URL()+"/v1/apps/web", http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("User-Agent", "flytest/1")
		go func() {
			resp, err := http.DefaultTransport.RoundTrip(req)
			if err == nil {
				err = resp.Body.Close()
			}
			done <- err
		}()
		<-s.Requested(flytest.OpShow)
	})
	if err := <-done; err != nil {
		t.Logf("the client's error: %v", err)
	}
}
