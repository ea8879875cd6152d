package s3_test

import (
	"testing"

	"github.com/flytokens/terraform-provider-fly/internal/flytest/s3test"
	"github.com/flytokens/terraform-provider-fly/internal/tokenstore/s3"
)

// TestEnvironmentIsThatOfTheCommand sets variables, which parallel tests must not.
func TestEnvironmentIsThatOfTheCommand(t *testing.T) {
	s := s3test.Start(t, s3test.Config{TLS: true, Region: "auto"})
	s.Bucket(t, "tokens")
	b := func() *s3.Backend {
		return s3.Open(s3.Settings{Bucket: "tokens", Prefix: "fly", PathStyle: true, Timeout: patience})
	}
	t.Setenv("AWS_ENDPOINT_URL_S3", s.Endpoint)
	t.Setenv("AWS_REGION", "auto")
	_, err := b().Load(t.Context(), manual)
	wantError(t, err, "cannot read s3://tokens/fly/web/manual.json: an unknown authority signed the server's certificate"+
		": install this machine's CA certificates (the package ca-certificates), or set the authority's file in AWS_CA_BUNDLE")

	t.Setenv("AWS_CA_BUNDLE", s.CA)
	swap(t, b(), manual, `{"a":1}`, load(t, b(), manual).Version)

	t.Setenv("AWS_SECRET_ACCESS_KEY", "another")
	_, err = b().Load(t.Context(), manual)
	wantError(t, err, "cannot read s3://tokens/fly/web/manual.json: the server refuses the signature"+
		": check AWS_SECRET_ACCESS_KEY, and that no proxy changes requests")

	t.Setenv("AWS_ACCESS_KEY_ID", "")
	_, err = b().Load(t.Context(), manual)
	wantError(t, err, "cannot read s3://tokens/fly/web/manual.json: no AWS credentials are found, or they cannot be renewed"+
		": set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE, or log in: aws sso login")
	_, err = b().Swap(t.Context(), manual, []byte(`{}`), "")
	wantError(t, err, "cannot write s3://tokens/fly/web/manual.json: no AWS credentials are found, or they cannot be renewed"+
		": set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE, or log in: aws sso login")

	t.Setenv("AWS_CA_BUNDLE", "/dev/null/ca.pem")
	_, err = b().Load(t.Context(), manual)
	wantError(t, err, "cannot read s3://tokens/fly/web/manual.json: open /dev/null/ca.pem: not a directory: correct the AWS_ variables or ~/.aws/config")
}
