// Package s3test runs a real S3 server for tests.
package s3test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/flytokens/terraform-provider-fly/internal/flytest/daemon"
	"github.com/flytokens/terraform-provider-fly/internal/flytest/toolbin"
)

// AccessKey and SecretKey may do everything on every server that tests start.
const (
	AccessKey = "test-access-key"
	SecretKey = "test-secret-key"
)

// starts bounds the attempts to start a server, because another process may
// take its address first.
const starts = 5

// Config changes the default server, which answers plain HTTP.
type Config struct {
	// TLS gives the server a certificate of a separate authority.
	TLS bool
	// Region is the server's; "" means us-east-1.
	Region string
}

// Server is an S3 server that keeps buckets in a folder.
type Server struct {
	// Endpoint is its URL, for use with path style.
	Endpoint string
	// CA is the PEM file of the authority behind its certificate.
	CA string

	listen  string
	program string
	args    []string
	folder  string
	process *daemon.Process
}

// Start starts a server without buckets. It first builds the server's program
// unless the user's cache folder holds it.
func Start(tb testing.TB, config Config) *Server {
	tb.Helper()
	program, err := toolbin.Path(tb.Context(), toolbin.S3(), tb.Output())
	if err != nil {
		tb.Fatal(err)
	}
	s := &Server{program: program, folder: tb.TempDir()}
	scheme := "http://"
	if config.TLS {
		cert := daemon.NewCertificate(tb)
		s.CA, scheme = cert.CA, "https://"
		s.args = append(s.args, "--cert", cert.Cert, "--key", cert.Key)
	}
	if config.Region != "" {
		s.args = append(s.args, "--region", config.Region)
	}
	for range starts {
		s.listen = daemon.Address(tb)
		if s.start(tb) {
			s.Endpoint = scheme + s.listen
			return s
		}
	}
	tb.Fatalf("the S3 server does not start\n%s", s.process.Log())
	return nil
}

func (s *Server) start(tb testing.TB) bool {
	tb.Helper()
	args := append([]string{"--port", s.listen, "--quiet"}, s.args...)
	s.process = daemon.Start(tb, s.program, append(args, "posix", s.folder), []string{
		"ROOT_ACCESS_KEY=" + AccessKey, "ROOT_SECRET_KEY=" + SecretKey,
	})
	return s.process.Answers(tb, s.listen)
}

// Stop kills the server.
func (s *Server) Stop() { s.process.Stop() }

// Restart starts the server again at its address, with its buckets.
func (s *Server) Restart(tb testing.TB) {
	tb.Helper()
	s.process.Stop()
	if !s.start(tb) {
		tb.Fatalf("the S3 server does not start again\n%s", s.process.Log())
	}
}

// Bucket makes a bucket. Its name must have at least three characters.
func (s *Server) Bucket(tb testing.TB, name string) {
	tb.Helper()
	if err := os.Mkdir(filepath.Join(s.folder, name), 0o755); err != nil {
		tb.Fatal(err)
	}
}
