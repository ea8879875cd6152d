// Package vault keeps documents in a KV version 2 secrets engine of HashiCorp
// Vault or OpenBao.
//
// A document is the secret <mount>/data/<path>/<app>/<kind>, whose version
// number is the document's. A removed document is a version without content,
// because such a write, unlike a deletion, checks the version.
package vault

import (
	"context"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hashicorp/vault/api"

	"github.com/flytokens/terraform-provider-fly/internal/token"
	"github.com/flytokens/terraform-provider-fly/internal/tokenstore"
	"github.com/flytokens/terraform-provider-fly/internal/tokenstore/remote"
)

// Settings configure the location of the documents. Empty fields use the
// sources of the vault command: VAULT_ADDR, VAULT_NAMESPACE, VAULT_TOKEN, a
// token helper, VAULT_CACERT and so on.
type Settings struct {
	// Mount is the path that the secrets engine is mounted at.
	Mount string
	// Path is the path of the documents beneath it.
	Path string
	// Address is the URL of the server.
	Address string
	// Namespace is the namespace that Mount is in.
	Namespace string
	// Token is the login.
	Token string
	// Timeout bounds each request, retries included.
	Timeout time.Duration
	// Local excludes the other processes of this machine from a claim. It may be
	// nil.
	Local remote.Locker
}

// Backend is a [tokenstore.Backend] in Vault.
type Backend struct {
	*remote.Shared

	settings Settings
	connect  func() (*api.Client, error)
	clock    *remote.Clock
	breaker  *remote.Breaker
	// noMetadata means that this login may not set the number of kept versions.
	noMetadata atomic.Bool
}

var _ tokenstore.Backend = (*Backend)(nil)

// Open returns the backend. It sends nothing: the first use reports invalid
// settings.
func Open(settings Settings) *Backend {
	settings.Mount = strings.Trim(settings.Mount, "/")
	settings.Path = strings.Trim(settings.Path, "/")
	b := &Backend{
		Shared:   remote.NewShared(settings.Local),
		settings: settings,
		clock:    remote.NewClock(),
		breaker:  remote.NewBreaker(settings.Timeout),
	}
	b.connect = sync.OnceValues(b.newClient)
	return b
}

// String names the mount and the path.
func (b *Backend) String() string { return "vault " + b.settings.Mount + "/" + b.settings.Path }

// Locate names a document as the vault command does.
func (b *Backend) Locate(doc tokenstore.Doc) string {
	return b.String() + "/" + doc.App + "/" + string(doc.Kind)
}

// endpoint returns the API path of a document below one of the engine's parts:
// data, metadata or destroy.
func (b *Backend) endpoint(part string, doc tokenstore.Doc) string {
	path := b.settings.Mount + "/" + part + "/"
	if b.settings.Path != "" {
		path += b.settings.Path + "/"
	}
	return path + doc.App + "/" + string(doc.Kind)
}

// Now returns bounds of the server's time. It sends a request only before the
// first answer. That request needs no login.
func (b *Backend) Now(ctx context.Context) (from, to token.Sequence, err error) {
	if from, to, ok := b.clock.Bounds(); ok {
		return from, to, nil
	}
	if _, err := b.send(ctx, request{method: "GET", path: "sys/health"}); err != nil {
		return 0, 0, b.unanswered("ask for the time of", b.String(), err)
	}
	from, to, ok := b.clock.Bounds()
	if !ok {
		return 0, 0, &tokenstore.Error{
			Op: "ask for the time of", Where: b.String(), Err: errNoDate,
			Fix: "remove the proxy in front of Vault, or let it pass the Date header",
		}
	}
	return from, to, nil
}

// plain reports whether address would carry tokens over a network unencrypted.
func plain(address string) bool {
	u, err := url.Parse(address)
	return err == nil && u.Scheme == "http" && !remote.Loopback(u.Hostname())
}
