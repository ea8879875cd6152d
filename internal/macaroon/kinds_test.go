package macaroon_test

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/flytokens/terraform-provider-fly/internal/flytest/macaroons"
	"github.com/flytokens/terraform-provider-fly/internal/macaroon"
)

// tailEnd is the number of bytes of the tail and its header at the end of a
// macaroon.
const tailEnd = tailSize + 2

// lastCaveat returns the wire form of the last caveat of a sample: type and body.
func lastCaveat(t *testing.T, name, text string) []byte {
	t.Helper()
	for _, c := range readGolden(t).Caveats {
		if c.Name == name && strings.Contains(string(c.JSON), text) {
			return c.Wire[1:]
		}
	}
	t.Fatalf("there is no sample of %s with %s", name, text)
	return nil
}

// unnarrowed returns the macaroon that flyctl appended a caveat to. It has a
// different tail, because the original one cannot be computed.
func unnarrowed(t *testing.T, m *macaroon.Macaroon, added []byte) *macaroon.Macaroon {
	t.Helper()
	encoded := m.Encode()
	body := encoded[:len(encoded)-tailEnd]
	if !bytes.HasSuffix(body, added) {
		t.Fatal("flyctl appended something else")
	}
	body = bytes.Clone(body[:len(body)-len(added)])
	body[bytes.Index(body, []byte(m.Location()))+len(m.Location())] -= 2
	minted, err := macaroon.Decode(append(append(body, 0xc4, 32), make([]byte, 32)...))
	if err != nil {
		t.Fatal(err)
	}
	return minted
}

// withoutTail returns the bytes before the tail, which flyctl and this package
// write alike.
func withoutTail(m *macaroon.Macaroon) string {
	encoded := m.Encode()
	return base64.StdEncoding.EncodeToString(encoded[:len(encoded)-tailEnd])
}

// TestKindsAreThoseOfFlyctl removes the caveats that flyctl appended, appends
// them again and compares the bytes. The golden macaroons prove the tails.
func TestKindsAreThoseOfFlyctl(t *testing.T) {
	t.Parallel()
	action := lastCaveat(t, "Action", `"r"`)
	mutations := lastCaveat(t, "Mutations", "issueCertificate")
	readOnly := []byte{0x00, 0x92, 0xcd, 0x12, 0x71, 0x01} // Organization [4721, r]
	tests := map[string]struct {
		added  [][]byte
		narrow func(macaroon.Bundle) (macaroon.Bundle, error)
	}{
		"ssh": {[][]byte{action, mutations}, macaroon.Bundle.SSH},
		"ro":  {[][]byte{readOnly}, macaroon.Bundle.ReadOrganization},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			want := parse(t, string(readFile(t, filepath.Join("testdata", "fake-"+name+".token")))).Macaroons()
			minted := unnarrowed(t, want[0], tt.added[0])
			if len(tt.added) == 2 && withoutTail(unnarrowed(t, want[1], tt.added[1])) != withoutTail(minted) {
				t.Fatal("flyctl narrowed two different tokens")
			}
			discharge := want[len(want)-1]
			narrowed, err := tt.narrow(macaroon.NewBundle(minted, discharge))
			if err != nil {
				t.Fatal(err)
			}
			got := narrowed.Macaroons()
			if len(got) != len(want) {
				t.Fatalf("%d macaroons, want %d", len(got), len(want))
			}
			for i := range want {
				if withoutTail(got[i]) != withoutTail(want[i]) {
					t.Errorf("macaroon %d has other bytes than flyctl's", i)
				}
			}
			if got[len(got)-1].Reveal() != discharge.Reveal() {
				t.Error("the discharge has changed")
			}
		})
	}
}

// TestKindsOfCommandsAndPeers compares the appended caveat with one assembled
// from golden samples of its parts.
func TestKindsOfCommandsAndPeers(t *testing.T) {
	t.Parallel()
	inIfPresent := func(n byte, parts ...[]byte) string {
		wire := append([]byte{0x0d, 0x92, 0x90 | 2*n}, bytes.Join(parts, nil)...)
		return hex.EncodeToString(append(wire, byte(read)))
	}
	// The sample of IfPresent ends with a FeatureSet of "wg" and the mask r.
	ifPresent := lastCaveat(t, "IfPresent", `"wg"`)
	wg := ifPresent[bytes.LastIndex(ifPresent, []byte{0x05, 0x91, 0x81}) : len(ifPresent)-1]
	noApps := []byte{0x03, 0x91, 0x80}
	tests := map[string]struct {
		narrow func(macaroon.Bundle) (macaroon.Bundle, error)
		want   string
	}{
		"exact, and by prefix": {func(b macaroon.Bundle) (macaroon.Bundle, error) {
			return b.MachineExec(macaroon.Command{Args: []string{"ls", "-l"}, Exact: true}, macaroon.Command{Args: []string{"uptime"}})
		}, inIfPresent(1, lastCaveat(t, "Commands", "uptime"))},
		"every command": {
			func(b macaroon.Bundle) (macaroon.Bundle, error) { return b.MachineExec() },
			inIfPresent(1, lastCaveat(t, "Commands", `"args": []`)),
		},
		"wireguard": {macaroon.Bundle.WireGuard, inIfPresent(2, noApps, wg)},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			minted := permission(t, organization(all))
			b, err := tt.narrow(macaroon.NewBundle(minted))
			if err != nil {
				t.Fatal(err)
			}
			got := b.Macaroons()[0].Encode()
			before := minted.Encode()
			if added := hex.EncodeToString(got[len(before)-tailEnd : len(got)-tailEnd]); added != tt.want {
				t.Errorf("appended %s, want %s", added, tt.want)
			}
		})
	}
}

// TestKindsAllow checks for each kind the requests that it must allow and those
// that it must not.
func TestKindsAllow(t *testing.T) {
	t.Parallel()
	deploy := macaroon.NewBundle(orgToken(t, macaroon.Apps{testApp: all}))
	org := macaroon.NewBundle(orgToken(t))
	onMachine := func(command ...string) macaroon.Access {
		return request(macaroon.ActionWrite, func(a *macaroon.Access) {
			a.AppID, a.Machine, a.Command = new(uint64(testApp)), new("m"), command
		})
	}
	feature := func(name string) macaroon.Access {
		return request(macaroon.ActionWrite, func(a *macaroon.Access) { a.Feature = &name })
	}
	mutation := func(name string) macaroon.Access {
		return request(macaroon.ActionWrite, onApp(testApp), func(a *macaroon.Access) { a.Mutation = &name })
	}
	narrowed := func(b macaroon.Bundle, err error) macaroon.Bundle {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	reads, writes := request(read, onApp(testApp)), request(macaroon.ActionWrite, onApp(testApp))
	tests := map[string]struct {
		token           macaroon.Bundle
		allowed, denied []macaroon.Access
	}{
		"ssh": {narrowed(deploy.SSH()), []macaroon.Access{reads, mutation("issueCertificate"), mutation("addWireGuardPeer")}, []macaroon.Access{writes, mutation("deployImage")}},
		"one command": {
			narrowed(deploy.MachineExec(macaroon.Command{Args: []string{"ls"}, Exact: true})),
			[]macaroon.Access{reads, onMachine("ls")},
			[]macaroon.Access{writes, onMachine("ls", "-l"), onMachine("rm")},
		},
		"a prefix": {
			narrowed(deploy.MachineExec(macaroon.Command{Args: []string{"ls"}})),
			[]macaroon.Access{reads, onMachine("ls", "-l")},
			[]macaroon.Access{writes, onMachine("rm")},
		},
		"every command": {narrowed(deploy.MachineExec()), []macaroon.Access{reads, onMachine("rm", "-r")}, []macaroon.Access{writes}},
		"wireguard":     {narrowed(org.WireGuard()), []macaroon.Access{feature("wg"), request(read)}, []macaroon.Access{feature("builder"), reads, writes}},
		"read-only":     {narrowed(org.ReadOrganization()), []macaroon.Access{reads, request(read)}, []macaroon.Access{writes, feature("wg")}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, a := range tt.allowed {
				if err := tt.token.Permits(a); err != nil {
					t.Errorf("%+v: %v", a, err)
				}
			}
			for _, a := range tt.denied {
				if err := tt.token.Permits(a); !errors.Is(err, macaroon.ErrDenied) {
					t.Errorf("%+v: error %v, want it denied", a, err)
				}
			}
		})
	}
}

func TestReadOrganizationWantsOneOrganization(t *testing.T) {
	t.Parallel()
	tests := map[string][]*macaroon.Macaroon{
		"none":          {permission(t, macaroons.IsMember())},
		"two caveats":   {permission(t, organization(all), organization(read))},
		"one inside":    {permission(t, organization(all), ifs(all, organization(read)))},
		"two macaroons": {permission(t, organization(all)), permission(t, macaroon.Organization{ID: testOrg + 1, Mask: all})},
	}
	for name, list := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, err := macaroon.NewBundle(list...).ReadOrganization(); err == nil || err.Error() != "the token does not name exactly one organization" {
				t.Errorf("error %v, want one about organizations", err)
			}
		})
	}
}

func TestKindsRefuseOAuth(t *testing.T) {
	t.Parallel()
	b := parse(t, permission(t, organization(all), until(time.Hour)).Reveal()+",fo1_login")
	for name, narrow := range map[string]func(macaroon.Bundle) (macaroon.Bundle, error){
		"readonly": macaroon.Bundle.ReadOrganization, "ssh": macaroon.Bundle.SSH, "wireguard": macaroon.Bundle.WireGuard,
		"machine-exec": func(b macaroon.Bundle) (macaroon.Bundle, error) { return b.MachineExec() },
	} {
		if _, err := narrow(b); !errors.Is(err, macaroon.ErrOAuth) {
			t.Errorf("%s: error %v, want one about OAuth", name, err)
		}
	}
}
