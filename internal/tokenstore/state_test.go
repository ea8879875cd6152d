package tokenstore

import (
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/flytokens/terraform-provider-fly/internal/flytest/fakefly"
	"github.com/flytokens/terraform-provider-fly/internal/token"
)

func emptyState(t *testing.T) *state {
	t.Helper()
	st, err := decodeState(nil, "web")
	if err != nil {
		t.Fatal(err)
	}
	return st
}

func newRecord(t *testing.T) token.Record {
	t.Helper()
	tok, err := token.Parse(fakefly.Token{Seed: t.Name()}.Text())
	if err != nil {
		t.Fatal(err)
	}
	return token.Record{Token: tok, Origin: token.SourceCLI}
}

// Misses count only for callers that waited for them.
func TestMissesEnd(t *testing.T) {
	t.Parallel()
	st := emptyState(t)
	if err := st.miss("k", []token.Attempt{{Source: token.SourceCLI, Err: errors.New("no login")}}, 7); err != nil {
		t.Fatal(err)
	}
	if got, at := st.missed("k"); len(got) != 1 || at != 7 {
		t.Errorf("missed() = %v at %d", got, at)
	}
	for name, at := range map[string]time.Time{
		"too old":         time.Now().Add(-2 * time.Minute),
		"from the future": time.Now().Add(24 * time.Hour),
	} {
		var m missed
		if err := json.Unmarshal(st.misses["k"], &m); err != nil {
			t.Fatal(err)
		}
		m.At = at
		st.misses["k"], _ = json.Marshal(m)
		if got, _ := st.missed("k"); got != nil {
			t.Errorf("%s: %v", name, got)
		}
	}
	st.prune(time.Now())
	if len(st.misses) != 0 {
		t.Errorf("left: %s", st.misses)
	}
}

// Expired entries do not accumulate. A mint outlives its token by a day,
// because clocks may be wrong.
func TestPrune(t *testing.T) {
	t.Parallel()
	st, now := emptyState(t), time.Now()
	for name, end := range map[string]time.Time{"ended": now.Add(-time.Minute), "living": now.Add(time.Minute), "unknown": {}} {
		rec := newRecord(t)
		rec.ExpiresAt = end
		if err := st.save(name, rec, 1); err != nil {
			t.Fatal(err)
		}
	}
	for name, end := range map[string]time.Time{"ended": now.Add(-25 * time.Hour), "just ended": now.Add(-time.Hour), "unknown": {}} {
		if err := st.putMint(name, mint{Mint: token.Mint{ExpiresAt: end}}); err != nil {
			t.Fatal(err)
		}
	}
	st.prune(now)
	if len(st.records) != 2 || st.records["ended"] != nil {
		t.Errorf("%d records, want the two that have not ended", len(st.records))
	}
	if len(st.mints) != 2 || st.mints["ended"] != nil {
		t.Errorf("%d mints, want the two that are not long ended", len(st.mints))
	}
}

// A later acquisition, and a later generation, has a greater number, even if
// the backend's clock was set back.
func TestNumbersOutliveTheClock(t *testing.T) {
	t.Parallel()
	st := emptyState(t)
	if first, second := st.next(100), st.next(50); second <= first {
		t.Errorf("acquisitions %d, %d", first, second)
	}
	st.invalidate(100)
	first := st.generation
	st.invalidate(50)
	if st.generation <= first {
		t.Errorf("generations %d, %d", first, st.generation)
	}
	// Storage that was removed does not repeat a generation.
	again := emptyState(t)
	again.invalidate(200)
	if again.generation == first {
		t.Error("a generation is repeated")
	}
}

// A macaroon's times in seconds may exceed the years of JSON.
func TestTimesBeyondJSONAreKeptWithin(t *testing.T) {
	t.Parallel()
	for _, at := range []time.Time{time.Unix(1<<40, 0), time.Unix(-1<<40, 0)} {
		rec := newRecord(t)
		rec.ExpiresAt = at
		raw, err := encodeRecord(rec, 1, nil)
		if err != nil {
			t.Fatal(err)
		}
		got, _, err := decodeRecord(raw)
		if diff := cmp.Diff(normalize(rec), got, sameToken); err != nil || diff != "" {
			t.Errorf("%v, record (-want +got):\n%s", err, diff)
		}
	}
}
