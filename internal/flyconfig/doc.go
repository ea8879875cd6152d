// Package flyconfig finds the login that flyctl itself would use: the
// access_token of the provider block, FLY_ACCESS_TOKEN, FLY_API_TOKEN, or
// flyctl's config.yml, in this order.
//
// [ConfigSource] and [EnvSource] are the sources that return such a login
// unchanged. The sources that mint a token authenticate with [Settings.Login].
// The package reads no environment variable and writes nothing. Callers pass
// the environment as [Settings].
package flyconfig
