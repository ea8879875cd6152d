package tokenstore

import (
	"errors"

	"github.com/flytokens/terraform-provider-fly/internal/token"
)

// ErrNewerSchema is wrapped by the errors about a document that a newer version of
// the provider wrote: it is neither read nor replaced.
var ErrNewerSchema = errors.New("a newer version of this provider wrote it")

// errMalformed is wrapped by every error about the content of a document.
var errMalformed = errors.New("it is damaged")

// stopError is an error about a manual record that may exist. It stops the
// resolution, because a token from a different source would not be the one that
// the user set.
type stopError struct{ error }

// Unwrap returns the cause and [token.ErrStop].
func (e *stopError) Unwrap() []error { return []error{e.error, token.ErrStop} }

// contentError describes the fault in a document's content.
func (s *Store) contentError(op string, doc Doc, err error) error {
	fix := "remove it"
	switch {
	case errors.Is(err, ErrNewerSchema):
		fix = "upgrade the provider, or use a different storage"
	case doc.Kind == KindManual:
		fix = "restore it, or remove it and set the token again"
	}
	return &Error{Op: op, Where: s.backend.Locate(doc), Err: err, Fix: fix}
}
