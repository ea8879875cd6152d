package token_test

import (
	"context"
	"strconv"
	"sync"
	"testing"
	"time"

	"golang.org/x/sync/singleflight"

	"github.com/flytokens/terraform-provider-fly/internal/token"
)

// rival is the obvious design: a map behind a sync.RWMutex, in front of
// x/sync's singleflight. It does the same work for an answer: it finds the
// answer by the same request, and checks the time before it returns it.
type rival struct {
	mu      sync.RWMutex
	entries map[token.Request]rivalEntry
	group   singleflight.Group
	source  token.Source
}

type rivalEntry struct {
	answer     token.Resolution
	freshUntil time.Time
}

func newRival(source token.Source) *rival {
	return &rival{entries: map[token.Request]rivalEntry{}, source: source}
}

func (r *rival) Read(ctx context.Context, req token.Request, _ token.Policy) (token.Resolution, error) {
	r.mu.RLock()
	e, ok := r.entries[req]
	r.mu.RUnlock()
	if ok && time.Now().Before(e.freshUntil) {
		return e.answer, nil
	}
	v, err, _ := r.group.Do(req.App+"/"+string(req.Access)+"/"+req.Organization, func() (any, error) {
		c, err := r.source.Acquire(ctx, req)
		if err != nil {
			return token.Resolution{}, err
		}
		answer := token.Resolution{Record: c.Record, Source: token.SourceCLI}
		r.mu.Lock()
		defer r.mu.Unlock()
		r.entries[req] = rivalEntry{answer, c.ExpiresAt.Add(-time.Hour)}
		return answer, nil
	})
	answer, _ := v.(token.Resolution)
	return answer, err
}

// reader is the interface of both designs.
type reader interface {
	Read(ctx context.Context, req token.Request, policy token.Policy) (token.Resolution, error)
}

// designs runs a benchmark for the resolver and for its rival.
func designs(b *testing.B, takes time.Duration, bench func(b *testing.B, fresh func() (reader, *link))) {
	b.Helper()
	b.Run("design=resolver", func(b *testing.B) {
		bench(b, func() (reader, *link) {
			cli := minter(b, token.SourceCLI, takes, 24*time.Hour)
			return newResolver(nil, cli), cli
		})
	})
	b.Run("design=rwmutex", func(b *testing.B) {
		bench(b, func() (reader, *link) {
			cli := minter(b, token.SourceCLI, takes, 24*time.Hour)
			return newRival(cli), cli
		})
	})
}

// warmed returns a design that has the answers for 100 apps, and their requests.
func warmed(b *testing.B, fresh func() (reader, *link)) (reader, []token.Request) {
	b.Helper()
	g, _ := fresh()
	reqs := make([]token.Request, 128)
	for i := range reqs {
		reqs[i] = token.Request{App: "some-app-" + strconv.Itoa(i), Organization: "acme"}
		if _, err := g.Read(b.Context(), reqs[i], token.PolicyIfRejected); err != nil {
			b.Fatal(err)
		}
	}
	return g, reqs
}

func BenchmarkResolverReadCached(b *testing.B) {
	designs(b, 0, func(b *testing.B, fresh func() (reader, *link)) {
		g, reqs := warmed(b, fresh)
		ctx := b.Context()
		b.ReportAllocs()
		i := 0
		for b.Loop() {
			if _, err := g.Read(ctx, reqs[i%len(reqs)], token.PolicyIfRejected); err != nil {
				b.Fatal(err)
			}
			i++
		}
	})
}

func BenchmarkResolverReadCachedParallel(b *testing.B) {
	designs(b, 0, func(b *testing.B, fresh func() (reader, *link)) {
		g, reqs := warmed(b, fresh)
		ctx := b.Context()
		b.ReportAllocs()
		b.RunParallel(func(pb *testing.PB) {
			i := 0
			for pb.Next() {
				if _, err := g.Read(ctx, reqs[i%len(reqs)], token.PolicyIfRejected); err != nil {
					b.Error(err)
				}
				i++
			}
		})
	})
}

// sourceTakes is the delay of the source in the benchmarks of many callers.
const sourceTakes = 100 * time.Millisecond

// BenchmarkResolverHerd reports how long the last of 10,000 callers of one cold
// app waits, in multiples of the source's delay, and how many calls were made.
func BenchmarkResolverHerd(b *testing.B) {
	benchmarkCallers(b, 10_000, func(int) token.Request { return token.Request{App: "web"} })
}

// BenchmarkResolverManyApps is the same for 1,000 cold apps at once.
func BenchmarkResolverManyApps(b *testing.B) {
	benchmarkCallers(b, 1000, func(i int) token.Request { return token.Request{App: appName(i)} })
}

func benchmarkCallers(b *testing.B, n int, request func(i int) token.Request) {
	designs(b, sourceTakes, func(b *testing.B, fresh func() (reader, *link)) {
		var calls int64
		for b.Loop() {
			g, cli := fresh()
			var wg sync.WaitGroup
			for i := range n {
				wg.Go(func() {
					if _, err := g.Read(b.Context(), request(i), token.PolicyIfRejected); err != nil {
						b.Error(err)
					}
				})
			}
			wg.Wait()
			calls += cli.calls.Load()
		}
		b.ReportMetric(float64(b.Elapsed())/float64(b.N)/float64(sourceTakes), "delays/op")
		b.ReportMetric(float64(calls)/float64(b.N), "calls/op")
	})
}
