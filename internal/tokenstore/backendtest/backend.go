package backendtest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/flytokens/terraform-provider-fly/internal/token"
	"github.com/flytokens/terraform-provider-fly/internal/tokenstore"
)

// content is a document that differs from every other, like the store's
// documents.
func content(n int) []byte { return fmt.Appendf(nil, `{"write":"%d"}`, n) }

func swap(t testing.TB, b tokenstore.Backend, data []byte, was tokenstore.Version) tokenstore.Version {
	t.Helper()
	v, err := b.Swap(t.Context(), stateDoc, data, was)
	ok(t, err)
	return v
}

func wantContent(t testing.TB, b tokenstore.Backend, doc tokenstore.Doc, want []byte, version tokenstore.Version) {
	t.Helper()
	got, err := b.Load(t.Context(), doc)
	ok(t, err)
	if (got.Data == nil) != (want == nil) || want != nil && !sameJSON(got.Data, want) || got.Version != version {
		t.Errorf("Load(%v) = %q version %q, want %q version %q", doc, got.Data, got.Version, want, version)
	}
}

func sameJSON(a, b []byte) bool {
	var x, y map[string]any
	return json.Unmarshal(a, &x) == nil && json.Unmarshal(b, &y) == nil && fmt.Sprint(x) == fmt.Sprint(y)
}

func documents(t *testing.T, s Suite) {
	place := s.Place(t)
	b, other := s.backend(t, place), s.backend(t, place)
	none, err := b.Load(t.Context(), stateDoc)
	ok(t, err)
	if none.Data != nil {
		t.Errorf("a new storage has %q", none.Data)
	}
	v1 := swap(t, b, content(1), none.Version)
	wantContent(t, other, stateDoc, content(1), v1)
	v2 := swap(t, other, content(2), v1)
	wantContent(t, b, stateDoc, content(2), v2)
	for _, kind := range []tokenstore.Kind{tokenstore.KindManual, "state-damaged-1"} {
		got, err := b.Load(t.Context(), tokenstore.Doc{App: "web", Kind: kind})
		if ok(t, err); got.Data != nil {
			t.Errorf("%s has the content of another document", kind)
		}
	}
	got, err := b.Load(t.Context(), tokenstore.Doc{App: "web2", Kind: tokenstore.KindState})
	if ok(t, err); got.Data != nil {
		t.Error("another app has the content of this one")
	}
	swap(t, b, nil, v2)
	gone, err := other.Load(t.Context(), stateDoc)
	if ok(t, err); gone.Data != nil {
		t.Errorf("after its removal: %q", gone.Data)
	}
	v3 := swap(t, other, content(3), gone.Version)
	wantContent(t, b, stateDoc, content(3), v3)
	if b.String() == "" || !strings.Contains(b.Locate(stateDoc), "web") {
		t.Errorf("it is at %q, its document at %q", b.String(), b.Locate(stateDoc))
	}
}

func versions(t *testing.T, s Suite) {
	b := s.backend(t, s.Place(t))
	none, err := b.Load(t.Context(), stateDoc)
	ok(t, err)
	v1 := swap(t, b, content(1), none.Version)
	v2 := swap(t, b, content(2), v1)
	for name, try := range map[string]struct {
		data []byte
		was  tokenstore.Version
	}{
		"create what exists":    {content(3), none.Version},
		"replace an old one":    {content(3), v1},
		"remove an old one":     {nil, v1},
		"remove a missing one":  {nil, none.Version},
		"repeat what was there": {content(1), v1},
	} {
		if _, err := b.Swap(t.Context(), stateDoc, try.data, try.was); !errors.Is(err, tokenstore.ErrConflict) {
			t.Errorf("%s: %v, want ErrConflict", name, err)
		}
	}
	wantContent(t, b, stateDoc, content(2), v2)
	swap(t, b, nil, v2)
	if _, err := b.Swap(t.Context(), stateDoc, content(4), v2); !errors.Is(err, tokenstore.ErrConflict) {
		t.Errorf("replace a removed one: %v, want ErrConflict", err)
	}
}

// Of thirty swaps on one version, exactly one succeeds: for creation,
// replacement and removal.
func swapsOnOneVersion(t *testing.T, s Suite) {
	place := s.Place(t)
	b := s.backend(t, place)
	for i, round := range []struct {
		name   string
		remove bool
	}{{name: "create"}, {name: "replace"}, {name: "remove", remove: true}} {
		before, err := b.Load(t.Context(), stateDoc)
		ok(t, err)
		var (
			wg   sync.WaitGroup
			errs = make([]error, 30)
		)
		for n := range errs {
			one := s.backend(t, place)
			wg.Go(func() {
				data := content(100*i + n)
				if round.remove {
					data = nil
				}
				_, errs[n] = one.Swap(t.Context(), stateDoc, data, before.Version)
			})
		}
		wg.Wait()
		won := 0
		for _, err := range errs {
			switch {
			case err == nil:
				won++
			case !errors.Is(err, tokenstore.ErrConflict):
				t.Errorf("%s: %v", round.name, err)
			}
		}
		if won != 1 {
			t.Errorf("%s: %d swaps won, want 1", round.name, won)
		}
	}
}

func clock(t *testing.T, s Suite) {
	place := s.Place(t)
	var last token.Sequence
	for range 5 {
		for _, b := range []tokenstore.Backend{s.backend(t, place), s.backend(t, place)} {
			from, to, err := b.Now(t.Context())
			ok(t, err)
			if from > to || to < last {
				t.Errorf("Now() = %d to %d after %d", from, to, last)
			}
			last = from
		}
	}
}

func owner(t *testing.T, s Suite) {
	place := s.Place(t)
	a, b := s.backend(t, place), s.backend(t, place)
	if first := a.Owner(); first == "" || first != a.Owner() || first == b.Owner() {
		t.Errorf("owners %q and %q", a.Owner(), b.Owner())
	}
	runtime.GC()
	runtime.GC()
	if alive, certain := b.Alive(t.Context(), a.Owner()); certain && !alive {
		t.Error("a live process counts as ended")
	}
	for _, strange := range []string{"", "x", "../../x", "-", "a-b/c"} {
		if _, certain := b.Alive(t.Context(), strange); certain {
			t.Errorf("the state of %q counts as certain", strange)
		}
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := a.Load(ended, stateDoc); !errors.Is(err, context.Canceled) {
		t.Errorf("Load() after the end of its context: %v", err)
	}
	if _, err := a.Swap(ended, stateDoc, content(1), ""); !errors.Is(err, context.Canceled) {
		t.Errorf("Swap() after the end of its context: %v", err)
	}
}
