package token

// bar separates the tokens acquired before a call from later ones.
type bar struct {
	// stored is a number in storage.
	stored Sequence
	// shared is the number of an answer that an organization's flight gave in this run.
	shared uint64
}

// max returns the later bar.
func (b bar) max(other bar) bar {
	return bar{max(b.stored, other.stored), max(b.shared, other.shared)}
}

// serves reports whether a caller may share f: only if f bars everything that the
// caller bars. Under [PolicyAlways] a caller bars what was acquired up to since, and it
// may hold a token that was acquired after f began.
func (f *flight) serves(policy Policy, since bar) bool {
	switch policy {
	case PolicyAlways:
		return f.policy == policy && f.since == f.since.max(since)
	case PolicyIfRejected:
		return f.policy == policy
	default:
		return true
	}
}

// bars reports whether f must not return the answer of an organization's flight.
func (f *flight) bars(e *entry) bool {
	before := e.answer.sequence != 0 && e.answer.sequence <= f.since.stored
	return f.barred && e.err == nil && (before || e.shared <= f.since.shared)
}

// raise takes over the bar of earlier flights. Under [PolicyAlways] it raises the bar to
// the flight's own, also for later flights. The caller holds the group's lock.
func (f *flight) raise() {
	own := f.since
	f.since, f.barred = f.group.barred[f.request]
	if f.policy == PolicyAlways {
		f.since, f.barred = f.since.max(own), true
		f.group.barred[f.request] = f.since
	}
}
