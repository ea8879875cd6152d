// Package flyconfig finds the login that flyctl itself would use: the
// access_token of the provider block, FLY_ACCESS_TOKEN, FLY_API_TOKEN, or
// flyctl's config.yml, in this order.
//
// [ConfigSource] and [EnvSource] are the links of the chain that hand out such
// a login as it is. [Settings.Login] is what the links that mint a token
// authenticate with. The package reads no environment variable and writes
// nothing: what it depends on is handed in as [Settings].
package flyconfig
