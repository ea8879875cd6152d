// Package tokenstore keeps minted and manual tokens on disk, one JSON file for
// each, and offers them to the chain as its links storage and manual.
//
// Each app has a folder of its own, <storage>/apps/app-<app>, with a record in
// manual.json, others in minted-<key>.json, the count of the app's invalidations
// in generation, and a lock file. A record is replaced by a rename within that
// folder, under a lock that holds across processes, so that a reader needs no
// lock and sees the old record or the new one, whole.
//
// A minted record carries the generation it was acquired in, and counts for
// nothing under another: raising the generation is what invalidates, in one
// rename; the removal of the files that follows only tidies up.
package tokenstore
