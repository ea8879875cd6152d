package provider_test

import (
	"encoding/json"
	"maps"
	"math"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/flytokens/terraform-provider-fly/internal/flytest/macaroons"
	"github.com/flytokens/terraform-provider-fly/internal/macaroon"
)

// parseToken calls parse_token and returns its objects.
func parseToken(t *testing.T, text string) []attrs {
	t.Helper()
	result, fail := call(t, "parse_token", literal(t, text))
	if fail != nil {
		t.Fatal(fail.text)
	}
	var parts []attrs
	for _, part := range as[[]any](t, plain(t, result)) {
		parts = append(parts, as[attrs](t, part))
	}
	return parts
}

// TestParseTokenIsFlyctlDebug compares the result for flyctl's tokens with the
// output of `flyctl tokens debug`, except for two fields.
func TestParseTokenIsFlyctlDebug(t *testing.T) {
	t.Parallel()
	for name, parts := range map[string]int{"ro": 2, "dep": 2, "org": 2, "ssh": 3} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got []any
			for _, part := range parseToken(t, flyctlToken(t, name)) {
				var caveats any
				if err := json.Unmarshal([]byte(as[string](t, part["caveats"])), &caveats); err != nil {
					t.Fatal(err)
				}
				got = append(got, map[string]any{"location": part["location"], "caveats": caveats})
			}
			if len(got) != parts {
				t.Fatalf("%d parts, want %d", len(got), parts)
			}
			if diff := cmp.Diff(debugWithoutKeys(t, name), got); diff != "" {
				t.Errorf("(-flyctl +parse_token):\n%s", diff)
			}
		})
	}
}

// debugWithoutKeys reads the output of `flyctl tokens debug`, and drops
// VerifierKey and Ticket, which must exist.
func debugWithoutKeys(t *testing.T, name string) []any {
	t.Helper()
	var list []any
	if err := json.Unmarshal(vector(t, "fake-"+name+".debug.json"), &list); err != nil {
		t.Fatal(err)
	}
	dropped := 0
	for _, m := range list {
		for _, c := range as[[]any](t, as[map[string]any](t, m)["caveats"]) {
			if c := as[map[string]any](t, c); c["type"] == "3P" {
				body := as[map[string]any](t, c["body"])
				before := len(body)
				maps.DeleteFunc(body, func(k string, _ any) bool { return k == "VerifierKey" || k == "Ticket" })
				dropped += before - len(body)
			}
		}
	}
	if dropped == 0 {
		t.Fatal("flyctl's output holds no keys")
	}
	return list
}

func TestParseToken(t *testing.T) {
	t.Parallel()
	window := macaroon.Window(mintEnd().AddDate(-1, 0, 0), mintEnd())
	organization := macaroon.Organization{ID: mintOrg, Mask: macaroon.ActionAll}
	permission := func(caveats ...macaroon.Caveat) string {
		return macaroon.NewBundle(mintPermission(t, caveats...)).Reveal()
	}
	tests := map[string]struct {
		token string
		want  []attrs
	}{
		"organization": {token: permission(organization, window), want: []attrs{{
			"kind": "permission", "location": "https://api.fly.io/v1", "organization_id": "4721", "apps": nil,
			"expires_at": "2030-01-02T03:04:05Z", "not_before": "2029-01-02T03:04:05Z",
			"caveats": `[{"type":"Organization","body":{"id":4721,"mask":"rwcdC"}},{"type":"ValidityWindow","body":{"not_before":1862017445,"not_after":1893553445}}]`,
		}}},
		"no restriction": {token: permission(), want: []attrs{{
			"kind": "permission", "location": "https://api.fly.io/v1", "organization_id": nil, "apps": nil,
			"expires_at": nil, "not_before": nil, "caveats": "[]",
		}}},
		"apps": {token: permission(organization, macaroon.Apps{mintApp: macaroon.ActionAll, 8001: macaroon.ActionRead}), want: []attrs{{
			"kind": "permission", "location": "https://api.fly.io/v1", "organization_id": "4721",
			"apps": attrs{"8000": "rwcdC", "8001": "r"}, "expires_at": nil, "not_before": nil,
			"caveats": `[{"type":"Organization","body":{"id":4721,"mask":"rwcdC"}},{"type":"Apps","body":{"apps":{"8000":"rwcdC","8001":"r"}}}]`,
		}}},
		"no app": {token: permission(macaroon.Apps{}), want: []attrs{{
			"kind": "permission", "location": "https://api.fly.io/v1", "organization_id": nil, "apps": attrs{},
			"expires_at": nil, "not_before": nil, "caveats": `[{"type":"Apps","body":{"apps":{}}}]`,
		}}},
		"numbers of 64 bits": {token: permission(macaroon.Organization{ID: math.MaxUint64, Mask: macaroon.ActionRead}, macaroon.Apps{1<<53 + 1: macaroon.ActionAll}), want: []attrs{{
			"kind": "permission", "location": "https://api.fly.io/v1", "organization_id": "18446744073709551615",
			"apps": attrs{"9007199254740993": "r"}, "expires_at": nil, "not_before": nil,
			"caveats": `[{"type":"Organization","body":{"id":18446744073709551615,"mask":"r"}},{"type":"Apps","body":{"apps":{"9007199254740993":"rwcdC"}}}]`,
		}}},
		"unknown caveat": {token: permission(macaroon.Other{Type: 1 << 48, Body: []byte{0x93, 1, 2, 3}}), want: []attrs{{
			"kind": "permission", "location": "https://api.fly.io/v1", "organization_id": nil, "apps": nil,
			"expires_at": nil, "not_before": nil, "caveats": `[{"type":"281474976710656","body":"kwECAw=="}]`,
		}}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for i := range tt.want {
				tt.want[i]["id"] = decoded(t, tt.token).Macaroons()[i].ID()
			}
			if diff := cmp.Diff(tt.want, parseToken(t, tt.token)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// TestParseTokenOrder expects one object for each part of the token, including
// OAuth tokens between macaroons.
func TestParseTokenOrder(t *testing.T) {
	t.Parallel()
	permission := mintPermission(t, macaroon.Organization{ID: mintOrg, Mask: macaroon.ActionAll})
	discharge := mintDischarge(t, "ticket")
	secrets, err := macaroons.New(mintSeed(macaroon.LocationSecrets, "key"))
	if err != nil {
		t.Fatal(err)
	}
	first, second := oauthFor("first"), oauthFor("second")
	text := "Bearer FlyV1 " + first + "," + discharge.Reveal() + ", " + second + "," + permission.Reveal() + "," + secrets.Reveal() + "\n"
	parts := parseToken(t, text)
	var kinds, ids []any
	for _, part := range parts {
		kinds, ids = append(kinds, part["kind"]), append(ids, part["id"])
	}
	if want := []any{"oauth", "authentication", "oauth", "permission", "secrets"}; !slices.Equal(kinds, want) {
		t.Errorf("kinds %v, want %v", kinds, want)
	}
	if want := []any{nil, discharge.ID(), nil, permission.ID(), secrets.ID()}; !slices.Equal(ids, want) {
		t.Errorf("ids %v, want %v", ids, want)
	}
	want := attrs{
		"kind": "oauth", "location": nil, "id": nil, "expires_at": nil, "not_before": nil,
		"organization_id": nil, "apps": nil, "caveats": nil,
	}
	if diff := cmp.Diff(want, parts[0]); diff != "" {
		t.Errorf("OAuth token (-want +got):\n%s", diff)
	}
}
