package provider_test

import (
	"context"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

func (w *wire) ephemeralType() tftypes.Type {
	return w.schema.EphemeralResourceSchemas["fly_app_token"].ValueType()
}

// validateEphemeral returns the diagnostics of an ephemeral fly_app_token.
func (w *wire) validateEphemeral(config attrs) string {
	w.t.Helper()
	resp, err := w.server.ValidateEphemeralResourceConfig(w.t.Context(), &tfprotov6.ValidateEphemeralResourceConfigRequest{
		TypeName: "fly_app_token", Config: w.pack(w.ephemeralType(), config),
	})
	w.check(err)
	return problems(resp.Diagnostics)
}

// open opens an ephemeral fly_app_token.
func (w *wire) open(ctx context.Context, config attrs) (result attrs, private []byte, diags string) {
	w.t.Helper()
	resp, err := w.server.OpenEphemeralResource(ctx, &tfprotov6.OpenEphemeralResourceRequest{
		TypeName: "fly_app_token", Config: w.pack(w.ephemeralType(), config),
	})
	w.check(err)
	return w.unpack(w.ephemeralType(), resp.Result), resp.Private, problems(resp.Diagnostics)
}

// opened opens one that must not fail.
func (w *wire) opened(config attrs) (result attrs, private []byte) {
	w.t.Helper()
	result, private, diags := w.open(w.t.Context(), config)
	if diags != "" || result["token"] == nil {
		w.t.Fatalf("opened %v\n%s", result, diags)
	}
	return result, private
}

// closes closes an ephemeral fly_app_token.
func (w *wire) closes(private []byte) string {
	w.t.Helper()
	resp, err := w.server.CloseEphemeralResource(w.t.Context(), &tfprotov6.CloseEphemeralResourceRequest{TypeName: "fly_app_token", Private: private})
	w.check(err)
	return problems(resp.Diagnostics)
}
