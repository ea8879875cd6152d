package tokenstore_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/flytokens/terraform-provider-fly/internal/token"
	"github.com/flytokens/terraform-provider-fly/internal/tokenstore"
)

// fingerprints lists those of records, sorted.
func fingerprints(records ...token.Record) []string {
	var all []string
	for _, r := range records {
		all = append(all, r.Token.Fingerprint())
	}
	slices.Sort(all)
	return all
}

func TestMintedRecordsAreThoseOfTheApp(t *testing.T) {
	t.Parallel()
	s, root := open(t)
	if got, err := s.MintedRecords(t.Context(), "web"); err != nil || len(got) != 0 {
		t.Fatalf("of an app without records: %v, %v", got, err)
	}
	other := tokenstore.Open(root, tokenstore.Scope{APIBaseURL: "http://127.0.0.1:1", Login: "0011223344556677"})
	want := fingerprints(
		save(t, s, web),
		save(t, s, token.Request{App: "web", Access: token.AccessDeploy, Organization: "acme"}),
		save(t, other, web),
	)
	save(t, s, token.Request{App: "worker"})
	if err := s.SetManual(t.Context(), "web", manual(t)); err != nil {
		t.Fatal(err)
	}
	gen, err := s.Generation(t.Context(), "web")
	if err != nil {
		t.Fatal(err)
	}
	gone := minted(t)
	gone.ExpiresAt = time.Now().Add(-time.Minute)
	if err := s.SaveMinted(t.Context(), token.Request{App: "web", Organization: "gone"}, gone, gen); err != nil {
		t.Fatal(err)
	}
	got, err := s.MintedRecords(t.Context(), "web")
	if err != nil || !slices.Equal(fingerprints(got...), want) {
		t.Errorf("MintedRecords() = %v, %v, want %v", fingerprints(got...), err, want)
	}
	if len(got) > 0 && got[0].ID != "id-1" {
		t.Errorf("the identifier is %q", got[0].ID)
	}
}

// A record that cannot be read is named, and hides no other.
func TestMintedRecordsNameWhatCannotBeRead(t *testing.T) {
	t.Parallel()
	s, root := open(t)
	want := fingerprints(save(t, s, web))
	torn := filepath.Join(root, "apps", "app-web", "minted-00112233445566778899aabbccddeeff.json")
	if err := os.WriteFile(torn, []byte(`{"schema": 1, "token": "fm2_`), 0o600); err != nil {
		t.Fatal(err)
	}
	got, err := s.MintedRecords(t.Context(), "web")
	if err == nil || !strings.Contains(err.Error(), torn) || !slices.Equal(fingerprints(got...), want) {
		t.Errorf("MintedRecords() = %v, %v, want %v and an error that names %s", fingerprints(got...), err, want, torn)
	}
	if _, err := s.MintedRecords(t.Context(), "../web"); err == nil {
		t.Error("a path passed for an app")
	}
}
