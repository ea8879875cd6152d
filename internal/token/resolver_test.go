package token_test

import (
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/flytokens/terraform-provider-fly/internal/token"
)

var web = token.Request{App: "web"}

// The sources are asked in their order, the first hit is the answer, and each
// miss has a reason.
func TestChainOrder(t *testing.T) {
	t.Parallel()
	names := []token.SourceName{token.SourceStorage, token.SourceConfig, token.SourceCLI, token.SourceAPI, token.SourceEnv, token.SourceManual}
	for hit := range names {
		var links []token.Source
		var all []*link
		for i, name := range names {
			l := missing(name)
			if i >= hit {
				l = login(name, token.Record{Token: newToken(t)})
			}
			links, all = append(links, l), append(all, l)
		}
		res := mustGet(t, newResolver(nil, links...), "web")
		if res.Source != names[hit] || res.Origin != names[hit] {
			t.Errorf("source %s, origin %s, want %s", res.Source, res.Origin, names[hit])
		}
		for i, l := range all {
			want := int64(1)
			if i > hit {
				want = 0
			}
			wantCalls(t, l, want)
		}
	}
}

func TestStorageOnlyWhereTheChainHasIt(t *testing.T) {
	t.Parallel()
	m := newMemory()
	cli := minter(t, token.SourceCLI, 0, 24*time.Hour)
	mustGet(t, newResolver(m, cli), "web")
	if m.saves != 0 {
		t.Errorf("saved %d records without storage among the sources", m.saves)
	}
	first := mustGet(t, newResolver(m, storageLink(), cli), "web")
	if m.saves != 1 {
		t.Errorf("saves = %d, want 1", m.saves)
	}
	second := mustGet(t, newResolver(m, storageLink(), cli), "web")
	if second.Source != token.SourceStorage || second.Token != first.Token {
		t.Errorf("another process: source %s, same token %t, want it from storage", second.Source, second.Token == first.Token)
	}
}

// A cached answer allocates nothing and does not enter the group.
//
//nolint:paralleltest // testing.AllocsPerRun counts the whole process's allocations.
func TestFastPath(t *testing.T) {
	cli := minter(t, token.SourceCLI, 0, 24*time.Hour)
	r := newResolver(nil, cli)
	first := mustGet(t, r, "web")
	if first.Source != token.SourceCLI || first.Acquirer != token.AcquirerGroup {
		t.Errorf("first: source %s, acquirer %s, want cli and group", first.Source, first.Acquirer)
	}
	second := mustGet(t, r, "web")
	if second.Source != token.SourceCache || second.Acquirer != token.AcquirerFacade || second.Origin != token.SourceCLI {
		t.Errorf("second: source %s, acquirer %s, origin %s, want cache, facade and cli", second.Source, second.Acquirer, second.Origin)
	}
	ctx := t.Context()
	if n := testing.AllocsPerRun(1000, func() { _, _ = r.Read(ctx, web, token.PolicyIfExpired) }); n != 0 {
		t.Errorf("a cached answer allocates %v times", n)
	}
	wantCalls(t, cli, 1)
}

// herd sends n callers at once and returns their tokens.
func herd(t *testing.T, n int, get func(i int) (token.Resolution, error)) map[token.Token]int {
	t.Helper()
	var (
		wg  sync.WaitGroup
		mu  sync.Mutex
		got = map[token.Token]int{}
	)
	for i := range n {
		wg.Go(func() {
			res, err := get(i)
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				t.Errorf("caller %d: %v", i, err)
			}
			got[res.Token]++
		})
	}
	wg.Wait()
	return got
}

// Ten thousand callers of one app make one call; callers of different apps
// do not wait for each other.
func TestCoalescing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cli := minter(t, token.SourceCLI, 100*time.Millisecond, 24*time.Hour)
		r := newResolver(nil, cli)
		got := herd(t, 10_000, func(int) (token.Resolution, error) { return r.Read(t.Context(), web, token.PolicyIfExpired) })
		if len(got) != 1 {
			t.Errorf("%d different tokens, want one", len(got))
		}
		wantCalls(t, cli, 1)

		start := time.Now()
		got = herd(t, 1000, func(i int) (token.Resolution, error) {
			return r.Read(t.Context(), token.Request{App: appName(i)}, token.PolicyIfExpired)
		})
		if len(got) != 1000 {
			t.Errorf("%d different tokens, want one for each of 1000 apps", len(got))
		}
		// The bubble's clock moves only while all goroutines wait, so this is
		// not a timing assertion.
		if took := time.Since(start); took != 100*time.Millisecond {
			t.Errorf("1000 apps took %s of the links' time, want one call's", took)
		}
		wantCalls(t, cli, 1001)
	})
}

func TestRequestsOfOneAppAreApart(t *testing.T) {
	t.Parallel()
	cli := minter(t, token.SourceCLI, 0, 24*time.Hour)
	r := newResolver(nil, cli)
	for range 2 {
		for _, req := range []token.Request{
			{App: "web"},
			{App: "web", Access: token.AccessReadOnly},
			{App: "web", Organization: "acme"},
		} {
			if _, err := r.Read(t.Context(), req, token.PolicyIfExpired); err != nil {
				t.Fatal(err)
			}
		}
	}
	wantCalls(t, cli, 3)
}
