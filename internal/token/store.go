package token

import (
	"context"
	"errors"
	"time"
)

// Record is a token with what is known about it.
type Record struct {
	// Token is the token itself.
	Token Token
	// Origin is the source that first produced it.
	Origin SourceName
	// AcquiredAt is when a minted token was acquired, or a manual one set; zero
	// for a login, which has no record.
	AcquiredAt time.Time
	// ExpiresAt is the last instant at which the token is good; zero when
	// unknown.
	ExpiresAt time.Time
	// TTL is the life that a minted token was asked for; zero when unknown.
	// AcquiredAt is this machine's time and ExpiresAt is Fly's, so that what lies
	// between them is as wrong as this machine's clock.
	TTL time.Duration
	// ID is Fly's identifier of a token minted over its API, "" when unknown.
	ID string
	// MintName is the unique name that a minted token was made under, and that
	// Fly lists it by; "" when unknown.
	MintName string
	// AppID is the number of the app that the token was narrowed to, 0 for one
	// that was not. It lets a stored token be proved without asking Fly again.
	AppID uint64
	// Parent is the fingerprint of the token that this one was narrowed from, ""
	// for one that was not.
	Parent string
}

// Generation counts the invalidations of an app. A record may only be saved
// under the generation in which its acquisition began.
type Generation uint64

// Sequence numbers what is acquired into a store, by whatever process: of two
// acquisitions the later one has the greater number, whatever the clocks say.
type Sequence uint64

var (
	// ErrNoRecord is returned by a [Store] that holds no such record.
	ErrNoRecord = errors.New("no such record")
	// ErrSuperseded is returned by [Store.SaveMinted] when the app was
	// invalidated after the acquisition began: the record must not be kept.
	ErrSuperseded = errors.New("the app was invalidated meanwhile")
	// ErrUnwritable is wrapped by the error of [Store.Lock] where nothing can be
	// written: whoever saves there is told so, and needs not be told twice.
	ErrUnwritable = errors.New("storage cannot be written")
	// ErrManualExists is returned by [Store.CreateManual] when another token is
	// recorded already.
	ErrManualExists = errors.New("another manual token is recorded for this app")
	// ErrManualChanged is returned by [Store.DeleteManual] when the recorded
	// token is not the one that was to be deleted.
	ErrManualChanged = errors.New("the recorded manual token is another")
)

// Store keeps minted and manual tokens beyond the process. Its methods are safe
// for concurrent use, and each change is whole or not made at all.
type Store interface {
	// Generation returns the app's count of invalidations; 0 for an app that
	// was never invalidated.
	Generation(ctx context.Context, app string) (Generation, error)
	// Sequence returns the number of the latest acquisition; 0 before the first.
	Sequence(ctx context.Context) (Sequence, error)
	// Minted returns the record for req, and the number of its acquisition. The
	// error is [ErrNoRecord] when there is none.
	Minted(ctx context.Context, req Request) (Record, Sequence, error)
	// SaveMinted keeps rec for req, in place of what stood there. The error is
	// [ErrSuperseded] when the app's generation is no longer gen.
	SaveMinted(ctx context.Context, req Request, rec Record, gen Generation) error
	// RemoveMinted removes the record for req if its token has the given
	// fingerprint. Another record, or none, is left as it is, without an error.
	RemoveMinted(ctx context.Context, req Request, fingerprint string) error
	// Invalidate raises the app's generation and removes its minted records, for
	// every access and organization. The manual record stays.
	Invalidate(ctx context.Context, app string) error
	// Lock keeps every other process from acquiring for app until unlock is
	// called or this process ends. It waits for as long as ctx lasts. The error
	// says why there is no lock to be had.
	Lock(ctx context.Context, app string) (unlock func(), err error)
	// Misses returns how the latest acquisition for req went, link by link, as
	// far as [Store.SaveMisses] was told, and its number. The error is
	// [ErrNoRecord] when there is nothing to tell.
	Misses(ctx context.Context, req Request) ([]Attempt, Sequence, error)
	// SaveMisses keeps what other processes, which wait for the lock, need not
	// find out for themselves.
	SaveMisses(ctx context.Context, req Request, misses []Attempt) error
	// Manual returns the app's manual record. The error is [ErrNoRecord] when
	// there is none, and wraps [ErrStop] when there is one that cannot be read.
	Manual(ctx context.Context, app string) (Record, error)
	// CreateManual keeps rec as the app's manual record and returns what is then
	// on disk. An equal token that stands there already is adopted as it is;
	// another one is [ErrManualExists].
	CreateManual(ctx context.Context, app string, rec Record) (Record, error)
	// SetManual keeps rec as the app's manual record, in place of what stood
	// there. The record is on disk when it returns.
	SetManual(ctx context.Context, app string, rec Record) error
	// DeleteManual removes the app's manual record if its token has the given
	// fingerprint. The error is [ErrNoRecord] or [ErrManualChanged] otherwise.
	DeleteManual(ctx context.Context, app, fingerprint string) error
}
