package flyctl

import (
	"errors"
	"fmt"
	"strings"

	"github.com/flytokens/terraform-provider-fly/internal/token"
)

const (
	fixLogin   = "run `fly auth login`, or renew the token in access_token, FLY_ACCESS_TOKEN or FLY_API_TOKEN"
	fixAllowed = "check that the login may create tokens: a scoped token cannot"
	fixUpdate  = "update flyctl"
	fixReach   = "check the network, and the proxy if there is one"
	fixTrust   = "install this machine's CA certificates (the package ca-certificates), or set SSL_CERT_FILE to a file of them; if a proxy intercepts TLS, add its certificate"
	fixLater   = "try again later"
	fixShim    = "if it is the shim of a version manager, select a version of flyctl there, or set cli.path to flyctl itself"
)

// The exit statuses of a shell, and of a version manager's shim, for a program
// that cannot be run or is not found. flyctl exits with 126 only if it cannot lock
// its configuration, which it does not share with another process here.
const (
	statusCannotRun = 126
	statusNotFound  = 127
)

// diagnosis explains a part of flyctl's message.
type diagnosis struct {
	// part is in lower case.
	part, fix string
	temporary bool
	// noToken says that no token was made: flyctl sent no request for one, or Fly
	// refused it in so many words. An HTTP status may be a proxy's.
	noToken bool
}

// diagnoses are tried in this order: faults that kept flyctl from Fly's answer
// come before faults in the answer.
func diagnoses() []diagnosis {
	return []diagnosis{
		{"no access token available", fixLogin, false, true},
		{"you must be authenticated", fixLogin, false, true},
		{"non-200 status code: 401", fixLogin, false, false},
		{"non-200 status code: 403", fixAllowed, false, false},
		{"non-200 status code: 429", "try again later, or lower cli.max_parallel", true, false},
		{"non-200 status code: 5", fixLater, true, false},
		{"transport connection broken", fixLater, true, false},
		{"invalid character '<'", "something between this machine and Fly answered with a web page: " + fixReach, true, false},
		{"certificate signed by unknown authority", fixTrust, true, false},
		{"x509:", "check the clock, the network, and the proxy if there is one", true, false},
		{"tls:", fixReach, true, false},
		{"graphql\":", fixReach, true, false},
		{"context deadline exceeded", fixLater, true, false},
		{"argument must be specified", "set organization, or FLY_ORG", false, true},
		{"could not find organization", "check organization: `fly orgs list` shows the slugs", false, true},
		{"could not find app", "check the name of the app, and that the login has access to it", false, true},
		{"parse flyv1 token", fixUpdate, false, false},
		{"failed creating token: input:", fixAllowed, false, true},
		{"not authorized", fixAllowed, false, true},
		{"unknown flag", fixUpdate, false, true},
		{"unknown shorthand flag", fixUpdate, false, true},
		{"unknown command", fixUpdate, false, true},
	}
}

var errFailed = errors.New("flyctl failed")

// failure explains a run that ended with a status other than 0. It quotes
// flyctl's message, if there is one, without the login. A failure counts as
// temporary unless it is known to be a refusal.
func failure(out output, req token.Request, login token.Token) *token.MissError {
	miss := &token.MissError{
		Reason:    fmt.Sprintf("flyctl failed with exit status %d", out.status),
		Fix:       "run `fly " + strings.Join(subcommand(req), " ") + "` by hand to see the cause",
		Temporary: true,
		Cause:     errFailed,
	}
	if out.status < 0 {
		miss.Reason = "a signal ended flyctl"
	}
	whole, quoted := usefulLine(out.stderr, login)
	if quoted != "" {
		miss.Reason += ": " + quoted
	}
	if out.status == statusCannotRun || out.status == statusNotFound {
		miss.Fix, miss.Temporary = fixShim, false
		return miss // the shell's statuses: flyctl did not run
	}
	lower := strings.ToLower(whole)
	for _, d := range diagnoses() {
		if strings.Contains(lower, d.part) {
			miss.Fix, miss.Temporary = d.fix, d.temporary
			if d.noToken {
				return miss
			}
			break
		}
	}
	return uncertain(miss)
}

// uncertain marks the miss of a run that may have made a token.
func uncertain(miss *token.MissError) *token.MissError {
	miss.Cause = fmt.Errorf("%w: %w", token.ErrMintUncertain, miss.Cause)
	return miss
}
