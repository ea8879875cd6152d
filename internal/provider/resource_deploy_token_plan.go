package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// ModifyPlan shows a rotation: the computed attributes become unknown, and a
// warning gives the reason. It reads the flag of the refresh and never the
// clock, because an apply repeats the plan and must get the same result.
func (r *deployTokenResource) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	if req.Plan.Raw.IsNull() {
		return
	}
	var plan, state deployTokenModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	if req.State.Raw.IsNull() {
		resp.Diagnostics.Append(r.omitToken(ctx, &plan, &resp.Plan)...)
		return
	}
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	held := state.held(settings{}) // the provider's organization plays no part
	r.session.seen(ctx, held)
	due, diags := readPrivate[bool](ctx, req.Private, privateDue)
	resp.Diagnostics.Append(diags...)
	reasons, diags := state.lostReason(ctx, req.Private)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() || !plan.App.Equal(state.App) {
		return
	}
	reasons = append(reasons, state.differences(&plan)...)
	if state.isImported() {
		due, reasons = false, []string{reasonImported}
	}
	if due || len(reasons) > 0 {
		held.overlap = plan.overlap(state.isImported())
		resp.Diagnostics.Append(held.planRotation(ctx, &resp.Plan, due, reasons)...)
		resp.Diagnostics.Append(r.omitToken(ctx, &plan, &resp.Plan)...)
		resp.Diagnostics.Append(resp.Plan.SetAttribute(ctx, path.Root("predecessor_id"), types.StringUnknown())...)
		return
	}
	ended, diags := readPrivate[bool](ctx, req.Private, privateOverlapEnded)
	resp.Diagnostics.Append(diags...)
	if ended && plan.Overlap.Equal(state.Overlap) {
		before, diags := readPrivate[predecessor](ctx, req.Private, privatePredecessor)
		resp.Diagnostics.Append(diags...)
		resp.Diagnostics.Append(resp.Plan.SetAttribute(ctx, path.Root("predecessor_id"), types.StringNull())...)
		resp.Diagnostics.Append(overlapEndedWarning(&state, before))
	}
}

// differences names the arguments that changed and require a new token.
func (m *deployTokenModel) differences(plan *deployTokenModel) []string {
	reasons := differences(
		argument{"name", m.Name, plan.Name},
		argument{"organization", m.Organization, plan.Organization},
		argument{"access", m.Access, plan.Access},
		argument{"ttl", m.TTL, plan.TTL},
		argument{"triggers", m.Triggers, plan.Triggers},
	)
	if plan.TokenInState.IsUnknown() || m.inState() != plan.inState() {
		reasons = append(reasons, "token_in_state changes")
	}
	return reasons
}
