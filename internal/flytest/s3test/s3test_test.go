package s3test_test

import (
	"net/http"
	"testing"

	"github.com/flytokens/terraform-provider-fly/internal/flytest/daemon"
	"github.com/flytokens/terraform-provider-fly/internal/flytest/s3test"
)

// status asks the server for a bucket without a signature.
func status(t *testing.T, client *http.Client, url string) int {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	return resp.StatusCode
}

func TestServerAnswersAgainAfterARestart(t *testing.T) {
	t.Parallel()
	s := s3test.Start(t, s3test.Config{})
	s.Bucket(t, "tokens")
	s.Restart(t)
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	if got := status(t, client, s.Endpoint+"/tokens"); got != http.StatusForbidden {
		t.Errorf("an unsigned request is answered with %d, want %d", got, http.StatusForbidden)
	}
}

func TestServerAnswersOverTLS(t *testing.T) {
	t.Parallel()
	s := s3test.Start(t, s3test.Config{TLS: true})
	s.Bucket(t, "tokens")
	client := daemon.Certificate{CA: s.CA}.Client(t)
	if got := status(t, client, s.Endpoint+"/tokens"); got != http.StatusForbidden {
		t.Errorf("an unsigned request is answered with %d, want %d", got, http.StatusForbidden)
	}
}
