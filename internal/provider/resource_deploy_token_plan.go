package provider

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// The keys of a deploy token's private data.
const (
	// privateDue says that the last refresh found the token due for rotation.
	privateDue = "due"
	// privatePredecessor is the token that the last rotation replaced.
	privatePredecessor = "predecessor"
)

// predecessor is a token that was replaced and is still good. It holds Fly's
// identifier of the token, which opens nothing.
type predecessor struct {
	ID        string    `json:"id"`
	ExpiresAt time.Time `json:"expires_at"`
}

// over reports whether there is nothing left to revoke at now.
func (p predecessor) over(now time.Time) bool {
	return p.ID == "" || !p.ExpiresAt.IsZero() && now.After(p.ExpiresAt)
}

// privateReader and privateWriter are what the framework's private data can do.
type (
	privateReader interface {
		GetKey(ctx context.Context, key string) ([]byte, diag.Diagnostics)
	}
	privateWriter interface {
		SetKey(ctx context.Context, key string, value []byte) diag.Diagnostics
	}
)

// readPrivate returns what stands under key, the zero value where nothing does.
func readPrivate[T any](ctx context.Context, from privateReader, key string) (T, diag.Diagnostics) {
	var value T
	raw, diags := from.GetKey(ctx, key)
	if diags.HasError() || len(raw) == 0 {
		return value, diags
	}
	if json.Unmarshal(raw, &value) != nil {
		diags.AddError("Unreadable Private Data", fmt.Sprintf("The engine gave back private data (%q) that is not what it was given. ", key)+alwaysABug)
	}
	return value, diags
}

// writePrivate puts value under key.
func writePrivate(ctx context.Context, to privateWriter, key string, value any) diag.Diagnostics {
	raw, err := json.Marshal(value)
	if err != nil {
		var diags diag.Diagnostics
		diags.AddError("Unwritable Private Data", fmt.Sprintf("Private data (%q) cannot be encoded. ", key)+alwaysABug)
		return diags
	}
	return to.SetKey(ctx, key, raw)
}

// ModifyPlan makes a rotation show: what is computed is not known until then, and
// a warning says why. It reads the flag that the refresh left and never the clock:
// a plan is made again when it is applied, and must come out as it was shown.
func (r *deployTokenResource) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	if req.Plan.Raw.IsNull() || req.State.Raw.IsNull() {
		return
	}
	var plan, state deployTokenModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	r.seen(ctx, &state)
	due, diags := readPrivate[bool](ctx, req.Private, privateDue)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() || !plan.App.Equal(state.App) {
		return
	}
	reasons := state.differences(&plan)
	if due {
		reasons = slices.Insert(reasons, 0, fmt.Sprintf("it expires at %s, which is within rotate_before (%s)", state.ExpiresAt.ValueString(), short(state.rotateBefore())))
	}
	if len(reasons) == 0 {
		return
	}
	for _, name := range []string{"token", "authorization_header", "token_id", "expires_at", "fingerprint"} {
		resp.Diagnostics.Append(resp.Plan.SetAttribute(ctx, path.Root(name), types.StringUnknown())...)
	}
	resp.Diagnostics.AddAttributeWarning(path.Root("token"), "Fly Deploy Token Is to Be Rotated", fmt.Sprintf(
		"Applying this plan mints a token for app %q in place of %s: %s.\n\nThe one it replaces stays good until the next rotation, until this resource is destroyed, or until its own end.",
		state.App.ValueString(), state.TokenID.ValueString(), strings.Join(reasons, "; ")))
}

// differences says which of the arguments that make a token what it is are others
// in plan.
func (m *deployTokenModel) differences(plan *deployTokenModel) []string {
	var reasons []string
	for _, argument := range []struct {
		name          string
		before, after attr.Value
	}{
		{"name", m.Name, plan.Name},
		{"organization", m.Organization, plan.Organization},
		{"access", m.Access, plan.Access},
		{"ttl", m.TTL, plan.TTL},
		{"triggers", m.Triggers, plan.Triggers},
	} {
		if !argument.before.Equal(argument.after) {
			reasons = append(reasons, argument.name+" changes")
		}
	}
	return reasons
}
