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

	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/flytokens/terraform-provider-fly/internal/token"
)

var (
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
	resourceSession
	kind *tokenKind
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

// ValidateConfig checks what concerns more than one attribute.
func (r *kindTokenResource) ValidateConfig(ctx context.Context, req resource.ValidateConfigRequest, resp *resource.ValidateConfigResponse) {
	var model kindTokenModel
	resp.Diagnostics.Append(readFields(ctx, req.Config, model.fields(r.kind))...)
	if resp.Diagnostics.HasError() || model.TTL.IsUnknown() || model.RotateBefore.IsUnknown() {
		return
	}
	if complaint := model.held(r.kind).lateRotation(); complaint != "" {
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
	return cmp.Or(m.Name.ValueString(), token.MintLabel(m.request()))
}

// held describes the model's token.
func (m *kindTokenModel) held(k *tokenKind) heldToken {
	return heldToken{
		title: k.title, request: m.request(), token: m.Token, id: m.TokenID,
		expiresAt: m.ExpiresAt, ttl: m.TTL, rotateBefore: m.RotateBefore,
	}
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
