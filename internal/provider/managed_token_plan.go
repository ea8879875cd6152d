package provider

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// ModifyPlan shows a rotation: the computed attributes become unknown, and a
// warning gives the reason. It reads the flag of the refresh and never the
// clock, because an apply repeats the plan and must get the same result.
func (r *managedTokenResource) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	if req.Plan.Raw.IsNull() {
		return
	}
	plan, diags := r.read(ctx, req.Plan)
	resp.Diagnostics.Append(diags...)
	resp.Diagnostics.Append(plan.wideWarning()...)
	if req.State.Raw.IsNull() {
		resp.Diagnostics.Append(r.omitToken(ctx, plan, &resp.Plan)...)
		return
	}
	state, diags := r.read(ctx, req.State)
	resp.Diagnostics.Append(diags...)
	r.session.seen(ctx, state)
	due, diags := readPrivate[bool](ctx, req.Private, privateDue)
	resp.Diagnostics.Append(diags...)
	reasons, diags := state.lostReason(ctx, req.Private)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() || !plan.subject().Equal(*state.subject()) {
		return
	}
	reasons = append(reasons, state.differences(plan)...)
	if state.isImported() {
		due, reasons = false, []string{reasonImported}
	}
	if due {
		reasons = slices.Insert(reasons, 0, fmt.Sprintf("it expires at %s, which is within rotate_before (%s)", state.ExpiresAt.ValueString(), short(state.rotates())))
	}
	if len(reasons) > 0 {
		resp.Diagnostics.Append(state.planRotation(ctx, &resp.Plan, plan.overlap(state.isImported()), reasons)...)
		resp.Diagnostics.Append(r.omitToken(ctx, plan, &resp.Plan)...)
		return
	}
	ended, diags := readPrivate[bool](ctx, req.Private, privateOverlapEnded)
	resp.Diagnostics.Append(diags...)
	if ended && plan.Overlap.Equal(state.Overlap) {
		before, diags := readPrivate[predecessor](ctx, req.Private, privatePredecessor)
		resp.Diagnostics.Append(diags...)
		resp.Diagnostics.Append(resp.Plan.SetAttribute(ctx, path.Root("predecessor_id"), types.StringNull())...)
		resp.Diagnostics.Append(overlapEndedWarning(state, before))
	}
}

// planRotation plans a rotation of the token in state: the computed attributes
// become unknown, and a warning gives the reasons.
func (m *managedToken) planRotation(ctx context.Context, plan *tfsdk.Plan, overlap string, reasons []string) diag.Diagnostics {
	var diags diag.Diagnostics
	computed := m.computed()
	if m.kind.deploys {
		computed["predecessor_id"] = &m.PredecessorID
	}
	for name := range computed {
		diags.Append(plan.SetAttribute(ctx, path.Root(name), types.StringUnknown())...)
	}
	until := "until the next rotation"
	if overlap != "" {
		until = fmt.Sprintf("until the first apply after its overlap (%s), ", overlap) + until
	}
	diags.AddAttributeWarning(path.Root("token_id"), m.kind.title+" Is to Be Rotated", fmt.Sprintf(
		"Applying this plan mints a token for %s in place of %s: %s.\n\nThe replaced token stays valid %s, until this resource is destroyed, or until it expires.",
		target(m.request()), m.TokenID.ValueString(), strings.Join(reasons, "; "), until))
	return diags
}

// differences names the arguments that change and require a new token.
func (m *managedToken) differences(plan *managedToken) []string {
	type argument struct {
		name          string
		before, after attr.Value
	}
	arguments := []argument{
		{"name", m.Name, plan.Name},
		{"organization", m.Organization, plan.Organization},
		{"access", m.Access, plan.Access},
		{"ttl", m.TTL, plan.TTL},
		{"triggers", m.Triggers, plan.Triggers},
	}
	if m.kind.commands {
		arguments = append(arguments, argument{"commands", m.Commands, plan.Commands})
	}
	var reasons []string
	for _, a := range arguments {
		if !a.before.Equal(a.after) {
			reasons = append(reasons, a.name+" changes")
		}
	}
	if plan.TokenInState.IsUnknown() || m.inState() != plan.inState() {
		reasons = append(reasons, "token_in_state changes")
	}
	return reasons
}

// liveID returns the identifier of a predecessor that is still valid at now, or
// null.
func (p predecessor) liveID(now time.Time) types.String {
	if p.over(now) {
		return types.StringNull()
	}
	return types.StringValue(p.ID)
}

// overlap returns the argument overlap, or the default for the token that it
// concerns; "" for none.
func (m *managedToken) overlap(imported bool) string {
	if imported {
		return cmp.Or(m.Overlap.ValueString(), importedOverlap)
	}
	return m.Overlap.ValueString()
}

// overlapEnded reports whether the predecessor must be revoked at now.
func (m *managedToken) overlapEnded(before predecessor, now time.Time) bool {
	overlap, err := time.ParseDuration(m.overlap(before.Imported))
	if err != nil || before.ReplacedAt.IsZero() || before.over(now) {
		return false
	}
	return !now.Before(before.ReplacedAt.Add(overlap))
}

// overlapEndedWarning announces that an apply revokes the predecessor.
func overlapEndedWarning(m *managedToken, before predecessor) diag.Diagnostic {
	return diag.NewAttributeWarningDiagnostic(path.Root("overlap"), "Replaced Fly Deploy Token Is to Be Revoked", fmt.Sprintf(
		"Applying this plan revokes token %s of app %q. It was replaced at %s, and its overlap (%s) has ended.",
		before.ID, m.App.ValueString(), before.ReplacedAt.UTC().Format(time.RFC3339), m.overlap(before.Imported)))
}
