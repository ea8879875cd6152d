package provider_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	"github.com/flytokens/terraform-provider-fly/internal/flytest"
	"github.com/flytokens/terraform-provider-fly/internal/flytest/engine"
)

// listed is a result of a list resource.
type listed struct {
	name            string
	identity, state attrs
}

// list packs the configuration of list "fly_deploy_token".
func (w *wire) list(config attrs) *tfprotov6.DynamicValue {
	w.t.Helper()
	return w.pack(w.schema.ListResourceSchemas["fly_deploy_token"].ValueType(), config)
}

// lists lists deploy tokens, with their states if whole is set, and returns the results
// and the diagnostics.
func (w *wire) lists(config attrs, limit int64, whole bool) (all []listed, diags string) {
	w.t.Helper()
	stream, err := as[tfprotov6.ListResourceServer](w.t, w.server).ListResource(w.t.Context(), &tfprotov6.ListResourceRequest{
		TypeName: "fly_deploy_token", Config: w.list(config), Limit: limit, IncludeResource: whole,
	})
	w.check(err)
	for one := range stream.Results {
		diags += problems(one.Diagnostics)
		if one.Identity != nil {
			all = append(all, listed{one.DisplayName, w.unpack(identityType(), one.Identity.IdentityData), w.unpack(w.deployType(), one.Resource)})
		}
	}
	return all, diags
}

// ids are the identifiers of listed tokens, with their apps.
func ids(all []listed) []string {
	var list []string
	for _, one := range all {
		list = append(list, fmt.Sprint(one.identity["app"], "/", one.identity["token_id"]))
	}
	return list
}

// A list has the live deploy tokens of an app, or of each app of an organization, and
// none of the provider's own.
func TestListDeployTokens(t *testing.T) {
	t.Parallel()
	s := flytest.New(t, flyWorld())
	d := deployable(t, s)
	s.Make(flytest.Make{App: "worker", Name: "worker"})
	s.Make(flytest.Make{App: "web", Name: "ci"})
	s.Make(flytest.Make{App: "web", Name: "flyctl deploy token"})
	d.created(attrs{"app": "web"})
	s.Revoke(s.Make(flytest.Make{App: "web", Name: "revoked"}))
	s.Make(flytest.Make{App: "web", Name: "expired", TTL: -time.Hour})
	s.Make(flytest.Make{Organization: "acme", Name: "whole"})
	s.Make(flytest.Make{App: "shop", Name: "other organization"})
	for name, test := range map[string]struct {
		config attrs
		limit  int64
		want   []string
	}{
		"app":            {attrs{"app": "web"}, 100, []string{"web/lat_0002", "web/lat_0003"}},
		"organization":   {attrs{"organization": "acme"}, 100, []string{"web/lat_0002", "web/lat_0003", "worker/lat_0001"}},
		"prefix":         {attrs{"organization": "acme", "name_prefix": "ci"}, 100, []string{"web/lat_0002"}},
		"with managed":   {attrs{"app": "web", "include_managed": true}, 100, []string{"web/lat_0002", "web/lat_0003", "web/lat_0004"}},
		"to the limit":   {attrs{"organization": "acme"}, 2, []string{"web/lat_0002", "web/lat_0003"}},
		"none in an app": {attrs{"organization": "acme", "name_prefix": "x"}, 100, nil},
	} {
		got, diags := d.lists(test.config, test.limit, false)
		if diff := cmp.Diff(test.want, ids(got)); diff != "" || diags != "" {
			t.Errorf("%s:\n%s%s", name, diff, diags)
		}
	}
	got, diags := d.lists(attrs{"app": "web", "name_prefix": "ci"}, 100, true)
	if diags != "" || got[0].name != "ci, until "+s.Issued()[1].ExpiresAt.UTC().Format(time.RFC3339) {
		t.Fatalf("listed as %+v\n%s", got, diags)
	}
	if d.imports("", got[0].identity); cmp.Diff(d.state, got[0].state) != "" {
		t.Errorf("the listed state differs from the imported one:\n%s", cmp.Diff(d.state, got[0].state))
	}
	config := attrs{"app": "web", "name": "ci"}
	wants(t, d.refresh()+d.applies(config)+d.refresh()+d.applies(config), "in place of lat_0002", "revokes token lat_0002")
	if got, _ := d.lists(attrs{"app": "web", "name_prefix": "ci"}, 100, false); got != nil {
		t.Errorf("an adopted token is listed: %v", ids(got))
	}
}

// A list reads all pages, each once.
func TestListDeployTokensPages(t *testing.T) {
	t.Parallel()
	s := flytest.New(t, flyWorld())
	d := deployable(t, s)
	for range 250 {
		s.Make(flytest.Make{App: "web"})
	}
	got, diags := d.lists(attrs{"organization": "acme"}, 1000, false)
	if len(got) != 250 || diags != "" {
		t.Errorf("%d tokens are listed:\n%s", len(got), diags)
	}
	// Three pages of web, and one of worker.
	if s.Count(flytest.OpListApps) != 1 || s.Count(flytest.OpList) != 4 || s.Count(flytest.OpAny) != 5 {
		t.Errorf("%d requests for apps, %d for tokens, %d in all", s.Count(flytest.OpListApps), s.Count(flytest.OpList), s.Count(flytest.OpAny))
	}
}

// A list that cannot be read is an error, and one that hides tokens a warning.
func TestListDeployTokensProblems(t *testing.T) {
	t.Parallel()
	s := flytest.New(t, flyWorld())
	s.Make(flytest.Make{App: "web"})
	w := configured(t, flyServed(t, s, "FLY_API_TOKEN="+s.Login(memberOfGlobexAlone).Reveal()), attrs{})
	for name, test := range map[string]struct {
		config attrs
		want   []string
	}{
		"other's app":          {attrs{"app": "web"}, []string{`AttributeName("app")`, "check the app's name"}},
		"other's organization": {attrs{"organization": "acme"}, []string{`AttributeName("organization")`, "fly orgs list"}},
	} {
		got, diags := w.lists(test.config, 100, false)
		if wants(t, diags, append(test.want, "ERROR: Unable to List Fly Tokens")...); got != nil {
			t.Errorf("%s: listed %v", name, got)
		}
	}
	for _, owner := range []string{"app", "organization"} {
		_, diags := configured(t, flyServed(t, s), attrs{}).lists(attrs{owner: map[string]string{"app": "web", "organization": "acme"}[owner]}, 100, false)
		wants(t, diags, "ERROR: Unable to List Fly Tokens", "fly auth login")
	}
	unset := dial(t, flyServed(t, s))
	unset.configure(attrs{"access_token": unknown{}})
	_, diags := unset.lists(attrs{"app": "web"}, 100, false)
	wants(t, diags, "access_token is not known")
	s.Inject(flytest.OpList, flytest.Fail(200, `{"data":{"owner":{"limitedAccessTokens":{"totalCount":2,"nodes":[{"id":"lat_0001","name":"n","profile":"deploy"},null],"pageInfo":{}}}}}`))
	got, diags := w.lists(attrs{"app": "shop"}, 100, false)
	if wants(t, diags, "WARNING: Fly Tokens Are Hidden From This Login"); len(got) != 1 || got[0].name != "n" {
		t.Errorf("listed %+v", got)
	}
}

func TestListDeployTokensValidate(t *testing.T) {
	t.Parallel()
	w := dial(t, scratch(t))
	for name, test := range map[string]struct {
		config attrs
		want   string
	}{
		"app":          {attrs{"app": "web"}, ""},
		"organization": {attrs{"organization": unknown{}}, ""},
		"neither":      {attrs{}, "Missing Attribute Configuration"},
		"both":         {attrs{"app": "web", "organization": "acme"}, "Invalid Attribute Combination"},
		"invalid app":  {attrs{"app": "Web"}, "Invalid App Name"},
	} {
		resp, err := as[tfprotov6.ListResourceServer](t, w.server).ValidateListResourceConfig(t.Context(), &tfprotov6.ValidateListResourceConfigRequest{TypeName: "fly_deploy_token", Config: w.list(test.config)})
		w.check(err)
		if got := problems(resp.Diagnostics); (got == "") != (test.want == "") || !strings.Contains(got, test.want) {
			t.Errorf("%s: said:\n%s", name, got)
		}
	}
}

// The example finds every token of an organization, and its generated configuration
// adopts them in two applies.
func TestAccProcessQuery(t *testing.T) {
	t.Parallel()
	requires(t, engine.Query)
	s := flytest.New(t, flyWorld())
	s.Make(flytest.Make{App: "web", Name: "flyctl deploy token"})
	s.Make(flytest.Make{App: "worker", Name: "ci"})
	p := start(t, "provider \"fly\" {}\n", runner(t, s, s.Login(ownerOfBoth))...)
	write(t, filepath.Join(p.dir, "tokens.tfquery.hcl"), snippets(t, "list-resources/fly_deploy_token/list-resource.tfquery.hcl"))
	found := p.run("query", "-generate-config-out=adopted.tf")
	wants(t, found.output, "app=web,token_id=lat_0001", "app=worker,token_id=lat_0002")
	wants(t, p.run("apply", "-auto-approve").output, "2 imported, 0 added, 2 changed")
	wantTokens(t, s, tokens{minted: 2, good: 2})
	p.run("apply", "-auto-approve")
	wantTokens(t, s, tokens{minted: 2, revoked: 2, good: 2})
	p.quiet()
	wants(t, p.run("query").output, "returned 0 results")
}
