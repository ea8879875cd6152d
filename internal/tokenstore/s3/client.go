package s3

import (
	"context"
	"errors"
	"net/http"
	"net/url"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/flytokens/terraform-provider-fly/internal/tokenstore/remote"
)

// anyRegion is the region for signatures if none is set and the server is not
// Amazon's. Other servers accept it.
const anyRegion = "us-east-1"

// maxTries bounds the attempts of a request. The timeout bounds their total
// time.
const maxTries = 3

var (
	errPlain    = errors.New("the endpoint is http://, which sends tokens unencrypted")
	errNoRegion = errors.New("no region is set")
)

// settingsError means that the settings that the library reads are invalid.
type settingsError struct{ error }

func (e settingsError) Unwrap() error { return e.error }

// send calls request with the client, within the timeout.
func (b *Backend) send(ctx context.Context, request func(context.Context, *s3.Client) error) error {
	return b.breaker.Do(ctx, func(ctx context.Context) error {
		client, err := b.connect(ctx)
		if err != nil {
			return err
		}
		return request(ctx, client)
	})
}

// connect makes the client at its first use. A failure is tried again, because
// the source of the configuration may have been slow.
func (b *Backend) connect(ctx context.Context) (*s3.Client, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.client != nil {
		return b.client, nil
	}
	var options []func(*config.LoadOptions) error
	if b.settings.Region != "" {
		options = append(options, config.WithRegion(b.settings.Region))
	}
	loaded, err := config.LoadDefaultConfig(ctx, options...)
	if err != nil {
		return nil, settingsError{err}
	}
	client := s3.NewFromConfig(loaded, func(o *s3.Options) {
		if b.settings.Endpoint != "" {
			o.BaseEndpoint = &b.settings.Endpoint
		}
		if o.Region == "" && o.BaseEndpoint != nil {
			o.Region = anyRegion
		}
		o.UsePathStyle = b.settings.PathStyle
		// Tigris answers from any region. This asks for the latest version, and
		// for conditions that hold in all regions. Other servers ignore it.
		o.APIOptions = append(o.APIOptions, smithyhttp.AddHeaderValue("X-Tigris-Consistent", "true"))
		// Servers other than Amazon's do not support the optional checksums.
		o.RequestChecksumCalculation = aws.RequestChecksumCalculationWhenRequired
		o.ResponseChecksumValidation = aws.ResponseChecksumValidationWhenRequired
		o.HTTPClient = transportClient{b.clock.Transport(clientTransport{o.HTTPClient})}
	})
	switch {
	case client.Options().Region == "":
		return nil, settingsError{errNoRegion}
	case plain(aws.ToString(client.Options().BaseEndpoint)):
		return nil, settingsError{errPlain}
	}
	b.client = client
	return client, nil
}

// plain reports whether endpoint would carry tokens over a network unencrypted.
func plain(endpoint string) bool {
	u, err := url.Parse(endpoint)
	return err == nil && u.Scheme == "http" && !remote.Loopback(u.Hostname())
}

// readOptions are for a request that changes nothing.
func readOptions(o *s3.Options) {
	o.Retryer = retry.NewStandard(func(o *retry.StandardOptions) { o.MaxAttempts = maxTries })
}

// writeOptions are for a request with a condition. It is sent again only if the
// server did nothing the first time. Otherwise it would conflict with itself.
func writeOptions(o *s3.Options) {
	o.Retryer = retry.NewStandard(func(o *retry.StandardOptions) {
		o.MaxAttempts = maxTries
		o.Retryables = []retry.IsErrorRetryable{
			retry.NoRetryCanceledError{},
			// The signature was refused because of this machine's clock. The
			// library has corrected the offset.
			clockSkew{},
			retry.RetryableErrorCode{Codes: retry.DefaultThrottleErrorCodes},
		}
	})
}

// clockSkew matches the library's error for a refused signature.
type clockSkew struct{}

// IsErrorRetryable implements [retry.IsErrorRetryable].
func (clockSkew) IsErrorRetryable(err error) aws.Ternary {
	if code := errorCode(err); skewCodes()[code] {
		return retry.RetryableError{}.IsErrorRetryable(err)
	}
	return aws.UnknownTernary
}

func skewCodes() map[string]bool {
	return map[string]bool{"RequestTimeTooSkewed": true, "SignatureDoesNotMatch": true}
}

// clientTransport and transportClient convert the library's client into a
// transport, and a transport into a client.
type clientTransport struct{ client s3.HTTPClient }

// RoundTrip implements [http.RoundTripper].
func (t clientTransport) RoundTrip(req *http.Request) (*http.Response, error) {
	return t.client.Do(req)
}

type transportClient struct{ transport http.RoundTripper }

// Do implements [s3.HTTPClient].
func (c transportClient) Do(req *http.Request) (*http.Response, error) {
	return c.transport.RoundTrip(req)
}
