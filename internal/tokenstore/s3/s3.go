// Package s3 keeps documents in a bucket of Amazon S3, or of a server with the
// same protocol that honours conditional writes: Tigris, Cloudflare R2, MinIO.
//
// A document is the object <prefix>/<app>/<kind>.json, whose ETag is the
// document's version. A removed document is a small object without a token.
package s3

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/flytokens/terraform-provider-fly/internal/token"
	"github.com/flytokens/terraform-provider-fly/internal/tokenstore"
	"github.com/flytokens/terraform-provider-fly/internal/tokenstore/remote"
)

// Settings configure the location of the documents. Empty fields use the
// sources of the AWS command line: AWS_REGION, AWS_ENDPOINT_URL_S3, AWS_PROFILE
// and so on. So do credentials.
type Settings struct {
	// Bucket is the bucket's name.
	Bucket string
	// Prefix begins the objects' keys.
	Prefix string
	// Region is the bucket's region.
	Region string
	// Endpoint is the URL of a server other than Amazon's.
	Endpoint string
	// PathStyle puts the bucket's name into the path of URLs, not into the host.
	PathStyle bool
	// KMSKeyID is the key for server-side encryption; "" means the bucket's
	// setting.
	KMSKeyID string
	// Timeout bounds each request, retries included.
	Timeout time.Duration
	// Local excludes the other processes of this machine from a claim. It may be
	// nil.
	Local remote.Locker
}

// Backend is a [tokenstore.Backend] in a bucket.
type Backend struct {
	*remote.Shared

	settings Settings
	clock    *remote.Clock
	breaker  *remote.Breaker

	mu     sync.Mutex
	client *s3.Client

	// conditions records that the server honoured the conditions of writes in
	// this run.
	conditions atomic.Bool
}

var _ tokenstore.Backend = (*Backend)(nil)

var errNoDate = errors.New("its answers have no Date header")

// Open returns the backend. It sends nothing: the first use reports invalid
// settings.
func Open(settings Settings) *Backend {
	settings.Prefix = strings.Trim(settings.Prefix, "/")
	return &Backend{
		Shared:   remote.NewShared(settings.Local),
		settings: settings,
		clock:    remote.NewClock(),
		breaker:  remote.NewBreaker(settings.Timeout),
	}
}

// String returns the URL of the bucket and the prefix.
func (b *Backend) String() string {
	return strings.TrimSuffix("s3://"+b.settings.Bucket+"/"+b.settings.Prefix, "/")
}

// Locate returns the URL of an object.
func (b *Backend) Locate(doc tokenstore.Doc) string {
	return "s3://" + b.settings.Bucket + "/" + *b.key(doc)
}

func (b *Backend) key(doc tokenstore.Doc) *string {
	key := doc.App + "/" + string(doc.Kind) + ".json"
	if b.settings.Prefix != "" {
		key = b.settings.Prefix + "/" + key
	}
	return aws.String(key)
}

// Now returns bounds of the server's time. It sends a request only before the
// first answer.
func (b *Backend) Now(ctx context.Context) (from, to token.Sequence, err error) {
	if from, to, ok := b.clock.Bounds(); ok {
		return from, to, nil
	}
	err = b.send(ctx, func(ctx context.Context, client *s3.Client) error {
		_, err := client.HeadBucket(ctx, &s3.HeadBucketInput{Bucket: &b.settings.Bucket}, readOptions)
		return err
	})
	// Every answer has a date.
	if from, to, ok := b.clock.Bounds(); ok {
		return from, to, nil
	}
	if err == nil {
		err = &tokenstore.Error{
			Op: "ask for the time of", Where: b.String(), Err: errNoDate,
			Fix: "remove the proxy in front of the server, or let it pass the Date header",
		}
	}
	return 0, 0, b.failed("ask for the time of", b.String(), err)
}
