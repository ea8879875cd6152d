package tokenstore

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"path/filepath"

	"github.com/flytokens/terraform-provider-fly/internal/token"
)

const (
	manualFile     = "manual.json"
	generationFile = "generation"
	lockFile       = "lock"

	appPrefix    = "app-"
	mintedPrefix = "minted-"
	missesPrefix = "misses-"
	tempPrefix   = ".tmp-"
	// badMark stands between a record's name and the time it was set aside.
	badMark = ".bad-"
)

// apps returns the folder that holds those of the apps. It and what lies below
// is ours; the one above is the user's, whose mode is not ours to change.
func (s *Store) apps() string { return filepath.Join(s.root, "apps") }

// runs returns the folder of what processes tell each other while they run. It
// holds nothing that a crash could take from anybody, and is never synced.
func (s *Store) runs() string { return filepath.Join(s.root, "runs") }

// folder returns an app's folder. The prefix keeps it from being one of the
// names that Windows reserves, such as con; an app's name is lower-case already.
func (s *Store) folder(app string) string { return filepath.Join(s.apps(), appPrefix+app) }

func (s *Store) manualPath(app string) string { return filepath.Join(s.folder(app), manualFile) }

func (s *Store) mintedPath(is identity) string {
	return filepath.Join(s.folder(is.app), mintedPrefix+is.key+".json")
}

// minted identifies the record for a request. The key is a hash: it is safe as
// a file name whatever it is made of, and a JSON array leaves no two lists of
// parts alike.
func (s *Store) minted(req token.Request) identity {
	parts := []any{schemaVersion, s.scope.APIBaseURL, req.App, req.Access, req.Organization, s.scope.Login}
	// A list of strings and a number always marshals.
	text, _ := json.Marshal(parts)
	sum := sha256.Sum256(text)
	return identity{app: req.App, key: hex.EncodeToString(sum[:16])}
}
