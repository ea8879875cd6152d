package provider

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/hashicorp/terraform-plugin-log/tflog"

	"github.com/flytokens/terraform-provider-fly/internal/flyapi"
	"github.com/flytokens/terraform-provider-fly/internal/flyconfig"
	"github.com/flytokens/terraform-provider-fly/internal/flyctl"
	"github.com/flytokens/terraform-provider-fly/internal/mint"
	"github.com/flytokens/terraform-provider-fly/internal/token"
	"github.com/flytokens/terraform-provider-fly/internal/tokenstore"
	"github.com/flytokens/terraform-provider-fly/internal/tokenstore/dir"
)

// chain holds the parts of one session's sources.
type chain struct {
	settings settings
	logins   flyconfig.Settings
	// store is nil without storage.
	store *tokenstore.Store
	// api is nil if an address of Fly's APIs is invalid, which is a flaw for
	// every operation that needs it.
	api       *flyapi.Client
	directory *flyapi.Directory
	// minter is nil if api is nil.
	minter *mint.Minter
	// watch observes the sources.
	watch *watch
	// outage is the circuit breaker of the optional calls.
	outage *flyapi.Outage
}

// newChain wires the parts by the settings. version is the provider's, for the
// User-Agent header.
func newChain(set settings, version string, within *mint.Process, observer *watch) *chain {
	c := &chain{settings: set, watch: observer, outage: flyapi.NewOutage(noteNoAnswer)}
	api, err := flyapi.New(flyapi.Config{
		BaseURL:         set.api.baseURL,
		MachinesBaseURL: set.api.machinesBaseURL,
		Version:         version,
		Timeout:         set.api.timeout,
		MaxParallel:     set.api.maxParallel,
		RetryWait:       set.environment.retryWait,
		ShowTimeout:     set.environment.showTimeout,
		Proxy:           http.ProxyFromEnvironment,
		InvalidProxy:    set.invalidProxy,
		Wrap: func(base http.RoundTripper) http.RoundTripper {
			return observer.tracing.Transport(base, func(r *http.Request) string { return "fly.api." + flyapi.Operation(r) })
		},
	})
	if err == nil {
		c.api, c.directory = api, flyapi.NewDirectory(api, c.login)
	} else {
		c.settings.flaws = append(c.settings.flaws, flaw{
			attribute: "api", detail: fmt.Sprintf("The provider arguments api.base_url and api.machines_base_url are invalid: %s.", err),
		})
	}
	c.logins = c.loginSettings()
	if !set.storage.isZero() {
		backend := set.storage.open(set.environment)
		c.store = c.openStore(backend)
		if folder, ok := backend.(*dir.Backend); ok {
			tidy(folder)
		}
	}
	if c.api != nil {
		c.minter = c.newMinter(within)
	}
	return c
}

// newMinter returns the minter of the source "api" and the resources.
func (c *chain) newMinter(within *mint.Process) *mint.Minter {
	cfg := mint.Config{
		Client: c.api, Directory: c.directory, Login: c.login, Process: within,
		Timeout: c.settings.api.timeout, Now: c.settings.environment.now,
	}
	if c.store != nil {
		cfg.Journal = c.settings.environment.journal(c.store)
	}
	return mint.New(cfg)
}

// resolver builds the sources in their order, and their resolver.
func (c *chain) resolver() *token.Resolver {
	options := token.Options{TokenTTL: c.settings.tokenTTL, MinValidity: c.settings.minValidity, Observer: c.watch}
	if c.store != nil {
		options.Store = c.store
	}
	options.Named = func(name token.SourceName) bool {
		return c.settings.sourcesSet && slices.Contains(c.settings.sources, name)
	}
	if c.api != nil {
		options.Organization = c.directory.MintOrganization
		options.Discard = c.minter.Discard
		options.Recover = c.minter.Recover
		options.Verifier = flyapi.NewVerifier(c.api, c.outage)
		options.Narrower = flyapi.NewNarrower(c.directory, c.settings.tokenTTL)
	}
	for _, name := range c.settings.sources {
		options.Sources = append(options.Sources, c.link(name))
	}
	return token.New(options)
}

// noteNoAnswer logs that optional calls are skipped.
func noteNoAnswer(ctx context.Context, message string, err error) {
	tflog.Debug(ctx, message, map[string]any{"error": err.Error()})
}

// link returns the source with that name.
func (c *chain) link(name token.SourceName) token.Source {
	switch {
	case name == token.SourceConfig:
		return flyconfig.NewConfigSource(c.logins)
	case name == token.SourceCLI:
		return c.cli()
	case name == token.SourceAPI && c.api != nil:
		return c.minter.Source(c.settings.tokenTTL)
	case name == token.SourceEnv:
		return flyconfig.NewEnvSource(c.logins)
	case name == token.SourceStorage && c.store != nil:
		return token.StorageSource()
	case name == token.SourceManual && c.store != nil:
		return c.store.ManualSource()
	default:
		return withoutStorage{name: name, because: c.settings.noStorage}
	}
}

// cli returns the source that runs flyctl, with the login that flyctl itself
// would use.
func (c *chain) cli() token.Source {
	set := c.settings
	options := flyctl.Options{
		Path:        set.cli.path,
		SearchPath:  set.environment.get("PATH"),
		Timeout:     set.cli.timeout,
		MaxParallel: set.cli.maxParallel,
		TokenTTL:    set.tokenTTL,
		Login:       c.login,
		Environ:     c.flyctlEnviron(),
		Observe:     c.watch.tracing.Command,
		TempDir:     set.environment.tempDir,
	}
	if c.directory != nil {
		options.Organization = c.directory.MintOrganization
		options.OrganizationTimeout = set.api.timeout
	}
	return flyctl.New(options)
}

// flyctlEnviron is the environment for flyctl. It has the provider block's
// addresses, so flyctl sends the login to the same servers as the other
// sources.
func (c *chain) flyctlEnviron() []string {
	environ := slices.Clone(c.settings.environment.variables)
	if u := c.settings.api.baseURL; u != "" {
		environ = append(environ, "FLY_API_BASE_URL="+u)
	}
	if u := c.settings.api.machinesBaseURL; u != "" {
		environ = append(environ, "FLY_FLAPS_BASE_URL="+u)
	}
	return environ
}

// login returns the login that flyctl itself would use.
func (c *chain) login(ctx context.Context) (token.Token, error) {
	login, err := c.logins.Login(ctx)
	return login.Token, c.noLogin(err)
}

// noLogin adds advice to a login's miss. If config.yml does not exist, a
// variable is often better, for example on a runner.
func (c *chain) noLogin(err error) error {
	var miss *token.MissError
	if !errors.As(err, &miss) {
		return err
	}
	fix := miss.Fix
	if env := c.logins.Environment; fix != "" && c.logins.AccessToken+env.AccessToken+env.APIToken == "" {
		fix += ", or set FLY_API_TOKEN"
	}
	return &token.MissError{Reason: "no login: " + miss.Reason, Fix: fix, Cause: err}
}

// tidyTime bounds the cleanup at a run's start of files that killed runs left
// in storage.
const tidyTime = time.Second

// openStore returns the store over a backend. It does not find tokens that were
// minted with a different login or over a different API.
func (c *chain) openStore(backend tokenstore.Backend) *tokenstore.Store {
	scope := tokenstore.Scope{APIBaseURL: cmp.Or(c.settings.api.baseURL, flyapi.DefaultBaseURL), TokenTTL: c.settings.tokenTTL}
	scope.Login = c.loginFingerprint()
	return tokenstore.Open(backend, scope)
}

// tidy removes files that killed runs left in storage.
func tidy(folder *dir.Backend) {
	ctx, cancel := context.WithTimeout(context.Background(), tidyTime)
	defer cancel()
	folder.Tidy(ctx)
}

// loginSettings are the settings for flyctl's login.
func (c *chain) loginSettings() flyconfig.Settings {
	env := c.settings.environment
	configDir, configDirSet := env.lookup("FLY_CONFIG_DIR")
	logins := flyconfig.Settings{
		AccessToken: c.settings.accessToken,
		ConfigFile:  c.settings.configFile,
		Environment: flyconfig.Environment{
			ConfigDir:    configDir,
			ConfigDirSet: configDirSet,
			Home:         env.home,
			AccessToken:  env.get("FLY_ACCESS_TOKEN"),
			APIToken:     env.get("FLY_API_TOKEN"),
		},
	}
	if c.directory != nil {
		logins.OrganizationNumber = c.outage.OrganizationNumber(c.directory)
	}
	return logins
}

// withoutStorage replaces a source in storage in a run without storage. The
// source "api" without an API is not asked, because that is a flaw.
type withoutStorage struct {
	name token.SourceName
	// because is the reason why there is no storage.
	because string
}

var _ token.Source = withoutStorage{}

// Name is the name of the replaced source.
func (p withoutStorage) Name() token.SourceName { return p.name }

// Timeout is a second, which Acquire does not use.
func (p withoutStorage) Timeout() time.Duration { return time.Second }

// Acquire misses.
func (p withoutStorage) Acquire(context.Context, token.Request) (token.Candidate, error) {
	return token.Candidate{}, &token.MissError{
		Reason: "storage is off: " + p.because,
		Fix:    "set storage.path or FLY_TOKEN_STORAGE",
	}
}
