// Package flytest is a loopback Fly for tests: GraphQL and the Machines API
// behind one address, with genuine macaroons whose caveats it evaluates.
//
// A test declares organizations, apps and users in a [World], starts a [Server]
// and points the code under test at [Server.URL]. The test counts requests with
// [Server.Count], revokes with [Server.Revoke] and injects faults with
// [Server.Inject]. A request that Fly's APIs do not have fails the test.
//
// The answers follow superfly/fly-go, superfly/flyctl and public reports. The
// order and number of the caveats in Fly's own tokens are not public. Those
// here are known to work with flyctl.
package flytest
