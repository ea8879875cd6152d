package macaroon

import "math"

// maxGoogleID bounds the number of a Google user in bytes. Real numbers have
// nine.
const maxGoogleID = 64

// caveat reads a type and a body. The depth is the number of IfPresent caveats
// around it.
func (r *reader) caveat(depth int) Caveat {
	t := caveatType(r.uint64())
	if t == typeIfPresent {
		return r.ifPresent(depth)
	}
	if known := t.known(); known.read != nil {
		return known.read(r)
	}
	at := r.at
	r.skip(depth)
	return Unknown{Code: uint64(t), Body: r.buf[at:r.at:r.at]}
}

func (r *reader) ifPresent(depth int) Caveat {
	if depth >= maxDepth {
		r.fail("values are nested more than %d deep", maxDepth)
	}
	r.fields(2)
	n := r.caveatCount()
	c := IfPresent{Ifs: make([]Caveat, 0, min(n, preallocated))}
	for i := 0; i < n && r.err == nil; i++ {
		c.Ifs = append(c.Ifs, r.caveat(depth+1))
	}
	c.Else = r.action()
	return c
}

func (r *reader) action() Action {
	return Action(r.uint(math.MaxUint16)) //nolint:gosec // It is below the limit.
}

// readNumber reads a caveat that is a number, as large as its type.
func readNumber[T interface {
	Caveat
	~uint16 | ~uint32 | ~uint64
}](r *reader) Caveat {
	return T(r.uint(uint64(^T(0))))
}

// readNamed reads a resource set whose keys are names.
func readNamed[T interface {
	Caveat
	~map[string]Action
}](r *reader) Caveat {
	return T(readSet(r, r.string))
}

// readSet reads an array of one map. A duplicate key is an error, because
// readers would disagree about its mask.
func readSet[K comparable](r *reader, key func() K) map[K]Action {
	r.fields(1)
	n := r.mapping()
	set := make(map[K]Action, min(n, preallocated))
	for i := 0; i < n && r.err == nil; i++ {
		k := key()
		if _, twice := set[k]; twice {
			r.fail("a set has a duplicate key")
		}
		set[k] = r.action()
	}
	return set
}

func (r *reader) organization() Caveat {
	r.fields(2)
	return Organization{ID: r.uint64(), Mask: r.action()}
}

func (r *reader) validityWindow() Caveat {
	r.fields(2)
	return ValidityWindow{NotBefore: r.int(), NotAfter: r.int()}
}

func (r *reader) thirdParty() Caveat {
	r.fields(3)
	return ThirdParty{Location: r.string(), VerifierKey: r.bytes(), Ticket: r.bytes()}
}

func (r *reader) isMember() Caveat {
	r.fields(0)
	return IsMember{}
}

func (r *reader) googleUserID() Caveat {
	id := r.bytes()
	if len(id) > maxGoogleID {
		r.fail("a number is too large")
	}
	return GoogleUserID(id)
}

func (r *reader) commands() Caveat {
	n := r.array()
	list := make(Commands, 0, min(n, preallocated))
	for i := 0; i < n && r.err == nil; i++ {
		r.fields(2)
		list = append(list, Command{Args: r.strings(), Exact: r.bool()})
	}
	return list
}

func (r *reader) flySrc() Caveat {
	r.fields(3)
	return FlySrc{Organization: r.string(), App: r.string(), Instance: r.string()}
}
