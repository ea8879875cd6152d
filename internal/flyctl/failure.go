package flyctl

import (
	"errors"
	"fmt"
	"strings"

	"github.com/flytokens/terraform-provider-fly/internal/token"
)

// lockedStatus is the exit status of a flyctl that could not lock its
// configuration within a second (superfly/flyctl, internal/cli).
const lockedStatus = 126

const (
	fixLogin  = "run `fly auth login`, or renew the token in access_token, FLY_ACCESS_TOKEN or FLY_API_TOKEN"
	fixUpdate = "update flyctl"
	fixReach  = "check the network, and the proxy if there is one"
	fixLater  = "try again later"
)

// known are the failures of flyctl that there is a remedy for, by a part of its
// message in lower case. The first that fits counts: what kept flyctl from
// Fly's API stands before what it was looking for there.
var known = []struct{ part, fix string }{
	{"no access token available", fixLogin},
	{"you must be authenticated", fixLogin},
	{"non-200 status code: 401", fixLogin},
	{"non-200 status code: 403", "check that the login may create tokens"},
	{"non-200 status code: 429", "try again later, or lower cli.max_parallel"},
	{"non-200 status code: 5", fixLater},
	{"transport connection broken", fixLater},
	{"invalid character '<'", "something between this machine and Fly answered with a web page: " + fixReach},
	{"dial tcp", fixReach},
	{"tls:", fixReach},
	{"x509:", fixReach},
	{"argument must be specified", "set organization, or FLY_ORG"},
	{"failed retrieving org", "check organization: `fly orgs list` shows the slugs"},
	{"failed retrieving app", "check the name of the app, and that the login reaches it"},
	{"parse flyv1 token", fixUpdate},
	{"failed creating token", "check that the login may create tokens: a scoped token may not"},
	{"unknown flag", fixUpdate},
	{"unknown shorthand flag", fixUpdate},
	{"unknown command", fixUpdate},
}

// errFailed is behind the miss of a flyctl that failed by itself.
var errFailed = errors.New("flyctl failed")

// failure says why a run ended with another status than 0, in flyctl's own words
// where it had any, without the login that it was given.
func failure(out output, req token.Request, login token.Token) error {
	miss := &token.MissError{
		Reason: fmt.Sprintf("flyctl failed with exit status %d", out.status),
		Fix:    "run `fly " + strings.Join(subcommand(req), " ") + "` by hand to see why",
		Cause:  errFailed,
	}
	if out.status < 0 {
		miss.Reason = "flyctl was ended by a signal"
	}
	line := usefulLine(out.stderr, login)
	if line != "" {
		miss.Reason += ": " + line
	}
	if out.status == lockedStatus {
		miss.Fix = "another flyctl holds the lock of its configuration: " + fixLater
		return miss
	}
	lower := strings.ToLower(line)
	for _, k := range known {
		if strings.Contains(lower, k.part) {
			miss.Fix = k.fix
			return miss
		}
	}
	return miss
}
