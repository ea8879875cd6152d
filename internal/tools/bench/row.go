package main

// unit is the unit of a row's values.
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
	// nameCheapest and nameBare are rivals that do almost nothing, with the
	// providers' framework and without one.
	nameCheapest = "cheapest"
	nameBare     = "bare"
)

// side holds the measurements of one program.
type side struct {
	Program string    `json:"program"`
	Median  float64   `json:"median"`
	Samples []float64 `json:"samples"`
	// CPU holds the processor time of each sample and its children, in
	// milliseconds.
	CPU []float64 `json:"cpu_ms,omitempty"`
	// Calls is the number of flyctl's runs in each sample. If samples differ,
	// the whole run fails.
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

// limit bounds the provider's median against its rival's: by their ratio, or by
// their difference in milliseconds. Without either there is no limit.
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
	// Ratio is the ratio of the medians, and More their difference in the row's
	// unit.
	Ratio float64 `json:"ratio"`
	More  float64 `json:"more"`
	// CPURatio is the ratio of the median processor times, or 0. Other work on
	// the machine affects it less.
	CPURatio float64 `json:"cpu_ratio,omitempty"`
	Limit    limit   `json:"limit"`
	Over     bool    `json:"over"`
	// Missing is the reason why nothing was measured.
	Missing string `json:"missing,omitempty"`
}

// compare computes the values that follow from the medians.
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
