package token

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"
	"unicode"

	"github.com/flytokens/terraform-provider-fly/internal/macaroon"
)

// Token is a bearer credential of Fly's: a bundle of macaroons or one OAuth
// token. It has no scheme and no white space, so two spellings of one token are
// equal under ==.
//
// A Token masks itself wherever it is printed, logged or marshalled; only
// [Token.Reveal] and [Token.AuthorizationHeader] return its value.
type Token struct {
	value string
}

// ErrMalformed is wrapped by the error of [Parse] for every text without the
// form of a Fly token. The error gives positions and lengths, never content.
var ErrMalformed = errors.New("not a Fly token")

// prefixOAuth marks an OAuth token, which is opaque and gives access to the
// whole account of its user.
const prefixOAuth = "fo1_"

// maxLength bounds a token in bytes. Real ones are 580 to 1,100 bytes long; a
// login with a macaroon for each of a hundred organizations is shorter than
// this.
const maxLength = 1 << 20

// Parse reads a token as people and tools write it, with or without a scheme
// ("FlyV1" or "Bearer", in any case, nested or not). It accepts a comma-separated
// bundle, line breaks of an editor, and a byte order mark. The grammar is that of
// superfly/macaroon's Parse and of fly-go's tokens.Parse. Unlike fly-go, Parse takes no
// text without a known prefix for an OAuth token.
func Parse(s string) (Token, error) {
	s = macaroon.TrimSchemes(strings.TrimPrefix(s, byteOrderMark))
	if len(s) > maxLength {
		return Token{}, fmt.Errorf("%w: %d bytes are too long", ErrMalformed, len(s))
	}
	s = strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) {
			return -1
		}
		return r
	}, s)
	if s == "" {
		return Token{}, fmt.Errorf("%w: it is empty", ErrMalformed)
	}
	if err := checkStart(s); err != nil {
		return Token{}, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	parts := strings.Split(s, ",")
	for i, part := range parts {
		if err := checkPart(part); err != nil {
			return Token{}, fmt.Errorf("%w: part %d of %d %w", ErrMalformed, i+1, len(parts), err)
		}
	}
	return Token{value: s}, nil
}

// Check decodes every macaroon of t, which [Parse] does not: a login may hold one
// in a form that this provider does not know yet, and be good without it. The
// error wraps [ErrMalformed]. Check detects a token that was cut off between two
// groups of base64.
func (t Token) Check() error {
	if _, err := macaroon.ParseBundle(t.value); err != nil {
		return fmt.Errorf("%w: %w: it may have been cut off when it was pasted", ErrMalformed, err)
	}
	return nil
}

// Expiry returns the last instant at which t is valid, from its macaroons, and
// whether it is known. That of an opaque OAuth token is unknown.
func (t Token) Expiry(now time.Time) (time.Time, bool) {
	bundle, err := macaroon.ParseBundle(t.value)
	if err != nil {
		return time.Time{}, false
	}
	end := bundle.Expiry(now)
	return end, !end.IsZero()
}

// IsZero reports whether t is the zero value, which is not a token.
func (t Token) IsZero() bool { return t.value == "" }

// IsOAuth reports whether t holds no macaroon. It is then an OAuth token, which
// gives access to the whole account of its user.
func (t Token) IsOAuth() bool {
	for part := range strings.SplitSeq(t.value, ",") {
		if !strings.HasPrefix(part, prefixOAuth) {
			return false
		}
	}
	return t.value != ""
}

// Reveal returns the token itself, without a scheme. The result must not be
// logged.
func (t Token) Reveal() string { return t.value }

// AuthorizationHeader returns the value of an HTTP Authorization header for t:
// scheme FlyV1 if t holds a macaroon, otherwise Bearer, as in fly-go.
func (t Token) AuthorizationHeader() string {
	if t.IsOAuth() {
		return "Bearer " + t.value
	}
	return "FlyV1 " + t.value
}

// Fingerprint returns the first 16 hex digits of the SHA-256 of t. It
// distinguishes tokens, and is the same on every machine. It reveals nothing, because a
// token has 128 random bits or more. It is empty for no token.
func (t Token) Fingerprint() string {
	if t.value == "" {
		return ""
	}
	sum := sha256.Sum256([]byte(t.value))
	return hex.EncodeToString(sum[:8])
}

func (t Token) mask() string {
	if t.value == "" {
		return "token(none)"
	}
	return "token(" + t.Fingerprint() + ")"
}

// String returns a mask that names the token by its fingerprint.
func (t Token) String() string { return t.mask() }

// GoString returns the mask for %#v.
func (t Token) GoString() string { return t.mask() }

// Format writes the mask for every verb, so that no directive prints the value,
// not even %x or %q.
func (t Token) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(t.mask())) }

// LogValue returns the mask for log/slog.
func (t Token) LogValue() slog.Value { return slog.StringValue(t.mask()) }

// MarshalJSON returns the mask. A record that must hold the value calls
// [Token.Reveal].
func (t Token) MarshalJSON() ([]byte, error) { return []byte(`"` + t.mask() + `"`), nil }

// MarshalText returns the mask for encoders of text: YAML, XML, keys of maps.
func (t Token) MarshalText() ([]byte, error) { return []byte(t.mask()), nil }
