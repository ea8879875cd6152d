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
	// privateDue is set if the last refresh found the token due for rotation.
	privateDue = "due"
	// privatePredecessor is the token that the last rotation replaced.
	privatePredecessor = "predecessor"
)

// predecessor is a replaced token that is still valid. It holds Fly's
// identifier of the token, which is not a secret.
type predecessor struct {
	ID        string    `json:"id"`
	ExpiresAt time.Time `json:"expires_at"`
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

// ModifyPlan shows a rotation: the computed attributes become unknown, and a
// warning gives the reason. It reads the flag of the refresh and never the
// clock, because an apply repeats the plan and must get the same result.
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
		"Applying this plan mints a token for app %q in place of %s: %s.\n\nThe replaced token stays valid until the next rotation, until this resource is destroyed, or until it expires.",
		state.App.ValueString(), state.TokenID.ValueString(), strings.Join(reasons, "; ")))
}

// differences names the arguments that changed and require a new token.
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
