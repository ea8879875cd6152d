// Package mint mints tokens at Fly and revokes them, so that every live token has
// an owner: a state, storage, or an announcement in storage.
//
// A mint is announced under a unique name before Fly is asked. When its outcome is
// not certain, the token is revoked by the identifier in the answer, or it is
// looked up by its name. What cannot be settled stays announced, and a later call
// settles it.
package mint
