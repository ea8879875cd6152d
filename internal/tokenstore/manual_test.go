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

func TestCreateManualAdoptsAndRefuses(t *testing.T) {
	t.Parallel()
	s, root := open(t)
	ctx := t.Context()
	first := manual(t)
	kept, err := s.CreateManual(ctx, "web", first)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(first, kept, sameToken); diff != "" {
		t.Errorf("CreateManual() (-want +got):\n%s", diff)
	}
	again := first
	again.AcquiredAt = first.AcquiredAt.Add(time.Hour)
	kept, err = s.CreateManual(ctx, "web", again)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(first, kept, sameToken); diff != "" {
		t.Errorf("adoption (-want +got):\n%s", diff)
	}
	before := read(t, manualPath(root))
	if _, err = s.CreateManual(ctx, "web", manual(t)); !errors.Is(err, token.ErrManualExists) {
		t.Errorf("CreateManual() error = %v, want ErrManualExists", err)
	}
	if read(t, manualPath(root)) != before {
		t.Error("the refused token changed the record")
	}
}

func TestDeleteManualComparesFingerprints(t *testing.T) {
	t.Parallel()
	s, _ := open(t)
	ctx := t.Context()
	rec := set(t, s, "web")
	keep := save(t, s, web)
	if err := s.DeleteManual(ctx, "web", newToken(t).Fingerprint()); !errors.Is(err, token.ErrManualChanged) {
		t.Errorf("DeleteManual() error = %v, want ErrManualChanged", err)
	}
	wantManual(t, s, "web", rec)
	if err := s.DeleteManual(ctx, "web", rec.Token.Fingerprint()); err != nil {
		t.Fatal(err)
	}
	if err := s.DeleteManual(ctx, "web", rec.Token.Fingerprint()); !errors.Is(err, token.ErrNoRecord) {
		t.Errorf("DeleteManual() again: error = %v, want ErrNoRecord", err)
	}
	wantMinted(t, s, web, keep)
}

func TestSetManualReplaces(t *testing.T) {
	t.Parallel()
	s, root := open(t)
	set(t, s, "web")
	wantManual(t, s, "web", set(t, s, "web"))
	// An expired token is still the record: the resolver judges it.
	old := manual(t)
	old.ExpiresAt = time.Now().UTC().Round(0).Add(-time.Hour)
	if err := s.SetManual(t.Context(), "web", old); err != nil {
		t.Fatal(err)
	}
	wantManual(t, s, "web", old)
	if err := s.SetManual(t.Context(), "web", token.Record{}); err == nil {
		t.Error("a record without a token was accepted")
	}
	wantManual(t, s, "web", old)
	if temps := names(t, root, "web", ".tmp-"); temps != nil {
		t.Errorf("left: %q", temps)
	}
}

// damage is what may stand where a record should be.
func damage() map[string]struct {
	do   func(t *testing.T, path string)
	want string
} {
	text := func(s string) func(*testing.T, string) {
		return func(t *testing.T, path string) { t.Helper(); write(t, path, s) }
	}
	change := func(name string, value any) func(*testing.T, string) {
		return func(t *testing.T, path string) { t.Helper(); edit(t, path, map[string]any{name: value}) }
	}
	return map[string]struct {
		do   func(t *testing.T, path string)
		want string
	}{
		"empty":         {text(""), "its 0 bytes are not one JSON object"},
		"zeros":         {text(strings.Repeat("\x00", 512)), "its 512 bytes are not one JSON object"},
		"null":          {text("null"), "not one JSON object"},
		"two objects":   {text(`{"schema":1}{"schema":1}`), "not one JSON object"},
		"too long":      {text(strings.Repeat(" ", 4<<20+1)), "it is longer than 4194304 bytes"},
		"no schema":     {change("schema", nil), "it has no schema version"},
		"schema a text": {change("schema", "1"), `its "schema" is of the wrong type`},
		"another app":   {change("app", "other"), "about another app or request than its name says"},
		"another key":   {change("key", "00"), "about another app or request than its name says"},
		"no token":      {change("token", nil), "not a Fly token: it is empty"},
		"token cut off": {change("token", "fm2_AAA"), "not whole base64: it may have been cut off when it was pasted"},
		"token a list":  {change("token", []string{"fm2_AAAA"}), `its "token" is of the wrong type`},
		"no origin":     {change("origin", nil), "its origin is missing or no name"},
		"origin a text": {change("origin", "cli\nx"), "its origin is missing or no name"},
		"no time":       {change("acquired_at", "yesterday"), `its "acquired_at" is of the wrong type`},
		"truncated": {func(t *testing.T, path string) {
			t.Helper()
			text := read(t, path)
			write(t, path, text[:len(text)/2])
		}, "not one JSON object"},
	}
}

func TestUnreadableManualStopsTheChainAndStays(t *testing.T) {
	t.Parallel()
	for name, fault := range damage() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, root := open(t)
			rec := set(t, s, "web")
			path := manualPath(root)
			fault.do(t, path)
			before := read(t, path)
			errs := map[string]error{}
			_, errs["Manual"] = s.Manual(t.Context(), "web")
			_, errs["Acquire"] = s.ManualSource().Acquire(t.Context(), web)
			_, errs["CreateManual"] = s.CreateManual(t.Context(), "web", rec)
			errs["SetManual"] = s.SetManual(t.Context(), "web", rec)
			errs["DeleteManual"] = s.DeleteManual(t.Context(), "web", rec.Token.Fingerprint())
			want := fault.want + ": restore the file, or remove it and set the token again"
			for call, err := range errs {
				if !errors.Is(err, token.ErrStop) || !strings.Contains(err.Error(), path) || !strings.HasSuffix(err.Error(), want) {
					t.Errorf("%s() error = %v\nwant one that stops the chain, names %s and ends with %q", call, err, path, want)
				}
			}
			if read(t, path) != before {
				t.Error("the file was changed")
			}
		})
	}
}

func TestManualOfANewerSchemaIsLeftAlone(t *testing.T) {
	t.Parallel()
	s, root := open(t)
	rec := set(t, s, "web")
	path := manualPath(root)
	edit(t, path, map[string]any{"schema": 2, "token": nil, "sealed": "x"})
	before := read(t, path)
	_, err := s.Manual(t.Context(), "web")
	want := "read " + path + ": a newer version of this provider wrote it: schema 2, where this version knows 1: upgrade the provider, or give storage another path"
	if !errors.Is(err, token.ErrStop) || err.Error() != want {
		t.Errorf("Manual() error = %v\nwant %s", err, want)
	}
	if err := s.SetManual(t.Context(), "web", rec); !errors.Is(err, token.ErrStop) {
		t.Errorf("SetManual() error = %v, want ErrStop", err)
	}
	if read(t, path) != before {
		t.Error("the file was changed")
	}
}

func TestUnknownFieldsSurviveARewrite(t *testing.T) {
	t.Parallel()
	s, root := open(t)
	const big = `12345678901234567890123456789`
	set(t, s, "web")
	save(t, s, web)
	for _, path := range []string{manualPath(root), mintedPath(t, root, "web")} {
		text := strings.TrimSpace(read(t, path))
		write(t, path, strings.TrimSuffix(text, "}")+`,"Token":{"note":"kept"},"big":`+big+`}`)
	}
	wantManual(t, s, "web", set(t, s, "web"))
	wantMinted(t, s, web, save(t, s, web))
	for _, path := range []string{manualPath(root), mintedPath(t, root, "web")} {
		if got := field(t, path, "big"); got != big {
			t.Errorf("%s: big = %q", path, got)
		}
		if got := strings.Join(strings.Fields(field(t, path, "Token")), ""); got != `{"note":"kept"}` {
			t.Errorf("%s: Token = %q", path, got)
		}
	}
	rec, err := s.Manual(t.Context(), "web")
	if err != nil {
		t.Fatal(err)
	}
	if err := s.DeleteManual(t.Context(), "web", rec.Token.Fingerprint()); err != nil {
		t.Fatal(err)
	}
	set(t, s, "web")
	if got := field(t, manualPath(root), "big"); got != "" {
		t.Errorf("a new record inherited big = %q from one that was deleted", got)
	}
}

func TestFolderInPlaceOfARecordIsRefused(t *testing.T) {
	t.Parallel()
	s, root := open(t)
	save(t, s, web)
	minted := mintedPath(t, root, "web")
	for _, path := range []string{manualPath(root), minted} {
		if err := os.RemoveAll(path); err != nil {
			t.Fatal(err)
		}
		if err := os.Mkdir(path, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	const want = "refused: it is a folder, not a file: remove it"
	_, err := s.Manual(t.Context(), "web")
	if !errors.Is(err, token.ErrStop) || !strings.HasSuffix(err.Error(), want) {
		t.Errorf("Manual() error = %v, want one that stops and ends with %q", err, want)
	}
	if err := s.SetManual(t.Context(), "web", manual(t)); !errors.Is(err, token.ErrStop) {
		t.Errorf("SetManual() error = %v, want ErrStop", err)
	}
	_, _, err = s.Minted(t.Context(), web)
	if err == nil || errors.Is(err, token.ErrNoRecord) || !strings.HasSuffix(err.Error(), want) {
		t.Errorf("Minted() error = %v, want one that ends with %q", err, want)
	}
}

// A macaroon may be good until a year that JSON's times cannot name.
func TestTimesBeyondJSONAreKeptWithin(t *testing.T) {
	t.Parallel()
	s, _ := open(t)
	rec := manual(t)
	for want, at := range map[time.Time]time.Time{
		time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC): time.Unix(1<<50, 0),
		time.Unix(0, 0).UTC():                            time.Unix(-1<<50, 0),
	} {
		rec.ExpiresAt = at
		if err := s.SetManual(t.Context(), "web", rec); err != nil {
			t.Fatal(err)
		}
		kept := rec
		kept.ExpiresAt = want
		wantManual(t, s, "web", kept)
	}
}
