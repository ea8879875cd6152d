package provider

import (
	"cmp"
	"fmt"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

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
func (m *deployTokenModel) overlap(imported bool) string {
	if imported {
		return cmp.Or(m.Overlap.ValueString(), importedOverlap)
	}
	return m.Overlap.ValueString()
}

// overlapEnded reports whether the predecessor must be revoked at now.
func (m *deployTokenModel) overlapEnded(before predecessor, now time.Time) bool {
	overlap, err := time.ParseDuration(m.overlap(before.Imported))
	if err != nil || before.ReplacedAt.IsZero() || before.over(now) {
		return false
	}
	return !now.Before(before.ReplacedAt.Add(overlap))
}

// overlapEndedWarning announces that an apply revokes the predecessor.
func overlapEndedWarning(m *deployTokenModel, before predecessor) diag.Diagnostic {
	return diag.NewAttributeWarningDiagnostic(path.Root("overlap"), "Replaced Fly Deploy Token Is to Be Revoked", fmt.Sprintf(
		"Applying this plan revokes token %s of app %q. It was replaced at %s, and its overlap (%s) has ended.",
		before.ID, m.App.ValueString(), before.ReplacedAt.UTC().Format(time.RFC3339), m.overlap(before.Imported)))
}
