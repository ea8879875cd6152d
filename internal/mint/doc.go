// Package mint mints tokens at Fly and revokes them, so that every live token
// has an owner: a state, storage, or an announcement in storage.
//
// A mint is announced under a unique name before Fly is asked. If the outcome
// is uncertain, the token is revoked by the identifier in the answer or by a
// lookup of its name. A mint that stays uncertain stays announced, and a
// later call decides about it.
package mint
