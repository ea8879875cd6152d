package flyctl_test

import (
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/flytokens/terraform-provider-fly/internal/flyctl"
	"github.com/flytokens/terraform-provider-fly/internal/flytest/fakefly"
	"github.com/flytokens/terraform-provider-fly/internal/token"
)

const (
	logIn   = ": run `fly auth login`, or renew the token in access_token, FLY_ACCESS_TOKEN or FLY_API_TOKEN"
	allowed = ": check that the login may create tokens: a scoped token cannot"
	network = ": check the network, and the proxy if there is one"
	byHand  = ": run `fly tokens create readonly` by hand to see the cause"
)

// diagnosed is the expected message of a failure, after its prefix.
type diagnosed struct {
	ends      string
	temporary bool
}

// The output of the real flyctl is recognized for each cause and shortened to a
// readable length.
func TestAcquireDiagnosesRecordedFailures(t *testing.T) {
	t.Parallel()
	const status = "server returned a non-200 status code: "
	want := map[string]diagnosed{
		"401":          {status + "401" + logIn, false},
		"403":          {status + "403" + allowed, false},
		"429":          {status + "429: try again later, or lower cli.max_parallel", true},
		"500":          {status + "500: try again later", true},
		"503":          {status + "503: try again later", true},
		"html":         {"decoding response: invalid character '<' looking for beginning of value: something between this machine and Fly answered with a web page" + network, true},
		"reset":        {"read: connection reset by peer" + network, true},
		"closed port":  {"connect: connection refused" + network, true},
		"scoped login": {"You must be authenticated to view this" + logIn, false},
		"missing app":  {"Could not find App: check the name of the app, and that the login has access to it", false},
		"no login":     {"no access token available. Please login with 'flyctl auth login'" + logIn, false},
		"garbage login": {
			"You must be authenticated to view this" + logIn, false,
		},
		"bad flag":     {"unknown flag: --nope: update flyctl", false},
		"no such host": {"no such host" + network, true},
	}
	for _, run := range fakefly.RecordedRuns() {
		t.Run(run, func(t *testing.T) {
			t.Parallel()
			expected, ok := want[strings.TrimPrefix(strings.TrimPrefix(run, "deploy "), "readonly ")]
			if !ok {
				t.Fatal("a recorded failure without a diagnosis")
			}
			req := request()
			if strings.HasPrefix(run, "deploy") {
				req.Access = token.AccessDeploy
			}
			fly := fakefly.Install(t, fakefly.Recorded(run))
			src, temp := newSource(t, fly)
			_, err := src.Acquire(t.Context(), req)
			wantDiagnosis(t, err, expected)
			if strings.Contains(err.Error(), "failed to run query") || strings.Contains(err.Error(), "{") {
				t.Errorf("the query is quoted: %v", err)
			}
			if n := len(fly.Calls()); n != 1 {
				t.Errorf("%d processes were started, want 1", n)
			}
			wantNothingLeft(t, fly, temp)
		})
	}
}

func wantDiagnosis(t *testing.T, err error, want diagnosed) {
	t.Helper()
	var miss *token.MissError
	if !errors.As(err, &miss) {
		t.Fatalf("error is %v, want a miss", err)
	}
	if !strings.HasSuffix(err.Error(), want.ends) {
		t.Errorf("error is %q, want it to end in %q", err, want.ends)
	}
	if miss.Temporary != want.temporary {
		t.Errorf("temporary is %v for %v", miss.Temporary, err)
	}
}

func TestAcquireDiagnosesOtherFailures(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		behaviour fakefly.Behaviour
		want      diagnosed
	}{
		"no organization":      {fakefly.NoOrganization(), diagnosed{"slug argument must be specified when not running interactively: set organization, or FLY_ORG", false}},
		"unknown organization": {fakefly.UnknownOrganization("acme"), diagnosed{"failed retrieving organization with slug acme: Could not find Organization: check organization: `fly orgs list` shows the slugs", false}},
		"refused":              {fakefly.Refused("Not authorized"), diagnosed{"flyctl failed with exit status 1: failed creating token: input: Not authorized" + allowed, false}},
		"bad gateway":          {fakefly.BadGateway(), diagnosed{"ContentLength=149 with Body length 0: try again later", true}},
		"no CA certificates":   {fakefly.Fail(1, "Error: tls: failed to verify certificate: x509: certificate signed by unknown authority"), diagnosed{"signed by unknown authority: install this machine's CA certificates (the package ca-certificates), or set SSL_CERT_FILE to a file of them; if a proxy intercepts TLS, add its certificate", true}},
		"wrong clock":          {fakefly.Fail(1, "Error: tls: failed to verify certificate: x509: certificate has expired or is not yet valid"), diagnosed{"not yet valid: check the clock, the network, and the proxy if there is one", true}},
		"crash":                {fakefly.Behaviour{Status: 3}, diagnosed{"flyctl failed with exit status 3" + byHand, true}},
		"warning first":        {fakefly.Fail(1, "WARN old config\n\n\x1b[31mError:\x1b[0m it is \x1b[1mbroken\x1b[0m\nmore"), diagnosed{"flyctl failed with exit status 1: it is broken" + byHand, true}},
		"token printed":        {fakefly.Fail(1, "Error: bad token "+login+" in Bearer c2VjcmV0LXNlY3JldA=="), diagnosed{"bad token [redacted] in Bearer [redacted]" + byHand, true}},
		"token in pieces":      {fakefly.Fail(1, "Error: bad token fo1_l oginO fTheT ests"), diagnosed{"flyctl failed with exit status 1: [withheld: the message resembles a token]" + byHand, true}},
		"printed nothing":      {fakefly.Behaviour{Mute: true}, diagnosed{"flyctl reported success but printed nothing: check that cli.path is flyctl, and update it", true}},
		"too old":              {fakefly.TooOld(), diagnosed{"it is too old: update flyctl", false}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fly := fakefly.Install(t, tt.behaviour)
			src, temp := newSource(t, fly)
			_, err := src.Acquire(t.Context(), request())
			wantDiagnosis(t, err, tt.want)
			wantNothingLeft(t, fly, temp)
		})
	}
}

// Concourse's fly comes before flyctl on PATH.
func TestAcquireGoesOnToFlyctl(t *testing.T) {
	t.Parallel()
	for name, behaviour := range map[string]fakefly.Behaviour{
		"after Concourse": fakefly.Concourse(),
		"after a shim":    fakefly.Shim(),
		"after words":     {Stdout: "Welcome to another fly\n", OtherProgram: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			other := fakefly.Install(t, behaviour)
			genuine := fakefly.InstallAs(t, "flyctl", fakefly.Behaviour{})
			src, _ := newSource(t, other, func(o *flyctl.Options) {
				o.Path, o.SearchPath = "", other.Dir()+string(filepath.ListSeparator)+genuine.Dir()
			})
			for range 2 {
				got, err := src.Acquire(t.Context(), request())
				if err != nil {
					t.Fatal(err)
				}
				if len(got.Warnings) != 1 || !strings.HasPrefix(got.Warnings[0].Detail, other.Path()+" is on PATH and is not flyctl") {
					t.Errorf("warnings %+v, want the other program's path", got.Warnings)
				}
			}
			var commands []string
			for _, c := range other.Calls() {
				commands = append(commands, c.Args[0])
				if c.Args[0] == "version" && c.Login != "" {
					t.Error("the login was in the environment of the question for the version")
				}
			}
			if !slices.Equal(commands, []string{"tokens", "version"}) {
				t.Errorf("the other program ran %q, want one run and the question", commands)
			}
			if n := len(genuine.Calls()); n != 2 {
				t.Errorf("flyctl ran %d times, want 2", n)
			}
		})
	}
}

func TestAcquireNamesTheProgramThatIsNotFlyctl(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		behaviour fakefly.Behaviour
		ends      string
	}{
		"Concourse": {fakefly.Concourse(), " is not flyctl (exit status 1: error: Unknown command `tokens'. Please specify one command of: abort-build, builds, containers or workers): install flyctl, or set cli.path"},
		"a shim":    {fakefly.Shim(), " is not flyctl (exit status 126: No version is set for command fly): if it is the shim of a version manager, select a version of flyctl there, or set cli.path to flyctl itself"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fly := fakefly.Install(t, tt.behaviour)
			src, temp := newSource(t, fly, func(o *flyctl.Options) { o.Path, o.SearchPath = "", fly.Dir() })
			for range 2 {
				_, err := src.Acquire(t.Context(), request())
				wantDiagnosis(t, err, diagnosed{fly.Path() + tt.ends, false})
			}
			wantNothingLeft(t, fly, temp)
		})
	}
}
