package backendtest

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/flytokens/terraform-provider-fly/internal/token"
	"github.com/flytokens/terraform-provider-fly/internal/tokenstore"
)

// quick are short times for leases, so that tests can wait for them.
var quick = tokenstore.Leases{Length: 400 * time.Millisecond, Renew: 40 * time.Millisecond, Poll: 10 * time.Millisecond}

// leased returns a store whose claims are leases.
func (s Suite) leased(t testing.TB, place string) *tokenstore.Store {
	t.Helper()
	st := tokenstore.Open(&counted{Backend: s.backend(t, place), lockless: true}, scope)
	st.SetLeases(quick)
	return st
}

func claims(t *testing.T, s Suite) { claimed(t, s, s.store) }

func leases(t *testing.T, s Suite) { claimed(t, s, s.leased) }

// claimed tests claims of either kind.
func claimed(t *testing.T, s Suite, open func(testing.TB, string) *tokenstore.Store) {
	t.Helper()
	t.Run("OneAtATime", func(t *testing.T) { t.Parallel(); oneAtATime(t, s.Place(t), open) })
	t.Run("Announces", func(t *testing.T) { t.Parallel(); announces(t, s.Place(t), open) })
	t.Run("Superseded", func(t *testing.T) { t.Parallel(); superseded(t, s.Place(t), open) })
	t.Run("Release", func(t *testing.T) { t.Parallel(); releasedWhileNamed(t, s.Place(t), open) })
	t.Run("Wait", func(t *testing.T) { t.Parallel(); waits(t, s.Place(t), open) })
}

// Of many callers that find nothing stored, one acquires. The others get its
// saved token without writing anything.
func oneAtATime(t *testing.T, place string, open func(testing.TB, string) *tokenstore.Store) {
	t.Helper()
	var (
		wg       sync.WaitGroup
		mu       sync.Mutex
		holders  int
		acquired int
	)
	for range 8 {
		st := open(t, place)
		load(t, st, web)
		wg.Go(func() {
			c, err := st.Claim(t.Context(), web)
			if err != nil {
				t.Error(err)
				return
			}
			if !c.Stored().Record.Token.IsZero() {
				if err := c.Release(t.Context(), nil, false); err != nil {
					t.Error(err)
				}
				return
			}
			mu.Lock()
			holders++
			acquired++
			if holders != 1 {
				t.Error("two hold the claim")
			}
			holders--
			mu.Unlock()
			if err := c.Save(t.Context(), record()); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if acquired != 1 {
		t.Errorf("%d acquired, want 1", acquired)
	}
	if left := load(t, open(t, place), web).Announced; left != nil {
		t.Errorf("left announced: %v", left)
	}
}

func announces(t *testing.T, place string, open func(testing.TB, string) *tokenstore.Store) {
	t.Helper()
	st, other := open(t, place), open(t, place)
	c := claim(t, st, web)
	if name := c.MintName(); !strings.HasPrefix(name, "terraform-provider-fly web ") || len(name) != len("terraform-provider-fly web ")+10 {
		t.Errorf("MintName() = %q", name)
	}
	announced := load(t, other, web).Announced
	if len(announced) != 1 || announced[0].Name != c.MintName() || announced[0].Owner != st.Owner() || announced[0].Kind != token.MintSource || announced[0].Request != web {
		t.Errorf("announced: %v, want %q", announced, c.MintName())
	}
	if own := c.Stored().Announced; own != nil {
		t.Errorf("the claim finds its own mint: %v", own)
	}
	ok(t, c.Release(t.Context(), nil, true))
	next := claim(t, other, web)
	if left := next.Stored().Announced; len(left) != 1 || left[0].Name != c.MintName() {
		t.Errorf("the next holder finds %v, want %q", left, c.MintName())
	}
	ok(t, next.Release(t.Context(), nil, false))
	ok(t, st.Forget(t.Context(), "web", c.MintName()))
	if left := load(t, st, web).Announced; left != nil {
		t.Errorf("left: %v", left)
	}
	// A claim that had news, and is used to mint anyway.
	load(t, st, web)
	save(t, other, web)
	late := claim(t, st, web)
	if got := late.Stored().Record.Token; got.IsZero() || load(t, other, web).Announced != nil {
		t.Errorf("a claim with news has %v, and announced %v", got, load(t, other, web).Announced)
	}
	if got := late.MintName(); len(load(t, other, web).Announced) != 1 {
		t.Errorf("%q is not announced", got)
	}
	rec := record()
	ok(t, late.Save(t.Context(), rec))
	wantStored(t, other, web, rec)
}

func superseded(t *testing.T, place string, open func(testing.TB, string) *tokenstore.Store) {
	t.Helper()
	st, other := open(t, place), open(t, place)
	c := claim(t, st, web)
	ok(t, other.Invalidate(t.Context(), "web"))
	rec := record()
	if err := c.Save(t.Context(), rec); !errors.Is(err, token.ErrSuperseded) {
		t.Errorf("Save() = %v, want ErrSuperseded", err)
	}
	wantStored(t, other, web, token.Record{})
	// The token was returned anyway, so its mint stays announced.
	announced, err := other.Announced(t.Context(), "web")
	if ok(t, err); len(announced) != 1 || announced[0].ID != rec.ID || !announced[0].Delivered {
		t.Errorf("announced: %v", announced)
	}
	ok(t, claim(t, other, web).Release(t.Context(), nil, false))
}

// A claim that is released while its name is asked for ends. It leaves no lease that
// would keep other processes waiting.
func releasedWhileNamed(t *testing.T, place string, open func(testing.TB, string) *tokenstore.Store) {
	t.Helper()
	st, other := open(t, place), open(t, place)
	for range 5 {
		load(t, st, web)
		save(t, other, web) // news, so that the claim writes nothing at first
		c := claim(t, st, web)
		named := make(chan string)
		go func() { named <- c.MintName() }()
		ok(t, c.Release(t.Context(), nil, false))
		<-named
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		next, err := other.Claim(ctx, web)
		cancel()
		if ok(t, err); next.Stored().Announced != nil {
			t.Errorf("left announced: %v", next.Stored().Announced)
		}
		ok(t, next.Release(t.Context(), nil, false))
	}
}

func waits(t *testing.T, place string, open func(testing.TB, string) *tokenstore.Store) {
	t.Helper()
	c := claim(t, open(t, place), web)
	ctx, cancel := context.WithCancel(t.Context())
	waited := make(chan error)
	other := open(t, place)
	go func() {
		_, err := other.Claim(ctx, web)
		waited <- err
	}()
	cancel()
	if err := <-waited; !errors.Is(err, context.Canceled) {
		t.Errorf("Claim() = %v, want Canceled", err)
	}
	ok(t, c.Release(t.Context(), nil, false))
	ok(t, c.Release(t.Context(), nil, false))
	ok(t, claim(t, other, web).Save(t.Context(), record()))
}

// A lease that is not renewed is taken over. Its mint stays announced, and its
// former holder must not overwrite.
func leaseTakenOver(t *testing.T, s Suite) {
	place := s.Place(t)
	paused := tokenstore.Open(&counted{Backend: s.backend(t, place), lockless: true}, scope)
	paused.SetLeases(tokenstore.Leases{Length: time.Hour, Renew: time.Hour, Poll: time.Hour})
	lost := claim(t, paused, web)
	st := s.leased(t, place)
	c := claim(t, st, web)
	if left := c.Stored().Announced; len(left) != 1 || left[0].Name != lost.MintName() {
		t.Errorf("left announced: %v, want %q", left, lost.MintName())
	}
	if err := lost.Save(t.Context(), record()); !errors.Is(err, token.ErrClaimLost) {
		t.Errorf("Save() after the loss of the claim = %v, want ErrClaimLost", err)
	}
	rec := record()
	ok(t, c.Save(t.Context(), rec))
	wantStored(t, st, web, rec)
}

// The round trips of a cold mint, a warm read and an invalidation.
func roundTrips(t *testing.T, s Suite) {
	b := &counted{Backend: s.backend(t, s.Place(t))}
	st := tokenstore.Open(b, scope)
	want := func(what string, loads, swaps int) {
		t.Helper()
		if b.loads != loads || b.swaps != swaps {
			t.Errorf("%s: %d loads and %d swaps, want %d and %d", what, b.loads, b.swaps, loads, swaps)
		}
		b.loads, b.swaps = 0, 0
	}
	load(t, st, web)
	c := claim(t, st, web)
	ok(t, c.Save(t.Context(), record()))
	want("cold mint", 1, 2)
	load(t, st, web)
	want("warm read", 1, 0)
	_, _, err := st.MintedRecords(t.Context(), "web")
	ok(t, errors.Join(err, st.Invalidate(t.Context(), "web")))
	want("invalidation", 1, 1)
}
