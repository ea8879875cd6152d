package provider_test

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/flytokens/terraform-provider-fly/internal/flytest"
	"github.com/flytokens/terraform-provider-fly/internal/flytest/fakefly"
	minting "github.com/flytokens/terraform-provider-fly/internal/mint"
)

const (
	refreshAction    = "fly_app_token_refresh"
	invalidateAction = "fly_app_token_invalidate"
)

// Every later read has the action's token, in this run and in the next. The
// token before stays valid, and a different request has a different token.
func TestActionRefresh(t *testing.T) {
	t.Parallel()
	s := flytest.New(t, flyWorld())
	world := flyServed(t, s, "FLY_API_TOKEN="+s.Login(ownerOfBoth).Reveal(), "FLY_ORG=acme")
	w := configured(t, world, attrs{})
	request := attrs{"app": "web", "access": "deploy"}
	before, _ := w.read(t.Context(), request)
	other, _ := w.read(t.Context(), attrs{"app": "web"})
	if got := w.planAction(refreshAction, request); got != "" || s.Count(flytest.OpMint) != 2 {
		t.Errorf("planning minted, or said:\n%s", got)
	}
	progress, got := w.invoke(t.Context(), refreshAction, request)
	if got != "" || len(progress) != 2 || s.Count(flytest.OpMint) != 3 {
		t.Fatalf("after %d mints: %q\n%s", s.Count(flytest.OpMint), progress, got)
	}
	after, _ := w.read(t.Context(), request)
	next, _ := configured(t, world, attrs{}).read(t.Context(), request)
	if diff := cmp.Diff(after, next); diff != "" || after["token"] == before["token"] {
		t.Errorf("the next run:\n%s", diff)
	}
	if last := progress[1]; !strings.Contains(last, as[string](t, after["fingerprint"])) || !strings.Contains(last, "from api, good until "+as[string](t, after["expires_at"])) {
		t.Errorf("the last message is %q", last)
	}
	if same, _ := w.read(t.Context(), attrs{"app": "web"}); same["token"] != other["token"] {
		t.Error("another request's token was replaced, too")
	}
	if !opens(t, s, as[string](t, before["token"]), "web") || s.Count(flytest.OpRevoke) != 0 {
		t.Error("the token before was revoked")
	}
}

func TestActionRefreshMisses(t *testing.T) {
	t.Parallel()
	w := configured(t, scratch(t), attrs{"sources": []any{"storage", "manual"}})
	progress, got := w.invoke(t.Context(), refreshAction, attrs{"app": "web"})
	if len(progress) != 1 || !strings.Contains(got, "ERROR: Unable to Read Fly App Token") || !strings.Contains(got, "manual: no manual token is set") {
		t.Errorf("%q\n%s", progress, got)
	}
	unset := dial(t, scratch(t))
	unset.configure(attrs{"organization": unknown{}})
	for _, action := range []string{refreshAction, invalidateAction} {
		config := attrs{"app": "web"}
		if action == invalidateAction {
			unset.configure(attrs{"storage": attrs{"path": unknown{}}})
		}
		if _, got := unset.invoke(t.Context(), action, config); !strings.Contains(got, "ERROR: Unable to Configure Fly Provider") {
			t.Errorf("%s: said:\n%s", action, got)
		}
	}
}

// All minted tokens of the app are dropped, the manual token stays, nothing is
// revoked, and the next read acquires a new token.
func TestActionInvalidate(t *testing.T) {
	t.Parallel()
	s := flytest.New(t, flyWorld())
	world := flyServed(t, s, "FLY_API_TOKEN="+s.Login(ownerOfBoth).Reveal())
	w := configured(t, world, attrs{})
	first, _ := w.read(t.Context(), attrs{"app": "web"})
	w.read(t.Context(), attrs{"app": "web", "access": "deploy"})
	w.read(t.Context(), attrs{"app": "worker"})
	kept := created(w, attrs{"app": "web", "token": macaroonFor("web")})
	progress, got := w.invoke(t.Context(), invalidateAction, attrs{"app": "web"})
	want := []string{`Dropped 1 token kept for app "web".`, `Dropped 1 token shared by the apps of organization "acme".`}
	if diff := cmp.Diff(want, progress); diff != "" || got != "" {
		t.Errorf("%s%s", diff, got)
	}
	if files := stored(t, world); len(files) != 0 || s.Count(flytest.OpRevoke) != 0 {
		t.Errorf("stored are %v, after %d revocations", files, s.Count(flytest.OpRevoke))
	}
	if manual, _ := w.readManual(kept); manual["token"] != kept["token"] {
		t.Errorf("the manual token became %v", manual)
	}
	if second, _ := w.read(t.Context(), attrs{"app": "web"}); second["token"] == first["token"] || second["token"] == nil {
		t.Errorf("the next read has %v", second["fingerprint"])
	}
}

// With revoke, dropped tokens are revoked at Fly: the API's by their
// identifiers, and flyctl's after a lookup in Fly's list.
func TestActionInvalidateRevokes(t *testing.T) {
	t.Parallel()
	for _, source := range []string{"api", "cli"} {
		s := flytest.New(t, flyWorld())
		world := flyServed(t, s, "FLY_API_TOKEN="+s.Login(ownerOfBoth).Reveal(), "FLY_ORG=acme",
			"PATH="+fakefly.Install(t, fakefly.Behaviour{Online: true}).Dir())
		w := configured(t, world, attrs{"sources": []any{"storage", source}})
		var kept []string
		for _, access := range []any{nil, "deploy"} {
			got, diags := w.read(t.Context(), attrs{"app": "web", "access": access})
			if diags != "" {
				t.Fatal(diags)
			}
			kept = append(kept, as[string](t, got["token"]))
		}
		other, _ := w.read(t.Context(), attrs{"app": "worker", "access": "readonly"})
		progress, got := w.invoke(t.Context(), invalidateAction, attrs{"app": "web", "revoke": true})
		if got != "" || len(progress) != 5 || progress[4] != "Revoked 2 of 2 tokens." {
			t.Errorf("%s: %q\n%s", source, progress, got)
		}
		if names := good(s); len(names) != 1 || !strings.HasPrefix(names[0], "terraform-provider-fly worker ") || !opens(t, s, as[string](t, other["token"]), "worker") {
			t.Errorf("%s: %v is good", source, names)
		}
		for i, tok := range kept {
			if opens(t, s, tok, "web") || !strings.Contains(progress[1]+progress[3], fingerprintOf(tok)) {
				t.Errorf("%s: token %d is good, or was not named in %q", source, i, progress)
			}
		}
	}
}

// Each token that cannot be revoked is reported, and the others are revoked.
func TestActionInvalidateCannotRevoke(t *testing.T) {
	t.Parallel()
	s := flytest.New(t, flyWorld())
	world := flyServed(t, s, "FLY_API_TOKEN="+s.Make(flytest.Make{Organization: "acme"}).Reveal())
	w := configured(t, world, attrs{"sources": []any{"storage", "env"}})
	narrowed, _ := w.read(t.Context(), attrs{"app": "web", "access": "readonly"})
	torn := filepath.Join(world.ConfigDir, "terraform-provider-fly", "apps", "app-web", "state.json")
	editState(t, torn, func(state map[string]any) { as[map[string]any](t, state["records"])["torn"] = "torn" })
	progress, got := w.invoke(t.Context(), invalidateAction, attrs{"app": "web", "revoke": true})
	for _, want := range []string{
		"ERROR: Unable to Revoke Fly App Token", as[string](t, narrowed["fingerprint"]), "it was narrowed from a token of origin env, and ends when that token is revoked",
		"those that cannot be read were not revoked", torn,
	} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is missing from:\n%s", want, got)
		}
	}
	if len(stored(t, world)) != 0 || !slices.Contains(progress, "Revoked 0 of 1 token.") {
		t.Errorf("stored are %v, progress is %q", stored(t, world), progress)
	}
}

// A token that Fly does not list, a revocation that fails, and a login that may
// not list. In each case the token is no longer used, and the next run of the
// action revokes it.
func TestActionInvalidateRevokeFails(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		before func(s *flytest.Server)
		want   string
	}{
		"not listed": {func(s *flytest.Server) {
			empty := `{"data":{"owner":{"limitedAccessTokens":{"nodes":[],"pageInfo":{"hasNextPage":false,"endCursor":""}}}}}`
			s.Inject(flytest.OpList, flytest.Fail(200, empty))
		}, "Fly lists no token named"},
		"out of order": {func(s *flytest.Server) {
			s.Inject(flytest.OpRevoke, flytest.FailGraphQL("SERVER_ERROR", "maintenance"))
		}, "maintenance"},
		"no list": {func(s *flytest.Server) {
			s.Inject(flytest.OpList, flytest.FailGraphQL("UNAUTHORIZED", "no lists for you"))
		}, "no lists for you"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := flytest.New(t, flyWorld())
			world := flyServed(t, s, "FLY_API_TOKEN="+s.Login(ownerOfBoth).Reveal(), "FLY_ORG=acme",
				"PATH="+fakefly.Install(t, fakefly.Behaviour{Online: true}).Dir())
			w := configured(t, world, attrs{"sources": []any{"storage", "cli"}})
			w.read(t.Context(), attrs{"app": "web"})
			test.before(s)
			progress, got := w.invoke(t.Context(), invalidateAction, attrs{"app": "web", "revoke": true})
			if !strings.Contains(got, test.want) || !strings.Contains(got, "Run the action again") || !slices.Contains(progress, "Revoked 0 of 1 token.") {
				t.Errorf("%q\n%s", progress, got)
			}
			if len(stored(t, world)) != 0 || len(good(s)) != 1 {
				t.Errorf("%v is stored, %v is live", stored(t, world), good(s))
			}
			s.Reset()
			world.Journal = func(j minting.Journal) minting.Journal { return othersDead{j} }
			progress, got = configured(t, world, attrs{}).invoke(t.Context(), invalidateAction, attrs{"app": "web", "revoke": true})
			if got != "" || len(good(s)) != 0 || !slices.Contains(progress, "Revoked 1 of 1 token.") {
				t.Errorf("the next run: %q\n%s\n%v is live", progress, got, good(s))
			}
		})
	}
}

// Storage that cannot be written: nothing is dropped, and nothing revoked.
func TestActionInvalidateUnwritable(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	w := configured(t, scratch(t), attrs{"storage": attrs{"path": filepath.Join(file, "storage")}})
	progress, got := w.invoke(t.Context(), invalidateAction, attrs{"app": "web", "revoke": true})
	if len(progress) != 0 || !strings.Contains(got, "ERROR: Unable to Invalidate Fly App Tokens") || !strings.Contains(got, "No stored token was revoked") {
		t.Errorf("%q\n%s", progress, got)
	}
}

// An interrupt ends the wait for Fly.
func TestActionRefreshInterrupted(t *testing.T) {
	t.Parallel()
	s := flytest.New(t, flyWorld())
	s.Inject(flytest.OpMint, flytest.Hang())
	w := configured(t, flyServed(t, s, "FLY_API_TOKEN="+s.Login(ownerOfBoth).Reveal()), attrs{"sources": []any{"api"}})
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		defer cancel()
		select {
		case <-s.Requested(flytest.OpMint):
		case <-t.Context().Done():
		}
	}()
	if _, got := w.invoke(ctx, refreshAction, attrs{"app": "web"}); !strings.Contains(got, "cancelled") {
		t.Errorf("said:\n%s", got)
	}
}

func TestActionValidate(t *testing.T) {
	t.Parallel()
	w := dial(t, scratch(t))
	for name, test := range map[string]struct {
		action string
		config attrs
		want   string
	}{
		"refresh":                  {refreshAction, attrs{"app": "web", "access": "readonly", "organization": "acme"}, ""},
		"refresh, not known":       {refreshAction, attrs{"app": unknown{}, "access": unknown{}}, ""},
		"refresh, app":             {refreshAction, attrs{"app": "../web"}, "Invalid App Name"},
		"refresh, access":          {refreshAction, attrs{"app": "web", "access": "admin"}, "admin"},
		"refresh, organization":    {refreshAction, attrs{"app": "web", "organization": "Acme Inc."}, "Invalid Organization"},
		"invalidate":               {invalidateAction, attrs{"app": "web", "revoke": true}, ""},
		"invalidate, app":          {invalidateAction, attrs{"app": "-web"}, "Invalid App Name"},
		"invalidate, token as app": {invalidateAction, attrs{"app": macaroonFor("web")}, "looks like a token"},
	} {
		if got := w.validateAction(test.action, test.config); (got == "") != (test.want == "") || !strings.Contains(got, test.want) {
			t.Errorf("%s: said:\n%s", name, got)
		}
	}
}
