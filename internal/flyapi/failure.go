package flyapi

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"

	"github.com/flytokens/terraform-provider-fly/internal/scrub"
)

// leftWaiting is the error of a caller that left before a slot was free.
func leftWaiting(ctx context.Context, k call) error {
	if errors.Is(ctx.Err(), context.Canceled) {
		return fmt.Errorf("%s: %w", k.op, context.Cause(ctx))
	}
	e := failure(k.op, ErrUnavailable, "time ran out while earlier calls to Fly's API had no answer")
	e.cause, e.refused = ctx.Err(), true
	return e
}

func timedOut(k call, got *reply) error {
	e := failure(k.op, ErrUnavailable, fmt.Sprintf("no answer from %s in time (%s at most)", k.url.Host, k.timeout))
	e.cause, e.refused = context.DeadlineExceeded, !got.sent
	return e
}

func (c *Client) unreachable(k call, got *reply, err error) error {
	e := failure(k.op, ErrUnavailable, "")
	e.cause, e.refused = err, !got.sent
	quoted := scrub.Text(err.Error(), k.secret.Reveal())
	host := k.url.Host
	var (
		dns    *net.DNSError
		op     *net.OpError
		verify *tls.CertificateVerificationError
		record tls.RecordHeaderError
		alert  tls.AlertError
	)
	switch {
	case errors.Is(err, errProxy):
		e.Reason = fmt.Sprintf("no connection to %s: the proxy that is set for it is not a URL", host)
		e.Fix = "correct HTTPS_PROXY (for http:// addresses HTTP_PROXY), for example to http://proxy.example.com:3128, or unset it"
	case isUntrusted(err):
		e.Reason = fmt.Sprintf("no TLS connection to %s (%s)", host, quoted)
		e.Fix = "install this machine's CA certificates (the package ca-certificates), or set SSL_CERT_FILE to a file of them; if a proxy intercepts TLS, add its certificate"
	case errors.As(err, &verify), errors.As(err, &record), errors.As(err, &alert):
		e.Reason = fmt.Sprintf("no TLS connection to %s (%s)", host, quoted)
		e.Fix = "check the clock; if a proxy intercepts TLS, check that its certificate is trusted (SSL_CERT_FILE)"
	case c.invalidProxy != "" && k.url.Scheme == "https" && (errors.As(err, &dns) || errors.As(err, &op)):
		// The cause may quote a part of the variable, and names a host that is not Fly's.
		e.Reason = fmt.Sprintf("no connection to %s, and %s is not the address of a proxy", host, c.invalidProxy)
		e.Fix = fmt.Sprintf("correct %s, for example to http://proxy.example.com:3128, or unset it", c.invalidProxy)
	case errors.As(err, &op) && op.Op == "proxyconnect":
		e.Reason = fmt.Sprintf("no connection to the proxy for %s (%s)", host, quoted)
		e.Fix = "check HTTPS_PROXY, and that the proxy can be reached"
	case errors.As(err, &dns):
		e.Reason = fmt.Sprintf("the name of %s does not resolve (%s)", host, quoted)
	case errors.As(err, &op) && op.Op == "dial":
		e.Reason = fmt.Sprintf("no connection to %s (%s)", host, quoted)
	case errors.Is(err, errTooLarge):
		e.Reason = fmt.Sprintf("%s sent more than %d bytes, which is not an answer of Fly's API", host, maxBody)
	case isLost(err):
		e.Reason = fmt.Sprintf("%s closed the connection without an answer", host)
	default:
		e.Reason = fmt.Sprintf("no answer from %s (%s)", host, quoted)
	}
	return e
}

// errProxy is the cause if the proxy of a request cannot be determined. The
// original error quotes the proxy's address, which may contain a password.
var errProxy = errors.New("the proxy's address is invalid")

// checked replaces the errors of choose with [errProxy].
func checked(choose func(*http.Request) (*url.URL, error)) func(*http.Request) (*url.URL, error) {
	if choose == nil {
		return nil
	}
	return func(r *http.Request) (*url.URL, error) {
		proxy, err := choose(r)
		if err != nil {
			return nil, errProxy
		}
		return proxy, nil
	}
}

// isUntrusted reports whether no CA certificate of the system signed the
// server's. A container built from scratch has none.
func isUntrusted(err error) bool {
	var (
		authority x509.UnknownAuthorityError
		roots     x509.SystemRootsError
	)
	return errors.As(err, &authority) || errors.As(err, &roots)
}

// noAnswer is the error for an answer that did not come from Fly's API.
func noAnswer(k call, r *reply, what string) *Error {
	return failure(k.op, ErrUnavailable, fmt.Sprintf("%s answered HTTP %d with %s, which is not Fly's API", k.url.Host, r.status, what))
}

// answer is the error for an answer of a known kind, whose message is said.
func (k call) answer(kind Kind, r *reply, said string) *Error {
	e := answered(k.op, kind, r.status, scrub.Text(said, k.secret.Reveal()))
	if kind == ErrUnavailable {
		// The server answered, so the network is not the cause.
		e.Fix = "try again later"
	}
	return e
}

// checkStatus turns an HTTP status into an error. It returns nil for 200 and
// 201 with JSON. The call defines the kind of a 404. "" means that a 404 cannot
// come from the API.
func checkStatus(k call, r *reply, notFound Kind) *Error {
	switch {
	case r.status >= 300 && r.status < 400:
		return redirected(k, r)
	case r.status >= 500:
		return k.answer(ErrUnavailable, r, said(r))
	case r.status == http.StatusTooManyRequests:
		return rateLimited(k, r)
	case r.isHTML():
		e := noAnswer(k, r, "a web page")
		e.Fix = "sign in to the network if it has a captive portal, and check HTTPS_PROXY"
		return e
	case r.status == http.StatusUnauthorized:
		return k.answer(ErrUnauthenticated, r, said(r))
	case r.status == http.StatusForbidden:
		return k.answer(ErrNotPermitted, r, said(r))
	case !r.isJSON():
		return noAnswer(k, r, "something that is not JSON")
	case r.status == http.StatusOK, r.status == http.StatusCreated:
		return nil
	case r.status == http.StatusNotFound && notFound != "":
		return k.answer(notFound, r, said(r))
	case r.status == http.StatusNotFound:
		return noAnswer(k, r, "an error")
	default:
		return k.answer(ErrInvalid, r, said(r))
	}
}

func redirected(k call, r *reply) *Error {
	e := noAnswer(k, r, "a redirect")
	if to, err := url.Parse(r.header.Get("Location")); err == nil && to.Host != "" {
		e.Reason = fmt.Sprintf("%s redirects to %s (HTTP %d), and the provider sends no token to a redirect's target",
			k.url.Host, scrub.Text(to.Host, k.secret.Reveal()), r.status)
	}
	return e
}

func rateLimited(k call, r *reply) *Error {
	e := k.answer(ErrRateLimited, r, said(r))
	if after := r.header.Get("Retry-After"); after != "" {
		e.Reason += ", Retry-After: " + scrub.Text(after, k.secret.Reveal())
	}
	return e
}

// paused is the error of a call that was not sent, because the server did not
// answer an earlier one.
func paused(k call) error {
	e := failure(k.op, ErrUnavailable, fmt.Sprintf("%s gave no answer to an earlier call, and is not asked again for %s", k.url.Host, breakerPause))
	e.refused = true
	return e
}
