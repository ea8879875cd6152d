package provider_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/flytokens/terraform-provider-fly/internal/flytest"
	"github.com/flytokens/terraform-provider-fly/internal/token"
)

// readTokens reads data "fly_tokens", and returns its tokens.
func (w *wire) readTokens(config attrs) (tokens []attrs, diags string) {
	w.t.Helper()
	typ := w.schema.DataSourceSchemas["fly_tokens"].ValueType()
	resp, err := w.server.ReadDataSource(w.t.Context(), &tfprotov6.ReadDataSourceRequest{TypeName: "fly_tokens", Config: w.pack(typ, config)})
	w.check(err)
	if resp.State == nil {
		return nil, problems(resp.Diagnostics)
	}
	state, err := resp.State.Unmarshal(typ)
	w.check(err)
	fields := map[string]tftypes.Value{}
	if state.IsNull() {
		return nil, problems(resp.Diagnostics)
	}
	w.check(state.As(&fields))
	var elements []tftypes.Value
	w.check(fields["tokens"].As(&elements))
	for _, element := range elements {
		object, one := map[string]tftypes.Value{}, attrs{}
		w.check(element.As(&object))
		for name, field := range object {
			one[name] = w.scalar(field)
		}
		tokens = append(tokens, one)
	}
	return tokens, problems(resp.Diagnostics)
}

// listedNames are those of listed tokens.
func listedNames(tokens []attrs) []string {
	var list []string
	for _, one := range tokens {
		list = append(list, fmt.Sprint(one["name"]))
	}
	return list
}

// The list has every attribute that Fly gives, and not the token.
func TestTokens(t *testing.T) {
	t.Parallel()
	s := flytest.New(t, flyWorld())
	w := configured(t, flyServed(t, s, "FLY_API_TOKEN="+s.Login(ownerOfBoth).Reveal()), attrs{})
	secret := s.Make(flytest.Make{App: "web", Name: "flyctl deploy token", TTL: time.Hour})
	s.Make(flytest.Make{App: "worker"})
	if _, diags := w.read(t.Context(), attrs{"app": "web", "access": "deploy"}); diags != "" {
		t.Fatal(diags)
	}
	got, diags := w.readTokens(attrs{"app": "web"})
	if diags != "" || len(got) != 2 {
		t.Fatalf("%v\n%s", got, diags)
	}
	made := s.Issued()[0]
	want := attrs{
		"id": made.ID, "name": "flyctl deploy token", "profile": "deploy", "user_email": "tester@example.com", "managed": false,
		"created_at": made.CreatedAt.UTC().Format(time.RFC3339), "expires_at": made.ExpiresAt.UTC().Format(time.RFC3339), "revoked_at": nil,
	}
	if diff := cmp.Diff(want, got[0]); diff != "" {
		t.Errorf("the first token:\n%s", diff)
	}
	if got[1]["managed"] != true || got[1]["user_email"] != ownerOfBoth+"@example.com" {
		t.Errorf("the provider's own token is listed as %v", got[1])
	}
	if strings.Contains(fmt.Sprint(got), secret.Reveal()[10:40]) {
		t.Error("the list has the token")
	}
}

// Each argument selects what it says, whatever the order of Fly's list.
func TestTokensFilters(t *testing.T) {
	t.Parallel()
	s := flytest.New(t, flyWorld())
	w := configured(t, flyServed(t, s, "FLY_API_TOKEN="+s.Login(ownerOfBoth).Reveal()), attrs{})
	s.Make(flytest.Make{Organization: "acme", Name: "expired", TTL: -time.Hour})
	s.Make(flytest.Make{Organization: "acme", Name: "hour", TTL: time.Hour})
	s.Revoke(s.Make(flytest.Make{Organization: "acme", Name: "revoked", TTL: time.Hour}))
	s.Make(flytest.Make{App: "web", Name: "ci web", TTL: 48 * time.Hour})
	s.Make(flytest.Make{Organization: "acme", Name: "ci", TTL: 0})
	s.Make(flytest.Make{Organization: "globex", Name: "globex"})
	in := func(d time.Duration) string { return time.Now().Add(d).UTC().Format(time.RFC3339) }
	for name, test := range map[string]struct {
		config attrs
		want   []string
	}{
		"organization":    {attrs{}, []string{"expired", "hour", "ci web", "ci"}},
		"with revoked":    {attrs{"include_revoked": true}, []string{"expired", "hour", "revoked", "ci web", "ci"}},
		"expires after":   {attrs{"expires_after": in(24 * time.Hour)}, []string{"ci web", "ci"}},
		"expires before":  {attrs{"expires_before": in(24 * time.Hour)}, []string{"expired", "hour"}},
		"expires between": {attrs{"expires_after": in(0), "expires_before": in(24 * time.Hour)}, []string{"hour"}},
		"prefix":          {attrs{"name_prefix": "ci"}, []string{"ci web", "ci"}},
		"prefix of none":  {attrs{"name_prefix": "x"}, nil},
		"all of them":     {attrs{"name_prefix": "ci", "expires_after": in(72 * time.Hour)}, []string{"ci"}},
	} {
		test.config["organization"] = "acme"
		got, diags := w.readTokens(test.config)
		if diff := cmp.Diff(test.want, listedNames(got)); diff != "" || diags != "" {
			t.Errorf("%s:\n%s%s", name, diff, diags)
		}
	}
	s.Inject(flytest.OpList, flytest.Alter(1, func(body map[string]any) {
		list := as[map[string]any](t, as[map[string]any](t, as[map[string]any](t, body["data"])["owner"])["limitedAccessTokens"])
		nodes := slices.Clone(as[[]any](t, list["nodes"]))
		for i, node := range nodes {
			as[map[string]any](t, node)["createdAt"] = in(-time.Duration(i) * time.Hour)
		}
		as[map[string]any](t, nodes[4])["expiresAt"] = "" // no end
		list["nodes"] = nodes
	}))
	got, _ := w.readTokens(attrs{"organization": "acme", "expires_after": in(24 * time.Hour)})
	if diff := cmp.Diff([]string{"ci", "ci web"}, listedNames(got)); diff != "" || got[0]["expires_at"] != nil {
		t.Errorf("the newest first, and one without an end:\n%s", diff)
	}
}

// A login that sees a part of the list gets a warning that says so.
func TestTokensHidden(t *testing.T) {
	t.Parallel()
	s := flytest.New(t, flyWorld())
	scoped := s.Make(flytest.Make{App: "web", Name: "own"})
	whole := s.Make(flytest.Make{Organization: "acme", Name: "whole"})
	for name, test := range map[string]struct {
		login token.Token
		owner attrs
		shown int
		want  string
	}{
		"user":                 {s.Login(ownerOfBoth), attrs{"organization": "acme"}, 2, ""},
		"organization's token": {whole, attrs{"organization": "acme"}, 2, ""},
		"app's token, app":     {scoped, attrs{"app": "web"}, 1, ""},
		"app's token":          {scoped, attrs{"organization": "acme"}, 1, "Fly shows 1 of the 2 tokens of organization \"acme\" to this login"},
	} {
		w := configured(t, flyServed(t, s, "FLY_API_TOKEN="+test.login.Reveal()), attrs{})
		got, diags := w.readTokens(test.owner)
		if len(got) != test.shown || (diags == "") != (test.want == "") || !strings.Contains(diags, test.want) {
			t.Errorf("%s: %v\n%s", name, listedNames(got), diags)
		}
	}
	s.Revoke(whole)
	w := configured(t, flyServed(t, s, "FLY_API_TOKEN="+scoped.Reveal()), attrs{})
	s.Inject(flytest.OpList, flytest.Fail(200, `{"data":{"owner":{"limitedAccessTokens":{"totalCount":1,"nodes":[{"id":"1","name":"n"}],"pageInfo":{}}}}}`))
	if _, diags := w.readTokens(attrs{"organization": "acme"}); !strings.Contains(diags, "WARNING: Fly Tokens Are Hidden From This Login") || !strings.Contains(diags, "token for single apps") {
		t.Errorf("a list that is cut without notice:\n%s", diags)
	}
}

// A failure to read the list is an error that names the cause.
func TestTokensErrors(t *testing.T) {
	t.Parallel()
	s := flytest.New(t, flyWorld())
	w := configured(t, flyServed(t, s, "FLY_API_TOKEN="+s.Login(memberOfGlobexAlone).Reveal()), attrs{})
	for name, test := range map[string]struct {
		config attrs
		want   []string
	}{
		"other's app":          {attrs{"app": "web"}, []string{"ERROR: Unable to List Fly Tokens", `AttributeName("app")`, "check the app's name"}},
		"other's organization": {attrs{"organization": "acme"}, []string{`AttributeName("organization")`, "fly orgs list"}},
	} {
		_, diags := w.readTokens(test.config)
		for _, want := range test.want {
			if !strings.Contains(diags, want) {
				t.Errorf("%s: %q is missing from:\n%s", name, want, diags)
			}
		}
	}
	s.Inject(flytest.OpList, flytest.Fail(503, "{}"))
	if _, diags := w.readTokens(attrs{"organization": "globex"}); !strings.Contains(diags, `Cannot list the tokens of organization "globex": Fly's API reports`) {
		t.Errorf("an outage:\n%s", diags)
	}
	if _, diags := configured(t, flyServed(t, s), attrs{}).readTokens(attrs{"app": "web"}); !strings.Contains(diags, "fly auth login") {
		t.Errorf("no login:\n%s", diags)
	}
	unset := dial(t, flyServed(t, s))
	unset.configure(attrs{"access_token": unknown{}})
	if _, diags := unset.readTokens(attrs{"app": "web"}); !strings.Contains(diags, "access_token is not known") {
		t.Errorf("an unknown login:\n%s", diags)
	}
}

func TestTokensValidate(t *testing.T) {
	t.Parallel()
	w := dial(t, scratch(t))
	typ := w.schema.DataSourceSchemas["fly_tokens"].ValueType()
	for name, test := range map[string]struct {
		config attrs
		want   string
	}{
		"app":             {attrs{"app": "web", "expires_after": "2030-01-31T00:00:00Z"}, ""},
		"organization":    {attrs{"organization": unknown{}, "expires_before": unknown{}}, ""},
		"neither":         {attrs{}, "Missing Attribute Configuration"},
		"both":            {attrs{"app": "web", "organization": "acme"}, "Invalid Attribute Combination"},
		"invalid app":     {attrs{"app": "Web"}, "Invalid App Name"},
		"invalid instant": {attrs{"app": "web", "expires_after": "tomorrow"}, "Invalid Timestamp"},
		"a date":          {attrs{"app": "web", "expires_before": "2030-01-31"}, "2030-01-31T00:00:00Z"},
	} {
		resp, err := w.server.ValidateDataResourceConfig(t.Context(), &tfprotov6.ValidateDataResourceConfigRequest{TypeName: "fly_tokens", Config: w.pack(typ, test.config)})
		w.check(err)
		if got := problems(resp.Diagnostics); (got == "") != (test.want == "") || !strings.Contains(got, test.want) {
			t.Errorf("%s: said:\n%s", name, got)
		}
	}
}
