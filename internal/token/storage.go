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
	// AcquiredAt is this machine's time and ExpiresAt is Fly's, so the difference
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

// Generation identifies the time between two invalidations of an app. A record may
// only be saved under the generation in which its acquisition began.
type Generation uint64

// Sequence numbers what is acquired into a store, by whatever process: of two
// acquisitions the later one has the greater number, whatever the clocks say.
type Sequence uint64

var (
	// ErrNoRecord is returned by a [Store] that holds no such record.
	ErrNoRecord = errors.New("no such record")
	// ErrSuperseded is returned by a save when the app was invalidated after the
	// acquisition began: the record must not be kept.
	ErrSuperseded = errors.New("the app was invalidated during the acquisition")
	// ErrClaimLost is returned by [Claim.Save] when another process took the claim
	// over. That process may revoke the token, so no caller may receive it.
	ErrClaimLost = errors.New("another process took over the claim")
	// ErrUnwritable is wrapped by the error of [Store.Claim] if nothing can be
	// written. The save that fails later reports it to the user.
	ErrUnwritable = errors.New("storage cannot be written")
	// ErrManualExists is returned by [Store.CreateManual] when a different token is
	// recorded already.
	ErrManualExists = errors.New("a different manual token is recorded for this app")
	// ErrManualChanged is returned by [Store.DeleteManual] when the recorded
	// token is not the one that was to be deleted.
	ErrManualChanged = errors.New("the recorded manual token is a different one")
)

// Store keeps minted and manual tokens beyond the process. Its methods are safe
// for concurrent use, and each change is made completely or not at all.
type Store interface {
	// Sequence returns a number that is less than that of every later acquisition,
	// and not less than that of any earlier one.
	Sequence(ctx context.Context) (Sequence, error)
	// Load returns what the store holds for req, from one read.
	Load(ctx context.Context, req Request) (Stored, error)
	// Claim excludes other processes from acquiring a token for req's app, and
	// waits for that as long as ctx lasts. The error says why there is no claim.
	Claim(ctx context.Context, req Request) (Claim, error)
	// Save stores rec for req without a claim. The error is [ErrSuperseded] when
	// the app's generation is no longer gen.
	Save(ctx context.Context, req Request, rec Record, gen Generation) error
	// Remove removes the record for req if its token has the given fingerprint.
	// Any other record, or none, is left as it is, without an error.
	Remove(ctx context.Context, req Request, fingerprint string) error
	// Invalidate begins a new generation of the app and removes its minted records,
	// for every access and organization. The manual record stays.
	Invalidate(ctx context.Context, app string) error
	// Manual returns the app's manual record. The error is [ErrNoRecord] when
	// there is none, and wraps [ErrStop] when there is one that cannot be read.
	Manual(ctx context.Context, app string) (Record, error)
	// CreateManual stores rec as the app's manual record and returns what is then
	// stored. An equal token that is there already is adopted as it is; for a
	// different one the error is [ErrManualExists].
	CreateManual(ctx context.Context, app string, rec Record) (Record, error)
	// SetManual replaces the app's manual record. It is durable when SetManual
	// returns.
	SetManual(ctx context.Context, app string, rec Record) error
	// DeleteManual removes the app's manual record if its token has the given
	// fingerprint. The error is [ErrNoRecord] or [ErrManualChanged] otherwise.
	DeleteManual(ctx context.Context, app, fingerprint string) error
}

// Stored is what storage holds for a request, taken from one read.
type Stored struct {
	// Generation is the app's.
	Generation Generation
	// Record is the minted record; its Token is zero when there is none that
	// can be used.
	Record Record
	// Sequence is the number of the record's acquisition. Of two acquisitions
	// for one app, the later one always has the greater number.
	Sequence Sequence
	// Misses are what links reported when another process last failed to
	// acquire for this request, and MissesAt is the number of that acquisition.
	Misses   []Attempt
	MissesAt Sequence
	// Announced are mints for the app whose outcome was not recorded.
	Announced []Mint
}

// Claim excludes other processes from acquiring a token for a request. It is
// held from [Store.Claim] until Save or Release, or until the process dies.
type Claim interface {
	// Stored returns what storage held when the claim was taken.
	Stored() Stored
	// MintName is unique to this claim, and is announced in storage together with
	// it: a token that Fly made under this name can be found later.
	MintName() string
	// Save stores rec and ends the claim in one change. The error is
	// [ErrSuperseded] when the app was invalidated after the claim was taken, and
	// [ErrClaimLost] when the claim was lost to another process.
	Save(ctx context.Context, rec Record) error
	// Release ends the claim without a record. Misses are kept for other processes
	// that wait. With unsettled set, MintName stays announced, because Fly may have
	// made a token of that name.
	Release(ctx context.Context, misses []Attempt, unsettled bool) error
}

// MintKind says what a mint is for.
type MintKind string

const (
	// MintSource is a mint of the cli or the api link.
	MintSource MintKind = "source"
	// MintManaged is a mint of a managed resource, kept in the engine's state.
	MintManaged MintKind = "managed"
	// MintLease is a mint that its own process revokes.
	MintLease MintKind = "lease"
)

// Mint is a token that Fly was asked for, or is about to be. It opens nothing:
// it holds Fly's name and identifier of a token, not the token.
type Mint struct {
	// Request is what the token is for.
	Request Request
	// Name is what Fly lists the token by. It is unique.
	Name string
	// Kind says what the token is for.
	Kind MintKind
	// ID is Fly's identifier; "" until it is known.
	ID string
	// ExpiresAt is when the token ends at the latest.
	ExpiresAt time.Time
	// Owner identifies the process that minted it.
	Owner string
	// Workspace and Spec identify the root module, and the resource's arguments,
	// that a managed token was minted for.
	Workspace, Spec string
	// Replaces is Fly's identifier of the token that a rotation replaces.
	Replaces string
	// StateFile identifies the engine's state file as it was before the mint, and
	// Engine the engine's process; "" where they are not known.
	StateFile, Engine string
	// Delivered says that the process ended normally after the engine had been
	// given the token.
	Delivered bool
}
