// Package flyapi speaks to Fly's own two APIs: GraphQL, which mints, lists and
// revokes tokens and looks up apps and organizations, and the Machines API,
// which says whether a token opens an app.
//
// A [Client] makes one request at a time and remembers nothing. A [Directory]
// remembers, for the length of one run, what was looked up. [Source] is the link
// of the chain that mints with the user's login, without flyctl.
//
// Every failure is an [*Error] whose kind says what it means; none of them holds
// a token, whatever the server sent back.
package flyapi
