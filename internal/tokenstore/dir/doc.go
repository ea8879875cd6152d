// Package dir keeps token documents in a folder on disk, one file for each:
// <storage>/apps/app-<app>/state.json and manual.json.
//
// A file is replaced by a rename within its folder, under a kernel lock. So a
// reader needs no lock: it sees either the old content or the new one. The
// folder <storage>/runs holds the files that processes share while they run:
// the locks of claims, a lock for each process, and the clock.
package dir
