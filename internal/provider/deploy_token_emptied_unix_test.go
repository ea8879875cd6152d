//go:build darwin || freebsd || linux

package provider_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/flytokens/terraform-provider-fly/internal/flytest"
)

// An engine that is killed while it writes leaves an empty state. The next apply
// revokes the tokens of a rotation that the state lost. It keeps the replaced one if a
// backend may have the earlier state.
func TestAccProcessDeployTokenStateEmptied(t *testing.T) {
	t.Parallel()
	config := func(arguments string) string {
		return "resource \"fly_deploy_token\" \"ci\" {\n  app = \"web\"\n" + arguments + "}\n"
	}
	for name, test := range map[string]struct {
		// prepare changes the project before its first apply.
		prepare   func(*process)
		arguments string
		// state is the folder of the state.
		state string
		// kept means that the replaced token stays.
		kept bool
		says string
	}{
		"local":           {says: "Both are revoked"},
		"with an overlap": {arguments: "  overlap = \"1h\"\n", says: "Both are revoked"},
		"not in state":    {arguments: "  token_in_state = false\n", says: "Both are revoked"},
		"in a workspace": {
			prepare: func(p *process) { p.run("workspace", "new", "blue") },
			state:   filepath.Join("terraform.tfstate.d", "blue"), says: "Both are revoked",
		},
		"with a backend": {
			prepare: func(p *process) {
				data := p.t.TempDir()
				p.env = append(p.env, "TF_DATA_DIR="+data)
				write(p.t, filepath.Join(data, "terraform.tfstate"), `{"version": 3, "serial": 1, "lineage": "a"}`)
			},
			kept: true, says: "a state in a different backend may hold it",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := flytest.New(t, flyWorld())
			p := start(t, config(test.arguments), runner(t, s, s.Login(ownerOfBoth))...)
			if test.prepare != nil {
				test.prepare(p)
			}
			p.run("apply", "-auto-approve")
			p.configure(config(test.arguments + "  triggers = { n = \"2\" }\n"))
			p.killed(s)
			file := filepath.Join(p.dir, test.state, "terraform.tfstate")
			before, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			write(t, file+".backup", string(before))
			write(t, file, "")

			got := p.run("apply", "-auto-approve")
			if text := strings.Join(strings.Fields(strings.ReplaceAll(got.output, "│", "")), " "); !strings.Contains(text, test.says) {
				t.Errorf("the apply does not say %q:\n%s", test.says, got.output)
			}
			want := []any{"lat_0003"}
			if test.kept {
				want = []any{"lat_0001", "lat_0003"}
			}
			if ids := live(s); !slices.Equal(ids, want) {
				t.Errorf("%v is live, want %v", ids, want)
			}
		})
	}
}
