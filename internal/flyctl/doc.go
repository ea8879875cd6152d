// Package flyctl is the cli link: it has flyctl mint a token.
//
// flyctl is run as if its surroundings were hostile to it and it to them. It
// gets a private, empty folder that is its working directory and its
// FLY_CONFIG_DIR, because every flyctl before September 2026 writes the token as
// Fly returned it, not yet attenuated, to a log in that folder (superfly/flyctl
// pull request 5204), because it rewrites a config.yml that it finds, and because
// a fly.toml in the working directory changes what it does. It gets the login in
// FLY_ACCESS_TOKEN, no terminal, a process group of its own and a deadline. What
// it prints counts as a token only if it reads as one, whatever its exit status.
//
// The folder is removed when flyctl has ended. What a killed provider leaves, a
// later one removes: a lock in the folder tells that nobody is using it any more.
package flyctl
