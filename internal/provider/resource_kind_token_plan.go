package provider

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// ModifyPlan shows a rotation: what is computed is unknown, and a warning gives
// the reason. It reads the flag that the refresh left and never the clock: the
// plan is made again at apply and must come out the same.
func (r *kindTokenResource) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	if req.Plan.Raw.IsNull() {
		return
	}
	var plan kindTokenModel
	resp.Diagnostics.Append(readFields(ctx, req.Plan, plan.fields(r.kind))...)
	resp.Diagnostics.Append(plan.wideWarning(r.kind)...)
	if resp.Diagnostics.HasError() || req.State.Raw.IsNull() {
		return
	}
	resp.Diagnostics.Append(r.planRotation(ctx, &plan, req, resp)...)
}

func (r *kindTokenResource) planRotation(ctx context.Context, plan *kindTokenModel, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) diag.Diagnostics {
	var state kindTokenModel
	diags := readFields(ctx, req.State, state.fields(r.kind))
	r.seen(ctx, &state)
	due, more := readPrivate[bool](ctx, req.Private, privateDue)
	diags.Append(more...)
	replaced := !plan.App.Equal(state.App) || !plan.Organization.Equal(state.Organization)
	if diags.HasError() || replaced {
		return diags
	}
	reasons := state.differences(r.kind, plan)
	if due {
		reasons = slices.Insert(reasons, 0, fmt.Sprintf("it expires at %s, which is within rotate_before (%s)", state.ExpiresAt.ValueString(), short(state.rotateBefore())))
	}
	if len(reasons) == 0 {
		return diags
	}
	for name := range state.computed() {
		diags.Append(resp.Plan.SetAttribute(ctx, path.Root(name), types.StringUnknown())...)
	}
	diags.AddWarning(r.kind.title+" Will Be Rotated", fmt.Sprintf(
		"Applying this plan mints a token for %s in place of %s: %s.\n\nThe previous token stays live until the next rotation, until this resource is destroyed, or until it expires.",
		state.target(), state.TokenID.ValueString(), strings.Join(reasons, "; ")))
	return diags
}

// differences lists the arguments of k that change and rotate the token.
func (m *kindTokenModel) differences(k *tokenKind, plan *kindTokenModel) []string {
	type argument struct {
		name          string
		before, after attr.Value
	}
	arguments := []argument{{"name", m.Name, plan.Name}, {"ttl", m.TTL, plan.TTL}, {"triggers", m.Triggers, plan.Triggers}}
	if k.access {
		arguments = append(arguments, argument{"access", m.Access, plan.Access})
	}
	if k.commands {
		arguments = append(arguments, argument{"commands", m.Commands, plan.Commands})
	}
	var reasons []string
	for _, a := range arguments {
		if !a.before.Equal(a.after) {
			reasons = append(reasons, a.name+" changes")
		}
	}
	return reasons
}
