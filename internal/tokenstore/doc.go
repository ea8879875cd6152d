// Package tokenstore keeps minted and manual tokens in two JSON documents per
// app, over a [Backend], and is the chain's links storage and manual.
//
// The state document holds the app's generation, its minted records, what links
// recently missed, the announced mints, and on a backend without locks the claim.
// The manual document holds the manual record. All semantics are functions over a
// document: each change loads it, changes it, swaps it on the version that was
// loaded, and starts again on a conflict.
//
// A minted record is saved under the generation in which its acquisition began.
// Raising the generation is what invalidates.
package tokenstore
