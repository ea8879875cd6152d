package provider

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-framework/types/basetypes"

	"github.com/flytokens/terraform-provider-fly/internal/token"
)

// settings is an evaluated provider configuration: attributes, then the
// environment, then defaults.
type settings struct {
	environment environment

	accessToken  string
	organization string
	sources      []token.SourceName
	// sourcesSet is true if the configuration sets sources. Each of them may
	// then return a login with access to more than the app.
	sourcesSet  bool
	refresh     token.Policy
	tokenTTL    time.Duration
	minValidity time.Duration
	// configFile is "" if flyctl's own rules locate the file.
	configFile string
	storage    storageSettings
	// noStorage is the reason why there is no storage.
	noStorage string
	cli       cliSettings
	api       apiSettings
	// invalidProxy is the environment variable that should name a proxy and does
	// not, or "".
	invalidProxy string

	// flaws are errors of the operations that need the attribute.
	flaws []flaw
}

// cliSettings are the settings for flyctl.
type cliSettings struct {
	// path is "" to look for flyctl under its usual names.
	path        string
	timeout     time.Duration
	maxParallel int
}

// apiSettings are the settings for Fly's APIs.
type apiSettings struct {
	baseURL         string
	machinesBaseURL string
	timeout         time.Duration
	maxParallel     int
}

// flaw is a flaw of the provider configuration that matters only to the
// operations that need the attribute.
type flaw struct {
	attribute string
	detail    string
}

// sourceNames lists the sources in their default order.
func sourceNames() []string {
	return []string{
		string(token.SourceStorage),
		string(token.SourceConfig),
		string(token.SourceCLI),
		string(token.SourceAPI),
		string(token.SourceEnv),
		string(token.SourceManual),
	}
}

// readSettings evaluates a provider configuration. Unknown values become flaws.
// Only faults that affect every operation are errors.
func readSettings(ctx context.Context, m providerModel, env environment) (settings, diag.Diagnostics) {
	r := settingsReader{ctx: ctx, set: settings{environment: env}}
	r.set.accessToken = r.text("access_token", m.AccessToken)
	r.checkLogin(!m.AccessToken.IsNull())
	r.checkProxy()
	r.readOrganization(m)
	r.readSources(m)
	r.set.refresh = token.PolicyIfRejected
	if name := r.text("refresh", m.Refresh); name != "" {
		r.set.refresh = token.Policy(name)
	}
	r.set.tokenTTL = r.duration("token_ttl", m.TokenTTL, defaultTokenTTL)
	r.set.minValidity = r.duration("min_validity", m.MinValidity, min(defaultMinValidity, r.set.tokenTTL/4))
	r.set.configFile = r.path("config_file", r.text("config_file", m.ConfigFile))
	r.checkFile("config_file", r.set.configFile, "the config source and flyctl's login have no token from it")
	r.readCLI(m)
	r.readAPI(m)
	r.readStorage(m)
	return r.set, r.diags
}

// settingsReader collects the settings and the diagnostics.
type settingsReader struct {
	ctx   context.Context
	set   settings
	diags diag.Diagnostics
}

// known reports whether v is known, and records a flaw if it is not.
func (r *settingsReader) known(attribute string, v attr.Value) bool {
	if !v.IsUnknown() {
		return true
	}
	r.set.flaws = append(r.set.flaws, flaw{
		attribute: attribute,
		detail: fmt.Sprintf("The provider attribute %s is not known until apply, because it depends on something that does not exist yet. "+
			"Set it to a value that is known during the plan, or first create its dependency with -target.", attribute),
	})
	return false
}

func (r *settingsReader) text(attribute string, v types.String) string {
	if !r.known(attribute, v) {
		return ""
	}
	return v.ValueString()
}

func (r *settingsReader) duration(attribute string, v types.String, fallback time.Duration) time.Duration {
	text := r.text(attribute, v)
	if text == "" {
		return fallback
	}
	d, err := time.ParseDuration(text)
	if err != nil {
		// The attribute's validator refuses values that do not parse.
		r.diags.AddAttributeError(path.Root(attribute), summaryConfigure, err.Error())
		return fallback
	}
	return d
}

// object reads the attributes of v into model, and reports whether v is set and known.
func (r *settingsReader) object(attribute string, v types.Object, model any) bool {
	if v.IsNull() || !r.known(attribute, v) {
		return false
	}
	r.diags.Append(v.As(r.ctx, model, basetypes.ObjectAsOptions{})...)
	return true
}

// path makes a path absolute and expands a leading ~/. If that fails, it
// records a flaw.
func (r *settingsReader) path(attribute, text string) string {
	if text == "" {
		return ""
	}
	abs, err := absolute(text, r.set.environment.home)
	if err != nil {
		r.set.flaws = append(r.set.flaws, flaw{
			attribute: attribute,
			detail:    fmt.Sprintf("The provider attribute %s is invalid: %s. Use an absolute path.", attribute, err),
		})
		return ""
	}
	return abs
}

func (r *settingsReader) readOrganization(m providerModel) {
	r.set.organization = r.text("organization", m.Organization)
	if !m.Organization.IsNull() {
		return
	}
	r.set.organization = r.variable("FLY_ORG", "organization", organizationComplaint)
}

func (r *settingsReader) readSources(m providerModel) {
	names := sourceNames()
	if !m.Sources.IsNull() && r.known("sources", m.Sources) {
		var values []types.String
		r.diags.Append(m.Sources.ElementsAs(r.ctx, &values, false)...)
		names = make([]string, len(values))
		r.set.sourcesSet = true
		for i, v := range values {
			if !r.known("sources", v) {
				return
			}
			names[i] = v.ValueString()
		}
	}
	for _, name := range names {
		r.set.sources = append(r.set.sources, token.SourceName(name))
	}
}

func (r *settingsReader) readCLI(m providerModel) {
	r.set.cli = cliSettings{timeout: defaultCLITimeout, maxParallel: defaultMaxParallel}
	var cli cliModel
	if !r.object("cli", m.CLI, &cli) {
		return
	}
	r.set.cli.path = r.text("cli.path", cli.Path)
	if strings.ContainsAny(r.set.cli.path, `/`+string(filepath.Separator)) {
		r.set.cli.path = r.path("cli.path", r.set.cli.path)
	}
	r.checkProgram()
	r.set.cli.timeout = r.duration("cli.timeout", cli.Timeout, defaultCLITimeout)
	r.set.cli.maxParallel = r.maxParallel("cli.max_parallel", cli.MaxParallel)
}

func (r *settingsReader) readAPI(m providerModel) {
	r.set.api = apiSettings{timeout: defaultAPITimeout, maxParallel: defaultMaxParallel}
	var api apiModel
	switch {
	case r.object("api", m.API, &api):
		r.set.api.timeout = r.duration("api.timeout", api.Timeout, defaultAPITimeout)
		r.set.api.maxParallel = r.maxParallel("api.max_parallel", api.MaxParallel)
	case m.API.IsUnknown():
		return
	}
	if r.set.api.baseURL = r.text("api.base_url", api.BaseURL); api.BaseURL.IsNull() {
		r.set.api.baseURL = r.variable("FLY_API_BASE_URL", "api.base_url", graphqlComplaint)
	}
	if r.set.api.machinesBaseURL = r.text("api.machines_base_url", api.MachinesBaseURL); api.MachinesBaseURL.IsNull() {
		r.set.api.machinesBaseURL = r.variable("FLY_FLAPS_BASE_URL", "api.machines_base_url", machinesComplaint)
	}
}

// maxParallel returns the value of an attribute, or its default.
func (r *settingsReader) maxParallel(attribute string, v types.Int64) int {
	if !r.known(attribute, v) || v.IsNull() {
		return defaultMaxParallel
	}
	return int(v.ValueInt64())
}

// absolute returns p as an absolute path. A leading ~/ means the home folder.
func absolute(p, home string) (string, error) {
	if rest, ok := strings.CutPrefix(p, "~/"); ok {
		switch {
		case home == "":
			return "", fmt.Errorf("the path %q starts with ~/, and the environment names no home folder", p)
		case !filepath.IsAbs(home):
			return "", fmt.Errorf("the path %q starts with ~/, and the environment's home folder is not an absolute path", p)
		}
		p = filepath.Join(home, rest)
	}
	abs, err := filepath.Abs(p)
	if err != nil {
		return "", fmt.Errorf("the path %q cannot be made absolute: %w", p, err)
	}
	return abs, nil
}
