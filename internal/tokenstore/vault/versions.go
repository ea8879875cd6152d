package vault

import (
	"context"
	"fmt"
	"maps"
	"net/http"

	"github.com/flytokens/terraform-provider-fly/internal/tokenstore"
)

const (
	// mark is the custom metadata of a document with one kept version. Each
	// answer to a write holds it, so this is set only once.
	mark      = "terraform-provider-fly"
	markValue = "keeps one version"
	// maxKept bounds the number of old versions to destroy. Servers keep ten by
	// default.
	maxKept = 100
)

// keepOne makes the server keep one version of the document, so that replaced
// and removed tokens cannot be read. If the login may not do this, it destroys
// each version that it replaced.
func (b *Backend) keepOne(ctx context.Context, doc tokenstore.Doc, m *metadata) {
	if m.DeletionTime != "" {
		b.Warn("Fly Token Storage Expires", fmt.Sprintf(
			"The server deletes what is written to %s at %s, manual tokens included. Set delete_version_after of the mount %s to 0s.",
			b, m.DeletionTime, b.settings.Mount))
	}
	if m.Custom[mark] == markValue {
		return
	}
	if !b.noMetadata.Load() {
		custom := map[string]string{mark: markValue}
		maps.Copy(custom, m.Custom)
		a, err := b.send(ctx, request{
			method: http.MethodPut, path: b.endpoint("metadata", doc),
			body: map[string]any{"max_versions": 1, "custom_metadata": custom},
		})
		b.noMetadata.Store(err == nil && a.status == http.StatusForbidden)
	}
	b.destroy(ctx, doc, m.Version)
}

// destroy destroys the versions before the given one.
func (b *Backend) destroy(ctx context.Context, doc tokenstore.Doc, before int) {
	var versions []int
	for v := max(1, before-maxKept); v < before; v++ {
		versions = append(versions, v)
	}
	if len(versions) == 0 {
		return
	}
	a, err := b.send(ctx, request{
		method: http.MethodPut, path: b.endpoint("destroy", doc),
		body: map[string]any{"versions": versions},
	})
	if err == nil && a.status/100 == 2 {
		return
	}
	reason := fmt.Sprintf("the server answers %d: %s", a.status, a.said())
	if err != nil {
		reason = b.unanswered("destroy versions of", b.Locate(doc), err).Error()
	}
	b.Warn("Replaced Fly Tokens Stay Readable", fmt.Sprintf(
		"Old versions of %s, with tokens that were replaced, could not be destroyed (%s). Allow create and update on %s, or update on %s.",
		b.Locate(doc), reason, b.endpoint("metadata", doc), b.endpoint("destroy", doc)))
}
