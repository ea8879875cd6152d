package token

import (
	"context"
	"time"
)

// SourceName names a link of the chain, or the cache in front of it.
type SourceName string

// The sources of a token. [SourceCache] answers without the chain; the others
// are its links, in their default order.
const (
	SourceCache   SourceName = "cache"
	SourceStorage SourceName = "storage"
	SourceConfig  SourceName = "config"
	SourceCLI     SourceName = "cli"
	SourceAPI     SourceName = "api"
	SourceEnv     SourceName = "env"
	SourceManual  SourceName = "manual"
	// SourceNone is the source of a request that no link answered.
	SourceNone SourceName = "none"
)

// Source is one link of the chain.
//
// Acquire returns a candidate, or an error that says why there is none. Every
// error is a miss, and the chain goes on, but for one that wraps [ErrStop].
// A miss should be a [*MissError], which carries the fix; any other error is quoted
// as the reason. No error holds a token or a part of one.
//
// Acquire observes ctx, which carries the link's own deadline, and is called
// from many goroutines at once.
type Source interface {
	// Name is the link's name, also the origin of what it acquires afresh.
	Name() SourceName
	// Timeout bounds one Acquire. A link that overruns it is given up.
	Timeout() time.Duration
	// Acquire finds a token for req.
	Acquire(ctx context.Context, req Request) (Candidate, error)
}

// storageTimeout bounds one look into storage.
const storageTimeout = 10 * time.Second

// StorageSource is the place of storage in the chain. The resolver reads its [Store]
// there.
func StorageSource() Source { return storageSource{} }

type storageSource struct{}

var _ Source = storageSource{}

// Name implements [Source].
func (storageSource) Name() SourceName { return SourceStorage }

// Timeout implements [Source].
func (storageSource) Timeout() time.Duration { return storageTimeout }

// Acquire is for a resolver without a [Store].
func (storageSource) Acquire(context.Context, Request) (Candidate, error) {
	return Candidate{}, &MissError{Reason: "there is no storage", Cause: ErrNoStore}
}

// Limiter is implemented by a [Source] that bounds how many of its calls run at
// once. The wait for a slot is neither the link's time nor the flight's.
type Limiter interface {
	// Slot waits for a free slot and returns what gives it back. The error is
	// the context's.
	Slot(ctx context.Context) (release func(), err error)
}

// Minter is implemented by a [Source] that mints.
type Minter interface {
	// Mint is [Source.Acquire] under a name that was announced in storage. The error
	// wraps [ErrUnsettled] if Fly may have made a token of that name.
	Mint(ctx context.Context, req Request, name string) (Candidate, error)
}

// Candidate is what a link has found.
type Candidate struct {
	Record
	// Minted says that the token was made for this request, by minting or by
	// narrowing a login: such a token is written to storage. A login is not.
	Minted bool
	// Sequence is the number of a stored token's acquisition.
	Sequence Sequence
	// From names where a login was found: a variable, an argument, or a path. It is
	// "" for every token that is not a login.
	From string
	// Broad says that the token is a login that opens more than one app.
	Broad bool
	// Warnings are for the user, and hold no secret.
	Warnings []Warning
}

// Verifier shows tokens to Fly.
type Verifier interface {
	// Verify returns an error that wraps [ErrRejected] when Fly refuses tok for
	// req's app, or [ErrOutOfReach] when tok is valid for other apps only. It returns
	// nil when Fly accepts tok or does not answer. It bounds its own time: three
	// seconds in all for whatever number of calls.
	Verify(ctx context.Context, req Request, tok Token) error
}

// Narrower makes tokens prove an access.
type Narrower interface {
	// Timeout bounds one Narrow, which may have to ask Fly for an app's number.
	Timeout() time.Duration
	// Narrow returns c as it is where its token proves req's access, else with a
	// token that was narrowed to it. The error says why that cannot be done.
	// Whatever it returns was decoded and proved.
	Narrow(ctx context.Context, req Request, c Candidate) (Candidate, error)
}

// Warning is something the user should know about a token that was found.
type Warning struct {
	// Key, if set, makes warnings with one key count as one, whatever they say.
	Key string
	// Summary is one line without a full stop, the same for every app.
	Summary string
	// Detail says what, why, and what to do.
	Detail string
}
