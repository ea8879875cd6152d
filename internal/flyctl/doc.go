// Package flyctl is the source "cli": it mints a token by running flyctl.
//
// Each run of flyctl is isolated. A private, empty folder is its working
// directory and its FLY_CONFIG_DIR, for three reasons. Every flyctl before
// September 2026 logs the unattenuated token in that folder (superfly/flyctl
// pull request 5204). flyctl rewrites a config.yml that it finds. A fly.toml in
// the working directory changes its behaviour. It gets the login in
// FLY_ACCESS_TOKEN, no terminal, a separate process group and a deadline. Its
// output counts as a token only if it parses as one, whatever the exit status.
//
// The folder is removed when flyctl has ended. If the provider was killed, a
// later one removes it: the lock in the folder is free then.
package flyctl
