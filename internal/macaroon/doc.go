// Package macaroon reads Fly.io's macaroons: what a token may do, for whom, and
// until when. It also narrows them, which needs no key, and mints them for tests.
//
// The format, the caveats and the way they are evaluated are those of
// superfly/macaroon v0.3.0. Where that library is lax this package is strict: a
// value followed by more bytes, a null, a number that is too large for its field
// or a set that names one key twice is an error. Caveats of unknown types are
// kept as the bytes they are, so that whatever is decoded encodes to the same
// bytes again.
//
// Signatures can only be checked with Fly's keys. Nothing here says that a token
// is genuine, only what it says of itself.
//
// Macaroons and bundles are credentials. They mask themselves when printed; only
// the methods called Reveal and Encode give their value.
package macaroon
