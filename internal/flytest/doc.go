// Package flytest is a loopback Fly for tests: GraphQL and the Machines API
// behind one address, with genuine macaroons whose caveats it evaluates.
//
// A test declares organizations, apps and users in a [World], starts a [Server]
// and points the code under test at [Server.URL]. It counts requests with
// [Server.Count], revokes with [Server.Revoke] and spoils answers with
// [Server.Inject]. A request that Fly's APIs do not have fails the test.
//
// The server answers as far as superfly/fly-go, superfly/flyctl and public
// reports tell how Fly does. The order and number of the caveats that Fly itself
// puts into a token are not public; those here are what flyctl was seen to get
// along with.
package flytest
