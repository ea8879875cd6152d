package backendtest

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/flytokens/terraform-provider-fly/internal/token"
	"github.com/flytokens/terraform-provider-fly/internal/tokenstore"
)

// alter changes the JSON object of a document without the store.
func (s Suite) alter(t testing.TB, place string, doc tokenstore.Doc, change func(map[string]any)) {
	t.Helper()
	d, err := s.backend(t, place).Load(t.Context(), doc)
	ok(t, err)
	all := map[string]any{}
	decoder := json.NewDecoder(strings.NewReader(string(d.Data)))
	decoder.UseNumber()
	ok(t, decoder.Decode(&all))
	change(all)
	data, err := json.Marshal(all)
	ok(t, err)
	s.Damage(t, place, doc, data)
}

// only returns the only value of an object.
func only(t testing.TB, object any) map[string]any {
	t.Helper()
	all, _ := object.(map[string]any)
	for _, value := range all {
		if one, ok := value.(map[string]any); ok && len(all) == 1 {
			return one
		}
	}
	t.Fatalf("%d values, want one object", len(all))
	return nil
}

func unknownFields(t *testing.T, s Suite) {
	place := s.Place(t)
	st := s.store(t, place)
	save(t, st, web)
	ok(t, st.SetManual(t.Context(), "web", manualRecord()))
	ok(t, st.Announce(t.Context(), token.Mint{Request: web, Name: "one"}))
	s.alter(t, place, stateDoc, func(all map[string]any) {
		all["future"] = "top"
		only(t, all["records"])["future"] = "record"
		only(t, all["mints"])["future"] = "mint"
	})
	s.alter(t, place, manualDoc, func(all map[string]any) { all["future"] = "manual" })
	save(t, st, web)
	ok(t, st.Identify(t.Context(), "web", "one", "id-1"))
	ok(t, st.SetManual(t.Context(), "web", manualRecord()))
	s.alter(t, place, stateDoc, func(all map[string]any) {
		got := fmt.Sprint(all["future"], only(t, all["records"])["future"], only(t, all["mints"])["future"])
		if want := fmt.Sprint("top", "record", "mint"); got != want {
			t.Errorf("unknown fields after a rewrite: %s, want %s", got, want)
		}
	})
	s.alter(t, place, manualDoc, func(all map[string]any) {
		if all["future"] != "manual" {
			t.Errorf("unknown field after a rewrite: %v", all["future"])
		}
	})
}

// A damaged state document is set aside and replaced. A damaged manual one
// stops the resolution, and stays.
func damaged(t *testing.T, s Suite) {
	place := s.Place(t)
	st := s.store(t, place)
	for n := range 5 {
		save(t, st, web)
		bad := fmt.Sprintf(`{"broken":%d}`, n)
		began := load(t, st, web).Generation
		s.Damage(t, place, stateDoc, []byte(bad))
		got, err := st.Load(t.Context(), web)
		if ws := st.TakeWarnings(); !got.Record.Token.IsZero() || len(ws) == 0 || err != nil {
			t.Errorf("Load() of a damaged document = %v with warnings %v and error %v", got.Record.Token, ws, err)
		}
		if err := st.Save(t.Context(), web, record(), began); !errors.Is(err, token.ErrSuperseded) {
			t.Errorf("Save() of what was acquired before the damage: %v, want ErrSuperseded", err)
		}
		ok(t, st.Save(t.Context(), web, record(), got.Generation))
		aside, err := s.backend(t, place).Load(t.Context(), tokenstore.Doc{App: "web", Kind: "state-damaged-1"})
		if ok(t, err); !sameJSON(aside.Data, []byte(bad)) {
			t.Errorf("set aside: %q, want %q", aside.Data, bad)
		}
		if ws := st.TakeWarnings(); len(ws) == 0 || !strings.Contains(ws[0].Detail, "set aside as") {
			t.Errorf("warnings: %v", ws)
		}
	}
	ok(t, st.Invalidate(t.Context(), "web"))
	for n := 1; n <= 4; n++ {
		aside, err := s.backend(t, place).Load(t.Context(), tokenstore.Doc{App: "web", Kind: tokenstore.Kind(fmt.Sprintf("state-damaged-%d", n))})
		if ok(t, err); aside.Data != nil {
			t.Errorf("number %d outlives Invalidate", n)
		}
	}
	ok(t, st.SetManual(t.Context(), "web", manualRecord()))
	s.alter(t, place, manualDoc, func(all map[string]any) { all["token"] = "nonsense" })
	_, read := st.Manual(t.Context(), "web")
	_, create := st.CreateManual(t.Context(), "web", manualRecord())
	for _, err := range []error{read, create, st.SetManual(t.Context(), "web", manualRecord()), st.DeleteManual(t.Context(), "web", "0")} {
		if !errors.Is(err, token.ErrStop) || !strings.Contains(err.Error(), "restore it, or remove it and set the token again") || strings.Contains(err.Error(), "nonsense") {
			t.Errorf("error = %v, want one that stops and says what to do", err)
		}
	}
}

// A damaged record affects only its own request.
func damagedRecord(t *testing.T, s Suite) {
	place := s.Place(t)
	st := s.store(t, place)
	save(t, st, web)
	s.alter(t, place, stateDoc, func(all map[string]any) { only(t, all["records"])["token"] = "nonsense" })
	deploy := token.Request{App: "web", Access: token.AccessDeploy}
	other := save(t, st, deploy)
	got := load(t, st, web)
	if ws := st.TakeWarnings(); !got.Record.Token.IsZero() || len(ws) != 1 || strings.Contains(ws[0].Detail, "nonsense") {
		t.Errorf("Load() = %v, warnings %v", got.Record.Token, ws)
	}
	if _, _, err := st.MintedRecords(t.Context(), "web"); err == nil {
		t.Error("MintedRecords() does not name it")
	}
	wantStored(t, st, deploy, other)
	wantStored(t, st, web, save(t, st, web))
}

func newerSchema(t *testing.T, s Suite) {
	place := s.Place(t)
	st := s.store(t, place)
	save(t, st, web)
	ok(t, st.SetManual(t.Context(), "web", manualRecord()))
	newer := func(all map[string]any) { all["schema"] = 99 }
	s.alter(t, place, stateDoc, newer)
	s.alter(t, place, manualDoc, newer)
	_, loaded := st.Load(t.Context(), web)
	_, manual := st.Manual(t.Context(), "web")
	for _, err := range []error{
		loaded, manual, st.Save(t.Context(), web, record(), 0), st.Invalidate(t.Context(), "web"),
		st.SetManual(t.Context(), "web", manualRecord()),
	} {
		if !errors.Is(err, tokenstore.ErrNewerSchema) || !strings.Contains(err.Error(), "upgrade the provider") {
			t.Errorf("error = %v, want ErrNewerSchema", err)
		}
	}
	if !errors.Is(manual, token.ErrStop) || errors.Is(loaded, token.ErrStop) {
		t.Errorf("want ErrStop for the manual record alone: %v, %v", manual, loaded)
	}
}

// After lost answers, the content matches the results that callers got.
func lostAnswers(t *testing.T, s Suite) {
	place := s.Place(t)
	b := &counted{Backend: s.backend(t, place)}
	st := tokenstore.Open(b, scope)
	for range 10 {
		b.lose = func() (made, lost bool) { return rand.N(2) == 0, rand.N(2) == 0 }
		rec, manual := record(), manualRecord()
		ok(t, st.Save(t.Context(), web, rec, load(t, st, web).Generation))
		wantStored(t, s.store(t, place), web, rec)
		_, err := st.CreateManual(t.Context(), "web", manual)
		ok(t, err)
		wantManual(t, s.store(t, place), manual)
		ok(t, st.DeleteManual(t.Context(), "web", manual.Token.Fingerprint()))
		ok(t, st.Invalidate(t.Context(), "web"))
		c := claim(t, st, web)
		ok(t, c.Save(t.Context(), rec))
		wantStored(t, s.store(t, place), web, rec)
		if left := load(t, s.store(t, place), web).Announced; left != nil {
			t.Errorf("left announced: %v", left)
		}
	}
}

// Two stores on one storage behave like a map.
func model(t *testing.T, s Suite) {
	place := s.Place(t)
	stores := []*tokenstore.Store{s.store(t, place), s.store(t, place)}
	requests := []token.Request{web, {App: "web", Access: token.AccessDeploy}, {App: "web2"}}
	kept := map[token.Request]token.Record{}
	manual, deploy := token.Record{}, token.Record{}
	for range 150 {
		st, req := stores[rand.N(len(stores))], requests[rand.N(len(requests))]
		switch rand.N(9) {
		case 0, 1:
			kept[req] = save(t, st, req)
		case 2:
			ok(t, st.Remove(t.Context(), req, kept[req].Token.Fingerprint()))
			delete(kept, req)
		case 3:
			ok(t, st.Invalidate(t.Context(), req.App))
			for other := range kept {
				if other.App == req.App {
					delete(kept, other)
				}
			}
		case 4:
			load(t, st, req)
			rec := record()
			ok(t, claim(t, st, req).Save(t.Context(), rec))
			kept[req] = rec
		case 5:
			manual = manualRecord()
			ok(t, st.SetManual(t.Context(), "web", manual))
		case 6:
			err := st.DeleteManual(t.Context(), "web", manual.Token.Fingerprint())
			if err != nil && !(errors.Is(err, token.ErrNoRecord) && manual.Token.IsZero()) {
				t.Fatal(err)
			}
			manual = token.Record{}
		case 7:
			rec := record()
			ok(t, st.SaveDeployToken(t.Context(), "web", "ci", rec, deploy.Token.Fingerprint()))
			deploy = rec
		case 8:
			ok(t, st.DeleteDeployToken(t.Context(), "web", "ci", deploy.Token.Fingerprint()))
			deploy = token.Record{}
		}
		for _, st := range stores {
			wantStored(t, st, req, kept[req])
		}
		gotManual, manualErr := st.Manual(t.Context(), "web")
		gotDeploy, deployErr := st.DeployToken(t.Context(), "web", "ci")
		for _, err := range []error{manualErr, deployErr} {
			if err != nil && !errors.Is(err, token.ErrNoRecord) {
				t.Fatal(err)
			}
		}
		wantRecord(t, gotManual, manual)
		wantRecord(t, gotDeploy, deploy)
	}
}

// Overwrite replaces a document by its backend's own methods.
func Overwrite(t testing.TB, b tokenstore.Backend, doc tokenstore.Doc, data []byte) {
	t.Helper()
	d, err := b.Load(t.Context(), doc)
	if err == nil {
		_, err = b.Swap(t.Context(), doc, data, d.Version)
	}
	ok(t, err)
}
