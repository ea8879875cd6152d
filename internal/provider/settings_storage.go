package provider

import (
	"cmp"
	"regexp"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/types"
)

// defaultSharedPath is the default path below a mount, and the default prefix of
// a bucket's keys.
const defaultSharedPath = "fly-tokens"

// The schemes of FLY_TOKEN_STORAGE.
const (
	vaultScheme = "vault://"
	s3Scheme    = "s3://"
)

func (r *settingsReader) readStorage(m providerModel) {
	r.set.storage.timeout = defaultStorageTimeout
	var storage storageModel
	if r.object("storage", m.Storage, &storage) {
		r.set.storage.timeout = r.duration("storage.timeout", storage.Timeout, defaultStorageTimeout)
	}
	switch {
	case m.Storage.IsUnknown():
	case !storage.Vault.IsNull():
		r.readVault(storage.Vault)
	case !storage.S3.IsNull():
		r.readS3(storage.S3)
	case !storage.Path.IsNull():
		r.set.storage.Path = r.path("storage.path", r.text("storage.path", storage.Path))
	case r.set.environment.get("FLY_TOKEN_STORAGE") != "":
		r.readStorageVariable()
	default:
		r.set.storage.Path = r.defaultStorage()
	}
}

func (r *settingsReader) readVault(v types.Object) {
	var model vaultModel
	if !r.object("storage.vault", v, &model) {
		return
	}
	r.set.storage.Vault = vaultSettings{
		Mount:     trimmed(r.text("storage.vault.mount", model.Mount)),
		Path:      cmp.Or(trimmed(r.text("storage.vault.path", model.Path)), defaultSharedPath),
		Address:   r.text("storage.vault.address", model.Address),
		Namespace: trimmed(r.text("storage.vault.namespace", model.Namespace)),
	}
}

func (r *settingsReader) readS3(v types.Object) {
	var model s3Model
	if !r.object("storage.s3", v, &model) {
		return
	}
	r.known("storage.s3.use_path_style", model.UsePathStyle)
	r.set.storage.S3 = s3Settings{
		Bucket:    r.text("storage.s3.bucket", model.Bucket),
		Prefix:    cmp.Or(trimmed(r.text("storage.s3.prefix", model.Prefix)), defaultSharedPath),
		Region:    r.text("storage.s3.region", model.Region),
		Endpoint:  r.text("storage.s3.endpoint", model.Endpoint),
		PathStyle: model.UsePathStyle.ValueBool(),
		kmsKeyID:  r.text("storage.s3.kms_key_id", model.KMSKeyID),
	}
}

// readStorageVariable reads FLY_TOKEN_STORAGE: a path, vault://mount/path or
// s3://bucket/prefix.
func (r *settingsReader) readStorageVariable() {
	argument := "storage.path"
	value := r.set.environment.get("FLY_TOKEN_STORAGE")
	switch {
	case strings.HasPrefix(value, vaultScheme):
		argument = "storage.vault"
	case strings.HasPrefix(value, s3Scheme):
		argument = "storage.s3"
	}
	value = r.variable("FLY_TOKEN_STORAGE", argument, storageComplaint)
	if value == "" {
		return
	}
	if rest, ok := strings.CutPrefix(value, vaultScheme); ok {
		mount, path := splitShared(rest)
		r.set.storage.Vault = vaultSettings{Mount: mount, Path: cmp.Or(path, defaultSharedPath)}
		return
	}
	if rest, ok := strings.CutPrefix(value, s3Scheme); ok {
		bucket, prefix := splitShared(rest)
		r.set.storage.S3 = s3Settings{Bucket: bucket, Prefix: cmp.Or(prefix, defaultSharedPath)}
		return
	}
	r.set.storage.Path = r.path("storage.path", value)
}

// splitShared splits what follows the scheme in FLY_TOKEN_STORAGE.
func splitShared(rest string) (first, others string) {
	first, others, _ = strings.Cut(rest, "/")
	return first, trimmed(others)
}

func trimmed(path string) string { return strings.Trim(path, "/") }

// schemePattern matches the start of a URL.
func schemePattern() *regexp.Regexp { return regexp.MustCompile(`^[A-Za-z][A-Za-z0-9+.-]*://`) }

// storageComplaint says what is wrong with the value of FLY_TOKEN_STORAGE.
func storageComplaint(value string) string {
	if rest, ok := strings.CutPrefix(value, vaultScheme); ok {
		mount, path := splitShared(rest)
		if mountComplaint(mount) != "" || path != "" && sharedPathComplaint(path) != "" {
			return "After vault:// it needs the mount of a KV version 2 secrets engine, and optionally a path: vault://secret/fly-tokens. " + urlSettings
		}
		return ""
	}
	if rest, ok := strings.CutPrefix(value, s3Scheme); ok {
		bucket, prefix := splitShared(rest)
		if bucketComplaint(bucket) != "" || prefix != "" && sharedPathComplaint(prefix) != "" {
			return "After s3:// it needs the name of a bucket, and optionally a prefix: s3://acme-tokens/fly. " + urlSettings
		}
		return ""
	}
	if schemePattern().MatchString(value) {
		return "Its scheme is unsupported. Use the path of a folder, vault://MOUNT/PATH or s3://BUCKET/PREFIX."
	}
	return pathComplaint(value)
}

// urlSettings says what a URL in FLY_TOKEN_STORAGE does not set.
const urlSettings = "Addresses and credentials come from the variables of Vault (VAULT_ADDR, VAULT_TOKEN) and AWS (AWS_REGION, AWS_ENDPOINT_URL_S3, AWS_PROFILE)."
