package provider

import (
	"fmt"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/flytokens/terraform-provider-fly/internal/flyapi"
)

// Bounds and defaults of the provider block's durations.
const (
	defaultTokenTTL = 24 * time.Hour
	minTokenTTL     = 5 * time.Minute
	maxTokenTTL     = 365 * 24 * time.Hour

	defaultMinValidity = time.Hour
	minMinValidity     = time.Second

	// defaultMaxParallel is the default of cli.max_parallel and api.max_parallel.
	defaultMaxParallel = flyapi.DefaultMaxParallel

	defaultCLITimeout = 15 * time.Second
	minCLITimeout     = time.Millisecond
	maxCLITimeout     = time.Hour

	defaultAPITimeout = 15 * time.Second
	minAPITimeout     = 100 * time.Millisecond
	maxAPITimeout     = 5 * time.Minute

	// maxStorageTimeout is less than the time limits of a source and a save. So
	// the error for a server without an answer names the server.
	defaultStorageTimeout = 5 * time.Second
	minStorageTimeout     = 100 * time.Millisecond
	maxStorageTimeout     = 7 * time.Second
)

// providerModel is the provider block as written. Nested attributes stay values
// of the framework, because each may be unknown as a whole.
type providerModel struct {
	AccessToken  types.String `tfsdk:"access_token"`
	Organization types.String `tfsdk:"organization"`
	Sources      types.List   `tfsdk:"sources"`
	Refresh      types.String `tfsdk:"refresh"`
	TokenTTL     types.String `tfsdk:"token_ttl"`
	MinValidity  types.String `tfsdk:"min_validity"`
	ConfigFile   types.String `tfsdk:"config_file"`
	CLI          types.Object `tfsdk:"cli"`
	API          types.Object `tfsdk:"api"`
	Storage      types.Object `tfsdk:"storage"`
}

// cliModel is the block's cli attribute.
type cliModel struct {
	Path        types.String `tfsdk:"path"`
	Timeout     types.String `tfsdk:"timeout"`
	MaxParallel types.Int64  `tfsdk:"max_parallel"`
}

// apiModel is the block's api attribute.
type apiModel struct {
	BaseURL         types.String `tfsdk:"base_url"`
	MachinesBaseURL types.String `tfsdk:"machines_base_url"`
	Timeout         types.String `tfsdk:"timeout"`
	MaxParallel     types.Int64  `tfsdk:"max_parallel"`
}

// storageModel is the block's storage attribute.
type storageModel struct {
	Path    types.String `tfsdk:"path"`
	Vault   types.Object `tfsdk:"vault"`
	S3      types.Object `tfsdk:"s3"`
	Timeout types.String `tfsdk:"timeout"`
}

// vaultModel is the vault attribute of storage.
type vaultModel struct {
	Mount     types.String `tfsdk:"mount"`
	Path      types.String `tfsdk:"path"`
	Address   types.String `tfsdk:"address"`
	Namespace types.String `tfsdk:"namespace"`
}

// s3Model is the s3 attribute of storage.
type s3Model struct {
	Bucket       types.String `tfsdk:"bucket"`
	Prefix       types.String `tfsdk:"prefix"`
	Region       types.String `tfsdk:"region"`
	Endpoint     types.String `tfsdk:"endpoint"`
	UsePathStyle types.Bool   `tfsdk:"use_path_style"`
	KMSKeyID     types.String `tfsdk:"kms_key_id"`
}

// validate checks the rules between attributes. It skips unknown and malformed
// values.
func (m providerModel) validate() diag.Diagnostics {
	diags := m.validateStorage()
	ttl, ok := knownDuration(m.TokenTTL, defaultTokenTTL)
	if !ok || m.MinValidity.IsNull() {
		return diags
	}
	validity, ok := knownDuration(m.MinValidity, 0)
	if ok && validity >= ttl {
		diags.AddAttributeError(path.Root("min_validity"), "Invalid min_validity",
			fmt.Sprintf("min_validity (%s) must be less than token_ttl (%s): otherwise no minted token would have enough of its lifetime left.", short(validity), short(ttl)))
	}
	return diags
}

// validateStorage checks that storage has one location.
func (m providerModel) validateStorage() diag.Diagnostics {
	var diags diag.Diagnostics
	var set []string
	for _, name := range []string{"path", "vault", "s3"} {
		if v := m.Storage.Attributes()[name]; v != nil && !v.IsNull() {
			set = append(set, "storage."+name)
		}
	}
	if len(set) > 1 {
		diags.AddAttributeError(path.Root("storage"), "Invalid Storage",
			fmt.Sprintf("Tokens are stored in one location, and both %s are set. Remove one of them.", strings.Join(set, " and ")))
	}
	return diags
}

// durationOr returns the duration in v, or fallback if v has none.
func durationOr(v types.String, fallback time.Duration) time.Duration {
	if d, ok := knownDuration(v, fallback); ok {
		return d
	}
	return fallback
}

// knownDuration returns the duration in v, or fallback if v is null, and
// whether it is known and valid.
func knownDuration(v types.String, fallback time.Duration) (time.Duration, bool) {
	if v.IsUnknown() {
		return 0, false
	}
	if v.IsNull() {
		return fallback, true
	}
	d, err := time.ParseDuration(v.ValueString())
	return d, err == nil
}
