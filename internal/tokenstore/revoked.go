package tokenstore

import (
	"context"
	"encoding/json"
	"maps"

	"github.com/flytokens/terraform-provider-fly/internal/token"
)

// RemoveRecords removes the app's minted records that match, whichever request they
// are for, and returns their number. The manual record stays.
func (s *Store) RemoveRecords(ctx context.Context, app string, match func(token.Record) bool) (removed int, err error) {
	if err := ready(ctx, app); err != nil {
		return 0, err
	}
	_, err = s.changeState(ctx, app, nil, func(st *state) (bool, error) {
		before := len(st.records)
		maps.DeleteFunc(st.records, func(_ string, raw json.RawMessage) bool {
			rec, _, err := decodeRecord(raw)
			return err == nil && match(rec)
		})
		removed = before - len(st.records)
		return removed > 0, nil
	})
	return removed, err
}
