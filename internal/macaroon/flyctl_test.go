package macaroon_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/flytokens/terraform-provider-fly/internal/flytest/macaroons"
	"github.com/flytokens/terraform-provider-fly/internal/macaroon"
)

// TestFlyctlOutput reads flyctl's output and compares it with that of `flyctl
// tokens debug` for the same tokens.
func TestFlyctlOutput(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"ro", "dep", "org", "ssh"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			text := string(readFile(t, filepath.Join("testdata", "fake-"+name+".token")))
			debug := readFile(t, filepath.Join("testdata", "fake-"+name+".debug.json"))
			b := parse(t, text)
			if got := "FlyV1 " + b.Reveal(); got != strings.TrimSpace(text) {
				t.Error("encodes to another text")
			}
			got, err := bundleJSON(b)
			if err != nil {
				t.Fatal(err)
			}
			equalJSON(t, withoutKeys(t, debug), got)
		})
	}
}

// withoutKeys drops the two fields of third parties' caveats that are not shown.
func withoutKeys(t *testing.T, debug []byte) []byte {
	t.Helper()
	var list []struct {
		Location string `json:"location"`
		Caveats  []struct {
			Type string         `json:"type"`
			Body map[string]any `json:"body"`
		} `json:"caveats"`
	}
	// Only an action has a body that is not an object; "any" keeps it.
	if err := json.Unmarshal(bytes.ReplaceAll(debug, []byte(`"body": "r"`), []byte(`"body": {"action": "r"}`)), &list); err != nil {
		t.Fatal(err)
	}
	for _, m := range list {
		for _, c := range m.Caveats {
			delete(c.Body, "VerifierKey")
			delete(c.Body, "Ticket")
		}
	}
	out, err := json.Marshal(list)
	if err != nil {
		t.Fatal(err)
	}
	return bytes.ReplaceAll(out, []byte(`{"action":"r"}`), []byte(`"r"`))
}

func TestFlyctlScopes(t *testing.T) {
	t.Parallel()
	apps := func(masks ...macaroon.Action) (list [][]macaroon.AppAccess) {
		for _, mask := range masks {
			list = append(list, []macaroon.AppAccess{{ID: testApp, Access: mask}})
		}
		return list
	}
	tests := map[string]struct {
		apps   [][]macaroon.AppAccess
		expiry int64
	}{
		"ro":  {apps: [][]macaroon.AppAccess{nil}, expiry: 1796213832},
		"org": {apps: [][]macaroon.AppAccess{nil}, expiry: 1796213833},
		"dep": {apps: apps(macaroon.ActionAll), expiry: 1796213833},
		// The second is only for mutations and allows no other request.
		"ssh": {apps: apps(macaroon.ActionRead, macaroon.ActionNone), expiry: 1796213833},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := parse(t, string(readFile(t, filepath.Join("testdata", "fake-"+name+".token"))))
			var got [][]macaroon.AppAccess
			for _, g := range b.Grants() {
				if len(g.Discharges) != 1 || len(g.Missing) != 0 {
					t.Errorf("%d discharges, %d missing", len(g.Discharges), len(g.Missing))
				}
				list, _ := g.Permission.Apps()
				got = append(got, list)
			}
			if diff := cmp.Diff(tt.apps, got); diff != "" {
				t.Errorf("apps (-want +got):\n%s", diff)
			}
			if id, ok := b.OrganizationID(); id != testOrg || !ok {
				t.Errorf("organization %d, %t", id, ok)
			}
			checkExpiry(t, b.Expiry(time.Unix(1795400000, 0)), tt.expiry)
		})
	}
}

// TestGoldenThirdParty follows the keys of a discharge from the ticket, which the
// third party opens, through its caveats to its tail.
func TestGoldenThirdParty(t *testing.T) {
	t.Parallel()
	g := readGolden(t)
	tp := g.ThirdParty
	b := parse(t, tp.Bundle)
	if "FlyV1 "+b.Reveal() != tp.Bundle || "FlyV1 "+b.Macaroons()[0].Reveal() != tp.PermissionToken {
		t.Error("encodes to another text")
	}
	grant := b.Grants()[0]
	if len(grant.Discharges) != 1 || !bytes.Equal(grant.Discharges[0].Encode(), tp.Discharge) {
		t.Fatal("the discharge is not matched to its ticket")
	}
	checkExpiry(t, grant.Expiry(), tp.DischargeExpiration)
	if !signedBy(t, grant.Permission, tp.Key) {
		t.Error("the permission macaroon has another signature")
	}
	caveats := grant.Permission.Caveats()
	at := slices.IndexFunc(caveats, func(c macaroon.Caveat) bool { _, ok := c.(macaroon.ThirdParty); return ok })
	sealed, ok := caveats[max(at, 0)].(macaroon.ThirdParty)
	if !ok {
		t.Fatal("there is no third party")
	}
	if !bytes.Equal(sealed.Ticket, tp.Ticket) {
		t.Error("another ticket")
	}
	// A ticket is an array of the key, 32 bytes, and caveats.
	key := unseal(g.ThirdPartyKey, sealed.Ticket)[3:35]
	keyID, random := nonce(t, grant.Permission)
	before, err := macaroons.New(macaroons.Seed{
		Key: tp.Key, KeyID: keyID, Random: random, Location: macaroon.LocationPermission,
	}, grant.Permission.Caveats()[0])
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(unseal(tail(before), sealed.VerifierKey), key) {
		t.Error("the ticket and the verifier key hold two keys")
	}
	if !signedBy(t, grant.Discharges[0], key) {
		t.Error("the discharge has another signature")
	}
	h := hmac.New(sha256.New, []byte("proof-signature-finalization"))
	h.Write(tp.TailBeforeFinalize)
	if !bytes.Equal(h.Sum(nil), tp.DischargeTail) {
		t.Error("the last step gives a different tail")
	}
	if !bytes.Equal(tail(grant.Discharges[0]), tp.DischargeTail) {
		t.Error("the discharge has a different tail")
	}
}

// TestJSONOfUnknown writes a caveat of an unknown type.
func TestJSONOfUnknown(t *testing.T) {
	t.Parallel()
	got, err := macaroon.CaveatsJSON([]macaroon.Caveat{
		macaroon.Other{Type: 1 << 48, Body: []byte{0x91, 1}}, other(25, 0xc4, 2, 1, 0), ifs(0, authentication("ticket")),
	})
	if err != nil {
		t.Fatal(err)
	}
	equalJSON(t, []byte(`[{"type":"281474976710656","body":"kQE="},{"type":"GoogleUserID","body":256},
		{"type":"IfPresent","body":{"ifs":[{"type":"3P","body":{"Location":"https://api.fly.io/aaa/v1"}}],"else":""}}]`), got)
	if got, err := bundleJSON(macaroon.Bundle{}); string(got) != "[]" || err != nil {
		t.Errorf("an empty bundle is %s, %v", got, err)
	}
}

// TestMasks prints a macaroon, a bundle and a third party's caveat with every
// verb. No output may hold a part of a secret.
func TestMasks(t *testing.T) {
	t.Parallel()
	m := permission(t, organization(macaroon.ActionAll), authentication("a ticket"))
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		for _, v := range []any{m, macaroon.NewBundle(m), authentication("a ticket"), []any{m}} {
			got := fmt.Sprintf(verb, v)
			for _, secret := range []string{m.Reveal()[4:24], hex.EncodeToString(tail(m))[:8], strings.Trim(fmt.Sprintf("%d", tail(m)[:4]), "[]"), "ticket", "7469636b"} {
				if strings.Contains(got, secret) {
					t.Errorf("%s prints a part of the secret: %s", verb, got)
				}
			}
		}
	}
	if got, want := fmt.Sprint(m), "macaroon("+m.ID()+")"; got != want {
		t.Errorf("mask %s, want %s", got, want)
	}
}
