package provider_test

import (
	"maps"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// validateManual returns the diagnostics of a fly_manual_token.
func (w *wire) validateManual(config attrs) string {
	w.t.Helper()
	resp, err := w.server.ValidateResourceConfig(w.t.Context(), &tfprotov6.ValidateResourceConfigRequest{
		TypeName: "fly_manual_token", Config: w.pack(w.manualType(), config),
	})
	w.check(err)
	return problems(resp.Diagnostics)
}

// planManual plans a fly_manual_token as an engine does: computed attributes
// that are not configured keep their prior value in the proposal.
func (w *wire) planManual(prior, config attrs) (planned attrs, replace bool, diags string) {
	w.t.Helper()
	proposed := maps.Clone(config)
	for _, computed := range []string{"fingerprint", "updated_at", "expires_at"} {
		proposed[computed] = prior[computed]
	}
	resp, err := w.server.PlanResourceChange(w.t.Context(), &tfprotov6.PlanResourceChangeRequest{
		TypeName:         "fly_manual_token",
		PriorState:       w.state(prior),
		ProposedNewState: w.pack(w.manualType(), proposed),
		Config:           w.pack(w.manualType(), config),
	})
	w.check(err)
	return w.unpack(w.manualType(), resp.PlannedState), len(resp.RequiresReplace) > 0, problems(resp.Diagnostics)
}

// applyManual applies a change; a nil plan destroys.
func (w *wire) applyManual(prior, planned, config attrs) (attrs, string) {
	w.t.Helper()
	resp, err := w.server.ApplyResourceChange(w.t.Context(), &tfprotov6.ApplyResourceChangeRequest{
		TypeName:     "fly_manual_token",
		PriorState:   w.state(prior),
		PlannedState: w.state(planned),
		Config:       w.state(config),
	})
	w.check(err)
	return w.unpack(w.manualType(), resp.NewState), problems(resp.Diagnostics)
}

// create plans and applies a new fly_manual_token.
func (w *wire) create(config attrs) (attrs, string) {
	w.t.Helper()
	planned, _, diags := w.planManual(nil, config)
	if diags != "" {
		return nil, diags
	}
	return w.applyManual(nil, planned, config)
}

// readManual refreshes a fly_manual_token.
func (w *wire) readManual(state attrs) (attrs, string) {
	w.t.Helper()
	resp, err := w.server.ReadResource(w.t.Context(), &tfprotov6.ReadResourceRequest{
		TypeName: "fly_manual_token", CurrentState: w.state(state),
	})
	w.check(err)
	return w.unpack(w.manualType(), resp.NewState), problems(resp.Diagnostics)
}

// importManual imports a fly_manual_token.
func (w *wire) importManual(id string) (attrs, string) {
	w.t.Helper()
	resp, err := w.server.ImportResourceState(w.t.Context(), &tfprotov6.ImportResourceStateRequest{TypeName: "fly_manual_token", ID: id})
	w.check(err)
	if len(resp.ImportedResources) == 0 {
		return nil, problems(resp.Diagnostics)
	}
	return w.unpack(w.manualType(), resp.ImportedResources[0].State), problems(resp.Diagnostics)
}

// state packs an object, or none.
func (w *wire) state(v attrs) *tfprotov6.DynamicValue {
	w.t.Helper()
	if v == nil {
		return w.pack(w.manualType(), nil)
	}
	return w.pack(w.manualType(), v)
}

// validateManualAs is validateManual by an engine with or without write-only
// arguments.
func (w *wire) validateManualAs(writeOnly bool, config attrs) string {
	w.t.Helper()
	resp, err := w.server.ValidateResourceConfig(w.t.Context(), &tfprotov6.ValidateResourceConfigRequest{
		TypeName: "fly_manual_token", Config: w.pack(w.manualType(), config),
		ClientCapabilities: &tfprotov6.ValidateResourceConfigClientCapabilities{WriteOnlyAttributesAllowed: writeOnly},
	})
	w.check(err)
	return problems(resp.Diagnostics)
}

// identityType is that of a fly_manual_token's identity.
func (w *wire) identityType() tftypes.Type {
	w.t.Helper()
	resp, err := w.server.GetResourceIdentitySchemas(w.t.Context(), &tfprotov6.GetResourceIdentitySchemasRequest{})
	w.check(err)
	return resp.IdentitySchemas["fly_manual_token"].ValueType()
}

// identified reads an identity.
func (w *wire) identified(data *tfprotov6.ResourceIdentityData) attrs {
	w.t.Helper()
	if data == nil {
		return nil
	}
	return w.unpack(w.identityType(), data.IdentityData)
}

// importIdentity imports a fly_manual_token by its identity.
func (w *wire) importIdentity(identity attrs) (imported, identified attrs, diags string) {
	w.t.Helper()
	resp, err := w.server.ImportResourceState(w.t.Context(), &tfprotov6.ImportResourceStateRequest{
		TypeName: "fly_manual_token", Identity: &tfprotov6.ResourceIdentityData{IdentityData: w.pack(w.identityType(), identity)},
	})
	w.check(err)
	if len(resp.ImportedResources) == 0 {
		return nil, nil, problems(resp.Diagnostics)
	}
	one := resp.ImportedResources[0]
	return w.unpack(w.manualType(), one.State), w.identified(one.Identity), problems(resp.Diagnostics)
}
