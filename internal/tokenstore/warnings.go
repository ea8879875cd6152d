package tokenstore

import (
	"maps"
	"slices"

	"github.com/flytokens/terraform-provider-fly/internal/token"
)

// TakeWarnings returns what users should know about storage and have not been
// told with a token: a record that was set aside, a mode that was repaired, locks
// that cannot be had. Each is returned once, sorted by app. They travel apart
// from the errors because the chain goes on after a miss, and forgets it when
// another link has a token.
func (s *Store) TakeWarnings() []token.Warning {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []token.Warning
	for _, app := range slices.Sorted(maps.Keys(s.warnings)) {
		all = append(all, s.warnings[app]...)
	}
	clear(s.warnings)
	return all
}

// takeWarnings is [Store.TakeWarnings] for one app.
func (s *Store) takeWarnings(app string) []token.Warning {
	s.mu.Lock()
	defer s.mu.Unlock()
	ws := s.warnings[app]
	delete(s.warnings, app)
	return ws
}

// warn keeps a warning until somebody can tell the user. Met twice, it is kept
// once.
func (s *Store) warn(app, summary, detail string) {
	w := token.Warning{Summary: summary, Detail: detail}
	s.mu.Lock()
	defer s.mu.Unlock()
	if !slices.Contains(s.warnings[app], w) {
		s.warnings[app] = append(s.warnings[app], w)
	}
}
