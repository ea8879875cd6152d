package token_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/flytokens/terraform-provider-fly/internal/token"
)

// Fresh, stale and expired, for each kind of token.
func TestFreshness(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		origin    token.SourceName
		life      time.Duration // 0 means unknown
		age       time.Duration
		wantStale bool
		wantMiss  string
	}{
		"login with an hour":             {origin: token.SourceConfig, life: time.Hour},
		"login with less":                {origin: token.SourceConfig, life: time.Hour, age: time.Second, wantStale: true},
		"login at its last instant":      {origin: token.SourceConfig, life: time.Hour, age: time.Hour, wantStale: true},
		"login a nanosecond later":       {origin: token.SourceConfig, life: time.Hour, age: time.Hour + 1, wantMiss: "the token found expired at"},
		"login of unknown life":          {origin: token.SourceConfig, age: 1000 * time.Hour},
		"minted, three quarters through": {origin: token.SourceCLI, life: time.Hour, age: 45 * time.Minute},
		"minted, in its last quarter":    {origin: token.SourceCLI, life: time.Hour, age: 45*time.Minute + 1, wantStale: true},
		"minted for a day":               {origin: token.SourceCLI, life: 24 * time.Hour, age: 23 * time.Hour},
		"minted for a day, last hour":    {origin: token.SourceCLI, life: 24 * time.Hour, age: 23*time.Hour + 1, wantStale: true},
		"longer than token_ttl allows":   {origin: token.SourceCLI, life: 48 * time.Hour, wantStale: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				rec := token.Record{Token: newToken(t), Origin: tc.origin, AcquiredAt: time.Now()}
				if tc.life > 0 {
					rec.ExpiresAt = time.Now().Add(tc.life)
				}
				src := login(token.SourceStorage, rec)
				time.Sleep(tc.age)
				res, err := newResolver(nil, src, missing(token.SourceCLI)).Read(t.Context(), web, token.PolicyIfExpired)
				if tc.wantMiss != "" {
					if err == nil || !strings.Contains(err.Error(), tc.wantMiss) || !errors.Is(err, token.ErrExpired) {
						t.Errorf("error = %v, want it to say %q", err, tc.wantMiss)
					}
					return
				}
				if err != nil || res.Stale != tc.wantStale || (len(res.Warnings) == 1) != tc.wantStale {
					t.Errorf("stale %t with %d warnings, error %v, want stale %t", res.Stale, len(res.Warnings), err, tc.wantStale)
				}
			})
		})
	}
}

// Of the stale tokens the best is returned, for the rest of the run or until a
// refresh.
func TestBestStaleIsTheLastResort(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		now := time.Now()
		short := token.Record{Token: newToken(t), ExpiresAt: now.Add(5 * time.Minute)}
		long := token.Record{Token: newToken(t), ExpiresAt: now.Add(10 * time.Minute)}
		cli := missing(token.SourceCLI)
		r := newResolver(nil, login(token.SourceConfig, short), cli, login(token.SourceEnv, long))
		res := mustGet(t, r, "web")
		if res.Token != long.Token || res.Source != token.SourceEnv {
			t.Errorf("source = %s, want the one that lives longest", res.Source)
		}
		if len(res.Warnings) != 1 || !strings.Contains(res.Warnings[0].Detail, "has a better one:\n\n  config: ") {
			t.Errorf("warnings %+v, want one with the reasons of the other sources", res.Warnings)
		}
		alone := mustGet(t, newResolver(nil, login(token.SourceEnv, long)), "web")
		if len(alone.Warnings) != 1 || !strings.HasSuffix(alone.Warnings[0].Detail, "requires.") {
			t.Errorf("warnings %+v, want one that names no other source", alone.Warnings)
		}
		cli.acquire = minter(t, token.SourceCLI, 0, 24*time.Hour).acquire
		if again := mustGet(t, r, "web"); again.Token != long.Token || again.Acquirer != token.AcquirerFacade {
			t.Errorf("a later reader of the run got the token of %s, want the same one from the cache", again.Origin)
		}
		if res, err := r.Refresh(t.Context(), web, token.PolicyIfExpired); err != nil || res.Source != token.SourceCLI || res.Stale {
			t.Errorf("after a refresh: source %s, error %v, want the fresh one that cli has now", res.Source, err)
		}
	})
}

// The cache returns only fresh tokens. It returns a token of unknown life until
// the run ends.
func TestCacheEntriesEnd(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cli := minter(t, token.SourceCLI, 0, 24*time.Hour)
		r := newResolver(nil, cli)
		first := mustGet(t, r, "web")
		time.Sleep(22*time.Hour + 59*time.Minute)
		if res := mustGet(t, r, "web"); res.Token != first.Token {
			t.Error("a fresh token was replaced")
		}
		time.Sleep(2 * time.Minute)
		if res := mustGet(t, r, "web"); res.Token == first.Token {
			t.Error("a token in its last hour was handed out from the cache")
		}
		opaque := login(token.SourceEnv, token.Record{Token: newToken(t)})
		r = newResolver(nil, opaque)
		mustGet(t, r, "web")
		time.Sleep(10_000 * time.Hour)
		mustGet(t, r, "web")
		wantCalls(t, opaque, 1)
	})
}

// The token's own expiry counts, not the one that the source expected.
func TestExpiryIsTheTokens(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := newMemory()
		own := time.Now().Add(2 * time.Hour)
		cli := minter(t, token.SourceCLI, 0, 24*time.Hour)
		hopeful := cli.acquire
		cli.acquire = func(ctx context.Context, req token.Request) (token.Candidate, error) {
			c, err := hopeful(ctx, req)
			c.Token = newTokenUntil(t, own)
			return c, err
		}
		r := newResolver(m, storageLink(), cli)
		if res := mustGet(t, r, "web"); !res.ExpiresAt.Equal(own) || !m.minted[web].ExpiresAt.Equal(own) {
			t.Errorf("expires at %s, stored as %s, want %s", res.ExpiresAt, m.minted[web].ExpiresAt, own)
		}
	})
}

// A login is never written to storage. Minted and narrowed tokens are.
func TestLoginsAreNotStored(t *testing.T) {
	t.Parallel()
	for _, name := range []token.SourceName{token.SourceConfig, token.SourceEnv, token.SourceManual} {
		m := newMemory()
		mustGet(t, newResolver(m, storageLink(), login(name, token.Record{Token: newToken(t)})), "web")
		if len(m.minted) != 0 {
			t.Errorf("a token from %s was stored", name)
		}
	}
}

// A token that cannot be stored is returned anyway, with a warning.
func TestStorageThatCannotBeWritten(t *testing.T) {
	t.Parallel()
	m := newMemory()
	m.fail = errors.New("no space left on device")
	cli := minter(t, token.SourceCLI, 0, 24*time.Hour)
	r := newResolver(m, storageLink(), cli)
	res := mustGet(t, r, "web")
	if len(res.Warnings) != 1 || !strings.Contains(res.Warnings[0].Detail, "no space left on device") {
		t.Errorf("warnings = %+v, want one that says why", res.Warnings)
	}
	if again := mustGet(t, r, "web"); again.Token != res.Token || again.Acquirer != token.AcquirerFacade {
		t.Error("the token did not stay in memory")
	}
	wantCalls(t, cli, 1)
}

// A flight that has no claim, and could not read the app's generation, cannot
// distinguish an invalidation in the meantime from one before. If there never
// was one, its token is stored. Otherwise only its waiters get it, with a
// warning.
func TestGenerationThatCannotBeRead(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		before, here, there bool // when and where it is invalidated
		kept, warned        bool
		saves               int
	}{
		"never invalidated":            {kept: true, saves: 1},
		"invalidated before":           {before: true, warned: true},
		"invalidated meanwhile":        {here: true},
		"invalidated again":            {before: true, here: true},
		"invalidated in another place": {there: true, warned: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := newMemory()
			m.noLock = token.ErrUnwritable
			if test.before {
				m.generations["web"] = 7
			}
			cli := minter(t, token.SourceCLI, 0, 24*time.Hour)
			here, there := newResolver(m, storageLink(), cli), newResolver(m, storageLink(), cli)
			m.onRead = func() error { return errors.New("too many open files") }
			mint, first := cli.acquire, true
			cli.acquire = func(ctx context.Context, req token.Request) (token.Candidate, error) {
				for by, does := range map[*token.Resolver]bool{here: test.here, there: test.there} {
					if does && first {
						if err := by.Invalidate(ctx, req.App); err != nil {
							return token.Candidate{}, err
						}
					}
				}
				m.onRead, first = nil, false
				return mint(ctx, req)
			}
			res := mustGet(t, here, "web")
			for _, w := range res.Warnings {
				if w.Summary != "Unable to Save Fly App Token" || !strings.HasSuffix(w.Detail, "too many open files") {
					t.Errorf("warning = %+v", w)
				}
			}
			if warned := res.Warnings != nil; warned != test.warned || m.saves != test.saves {
				t.Errorf("warned: %v, want %v; saves = %d, want %d", warned, test.warned, m.saves, test.saves)
			}
			if kept := mustGet(t, here, "web").Token == res.Token; kept != test.kept {
				t.Errorf("kept in memory: %v, want %v", kept, test.kept)
			}
			if later := mustGet(t, there, "web"); later.Warnings != nil || m.saves != 1 {
				t.Errorf("saves = %d after the next flight, want 1; warnings %v", m.saves, later.Warnings)
			}
		})
	}
}

// A hanging store costs only its own time limit, and the token stays in memory.
func TestStorageThatHangs(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		m := newMemory()
		m.onSave = func() { <-release }
		r := newResolver(m, storageLink(), minter(t, token.SourceCLI, 0, 24*time.Hour))
		if res := mustGet(t, r, "web"); len(res.Warnings) != 1 {
			t.Errorf("warnings = %+v, want one", res.Warnings)
		}
		close(release)
	})
}

// The requested lifetime decides whether a stored token is valid for too long,
// not this machine's clock. A clock that is a day behind sees lifetimes that
// are a day longer.
func TestClockBehindMintsOnce(t *testing.T) {
	t.Parallel()
	m := newMemory()
	cli := minter(t, token.SourceCLI, 0, 48*time.Hour)
	for range 3 {
		mustGet(t, newResolver(m, storageLink(), cli), "web")
	}
	wantCalls(t, cli, 1)
	shorter := token.New(token.Options{Sources: []token.Source{storageLink(), cli}, Store: m, TokenTTL: 12 * time.Hour, MinValidity: time.Hour})
	mustGet(t, shorter, "web")
	wantCalls(t, cli, 2)
}
