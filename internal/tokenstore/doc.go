// Package tokenstore keeps minted and manual tokens in two JSON documents per
// app, over a [Backend], and provides the sources "storage" and "manual".
//
// The state document holds the app's generation, its minted records, recent
// misses and the announced mints. It also holds the deploy tokens that no
// engine's state holds and, on a backend without locks, the claim. The manual
// document holds the manual record. All semantics are functions over a document.
// Each change loads it, changes it, swaps it on the loaded version, and starts
// again on a conflict.
//
// A minted record is saved under the generation in which its acquisition began.
// Raising the generation invalidates the records.
package tokenstore
