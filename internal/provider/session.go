package provider

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/flytokens/terraform-provider-fly/internal/mint"
	"github.com/flytokens/terraform-provider-fly/internal/token"
	"github.com/flytokens/terraform-provider-fly/internal/tokenstore"
)

// session is what one Configure hands to everything the provider offers: the
// settings, a resolver, and which warnings were shown.
type session struct {
	settings settings
	resolver *token.Resolver
	// chain is what the resolver's links are wired from.
	chain *chain
	// minter is nil where an address of Fly's APIs cannot be used.
	minter *mint.Minter
	// store is nil where there is no place for storage.
	store *tokenstore.Store
	// now tells the time by which managed tokens are rotated.
	now func() time.Time

	mu   sync.Mutex
	said map[token.Warning]bool // by key, if it has one
	// claims holds the apps whose manual record a resource that was created in
	// this run took over.
	claims map[string]bool
}

// newSession wires the chain and starts a run over it.
func newSession(set settings, version string, within *mint.Process, observer *watch) *session {
	c := newChain(set, version, within, observer)
	return &session{
		settings: c.settings,
		resolver: c.resolver(),
		chain:    c,
		minter:   c.minter,
		store:    c.store,
		now:      set.environment.now,
		said:     make(map[token.Warning]bool),
		claims:   make(map[string]bool),
	}
}

// flaws returns an error for each flaw of the provider configuration that
// stands in the way of an operation that does without the attributes named.
func (s *session) flaws(overridden ...string) diag.Diagnostics {
	return s.blocked(func(attribute string) bool { return !slices.Contains(overridden, attribute) })
}

// storageFlaws is [session.flaws] for an operation that needs nothing
// but storage.
func (s *session) storageFlaws() diag.Diagnostics {
	return s.blocked(func(attribute string) bool { return attribute == "storage" || strings.HasPrefix(attribute, "storage.") })
}

// apiFlaws is [session.flaws] for an operation that needs only Fly's API and a login.
func (s *session) apiFlaws() diag.Diagnostics {
	return s.blocked(func(attribute string) bool {
		return attribute == "access_token" || attribute == "config_file" || attribute == "api" || strings.HasPrefix(attribute, "api.")
	})
}

// blocked returns an error for each flaw in an attribute that is needed, and
// one where there is no session at all.
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

// warnings returns those that this run has not told yet: a hundred data sources
// that meet one unwritable folder need one warning.
func (s *session) warnings(ws []token.Warning) diag.Diagnostics {
	s.mu.Lock()
	defer s.mu.Unlock()
	var diags diag.Diagnostics
	for _, w := range ws {
		key := s.settings.storage.warningKey(w)
		if !s.said[key] {
			s.said[key] = true
			diags.AddWarning(w.Summary, w.Detail)
		}
	}
	return diags
}

// storeWarnings returns what storage has to say and no token carried: a record
// that was set aside, a file mode that was repaired.
func (s *session) storeWarnings() diag.Diagnostics {
	if s.store == nil {
		return nil
	}
	return s.warnings(s.store.TakeWarnings())
}

// alwaysABug ends the message about a state that no configuration can bring
// about.
const alwaysABug = "This is always a bug in the provider code and should be reported to the provider developers."

// sessionFrom returns the session in a Configure request's provider data, nil
// while the provider is not configured.
func sessionFrom(data any) (*session, diag.Diagnostics) {
	var diags diag.Diagnostics
	if data == nil {
		return nil, diags
	}
	s, ok := data.(*session)
	if !ok {
		diags.AddError("Unexpected Provider Data",
			fmt.Sprintf("Expected %T, got %T. ", s, data)+alwaysABug)
	}
	return s, diags
}

// claim notes whether a fly_manual_token that is being created takes the record
// of app over.
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
