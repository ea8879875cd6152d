package provider

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// secretArguments are the arguments that take a token.
func secretArguments() []string { return []string{"access_token", "token", "token_wo"} }

// withoutSecretLines removes the path from each diagnostic on a secret
// argument, and names the argument in its text instead. An engine prints the
// source line at a path, which may contain the token as a literal.
func withoutSecretLines(diags []*tfprotov6.Diagnostic) {
	for _, d := range diags {
		name := secretArgument(d.Attribute)
		if name == "" {
			continue
		}
		d.Attribute = nil
		d.Detail = strings.ReplaceAll(d.Detail, writeOnlyTerraform, writeOnlyEngines)
		d.Detail += fmt.Sprintf(lineNotShown, name)
	}
}

// lineNotShown names the argument of a diagnostic that has no path.
const lineNotShown = "\n\nThe argument is %s. Its line is not shown, because it may contain a token."

// The framework's sentence about engines without write-only arguments, and its
// replacement, which also applies to OpenTofu.
const (
	writeOnlyTerraform = "Write-only attributes are only supported in Terraform 1.11 and later."
	writeOnlyEngines   = "Write-only arguments need Terraform 1.11 or OpenTofu 1.11, or a later version. Upgrade the engine, or use the argument that is not write-only."
)

// writeOnlyRefused is the framework's summary for a value of a write-only argument
// that the engine does not support.
const writeOnlyRefused = "WriteOnly Attribute Not Allowed"

// secretArgument returns the secret argument that path leads to or through, "" for
// none.
func secretArgument(path *tftypes.AttributePath) string {
	if path == nil {
		return ""
	}
	for _, step := range path.Steps() {
		if name, ok := step.(tftypes.AttributeName); ok && slices.Contains(secretArguments(), string(name)) {
			return string(name)
		}
	}
	return ""
}

// diagnosticsOf returns the diagnostics in the response to a call with a
// configuration.
func diagnosticsOf(resp any) []*tfprotov6.Diagnostic {
	switch resp := resp.(type) {
	case *tfprotov6.ValidateProviderConfigResponse:
		return resp.Diagnostics
	case *tfprotov6.ConfigureProviderResponse:
		return resp.Diagnostics
	case *tfprotov6.ValidateDataResourceConfigResponse:
		return resp.Diagnostics
	case *tfprotov6.ReadDataSourceResponse:
		return resp.Diagnostics
	case *tfprotov6.ValidateEphemeralResourceConfigResponse:
		return resp.Diagnostics
	case *tfprotov6.OpenEphemeralResourceResponse:
		return resp.Diagnostics
	case *tfprotov6.ValidateResourceConfigResponse:
		return resp.Diagnostics
	case *tfprotov6.ReadResourceResponse:
		return resp.Diagnostics
	case *tfprotov6.PlanResourceChangeResponse:
		return resp.Diagnostics
	case *tfprotov6.ApplyResourceChangeResponse:
		return resp.Diagnostics
	case *tfprotov6.ValidateActionConfigResponse:
		return resp.Diagnostics
	case *tfprotov6.PlanActionResponse:
		return resp.Diagnostics
	default:
		return nil
	}
}

// ValidateProviderConfig validates the provider block.
func (s requestServer) ValidateProviderConfig(ctx context.Context, req *tfprotov6.ValidateProviderConfigRequest) (*tfprotov6.ValidateProviderConfigResponse, error) {
	return during(ctx, req, s.protocolServer.ValidateProviderConfig)
}

// ConfigureProvider configures the provider. Its context is the run's, so it does
// not end with the request.
func (s requestServer) ConfigureProvider(ctx context.Context, req *tfprotov6.ConfigureProviderRequest) (*tfprotov6.ConfigureProviderResponse, error) {
	resp, err := s.protocolServer.ConfigureProvider(ctx, req)
	withoutSecretLines(diagnosticsOf(resp))
	return resp, err
}

// ValidateActionConfig validates an action's configuration. Every engine with actions
// has write-only arguments, which the framework does not know: it refuses their
// values in actions.
func (s requestServer) ValidateActionConfig(ctx context.Context, req *tfprotov6.ValidateActionConfigRequest) (*tfprotov6.ValidateActionConfigResponse, error) {
	return during(ctx, req, func(ctx context.Context, req *tfprotov6.ValidateActionConfigRequest) (*tfprotov6.ValidateActionConfigResponse, error) {
		resp, err := s.protocolServer.ValidateActionConfig(ctx, req)
		if resp != nil {
			resp.Diagnostics = slices.DeleteFunc(resp.Diagnostics, func(d *tfprotov6.Diagnostic) bool { return d.Summary == writeOnlyRefused })
		}
		return resp, err
	})
}

// PlanAction plans an action.
func (s requestServer) PlanAction(ctx context.Context, req *tfprotov6.PlanActionRequest) (*tfprotov6.PlanActionResponse, error) {
	return during(ctx, req, s.protocolServer.PlanAction)
}
