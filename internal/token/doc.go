// Package token resolves the API token of a Fly.io app.
//
// A [Resolver] lives for one run of the provider. It asks a chain of [Source] sources
// until one has a token. A cache comes first, which is read without a lock. Behind it,
// the callers of one app share one walk along the chain.
//
// The package knows neither Terraform nor files nor the network. Its caller passes
// the sources and the [Store].
package token
