// Package token resolves the API token of a Fly.io app.
//
// A [Resolver] walks a chain of [Source] links, first hit wins, behind a cache
// that is read without a lock and one singleflight group per app. A [Run] sits
// above it for the length of one Terraform operation: it re-acquires each
// request once and remembers what failed.
//
// The package knows neither Terraform nor files nor the network: links and the
// [Store] are handed in.
package token
