package flyctl_test

import (
	"context"
	"errors"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/flytokens/terraform-provider-fly/internal/flyctl"
	"github.com/flytokens/terraform-provider-fly/internal/flytest"
	"github.com/flytokens/terraform-provider-fly/internal/flytest/fakefly"
	"github.com/flytokens/terraform-provider-fly/internal/token"
)

func TestMain(m *testing.M) {
	fakefly.Main()
	os.Exit(m.Run())
}

const login = "fo1_loginOfTheTests"

// newSource returns a source that runs fly, and the parent of its private
// folders.
func newSource(t *testing.T, fly *fakefly.Fake, change ...func(*flyctl.Options)) (src *flyctl.Source, temp string) {
	t.Helper()
	temp = t.TempDir()
	o := flyctl.Options{
		Path:        fly.Path(),
		Timeout:     time.Minute,
		MaxParallel: 4,
		TokenTTL:    24 * time.Hour,
		Login:       func(context.Context) (token.Token, error) { return token.Parse(login) },
		Environ:     os.Environ(),
		TempDir:     temp,
	}
	for _, c := range change {
		c(&o)
	}
	return flyctl.New(o), temp
}

func request() token.Request { return token.Request{App: "web", Organization: "acme"} }

// wantMiss fails unless err is a miss with the text want.
func wantMiss(t *testing.T, err error, want string) {
	t.Helper()
	var miss *token.MissError
	if !errors.As(err, &miss) {
		t.Fatalf("error is %v, want a miss", err)
	}
	if diff := cmp.Diff(want, err.Error()); diff != "" {
		t.Error(diff)
	}
}

// wantNothingLeft fails if a process of fly or a private folder outlives its run.
func wantNothingLeft(t *testing.T, fly *fakefly.Fake, temp string) {
	t.Helper()
	flytest.Eventually(t, "the processes have ended", func() bool { return fly.Running() == 0 })
	left, err := os.ReadDir(temp)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range left {
		t.Errorf("%s was left behind", entry.Name())
	}
}

func TestAcquireMints(t *testing.T) {
	t.Parallel()
	readonly := []string{"tokens", "create", "readonly", "--expiry", "24h0m0s", "--name"}
	deploy := []string{"tokens", "create", "deploy", "--app", "web", "--expiry", "24h0m0s", "--name"}
	tests := map[string]struct {
		request token.Request
		args    []string
	}{
		"unset":                       {token.Request{App: "web", Organization: "acme"}, readonly},
		"readonly":                    {token.Request{App: "web", Organization: "acme", Access: token.AccessReadOnly}, readonly},
		"deploy":                      {token.Request{App: "web", Organization: "acme", Access: token.AccessDeploy}, deploy},
		"deploy without organization": {token.Request{App: "web", Access: token.AccessDeploy}, deploy},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fly := fakefly.Install(t, fakefly.Behaviour{})
			src, temp := newSource(t, fly)
			before := time.Now().Round(0)
			got, err := src.Acquire(t.Context(), tt.request)
			after := time.Now().Round(0)
			if err != nil {
				t.Fatal(err)
			}
			if got.Token.IsZero() || got.Token.IsOAuth() || got.Origin != token.SourceCLI || !got.Minted || got.Warnings != nil {
				t.Errorf("got %+v, want a minted macaroon of origin cli", got)
			}
			if got.AcquiredAt.Before(before) || got.AcquiredAt.After(after) || got.ExpiresAt.Sub(got.AcquiredAt) != 24*time.Hour {
				t.Errorf("acquired at %v until %v, want now until a day later", got.AcquiredAt, got.ExpiresAt)
			}
			calls := fly.Calls()
			if len(calls) != 1 {
				t.Fatalf("%d calls, want 1", len(calls))
			}
			if !strings.HasPrefix(got.MintName, "terraform-provider-fly web ") {
				t.Errorf("the token's name is %q", got.MintName)
			}
			if diff := cmp.Diff(append(slices.Clone(tt.args), got.MintName), calls[0].Args); diff != "" {
				t.Error(diff)
			}
			if got := calls[0].Fly["FLY_ORG"]; got != tt.request.Organization {
				t.Errorf("FLY_ORG is %q, want %q", got, tt.request.Organization)
			}
			wantNothingLeft(t, fly, temp)
		})
	}
}

func TestAcquireMakesAFolderPerRun(t *testing.T) {
	t.Parallel()
	fly := fakefly.Install(t, fakefly.Behaviour{})
	src, temp := newSource(t, fly)
	for range 2 {
		if _, err := src.Acquire(t.Context(), request()); err != nil {
			t.Fatal(err)
		}
	}
	calls := fly.Calls()
	if len(calls) != 2 || calls[0].Dir == calls[1].Dir {
		t.Fatalf("calls %+v, want two in two folders", calls)
	}
	for _, c := range calls {
		if !sameFolder(c.Fly["FLY_CONFIG_DIR"], c.Dir) || len(c.Entries) != 0 {
			t.Errorf("ran in %s with %v in it and FLY_CONFIG_DIR %s, want an empty folder that is both", c.Dir, c.Entries, c.Fly["FLY_CONFIG_DIR"])
		}
		if runtime.GOOS != "windows" && c.Mode != 0o700 {
			t.Errorf("the folder's mode is %v, want 0700", c.Mode)
		}
		if !c.StdinEmpty {
			t.Error("stdin is not empty")
		}
	}
	wantNothingLeft(t, fly, temp)
}

// sameFolder compares two paths of a folder that may have been removed. One
// path may contain a link, as for temporary files on macOS.
func sameFolder(a, b string) bool { return a == b || strings.HasSuffix(b, a) }

func TestAcquireKeepsTheEnvironmentToItself(t *testing.T) {
	t.Parallel()
	fly := fakefly.Install(t, fakefly.Behaviour{})
	src, _ := newSource(t, fly, func(o *flyctl.Options) {
		o.Environ = []string{
			"PATH=/bin", "HOME=/home", "LC_ALL=C", "LC_DEPLOY_KEY=x", "HTTPS_PROXY=http://192.0.2.1", "no_proxy=localhost", "SSL_CERT_FILE=/ca",
			"FLY_API_BASE_URL=https://fly.test", "FLY_FLAPS_BASE_URL=https://flaps.test",
			"FLY_API_TOKEN=fo1_another", "FLY_ACCESS_TOKEN=fo1_yetAnother", "FLY_APP=other", "FLY_ORG=other", "FLY_CONFIG_DIR=/elsewhere",
			"FLY_GHA_ERROR_ANNOTATION=1", "GITHUB_ACTIONS=true", "LOG_LEVEL=debug", "TF_VAR_secret=x", "TMPDIR=/shared", "EMPTY=", "odd",
			"SystemRoot=" + os.Getenv("SystemRoot"),
		}
	})
	if _, err := src.Acquire(t.Context(), request()); err != nil {
		t.Fatal(err)
	}
	c := fly.Calls()[0]
	want := []string{
		"FLY_ACCESS_TOKEN", "FLY_API_BASE_URL", "FLY_CONFIG_DIR", "FLY_FLAPS_BASE_URL", "FLY_NO_INCIDENTS_CHECK", "FLY_NO_UPDATE_CHECK",
		"FLY_ORG", "FLY_SEND_METRICS", "FLY_SYNTHETICS_AGENT", "HOME", "HTTPS_PROXY", "LC_ALL", "NO_COLOR", "PATH", "SSL_CERT_FILE", "TEMP", "TMP", "TMPDIR", "no_proxy",
	}
	if runtime.GOOS == "windows" {
		want = append(want, "SystemRoot")
		slices.Sort(want)
	}
	if diff := cmp.Diff(want, c.Env); diff != "" {
		t.Error(diff)
	}
	delete(c.Fly, "FLY_CONFIG_DIR")
	if diff := cmp.Diff(map[string]string{
		"FLY_API_BASE_URL": "https://fly.test", "FLY_FLAPS_BASE_URL": "https://flaps.test", "FLY_ORG": "acme",
		"FLY_NO_INCIDENTS_CHECK": "1", "FLY_NO_UPDATE_CHECK": "1", "FLY_SEND_METRICS": "0", "FLY_SYNTHETICS_AGENT": "0",
	}, c.Fly); diff != "" {
		t.Error(diff)
	}
	if t1, _ := token.Parse(login); c.Login != t1.Fingerprint() {
		t.Error("FLY_ACCESS_TOKEN differs from the login")
	}
}

func TestAcquireStartsNoProcessInVain(t *testing.T) {
	t.Parallel()
	noLogin := &token.MissError{Reason: "not logged in", Fix: "run `fly auth login`"}
	tests := map[string]struct {
		request token.Request
		login   error
		want    string
	}{
		"no login":        {request(), noLogin, "not logged in: run `fly auth login`"},
		"no organization": {token.Request{App: "web"}, nil, "flyctl needs an organization for a read-only token, and none is set: set organization, or FLY_ORG"},
		"no app's name":   {token.Request{App: "--help", Organization: "acme"}, nil, ""},
		"no slug":         {token.Request{App: "web", Organization: "--help"}, nil, ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fly := fakefly.Install(t, fakefly.Behaviour{})
			src, temp := newSource(t, fly, func(o *flyctl.Options) {
				if tt.login != nil {
					o.Login = func(context.Context) (token.Token, error) { return token.Token{}, tt.login }
				}
			})
			_, err := src.Acquire(t.Context(), tt.request)
			if tt.want != "" {
				wantMiss(t, err, tt.want)
			} else if !errors.Is(err, token.ErrInvalidRequest) {
				t.Errorf("error is %v, want an invalid request", err)
			}
			if got := len(fly.Calls()); got != 0 {
				t.Errorf("%d calls, want none", got)
			}
			wantNothingLeft(t, fly, temp)
		})
	}
}

func TestSlot(t *testing.T) {
	t.Parallel()
	src := flyctl.New(flyctl.Options{MaxParallel: 2, Timeout: time.Second})
	if src.Name() != token.SourceCLI || src.Timeout() != time.Second {
		t.Errorf("name %q, timeout %v", src.Name(), src.Timeout())
	}
	first, err := src.Slot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := src.Slot(t.Context()); err != nil {
		t.Fatal(err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := src.Slot(ended); !errors.Is(err, context.Canceled) {
		t.Errorf("error for a third slot of two is %v, want the context's", err)
	}
	first()
	first()
	third, err := src.Slot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer third()
	if _, err := src.Slot(ended); !errors.Is(err, context.Canceled) {
		t.Errorf("a slot given back twice was lent twice: %v", err)
	}
}

func pathIs(path string) func(*flyctl.Options) {
	return func(o *flyctl.Options) { o.Path = path }
}
