package provider_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/flytokens/terraform-provider-fly/internal/macaroon"
)

// attenuateToken calls attenuate_token and returns the token.
func attenuateToken(t *testing.T, text string, restrictions any) string {
	t.Helper()
	result, fail := call(t, "attenuate_token", literal(t, text), literal(t, restrictions))
	if fail != nil {
		t.Fatal(fail.text)
	}
	return as[string](t, plain(t, result))
}

func TestAttenuateToken(t *testing.T) {
	t.Parallel()
	const end = "2029-06-01T00:00:00Z"
	window := `,{"type":"ValidityWindow","body":{"not_before":0,"not_after":1874966400}}`
	tests := map[string]struct {
		restrictions attrs
		added        string
	}{
		"nothing":         {restrictions: attrs{}},
		"nulls":           {restrictions: attrs{"app_ids": nil, "access": nil, "organization_access": nil, "expires_at": nil}},
		"apps":            {restrictions: attrs{"app_ids": []any{8001, mintApp, 8001}}, added: `,{"type":"Apps","body":{"apps":{"8000":"rwcdC","8001":"rwcdC"}}}`},
		"apps as texts":   {restrictions: attrs{"app_ids": []any{"8000"}}, added: `,{"type":"Apps","body":{"apps":{"8000":"rwcdC"}}}`},
		"apps of 64 bits": {restrictions: attrs{"app_ids": []any{uint64(1<<53 + 1), uint64(1<<64 - 1)}}, added: `,{"type":"Apps","body":{"apps":{"18446744073709551615":"rwcdC","9007199254740993":"rwcdC"}}}`},
		"access to apps":  {restrictions: attrs{"app_ids": []any{mintApp}, "access": "wr"}, added: `,{"type":"Apps","body":{"apps":{"8000":"rw"}}}`},
		"access":          {restrictions: attrs{"access": "r"}, added: `,{"type":"Action","body":"r"}`},
		"all access":      {restrictions: attrs{"access": "*"}, added: `,{"type":"Action","body":"rwcdC"}`},
		"organization":    {restrictions: attrs{"organization_access": "rC"}, added: `,{"type":"Organization","body":{"id":4721,"mask":"rC"}}`},
		"machines":        {restrictions: attrs{"machines": []any{"m2", "m1"}}, added: ifPresent(`{"type":"Machines","body":{"machines":{"m1":"rwcdC","m2":"rwcdC"}}}`)},
		"volumes":         {restrictions: attrs{"volumes": []any{"vol"}}, added: ifPresent(`{"type":"Volumes","body":{"volumes":{"vol":"rwcdC"}}}`)},
		"features":        {restrictions: attrs{"features": []any{"wg"}}, added: ifPresent(`{"type":"FeatureSet","body":{"features":{"wg":"rwcdC"}}}`)},
		"mutations":       {restrictions: attrs{"mutations": []any{"b", "a"}}, added: ifPresent(`{"type":"Mutations","body":{"mutations":["b","a"]}}`)},
		"commands": {
			restrictions: attrs{"machines": []any{"m"}, "commands": []any{attrs{"args": []any{"ls", ""}}, attrs{"args": []any{"ps"}, "exact": false}}},
			added:        ifPresent(`{"type":"Machines","body":{"machines":{"m":"rwcdC"}}},{"type":"Commands","body":[{"args":["ls",""],"exact":true},{"args":["ps"]}]}`),
		},
		"expiry":         {restrictions: attrs{"expires_at": end}, added: window},
		"expiry, offset": {restrictions: attrs{"expires_at": "2029-06-01T01:00:00.9+01:00"}, added: window},
		"all": {
			restrictions: attrs{"app_ids": []any{mintApp}, "access": "r", "organization_access": "rw", "expires_at": end},
			added:        `,{"type":"Organization","body":{"id":4721,"mask":"rw"}},{"type":"Apps","body":{"apps":{"8000":"r"}}}` + window,
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			text := mintOrgToken(t)
			got := attenuateToken(t, "FlyV1 "+text, tt.restrictions)
			before, after := decoded(t, text).Macaroons(), decoded(t, got).Macaroons()
			caveats := caveatsOf(t, before[0])
			if diff := cmp.Diff(caveats[:len(caveats)-1]+tt.added+"]", caveatsOf(t, after[0])); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if len(after) != 2 || after[1].Reveal() != before[1].Reveal() {
				t.Error("the discharge is different")
			}
			added := after[0].Caveats()[len(before[0].Caveats()):]
			if signed, err := before[0].Attenuate(added...); err != nil || signed.Reveal() != after[0].Reveal() {
				t.Errorf("the signature is wrong: %v", err)
			}
			if again := attenuateToken(t, got, tt.restrictions); again != got {
				t.Error("the same restrictions once more change the token")
			}
		})
	}
}

// ifPresent is the caveat with the names of resources.
func ifPresent(inner string) string {
	return `,{"type":"IfPresent","body":{"else":"r","ifs":[` + inner + `]}}`
}

// TestAttenuateTokenLikeMachineExec makes the token of `flyctl tokens create
// machine-exec`.
func TestAttenuateTokenLikeMachineExec(t *testing.T) {
	t.Parallel()
	text := flyctlToken(t, "dep")
	want, err := decoded(t, text).MachineExec(macaroon.Command{Args: []string{"ls", "-l"}, Exact: true})
	if err != nil {
		t.Fatal(err)
	}
	got := attenuateToken(t, text, attrs{"commands": []any{attrs{"args": []any{"ls", "-l"}}}})
	if got != want.Reveal() {
		t.Error("the token differs from flyctl's")
	}
}

func caveatsOf(t *testing.T, m *macaroon.Macaroon) string {
	t.Helper()
	text, err := macaroon.CaveatsJSON(m.Caveats())
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestAttenuateTokenMap takes restrictions from a map, as tomap returns it.
func TestAttenuateTokenMap(t *testing.T) {
	t.Parallel()
	text := mintOrgToken(t)
	object := attrs{"access": "r", "expires_at": "2029-06-01T00:00:00Z"}
	want := attenuateToken(t, text, object)
	result, fail := call(t, "attenuate_token", literal(t, text), textMap(t, object))
	if fail != nil {
		t.Fatal(fail.text)
	}
	if plain(t, result) != want {
		t.Error("a map gives a different token than an object")
	}
}

// TestAttenuateTokenNeverWidens asks for more than each of flyctl's tokens
// allows. No request may be allowed that was not allowed before.
func TestAttenuateTokenNeverWidens(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"ro", "dep", "org", "ssh"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			text := flyctlToken(t, name)
			before := decoded(t, text)
			wide := attrs{"app_ids": []any{mintApp}, "access": "*", "organization_access": "*", "expires_at": "9999-12-31T23:59:59Z"}
			after := decoded(t, attenuateToken(t, text, wide))
			if !after.Expiry(mintEnd()).Equal(before.Expiry(mintEnd())) {
				t.Error("the expiry is different")
			}
			allowed := 0
			eachRequest(func(a macaroon.Access) {
				if after.Permits(a) != nil {
					return
				}
				allowed++
				if err := before.Permits(a); err != nil {
					t.Errorf("%s: %v", describeAccess(a), err)
				}
				if a.AppID == nil || *a.AppID != mintApp {
					t.Errorf("%s is outside of app_ids", describeAccess(a))
				}
			})
			if allowed == 0 {
				t.Error("nothing is allowed")
			}
		})
	}
}

// eachRequest visits requests of each action for some resources.
func eachRequest(visit func(macaroon.Access)) {
	for _, action := range []macaroon.Action{macaroon.ActionRead, macaroon.ActionWrite, macaroon.ActionCreate, macaroon.ActionDelete, macaroon.ActionControl} {
		for _, org := range []uint64{mintOrg, mintOrg + 1} {
			base := macaroon.Access{Action: action, OrgID: &org}
			visit(base)
			for _, app := range []uint64{mintApp, mintApp + 1} {
				a := base
				a.AppID = &app
				visit(a)
			}
			for _, feature := range []string{"builder", "wg", "membership"} {
				a := base
				a.Feature = &feature
				visit(a)
			}
		}
	}
}

func describeAccess(a macaroon.Access) string {
	text := fmt.Sprintf("%s in organization %d", a.Action, *a.OrgID)
	if a.AppID != nil {
		text += fmt.Sprintf(" on app %d", *a.AppID)
	}
	if a.Feature != nil {
		text += " on feature " + *a.Feature
	}
	return text
}
