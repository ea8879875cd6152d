package provider

import (
	"context"
	"errors"
	"syscall"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/flytokens/terraform-provider-fly/internal/token"
)

// Create saves the token. An equal stored record is adopted. A different one is
// not changed and causes an error.
func (r *manualTokenResource) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	resp.Diagnostics.Append(r.save(ctx, req.Plan, req.Config, &resp.State, resp.Identity, r.adopt)...)
	if !resp.Diagnostics.HasError() {
		resp.Diagnostics.Append(r.remember(ctx, resp.Private)...)
	}
}

// Update saves the planned token in place of the stored one. If the record
// already holds it, or if the plan keeps the token, storage is unchanged.
func (r *manualTokenResource) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	var plan manualTokenModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	resp.Diagnostics.Append(r.session.storageFlaws()...)
	if resp.Diagnostics.HasError() {
		return
	}
	if !plan.UpdatedAt.IsUnknown() {
		resp.Diagnostics.Append(resp.State.Set(ctx, &plan)...)
		resp.Diagnostics.Append(resp.Identity.Set(ctx, plan.identity())...)
		return
	}
	resp.Diagnostics.Append(r.save(ctx, req.Plan, req.Config, &resp.State, resp.Identity, r.overwrite)...)
	if !resp.Diagnostics.HasError() {
		resp.Diagnostics.Append(r.remember(ctx, resp.Private)...)
	}
}

// save writes the planned token to storage, and the result to the state.
func (r *manualTokenResource) save(ctx context.Context, planned tfsdk.Plan, config tfsdk.Config, state *tfsdk.State, identity *tfsdk.ResourceIdentity,
	write func(ctx context.Context, app string, tok token.Token) (token.Record, error),
) diag.Diagnostics {
	var plan manualTokenModel
	diags := planned.Get(ctx, &plan)
	diags.Append(r.session.storageFlaws()...)
	if diags.HasError() {
		return diags
	}
	app := plan.App.ValueString()
	tok, attribute, more := plan.written(ctx, config)
	diags.Append(more...)
	if diags.HasError() {
		return diags
	}
	rec, err := write(ctx, app, tok)
	diags.Append(r.session.storeWarnings()...)
	if err != nil {
		diags.Append(saveManualError(app, r.session.settings.storage.String(), attribute, err))
		return diags
	}
	plan.fill(rec)
	diags.Append(state.Set(ctx, &plan)...)
	diags.Append(identity.Set(ctx, plan.identity())...)
	return diags
}

// adopt writes a new record or takes over an equal one. It claims the record
// first, because a concurrent destroy of its former owner may run.
func (r *manualTokenResource) adopt(ctx context.Context, app string, tok token.Token) (token.Record, error) {
	_, err := r.session.resolver.Manual(ctx, app)
	r.session.claim(app, err == nil)
	rec, err := r.session.resolver.CreateManual(ctx, app, tok)
	if err != nil {
		r.session.claim(app, false)
	}
	return rec, err
}

// overwrite replaces a record.
func (r *manualTokenResource) overwrite(ctx context.Context, app string, tok token.Token) (token.Record, error) {
	rec, err := r.session.resolver.Manual(ctx, app)
	if errors.Is(err, token.ErrNoRecord) || err == nil && rec.Token != tok {
		return r.session.resolver.SetManual(ctx, app, tok)
	}
	return rec, err
}

// Read compares storage with the state, and never copies a stored token into
// the state. If storage holds a different token, it drops the state's token, or
// the version of the write-only one, so that the plan shows an update. The
// fingerprint stays that of the token that this resource wrote, the only one
// that destroy may delete. An invalid storage path is an error, because the
// record may be in an earlier place.
func (r *manualTokenResource) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	var state manualTokenModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	resp.Diagnostics.Append(r.session.storageFlaws()...)
	if resp.Diagnostics.HasError() {
		return
	}
	app := state.App.ValueString()
	resp.Diagnostics.Append(r.leftBehind(ctx, req.Private, state)...)
	rec, err := r.session.resolver.Manual(ctx, app)
	resp.Diagnostics.Append(r.session.storeWarnings()...)
	switch {
	case errors.Is(err, token.ErrNoRecord) && !errors.Is(err, syscall.ENOTDIR):
		resp.Diagnostics.Append(resp.Identity.Set(ctx, state.identity())...) // also for a resource without a record
		resp.State.RemoveResource(ctx)
		return
	case err != nil:
		resp.Diagnostics.Append(manualError(summaryReadManual, app, r.session.settings.storage.String(), err))
		return
	}
	if rec.Token.Fingerprint() == state.Fingerprint.ValueString() {
		state.fill(rec)
	} else {
		state.Token, state.TokenWOVersion = types.StringNull(), types.Int64Null()
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, &state)...)
	resp.Diagnostics.Append(resp.Identity.Set(ctx, state.identity())...)
	resp.Diagnostics.Append(r.remember(ctx, resp.Private)...)
}

// Delete removes the record if this resource wrote it and no other took it over
// in this run. With create_before_destroy the record already belongs to the
// successor.
func (r *manualTokenResource) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	var state manualTokenModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	resp.Diagnostics.Append(r.session.storageFlaws()...)
	if resp.Diagnostics.HasError() {
		return
	}
	app := state.App.ValueString()
	if r.session.claimed(app) {
		return
	}
	resp.Diagnostics.Append(r.leftBehind(ctx, req.Private, state)...)
	err := r.session.resolver.DeleteManual(ctx, app, state.Fingerprint.ValueString())
	resp.Diagnostics.Append(r.session.storeWarnings()...)
	switch {
	case err == nil, errors.Is(err, token.ErrNoRecord) && !errors.Is(err, syscall.ENOTDIR):
	case errors.Is(err, token.ErrManualChanged):
		resp.Diagnostics.Append(leftManualWarning(app))
	default:
		resp.Diagnostics.Append(manualError(summaryDeleteManual, app, r.session.settings.storage.String(), err))
	}
}

// written returns the token to save and its attribute: the one in the plan,
// otherwise the write-only one, which is only in the configuration.
func (m *manualTokenModel) written(ctx context.Context, config tfsdk.Config) (token.Token, path.Path, diag.Diagnostics) {
	attribute, value := path.Root("token"), m.Token
	var diags diag.Diagnostics
	if value.IsNull() {
		attribute = path.Root("token_wo")
		diags.Append(config.GetAttribute(ctx, attribute, &value)...)
	}
	if diags.HasError() {
		return token.Token{}, attribute, diags
	}
	tok, err := token.Parse(value.ValueString())
	if err != nil {
		diags.Append(saveManualError(m.App.ValueString(), "", attribute, err))
	}
	return tok, attribute, diags
}
