package provider

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/flytokens/terraform-provider-fly/internal/tokenstore/dir"
)

// placeKey is the key of the private state with the record's location.
const placeKey = "storage"

// place is the location of a record. It does not contain the token.
type place struct {
	Path string `json:"path"`
}

// remember records that the record is in this run's storage.
func (r *manualTokenResource) remember(ctx context.Context, private privateWriter) diag.Diagnostics {
	data, err := json.Marshal(place{r.session.settings.storagePath})
	if err != nil {
		return diag.Diagnostics{diag.NewErrorDiagnostic(summarySaveManual, err.Error())}
	}
	return private.SetKey(ctx, placeKey, data)
}

// leftBehind warns if the record is still stored in a previous folder. After a
// change of storage.path, neither an apply nor a destroy removes it there.
func (r *manualTokenResource) leftBehind(ctx context.Context, private privateReader, state manualTokenModel) diag.Diagnostics {
	data, diags := private.GetKey(ctx, placeKey)
	var before place
	now := r.session.settings.storagePath
	if data == nil || json.Unmarshal(data, &before) != nil || before.Path == "" || before.Path == now {
		return diags
	}
	app := state.App.ValueString()
	rec, err := r.session.chain.openStore(dir.Open(before.Path)).Manual(ctx, app)
	if err != nil || !types.StringValue(rec.Token.Fingerprint()).Equal(state.Fingerprint) {
		return diags
	}
	diags.AddAttributeWarning(path.Root("app"), "Manual Token Left in Previous Storage", fmt.Sprintf(
		"The manual token of app %q is stored in %s, and the provider now uses the storage in %s. The token in the previous folder is neither moved nor deleted, "+
			"and stays readable there. To delete it, set storage.path to the previous folder and destroy the resource, or delete the folder of the app in it.", app, before.Path, now))
	return diags
}
