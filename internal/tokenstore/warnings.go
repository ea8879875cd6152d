package tokenstore

import (
	"maps"
	"slices"

	"github.com/flytokens/terraform-provider-fly/internal/token"
)

// TakeWarnings returns what users should know about storage and no token carried:
// a document that was set aside, a mode that was repaired, locks that do not
// exist. Each is returned once, sorted by app. They are separate from the errors
// because the chain goes on after a miss, and drops it when another link has a
// token.
func (s *Store) TakeWarnings() []token.Warning {
	all := s.backend.Warnings()
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, app := range slices.Sorted(maps.Keys(s.warnings)) {
		all = append(all, s.warnings[app]...)
	}
	clear(s.warnings)
	return all
}

// takeWarnings is [Store.TakeWarnings] for one app and for storage as a whole.
func (s *Store) takeWarnings(app string) []token.Warning {
	ws := s.backend.Warnings()
	s.mu.Lock()
	defer s.mu.Unlock()
	ws = append(ws, s.warnings[app]...)
	delete(s.warnings, app)
	return ws
}

// warn keeps a warning until it can be shown to the user, once.
func (s *Store) warn(app, summary, detail string) {
	w := token.Warning{Summary: summary, Detail: detail}
	s.mu.Lock()
	defer s.mu.Unlock()
	if !slices.Contains(s.warnings[app], w) {
		s.warnings[app] = append(s.warnings[app], w)
	}
}

// keep puts warnings back that could not be shown.
func (s *Store) keep(app string, ws []token.Warning) {
	for _, w := range ws {
		s.warn(app, w.Summary, w.Detail)
	}
}
