package macaroon_test

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/flytokens/terraform-provider-fly/internal/macaroon"
)

// chooser makes choices: by chance, or as the fuzzer dictates.
type chooser interface{ IntN(n int) int }

// tape is a chooser that reads its choices from bytes. After the last byte it
// always makes the first choice.
type tape []byte

func (t *tape) IntN(n int) int {
	if len(*t) == 0 {
		return 0
	}
	b := (*t)[0]
	*t = (*t)[1:]
	return int(b) % n
}

// FuzzProofs makes tokens and sends random requests with those that are proved.
// No request may be allowed beyond the proof.
func FuzzProofs(f *testing.F) {
	chance := rand.New(rand.NewPCG(3, 4))
	for range 64 {
		seed := make([]byte, 48)
		for i := range seed {
			seed[i] = byte(chance.IntN(256))
		}
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, choices []byte) {
		checkSoundness(t, (*tape)(&choices), rand.New(rand.NewPCG(5, 6)))
	})
}

// TestProofsAreSound does the same with random tokens, and counts.
func TestProofsAreSound(t *testing.T) {
	t.Parallel()
	chance := rand.New(rand.NewPCG(1, 2))
	proved, allowed := 0, 0
	for range 4000 {
		p, a := checkSoundness(t, chance, chance)
		proved, allowed = proved+p, allowed+a
	}
	if proved < 100 || allowed < 100 {
		t.Errorf("%d tokens proved, %d requests allowed: too few to conclude anything", proved, allowed)
	}
}

func checkSoundness(t *testing.T, choices, chance chooser) (proved, allowed int) {
	t.Helper()
	caveats := []macaroon.Caveat{organization(all)}
	switch choices.IntN(4) {
	case 0:
		caveats = append(caveats, macaroon.ReadOnly(testApp)...)
	case 1:
		caveats = append(caveats, macaroon.Deploy(testApp)...)
	}
	for range 1 + choices.IntN(3) {
		caveats = append(caveats, anyCaveat(choices, 0))
	}
	b := macaroon.NewBundle(permission(t, caveats...))
	readOnly, deploy := b.ProveReadOnly(testApp) == nil, b.ProveDeploy(testApp) == nil
	if !readOnly && !deploy {
		return 0, 0
	}
	for range 50 {
		a := anyRequest(chance)
		permits := evaluate(caveats, a)
		if got := b.Permits(a.Access) == nil; a.isAccess() && got != permits {
			t.Fatalf("%v: %+v is allowed: %t, want %t", caveats, a, got, permits)
		}
		if !permits {
			continue
		}
		allowed++
		if readOnly && !readsApp(a) {
			t.Fatalf("%v: proved read-only, it allows %+v", caveats, a)
		}
		if deploy && !deploysApp(a) {
			t.Fatalf("%v: proved to deploy, it allows %+v", caveats, a)
		}
	}
	return 1, allowed
}

// resourceAccess is a request that may also name the resources that only proofs
// consider.
type resourceAccess struct {
	macaroon.Access
	volume, appFeature, machineFeature, storageObject *string
}

// isAccess reports whether a names none of these resources.
func (a resourceAccess) isAccess() bool {
	return a.volume == nil && a.appFeature == nil && a.machineFeature == nil && a.storageObject == nil
}

func readsApp(a resourceAccess) bool {
	return a.AppID != nil && *a.AppID == testApp && a.Action == read
}

func deploysApp(a resourceAccess) bool {
	switch {
	case a.AppID != nil:
		return *a.AppID == testApp
	case a.Feature != nil:
		return *a.Feature == "wg" || *a.Feature == "builder"
	default:
		return a.Action == read
	}
}

// evaluate decides one request for one action, caveat by caveat, by the rules
// of resource sets and without the code under test.
func evaluate(caveats []macaroon.Caveat, a resourceAccess) bool {
	for _, c := range caveats {
		if about, allows := evaluateOne(c, a); !about || !allows {
			return false
		}
	}
	return true
}

// evaluateOne reports whether c applies to the request, and whether c allows
// it.
func evaluateOne(c macaroon.Caveat, a resourceAccess) (about, allows bool) {
	has := func(mask macaroon.Action) bool { return mask&a.Action == a.Action }
	byName := func(set map[string]macaroon.Action, name *string) (bool, bool) {
		if name == nil {
			return false, false
		}
		mask, ok := set[*name]
		return true, ok && has(mask)
	}
	switch c := c.(type) {
	case macaroon.Organization:
		return true, has(c.Mask)
	case macaroon.Action:
		return true, has(c)
	case macaroon.Apps:
		if a.AppID == nil {
			return false, false
		}
		mask, ok := c[*a.AppID]
		return true, ok && has(mask)
	case macaroon.Resources:
		switch c.Of {
		case macaroon.FeatureSet:
			return byName(c.Allowed, a.Feature)
		case macaroon.Volumes:
			return byName(c.Allowed, a.volume)
		case macaroon.Machines:
			return byName(c.Allowed, a.Machine)
		case appFeatureSet:
			return byName(c.Allowed, a.appFeature)
		case machineFeatureSet:
			return byName(c.Allowed, a.machineFeature)
		default:
			return evaluateObjects(c.Allowed, a.storageObject, has)
		}
	default:
		return evaluateOther(c, a, has)
	}
}

// evaluateObjects decides a set of prefixes of objects.
func evaluateObjects(set map[string]macaroon.Action, object *string, has func(macaroon.Action) bool) (about, allows bool) {
	for prefix, mask := range set {
		if object != nil && strings.HasPrefix(*object, prefix) {
			allows = has(mask)
		}
	}
	return object != nil, allows
}

func evaluateOther(c macaroon.Caveat, a resourceAccess, has func(macaroon.Action) bool) (about, allows bool) {
	switch c := c.(type) {
	case macaroon.Mutations:
		return a.Mutation != nil, a.Mutation != nil && slices.Contains(c, *a.Mutation)
	case macaroon.Commands:
		return a.Command != nil, slices.ContainsFunc(c, func(want macaroon.Command) bool { return slices.Equal(want.Args, a.Command) })
	case macaroon.IfPresent:
		some, all := false, true
		for _, inner := range c.Ifs {
			if about, allows := evaluateOne(inner, a); about {
				some, all = true, all && allows
			}
		}
		return true, some && all || !some && has(c.Else)
	default:
		return true, false // FromMachineSource: no request of these comes from a machine.
	}
}

func anyAction(choices chooser) macaroon.Action {
	return []macaroon.Action{read, read, write, all, 0xffff}[choices.IntN(5)]
}

func anyCaveat(choices chooser, depth int) macaroon.Caveat {
	mask := anyAction(choices)
	name := string(rune('a' + choices.IntN(2)))
	switch choices.IntN(18) {
	case 0, 1, 2, 3:
		return macaroon.Apps{testApp + uint64(choices.IntN(2)): mask}
	case 4:
		return macaroon.Apps{testApp: mask, otherApp: anyAction(choices)}
	case 5:
		return resources(macaroon.Machines, actions{name: mask})
	case 6:
		return macaroon.Mutations{name}
	case 7:
		return resources(macaroon.FeatureSet, actions{name: mask})
	case 8:
		return resources(macaroon.FeatureSet, actions{"wg": mask, "builder": mask})
	case 9:
		return resources(storageObjects, actions{name: mask})
	case 10:
		return resources(macaroon.Volumes, actions{name: mask})
	case 11:
		return resources(appFeatureSet, actions{name: mask})
	case 12:
		return resources(machineFeatureSet, actions{name: mask})
	case 13:
		return macaroon.Commands{{Args: []string{name}, Exact: true}}
	case 14:
		return other(15, 0x91, 0xa1, name[0])
	case 15, 16:
		if depth < 3 {
			return ifs(anyAction(choices), anyCaveat(choices, depth+1), anyCaveat(choices, depth+1))
		}
	}
	return mask
}

func anyRequest(choices chooser) resourceAccess {
	name := string(rune('a' + choices.IntN(3)))
	a := resourceAccess{Access: request(1 << choices.IntN(6))}
	if choices.IntN(3) == 0 {
		a.Mutation = &name
	}
	app := testApp + uint64(choices.IntN(3)) - uint64(choices.IntN(2))
	switch choices.IntN(10) {
	case 0:
		a.AppID = &app
	case 1:
		a.AppID, a.Machine = &app, &name
	case 2:
		a.AppID, a.volume = &app, &name
	case 3:
		a.AppID, a.appFeature = &app, &name
	case 4:
		a.AppID, a.Machine, a.machineFeature = &app, &name, &name
	case 5:
		a.AppID, a.Machine, a.Command = &app, &name, []string{name}
	case 6:
		a.Feature = &name
	case 7:
		a.Feature = &[]string{"wg", "builder", "membership"}[choices.IntN(3)]
	case 8:
		a.storageObject = &name
	}
	return a
}
