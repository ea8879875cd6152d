// Package macaroon reads Fly.io's macaroons: what a token may do, for whom, and
// until when. It also narrows them, which needs no key.
//
// The format, the caveats and the way they are evaluated are those of
// superfly/macaroon v0.3.0. This package is stricter than that library. It
// refuses trailing bytes, nulls, numbers that are too large for their field,
// and duplicate keys in a set. Caveats of unknown types keep their bytes, so
// that encoding a decoded macaroon gives the same bytes.
//
// Signatures can only be checked with Fly's keys. This package reports the
// claims of a token, never that the token is genuine.
//
// Macaroons and bundles are credentials. They mask themselves when printed;
// only the methods Reveal and Encode return their value.
package macaroon
