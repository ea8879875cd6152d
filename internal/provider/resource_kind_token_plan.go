package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/resource"
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
	var state kindTokenModel
	resp.Diagnostics.Append(readFields(ctx, req.State, state.fields(r.kind))...)
	held := state.held(r.kind)
	r.session.seen(ctx, held)
	due, diags := readPrivate[bool](ctx, req.Private, privateDue)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() || plan.request() != state.request() {
		return
	}
	resp.Diagnostics.Append(held.planRotation(ctx, &resp.Plan, due, state.differences(r.kind, &plan))...)
}

// differences lists the arguments of k that change and rotate the token.
func (m *kindTokenModel) differences(k *tokenKind, plan *kindTokenModel) []string {
	arguments := []argument{{"name", m.Name, plan.Name}, {"ttl", m.TTL, plan.TTL}, {"triggers", m.Triggers, plan.Triggers}}
	if k.access {
		arguments = append(arguments, argument{"access", m.Access, plan.Access})
	}
	if k.commands {
		arguments = append(arguments, argument{"commands", m.Commands, plan.Commands})
	}
	return differences(arguments...)
}
