package main

// unit is what a row's values are in.
type unit string

const (
	unitTime   unit = "ms"
	unitMemory unit = "MiB"
)

// mebibyte is a [unitMemory], in bytes.
const mebibyte = 1 << 20

// The names of the sides.
const (
	nameOurs     = "fly"
	nameExternal = "external"
	// nameCheapest and nameBare are rivals that do next to nothing: with the
	// framework that all providers are written with, and without one.
	nameCheapest = "cheapest"
	nameBare     = "bare"
)

// side is what one program took.
type side struct {
	Program string    `json:"program"`
	Median  float64   `json:"median"`
	Samples []float64 `json:"samples"`
	// CPU holds the processor time of each sample, with that of all children,
	// in milliseconds.
	CPU []float64 `json:"cpu_ms,omitempty"`
	// Calls is how often each sample ran flyctl: always as often, or the whole
	// run fails.
	Calls *int `json:"flyctl_calls,omitempty"`
}

// timed returns the side of these samples, in milliseconds.
func timed(name string, samples []sample) side {
	s := side{Program: name}
	for _, one := range samples {
		s.Samples = append(s.Samples, milliseconds(one.wall))
		s.CPU = append(s.CPU, milliseconds(one.cpu))
	}
	s.Median = median(s.Samples)
	return s
}

// sized returns the side of these values in bytes, in mebibytes.
func sized(name string, values ...int64) side {
	s := side{Program: name}
	for _, v := range values {
		s.Samples = append(s.Samples, float64(v)/mebibyte)
	}
	s.Median = median(s.Samples)
	return s
}

// calling returns the side with its count.
func (s side) calling(calls int) side {
	s.Calls = &calls
	return s
}

// limit is what the provider may be more than its rival: the ratio of the
// medians, or else their difference in milliseconds. Without either there is none.
type limit struct {
	Ratio float64 `json:"ratio,omitempty"`
	More  float64 `json:"more_ms,omitempty"`
}

// row is one comparison.
type row struct {
	ID    string `json:"id"`
	What  string `json:"what"`
	Unit  unit   `json:"unit"`
	Ours  side   `json:"provider"`
	Rival side   `json:"rival"`
	// Ratio is that of the medians, and More their difference in the row's unit.
	Ratio float64 `json:"ratio"`
	More  float64 `json:"more"`
	// CPURatio is that of the medians of the processor times; 0 where there are
	// none. Other work on the machine disturbs it less.
	CPURatio float64 `json:"cpu_ratio,omitempty"`
	Limit    limit   `json:"limit"`
	Over     bool    `json:"over"`
	// Missing says why nothing was measured.
	Missing string `json:"missing,omitempty"`
}

// compare fills in what follows from the medians.
func (r row) compare() row {
	if r.Rival.Median > 0 {
		r.Ratio = r.Ours.Median / r.Rival.Median
	}
	if rival := median(r.Rival.CPU); rival > 0 {
		r.CPURatio = median(r.Ours.CPU) / rival
	}
	r.More = r.Ours.Median - r.Rival.Median
	if r.Missing == "" {
		r.Over = r.Limit.Ratio > 0 && r.Ratio > r.Limit.Ratio || r.Limit.More > 0 && r.More > r.Limit.More
	}
	return r
}
