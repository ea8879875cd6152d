// Package remote holds the shared code of the backends on servers: the server's
// clock, the circuit breaker of a run, and the explanation of network failures.
package remote

// MaxDocument bounds the size of a document in bytes.
const MaxDocument = 16 << 20
