package provider

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
)

// The keys of a resource's private data.
const (
	// privateDue is set if the last refresh found the token due for rotation.
	privateDue = "due"
	// privatePredecessor is the token that the last rotation replaced.
	privatePredecessor = "predecessor"
	// privateOverlapEnded is set if the last refresh found the predecessor's
	// overlap ended.
	privateOverlapEnded = "overlap_ended"
	// privateLost is the reason why the last refresh found the token missing from
	// storage; "" if storage holds it.
	privateLost = "lost"
)

// predecessor is a replaced token that is still valid. It holds Fly's
// identifier of the token, which is not a secret.
type predecessor struct {
	ID        string    `json:"id"`
	ExpiresAt time.Time `json:"expires_at"`
	// ReplacedAt is the time of the rotation. It is zero in an older state.
	ReplacedAt time.Time `json:"replaced_at,omitzero"`
	// Imported means that the token was imported before it was replaced.
	Imported bool `json:"imported,omitzero"`
}

// over reports whether nothing remains to be revoked at now.
func (p predecessor) over(now time.Time) bool {
	return p.ID == "" || !p.ExpiresAt.IsZero() && now.After(p.ExpiresAt)
}

// privateReader and privateWriter are the methods of the framework's private
// data.
type (
	privateReader interface {
		GetKey(ctx context.Context, key string) ([]byte, diag.Diagnostics)
	}
	privateWriter interface {
		SetKey(ctx context.Context, key string, value []byte) diag.Diagnostics
	}
)

// readPrivate returns the value of key, or the zero value.
func readPrivate[T any](ctx context.Context, from privateReader, key string) (T, diag.Diagnostics) {
	var value T
	raw, diags := from.GetKey(ctx, key)
	if diags.HasError() || len(raw) == 0 {
		return value, diags
	}
	if json.Unmarshal(raw, &value) != nil {
		diags.AddError("Unreadable Private Data", fmt.Sprintf("The engine returned private data (%q) that differs from the stored data. ", key)+alwaysABug)
	}
	return value, diags
}

// writePrivate stores value under key.
func writePrivate(ctx context.Context, to privateWriter, key string, value any) diag.Diagnostics {
	raw, err := json.Marshal(value)
	if err != nil {
		var diags diag.Diagnostics
		diags.AddError("Unwritable Private Data", fmt.Sprintf("Private data (%q) cannot be encoded. ", key)+alwaysABug)
		return diags
	}
	return to.SetKey(ctx, key, raw)
}
