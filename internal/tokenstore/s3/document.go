package s3

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/flytokens/terraform-provider-fly/internal/tokenstore"
	"github.com/flytokens/terraform-provider-fly/internal/tokenstore/remote"
)

// missing is the version of a document that does not exist.
const missing tokenstore.Version = ""

// never is the ETag of no object.
const never = `"00000000000000000000000000000000"`

var errNoETag = errors.New("the answer has no usable ETag")

// Load implements [tokenstore.Backend].
func (b *Backend) Load(ctx context.Context, doc tokenstore.Doc) (tokenstore.Document, error) {
	var found tokenstore.Document
	err := b.send(ctx, func(ctx context.Context, client *s3.Client) error {
		out, err := client.GetObject(ctx, &s3.GetObjectInput{Bucket: &b.settings.Bucket, Key: b.key(doc)}, readOptions)
		if err != nil {
			return err
		}
		defer func() { _ = out.Body.Close() }()
		if found.Version, err = version(out.ETag); err != nil {
			return err
		}
		found.Data, err = io.ReadAll(io.LimitReader(out.Body, remote.MaxDocument+1))
		return err
	})
	if errorCode(err) == "NoSuchKey" {
		return tokenstore.Document{Version: missing}, nil
	}
	if err != nil {
		return tokenstore.Document{}, b.failed("read", b.Locate(doc), err)
	}
	if isTombstone(found.Data) {
		found.Data = nil
	}
	return found, nil
}

// removed is the field of a tombstone.
const removed = "removed"

// tombstone returns the content of an object whose document was removed. A write
// checks its condition on every server that is accepted, and a deletion only on
// some. The random value makes its ETag different from that of any other.
func tombstone() []byte { return fmt.Appendf(nil, `{%q:%q}`, removed, rand.Text()) }

func isTombstone(data []byte) bool {
	var fields map[string]json.RawMessage
	return json.Unmarshal(data, &fields) == nil && len(fields) == 1 && fields[removed] != nil
}

// version returns the version for an ETag. A weak ETag matches no condition.
func version(etag *string) (tokenstore.Version, error) {
	tag := aws.ToString(etag)
	if tag == "" || strings.HasPrefix(tag, "W/") {
		return "", errNoETag
	}
	return tokenstore.Version(tag), nil
}

// Swap implements [tokenstore.Backend].
func (b *Backend) Swap(ctx context.Context, doc tokenstore.Doc, data []byte, was tokenstore.Version) (tokenstore.Version, error) {
	switch {
	case data == nil && was == missing:
		now, err := b.Load(ctx, doc)
		if err == nil && now.Version != missing {
			err = b.conflict(doc)
		}
		return missing, err
	case data == nil:
		return b.put(ctx, doc, tombstone(), condition{match: string(was)})
	case was == missing:
		made, err := b.put(ctx, doc, data, condition{create: true})
		if err == nil && !b.conditions.Load() {
			err = b.probe(ctx, doc, data)
		}
		return made, err
	default:
		return b.put(ctx, doc, data, condition{match: string(was)})
	}
}

// condition is the condition of a write.
type condition struct {
	create bool
	match  string
}

// put writes an object under a condition.
func (b *Backend) put(ctx context.Context, doc tokenstore.Doc, data []byte, when condition) (tokenstore.Version, error) {
	in := &s3.PutObjectInput{
		Bucket: &b.settings.Bucket, Key: b.key(doc),
		Body: bytes.NewReader(data), ContentType: aws.String("application/json"),
	}
	if when.create {
		in.IfNoneMatch = aws.String("*")
	} else {
		in.IfMatch = &when.match
	}
	if b.settings.KMSKeyID != "" {
		in.ServerSideEncryption, in.SSEKMSKeyId = types.ServerSideEncryptionAwsKms, &b.settings.KMSKeyID
	}
	var made tokenstore.Version
	err := b.send(ctx, func(ctx context.Context, client *s3.Client) error {
		out, err := client.PutObject(ctx, in, writeOptions)
		if err != nil {
			return err
		}
		b.warnVersions(out.VersionId)
		made, err = version(out.ETag)
		return err
	})
	return made, b.unwritten(doc, err)
}

// probe checks whether the server honours conditions, by two writes that it
// must refuse. They write the current content.
func (b *Backend) probe(ctx context.Context, doc tokenstore.Doc, data []byte) error {
	for _, when := range []condition{{create: true}, {match: never}} {
		_, err := b.put(ctx, doc, data, when)
		switch {
		case errors.Is(err, tokenstore.ErrConflict):
		case err == nil:
			err = b.send(ctx, func(ctx context.Context, client *s3.Client) error {
				_, err := client.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &b.settings.Bucket, Key: b.key(doc)}, writeOptions)
				return err
			})
			if err != nil {
				return b.failed("remove", b.Locate(doc), err)
			}
			return b.unconditional(doc)
		default:
			// The document is written. The next creation repeats the check.
			return nil
		}
	}
	b.conditions.Store(true)
	return nil
}

// unwritten is the error of a write, or nil.
func (b *Backend) unwritten(doc tokenstore.Doc, err error) error {
	if err == nil {
		return nil
	}
	status := statusCode(err)
	switch {
	case status == http.StatusPreconditionFailed, errorCode(err) == "ConditionalRequestConflict", errorCode(err) == "NoSuchKey":
		return b.conflict(doc)
	case status == http.StatusNotImplemented:
		return b.unconditional(doc)
	case errors.Is(err, errNoETag), status == 0 && !neverSent(err), status >= http.StatusInternalServerError && !throttled(err):
		failed := b.failed("write", b.Locate(doc), err)
		var known *tokenstore.Error
		if !errors.As(failed, &known) {
			return failed
		}
		known.Err = fmt.Errorf("%w: %w", tokenstore.ErrUnknown, known.Err)
		known.Unwritable = false
		return known
	}
	return b.failed("write", b.Locate(doc), err)
}

func (b *Backend) conflict(doc tokenstore.Doc) error {
	return fmt.Errorf("%s: %w", b.Locate(doc), tokenstore.ErrConflict)
}

// warnVersions warns about a bucket that keeps replaced objects.
func (b *Backend) warnVersions(id *string) {
	if v := aws.ToString(id); v != "" && v != "null" {
		b.Warn("Replaced Fly Tokens Stay Readable", fmt.Sprintf(
			"The bucket %s keeps old versions of objects, including replaced and removed tokens. Add a lifecycle rule that deletes noncurrent versions under %s after a day, or use a bucket without versioning.", b.settings.Bucket, b))
	}
}
