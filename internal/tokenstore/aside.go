package tokenstore

import (
	"context"
	"fmt"

	"github.com/flytokens/terraform-provider-fly/internal/token"
)

// maxAside is how many damaged documents are kept for each app.
const maxAside = 3

// asideDoc returns the n-th document for damaged state documents. The first
// holds the latest.
func asideDoc(app string, n int) Doc {
	return Doc{app, Kind(fmt.Sprintf("%s-damaged-%d", KindState, n))}
}

// setAside keeps a damaged document for inspection, with a warning. If it
// cannot be kept, it is replaced anyway, because its tokens can be acquired
// again.
func (s *Store) setAside(ctx context.Context, app string, data []byte, begun *state) {
	first := asideDoc(app, 1)
	what := "It was set aside as " + s.backend.Locate(first)
	kept, err := s.shift(ctx, app, data)
	if err != nil {
		what = "It could not be set aside (" + err.Error() + ")"
	}
	begun.aside = kept
	s.warn(app, "Stored Fly App Tokens Are Damaged", fmt.Sprintf(
		"The stored tokens for %s in %s cannot be read: %s. %s, and new tokens are acquired. Its notes about tokens that a killed run left at Fly are lost. `fly tokens list` shows these tokens. "+
			"Deploy tokens with token_in_state = false are lost too. The next plan rotates them.",
		token.At(app).Subject(), s.backend.Locate(Doc{app, KindState}), begun.damage, what))
}

// shift makes data the latest of the documents set aside, and drops the oldest.
// It returns their maximum number.
func (s *Store) shift(ctx context.Context, app string, data []byte) (int, error) {
	for n := 1; n <= maxAside; n++ {
		doc := asideDoc(app, n)
		old, err := s.backend.Load(ctx, doc)
		if err == nil {
			_, err = s.backend.Swap(ctx, doc, data, old.Version)
		}
		if err != nil || old.Data == nil {
			return n, err
		}
		data = old.Data
	}
	return maxAside, nil
}

// removeAside removes the documents that were set aside.
func (s *Store) removeAside(ctx context.Context, app string) error {
	for n := 1; n <= maxAside; n++ {
		doc := asideDoc(app, n)
		_, err := s.change(ctx, nil, edit{doc, func(_ context.Context, old Document) ([]byte, bool, error) {
			return nil, old.Data != nil, nil
		}})
		if err != nil {
			return err
		}
	}
	return nil
}
