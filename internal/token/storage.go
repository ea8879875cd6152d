package token

import (
	"context"
	"errors"
	"time"
)

// Record is a token with its attributes.
type Record struct {
	// Token is the token itself.
	Token Token
	// Origin is the source that first produced it.
	Origin SourceName
	// AcquiredAt is when a minted token was acquired, or a manual one set; zero
	// for a login, which has no record.
	AcquiredAt time.Time
	// ExpiresAt is the last instant at which the token is valid; zero if
	// unknown.
	ExpiresAt time.Time
	// TTL is the requested lifetime of a minted token; zero if unknown. It is
	// not the difference of ExpiresAt, in Fly's time, and AcquiredAt, in this
	// machine's time, because this machine's clock may be wrong.
	TTL time.Duration
	// ID is Fly's identifier of a token minted over its API, "" if unknown.
	ID string
	// MintName is the unique name of a minted token in Fly's lists; "" if
	// unknown.
	MintName string
	// AppID is the number of the app that the token was narrowed to, or 0. With
	// it a stored token can be proved without asking Fly again.
	AppID uint64
	// Parent is the fingerprint of the token that this one was narrowed from,
	// or "".
	Parent string
}

// Generation identifies the time between two invalidations of an app. A record may
// only be saved under the generation in which its acquisition began.
type Generation uint64

// Sequence numbers the acquisitions into a store, across processes. Of two
// acquisitions the later one has the greater number, even if clocks disagree.
type Sequence uint64

var (
	// ErrNoRecord is returned by a [Store] that holds no such record.
	ErrNoRecord = errors.New("no such record")
	// ErrSuperseded is returned by a save if the app was invalidated after the
	// acquisition began. The record must not be kept.
	ErrSuperseded = errors.New("the app was invalidated during the acquisition")
	// ErrClaimLost is returned by [Claim.Save] if another process took over the
	// claim. That process may revoke the token, so no caller may receive it.
	ErrClaimLost = errors.New("another process took over the claim")
	// ErrUnwritable is wrapped by the error of [Store.Claim] if nothing can be
	// written. The save that fails later reports it to the user.
	ErrUnwritable = errors.New("storage cannot be written")
	// ErrManualExists is returned by [Store.CreateManual] if a different token
	// is already recorded.
	ErrManualExists = errors.New("a different manual token is recorded for this app")
	// ErrManualChanged is returned by [Store.DeleteManual] if the recorded
	// token is not the one to delete.
	ErrManualChanged = errors.New("the recorded manual token is a different one")
)

// Store keeps minted and manual tokens beyond the process. Its methods are safe
// for concurrent use, and each change is made completely or not at all.
type Store interface {
	// Sequence returns a number that is less than that of every later acquisition,
	// and not less than that of any earlier one.
	Sequence(ctx context.Context) (Sequence, error)
	// Load returns the store's content for req, from one read.
	// A request without an app is for the token that the apps of its organization share.
	Load(ctx context.Context, req Request) (Stored, error)
	// Claim excludes other processes from acquiring a token at req's place, and
	// waits for that until ctx ends. The error gives the reason of a failure.
	Claim(ctx context.Context, req Request) (Claim, error)
	// Save stores rec for req without a claim. The error is [ErrSuperseded] if
	// the app's generation is no longer gen.
	Save(ctx context.Context, req Request, rec Record, gen Generation) error
	// Remove removes the records at req's place whose token has the given fingerprint.
	// Any other record is unchanged, without an error.
	Remove(ctx context.Context, req Request, fingerprint string) error
	// Invalidate begins a new generation of a [Request.Place] and removes its minted
	// records, for every access and organization. The manual record stays.
	Invalidate(ctx context.Context, place string) error
	// SetOrganization records the slug of the organization that an app belongs to.
	SetOrganization(ctx context.Context, app, slug string) error
	// Manual returns the app's manual record. The error is [ErrNoRecord] if
	// there is none, and wraps [ErrStop] if it cannot be read.
	Manual(ctx context.Context, app string) (Record, error)
	// CreateManual stores rec as the app's manual record and returns the stored
	// record. An equal stored token is adopted unchanged. For a different one
	// the error is [ErrManualExists].
	CreateManual(ctx context.Context, app string, rec Record) (Record, error)
	// SetManual replaces the app's manual record. It is durable when SetManual
	// returns.
	SetManual(ctx context.Context, app string, rec Record) error
	// DeleteManual removes the app's manual record if its token has the given
	// fingerprint. The error is [ErrNoRecord] or [ErrManualChanged] otherwise.
	DeleteManual(ctx context.Context, app, fingerprint string) error
}

// Stored is the content of storage for a request, from one read.
type Stored struct {
	// Generation is the app's.
	Generation Generation
	// Record is the minted record. Its Token is zero if there is no usable one.
	Record Record
	// Sequence is the number of the record's acquisition. Of two acquisitions
	// for one app, the later one always has the greater number.
	Sequence Sequence
	// Misses are the misses of the last process that failed to acquire for this
	// request, and MissesAt is the number of that acquisition.
	Misses   []Attempt
	MissesAt Sequence
	// Announced are mints at the place whose outcome was not recorded.
	Announced []Mint
	// Organization is the slug that [Store.SetOrganization] recorded for the app, or "".
	Organization string
}

// Claim excludes other processes from acquiring a token for a request. It is
// held from [Store.Claim] until Save or Release, or until the process ends.
type Claim interface {
	// Stored returns the content of storage at the time of the claim.
	Stored() Stored
	// MintName is unique to this claim, and is announced in storage together
	// with it, so that a token of this name can be found later.
	MintName() string
	// Save stores rec and ends the claim in one change. The error is
	// [ErrSuperseded] if the app was invalidated after the claim was taken, and
	// [ErrClaimLost] if another process took over the claim.
	Save(ctx context.Context, rec Record) error
	// Release ends the claim without a record. Misses are kept for other processes
	// that wait. With uncertain set, MintName stays announced, because Fly may have
	// made a token of that name.
	Release(ctx context.Context, misses []Attempt, uncertain bool) error
}

// MintKind is the purpose of a mint.
type MintKind string

const (
	// MintSource is a mint of the source cli or api.
	MintSource MintKind = "source"
	// MintManaged is a mint of a managed resource, kept in the engine's state.
	MintManaged MintKind = "managed"
	// MintLease is a mint that its own process revokes.
	MintLease MintKind = "lease"
)

// Mint is an announced request for a token. It is not a secret: it holds Fly's
// name and identifier of the token, not the token.
type Mint struct {
	// Request is the request for the token.
	Request Request `json:"-"`
	// Name is the token's unique name in Fly's lists.
	Name string `json:"-"`
	// Kind is the purpose of the token.
	Kind MintKind `json:"kind"`
	// ID is Fly's identifier; "" until it is known.
	ID string `json:"id"`
	// ExpiresAt is the latest expiry of the token.
	ExpiresAt time.Time `json:"expires_at"`
	// Owner identifies the process that minted it.
	Owner string `json:"owner"`
	// Workspace and Spec identify the root module, and the resource's arguments,
	// that a managed token was minted for.
	Workspace string `json:"workspace"`
	Spec      string `json:"spec"`
	// Replaces is Fly's identifier of the token that a rotation replaces.
	Replaces string `json:"replaces"`
	// StateFile identifies the engine's state file as it was before the mint,
	// and Engine the engine's process; "" if unknown.
	StateFile string `json:"state_file"`
	Engine    string `json:"engine"`
	// Delivered means that the process ended normally after the engine had
	// received the token.
	Delivered bool `json:"delivered"`
}
