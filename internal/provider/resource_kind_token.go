package provider

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

var (
	_ resource.Resource                   = (*kindTokenResource)(nil)
	_ resource.ResourceWithConfigure      = (*kindTokenResource)(nil)
	_ resource.ResourceWithValidateConfig = (*kindTokenResource)(nil)
	_ resource.ResourceWithModifyPlan     = (*kindTokenResource)(nil)
	_ resource.ResourceWithImportState    = (*kindTokenResource)(nil)
)

// newKindTokenResources returns a constructor for the resource of each kind.
func newKindTokenResources() []func() resource.Resource {
	var all []func() resource.Resource
	for _, kind := range tokenKinds() {
		all = append(all, func() resource.Resource { return &kindTokenResource{kind: kind} })
	}
	return all
}

// kindTokenResource is the resource of one kind: "fly_ssh_token" and others.
type kindTokenResource struct {
	kind    *tokenKind
	session *session
}

// kindTokenModel is the resource's configuration, plan and state.
type kindTokenModel struct {
	kindArguments
	Name         types.String
	RotateBefore types.String
	Triggers     types.Map
}

// fields maps the attributes of k to those of m.
func (m *kindTokenModel) fields(k *tokenKind) map[string]any {
	fields := m.kindArguments.fields(k)
	maps.Copy(fields, map[string]any{"name": &m.Name, "rotate_before": &m.RotateBefore, "triggers": &m.Triggers})
	return fields
}

// Metadata names the resource.
func (r *kindTokenResource) Metadata(_ context.Context, _ resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = r.kind.typeName()
}

// Configure receives the provider's session.
func (r *kindTokenResource) Configure(_ context.Context, req resource.ConfigureRequest, resp *resource.ConfigureResponse) {
	s, diags := sessionFrom(req.ProviderData)
	resp.Diagnostics.Append(diags...)
	r.session = s
}

// ValidateConfig checks what concerns more than one attribute.
func (r *kindTokenResource) ValidateConfig(ctx context.Context, req resource.ValidateConfigRequest, resp *resource.ValidateConfigResponse) {
	var model kindTokenModel
	resp.Diagnostics.Append(readFields(ctx, req.Config, model.fields(r.kind))...)
	if resp.Diagnostics.HasError() || model.TTL.IsUnknown() || model.RotateBefore.IsUnknown() {
		return
	}
	if complaint := model.lateRotation(); complaint != "" {
		resp.Diagnostics.AddAttributeError(path.Root("rotate_before"), summaryRotateBefore, complaint)
	}
}

// ImportState refuses: Fly does not show the token again.
func (r *kindTokenResource) ImportState(_ context.Context, _ resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	resp.Diagnostics.AddError("Unable to Import "+r.kind.title, fmt.Sprintf(
		"Fly shows a token only when it is minted. Create a %s instead, replace the old token where it is used, and revoke it with `fly tokens revoke`.", r.kind.typeName()))
}

// label is the part of the token's name that people choose.
func (m *kindTokenModel) label() string {
	return cmp.Or(m.Name.ValueString(), "terraform-provider-fly "+cmp.Or(m.App.ValueString(), m.Organization.ValueString()))
}

// rotateBefore is how long before its end a token is rotated.
func (m *kindTokenModel) rotateBefore() time.Duration {
	fallback := m.life(defaultDeployTTL) / 4
	if d, ok := knownDuration(m.RotateBefore, fallback); ok {
		return d
	}
	return fallback
}

// lateRotation returns the fault of rotate_before, or "".
func (m *kindTokenModel) lateRotation() string {
	ttl, before := m.life(defaultDeployTTL), m.rotateBefore()
	if before < ttl {
		return ""
	}
	return fmt.Sprintf("rotate_before (%s) is not less than ttl (%s), so a token would have to be rotated as soon as it is minted. Set a lower rotate_before or a higher ttl.", short(before), short(ttl))
}

// end returns the token's expiry, if that is known.
func (m *kindTokenModel) end() (time.Time, bool) {
	at, err := time.Parse(time.RFC3339, m.ExpiresAt.ValueString())
	return at, err == nil
}

// due reports whether the token has to be rotated at now.
func (m *kindTokenModel) due(now time.Time) bool {
	end, ok := m.end()
	return ok && !now.Before(end.Add(-m.rotateBefore()))
}

// current is the token in m, as one to be replaced.
func (m *kindTokenModel) current() predecessor {
	end, _ := m.end()
	return predecessor{ID: m.TokenID.ValueString(), ExpiresAt: end}
}

// spec identifies the kind and its arguments.
func (m *kindTokenModel) spec(k *tokenKind) string {
	fields := m.fields(k)
	for name := range m.computed() {
		delete(fields, name)
	}
	var text strings.Builder
	text.WriteString(k.name)
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		fmt.Fprintf(&text, "\n%s = %s", name, fields[name]) // the values are quoted
	}
	sum := sha256.Sum256([]byte(text.String()))
	return hex.EncodeToString(sum[:16])
}
