// Package remote holds what the backends on servers share: the server's clock,
// the circuit breaker of a run, and what failures of the network mean.
package remote

// MaxDocument bounds the size of a document in bytes.
const MaxDocument = 16 << 20
