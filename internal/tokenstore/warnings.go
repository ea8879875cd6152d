package tokenstore

import (
	"maps"
	"slices"

	"github.com/flytokens/terraform-provider-fly/internal/token"
)

// TakeWarnings returns warnings for users about storage: a document that was
// set aside, a repaired mode, missing locks. Each is returned once, sorted by
// app. They are separate from errors, because a miss is dropped when a later
// source has a token.
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

// warn keeps a warning until it can be shown to the user, once.
func (s *Store) warn(app, summary, detail string) {
	w := token.Warning{Summary: summary, Detail: detail}
	s.mu.Lock()
	defer s.mu.Unlock()
	if !slices.Contains(s.warnings[app], w) {
		s.warnings[app] = append(s.warnings[app], w)
	}
}
