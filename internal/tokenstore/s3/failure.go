package s3

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go"

	"github.com/flytokens/terraform-provider-fly/internal/scrub"
	"github.com/flytokens/terraform-provider-fly/internal/tokenstore"
	"github.com/flytokens/terraform-provider-fly/internal/tokenstore/remote"
)

// errorCode returns the code in the server's answer, "" for none.
func errorCode(err error) string {
	var api smithy.APIError
	if errors.As(err, &api) {
		return api.ErrorCode()
	}
	return ""
}

// answered returns the status and the header of the server's answer behind err,
// zero for none.
func answered(err error) (status int, header http.Header) {
	var resp *awshttp.ResponseError
	if errors.As(err, &resp) && resp.HTTPStatusCode() != 0 {
		return resp.HTTPStatusCode(), resp.HTTPResponse().Header
	}
	return 0, nil
}

func statusCode(err error) int {
	status, _ := answered(err)
	return status
}

// throttled reports whether the server refused a request because of their number.
func throttled(err error) bool {
	_, is := retry.DefaultThrottleErrorCodes[errorCode(err)]
	return is || statusCode(err) == http.StatusTooManyRequests
}

// neverSent reports whether the server cannot have acted on a request.
func neverSent(err error) bool {
	var (
		settings settingsError
		signing  interface{ SigningError() }
	)
	return remote.NeverSent(err) || errors.As(err, &settings) || errors.As(err, &signing) || noCredentials(err)
}

// noCredentials reports whether no credentials were found to sign with.
func noCredentials(err error) bool {
	text := err.Error()
	return strings.Contains(text, "failed to refresh cached credentials") || strings.Contains(text, "failed to retrieve credentials") ||
		strings.Contains(text, "get identity:")
}

// unconditional is the error for a server that ignores conditions.
func (b *Backend) unconditional(doc tokenstore.Doc) error {
	return &tokenstore.Error{
		Op: "write", Where: b.Locate(doc),
		Err: errors.New("the server ignores conditions on writes (If-None-Match and If-Match), so that runs would overwrite each other's tokens"),
		Fix: "use a server that honours them, such as Amazon S3, Tigris, Cloudflare R2 or a current MinIO",

		Unwritable: true,
	}
}

// failed is the error of a request.
func (b *Backend) failed(op, where string, err error) error {
	var known *tokenstore.Error
	switch {
	case errors.As(err, &known):
		return known
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return err
	}
	fix, cause := b.explain(err)
	return &tokenstore.Error{Op: op, Where: where, Err: cause, Fix: fix, Unwritable: true}
}

// explain returns the advice for an error, and its meaning.
func (b *Backend) explain(err error) (fix string, cause error) {
	var settings settingsError
	switch {
	case errors.Is(err, errNoRegion):
		return "set storage.s3.region or AWS_REGION", errNoRegion
	case errors.Is(err, errPlain):
		return "use https:// in " + b.addressSetting(), errPlain
	case errors.Is(err, errNoETag):
		return "remove the proxy in front of the server, or let it pass the ETag header unchanged", errNoETag
	case errors.As(err, &settings):
		return "correct the AWS_ variables or ~/.aws/config", quote(err)
	case statusCode(err) != 0:
		return b.explainAnswer(err)
	}
	if fix, cause := remote.Explain(err, remote.Names{Address: b.addressSetting(), CA: "AWS_CA_BUNDLE"}); cause != nil && !noCredentials(err) {
		return fix, cause
	}
	if noCredentials(err) {
		return "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE, or log in: aws sso login",
			errors.New("no AWS credentials are found, or they cannot be renewed")
	}
	return "check " + b.addressSetting(), quote(err)
}

// explainAnswer is explain for an error that the server sent.
func (b *Backend) explainAnswer(err error) (fix string, cause error) {
	code := errorCode(err)
	status, header := answered(err)
	region := header.Get("X-Amz-Bucket-Region")
	moved := []string{"PermanentRedirect", "MovedPermanently", "AuthorizationHeaderMalformed", "IllegalLocationConstraintException"}
	switch {
	case code == "NoSuchBucket":
		return "create it, or check storage.s3.bucket and the endpoint", fmt.Errorf("the bucket %s does not exist", b.settings.Bucket)
	case slices.Contains(moved, code) && region != "":
		return "set storage.s3.region to " + region, fmt.Errorf("the bucket %s is in a different region", b.settings.Bucket)
	case slices.Contains(moved, code):
		return "check storage.s3.region and AWS_REGION", said(err)
	case code == "ExpiredToken", code == "ExpiredTokenException", code == "TokenRefreshRequired":
		return "renew them, for example with aws sso login", errors.New("the AWS credentials have expired")
	case code == "InvalidAccessKeyId", code == "InvalidToken":
		return "check AWS_ACCESS_KEY_ID, AWS_SESSION_TOKEN and AWS_PROFILE", errors.New("the server does not know the AWS credentials")
	case skewCodes()[code] && skewed(header) != 0:
		return "set this machine's clock", fmt.Errorf("this machine's clock differs from the server's by %s", skewed(header))
	case code == "SignatureDoesNotMatch":
		return "check AWS_SECRET_ACCESS_KEY, and that no proxy changes requests", errors.New("the server refuses the signature")
	case status == http.StatusForbidden:
		return fmt.Sprintf("allow s3:GetObject and s3:PutObject on %s/*, and s3:ListBucket on the bucket, "+
			"without which an object that does not exist is answered with 403", strings.TrimPrefix(b.String(), "s3://")), said(err)
	case throttled(err):
		return "run fewer plans at once", errors.New("the server limits the rate of requests")
	default:
		return "check " + b.addressSetting(), said(err)
	}
}

// skewThreshold is below the limit of servers.
const skewThreshold = time.Minute

// skewed returns the difference between this machine's clock and the server's,
// or zero for a small one.
func skewed(header http.Header) time.Duration {
	date, err := http.ParseTime(header.Get("Date"))
	if err != nil {
		return 0
	}
	if by := time.Since(date).Abs().Round(time.Minute); by >= skewThreshold {
		return by
	}
	return 0
}

// said returns the server's code and message.
func said(err error) error {
	var api smithy.APIError
	if !errors.As(err, &api) {
		return quote(err)
	}
	text := fmt.Sprintf("the server answers %d %s: %s", statusCode(err), api.ErrorCode(), api.ErrorMessage())
	return errors.New(scrub.Text(strings.TrimSuffix(text, ": "), ""))
}

// quote returns an error with the library's message, safe to show.
func quote(err error) error { return errors.New(scrub.Text(err.Error(), "")) }

// addressSetting names the setting of the server's address.
func (b *Backend) addressSetting() string {
	if b.settings.Endpoint != "" {
		return "storage.s3.endpoint"
	}
	return "AWS_ENDPOINT_URL_S3 and the region"
}
