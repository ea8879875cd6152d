package provider_test

import (
	"context"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/flytokens/terraform-provider-fly/internal/flyapi"
	"github.com/flytokens/terraform-provider-fly/internal/flytest"
	"github.com/flytokens/terraform-provider-fly/internal/flytest/engine"
	"github.com/flytokens/terraform-provider-fly/internal/token"
)

// secretStore writes the token to the file that the consumer reads.
const secretStore = `
resource "terraform_data" "secret" {
  triggers_replace = fly_deploy_token.ci.fingerprint
  provisioner "local-exec" {
    command     = "printf %s \"$TOKEN\" >secret.new && /bin/mv secret.new secret"
    environment = { TOKEN = fly_deploy_token.ci.token }
  }
}
`

// consumer uses the token in a file again and again.
type consumer struct {
	t       *testing.T
	file    string
	fly     *flyapi.Client
	uses    atomic.Int64
	refused atomic.Int64
}

// consumes starts a consumer of the token in the project's file named secret. It
// stops at the end of the test.
func (p *process) consumes(s *flytest.Server) *consumer {
	p.t.Helper()
	fly, err := flyapi.New(flyapi.Config{BaseURL: s.URL(), MachinesBaseURL: s.URL(), Version: "test"})
	if err != nil {
		p.t.Fatal(err)
	}
	c := &consumer{t: p.t, file: filepath.Join(p.dir, "secret"), fly: fly}
	ctx, cancel := context.WithCancel(p.t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for tick := time.NewTicker(5 * time.Millisecond); ctx.Err() == nil; <-tick.C {
			c.use(ctx)
		}
	}()
	p.t.Cleanup(func() { cancel(); <-ended })
	return c
}

// use opens the app once.
func (c *consumer) use(ctx context.Context) {
	text, err := os.ReadFile(c.file)
	if err != nil {
		c.t.Error(err)
		return
	}
	tok, err := token.Parse(string(text))
	if err == nil {
		err = c.fly.Show(ctx, tok, "web")
	}
	switch {
	case ctx.Err() != nil:
	case err != nil:
		c.refused.Add(1)
	default:
		c.uses.Add(1)
	}
}

// during runs the engine. It fails the test if the consumer did not use its token
// meanwhile, or if Fly refused it.
func (c *consumer) during(run func() outcome) outcome {
	c.t.Helper()
	before := c.uses.Load()
	got := run()
	if uses, refused := c.uses.Load()-before, c.refused.Load(); uses == 0 || refused != 0 {
		c.t.Errorf("the consumer used its token %d times, and Fly refused it %d times, during:\n%s", uses, refused, got.output)
	}
	return got
}

// A token that flyctl minted is adopted by an import block, by its identity, by the
// import command and with generated configuration. Its consumer has a valid token
// during both applies.
func TestAccProcessAdopt(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("the consumer's command is for a POSIX shell")
	}
	const resource, dir = "resource \"fly_deploy_token\" \"ci\" {\n  app = \"web\"\n}\n", "resources/fly_deploy_token/"
	byID, byIdentity := snippets(t, dir+"import-by-string-id.tf"), snippets(t, dir+"import-by-identity.tf")
	for name, test := range map[string]struct {
		block    string
		needs    engine.Feature
		generate bool
		command  bool
	}{
		"import block": {block: byID, needs: engine.Baseline},
		"identity":     {block: byIdentity, needs: engine.ResourceIdentity},
		"generated":    {block: byID, needs: engine.Baseline, generate: true},
		"command":      {needs: engine.Baseline, command: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			requires(t, test.needs)
			s := flytest.New(t, flyWorld())
			old := s.Make(flytest.Make{App: "web", Name: "flyctl deploy token"}).Reveal()
			p := start(t, test.block+resource+secretStore, runner(t, s, s.Login(ownerOfBoth))...)
			write(t, filepath.Join(p.dir, "secret"), old)
			c := p.consumes(s)
			var runs []outcome
			if test.generate {
				p.configure(test.block)
				runs = append(runs, c.during(func() outcome { return p.run("plan", "-generate-config-out=generated.tf") }))
				p.configure(test.block + secretStore)
			}
			if test.command {
				runs = append(runs, c.during(func() outcome { return p.run("import", "fly_deploy_token.ci", "web/lat_0001") }))
			}
			first := c.during(func() outcome { return p.run("apply", "-auto-approve") })
			wants(t, first.output, "Warning: Fly Deploy Token Is to Be Rotated", "1 added, 1 changed, 0 destroyed")
			successor, err := os.ReadFile(c.file)
			if err != nil || string(successor) == old || !opens(t, s, old, "web") {
				t.Fatalf("the first apply revoked the old token or stored no new one: %v", err)
			}
			planned := c.during(func() outcome { return p.run("plan") })
			wants(t, planned.output, "Warning: Replaced Fly Deploy Token Is to Be Revoked", "lat_0001")
			second := c.during(func() outcome { return p.run("apply", "-auto-approve") })
			if opens(t, s, old, "web") || !opens(t, s, string(successor), "web") {
				t.Errorf("the old token is valid, or its successor is not:\n%s", second.output)
			}
			wantTokens(t, s, tokens{minted: 1, revoked: 1, good: 1})
			if name := good(s)[0]; !strings.HasPrefix(name, map[bool]string{true: "flyctl deploy token", false: "terraform-provider-fly web"}[test.generate]) {
				t.Errorf("the successor is listed as %q", name)
			}
			runs = append(runs, first, planned, second, p.quiet())
			silent(t, map[string]string{"old": old, "successor": string(successor)}, runs...)
		})
	}
}
