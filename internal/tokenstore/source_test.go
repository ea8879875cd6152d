package tokenstore_test

import (
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/flytokens/terraform-provider-fly/internal/token"
)

func TestSourcesSayWhatIsMissing(t *testing.T) {
	t.Parallel()
	s, _ := open(t)
	sources := map[token.SourceName]struct {
		source token.Source
		want   token.MissError
	}{
		token.SourceStorage: {s.MintedSource(), token.MissError{Reason: "nothing stored for this request"}},
		token.SourceManual: {s.ManualSource(), token.MissError{
			Reason: `no manual token is set for app "web"`,
			Fix:    "set one with a fly_manual_token resource",
		}},
	}
	for name, want := range sources {
		t.Run(string(name), func(t *testing.T) {
			t.Parallel()
			if got := want.source.Name(); got != name {
				t.Errorf("Name() = %q", got)
			}
			if got := want.source.Timeout(); got <= 0 {
				t.Errorf("Timeout() = %s", got)
			}
			_, err := want.source.Acquire(t.Context(), web)
			var miss *token.MissError
			if !errors.As(err, &miss) || miss.Reason != want.want.Reason || miss.Fix != want.want.Fix {
				t.Errorf("Acquire() error = %v, want %v", err, &want.want)
			}
			if !errors.Is(err, token.ErrNoRecord) || errors.Is(err, token.ErrStop) {
				t.Errorf("Acquire() error %v does not wrap ErrNoRecord alone", err)
			}
		})
	}
}

func TestSourcesHandOutWhatIsStored(t *testing.T) {
	t.Parallel()
	s, _ := open(t)
	stored, set := save(t, s, web), set(t, s, "web")
	latest, err := s.Sequence(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for want, source := range map[*token.Candidate]token.Source{
		{Record: stored, Minted: true, Sequence: latest}: s.MintedSource(),
		{Record: set}: s.ManualSource(),
	} {
		got, err := source.Acquire(t.Context(), web)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(*want, got, sameToken); diff != "" {
			t.Errorf("%s (-want +got):\n%s", source.Name(), diff)
		}
	}
}

// An expired manual token is the resolver's to judge, which can say so.
func TestManualSourceHandsOutAnExpiredToken(t *testing.T) {
	t.Parallel()
	s, _ := open(t)
	rec := manual(t)
	rec.ExpiresAt = time.Now().UTC().Round(0).Add(-time.Hour)
	if err := s.SetManual(t.Context(), "web", rec); err != nil {
		t.Fatal(err)
	}
	got, err := s.ManualSource().Acquire(t.Context(), web)
	if err != nil || got.Token != rec.Token {
		t.Errorf("Acquire() = %v, %v, want the token", got.Token, err)
	}
}

func TestDamagedMintedRecordIsSetAside(t *testing.T) {
	t.Parallel()
	for name, fault := range damage() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, root := open(t)
			save(t, s, web)
			path := mintedPath(t, root, "web")
			fault.do(t, path)
			before := read(t, path)
			_, err := s.MintedSource().Acquire(t.Context(), web)
			if err == nil || errors.Is(err, token.ErrStop) || !strings.Contains(err.Error(), fault.want) {
				t.Errorf("Acquire() error = %v, want a miss with %q", err, fault.want)
			}
			aside := mintedPath(t, root, "web")
			if !strings.HasPrefix(aside, path+".bad-") || read(t, aside) != before {
				t.Errorf("the record is now %s", aside)
			}
			warnings := s.TakeWarnings()
			if len(warnings) != 1 || !strings.Contains(warnings[0].Detail, fault.want) {
				t.Errorf("warnings: %v, want one with %q", warnings, fault.want)
			}
			if again := s.TakeWarnings(); again != nil {
				t.Errorf("warned again: %v", again)
			}
			wantMinted(t, s, web, save(t, s, web))
		})
	}
}

func TestRecordsSetAsideAreFewAndGoWithTheApp(t *testing.T) {
	t.Parallel()
	s, root := open(t)
	for range 6 {
		save(t, s, web)
		write(t, minted0(t, root), "{")
		if _, _, err := s.Minted(t.Context(), web); err == nil {
			t.Fatal("a damaged record was read")
		}
	}
	if kept := names(t, root, "web", "minted-"); len(kept) != 3 {
		t.Errorf("kept: %q, want 3", kept)
	}
	if err := s.Invalidate(t.Context(), "web"); err != nil {
		t.Fatal(err)
	}
	if kept := names(t, root, "web", "minted-"); kept != nil {
		t.Errorf("kept after the invalidation: %q", kept)
	}
}

// minted0 returns the record in use, beside those that were set aside.
func minted0(t *testing.T, root string) string {
	t.Helper()
	for _, name := range names(t, root, "web", "minted-") {
		if strings.HasSuffix(name, ".json") {
			return appFolder(root, "web") + string(os.PathSeparator) + name
		}
	}
	t.Fatal("no minted record")
	return ""
}

func TestMintedOfANewerSchemaIsLeftAlone(t *testing.T) {
	t.Parallel()
	s, root := open(t)
	save(t, s, web)
	path := mintedPath(t, root, "web")
	edit(t, path, map[string]any{"schema": 7})
	before := read(t, path)
	_, err := s.MintedSource().Acquire(t.Context(), web)
	const want = "a newer version of this provider wrote it: schema 7, where this version knows 1: upgrade the provider, or give storage another path"
	if err == nil || errors.Is(err, token.ErrStop) || !strings.HasSuffix(err.Error(), want) {
		t.Errorf("Acquire() error = %v, want a miss that ends with %q", err, want)
	}
	gen, err := s.Generation(t.Context(), "web")
	if err != nil {
		t.Fatal(err)
	}
	if err := s.SaveMinted(t.Context(), web, minted(t), gen); err == nil || !strings.Contains(err.Error(), "newer version") {
		t.Errorf("SaveMinted() error = %v, want a refusal", err)
	}
	if read(t, path) != before {
		t.Error("the file was changed")
	}
	// To invalidate is to invalidate what newer versions minted, too.
	if err := s.Invalidate(t.Context(), "web"); err != nil {
		t.Fatal(err)
	}
	wantMinted(t, s, web, save(t, s, web))
}
