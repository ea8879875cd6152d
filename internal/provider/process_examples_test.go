package provider_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/flytokens/terraform-provider-fly/internal/flytest/engine"
	"github.com/flytokens/terraform-provider-fly/internal/flytest/fakefly"
)

// Every example applies as it is printed in the documentation, and changes
// nothing when it is planned again.
func TestAccProcessExamples(t *testing.T) {
	t.Parallel()
	examples := filepath.Join("..", "..", "examples")
	for name, test := range map[string]struct {
		files []string
		env   []string
		needs []engine.Feature
	}{
		"provider":    {files: []string{"provider/provider.tf", "data-sources/fly_app_token/data-source.tf"}},
		"data source": {files: []string{"data-sources/fly_app_token/data-source.tf"}},
		"resource":    {files: []string{"resources/fly_manual_token/resource.tf"}, env: []string{"TF_VAR_web_token=" + macaroonFor("web")}, needs: []engine.Feature{engine.WriteOnlyArguments}},
		"quickstart":  {files: []string{"quickstart/main.tf"}, env: []string{"TF_VAR_token=" + macaroonFor("quickstart")}},
		"own login":   {files: []string{"own-login/main.tf"}, env: []string{"TF_VAR_app=web"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			requires(t, test.needs...)
			fly := fakefly.Install(t, fakefly.Behaviour{})
			p := start(t, "", append(flyEnv(fly), test.env...)...)
			text := ""
			for _, file := range test.files {
				data, err := os.ReadFile(filepath.Join(examples, filepath.FromSlash(file)))
				if err != nil {
					t.Fatal(err)
				}
				text += string(data) + "\n"
			}
			if strings.Contains(text, "required_providers") {
				write(t, filepath.Join(p.dir, "main.tf"), text)
			} else {
				p.configure(text)
			}
			p.run("apply", "-auto-approve")
			if again := p.run("plan"); !strings.Contains(again.output, "No changes.") {
				t.Errorf("the second plan says:\n%s", again.output)
			}
		})
	}
}
