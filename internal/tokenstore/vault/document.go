package vault

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/flytokens/terraform-provider-fly/internal/tokenstore"
	"github.com/flytokens/terraform-provider-fly/internal/tokenstore/remote"
)

// field is the field of a secret that holds the document. It is text, because a
// server changes the order and the white space of JSON.
const field = "document"

// metadata describes a version.
type metadata struct {
	Version      int               `json:"version"`
	CreatedTime  time.Time         `json:"created_time"`
	DeletionTime string            `json:"deletion_time"`
	Custom       map[string]string `json:"custom_metadata"`
}

// secret is the answer to reading.
type secret struct {
	Data *struct {
		Data     json.RawMessage `json:"data"`
		Metadata *metadata       `json:"metadata"`
	} `json:"data"`
}

// written is the answer to writing.
type written struct {
	Data *metadata `json:"data"`
}

// Load implements [tokenstore.Backend].
func (b *Backend) Load(ctx context.Context, doc tokenstore.Doc) (tokenstore.Document, error) {
	a, err := b.send(ctx, request{method: http.MethodGet, path: b.endpoint("data", doc)})
	if err != nil {
		return tokenstore.Document{}, b.unanswered("read", b.Locate(doc), err)
	}
	if a.status != http.StatusOK && a.status != http.StatusNotFound {
		return tokenstore.Document{}, b.refused("read", doc, a)
	}
	var s secret
	if json.Unmarshal(a.body, &s) != nil {
		return tokenstore.Document{}, b.refused("read", doc, a)
	}
	switch {
	case s.Data != nil && s.Data.Metadata != nil && s.Data.Metadata.Version > 0:
		version := tokenstore.Version(strconv.Itoa(s.Data.Metadata.Version))
		return tokenstore.Document{Data: content(s.Data.Data), Version: version}, nil
	case a.status == http.StatusOK:
		return tokenstore.Document{}, b.versionOne("read", doc)
	case len(a.errors) > 0:
		return tokenstore.Document{}, b.refused("read", doc, a)
	default:
		return tokenstore.Document{Version: "0"}, nil
	}
}

// content returns the document in a secret, nil for a removed one. Content of
// other writers is returned unchanged.
func content(data json.RawMessage) []byte {
	if len(data) == 0 || bytes.Equal(data, []byte("null")) {
		return nil
	}
	var fields map[string]any
	if json.Unmarshal(data, &fields) == nil && len(fields) == 1 {
		if text, ok := fields[field].(string); ok {
			if text == "" {
				return nil
			}
			return []byte(text)
		}
	}
	return data
}

// Swap implements [tokenstore.Backend].
func (b *Backend) Swap(ctx context.Context, doc tokenstore.Doc, data []byte, was tokenstore.Version) (tokenstore.Version, error) {
	if err := remote.Ended(ctx); err != nil {
		return "", err
	}
	cas, err := strconv.Atoi(string(was))
	if err != nil {
		return "", fmt.Errorf("tokenstore/vault: version %q: %w", was, tokenstore.ErrConflict)
	}
	a, err := b.send(ctx, request{
		method: http.MethodPut, path: b.endpoint("data", doc),
		body: map[string]any{
			"options": map[string]any{"cas": cas},
			"data":    map[string]any{field: string(data)},
		},
	})
	if err != nil {
		return "", b.unwritten(doc, err)
	}
	switch {
	case a.status == http.StatusOK:
		var w written
		if json.Unmarshal(a.body, &w) == nil && w.Data != nil && w.Data.Version > 0 {
			b.clock.Observe(a.sent, a.got, w.Data.CreatedTime, w.Data.CreatedTime)
			b.keepOne(ctx, doc, w.Data)
			return tokenstore.Version(strconv.Itoa(w.Data.Version)), nil
		}
		fallthrough
	case a.status == http.StatusNoContent:
		// Without versions, the write was not checked. The secret that it left
		// is at a path that nothing reads.
		_, _ = b.send(ctx, request{method: http.MethodDelete, path: b.endpoint("data", doc)})
		return "", b.versionOne("write", doc)
	case a.status == http.StatusBadRequest:
		return "", b.mismatch(ctx, doc, was, a)
	case a.status >= http.StatusInternalServerError && !a.sealed():
		return "", b.unknown(doc, fmt.Errorf("the server answers %d: %s", a.status, a.said()))
	default:
		return "", b.refused("write", doc, a)
	}
}

// mismatch checks whether a write was refused because the version is no longer
// current. The answer says this only in its message, which may change.
func (b *Backend) mismatch(ctx context.Context, doc tokenstore.Doc, was tokenstore.Version, a answer) error {
	now, err := b.Load(ctx, doc)
	if err != nil {
		return err
	}
	if now.Version != was {
		return fmt.Errorf("%s: %w", b.Locate(doc), tokenstore.ErrConflict)
	}
	return b.refused("write", doc, a)
}

// unwritten is the error of a write without an answer.
func (b *Backend) unwritten(doc tokenstore.Doc, err error) error {
	var settings settingsError
	if remote.NeverSent(err) || errors.As(err, &settings) {
		return b.unanswered("write", b.Locate(doc), err)
	}
	cause := b.unanswered("write", b.Locate(doc), err)
	var known *tokenstore.Error
	if errors.As(cause, &known) {
		cause = known.Err
	}
	return b.unknown(doc, cause)
}

func (b *Backend) unknown(doc tokenstore.Doc, cause error) error {
	return &tokenstore.Error{
		Op: "write", Where: b.Locate(doc), Err: fmt.Errorf("%w: %w", tokenstore.ErrUnknown, cause),
		Fix: "check the server, and try again",
	}
}

// sealed reports whether the server refused because it is sealed, before it did
// anything.
func (a answer) sealed() bool {
	return a.status == http.StatusServiceUnavailable && strings.Contains(strings.Join(a.errors, " "), "sealed")
}
