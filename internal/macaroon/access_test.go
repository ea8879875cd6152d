package macaroon_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/flytokens/terraform-provider-fly/internal/flytest/macaroons"
	"github.com/flytokens/terraform-provider-fly/internal/macaroon"
)

// Short names for the tables below.
const (
	read  = macaroon.ActionRead
	write = macaroon.ActionWrite
	all   = macaroon.ActionAll
)

// request returns an access to the organization; each change names more.
func request(action macaroon.Action, changes ...func(*macaroon.Access)) macaroon.Access {
	a := macaroon.Access{Action: action, OrgID: new(uint64(testOrg))}
	for _, change := range changes {
		change(&a)
	}
	return a
}

func onApp(id uint64) func(*macaroon.Access) {
	return func(a *macaroon.Access) { a.AppID = &id }
}

func withFeature(name string) func(*macaroon.Access) {
	return func(a *macaroon.Access) { a.Feature = &name }
}

func onMachine(id string) func(*macaroon.Access) {
	return func(a *macaroon.Access) { a.Machine = &id }
}

func withMutation(name string) func(*macaroon.Access) {
	return func(a *macaroon.Access) { a.Mutation = &name }
}

func withCommand(args ...string) func(*macaroon.Access) {
	return func(a *macaroon.Access) { a.AppID, a.Machine, a.Command = new(uint64(testApp)), new("m1"), args }
}

func ifs(otherwise macaroon.Action, caveats ...macaroon.Caveat) macaroon.IfPresent {
	return macaroon.IfPresent{Ifs: caveats, Else: otherwise}
}

// decision is a request under one caveat and the caveat for the organization.
type decision struct {
	caveat macaroon.Caveat
	access macaroon.Access
	want   bool
}

func checkDecisions(t *testing.T, tests map[string]decision) {
	t.Helper()
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := macaroon.NewBundle(permission(t, tt.caveat)).Permits(tt.access)
			if tt.want != (err == nil) || err != nil && !errors.Is(err, macaroon.ErrDenied) {
				t.Errorf("error %v, want permission %t", err, tt.want)
			}
		})
	}
}

func TestPermitsResources(t *testing.T) {
	t.Parallel()
	checkDecisions(t, map[string]decision{
		"an organization":                  {organization(read), request(read), true},
		"an organization, another action":  {organization(read), request(write), false},
		"an organization, one action more": {organization(read), request(read | write), false},
		"another organization":             {macaroon.Organization{ID: 1, Mask: all}, request(read), false},
		"another organization, no action":  {macaroon.Organization{ID: 1, Mask: all}, request(macaroon.ActionNone), false},
		"any organization":                 {macaroon.Organization{Mask: read}, request(read), true},
		"an app":                           {macaroon.Apps{testApp: read}, request(read, onApp(testApp)), true},
		"an app, another action":           {macaroon.Apps{testApp: read}, request(write, onApp(testApp)), false},
		"an app, no action":                {macaroon.Apps{testApp: 0}, request(macaroon.ActionNone, onApp(testApp)), true},
		"an app, none in the request":      {macaroon.Apps{testApp: read}, request(read), false},
		"another app":                      {macaroon.Apps{testApp: read}, request(read, onApp(otherApp)), false},
		"all apps":                         {macaroon.Apps{0: read}, request(read, onApp(testApp)), true},
		"all apps and some":                {macaroon.Apps{0: all, testApp: all}, request(read, onApp(testApp)), false},
		"no app":                           {macaroon.Apps{}, request(read, onApp(testApp)), false},
		"a machine":                        {resources(macaroon.Machines, actions{"m1": read}), request(read, onApp(testApp), onMachine("m1")), true},
		"another machine":                  {resources(macaroon.Machines, actions{"m1": read}), request(read, onApp(testApp), onMachine("m2")), false},
		"all machines":                     {resources(macaroon.Machines, actions{"": read}), request(read, onApp(testApp), onMachine("m2")), true},
		"a volume, none in the request":    {resources(macaroon.Volumes, actions{"v": read}), request(read, onApp(testApp)), false},
		"a feature":                        {resources(macaroon.FeatureSet, actions{"wg": all}), request(all, withFeature("wg")), true},
		"a feature, and an app":            {resources(macaroon.FeatureSet, actions{"wg": all}), request(read, onApp(testApp)), false},
		"an app, and a feature":            {macaroon.Apps{testApp: all}, request(read, withFeature("wg")), false},
	})
}

func TestPermitsRequests(t *testing.T) {
	t.Parallel()
	checkDecisions(t, map[string]decision{
		"an action":                      {read, request(read), true},
		"another action":                 {read, request(write), false},
		"a user":                         {macaroons.IsUser(1), request(all), true},
		"a window of the past":           {until(-time.Second), request(read), true},
		"a mutation":                     {macaroon.Mutations{"a", "b"}, request(all, withMutation("b")), true},
		"another mutation":               {macaroon.Mutations{"a"}, request(read, withMutation("b")), false},
		"no mutation":                    {macaroon.Mutations{"a"}, request(read), false},
		"a command":                      {macaroon.Commands{{Args: []string{"ls"}}}, request(all, withCommand("ls", "-l")), true},
		"a command, exactly":             {macaroon.Commands{{Args: []string{"ls"}, Exact: true}}, request(all, withCommand("ls")), true},
		"a command, exactly and more":    {macaroon.Commands{{Args: []string{"ls"}, Exact: true}}, request(read, withCommand("ls", "-l")), false},
		"a command, cut short":           {macaroon.Commands{{Args: []string{"ls", "-l"}}}, request(read, withCommand("ls")), false},
		"any command":                    {macaroon.Commands{{}}, request(read, withCommand("rm")), true},
		"no command":                     {macaroon.Commands{}, request(read, withCommand("rm")), false},
		"a command, none requested":      {macaroon.Commands{{}}, request(read), false},
		"a source machine":               {other(15, 0x91, 0xa1, 'm'), request(read), false},
		"a member":                       {macaroons.IsMember(), request(all, onApp(testApp)), true},
		"a member, a feature":            {macaroons.IsMember(), request(all, withFeature("builder")), true},
		"a member, the bills":            {macaroons.IsMember(), request(read, withFeature("billing")), true},
		"a member, changing the bills":   {macaroons.IsMember(), request(write, withFeature("billing")), false},
		"a member, deletion":             {macaroons.IsMember(), request(read, withFeature("deletion")), false},
		"a member, a new feature":        {macaroons.IsMember(), request(read, withFeature("new")), false},
		"a billing manager":              {macaroon.AllowedRoles(2), request(read), false},
		"an administrator, deletion":     {macaroon.AllowedRoles(0xffffffff), request(all, withFeature("deletion")), true},
		"both roles, deletion":           {macaroon.AllowedRoles(3), request(read, withFeature("deletion")), false},
		"an unknown caveat":              {macaroon.Other{Type: 1 << 48, Body: []byte{0xc0}}, request(macaroon.ActionNone), false},
		"a source on Fly":                {other(31, 0x93, 0xa0, 0xa0, 0xa0), request(read), false},
		"what belongs in a ticket":       {other(8, 0x91, 1), request(read), false},
		"what belongs in a discharge":    {binding([]byte{1}), request(read), false},
		"a third party inside IfPresent": {ifs(all, authentication("ticket")), request(read), false},
	})
}

func TestPermitsIfPresent(t *testing.T) {
	t.Parallel()
	deploy := ifs(read, macaroon.Apps{testApp: all}, resources(macaroon.FeatureSet, actions{"wg": all}))
	checkDecisions(t, map[string]decision{
		"what applies":                   {deploy, request(all, onApp(testApp)), true},
		"the other that applies":         {deploy, request(all, withFeature("wg")), true},
		"what applies, to another":       {deploy, request(read, onApp(otherApp)), false},
		"the other, to another":          {deploy, request(read, withFeature("builder")), false},
		"none applies":                   {deploy, request(read), true},
		"none applies, another action":   {deploy, request(write), false},
		"two apply, one denies":          {ifs(all, macaroon.Apps{testApp: all}, resources(macaroon.Machines, actions{"m": read})), request(write, onApp(testApp), onMachine("m")), false},
		"two apply, both allow":          {ifs(0, macaroon.Apps{testApp: all}, resources(macaroon.Machines, actions{"m": read})), request(read, onApp(testApp), onMachine("m")), true},
		"one always applies":             {ifs(all, macaroon.ActionRead, macaroon.Apps{testApp: all}), request(write), false},
		"a mutation does not apply":      {ifs(read, macaroon.Mutations{"a"}), request(read), true},
		"inside, none applies":           {ifs(0, ifs(read, macaroon.Apps{testApp: all})), request(read), true},
		"inside, none applies and more":  {ifs(all, ifs(read, macaroon.Apps{testApp: all})), request(write), false},
		"an unknown caveat applies":      {ifs(all, macaroon.Other{Type: 99, Body: []byte{0}}), request(read), false},
		"nothing inside":                 {ifs(read), request(read), true},
		"nothing inside, another action": {ifs(read), request(write), false},
	})
}

func TestPermitsWithDischarges(t *testing.T) {
	t.Parallel()
	p := permission(t, organization(all), authentication("ticket"))
	for name, tt := range map[string]struct {
		bundle []*macaroon.Macaroon
		want   string
	}{
		"a discharge":                       {[]*macaroon.Macaroon{p, discharge(t, "ticket", bindingTo(p), other(23, 1), other(24, 2), other(25, 0xc4, 1, 3), until(time.Hour))}, ""},
		"none":                              {[]*macaroon.Macaroon{p}, "a third party has not discharged the token"},
		"one for another":                   {[]*macaroon.Macaroon{p, discharge(t, "other")}, "a third party has not discharged the token"},
		"one with a caveat":                 {[]*macaroon.Macaroon{p, discharge(t, "ticket", macaroon.ActionWrite)}, "not permitted"},
		"one that wants one itself":         {[]*macaroon.Macaroon{p, discharge(t, "ticket", authentication("more"))}, "not permitted"},
		"none, but another permission":      {[]*macaroon.Macaroon{p, permission(t, organization(read))}, ""},
		"an attestation outside of a proof": {[]*macaroon.Macaroon{claiming(t)}, "not permitted"},
		"nothing":                           {nil, "not permitted"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := macaroon.NewBundle(tt.bundle...).Permits(request(read))
			if (err == nil) != (tt.want == "") || err != nil && (!errors.Is(err, macaroon.ErrDenied) || !strings.Contains(err.Error(), tt.want)) {
				t.Errorf("error %v, want %s", err, tt.want)
			}
		})
	}
}

// claiming returns a permission macaroon that holds an attestation. Only a
// forger makes one.
func claiming(t *testing.T) *macaroon.Macaroon {
	t.Helper()
	m, err := macaroon.Decode(withWire(t, []byte{0x92, 23, 42}))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestApps(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		caveats []macaroon.Caveat
		want    []macaroon.AppAccess
		some    bool
	}{
		"none":               {caveats: []macaroon.Caveat{read}},
		"all":                {caveats: []macaroon.Caveat{macaroon.Apps{0: read}}},
		"no app":             {caveats: []macaroon.Caveat{macaroon.Apps{}}, want: []macaroon.AppAccess{}, some: true},
		"some, in order":     {caveats: []macaroon.Caveat{macaroon.Apps{9: read, 3: all, 7: write}}, want: []macaroon.AppAccess{{3, all}, {7, write}, {9, read}}, some: true},
		"what is common":     {caveats: []macaroon.Caveat{macaroon.Apps{1: all, 2: all}, macaroon.Apps{2: read, 3: all}}, want: []macaroon.AppAccess{{2, read}}, some: true},
		"all, then some":     {caveats: []macaroon.Caveat{macaroon.Apps{0: read}, macaroon.Apps{2: all}}, want: []macaroon.AppAccess{{2, read}}, some: true},
		"all and some":       {caveats: []macaroon.Caveat{macaroon.Apps{0: read, 2: all}}, want: []macaroon.AppAccess{}, some: true},
		"inside IfPresent":   {caveats: []macaroon.Caveat{ifs(read, macaroon.Apps{2: all})}, want: []macaroon.AppAccess{{2, all}}, some: true},
		"a mask elsewhere":   {caveats: []macaroon.Caveat{macaroon.Apps{2: all}, organization(read)}, want: []macaroon.AppAccess{{2, read}}, some: true},
		"a mask of all bits": {caveats: []macaroon.Caveat{macaroon.Apps{2: 0xffff}}, want: []macaroon.AppAccess{{2, all}}, some: true},
		"an expired one":     {caveats: []macaroon.Caveat{macaroon.Apps{2: read}, macaroon.ValidityWindow{NotAfter: 1}}, want: []macaroon.AppAccess{{2, read}}, some: true},
		"an unknown caveat":  {caveats: []macaroon.Caveat{macaroon.Apps{2: read}, macaroon.Other{Type: 99, Body: []byte{0}}}, want: []macaroon.AppAccess{{2, 0}}, some: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, some := permission(t, tt.caveats...).Apps()
			if diff := cmp.Diff(tt.want, got); diff != "" || some != tt.some {
				t.Errorf("%t, apps (-want +got):\n%s", some, diff)
			}
		})
	}
}
