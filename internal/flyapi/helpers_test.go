package flyapi_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/flytokens/terraform-provider-fly/internal/flyapi"
	"github.com/flytokens/terraform-provider-fly/internal/flytest"
	"github.com/flytokens/terraform-provider-fly/internal/token"
)

// world has two organizations with one app each, a user of both organizations,
// and a user of only the second.
func world() flytest.World {
	return flytest.World{
		Organizations: []flytest.Organization{{Slug: "acme"}, {Slug: "globex"}},
		Apps: []flytest.App{
			{Name: "web", Organization: "acme"},
			{Name: "worker", Organization: "acme"},
			{Name: "shop", Organization: "globex"},
		},
		Users: []flytest.User{
			{Name: "both", Organizations: []string{"acme", "globex"}, Personal: "globex"},
			{Name: "second", Organizations: []string{"globex"}},
		},
	}
}

// client returns a client of s that hardly waits between retries.
func client(t *testing.T, s *flytest.Server, change ...func(*flyapi.Config)) *flyapi.Client {
	t.Helper()
	cfg := flyapi.Config{
		BaseURL: s.URL(), MachinesBaseURL: s.URL(), Version: "test",
		Timeout: time.Minute, RetryWait: time.Millisecond,
	}
	for _, f := range change {
		f(&cfg)
	}
	c, err := flyapi.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// impatient shortens the time that a check of a token has.
func impatient(cfg *flyapi.Config) { cfg.ShowTimeout = 50 * time.Millisecond }

// login returns a login function for a fixed token.
func login(tok token.Token) flyapi.Login {
	return func(context.Context) (token.Token, error) { return tok, nil }
}

// wantKind fails the test unless err is an [*flyapi.Error] of this kind without
// any part of the secret.
func wantKind(t *testing.T, err error, kind flyapi.Kind, secret token.Token) {
	t.Helper()
	_ = mustBe(t, err, kind, secret)
}

// mustBe is wantKind for callers with further checks of the error.
func mustBe(t *testing.T, err error, kind flyapi.Kind, secret token.Token) *flyapi.Error {
	t.Helper()
	if !errors.Is(err, kind) {
		t.Fatalf("error is %v, want one of kind %q", err, kind)
	}
	var e *flyapi.Error
	if !errors.As(err, &e) {
		t.Fatalf("error is a %T, want an *Error", err)
	}
	noLeak(t, err.Error(), secret)
	return e
}

// noLeak fails the test when text holds more of a token than its prefix.
func noLeak(t *testing.T, text string, secret token.Token) {
	t.Helper()
	const longest = 8
	value := secret.Reveal()
	for i := 0; i+longest <= len(value); i++ {
		if strings.Contains(text, value[i:i+longest]) {
			t.Fatalf("%q contains a part of the token", text)
		}
	}
}
