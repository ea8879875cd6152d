package remote

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"syscall"

	"github.com/flytokens/terraform-provider-fly/internal/scrub"
)

// Names are the settings that the advice for a failure can name.
type Names struct {
	// Address is the setting of the server's address.
	Address string
	// CA is the setting of the authorities that check its certificate.
	CA string
}

// Explain returns the advice for a request without an answer, and the cause
// without the URL and the libraries' wrapping. cause is nil for any other
// error.
func Explain(err error, names Names) (fix string, cause error) {
	var (
		late    *LateError
		dns     *net.DNSError
		host    x509.HostnameError
		invalid x509.CertificateInvalidError
		record  tls.RecordHeaderError
		op      *net.OpError
	)
	switch {
	case errors.As(err, &late):
		return "check the server and the network, or raise storage.timeout", late
	case errors.As(err, &dns):
		if dns.IsNotFound {
			return "check " + names.Address, fmt.Errorf("the host %s was not found", dns.Name)
		}
		return "check the network and its name servers", fmt.Errorf("cannot resolve the host %s: %s", dns.Name, dns.Err)
	case isUntrusted(err):
		return "install this machine's CA certificates (the package ca-certificates), or set the authority's file in " + names.CA, errors.New("an unknown authority signed the server's certificate")
	case errors.As(err, &host):
		return "check " + names.Address, fmt.Errorf("the server's certificate is not for %s", host.Host)
	case errors.As(err, &invalid):
		return "renew it, or check this machine's clock", fmt.Errorf("the server's certificate is not valid: %w", invalid)
	case errors.As(err, &record), strings.Contains(err.Error(), "server gave HTTP response to HTTPS client"):
		return "check the scheme in " + names.Address, errors.New("the server does not speak TLS")
	case errors.Is(err, syscall.ECONNREFUSED):
		return "start the server, or check " + names.Address, fmt.Errorf("nothing listens at %s", peer(err))
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return "try again", errors.New("the connection ended before the answer")
	case errors.As(err, &op):
		return "check the network and " + names.Address, errors.New(scrub.Text(op.Error(), ""))
	}
	return "", nil
}

func peer(err error) string {
	var op *net.OpError
	if errors.As(err, &op) && op.Addr != nil {
		return op.Addr.String()
	}
	return "the server's address"
}

// Ended returns the error of a caller whose context has ended, nil for any other.
func Ended(ctx context.Context) error {
	if ctx.Err() == nil {
		return nil
	}
	return context.Cause(ctx)
}

// Loopback reports whether host is this machine.
func Loopback(host string) bool {
	if host == "localhost" {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}

// NeverSent reports whether err means that the server cannot have acted on a
// request: there was no connection to send it over.
func NeverSent(err error) bool {
	var (
		dns     *net.DNSError
		host    x509.HostnameError
		invalid x509.CertificateInvalidError
		record  tls.RecordHeaderError
		op      *net.OpError
		outage  *OutageError
	)
	return skipped(err) || errors.As(err, &outage) || errors.As(err, &dns) || isUntrusted(err) || errors.As(err, &host) ||
		errors.As(err, &invalid) || errors.As(err, &record) || errors.As(err, &op) && op.Op == "dial"
}

// isUntrusted reports whether no CA certificate of this machine signed the
// server's. A container from scratch has none.
func isUntrusted(err error) bool {
	var (
		authority x509.UnknownAuthorityError
		roots     x509.SystemRootsError
	)
	return errors.As(err, &authority) || errors.As(err, &roots)
}
