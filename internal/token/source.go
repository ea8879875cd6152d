package token

import (
	"context"
	"time"
)

// SourceName names a source, or the cache in front of the sources.
type SourceName string

// The sources of a token. [SourceCache] is the cache in front of the others,
// which are in their default order.
const (
	SourceCache   SourceName = "cache"
	SourceStorage SourceName = "storage"
	SourceConfig  SourceName = "config"
	SourceCLI     SourceName = "cli"
	SourceAPI     SourceName = "api"
	SourceEnv     SourceName = "env"
	SourceManual  SourceName = "manual"
	// SourceNone is the source of a request that no source answered.
	SourceNone SourceName = "none"
)

// Source is one place where a token may come from.
//
// Acquire returns a candidate, or an error with the reason. Every error is a
// miss, and the next source follows, unless the error wraps [ErrStop]. A miss
// should be a [*MissError], which carries advice. Any other error is quoted as
// the reason. No error contains a token or a part of one.
//
// Acquire observes ctx, which carries the source's own deadline, and is called
// from many goroutines at once.
type Source interface {
	// Name is the source's name, and the origin of tokens that it acquires.
	Name() SourceName
	// Timeout bounds one Acquire. A source that exceeds it is abandoned.
	Timeout() time.Duration
	// Acquire finds a token for req.
	Acquire(ctx context.Context, req Request) (Candidate, error)
}

// storageTimeout bounds one read of storage.
const storageTimeout = 10 * time.Second

// StorageSource marks the position of storage among the sources. The resolver
// reads its [Store] there.
func StorageSource() Source { return storageSource{} }

type storageSource struct{}

var _ Source = storageSource{}

// Name implements [Source].
func (storageSource) Name() SourceName { return SourceStorage }

// Timeout implements [Source].
func (storageSource) Timeout() time.Duration { return storageTimeout }

// Acquire is for a resolver without a [Store].
func (storageSource) Acquire(context.Context, Request) (Candidate, error) {
	return Candidate{}, &MissError{Reason: "storage is not configured", Cause: ErrNoStore}
}

// Limiter is implemented by a [Source] that bounds its concurrent calls. The
// wait for a slot counts neither as the source's time nor as the flight's.
type Limiter interface {
	// Slot waits for a free slot and returns its release. The error is the
	// context's.
	Slot(ctx context.Context) (release func(), err error)
}

// Minter is implemented by a [Source] that mints.
type Minter interface {
	// Mint is [Source.Acquire] under a name that was announced in storage. The error
	// wraps [ErrMintUncertain] if Fly may have made a token of that name.
	Mint(ctx context.Context, req Request, name string) (Candidate, error)
}

// Candidate is a token from a source.
type Candidate struct {
	Record
	// Minted means that the token was made for this request, by minting or by
	// narrowing a login. Such a token is written to storage. A login is not.
	Minted bool
	// From is the origin of a login: a variable, an argument, or a path. It is
	// "" for every token that is not a login.
	From string
	// Broad means that the token is a login with access to more than one app.
	Broad bool
	// Warnings are for the user, and hold no secret.
	Warnings []Warning

	// The rest is that of a [Resolution].
	source     SourceName
	sharedWith string
	recent     bool
	sequence   Sequence
}

// Verifier checks tokens with Fly.
type Verifier interface {
	// Verify returns an error that wraps [ErrRejected] if Fly refuses tok for
	// req's app, or [ErrOutOfReach] if tok is valid only for other apps. It
	// returns nil if Fly accepts tok or does not answer. It bounds its own
	// time: three seconds in total for any number of calls.
	Verify(ctx context.Context, req Request, tok Token) error
}

// Narrower makes tokens prove an access.
type Narrower interface {
	// Timeout bounds one Narrow, which may have to ask Fly for an app's number.
	Timeout() time.Duration
	// Narrow returns c unchanged if its token proves req's access, otherwise
	// with a narrowed token. The error gives the reason why this is impossible.
	// Every returned token was decoded and proved.
	Narrow(ctx context.Context, req Request, c Candidate) (Candidate, error)
}

// Warning is a warning for the user about a token.
type Warning struct {
	// Key, if set, makes all warnings with the same key count as one.
	Key string
	// Summary is one line without a full stop, the same for every app.
	Summary string
	// Detail gives the fact, the cause and the advice.
	Detail string
}
