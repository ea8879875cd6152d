package tokenstore

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/flytokens/terraform-provider-fly/internal/token"
)

// MintedRecords returns what [Store.Invalidate] would remove: the app's minted
// records, for every access and organization and of every scope, in the order of
// their names. Those whose tokens have expired are left out; those of a
// generation that has ended are not, since their tokens are still good. The
// error joins a [*ReadError] for each record that cannot be read; the others are
// returned beside it.
func (s *Store) MintedRecords(ctx context.Context, app string) ([]token.Record, error) {
	if err := ready(ctx, app); err != nil {
		return nil, err
	}
	folder := s.folder(app)
	entries, err := os.ReadDir(folder)
	if absent(err) {
		return nil, nil
	}
	if err != nil {
		return nil, &ReadError{Path: folder, Err: bare(err)}
	}
	var (
		records []token.Record
		failed  []error
	)
	for _, entry := range entries {
		name, isMinted := strings.CutPrefix(entry.Name(), mintedPrefix)
		key, isRecord := strings.CutSuffix(name, ".json")
		if !isMinted || !isRecord {
			continue
		}
		rec, err := s.listed(identity{app: app, key: key}, filepath.Join(folder, entry.Name()))
		switch {
		case errors.Is(err, token.ErrNoRecord): // gone meanwhile
		case err != nil:
			failed = append(failed, err)
		case rec.ExpiresAt.IsZero() || time.Now().Before(rec.ExpiresAt):
			records = append(records, rec)
		}
	}
	return records, errors.Join(failed...)
}

// listed reads one record, whether it is good for use or not.
func (s *Store) listed(is identity, path string) (token.Record, error) {
	data, err := s.readFile(is.app, path)
	if err != nil {
		return token.Record{}, err
	}
	c, err := decode(data, is)
	if err != nil {
		return token.Record{}, &ReadError{Path: path, Err: err}
	}
	return c.record, nil
}
