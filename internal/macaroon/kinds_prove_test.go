package macaroon_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/flytokens/terraform-provider-fly/internal/macaroon"
)

// kindProofs are the proofs of all kinds, by kind.
func kindProofs() map[string]func(macaroon.Bundle) error {
	return map[string]func(macaroon.Bundle) error{
		"organization": func(b macaroon.Bundle) error { return b.ProveOrganization(testOrg) },
		"readonly":     func(b macaroon.Bundle) error { return b.ProveReadOrganization(testOrg) },
		"wireguard":    func(b macaroon.Bundle) error { return b.ProveWireGuard(testOrg) },
		"ssh":          func(b macaroon.Bundle) error { return b.ProveSSH(testApp) },
		"ls":           func(b macaroon.Bundle) error { return b.ProveMachineExec(testApp, command(true, "ls")) },
		"ls …":         func(b macaroon.Bundle) error { return b.ProveMachineExec(testApp, command(false, "ls")) },
		"any command":  func(b macaroon.Bundle) error { return b.ProveMachineExec(testApp) },
	}
}

func command(exact bool, args ...string) macaroon.Command {
	return macaroon.Command{Args: args, Exact: exact}
}

// deployTokens are deploy tokens of the two shapes that Fly may mint.
func deployTokens(t *testing.T) map[string]macaroon.Bundle {
	t.Helper()
	features := resources(macaroon.FeatureSet, actions{"builder": all, "wg": all})
	return map[string]macaroon.Bundle{
		"inside": macaroon.NewBundle(permission(t, organization(all), ifs(read, macaroon.Apps{testApp: all}, features))),
		"at top": macaroon.NewBundle(permission(t, organization(all), macaroon.Apps{testApp: all}, ifs(all, features))),
	}
}

// narrowed returns b, which a kind was narrowed to.
func narrowed(t *testing.T, b macaroon.Bundle, err error) macaroon.Bundle {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestKindsProve checks that each kind's token passes its own proof and no other
// kind's.
func TestKindsProve(t *testing.T) {
	t.Parallel()
	for shape, deploy := range deployTokens(t) {
		org := macaroon.NewBundle(orgToken(t))
		for name, narrow := range map[string]func() (macaroon.Bundle, error){
			"readonly":    org.ReadOrganization,
			"wireguard":   org.WireGuard,
			"ssh":         deploy.SSH,
			"ls":          func() (macaroon.Bundle, error) { return deploy.MachineExec(command(true, "ls")) },
			"ls …":        func() (macaroon.Bundle, error) { return deploy.MachineExec(command(false, "ls")) },
			"any command": func() (macaroon.Bundle, error) { return deploy.MachineExec() },
		} {
			b, err := narrow()
			b = narrowed(t, b, err)
			for kind, prove := range kindProofs() {
				err := prove(b)
				if kind == "organization" {
					continue // whatever is confined to it proves that
				}
				if (err == nil) != (kind == name) || err != nil && !errors.Is(err, macaroon.ErrUnproven) {
					t.Errorf("%s, %s: proof of %s: error %v", shape, name, kind, err)
				}
			}
		}
		if err := org.ProveOrganization(testOrg); err != nil {
			t.Error(err)
		}
	}
}

// TestKindsUnproven holds tokens that can do more than their kind, or not what
// it is for.
func TestKindsUnproven(t *testing.T) {
	t.Parallel()
	deploy := deployTokens(t)["inside"]
	ssh, err := deploy.SSH()
	ssh = narrowed(t, ssh, err)
	parts := ssh.Macaroons()
	base := deploy.Macaroons()[0]
	org := orgToken(t)
	commands := func(args ...string) macaroon.Commands { return macaroon.Commands{command(true, args...)} }
	proofs := kindProofs()
	for name, tt := range map[string]struct {
		token []*macaroon.Macaroon
		kind  string
		want  string
	}{
		"the deploy token too":      {append(parts, base), "ssh", "do not rule out wcdC on features of the organization"},
		"a third mutation":          {[]*macaroon.Macaroon{parts[0], attenuate(t, base, macaroon.Mutations{"issueCertificate", "deployImage"})}, "ssh", "do not rule out wcdC on features of the organization"},
		"no mutation":               {parts[:1], "ssh", "cannot request a certificate"},
		"no reading":                {parts[1:], "ssh", "cannot read the app"},
		"every app":                 {[]*macaroon.Macaroon{attenuate(t, org, read), attenuate(t, org, macaroon.Mutations{"issueCertificate"})}, "ssh", "on other apps"},
		"a different command":       {[]*macaroon.Macaroon{attenuate(t, base, ifs(read, commands("rm")))}, "ls", "cannot execute the command"},
		"a second command":          {[]*macaroon.Macaroon{attenuate(t, base, ifs(read, append(commands("ls"), commands("rm")...)))}, "ls", "may execute other commands"},
		"writes besides":            {[]*macaroon.Macaroon{attenuate(t, base, ifs(all, commands("ls")))}, "ls", "do not rule out wcdC on features of the organization"},
		"commands of every app":     {[]*macaroon.Macaroon{attenuate(t, org, ifs(read, commands("ls")))}, "ls", "on other apps"},
		"writes to the network":     {[]*macaroon.Macaroon{attenuate(t, org, ifs(all, macaroon.Apps{}, resources(macaroon.FeatureSet, actions{"wg": all})))}, "wireguard", "do not rule out wcdC on the organization"},
		"a second feature":          {[]*macaroon.Macaroon{attenuate(t, org, ifs(read, macaroon.Apps{}, resources(macaroon.FeatureSet, actions{"wg": all, "billing": all})))}, "wireguard", "on other features"},
		"apps besides":              {[]*macaroon.Macaroon{attenuate(t, org, ifs(read, resources(macaroon.FeatureSet, actions{"wg": all})))}, "wireguard", "on the app"},
		"reads the network":         {[]*macaroon.Macaroon{attenuate(t, org, read)}, "wireguard", "cannot manage WireGuard peers"},
		"reads a different one":     {[]*macaroon.Macaroon{permission(t, macaroon.Organization{ID: testOrg + 1, Mask: read})}, "readonly", "for a different organization"},
		"two organizations":         {[]*macaroon.Macaroon{org, permission(t, macaroon.Organization{ID: testOrg + 1, Mask: read})}, "organization", "not confined to one organization"},
		"nothing can be read":       {[]*macaroon.Macaroon{permission(t, organization(macaroon.ActionWrite))}, "organization", "cannot read the organization"},
		"writes to an organization": {[]*macaroon.Macaroon{org}, "readonly", "do not rule out wcdC on the organization"},
	} {
		err := proofs[tt.kind](macaroon.NewBundle(tt.token...))
		if !errors.Is(err, macaroon.ErrUnproven) || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: error %v, want %q", name, err, tt.want)
		}
	}
}
