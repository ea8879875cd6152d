package flyconfig

import (
	"strings"

	"github.com/flytokens/terraform-provider-fly/internal/token"
)

// handOut picks what of a login an app may be given: its macaroons with their
// discharges, else its OAuth token. Never both in one string: Fly's Machines API
// is sent macaroons alone, and OAuth only where there are none (superfly/fly-go,
// tokens.FlapsHeader).
func handOut(login token.Token) (token.Token, error) {
	var macaroons []string
	var oauth string
	for part := range strings.SplitSeq(login.Reveal(), ",") {
		switch {
		case !strings.HasPrefix(part, "fo1_"):
			macaroons = append(macaroons, part)
		case oauth == "":
			oauth = part
		}
	}
	if len(macaroons) > 0 {
		return token.Parse(strings.Join(macaroons, ","))
	}
	return token.Parse(oauth)
}
