package provider

import (
	"cmp"
	"context"
	"errors"
	"time"

	"github.com/flytokens/terraform-provider-fly/internal/flyconfig"
	"github.com/flytokens/terraform-provider-fly/internal/flyctl"
	"github.com/flytokens/terraform-provider-fly/internal/token"
	"github.com/flytokens/terraform-provider-fly/internal/tokenstore"
)

// defaultAPIBaseURL is where Fly's API is (superfly/flyctl, internal/config).
const defaultAPIBaseURL = "https://api.fly.io"

// newResolver builds the chain that the settings name, and a resolver over it.
// The store is nil where there is no place for one.
func newResolver(set settings) (*token.Resolver, *tokenstore.Store) {
	options := token.Options{TokenTTL: set.tokenTTL, MinValidity: set.minValidity}
	logins := loginSettings(set)
	store := openStore(set, logins)
	if store != nil {
		options.Store = store
	}
	for _, name := range set.sources {
		options.Sources = append(options.Sources, newLink(name, set, logins, store))
	}
	return token.New(options), store
}

// newLink returns the link of that name.
func newLink(name token.SourceName, set settings, logins flyconfig.Settings, store *tokenstore.Store) token.Source {
	switch {
	case name == token.SourceConfig:
		return flyconfig.NewConfigSource(logins)
	case name == token.SourceCLI:
		return newCLI(set, logins)
	case name == token.SourceEnv:
		return flyconfig.NewEnvSource(logins)
	case name == token.SourceStorage && store != nil:
		return store.MintedSource()
	case name == token.SourceManual && store != nil:
		return store.ManualSource()
	default:
		return placeless{name}
	}
}

// newCLI returns the link that runs flyctl, with the login that flyctl itself
// would use.
func newCLI(set settings, logins flyconfig.Settings) token.Source {
	return flyctl.New(flyctl.Options{
		Path:        set.cli.path,
		SearchPath:  set.environment.get("PATH"),
		Timeout:     set.cli.timeout,
		MaxParallel: set.cli.maxParallel,
		TokenTTL:    set.tokenTTL,
		Login: func(ctx context.Context) (token.Token, error) {
			login, err := logins.Login(ctx)
			return login.Token, noLogin(err)
		},
		Environ: set.environment.variables,
		TempDir: set.environment.tempDir,
	})
}

// noLogin says of a login's miss what it was looked for.
func noLogin(err error) error {
	var miss *token.MissError
	if !errors.As(err, &miss) {
		return err
	}
	return &token.MissError{Reason: "no login to mint with: " + miss.Reason, Fix: miss.Fix, Cause: err}
}

// openStore returns the store at the storage path. What another login minted, or
// another API, is not found in it.
func openStore(set settings, logins flyconfig.Settings) *tokenstore.Store {
	if set.storagePath == "" {
		return nil
	}
	scope := tokenstore.Scope{APIBaseURL: cmp.Or(set.environment.get("FLY_API_BASE_URL"), defaultAPIBaseURL)}
	if login, err := logins.Explicit(); err == nil {
		scope.Login = login.Token.Fingerprint()
	}
	return tokenstore.Open(set.storagePath, scope)
}

// loginSettings says where flyctl's login may be found.
func loginSettings(set settings) flyconfig.Settings {
	env := set.environment
	configDir, configDirSet := env.lookup("FLY_CONFIG_DIR")
	return flyconfig.Settings{
		AccessToken: set.accessToken,
		ConfigFile:  set.configFile,
		Environment: flyconfig.Environment{
			ConfigDir:    configDir,
			ConfigDirSet: configDirSet,
			Home:         env.home,
			AccessToken:  env.get("FLY_ACCESS_TOKEN"),
			APIToken:     env.get("FLY_API_TOKEN"),
		},
	}
}

// placeless stands for a link to storage where there is no place for storage.
type placeless struct{ name token.SourceName }

var _ token.Source = placeless{}

// Name is that of the link it stands for.
func (p placeless) Name() token.SourceName { return p.name }

// Timeout is a second, of which nothing is used.
func (p placeless) Timeout() time.Duration { return time.Second }

// Acquire misses.
func (p placeless) Acquire(context.Context, token.Request) (token.Candidate, error) {
	return token.Candidate{}, &token.MissError{
		Reason: "no place for storage: the environment names neither a configuration folder nor a home folder",
		Fix:    "set storage.path, or FLY_TOKEN_STORAGE",
	}
}
