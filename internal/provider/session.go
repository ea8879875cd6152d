package provider

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/action"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/ephemeral"
	"github.com/hashicorp/terraform-plugin-framework/resource"

	"github.com/flytokens/terraform-provider-fly/internal/mint"
	"github.com/flytokens/terraform-provider-fly/internal/token"
	"github.com/flytokens/terraform-provider-fly/internal/tokenstore"
)

// session is the result of one Configure, shared by everything that the
// provider offers: the settings, a resolver, and the shown warnings.
type session struct {
	settings settings
	resolver *token.Resolver
	// chain holds the parts of the resolver's sources.
	chain *chain
	// minter is nil if an address of Fly's APIs is invalid.
	minter *mint.Minter
	// store is nil without storage.
	store *tokenstore.Store
	// now returns the time, to decide when managed tokens are rotated.
	now func() time.Time
	// start is the engine's state before this run wrote it.
	start engineState

	mu   sync.Mutex
	said map[token.Warning]bool // by key, if it has one
	// claims holds the apps whose manual record was taken over by a resource
	// that was created in this run.
	claims map[string]bool
}

// newSession wires the sources and starts a run.
func newSession(set settings, version string, within *mint.Process, observer *watch) *session {
	c := newChain(set, version, within, observer)
	return &session{
		settings: c.settings,
		resolver: c.resolver(),
		chain:    c,
		minter:   c.minter,
		store:    c.store,
		now:      set.environment.now,
		start:    set.environment.engineState(),
		said:     make(map[token.Warning]bool),
		claims:   make(map[string]bool),
	}
}

// flaws returns an error for each flaw of the provider configuration that
// affects an operation. The operation does not need the named attributes.
func (s *session) flaws(overridden ...string) diag.Diagnostics {
	return s.blocked(func(attribute string) bool { return !slices.Contains(overridden, attribute) })
}

// storageFlaws is [session.flaws] for an operation that needs only storage.
func (s *session) storageFlaws() diag.Diagnostics {
	return s.blocked(func(attribute string) bool { return attribute == "storage" || strings.HasPrefix(attribute, "storage.") })
}

// apiFlaws is [session.flaws] for an operation that needs only Fly's API and a login.
func (s *session) apiFlaws() diag.Diagnostics {
	return s.blocked(func(attribute string) bool {
		return attribute == "access_token" || attribute == "config_file" || attribute == "api" || strings.HasPrefix(attribute, "api.")
	})
}

// blocked returns an error for each flaw in a needed attribute, and an error if
// there is no session.
func (s *session) blocked(needed func(attribute string) bool) diag.Diagnostics {
	var diags diag.Diagnostics
	if s == nil {
		diags.AddError("Unconfigured Provider", "The provider was asked for something before it was configured. "+alwaysABug)
		return diags
	}
	for _, o := range s.settings.flaws {
		if needed(o.attribute) {
			diags.AddError(summaryConfigure, o.detail)
		}
	}
	return diags
}

// warnings returns those that this run has not shown yet, so that one
// unwritable folder causes one warning for a hundred data sources.
func (s *session) warnings(ws []token.Warning) diag.Diagnostics {
	s.mu.Lock()
	defer s.mu.Unlock()
	var diags diag.Diagnostics
	for _, w := range ws {
		key := w
		if w.Key != "" {
			key = token.Warning{Key: w.Key}
		}
		if !s.said[key] {
			s.said[key] = true
			diags.AddWarning(w.Summary, w.Detail)
		}
	}
	return diags
}

// storeWarnings returns the warnings of storage that belong to no token, such
// as a repaired file mode.
func (s *session) storeWarnings() diag.Diagnostics {
	if s.store == nil {
		return nil
	}
	return s.warnings(s.store.TakeWarnings())
}

// alwaysABug ends the message about a state that no configuration can cause.
const alwaysABug = "This is always a bug in the provider code and should be reported to the provider developers."

// sessionFrom returns the session in a Configure request's provider data, nil
// if the provider is not configured.
func sessionFrom(data any, diags *diag.Diagnostics) *session {
	s, ok := data.(*session)
	if data != nil && !ok {
		diags.AddError("Unexpected Provider Data", fmt.Sprintf("Expected %T, got %T. ", s, data)+alwaysABug)
	}
	return s
}

// These hold the session of an action, a data source, an ephemeral resource or a
// resource.
type (
	actionSession     struct{ session *session }
	dataSourceSession struct{ session *session }
	ephemeralSession  struct{ session *session }
	resourceSession   struct{ session *session }
)

// Configure receives the provider's session.
func (a *actionSession) Configure(_ context.Context, req action.ConfigureRequest, resp *action.ConfigureResponse) {
	a.session = sessionFrom(req.ProviderData, &resp.Diagnostics)
}

// Configure receives the provider's session.
func (d *dataSourceSession) Configure(_ context.Context, req datasource.ConfigureRequest, resp *datasource.ConfigureResponse) {
	d.session = sessionFrom(req.ProviderData, &resp.Diagnostics)
}

// Configure receives the provider's session.
func (e *ephemeralSession) Configure(_ context.Context, req ephemeral.ConfigureRequest, resp *ephemeral.ConfigureResponse) {
	e.session = sessionFrom(req.ProviderData, &resp.Diagnostics)
}

// Configure receives the provider's session.
func (r *resourceSession) Configure(_ context.Context, req resource.ConfigureRequest, resp *resource.ConfigureResponse) {
	r.session = sessionFrom(req.ProviderData, &resp.Diagnostics)
}

// claim records whether a fly_manual_token that is being created takes over the
// record of app.
func (s *session) claim(app string, claimed bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.claims[app] = claimed
}

// claimed reports whether one did.
func (s *session) claimed(app string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.claims[app]
}
