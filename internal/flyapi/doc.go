// Package flyapi calls Fly's two APIs. GraphQL mints, lists and revokes tokens
// and looks up apps and organizations. The Machines API shows whether a token
// has access to an app.
//
// A [Client] makes single calls and remembers nothing. A [Directory] remembers
// lookups for one run. An [Issuer] mints with the user's login, without flyctl.
//
// Every failure is an [*Error] with a kind. None contains a token, whatever the
// server sent.
package flyapi
