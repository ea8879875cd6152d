package vault

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/flytokens/terraform-provider-fly/internal/tokenstore"
)

// versionOne is the error for an engine that does not check versions.
func (b *Backend) versionOne(op string, doc tokenstore.Doc) error {
	return &tokenstore.Error{
		Op: op, Where: b.Locate(doc),
		Err: fmt.Errorf("%s is not a KV version 2 secrets engine, so that runs would overwrite each other's tokens", b.settings.Mount),
		Fix: fmt.Sprintf("set storage.vault.mount to one of version 2, or upgrade it: vault kv enable-versioning %s", b.settings.Mount),

		Unwritable: true,
	}
}

// refused is the error for an answer that reports a failure.
func (b *Backend) refused(op string, doc tokenstore.Doc, a answer) error {
	fix, cause := b.explain(doc, a)
	return &tokenstore.Error{Op: op, Where: b.Locate(doc), Err: cause, Fix: fix, Unwritable: true}
}

// explain returns the advice for an answer, and its meaning.
func (b *Backend) explain(doc tokenstore.Doc, a answer) (fix string, cause error) {
	said := a.said()
	client, err := b.connect()
	switch {
	case err == nil && client.Token() == "" && (a.status == http.StatusForbidden || a.status == http.StatusBadRequest):
		return "run vault login, or set VAULT_TOKEN", errors.New("no Vault token is set")
	case a.status == http.StatusForbidden:
		return "log in again if the token has expired, or allow create, read and update on " + b.endpoint("data", doc),
			fmt.Errorf("the server answers 403: %s", said)
	case a.status == http.StatusNotFound && strings.Contains(said, "no handler for route"):
		return "check storage.vault.mount and the namespace, or mount it: vault secrets enable -path=" + b.settings.Mount + " kv-v2",
			fmt.Errorf("nothing is mounted at %s", b.settings.Mount)
	case a.sealed():
		return "unseal it: vault operator unseal", errors.New("the server is sealed")
	case a.status == http.StatusRequestEntityTooLarge:
		return "raise max_request_size", errors.New("the document is too large for the server")
	case a.status == http.StatusOK:
		return "check " + b.addressSetting(), errors.New("the answer is not Vault's")
	case said == "":
		return "check " + b.addressSetting(), fmt.Errorf("the server answers %d", a.status)
	default:
		return "check the server's log", fmt.Errorf("the server answers %d: %s", a.status, said)
	}
}
