package provider

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/flytokens/terraform-provider-fly/internal/tokenstore"
)

// placeKey is the key of the private state with the record's location.
const placeKey = "storage"

// remember records that the record is in this run's storage.
func (r *manualTokenResource) remember(ctx context.Context, private privateWriter) diag.Diagnostics {
	return writePrivate(ctx, private, placeKey, r.session.settings.storage.location())
}

// leftBehind warns if the record is still stored in a previous storage. After a
// change of storage, neither an apply nor a destroy removes it there.
func (r *manualTokenResource) leftBehind(ctx context.Context, private privateReader, state manualTokenModel) diag.Diagnostics {
	data, diags := private.GetKey(ctx, placeKey)
	var before storageSettings
	now := r.session.settings.storage
	if data == nil || json.Unmarshal(data, &before) != nil || before.isZero() || before == now.location() {
		return diags
	}
	before.timeout = now.timeout
	app := state.App.ValueString()
	previous := before.open(r.session.settings.environment)
	rec, err := r.session.chain.openStore(previous).Manual(ctx, app)
	if err != nil || !types.StringValue(rec.Token.Fingerprint()).Equal(state.Fingerprint) {
		return diags
	}
	diags.AddAttributeWarning(path.Root("app"), "Manual Token Left in Previous Storage", fmt.Sprintf(
		"The manual token of app %q is stored in %s, and the provider now uses the storage in %s. The token in the previous storage is neither moved nor deleted, "+
			"and stays readable there. To delete it, set storage to the previous one and destroy the resource, or delete %s.", app, previous, now, previous.Locate(tokenstore.Doc{App: app, Kind: tokenstore.KindManual})))
	return diags
}
