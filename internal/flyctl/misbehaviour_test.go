package flyctl_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/flytokens/terraform-provider-fly/internal/flyctl"
	"github.com/flytokens/terraform-provider-fly/internal/flytest/fakefly"
)

// patience is the deadline of the runs that are stopped: long enough for the
// fake to come up with its grandchild on a busy machine.
const patience = 3 * time.Second

func TestAcquireStopsWhatHangs(t *testing.T) {
	t.Parallel()
	for name, behaviour := range map[string]fakefly.Behaviour{
		"alone":             {Hang: true},
		"with a grandchild": {Hang: true, Grandchild: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fly := fakefly.Install(t, behaviour)
			src, temp := newSource(t, fly, func(o *flyctl.Options) { o.Timeout = patience })
			_, err := src.Acquire(t.Context(), request())
			wantMiss(t, err, "flyctl did not finish within 3s and was stopped: check the network, or raise cli.timeout")
			if got := len(fly.Calls()); got != 1 {
				t.Errorf("%d calls, want 1", got)
			}
			wantNothingLeft(t, fly, temp)
		})
	}
}

func TestAcquireStopsAtTheCallersDeadline(t *testing.T) {
	t.Parallel()
	fly := fakefly.Install(t, fakefly.Behaviour{Hang: true})
	src, temp := newSource(t, fly)
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	_, err := src.Acquire(ctx, request())
	wantMiss(t, err, "flyctl did not finish within 1m0s and was stopped: check the network, or raise cli.timeout")
	wantNothingLeft(t, fly, temp)
}

func TestAcquireStopsWhenTheCallerLeaves(t *testing.T) {
	t.Parallel()
	fly := fakefly.Install(t, fakefly.Behaviour{Hang: true, Grandchild: true})
	src, temp := newSource(t, fly)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	done := make(chan error, 1)
	go func() {
		_, err := src.Acquire(ctx, request())
		done <- err
	}()
	waitFor(t, "the call", func() bool { return len(fly.Calls()) == 1 })
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("error is %v, want the caller's", err)
	}
	wantNothingLeft(t, fly, temp)
}

func TestAcquireEndsWhatOutlivesSuccess(t *testing.T) {
	t.Parallel()
	fly := fakefly.Install(t, fakefly.Behaviour{Grandchild: true})
	src, temp := newSource(t, fly)
	got, err := src.Acquire(t.Context(), request())
	if err != nil {
		t.Fatal(err)
	}
	if got.Token.IsZero() {
		t.Error("no token")
	}
	wantNothingLeft(t, fly, temp)
}

func TestAcquireTakesTokensAlone(t *testing.T) {
	t.Parallel()
	const check = ": check that cli.path is flyctl, and update it"
	good := "FlyV1 fm2_" + strings.Repeat("QUJD", 150)
	tests := map[string]struct {
		behaviour fakefly.Behaviour
		want      string // "" for success
	}{
		"with a warning beside it":  {fakefly.Behaviour{Stdout: good + "\n", Stderr: "Warning: Metrics token unavailable: context canceled\n"}, ""},
		"with much noise beside it": {fakefly.Behaviour{Stdout: good, Stderr: strings.Repeat("noise\n", 50_000)}, ""},
		"without a scheme":          {fakefly.Behaviour{Stdout: strings.TrimPrefix(good, "FlyV1 ")}, ""},
		"with two schemes":          {fakefly.Behaviour{Stdout: "Bearer " + good + "\r\n"}, ""},
		"garbage":                   {fakefly.Behaviour{Stdout: "all is well\n"}, "flyctl printed something that is not a token (12 bytes)" + check},
		"a notice before it":        {fakefly.Behaviour{Stdout: "Update available\n" + good}, "flyctl printed something that is not a token (627 bytes)" + check},
		"a notice after it":         {fakefly.Behaviour{Stdout: good + "\nUpdate available"}, "flyctl printed something that is not a token (627 bytes)" + check},
		"two tokens":                {fakefly.Behaviour{Stdout: good + "\n" + good}, "flyctl printed something that is not a token (1221 bytes)" + check},
		"an OAuth token":            {fakefly.Behaviour{Stdout: "FlyV1 fo1_secret"}, "flyctl printed something that is not a token (16 bytes)" + check},
		"an OAuth token among them": {fakefly.Behaviour{Stdout: good + ",fo1_secret"}, "flyctl printed something that is not a token (621 bytes)" + check},
		"cut off":                   {fakefly.Behaviour{Stdout: good[:len(good)-1]}, "flyctl printed something that is not a token (609 bytes)" + check},
		"a scheme alone":            {fakefly.Behaviour{Stdout: "FlyV1 \n"}, "flyctl printed something that is not a token (7 bytes)" + check},
		"JSON":                      {fakefly.Behaviour{Stdout: "{\n    \"token\": \"x\"\n}\n"}, "flyctl printed something that is not a token (21 bytes)" + check},
		"nothing":                   {fakefly.Behaviour{Mute: true}, "flyctl printed nothing, and called it a success" + check},
		"help": {
			fakefly.TooOld(),
			"flyctl printed its help instead of a token (200 bytes): it is too old: update flyctl",
		},
		"100 MB": {
			fakefly.Behaviour{Flood: 100_000_000},
			"flyctl printed something that is not a token (more than 65536 bytes) and was stopped: check that cli.path is flyctl",
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fly := fakefly.Install(t, tt.behaviour)
			src, temp := newSource(t, fly)
			got, err := src.Acquire(t.Context(), request())
			if tt.want != "" {
				wantMiss(t, err, tt.want)
			} else if err != nil {
				t.Error(err)
			} else if got.Token.Reveal() != strings.TrimPrefix(good, "FlyV1 ") {
				t.Error("another token than the one that was printed")
			}
			wantNothingLeft(t, fly, temp)
		})
	}
}

func TestAcquireTellsWhyItFailed(t *testing.T) {
	t.Parallel()
	const (
		status1 = "flyctl failed with exit status 1: "
		logIn   = ": run `fly auth login`, or renew the token in access_token, FLY_ACCESS_TOKEN or FLY_API_TOKEN"
		network = ": check the network, and the proxy if there is one"
		noOrg   = status1 + "failed retrieving org "
	)
	for name, tt := range map[string]struct {
		behaviour fakefly.Behaviour
		want      string
	}{
		"no login":        {fakefly.NoLogin(), status1 + "no access token available. Please login with 'flyctl auth login'" + logIn},
		"unauthenticated": {fakefly.Unauthenticated(), noOrg + "failed retrieving organization: You must be authenticated to view this." + logIn},
		"no organization": {fakefly.NoOrganization(), noOrg + "slug argument must be specified when not running interactively: set organization, or FLY_ORG"},
		"unknown organization": {
			fakefly.UnknownOrganization("acme"),
			noOrg + "failed retrieving organization with slug acme: failed to run query($slug: String!) { organization(slug: $slug) { id slug } }: Could not find Organization: check organization: `fly orgs list` shows the slugs",
		},
		"unknown app": {
			fakefly.UnknownApp("web"),
			status1 + "failed retrieving app web: failed to run query ($appName: String!) { appcompact:app(name: $appName) { id name } }: Could not find App: check the name of the app, and that the login reaches it",
		},
		"refused":    {fakefly.Refused("Not authorized"), status1 + "failed creating token: input: Not authorized: check that the login may create tokens: a scoped token may not"},
		"status 401": {fakefly.ServerStatus(401), noOrg + "failed to run query: server returned a non-200 status code: 401" + logIn},
		"status 429": {fakefly.ServerStatus(429), noOrg + "failed to run query: server returned a non-200 status code: 429: try again later, or lower cli.max_parallel"},
		"status 500": {fakefly.ServerStatus(500), noOrg + "failed to run query: server returned a non-200 status code: 500: try again later"},
		"bad gateway": {
			fakefly.BadGateway(),
			noOrg + `failed to run query: Post "https://api.fly.io/graphql": http: server closed: transport connection broken: http: ContentLength=149 with Body length 0: try again later`,
		},
		"locked":        {fakefly.Locked(), "flyctl failed with exit status 126: context deadline exceeded: another flyctl holds the lock of its configuration: try again later"},
		"network down":  {fakefly.NetworkDown(), noOrg + `failed to run query: Post "https://api.fly.io/graphql": dial tcp 192.0.2.1:443: connect: connection refused` + network},
		"web page":      {fakefly.CaptivePortal(), noOrg + "failed to run query: decoding response: invalid character '<' looking for beginning of value: something between this machine and Fly answered with a web page" + network},
		"crash":         {fakefly.Behaviour{Status: 3}, "flyctl failed with exit status 3: run `fly tokens create readonly` by hand to see why"},
		"warning first": {fakefly.Fail(1, "WARN old config\n\n\x1b[31mError:\x1b[0m it is \x1b[1mbroken\x1b[0m\nmore"), status1 + "it is broken: run `fly tokens create readonly` by hand to see why"},
		"token printed": {fakefly.Fail(1, "Error: bad token "+login+" in Bearer c2VjcmV0LXNlY3JldA=="), status1 + "bad token [redacted] in Bearer [redacted]: run `fly tokens create readonly` by hand to see why"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fly := fakefly.Install(t, tt.behaviour)
			src, temp := newSource(t, fly)
			_, err := src.Acquire(t.Context(), request())
			wantMiss(t, err, tt.want)
			wantNothingLeft(t, fly, temp)
		})
	}
}
