package provider_test

import (
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/flytokens/terraform-provider-fly/internal/flytest/macaroons"
	"github.com/flytokens/terraform-provider-fly/internal/macaroon"
)

// textMap is a map of strings, which a literal cannot be.
func textMap(t *testing.T, v attrs) tftypes.Value {
	t.Helper()
	elements := map[string]tftypes.Value{}
	for key, e := range v {
		elements[key] = literal(t, e)
	}
	return tftypes.NewValue(tftypes.Map{ElementType: tftypes.String}, elements)
}

func TestAttenuateTokenRefusesRestrictions(t *testing.T) {
	t.Parallel()
	const numbers = "an app's number as Fly's Machines API gives it: internal_numeric_id"
	tests := map[string]struct {
		restrictions any
		want         string
	}{
		"no object":       {"r", "must be an object, such as { app_ids = [1234], access = \"r\" }, not a string"},
		"a list":          {[]any{}, "must be an object, such as { app_ids = [1234], access = \"r\" }, not a list"},
		"unknown key":     {attrs{"app_id": 8000, "access": "r"}, `"app_id" is not a restriction: use app_ids, machines, volumes, features, commands, mutations, access, organization_access or expires_at`},
		"null in it":      {attrs{"apps": nil}, `"apps" is not a restriction: use app_ids, machines, volumes, features, commands, mutations, access, organization_access or expires_at`},
		"token for a key": {attrs{"fm2_secret": "r"}, `The value, which looks like a token, is not a restriction: use app_ids, machines, volumes, features, commands, mutations, access, organization_access or expires_at`},
		"one app":         {attrs{"app_ids": 8000}, "app_ids must be a list of numbers, not a number"},
		"no apps":         {attrs{"app_ids": []any{}}, "app_ids is empty, which would allow none. Omit app_ids, or set it to null, to change nothing"},
		"name":            {attrs{"app_ids": []any{8000, "web"}}, "app_ids[1] is not " + numbers},
		"fraction":        {attrs{"app_ids": []any{1.5}}, "app_ids[0] is not " + numbers},
		"negative":        {attrs{"app_ids": []any{-8000}}, "app_ids[0] is not " + numbers},
		"65 bits":         {attrs{"app_ids": []any{1e30}}, "app_ids[0] is not " + numbers},
		"null app":        {attrs{"app_ids": []any{nil}}, "app_ids[0] must be " + numbers + ", not null"},
		"bool":            {attrs{"app_ids": []any{true}}, "app_ids[0] must be " + numbers + ", not a bool"},
		"every app":       {attrs{"app_ids": []any{0}}, "app_ids[0] is 0, which means every app and would not restrict the token"},
		"number":          {attrs{"access": 1}, "access must be a string, not a number"},
		"word":            {attrs{"access": "readonly"}, "access must consist of the letters r (read), w (write), c (create), d (delete) and C (control), or be * for all of them"},
		"no letter":       {attrs{"organization_access": ""}, "organization_access must consist of the letters r (read), w (write), c (create), d (delete) and C (control), or be * for all of them"},
		"list of letters": {attrs{"organization_access": []any{"r"}}, "organization_access must be a string, not a list"},
		"date":            {attrs{"expires_at": "2029-06-01"}, "expires_at is not an RFC 3339 timestamp such as 2030-01-31T12:00:00Z"},
		"object":          {attrs{"expires_at": attrs{}}, "expires_at must be a string, not an object"},
		"before 1970":     {attrs{"expires_at": "1969-12-31T23:59:59Z"}, "expires_at is before 1970: the token would never be valid"},
		"no machines":     {attrs{"machines": []any{}}, "machines is empty, which would allow none. Omit machines, or set it to null, to change nothing"},
		"every machine":   {attrs{"machines": []any{"m", ""}}, "machines[1] is empty, which would allow all of them"},
		"null volume":     {attrs{"volumes": []any{nil}}, "volumes[0] must be a string, not null"},
		"one feature":     {attrs{"features": "wg"}, "features must be a list of strings, not a string"},
		"bool mutation":   {attrs{"mutations": []any{true}}, "mutations[0] must be a string, not a bool"},
		"features of app": {attrs{"features": []any{"wg"}, "app_ids": []any{mintApp}}, "features belong to the organization, but app_ids confines the token to apps. Omit one of the two"},
		"command as text": {attrs{"commands": []any{"ls"}}, `commands[0] must be an object, such as { args = ["ls", "-l"] }, not a string`},
		"no args":         {attrs{"commands": []any{attrs{"exact": true}}}, "commands[0] has no args: name the command"},
		"number in args":  {attrs{"commands": []any{attrs{"args": []any{"ls", 1}}}}, "commands[0].args[1] must be a string, not a number"},
		"exact as text":   {attrs{"commands": []any{attrs{"args": []any{"ls"}, "exact": "yes"}}}, "commands[0].exact must be a bool, not a string"},
		"key of command":  {attrs{"commands": []any{attrs{"arguments": []any{"ls"}}}}, `commands[0] has the unknown key "arguments": use args and exact`},
		"before the token": {
			attrs{"expires_at": "2028-06-01T00:00:00Z"},
			"expires_at is before the token becomes valid: it would never be valid",
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			refused(t, mintOrgToken(t), literal(t, tt.restrictions), failure{argument: 1, text: tt.want})
		})
	}
}

// TestAttenuateTokenRefusesEmptyResult asks for actions that narrow tokens do
// not allow.
func TestAttenuateTokenRefusesEmptyResult(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		caveats      []macaroon.Caveat
		restrictions attrs
		want         string
	}{
		"another app": {
			[]macaroon.Caveat{macaroon.Apps{mintApp: macaroon.ActionAll}},
			attrs{"app_ids": []any{mintApp, 8001}},
			"app_ids has app 8001, to which the token gives no access. Restrictions cannot add access",
		},
		"another app inside IfPresent": {
			macaroon.Deploy(mintApp),
			attrs{"app_ids": []any{8001}},
			"app_ids has app 8001, to which the token gives no access. Restrictions cannot add access",
		},
		"another action on the app": {
			[]macaroon.Caveat{macaroon.Apps{mintApp: macaroon.ActionRead}},
			attrs{"app_ids": []any{mintApp}, "access": "wd"},
			"the token allows none of the actions that the restrictions leave on app 8000. Restrictions cannot add access",
		},
		"another action": {
			[]macaroon.Caveat{macaroon.ActionRead},
			attrs{"access": "w"},
			"the token allows none of the actions in access and organization_access. Restrictions cannot add access",
		},
		"two that exclude each other": {
			nil,
			attrs{"access": "w", "organization_access": "r"},
			"the token allows none of the actions in access and organization_access. Restrictions cannot add access",
		},
		"two organizations": {
			[]macaroon.Caveat{macaroon.Organization{ID: mintOrg + 1, Mask: macaroon.ActionAll}},
			attrs{"organization_access": "r"},
			"organization_access is unsupported here: the token is not confined to one organization. Use access instead",
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			refused(t, mintOrgToken(t, tt.caveats...), literal(t, tt.restrictions), failure{argument: 1, text: tt.want})
		})
	}
}

func TestAttenuateTokenRefusesTokens(t *testing.T) {
	t.Parallel()
	secrets, err := macaroons.New(mintSeed(macaroon.LocationSecrets, "key"))
	if err != nil {
		t.Fatal(err)
	}
	const oauth = "an OAuth token cannot be narrowed: it gives access to the whole account of its user. Omit the part that starts with fo1_"
	tests := map[string]struct{ token, want string }{
		"OAuth":           {oauthFor("login"), oauth},
		"OAuth in it":     {mintOrgToken(t) + "," + oauthFor("login"), oauth},
		"discharge alone": {mintDischarge(t, "ticket").Reveal(), "there is no permission macaroon to narrow"},
		"for secrets": {
			mintOrgToken(t) + "," + secrets.Reveal(),
			`part 3 of the token is a macaroon for "https://api.fly.io/secrets/v1", to which these restrictions do not apply. Omit it`,
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			refused(t, tt.token, literal(t, attrs{"access": "r"}), failure{argument: 0, text: tt.want})
		})
	}
}

// refused calls attenuate_token, and expects that error without any part of a
// token.
func refused(t *testing.T, text string, restrictions tftypes.Value, want failure) {
	t.Helper()
	_, fail := call(t, "attenuate_token", literal(t, text), restrictions)
	if fail == nil {
		t.Fatal("the call succeeded")
	}
	if *fail != want {
		t.Errorf("argument %d: %s\nwant argument %d: %s", fail.argument, fail.text, want.argument, want.text)
	}
	if secret := leak(fail.text, strings.TrimPrefix(text, "FlyV1 ")); secret != "" {
		t.Errorf("the error holds a part of the token: %s", secret)
	}
}
