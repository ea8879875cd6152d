package macaroon

import (
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// prefixOAuth is how an opaque OAuth token starts.
const prefixOAuth = "fo1"

// maxBundle bounds the text of a bundle in bytes.
const maxBundle = 1 << 20

var (
	// ErrOAuth is returned by Attenuate for a bundle with an OAuth token, which
	// cannot be narrowed and gives access to the whole account.
	ErrOAuth = errors.New("an OAuth token cannot be narrowed")
	// ErrNoPermission is returned by Attenuate for a bundle without a
	// permission macaroon.
	ErrNoPermission = errors.New("there is no permission macaroon to narrow")
)

// Bundle is a token as Fly issues it: permission macaroons, their discharges
// and OAuth tokens, in any order. Like a macaroon, it is immutable.
type Bundle struct {
	parts []part
}

// part is one element of a bundle: a macaroon, or the text of an OAuth token.
type part struct {
	macaroon *Macaroon
	oauth    string
}

// NewBundle returns the bundle of some macaroons.
func NewBundle(macaroons ...*Macaroon) Bundle {
	b := Bundle{parts: make([]part, len(macaroons))}
	for i, m := range macaroons {
		b.parts[i].macaroon = m
	}
	return b
}

// ParseBundle reads a token: macaroons and OAuth tokens, separated by commas,
// with or without a scheme ("FlyV1" or "Bearer"). The grammar is that of Parse
// in superfly/macaroon and of tokens.Parse in superfly/fly-go. The error wraps
// [ErrMalformed] and gives the position of the invalid part.
func ParseBundle(s string) (Bundle, error) {
	if len(s) > maxBundle {
		return Bundle{}, fmt.Errorf("%w: %d bytes are too long", ErrMalformed, len(s))
	}
	texts := strings.Split(TrimSchemes(s), ",")
	b := Bundle{parts: make([]part, 0, len(texts))}
	for i, text := range texts {
		p, err := parsePart(strings.TrimSpace(text))
		if err != nil {
			return Bundle{}, fmt.Errorf("part %d of %d: %w", i+1, len(texts), err)
		}
		b.parts = append(b.parts, p)
	}
	return b, nil
}

// TrimSchemes drops white space and any nesting of authorization schemes.
func TrimSchemes(s string) string {
	for {
		s = strings.TrimSpace(s)
		scheme, rest, ok := strings.Cut(s, " ")
		if !ok || !strings.EqualFold(scheme, "FlyV1") && !strings.EqualFold(scheme, "Bearer") {
			return s
		}
		s = rest
	}
}

func parsePart(text string) (part, error) {
	prefix, payload, _ := strings.Cut(text, "_")
	switch prefix {
	case prefixOAuth:
		if payload == "" || strings.ContainsFunc(payload, func(r rune) bool { return r <= ' ' || r > '~' }) {
			return part{}, fmt.Errorf("%w: an OAuth token is empty or contains an invalid character", ErrMalformed)
		}
		return part{oauth: text}, nil
	case prefixCurrent, prefixOldGrant, prefixOldDischarge:
	default:
		return part{}, fmt.Errorf("%w: it does not start with fm2_, fm1r_, fm1a_ or fo1_", ErrMalformed)
	}
	raw, err := base64.StdEncoding.DecodeString(payload)
	if err != nil {
		return part{}, fmt.Errorf("%w: it is %d bytes long and not valid base64", ErrMalformed, len(text))
	}
	m, err := Decode(raw)
	if err != nil {
		return part{}, err
	}
	m.prefix = prefix
	return part{macaroon: m}, nil
}

// IsEmpty reports whether b has no parts.
func (b Bundle) IsEmpty() bool { return len(b.parts) == 0 }

// HasOAuth reports whether b holds an OAuth token.
func (b Bundle) HasOAuth() bool {
	return slices.ContainsFunc(b.parts, func(p part) bool { return p.macaroon == nil })
}

// Macaroons returns the macaroons of b, in order.
func (b Bundle) Macaroons() []*Macaroon {
	var list []*Macaroon
	for _, p := range b.parts {
		if p.macaroon != nil {
			list = append(list, p.macaroon)
		}
	}
	return list
}

func (b Bundle) filter(keep func(part) bool) Bundle {
	var out Bundle
	for _, p := range b.parts {
		if keep(p) {
			out.parts = append(out.parts, p)
		}
	}
	return out
}

// Attenuate returns a copy of b with more caveats on each permission macaroon.
// Discharges are unchanged and still match, because an ancestor of the copy
// binds them. The error wraps [ErrOAuth] or [ErrNoPermission], or is that of
// [Macaroon.Attenuate].
func (b Bundle) Attenuate(caveats ...Caveat) (Bundle, error) {
	out := Bundle{parts: slices.Clone(b.parts)}
	found := false
	for i, p := range out.parts {
		if p.macaroon == nil {
			return Bundle{}, ErrOAuth
		}
		if p.macaroon.Kind() != KindPermission {
			continue
		}
		narrowed, err := p.macaroon.Attenuate(caveats...)
		if err != nil {
			return Bundle{}, err
		}
		out.parts[i].macaroon, found = narrowed, true
	}
	if !found {
		return Bundle{}, ErrNoPermission
	}
	return out, nil
}

// Reveal returns the token text, without a scheme. It must not be logged.
func (b Bundle) Reveal() string {
	texts := make([]string, len(b.parts))
	for i, p := range b.parts {
		if texts[i] = p.oauth; p.macaroon != nil {
			texts[i] = p.macaroon.Reveal()
		}
	}
	return strings.Join(texts, ",")
}

// Format writes a mask with the number of parts, for every verb.
func (b Bundle) Format(f fmt.State, _ rune) { _, _ = fmt.Fprintf(f, "bundle(%d)", len(b.parts)) }
