package provider

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"path/filepath"
	"time"

	"github.com/flytokens/terraform-provider-fly/internal/tokenstore"
	"github.com/flytokens/terraform-provider-fly/internal/tokenstore/dir"
	"github.com/flytokens/terraform-provider-fly/internal/tokenstore/remote"
	"github.com/flytokens/terraform-provider-fly/internal/tokenstore/s3"
	"github.com/flytokens/terraform-provider-fly/internal/tokenstore/vault"
)

// storageSettings are the settings of storage. At most one of Path, Vault and S3
// is set; without any, there is no storage. Their JSON is the location of a
// record in the private state of a resource.
type storageSettings struct {
	// Path is the absolute path of a folder.
	Path  string        `json:"path,omitempty"`
	Vault vaultSettings `json:"vault,omitzero"`
	S3    s3Settings    `json:"s3,omitzero"`
	// timeout bounds a request to a server.
	timeout time.Duration
}

// vaultSettings are the settings for Vault and OpenBao. Empty ones default to
// the variables of the vault command.
type vaultSettings struct {
	Mount     string `json:"mount"`
	Path      string `json:"path"`
	Address   string `json:"address,omitempty"`
	Namespace string `json:"namespace,omitempty"`
}

// s3Settings are the settings for a bucket. Empty ones default to the variables
// of the AWS command line.
type s3Settings struct {
	Bucket    string `json:"bucket"`
	Prefix    string `json:"prefix"`
	Region    string `json:"region,omitempty"`
	Endpoint  string `json:"endpoint,omitempty"`
	PathStyle bool   `json:"path_style,omitempty"`
	kmsKeyID  string
}

// isZero reports whether there is no storage.
func (s storageSettings) isZero() bool { return s.location() == storageSettings{} }

// isShared reports whether other machines may use the storage.
func (s storageSettings) isShared() bool { return s.Path == "" && !s.isZero() }

// location returns the settings that identify the storage.
func (s storageSettings) location() storageSettings {
	s.timeout, s.S3.kmsKeyID = 0, ""
	return s
}

// String names the storage, for diagnostics.
func (s storageSettings) String() string {
	if s.isZero() {
		return ""
	}
	return s.open(environment{}).String()
}

// open returns the backend. It sends and reads nothing.
func (s storageSettings) open(env environment) tokenstore.Backend {
	switch {
	case s.Vault != vaultSettings{}:
		return vault.Open(vault.Settings{
			Mount: s.Vault.Mount, Path: s.Vault.Path, Address: s.Vault.Address, Namespace: s.Vault.Namespace,
			Token: env.get("VAULT_TOKEN"), Timeout: s.timeout,
			Local: env.localLocks("vault", s.Vault.Address, s.Vault.Namespace, s.Vault.Mount, s.Vault.Path),
		})
	case s.S3 != s3Settings{}:
		return s3.Open(s3.Settings{
			Bucket: s.S3.Bucket, Prefix: s.S3.Prefix, Region: s.S3.Region, Endpoint: s.S3.Endpoint,
			PathStyle: s.S3.PathStyle, KMSKeyID: s.S3.kmsKeyID, Timeout: s.timeout,
			Local: env.localLocks("s3", s.S3.Endpoint, s.S3.Bucket, s.S3.Prefix),
		})
	default:
		return dir.Open(s.Path)
	}
}

// loginTime bounds the read of the login, which may wait for flyctl to write it.
const loginTime = time.Second

// loginFingerprint returns the login's part of the keys of minted tokens. On
// shared storage it is also set for flyctl's own login, because other users'
// tokens are stored there.
func (c *chain) loginFingerprint() string {
	if login, err := c.logins.Explicit(); err == nil {
		return login.Token.Fingerprint()
	}
	if !c.settings.storage.isShared() {
		return ""
	}
	ctx, cancel := context.WithTimeout(context.Background(), loginTime)
	defer cancel()
	return c.logins.Fingerprint(ctx)
}

// localLocks returns kernel locks for the storage of that name, or nil if the
// system names no folder for them. They spare the server most of the requests of
// processes that wait on this machine.
func (e environment) localLocks(name ...string) remote.Locker {
	if !filepath.IsAbs(e.configDir) {
		return nil
	}
	hash := sha256.New()
	for _, part := range name {
		hash.Write([]byte(part + "\x00"))
	}
	return dir.Open(filepath.Join(e.configDir, "terraform-provider-fly", "locks", hex.EncodeToString(hash.Sum(nil)[:8])))
}
