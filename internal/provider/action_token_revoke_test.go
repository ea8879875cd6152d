package provider_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/flytokens/terraform-provider-fly/internal/flytest"
	"github.com/flytokens/terraform-provider-fly/internal/flytest/macaroons"
)

const revokeAction = "fly_token_revoke"

// Tokens that ten machines with separate disks minted for an app are revoked
// from an eleventh. The second run reports that nothing is left.
func TestActionTokenRevokeApp(t *testing.T) {
	t.Parallel()
	s := flytest.New(t, flyWorld())
	login := "FLY_API_TOKEN=" + s.Login(ownerOfBoth).Reveal()
	for range 10 {
		ci := configured(t, flyServed(t, s, login), attrs{"sources": []any{"storage", "api"}})
		for _, read := range []attrs{{"app": "web"}, {"app": "web", "access": "deploy"}, {"app": "worker"}} {
			if _, diags := ci.read(t.Context(), read); diags != "" {
				t.Fatal(diags)
			}
		}
	}
	d := deployable(t, s)
	d.created(attrs{"app": "web", "name": "ci"})
	laptop := configured(t, flyServed(t, s, login), attrs{})
	progress, got := laptop.invoke(t.Context(), revokeAction, attrs{"app": "web"})
	if got != "" || len(progress) != 23 || progress[22] != "Revoked 21 of 21 tokens." {
		t.Errorf("%q\n%s", progress, got)
	}
	for _, name := range good(s) {
		t.Errorf("%q is live", name)
	}
	progress, got = laptop.invoke(t.Context(), revokeAction, attrs{"app": "web"})
	want := []string{`Dropped 0 tokens kept for app "web".`, `Revoked nothing: 21 tokens minted for app "web" had already been revoked or had expired.`}
	if diff := cmp.Diff(want, progress); diff != "" || got != "" {
		t.Errorf("the second run:\n%s%s", diff, got)
	}
	progress, got = laptop.invoke(t.Context(), revokeAction, attrs{"app": "shop"})
	if got != "" || len(progress) != 2 || progress[1] != `Revoked nothing: Fly lists no token that the provider minted for app "shop".` {
		t.Errorf("an app without tokens: %q\n%s", progress, got)
	}
}

// fly_app_token_invalidate also revokes the tokens of other machines, and keeps
// deploy tokens.
func TestActionInvalidateOtherMachines(t *testing.T) {
	t.Parallel()
	s := flytest.New(t, flyWorld())
	login := "FLY_API_TOKEN=" + s.Login(ownerOfBoth).Reveal()
	configured(t, flyServed(t, s, login), attrs{"sources": []any{"storage", "api"}}).read(t.Context(), attrs{"app": "web"})
	d := deployable(t, s)
	d.created(attrs{"app": "web", "name": "ci"})
	progress, got := configured(t, flyServed(t, s, login), attrs{}).invoke(t.Context(), invalidateAction, attrs{"app": "web", "revoke": true})
	if names := good(s); got != "" || len(progress) != 3 || progress[2] != "Revoked 1 of 1 token." || len(names) != 1 || !strings.HasPrefix(names[0], "ci (terraform ") {
		t.Errorf("%q are live, %q\n%s", names, progress, got)
	}
}

// One token is revoked by its identifier, and by its value, whole or narrowed:
// at Fly and in storage. The second run reports that it was already revoked.
func TestActionTokenRevokeOne(t *testing.T) {
	t.Parallel()
	for name, config := range map[string]func(tok string, issued flytest.Issued) attrs{
		"id":    func(_ string, issued flytest.Issued) attrs { return attrs{"id": issued.ID} },
		"token": func(tok string, _ flytest.Issued) attrs { return attrs{"token": "FlyV1 " + tok} },
		"narrowed": func(tok string, _ flytest.Issued) attrs {
			narrowed, err := bundle(t, tok).Attenuate(macaroons.IsMember())
			if err != nil {
				t.Fatal(err)
			}
			return attrs{"token": narrowed.Reveal()}
		},
	} {
		for _, access := range []any{nil, "deploy"} {
			s := flytest.New(t, flyWorld())
			world := flyServed(t, s, "FLY_API_TOKEN="+s.Login(ownerOfBoth).Reveal())
			w := configured(t, world, attrs{"sources": []any{"storage", "api"}})
			leaked, _ := w.read(t.Context(), attrs{"app": "web", "access": access})
			w.read(t.Context(), attrs{"app": "web", "access": "readonly"})
			tok, issued := as[string](t, leaked["token"]), s.Issued()[0]
			action := config(tok, issued)
			if got := w.validateAction(revokeAction, action) + w.planAction(revokeAction, action); got != "" {
				t.Errorf("%s: said:\n%s", name, got)
			}
			progress, got := w.invoke(t.Context(), revokeAction, action)
			want := []string{fmt.Sprintf("Revoked the token %q (%s).", issued.Name, issued.ID), fmt.Sprintf("Removed 1 token kept for %s.", map[bool]string{true: `organization "acme"`, false: `app "web"`}[access == nil])}
			if diff := cmp.Diff(want, progress); diff != "" || got != "" {
				t.Errorf("%s:\n%s%s", name, diff, got)
			}
			if opens(t, s, tok, "web") || len(good(s)) != 1 || len(stored(t, world)) != 1 {
				t.Errorf("%s: %q are live, %v is stored", name, good(s), stored(t, world))
			}
			progress, got = w.invoke(t.Context(), revokeAction, action)
			if got != "" || len(progress) != 1 || !strings.Contains(progress[0], "was already revoked at 20") {
				t.Errorf("%s: the second run: %q\n%s", name, progress, got)
			}
			if s.Count(flytest.OpRevoke) != 1 {
				t.Errorf("%s: %d revocations", name, s.Count(flytest.OpRevoke))
			}
		}
	}
}

// A leaked token of a user's is removed from storage also where it was narrowed.
func TestActionTokenRevokeNarrowed(t *testing.T) {
	t.Parallel()
	s := flytest.New(t, flyWorld())
	leaked := s.Make(flytest.Make{App: "web", Name: "flyctl deploy token"})
	world := flyServed(t, s, "FLY_API_TOKEN="+leaked.Reveal())
	if _, diags := configured(t, world, attrs{"sources": []any{"storage", "env"}}).read(t.Context(), attrs{"app": "web", "access": "readonly"}); diags != "" || len(stored(t, world)) != 1 {
		t.Fatalf("%v is stored\n%s", stored(t, world), diags)
	}
	world.Variables = append(world.Variables, "FLY_API_TOKEN="+s.Login(ownerOfBoth).Reveal())
	progress, got := configured(t, world, attrs{}).invoke(t.Context(), revokeAction, attrs{"token": leaked.Reveal()})
	if got != "" || len(progress) != 2 || len(stored(t, world)) != 0 {
		t.Errorf("%v is stored, %q\n%s", stored(t, world), progress, got)
	}
}

// Each failure gives advice, shows no token, and leaves storage unchanged.
func TestActionTokenRevokeErrors(t *testing.T) {
	t.Parallel()
	s := flytest.New(t, flyWorld())
	owner := "FLY_API_TOKEN=" + s.Login(ownerOfBoth).Reveal()
	leaked := s.Make(flytest.Make{App: "web", Name: "terraform-provider-fly web aaaaaaaaaa"}).Reveal()
	foreign := flytest.New(t, flyWorld())
	down := func(t *testing.T) *flytest.Server {
		t.Helper()
		off := flytest.New(t, flyWorld())
		off.Inject(flytest.OpAny, flytest.Fail(500, `{"error":"boom"}`))
		return off
	}
	for name, test := range map[string]struct {
		server *flytest.Server
		login  string
		config attrs
		want   []string
	}{
		"an unknown id":     {s, owner, attrs{"id": "lat_9"}, []string{`Fly shows no token with the identifier "lat_9" to this login.`}},
		"no member":         {s, "FLY_API_TOKEN=" + s.Login(memberOfGlobexAlone).Reveal(), attrs{"id": "lat_0001"}, []string{"Fly does not permit this", "fly tokens revoke lat_0001"}},
		"no member, value":  {s, "FLY_API_TOKEN=" + s.Login(memberOfGlobexAlone).Reveal(), attrs{"token": leaked}, []string{"no organization with the number 41", "use the login of a member"}},
		"an unknown value":  {s, owner, attrs{"token": foreign.Make(flytest.Make{App: "web"}).Reveal()}, []string{`Fly does not list it for organization "acme"`, "set `id`"}},
		"a login":           {s, owner, attrs{"token": s.Login(ownerOfBoth).Reveal()}, []string{"fly auth logout"}},
		"no login":          {s, "", attrs{"id": "lat_0001"}, []string{"fly auth login", "fly tokens revoke lat_0001"}},
		"Fly is down, id":   {down(t), owner, attrs{"id": "lat_0001"}, []string{"HTTP 500", "The token may still be live. Run the action again"}},
		"Fly is down, app":  {down(t), owner, attrs{"app": "web"}, []string{"HTTP 500", "Cannot find the tokens that other machines minted", "Run the action again"}},
		"Fly is down, both": {down(t), owner, attrs{"token": leaked}, []string{"HTTP 500", "The token may still be live. Run the action again"}},
		"a part of a list":  {s, "FLY_API_TOKEN=" + s.Make(flytest.Make{App: "worker"}).Reveal(), attrs{"app": "worker"}, []string{"Fly does not show", "login of a member of the organization"}},
	} {
		w := configured(t, flyServed(t, test.server, test.login), attrs{})
		progress, got := w.invoke(t.Context(), revokeAction, test.config)
		for _, want := range append(test.want, "ERROR: Unable to Revoke Fly") {
			if !strings.Contains(got, want) {
				t.Errorf("%s: %q is missing from:\n%s", name, want, got)
			}
		}
		if strings.Contains(fmt.Sprint(got, progress), leaked[20:40]) {
			t.Errorf("%s: it shows the token:\n%s", name, got)
		}
	}
	if !opens(t, s, leaked, "web") {
		t.Error("the token was revoked")
	}
}

// A token whose name does not say which app it is for is named, and stays.
func TestActionTokenRevokeUnclear(t *testing.T) {
	t.Parallel()
	s := flytest.New(t, flyWorld())
	s.Make(flytest.Make{Organization: "acme", Name: "readers (terraform aaaaaaaaaa)"})
	w := configured(t, flyServed(t, s, "FLY_API_TOKEN="+s.Login(ownerOfBoth).Reveal()), attrs{})
	_, got := w.invoke(t.Context(), revokeAction, attrs{"app": "web"})
	if !strings.Contains(got, "WARNING: Tokens Whose App Is Unknown") || !strings.Contains(got, "\n  lat_0001: readers (terraform aaaaaaaaaa)") || s.Count(flytest.OpRevoke) != 0 {
		t.Errorf("said:\n%s", got)
	}
}

// Storage that cannot be used does not keep a token live, and is reported.
func TestActionTokenRevokeWithoutStorage(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "file")
	write(t, file, "")
	for name, test := range map[string]struct {
		config attrs
		want   string
	}{
		"id, of which storage has no record": {attrs{"id": "lat_0001"}, ""},
		"app":                                {attrs{"app": "web"}, "not a directory"},
	} {
		s := flytest.New(t, flyWorld())
		s.Make(flytest.Make{App: "web", Name: "terraform-provider-fly web aaaaaaaaaa"})
		w := configured(t, flyServed(t, s, "FLY_API_TOKEN="+s.Login(ownerOfBoth).Reveal()), attrs{"storage": attrs{"path": filepath.Join(file, "storage")}})
		progress, got := w.invoke(t.Context(), revokeAction, test.config)
		if s.Issued()[0].RevokedAt.IsZero() || !strings.Contains(progress[0], "lat_0001") || (got == "") != (test.want == "") || !strings.Contains(got, test.want) {
			t.Errorf("%s: %q\n%s", name, progress, got)
		}
	}
}

func TestActionTokenRevokeValidate(t *testing.T) {
	t.Parallel()
	w := dial(t, scratch(t))
	for name, test := range map[string]struct {
		config attrs
		want   string
	}{
		"id":            {attrs{"id": "lat_1"}, ""},
		"token":         {attrs{"token": macaroonFor("web")}, ""},
		"app":           {attrs{"app": "web"}, ""},
		"not known":     {attrs{"id": unknown{}}, ""},
		"none":          {attrs{}, "Missing Attribute Configuration"},
		"two":           {attrs{"id": "lat_1", "app": "web"}, "Invalid Attribute Combination"},
		"token as id":   {attrs{"id": macaroonFor("web")}, "Set `token` instead"},
		"no token":      {attrs{"token": "hunter2-is-my-password"}, "Its line is not shown"},
		"invalid app":   {attrs{"app": "Web"}, "Invalid App Name"},
		"two ids in id": {attrs{"id": "lat_1,lat_2"}, "is not an identifier"},
	} {
		got := w.validateAction(revokeAction, test.config)
		if (got == "") != (test.want == "") || !strings.Contains(got, test.want) || strings.Contains(got, "hunter2") || strings.Contains(got, macaroonFor("web")) {
			t.Errorf("%s: said:\n%s", name, got)
		}
	}
}
