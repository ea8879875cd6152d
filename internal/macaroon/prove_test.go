package macaroon_test

import (
	"errors"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/flytokens/terraform-provider-fly/internal/flytest/macaroons"
	"github.com/flytokens/terraform-provider-fly/internal/macaroon"
)

// orgToken returns the token that Fly mints for an organization.
func orgToken(t testing.TB, more ...macaroon.Caveat) *macaroon.Macaroon {
	t.Helper()
	return permission(t, append([]macaroon.Caveat{organization(all), macaroons.IsMember(), until(time.Hour)}, more...)...)
}

const unproven = "the token does not prove this access: "

// proven is a token and the expected errors of the two proofs: "" if it is
// proved.
type proven struct {
	token            []*macaroon.Macaroon
	readOnly, deploy string
}

func checkProofs(t *testing.T, tests map[string]proven) {
	t.Helper()
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := macaroon.NewBundle(tt.token...)
			for kind, proof := range map[string]struct {
				got  error
				want string
			}{
				"readonly": {b.ProveReadOnly(testApp), tt.readOnly},
				"deploy":   {b.ProveDeploy(testApp), tt.deploy},
			} {
				if proof.want == "" && proof.got != nil {
					t.Errorf("%s: error %v, want proof", kind, proof.got)
				}
				if proof.want != "" && (!errors.Is(proof.got, macaroon.ErrUnproven) || proof.got.Error() != unproven+proof.want) {
					t.Errorf("%s: error %v, want %s", kind, proof.got, proof.want)
				}
			}
		})
	}
}

func denied(action macaroon.Action, where, why string) string {
	return fmt.Sprintf("%s on %s: not permitted: %s", action, where, why)
}

func TestProofs(t *testing.T) {
	t.Parallel()
	org := orgToken(t)
	readOnly, deploy := attenuate(t, org, macaroon.ReadOnly(testApp)...), attenuate(t, org, macaroon.Deploy(testApp)...)
	noWrite := denied(all, "app 8000", `only "r" of "rwcdC" is allowed`)
	checkProofs(t, map[string]proven{
		"read-only":            {[]*macaroon.Macaroon{readOnly}, "", noWrite},
		"read-only, twice":     {[]*macaroon.Macaroon{readOnly, readOnly}, "", noWrite},
		"deploy":               {[]*macaroon.Macaroon{deploy}, "its caveats do not rule out r on the organization", ""},
		"deploy, then read":    {[]*macaroon.Macaroon{attenuate(t, deploy, macaroon.ReadOnly(testApp)...)}, "", noWrite},
		"deploy and read":      {[]*macaroon.Macaroon{readOnly, deploy}, "its caveats do not rule out r on the organization", ""},
		"read, over actions":   {[]*macaroon.Macaroon{attenuate(t, org, macaroon.Apps{testApp: all}, read)}, "", noWrite},
		"read, inside":         {[]*macaroon.Macaroon{attenuate(t, org, ifs(0, macaroon.Apps{testApp: read}))}, "", noWrite},
		"all in the app":       {[]*macaroon.Macaroon{attenuate(t, org, macaroon.Apps{testApp: all})}, "its caveats do not rule out wcdC on the app", ""},
		"without features":     {[]*macaroon.Macaroon{orgToken(t, ifs(0, macaroon.Apps{testApp: all}), ifs(all, resources(macaroon.FeatureSet, actions{"wg": all, "builder": all})))}, "its caveats do not rule out wcdC on the app", ""},
		"an expired one":       {[]*macaroon.Macaroon{attenuate(t, readOnly, until(-time.Minute))}, "", noWrite},
		"the organization":     {[]*macaroon.Macaroon{org}, "its caveats do not rule out rwcdC on the organization", "its caveats do not rule out wcdC on the organization"},
		"the organization too": {[]*macaroon.Macaroon{deploy, org}, "its caveats do not rule out r on the organization", "its caveats do not rule out wcdC on the organization"},
	})
}

// TestProofsRefused holds tokens that hide a wider access. Each can read or
// deploy the app and can do something else.
func TestProofsRefused(t *testing.T) {
	t.Parallel()
	readAnd := func(caveats ...macaroon.Caveat) []*macaroon.Macaroon {
		return []*macaroon.Macaroon{orgToken(t, caveats...)}
	}
	noWrite := denied(all, "app 8000", `only "r" of "rwcdC" is allowed`)
	readOnly := orgToken(t, macaroon.ReadOnly(testApp)...)
	secrets := seed("secrets")
	secrets.Location = macaroon.LocationSecrets
	foreign, err := macaroons.New(secrets)
	if err != nil {
		t.Fatal(err)
	}
	checkProofs(t, map[string]proven{
		"another app":          {readAnd(macaroon.Apps{testApp: read, otherApp: read}), "its caveats do not rule out r on other apps", noWrite},
		"another, of number 1": {readAnd(macaroon.Apps{testApp: read, 1: read, 2: 0}), "its caveats do not rule out r on other apps", noWrite},
		"all apps":             {readAnd(macaroon.Apps{0: read}), "its caveats do not rule out r on other apps", noWrite},
		"more on a machine":    {readAnd(macaroon.Apps{testApp: all}, ifs(read, resources(macaroon.Machines, actions{"m1": all}))), "its caveats do not rule out wcdC on the app", noWrite},
		"more by a mutation":   {readAnd(macaroon.Apps{testApp: all}, ifs(read, macaroon.Mutations{"deleteApp"})), "its caveats do not rule out wcdC on the app", noWrite},
		"more by a command":    {readAnd(macaroon.Apps{testApp: all}, ifs(read, macaroon.Commands{{Args: []string{"sh"}}})), "its caveats do not rule out wcdC on the app", noWrite},
		"more on a volume":     {readAnd(macaroon.Apps{testApp: all}, ifs(read, resources(macaroon.Volumes, actions{"v1": all}))), "its caveats do not rule out wcdC on the app", noWrite},
		"more by an app's":     {readAnd(macaroon.Apps{testApp: all}, ifs(read, resources(appFeatureSet, actions{"images": all}))), "its caveats do not rule out wcdC on the app", noWrite},
		"more by a machine's":  {readAnd(macaroon.Apps{testApp: all}, ifs(read, resources(machineFeatureSet, actions{"x": all}))), "its caveats do not rule out wcdC on the app", noWrite},
		"other features":       {[]*macaroon.Macaroon{permission(t, organization(all), ifs(0, macaroon.Apps{testApp: read}, resources(macaroon.FeatureSet, actions{"": read})))}, "its caveats do not rule out r on features of the organization", noWrite},
		"more on an object":    {readAnd(ifs(0, macaroon.Apps{testApp: read}, resources(storageObjects, actions{"s3://": all}))), "its caveats do not rule out rwcdC on the organization", noWrite},
		"more on a cluster":    {readAnd(ifs(0, macaroon.Apps{testApp: read}, resources(clusters, actions{"c": read}))), "its caveats do not rule out r on features of the organization", noWrite},
		"a new action":         {[]*macaroon.Macaroon{permission(t, organization(0xffff), macaroon.Apps{testApp: 1 | 1<<9})}, "its caveats do not rule out an action without a name on the app", noWrite},
		"another feature":      {[]*macaroon.Macaroon{permission(t, organization(all), ifs(read, macaroon.Apps{testApp: all}, resources(macaroon.FeatureSet, actions{"wg": all, "builder": all, "new": read})))}, "its caveats do not rule out r on the organization", "its caveats do not rule out r on other features of the organization"},
		"all in all machines":  {readAnd(ifs(all, macaroon.Apps{testApp: all}, resources(macaroon.FeatureSet, actions{"wg": all, "builder": all}))), "its caveats do not rule out rwcdC on the organization", "its caveats do not rule out wcdC on the organization"},
		"a source machine":     {[]*macaroon.Macaroon{readOnly, orgToken(t, other(15, 0x91, 0xa1, 'm'))}, "its caveats do not rule out rwcdC on the organization", denied(all, "app 8000", "the token is for requests from a different machine")},
		"an unknown caveat":    {[]*macaroon.Macaroon{readOnly, orgToken(t, macaroon.Other{Type: 99, Body: []byte{0}})}, "its caveats do not rule out rwcdC on the organization", denied(all, "app 8000", "the token has a caveat that allows no request: 99")},
		"many names":           {readAnd(manyApps()), "its caveats do not rule out r on other apps", noWrite},
		"many machines":        {readAnd(macaroon.Apps{testApp: read}, manyMachines(), manyCommands()), denied(read, "app 8000", "the token is only for some machines and the request names none"), denied(all, "app 8000", "the token is only for some machines and the request names none")},
		"many inside":          {readAnd(macaroon.Apps{testApp: read}, ifs(read, manyMachines()), ifs(read, manyCommands())), "", noWrite},
		"secrets too":          {[]*macaroon.Macaroon{readOnly, foreign}, `it holds a macaroon for "https://api.fly.io/secrets/v1"`, `it holds a macaroon for "https://api.fly.io/secrets/v1"`},
		"any organization":     {[]*macaroon.Macaroon{permission(t, macaroon.Organization{Mask: all}, macaroon.Apps{testApp: read})}, "it is not confined to one organization", "it is not confined to one organization"},
		"two organizations":    {[]*macaroon.Macaroon{readOnly, permission(t, macaroon.Organization{ID: 1, Mask: all}, macaroon.Apps{testApp: read})}, "it is not confined to one organization", "it is not confined to one organization"},
		"no macaroon":          {nil, "it is not confined to one organization", "it is not confined to one organization"},
		"no discharge":         {readAnd(macaroon.Apps{testApp: read}, authentication("x")), denied(read, "app 8000", "a third party has not discharged the token: https://api.fly.io/aaa/v1"), denied(all, "app 8000", "a third party has not discharged the token: https://api.fly.io/aaa/v1")},
		"a stricter discharge": {append(readAnd(ifs(all, macaroon.Apps{testApp: all}), authentication("x")), discharge(t, "x", read)), "its caveats do not rule out rwcdC on the organization", noWrite},
	})
}

func manyApps() macaroon.Caveat {
	set := macaroon.Apps{testApp: read}
	for id := range uint64(2000) {
		set[10000+id] = read
	}
	return set
}

func manyMachines() macaroon.Caveat {
	set := resources(macaroon.Machines, actions{})
	for i := range 500 {
		set.Allowed[fmt.Sprint("m", i)] = read
	}
	return set
}

func manyCommands() macaroon.Caveat {
	var list macaroon.Commands
	for i := range 500 {
		list = append(list, macaroon.Command{Args: []string{fmt.Sprint("c", i)}})
	}
	return list
}

// TestProofsOfFlyctlOutput finds that only the deploy token among flyctl's
// tokens can be proved.
func TestProofsOfFlyctlOutput(t *testing.T) {
	t.Parallel()
	for name, want := range map[string][2]string{
		"org": {"its caveats do not rule out rwcdC on the organization", "its caveats do not rule out wcdC on the organization"},
		"ro":  {"its caveats do not rule out r on the organization", denied(all, "app 8000", `only "r" of "rwcdC" is allowed`)},
		"dep": {"its caveats do not rule out wcdC on the app", ""},
		"ssh": {"its caveats do not rule out wcdC on the app", denied(all, "app 8000", "the token is only for some mutations and the request names none")},
	} {
		b := parse(t, string(readFile(t, filepath.Join("testdata", "fake-"+name+".token"))))
		for i, err := range []error{b.ProveReadOnly(testApp), b.ProveDeploy(testApp)} {
			if got := fmt.Sprint(err); want[i] == "" && err != nil || want[i] != "" && got != unproven+want[i] {
				t.Errorf("%s: error %v, want %s", name, err, want[i])
			}
		}
		narrowed, err := b.Attenuate(macaroon.ReadOnly(testApp)...)
		if err != nil {
			t.Fatal(err)
		}
		if err := narrowed.ProveReadOnly(testApp); err != nil {
			t.Errorf("%s, narrowed: %v", name, err)
		}
		if err := narrowed.ProveReadOnly(otherApp); !errors.Is(err, macaroon.ErrDenied) {
			t.Errorf("%s, narrowed: error %v, want one for another app", name, err)
		}
	}
	oauth := parse(t, orgToken(t, macaroon.ReadOnly(testApp)...).Reveal()+",fo1_login")
	if err := oauth.ProveReadOnly(testApp); err == nil || err.Error() != unproven+"it holds an OAuth token, which gives access to the whole account" {
		t.Errorf("error %v for a token with a login beside it", err)
	}
}
