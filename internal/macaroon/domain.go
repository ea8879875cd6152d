package macaroon

const (
	// maxJudgements bounds the work of a proof: requests times caveats. Real
	// tokens need some hundreds of requests, and have six caveats.
	maxJudgements = 1 << 18
	// maxNames bounds how many names the caveats of one macaroon may hold.
	maxNames = 1 << 10
)

// unnamed stands for a resource that no caveat names. No name on Fly begins so.
const unnamed = "\x00unnamed"

// names is a list without repetition.
type names[K comparable] []K

func (n *names[K]) add(k K) {
	for _, have := range *n {
		if have == k {
			return
		}
	}
	*n = append(*n, k)
}

// domain holds, for each kind of resource, those that stand for all.
type domain struct {
	apps                                         names[uint64]
	features, volumes, machines, mutations       names[string]
	appFeatures, machineFeatures, clusters, urls names[string]
	commands                                     [][]string

	// caveats counts the caveats, and taken the names in them.
	caveats, taken int
	// undecided is set where a caveat is not about resources by name, so that
	// what it allows cannot be told from the caveat.
	undecided bool
}

// namedBy returns the resources that caveats name, and one of each kind that none
// of them names.
func namedBy(caveats []Caveat) *domain {
	d := &domain{apps: names[uint64]{0}, commands: [][]string{{unnamed}}}
	for _, list := range d.lists() {
		*list = names[string]{unnamed}
	}
	// What members may do differs from feature to feature.
	for _, name := range []string{
		"wg", "domain", "site", "builder", "addon", "checks", featureLiteFS, "membership",
		"billing", "authentication", "deletion", "document_signing",
	} {
		d.features.add(name)
	}
	walk(caveats, d.visit)
	d.apps.add(fresh(d.apps))
	return d
}

func (d *domain) lists() []*names[string] {
	return []*names[string]{
		&d.features, &d.volumes, &d.machines, &d.mutations,
		&d.appFeatures, &d.machineFeatures, &d.clusters, &d.urls,
	}
}

func (d *domain) visit(c Caveat) {
	d.caveats++
	switch c := c.(type) {
	case Action, IfPresent, IsMember, IsUser, AllowedRoles, Organization, ThirdParty, ValidityWindow:
	case Apps:
		addKeys(d, &d.apps, c)
	case FeatureSet:
		addKeys(d, &d.features, c)
	case Volumes:
		addKeys(d, &d.volumes, c)
	case Machines:
		addKeys(d, &d.machines, c)
	case AppFeatureSet:
		addKeys(d, &d.appFeatures, c)
	case MachineFeatureSet:
		addKeys(d, &d.machineFeatures, c)
	case Clusters:
		addKeys(d, &d.clusters, c)
	case StorageObjects:
		addKeys(d, &d.urls, c)
	case Mutations:
		for _, name := range c[:d.room(len(c))] {
			d.mutations.add(name)
		}
	case Commands:
		for _, command := range c[:d.room(len(c))] {
			d.commands = append(d.commands, append([]string{}, command.Args...))
		}
	default:
		d.undecided = true
	}
}

// room returns how many of n names are taken: all, or none where there are too
// many already.
func (d *domain) room(n int) int {
	d.taken += n
	if d.taken > maxNames {
		return 0
	}
	return n
}

func addKeys[K comparable](d *domain, list *names[K], set map[K]Action) {
	if d.room(len(set)) < len(set) {
		return
	}
	for k := range set {
		list.add(k)
	}
}

// fresh returns a number that is not in the list.
func fresh(list names[uint64]) uint64 {
	next := uint64(1)
	for i := 0; i < len(list); i++ {
		if list[i] == next {
			next, i = next+1, -1
		}
	}
	return next
}

// judgements returns how many caveats are judged if each request is.
func (d *domain) judgements() int {
	inMachine := 1 + len(d.commands) + len(d.machineFeatures)
	inApp := 1 + len(d.volumes) + len(d.appFeatures) + len(d.machines)*inMachine
	resources := 1 + len(d.urls) + len(d.features) + len(d.clusters) + len(d.apps)*inApp
	return min(resources, maxJudgements) * (1 + len(d.mutations)) * d.caveats
}

// each calls visit for every request to an organization until it returns false.
// The request is good for the length of the call.
func (d *domain) each(org uint64, visit func(*Access) bool) {
	resources := d.resources()
	for i := -1; i < len(d.mutations); i++ {
		for _, a := range resources {
			if a.OrgID = &org; i >= 0 {
				a.Mutation = &d.mutations[i]
			}
			if !visit(&a) {
				return
			}
		}
	}
}

// resources returns a request for each resource of an organization, and one for
// the organization itself.
func (d *domain) resources() []Access {
	list := []Access{{}}
	for i := range d.urls {
		list = append(list, Access{StorageObject: &d.urls[i]})
	}
	for i := range d.features {
		list = append(list, Access{Feature: &d.features[i]})
	}
	liteFS := featureLiteFS
	for i := range d.clusters {
		list = append(list, Access{Feature: &liteFS, Cluster: &d.clusters[i]})
	}
	for i := range d.apps {
		list = d.inApp(list, &d.apps[i])
	}
	return list
}

func (d *domain) inApp(list []Access, app *uint64) []Access {
	list = append(list, Access{AppID: app})
	for i := range d.volumes {
		list = append(list, Access{AppID: app, Volume: &d.volumes[i]})
	}
	for i := range d.appFeatures {
		list = append(list, Access{AppID: app, AppFeature: &d.appFeatures[i]})
	}
	for i := range d.machines {
		machine := &d.machines[i]
		list = append(list, Access{AppID: app, Machine: machine})
		for _, command := range d.commands {
			list = append(list, Access{AppID: app, Machine: machine, Command: command})
		}
		for j := range d.machineFeatures {
			list = append(list, Access{AppID: app, Machine: machine, MachineFeature: &d.machineFeatures[j]})
		}
	}
	return list
}
