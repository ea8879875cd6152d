package provider

import "runtime/debug"

// heapGrowth is the percentage by which the heap may grow before a collection.
// For a thousand data sources a provider keeps 4 MB and allocates 160 MB. The
// default of 100 would spend a fifth of the time on collections.
const heapGrowth = 400

// letHeapGrow sets that, unless the user set GOGC.
func letHeapGrow(env environment) {
	if env.get("GOGC") == "" {
		debug.SetGCPercent(heapGrowth)
	}
}
