package token

import (
	"context"
	"time"
)

// Stored is what storage holds for a request, taken from one read.
type Stored struct {
	// Generation counts the app's invalidations.
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
	// Announced are mints for the app whose outcome nobody recorded.
	Announced []Mint
	// Warnings are for the user, and hold no secret.
	Warnings []Warning
}

// Claim excludes other processes from acquiring a token for a request. It is
// held from [Storage.Claim] until Save or Release, or until the process dies.
type Claim interface {
	// Stored returns what storage held when the claim was taken.
	Stored() Stored
	// MintName is unique to this claim, and is announced in storage together with
	// it: a token that Fly made under this name can be found later.
	MintName() string
	// Save stores rec and ends the claim in one change. The error is
	// [ErrSuperseded] when the app was invalidated after the claim was taken, or
	// when the claim was lost to another process.
	Save(ctx context.Context, rec Record) error
	// Release ends the claim without a record. Misses are kept for those who
	// wait. With unsettled set, MintName stays announced, because Fly may have
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
