package token_test

import (
	"errors"
	"testing"

	"github.com/flytokens/terraform-provider-fly/internal/token"
)

// TestPlace checks that no two requests share a place that must not.
func TestPlace(t *testing.T) {
	t.Parallel()
	for place, request := range map[string]token.Request{
		"web":               {App: "web", Organization: "acme"},
		"organization_acme": {Organization: "acme"},
	} {
		if got := request.Place(); got != place || token.At(got).App != request.App || token.ValidatePlace(got) != nil {
			t.Errorf("the place of %+v is %q, its app %q: %v", request, got, token.At(got).App, token.ValidatePlace(got))
		}
	}
	for _, place := range []string{"", "organization_", "organization_../acme", "organization_Acme", "team_acme", "../web"} {
		if err := token.ValidatePlace(place); !errors.Is(err, token.ErrInvalidRequest) {
			t.Errorf("%q is a place: %v", place, err)
		}
	}
}
