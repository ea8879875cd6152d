package provider_test

import (
	"strings"
	"testing"

	"github.com/flytokens/terraform-provider-fly/internal/provider"
)

// The sentence after the list of sources is correct: only lines with advice are
// called fixes.
func TestOneFixIsEnough(t *testing.T) {
	t.Parallel()
	const end = "One of these fixes is enough."
	for name, test := range map[string]struct {
		sources []any
		want    bool
	}{
		"two that say what to do": {[]any{"storage", "manual", "cli"}, true},
		"one that does":           {[]any{"storage", "cli"}, false},
		"none that does":          {[]any{"storage"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			world := provider.World{Home: t.TempDir(), ConfigDir: t.TempDir(), TempDir: t.TempDir()}
			w := configured(t, world, attrs{"sources": test.sources})
			_, got := w.read(t.Context(), attrs{"app": "web"})
			if !strings.Contains(got, "Each source in turn") || strings.Contains(got, end) != test.want || strings.Contains(got, "Any one of them") {
				t.Errorf("said:\n%s", got)
			}
		})
	}
}
