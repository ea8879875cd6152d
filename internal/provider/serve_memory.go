package provider

import "runtime/debug"

// heapGrowth is by how many percent the heap may grow before it is collected. A
// provider keeps little and makes a lot: 4 MB of the former and 160 MB of the
// latter for a thousand data sources, of which the default, 100, would spend a
// fifth of the time on collecting.
const heapGrowth = 400

// letHeapGrow sets that, unless the user set GOGC.
func letHeapGrow(env environment) {
	if env.get("GOGC") == "" {
		debug.SetGCPercent(heapGrowth)
	}
}
