package provider_test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/flytokens/terraform-provider-fly/internal/flytest"
)

// faulty is a project with a separate provider, server and storage for each of
// the names, so that one run of the engine covers all faults.
func faulty[T any](t *testing.T, names map[string]T, tls string, block func(name string) string) (p *process, servers map[string]*flytest.Server) {
	t.Helper()
	config, dir := "", t.TempDir()
	servers = make(map[string]*flytest.Server)
	for name := range names {
		world := flyWorld()
		world.TLS = name == tls
		s := flytest.New(t, world)
		servers[name] = s
		config += fmt.Sprintf(`
provider "fly" {
  alias        = %[1]q
  access_token = %[2]q
  storage      = { path = %[3]q }
%[4]s
  api = {
    base_url          = %[5]q
    machines_base_url = %[5]q
    timeout           = %[6]q
  }
}

data "fly_app_token" %[1]q {
  provider = fly.%[1]s
  app      = "web"
}

output %[1]q {
  value     = data.fly_app_token.%[1]s
  sensitive = true
}
`, name, s.Login(ownerOfBoth).Reveal(), filepath.Join(dir, name), block(name), s.URL(), timeoutOf(name))
	}
	return start(t, config, "PATH="+t.TempDir()), servers
}

// timeoutOf is short if nothing else ends the wait.
func timeoutOf(name string) string {
	if strings.HasPrefix(name, "hang") {
		return "500ms"
	}
	return "15s"
}

// The errors if Fly's API fails during a mint. Temporary faults that a retry
// overcomes are not reported.
func TestAccProcessAPIMintFaults(t *testing.T) {
	t.Parallel()
	const network = "check the network, HTTPS_PROXY and the provider's `api` block"
	elsewhere := flytest.New(t, flyWorld())
	login := elsewhere.Login(ownerOfBoth)
	tests := map[string]struct {
		op    flytest.Operation
		fault flytest.Fault
		// want is the line of the source; without one the fault causes no
		// error.
		want []string
	}{
		"s401":       {flytest.OpMint, flytest.Fail(401, `{"error":"token validation error"}`), []string{`mint the token "terraform-provider-fly organization acme `, `Fly does not accept the token that was sent (HTTP 401, "token validation error")`, "fly auth login"}},
		"unknown":    {flytest.OpLookupApp, flytest.FailGraphQL("UNAUTHORIZED", "You must be authenticated to view this."), []string{`look up app "web"`, "Fly does not accept the token that was sent", "fly auth login"}},
		"s403":       {flytest.OpMint, flytest.Fail(403, `{"error":"unauthorized"}`), []string{"Fly does not permit this with the token that was sent (HTTP 403", "a member of the organization"}},
		"s404":       {flytest.OpLookupApp, flytest.Fail(404, `{"error":"not found"}`), []string{"answered HTTP 404 with an error, which is not Fly's API", network}},
		"missing":    {flytest.OpLookupApp, flytest.FailGraphQL("NOT_FOUND", "Could not find App"), []string{"the app does not exist, or this token cannot see it", "check the app's name"}},
		"later":      {flytest.OpMint, flytest.TooManyRequests(1, 1), nil},
		"muchlater":  {flytest.OpMint, flytest.TooManyRequests(0, 3600), []string{"Fly asks for fewer requests (HTTP 429", "Retry-After: 3600", "lower api.max_parallel"}},
		"s500":       {flytest.OpMint, flytest.Fail(500, `{"error":"for `+login.AuthorizationHeader()+`"}`), []string{`Fly's API reports a failure (HTTP 500, "for `, "try again later"}},
		"thrice":     {flytest.OpMint, flytest.BadGateway(3), nil},
		"always502":  {flytest.OpMint, flytest.BadGateway(0), []string{"Fly's API reports a failure (HTTP 502)"}},
		"portal":     {flytest.OpMint, flytest.CaptivePortal(), []string{"answered HTTP 200 with a web page, which is not Fly's API", "captive portal"}},
		"gigabyte":   {flytest.OpMint, flytest.Flood(1 << 30), []string{"sent more than 1048576 bytes, which is not an answer of Fly's API"}},
		"tls":        {flytest.OpAny, flytest.Fault{}, []string{"no TLS connection to 127.0.0.1", "SSL_CERT_FILE"}},
		"redirect":   {flytest.OpMint, flytest.Redirect(elsewhere.URL() + "/graphql"), []string{"redirects to 127.0.0.1", "the provider sends no token to a redirect's target"}},
		"hang":       {flytest.OpMint, flytest.Hang(), []string{"no answer from 127.0.0.1", "in time (500ms at most)", network}},
		"hanglookup": {flytest.OpLookupApp, flytest.Hang(), []string{`look up app "web": no answer from 127.0.0.1`}},
		"reset":      {flytest.OpLookupApp, flytest.Reset(1), nil},
	}
	p, servers := faulty(t, tests, "tls", func(string) string { return `sources = ["storage", "api"]` })
	for name, test := range tests {
		if name != "tls" {
			servers[name].Inject(test.op, test.fault)
		}
	}
	got := p.try("plan")
	blocks := errorBlocks(got.output)
	for name, test := range tests {
		said := blocks[name]
		if (said == "") != (test.want == nil) {
			t.Errorf("%s says %q", name, said)
		}
		for _, want := range test.want {
			if !strings.Contains(said, want) {
				t.Errorf("%s says %q, without %q", name, said, want)
			}
		}
	}
	if n := elsewhere.Count(flytest.OpAny); n != 0 {
		t.Errorf("%d requests followed the redirect", n)
	}
	silent(t, map[string]string{"login": login.Reveal()}, got)
}

// errorBlocks returns the line of the source "api" in each error of the data
// sources, by the name of the data source.
func errorBlocks(output string) map[string]string {
	lines := make(map[string]string)
	for _, block := range strings.Split(output, "Error: Unable to Read Fly App Token")[1:] {
		_, rest, _ := strings.Cut(block, "with data.fly_app_token.")
		name, _, _ := strings.Cut(rest, ",")
		_, line, _ := strings.Cut(block, "  api: ")
		lines[name], _, _ = strings.Cut(line, "\n")
	}
	return lines
}

// The check of a stored token with Fly: 401 and 403 are refusals, and the token
// is replaced. Any other answer has no effect.
func TestAccProcessAPIShowFaults(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		fault    flytest.Fault
		replaced bool
	}{
		"s401": {fault: flytest.Fail(401, `{"error":"token validation error"}`), replaced: true},
		// Its successor is also checked, because the organization might be
		// wrong.
		"s403":   {fault: flytest.Fault{Times: 1, Status: 403, Header: map[string]string{"Content-Type": "application/json"}, Body: `{"error":"unauthorized"}`}, replaced: true},
		"s404":   {fault: flytest.Fail(404, `{"error":"app not found"}`)},
		"later":  {fault: flytest.TooManyRequests(1, 3600)},
		"s500":   {fault: flytest.Fail(500, `{"error":"oops"}`)},
		"thrice": {fault: flytest.BadGateway(3)},
		"portal": {fault: flytest.CaptivePortal()},
		"portal403": {fault: flytest.Fault{
			Status: http.StatusForbidden, Header: map[string]string{"Content-Type": "text/html"}, Body: "<html>Blocked by the proxy</html>",
		}},
		"gigabyte": {fault: flytest.Flood(1 << 30)},
		"tls":      {},
		"redirect": {fault: flytest.Redirect("https://login.example.com/")},
		"hang":     {fault: flytest.Hang()},
		"reset":    {fault: flytest.Reset(0)},
	}
	p, servers := faulty(t, tests, "", func(string) string { return "" })
	runs := []outcome{p.run("apply", "-auto-approve")}
	for name, test := range tests {
		servers[name].Reset()
		servers[name].Inject(flytest.OpShow, test.fault)
	}
	distrusted := flyWorld()
	distrusted.TLS = true
	p.moveMachines(servers["tls"], flytest.New(t, distrusted))
	plan := p.run("plan")
	silent(t, map[string]string{"login": servers["s401"].Login(ownerOfBoth).Reveal()}, append(runs, plan)...)
	for name, test := range tests {
		mints, shows := servers[name].Count(flytest.OpMint), 1
		switch name {
		case "tls":
			shows = 0 // the connection fails before there is a request
		case "s403":
			shows = 2
		}
		if changed := strings.Contains(plan.output, "~ "+name+" "); changed != test.replaced || (mints == 1) != test.replaced || servers[name].Count(flytest.OpShow) != shows {
			t.Errorf("%s: %d shows, %d mints, changed: %v", name, servers[name].Count(flytest.OpShow), mints, changed)
		}
	}
	if t.Failed() || strings.Contains(plan.output, "Error: ") {
		t.Errorf("the plan says:\n%s", plan.output)
	}
}

// moveMachines sets the Machines API of one server's clients to a different
// server.
func (p *process) moveMachines(from, to *flytest.Server) {
	p.t.Helper()
	name := filepath.Join(p.dir, "main.tf")
	text, err := os.ReadFile(name)
	if err != nil {
		p.t.Fatal(err)
	}
	const attribute = "machines_base_url = %q"
	write(p.t, name, strings.Replace(string(text), fmt.Sprintf(attribute, from.URL()), fmt.Sprintf(attribute, to.URL()), 1))
}
