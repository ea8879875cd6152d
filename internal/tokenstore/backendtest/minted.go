package backendtest

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/flytokens/terraform-provider-fly/internal/token"
	"github.com/flytokens/terraform-provider-fly/internal/tokenstore"
)

func mintedRecords(t *testing.T, s Suite) {
	place := s.Place(t)
	a, b := s.store(t, place), s.store(t, place)
	// A clock that counts seconds cannot order two calls within one.
	before, _, err := s.backend(t, place).Now(t.Context())
	ok(t, err)
	first := save(t, a, web)
	stored := load(t, b, web)
	wantRecord(t, stored.Record, first)
	second := save(t, b, web)
	again := load(t, a, web)
	wantRecord(t, again.Record, second)
	if again.Sequence <= stored.Sequence || before > again.Sequence {
		t.Errorf("sequences %d, %d, %d do not rise", before, stored.Sequence, again.Sequence)
	}
	ok(t, a.Remove(t.Context(), web, first.Token.Fingerprint()))
	wantStored(t, b, web, second)
	ok(t, a.Remove(t.Context(), web, second.Token.Fingerprint()))
	wantStored(t, b, web, token.Record{})

	ended := record()
	ended.ExpiresAt = time.Now().Add(-time.Minute)
	ok(t, a.Save(t.Context(), web, ended, 0))
	wantStored(t, b, web, token.Record{})
}

func scopes(t *testing.T, s Suite) {
	place := s.Place(t)
	kept := map[token.Request]token.Record{}
	st := s.store(t, place)
	for _, req := range []token.Request{web, {App: "web", Access: token.AccessDeploy}, {App: "web", Organization: "acme"}, {App: "web2"}} {
		kept[req] = save(t, st, req)
	}
	for req, want := range kept {
		wantStored(t, s.store(t, place), req, want)
	}
	for _, other := range []tokenstore.Scope{{APIBaseURL: "https://other"}, {APIBaseURL: scope.APIBaseURL, Login: "0123456789abcdef"}} {
		wantStored(t, tokenstore.Open(s.backend(t, place), other), web, token.Record{})
	}
	records, _, err := st.MintedRecords(t.Context(), "web")
	if ok(t, err); len(records) != 3 {
		t.Errorf("MintedRecords() = %d records, want 3", len(records))
	}
	revoked := kept[web].Token.Fingerprint()
	for _, want := range []int{1, 0} {
		n, err := st.RemoveRecords(t.Context(), "web", func(rec token.Record) bool { return rec.Token.Fingerprint() == revoked })
		if ok(t, err); n != want {
			t.Errorf("RemoveRecords() = %d, want %d", n, want)
		}
	}
	kept[web] = token.Record{}
	for req, want := range kept {
		wantStored(t, s.store(t, place), req, want)
	}
}

func invalidate(t *testing.T, s Suite) {
	place := s.Place(t)
	a, b := s.store(t, place), s.store(t, place)
	deploy := token.Request{App: "web", Access: token.AccessDeploy}
	save(t, a, web)
	save(t, a, deploy)
	other := save(t, a, token.Request{App: "web2"})
	manual := manualRecord()
	ok(t, a.SetManual(t.Context(), "web", manual))
	began := load(t, a, web).Generation
	ok(t, b.Invalidate(t.Context(), "web"))
	if err := a.Save(t.Context(), web, record(), began); !errors.Is(err, token.ErrSuperseded) {
		t.Errorf("Save() under the old generation: %v, want ErrSuperseded", err)
	}
	wantStored(t, a, web, token.Record{})
	wantStored(t, a, deploy, token.Record{})
	wantStored(t, a, token.Request{App: "web2"}, other)
	wantManual(t, a, manual)
	wantStored(t, b, web, save(t, a, web))
	if now := load(t, b, web).Generation; now <= began {
		t.Errorf("generation %d after %d", now, began)
	}
}

// shared tests the token that the apps of an organization share.
func shared(t *testing.T, s Suite) {
	place := s.Place(t)
	a, b := s.store(t, place), s.store(t, place)
	acme := token.Request{Organization: "acme"}
	ok(t, a.SetOrganization(t.Context(), "web", "acme"))
	c := claim(t, a, acme)
	if name := c.MintName(); !strings.HasPrefix(name, "terraform-provider-fly organization acme ") {
		t.Errorf("MintName() = %q", name)
	}
	if left := load(t, b, acme).Announced; len(left) != 1 || left[0].Request != acme {
		t.Errorf("announced: %v, want one for the organization", left)
	}
	rec := record()
	ok(t, c.Save(t.Context(), rec))
	wantStored(t, b, acme, rec)
	ok(t, b.Invalidate(t.Context(), "web"))
	wantStored(t, b, acme, rec)
	wantStored(t, b, token.Request{Organization: "globex"}, token.Record{})
	if slug := load(t, b, web).Organization; slug != "acme" {
		t.Errorf("the app's organization is %q after an invalidation, want acme", slug)
	}
	ok(t, a.Invalidate(t.Context(), acme.Place()))
	wantStored(t, b, acme, token.Record{})
}

func misses(t *testing.T, s Suite) {
	place := s.Place(t)
	a, b := s.store(t, place), s.store(t, place)
	bar, err := b.Sequence(t.Context())
	ok(t, err)
	c := claim(t, a, web)
	ok(t, c.Release(t.Context(), []token.Attempt{{Source: token.SourceCLI, Err: errors.New("no login")}}, false))
	got := load(t, b, web)
	if len(got.Misses) != 1 || got.Misses[0].Source != token.SourceCLI || got.Misses[0].Err.Error() != "no login" || got.MissesAt == 0 {
		t.Errorf("misses %v at %d, bar %d", got.Misses, got.MissesAt, bar)
	}
	if got := load(t, b, token.Request{App: "web", Access: token.AccessDeploy}); got.Misses != nil {
		t.Errorf("a different request has them: %v", got.Misses)
	}
	save(t, a, web)
	if got := load(t, b, web); got.Misses != nil {
		t.Errorf("they outlive a record: %v", got.Misses)
	}
}

func mints(t *testing.T, s Suite) {
	place := s.Place(t)
	a, b := s.store(t, place), s.store(t, place)
	mint := func(name string) token.Mint {
		return token.Mint{
			Request: token.Request{App: "web", Access: token.AccessDeploy, Organization: "acme"}, Name: name, Kind: token.MintManaged,
			ExpiresAt: time.Now().Add(time.Hour).UTC().Round(0), Owner: a.Owner(), Workspace: "w", Spec: "s", Replaces: "id-0",
		}
	}
	want := []token.Mint{mint("one"), mint("three"), mint("two")}
	for _, m := range want {
		ok(t, a.Announce(t.Context(), m))
	}
	check := func() {
		t.Helper()
		got, err := b.Announced(t.Context(), "web")
		ok(t, err)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("announced (-want +got):\n%s", diff)
		}
	}
	check()
	ok(t, b.Identify(t.Context(), "web", "one", "id-1"))
	ok(t, b.Deliver(t.Context(), "web", "two"))
	ok(t, b.Identify(t.Context(), "web", "unknown", "id-2"))
	want[0].ID, want[2].Delivered = "id-1", true
	check()
	if got := load(t, b, web).Announced; len(got) != 2 || got[0].Name != "one" || got[1].Name != "three" {
		t.Errorf("Load() announces %v, want those without an outcome", got)
	}
	ok(t, b.ForgetID(t.Context(), "web", "id-1"))
	ok(t, b.ForgetID(t.Context(), "web", ""))
	ok(t, b.Forget(t.Context(), "web", "three"))
	ok(t, b.Invalidate(t.Context(), "web"))
	want = want[2:]
	check()
	other := tokenstore.Open(s.backend(t, place), tokenstore.Scope{APIBaseURL: "https://other"})
	if got, err := other.Announced(t.Context(), "web"); err != nil || got != nil {
		t.Errorf("Announced() at another API = %v, %v", got, err)
	}
}

func manualRecords(t *testing.T, s Suite) {
	place := s.Place(t)
	a, b := s.store(t, place), s.store(t, place)
	if _, err := a.Manual(t.Context(), "web"); !errors.Is(err, token.ErrNoRecord) || errors.Is(err, token.ErrStop) {
		t.Errorf("Manual() = %v, want ErrNoRecord", err)
	}
	first, second := manualRecord(), manualRecord()
	kept, err := a.CreateManual(t.Context(), "web", first)
	ok(t, err)
	wantRecord(t, kept, first)
	later := first
	later.AcquiredAt = later.AcquiredAt.Add(time.Hour)
	kept, err = b.CreateManual(t.Context(), "web", later)
	ok(t, err)
	wantRecord(t, kept, first)
	if _, err := b.CreateManual(t.Context(), "web", second); !errors.Is(err, token.ErrManualExists) {
		t.Errorf("CreateManual() of a different token: %v, want ErrManualExists", err)
	}
	ok(t, b.SetManual(t.Context(), "web", second))
	wantManual(t, a, second)
	if err := a.DeleteManual(t.Context(), "web", first.Token.Fingerprint()); !errors.Is(err, token.ErrManualChanged) {
		t.Errorf("DeleteManual() of a different token: %v, want ErrManualChanged", err)
	}
	narrowed := record()
	narrowed.Origin, narrowed.Parent = token.SourceManual, second.Token.Fingerprint()
	ok(t, a.Save(t.Context(), web, narrowed, 0))
	wantStored(t, b, web, narrowed)
	ok(t, a.DeleteManual(t.Context(), "web", second.Token.Fingerprint()))
	if err := b.DeleteManual(t.Context(), "web", second.Token.Fingerprint()); !errors.Is(err, token.ErrNoRecord) {
		t.Errorf("DeleteManual() again: %v, want ErrNoRecord", err)
	}
	// Records narrowed from it were removed with it.
	wantStored(t, b, web, token.Record{})
}
