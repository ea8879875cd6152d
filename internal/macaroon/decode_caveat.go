package macaroon

import (
	"math"
	"math/big"
)

// maxGoogleID bounds the number of a Google user in bytes. Real numbers have
// nine.
const maxGoogleID = 64

// caveat reads a type and a body. The depth is the number of IfPresent caveats
// around it.
func (r *reader) caveat(depth int) Caveat {
	t := Type(r.uint64())
	at := r.at
	switch known := t.known(); {
	case t == typeIfPresent:
		return r.ifPresent(depth)
	case known.read == nil:
		r.skip(depth)
	default:
		if c, ok := known.read(r).(Caveat); ok {
			return c
		}
	}
	return Other{Type: t, Body: r.buf[at:r.at:r.at]}
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

func readNamed(of Type) func(*reader) any {
	return func(r *reader) any { return Resources{Of: of, Allowed: readSet(r, r.string)} }
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

func (r *reader) organization() any {
	r.fields(2)
	return Organization{ID: r.uint64(), Mask: r.action()}
}

func (r *reader) validityWindow() any {
	r.fields(2)
	return ValidityWindow{NotBefore: r.int(), NotAfter: r.int()}
}

func (r *reader) thirdParty() any {
	r.fields(3)
	return ThirdParty{Location: r.string(), VerifierKey: r.bytes(), Ticket: r.bytes()}
}

// googleUserID reads a number, highest byte first.
func (r *reader) googleUserID() any {
	id := r.bytes()
	if len(id) > maxGoogleID {
		r.fail("a number is too large")
		return nil
	}
	return new(big.Int).SetBytes(id)
}

func (r *reader) commands() any {
	n := r.array()
	list := make(Commands, 0, min(n, preallocated))
	for i := 0; i < n && r.err == nil; i++ {
		r.fields(2)
		list = append(list, Command{Args: r.strings(), Exact: r.bool()})
	}
	return list
}

func (r *reader) flySrc() any {
	r.fields(3)
	return struct {
		Organization string `json:"organization"`
		App          string `json:"app"`
		Instance     string `json:"instance"`
	}{r.string(), r.string(), r.string()}
}
