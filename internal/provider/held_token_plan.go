package provider

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// argument is an argument whose change rotates a token.
type argument struct {
	name          string
	before, after attr.Value
}

// differences lists the arguments that change, as reasons for a rotation.
func differences(arguments ...argument) []string {
	var reasons []string
	for _, a := range arguments {
		if !a.before.Equal(a.after) {
			reasons = append(reasons, a.name+" changes")
		}
	}
	return reasons
}

// planRotation plans a rotation if the token is due or there are other reasons:
// the computed attributes become unknown, and a warning gives the reasons.
func (h heldToken) planRotation(ctx context.Context, plan *tfsdk.Plan, due bool, reasons []string) diag.Diagnostics {
	if due {
		reasons = slices.Insert(reasons, 0, fmt.Sprintf("it expires at %s, which is within rotate_before (%s)", h.expiresAt.ValueString(), short(h.rotates())))
	}
	var diags diag.Diagnostics
	if len(reasons) == 0 {
		return diags
	}
	for _, name := range []string{"token", "authorization_header", "token_id", "expires_at", "fingerprint"} {
		diags.Append(plan.SetAttribute(ctx, path.Root(name), types.StringUnknown())...)
	}
	until := "until the next rotation"
	if h.overlap != "" {
		until = fmt.Sprintf("until the first apply after its overlap (%s), ", h.overlap) + until
	}
	diags.AddAttributeWarning(path.Root("token_id"), h.title+" Is to Be Rotated", fmt.Sprintf(
		"Applying this plan mints a token for %s in place of %s: %s.\n\nThe replaced token stays valid %s, until this resource is destroyed, or until it expires.",
		target(h.request), h.id.ValueString(), strings.Join(reasons, "; "), until))
	return diags
}
