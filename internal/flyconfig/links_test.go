package flyconfig_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/flytokens/terraform-provider-fly/internal/flyconfig"
	"github.com/flytokens/terraform-provider-fly/internal/flytest/fakefly"
	"github.com/flytokens/terraform-provider-fly/internal/token"
)

// secret is the text that the files under testdata hide in their tokens.
const secret = "c2VjcmV0"

// macaroon returns a live macaroon with its discharge.
func macaroon(seed string) string { return fakefly.Token{Seed: seed}.Text() }

// writeConfig makes a config folder whose config.yml holds text, and returns
// the settings that find it.
func writeConfig(t *testing.T, text string) flyconfig.Settings {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "config.yml"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return flyconfig.Settings{Environment: flyconfig.Environment{ConfigDir: dir, ConfigDirSet: true}}
}

func summaries(ws []token.Warning) []string {
	var out []string
	for _, w := range ws {
		out = append(out, w.Summary)
	}
	return out
}

// wantMiss fails unless err is a miss with the text want and without any part
// of a token. {file} in want is replaced by path.
func wantMiss(t *testing.T, err error, path, want string) {
	t.Helper()
	var miss *token.MissError
	if !errors.As(err, &miss) {
		t.Fatalf("error is %v, want a miss", err)
	}
	if diff := cmp.Diff(strings.ReplaceAll(want, "{file}", path), err.Error()); diff != "" {
		t.Error(diff)
	}
	if strings.Contains(err.Error(), secret) {
		t.Error("the message quotes the token")
	}
}

func TestConfigSourceHandsOut(t *testing.T) {
	t.Parallel()
	a, b := macaroon("a"), macaroon("b")
	half := len(a) / 2
	one := fakefly.Token{Seed: "one"}
	old := "fm1r_" + one.Permission()[4:] + ",fm1a_" + one.Discharge()[4:]
	tests := map[string]struct {
		text     string
		want     string
		warnings []string
	}{
		"plain scalar":              {"access_token: " + a + "\n", a, nil},
		"other keys":                {"send_metrics: true\nlast_login: 2026-01-02T03:04:05Z\naccess_token: " + a + "\nwire_guard_state: {x: [1, 2]}\n", a, nil},
		"CRLF":                      {"send_metrics: true\r\naccess_token: " + a + "\r\n", a, nil},
		"byte order mark":           {"\ufeffaccess_token: " + a + "\n", a, nil},
		"double quotes":             {`access_token: "` + a + `"`, a, nil},
		"single quotes":             {`access_token: '` + a + `'`, a, nil},
		"scheme":                    {"access_token: FlyV1 " + a + "\n", a, nil},
		"folded over lines":         {"access_token: >-\n  " + a[:half] + "\n  " + a[half:] + "\n", a, nil},
		"literal over lines":        {"access_token: |\n  " + a[:half] + "\n  " + a[half:] + "\n", a, nil},
		"quoted over lines":         {"access_token: \"" + a[:half] + "\n  " + a[half:] + "\"\n", a, nil},
		"no newline at the end":     {"access_token: " + a, a, nil},
		"bundle":                    {"access_token: " + a + "," + b + "\n", a + "," + b, nil},
		"macaroons before OAuth":    {"access_token: " + a + "," + b + ",fo1_user\n", a + "," + b, nil},
		"OAuth before macaroons":    {"access_token: fo1_user," + a + "\n", a, nil},
		"OAuth alone":               {"access_token: fo1_user\n", "fo1_user", nil},
		"OAuth twice":               {"access_token: fo1_user,fo1_other\n", "fo1_user", nil},
		"alias of another key":      {"x: &t " + a + "\naccess_token: *t\n", a, nil},
		"old permission, discharge": {"access_token: " + old + "\n", old, nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			src := flyconfig.NewConfigSource(writeConfig(t, tt.text))
			got, err := src.Acquire(t.Context(), token.Request{App: "web"})
			if err != nil {
				t.Fatal(err)
			}
			if got.Token.Reveal() != tt.want {
				t.Error("the token is not the file's")
			}
			if got.Origin != token.SourceConfig || got.Minted || !got.AcquiredAt.IsZero() {
				t.Errorf("origin %q, minted %v, acquired at %v; want a login of origin config without a record", got.Origin, got.Minted, got.AcquiredAt)
			}
			if diff := cmp.Diff(tt.warnings, summaries(got.Warnings)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestConfigSourceMisses(t *testing.T) {
	t.Parallel()
	const (
		malformed = ": fix it, or run `fly auth login`"
		login     = ": run `fly auth login`"
		noToken   = "not logged in: {file} has no access_token" + login
	)
	for name, want := range map[string]string{
		"syntax":         "{file} is malformed near line 2" + malformed,
		"sequence":       "{file} is malformed at line 3" + malformed,
		"duplicate":      "{file} is malformed at line 2" + malformed,
		"bare-token":     "{file} is malformed at line 1" + malformed,
		"tab":            "{file} is malformed near line 2" + malformed,
		"unclosed-quote": "{file} is malformed near line 2" + malformed,
		"unknown-anchor": "{file} is malformed" + malformed,
		"aliases":        "{file} is malformed at line 6" + malformed,
		"cut-token":      "access_token in {file} is not a Fly token: part 1 of 1 is 10 bytes long and not valid base64: it may have been cut off when it was pasted" + login,
		"no-prefix":      "access_token in {file} is not a Fly token: part 1 of 1 does not start with fm2_, fm1r_, fm1a_ or fo1_" + login,
		"number":         "access_token in {file} is not a Fly token: part 1 of 1 does not start with fm2_, fm1r_, fm1a_ or fo1_" + login,
		"blank":          "{file} is empty" + login,
		"empty":          "{file} is empty" + login,
		"logged-out":     noToken,
		"null":           noToken,
		"no-token":       noToken,
		"comment":        noToken,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join("testdata", "malformed", name+".yml")
			src := flyconfig.NewConfigSource(flyconfig.Settings{ConfigFile: path})
			_, err := src.Acquire(t.Context(), token.Request{App: "web"})
			wantMiss(t, err, path, want)
		})
	}
}

func TestEnvSource(t *testing.T) {
	t.Parallel()
	a, b := macaroon("a"), macaroon("b")
	tests := map[string]struct {
		settings flyconfig.Settings
		want     string
		warnings []string
	}{
		"provider block first": {flyconfig.Settings{AccessToken: a, Environment: flyconfig.Environment{AccessToken: b, APIToken: b}}, a, nil},
		"FLY_ACCESS_TOKEN":     {flyconfig.Settings{Environment: flyconfig.Environment{AccessToken: a, APIToken: b}}, a, nil},
		"FLY_API_TOKEN":        {flyconfig.Settings{Environment: flyconfig.Environment{APIToken: "FlyV1 " + b + "\n"}}, b, nil},
		"empty is unset":       {flyconfig.Settings{AccessToken: " ", Environment: flyconfig.Environment{AccessToken: "\n", APIToken: b}}, b, nil},
		"macaroons and OAuth":  {flyconfig.Settings{AccessToken: a + ",fo1_user"}, a, nil},
		"OAuth alone":          {flyconfig.Settings{AccessToken: "Bearer fo1_user"}, "fo1_user", nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := flyconfig.NewEnvSource(tt.settings).Acquire(t.Context(), token.Request{App: "web"})
			if err != nil {
				t.Fatal(err)
			}
			if got.Token.Reveal() != tt.want {
				t.Error("the token is not the one that is set")
			}
			if got.Origin != token.SourceEnv || got.Minted {
				t.Errorf("origin %q, minted %v; want a login of origin env", got.Origin, got.Minted)
			}
			if diff := cmp.Diff(tt.warnings, summaries(got.Warnings)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestEnvSourceMisses(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		settings flyconfig.Settings
		want     string
	}{
		"nothing set": {
			flyconfig.Settings{},
			"no access_token, FLY_ACCESS_TOKEN or FLY_API_TOKEN is set: set one of them to a Fly token",
		},
		"malformed names its holder": {
			flyconfig.Settings{Environment: flyconfig.Environment{AccessToken: secret, APIToken: macaroon("a")}},
			"FLY_ACCESS_TOKEN is not a Fly token: part 1 of 1 does not start with fm2_, fm1r_, fm1a_ or fo1_: set it to the whole token, or unset it",
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := flyconfig.NewEnvSource(tt.settings).Acquire(t.Context(), token.Request{App: "web"})
			wantMiss(t, err, "", tt.want)
		})
	}
}

func TestSourcesSayWhoTheyAre(t *testing.T) {
	t.Parallel()
	for want, src := range map[token.SourceName]token.Source{
		token.SourceConfig: flyconfig.NewConfigSource(flyconfig.Settings{}),
		token.SourceEnv:    flyconfig.NewEnvSource(flyconfig.Settings{}),
	} {
		if src.Name() != want || src.Timeout() <= 0 {
			t.Errorf("name %q, timeout %v; want %q and a bound", src.Name(), src.Timeout(), want)
		}
	}
}

func TestConfigSourceObservesContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	src := flyconfig.NewConfigSource(writeConfig(t, ""))
	if _, err := src.Acquire(ctx, token.Request{App: "web"}); !errors.Is(err, context.Canceled) {
		t.Errorf("error is %v, want the context's", err)
	}
}
