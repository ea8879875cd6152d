package flyconfig_test

import (
	"context"
	"errors"
	"path/filepath"
	"testing"
	"time"

	"github.com/flytokens/terraform-provider-fly/internal/flyconfig"
	"github.com/flytokens/terraform-provider-fly/internal/flytest/fakefly"
	macaroons "github.com/flytokens/terraform-provider-fly/internal/macaroon"
	"github.com/flytokens/terraform-provider-fly/internal/token"
)

// Tokens as flyctl leaves them in config.yml: macaroons that are valid for
// minutes, one for each organization, and the login that minted them.
var (
	past   = time.Now().Add(-10 * time.Minute).Truncate(time.Second)
	future = time.Now().Add(10 * time.Minute).Truncate(time.Second)
)

// damaged is base64 of something that is not a macaroon.
const damaged = "fm2_" + secret

func TestHandsOutWhatIsLive(t *testing.T) {
	t.Parallel()
	live := fakefly.Token{Seed: "live", Organization: 1, NotAfter: future, DischargeNotAfter: future}
	other := fakefly.Token{Seed: "other", Organization: 2, NotAfter: future}
	dead := fakefly.Token{Seed: "dead", NotAfter: past}
	halfDead := fakefly.Token{Seed: "half dead", NotAfter: future, DischargeNotAfter: past}
	tests := map[string]struct{ login, want string }{
		"all live":                      {live.Text() + "," + other.Text(), live.Text() + "," + other.Text()},
		"one expired":                   {dead.Text() + "," + live.Text(), live.Text()},
		"one with an expired discharge": {halfDead.Text() + "," + live.Text(), live.Text()},
		"a discharge without a ticket":  {live.Text() + "," + other.Discharge(), live.Text()},
		"one without its discharge":     {other.Permission() + "," + live.Text(), live.Text()},
		"one that cannot be read":       {damaged + "," + live.Text(), live.Text()},
		"all expired, but a login":      {dead.Text() + "," + halfDead.Text() + ",fo1_user", "fo1_user"},
		"none readable, but a login":    {damaged + ",fo1_user", "fo1_user"},
		"undischarged, but a login":     {live.Permission() + ",fo1_user", "fo1_user"},
		"live, and a login":             {"fo1_user," + live.Text(), live.Text()},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inFile := writeConfig(t, "access_token: "+tt.login)
			inBlock := flyconfig.Settings{AccessToken: tt.login}
			for _, src := range []token.Source{flyconfig.NewConfigSource(inFile), flyconfig.NewEnvSource(inBlock)} {
				got, err := src.Acquire(t.Context(), token.Request{App: "web"})
				if err != nil {
					t.Fatal(err)
				}
				if got.Token.Reveal() != tt.want {
					t.Errorf("%s returned a different token", src.Name())
				}
			}
			for _, s := range []flyconfig.Settings{inFile, inBlock} {
				login, err := s.Login(t.Context())
				if err != nil || login.Token.Reveal() != tt.login {
					t.Errorf("login is not the whole: %v", err)
				}
			}
		})
	}
}

func TestReturnsNoExpiredToken(t *testing.T) {
	t.Parallel()
	live := fakefly.Token{Seed: "live", NotAfter: future}
	dead := fakefly.Token{Seed: "dead", NotAfter: past}
	older := fakefly.Token{Seed: "older", NotAfter: past.Add(-time.Hour)}
	halfDead := fakefly.Token{Seed: "half dead", NotAfter: future, DischargeNotAfter: past}
	_, unreadable := macaroons.ParseBundle(damaged)
	expired := "every macaroon in {file} has expired, the last at " + past.UTC().Format(time.RFC3339) + ": run `fly auth login`"
	tests := map[string]struct {
		login   string
		want    string
		isLogin bool // flyctl may still be able to use it
		expired bool
	}{
		"all expired":           {dead.Text() + "," + older.Text(), expired, false, true},
		"its discharge expired": {halfDead.Text(), expired, true, true},
		"undischarged": {
			live.Permission(),
			"the macaroon in {file} is not valid without a discharge from \"https://api.fly.io/aaa/v1\", which is missing: run `fly auth login`", true, false,
		},
		"discharges alone": {live.Discharge(), "{file} holds macaroons, but none that grants access: run `fly auth login`", true, false},
		"unreadable": {
			damaged,
			"{file} holds no macaroon that can be read: " + unreadable.Error() + ": run `fly auth login`", true, false,
		},
		"expired and unreadable": {dead.Text() + "," + damaged, expired, true, true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := writeConfig(t, "access_token: "+tt.login)
			path := filepath.Join(s.Environment.ConfigDir, "config.yml")
			_, err := flyconfig.NewConfigSource(s).Acquire(t.Context(), token.Request{App: "web"})
			wantMiss(t, err, path, tt.want)
			if got := errors.Is(err, token.ErrExpired); got != tt.expired {
				t.Errorf("expired is %v, want %v", got, tt.expired)
			}
			if _, err := s.Login(t.Context()); tt.isLogin && err != nil {
				t.Errorf("no login: %v", err)
			} else if !tt.isLogin {
				wantMiss(t, err, path, tt.want)
			}
		})
	}
}

func TestEnvSourceReportsExpiredLogin(t *testing.T) {
	t.Parallel()
	s := flyconfig.Settings{Environment: flyconfig.Environment{APIToken: fakefly.Token{Seed: "dead", NotAfter: past}.Text()}}
	_, err := flyconfig.NewEnvSource(s).Acquire(t.Context(), token.Request{App: "web"})
	wantMiss(t, err, "", "every macaroon in FLY_API_TOKEN has expired, the last at "+past.UTC().Format(time.RFC3339)+": set another token")
}

func TestHandsOutTheOrganizationAskedFor(t *testing.T) {
	t.Parallel()
	acme := fakefly.Token{Seed: "acme", Organization: 1, NotAfter: future}.Text()
	globex := fakefly.Token{Seed: "globex", Organization: 2, NotAfter: future}.Text()
	number := func(n uint64, err error) func(context.Context, token.Request) (uint64, error) {
		return func(context.Context, token.Request) (uint64, error) { return n, err }
	}
	tests := map[string]struct {
		login  string
		number func(context.Context, token.Request) (uint64, error)
		want   string
		miss   string
	}{
		"one of two":                   {acme + "," + globex, number(2, nil), globex, ""},
		"neither, but a login":         {acme + "," + globex + ",fo1_user", number(3, nil), "fo1_user", ""},
		"neither":                      {acme + "," + globex, number(3, nil), "", "access_token holds macaroons, but none for the app's organization: log in to that organization, or check organization"},
		"the organization is unknown":  {acme + "," + globex, number(0, errors.New("unavailable")), acme + "," + globex, ""},
		"nobody knows organizations":   {acme + "," + globex, nil, acme + "," + globex, ""},
		"one alone is not looked into": {acme, func(context.Context, token.Request) (uint64, error) { panic("asked") }, acme, ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := flyconfig.Settings{AccessToken: tt.login, OrganizationNumber: tt.number}
			got, err := flyconfig.NewEnvSource(s).Acquire(t.Context(), token.Request{App: "web"})
			if tt.miss != "" {
				wantMiss(t, err, "", tt.miss)
				return
			}
			if err != nil || got.Token.Reveal() != tt.want {
				t.Errorf("returned a different token, or %v", err)
			}
		})
	}
}
