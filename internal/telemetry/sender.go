package telemetry

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

const (
	// defaultTimeout is OpenTelemetry's bound on one export, in milliseconds.
	defaultTimeout   = 10_000
	handshakeTimeout = 10 * time.Second
	// idleTimeout is how long an unused connection to the collector stays open.
	idleTimeout = 30 * time.Second
)

// newSender returns the exporter that OTEL_EXPORTER_OTLP_* describes.
// OpenTelemetry also reads these variables, but it drops an address's query and
// user name, and a certificate that it cannot read. Everything is therefore set
// explicitly.
func newSender(ctx context.Context, o Options) (sdktrace.SpanExporter, error) {
	address, err := collectorAddress(o.Getenv)
	if err != nil {
		return nil, err
	}
	headers, err := collectorHeaders(o.Getenv)
	if err != nil {
		o.Warn("the collector is not sent all headers", err)
	}
	config, err := collectorTLS(o.Getenv)
	if err != nil {
		return nil, err
	}
	named := *address
	named.User, named.RawQuery = nil, ""
	options := []otlptracehttp.Option{
		otlptracehttp.WithEndpointURL(named.String()),
		otlptracehttp.WithHeaders(headers),
		otlptracehttp.WithCompression(o.compression()),
		otlptracehttp.WithHTTPClient(&http.Client{
			Transport: &collectorTransport{address: address, base: &http.Transport{
				Proxy:               http.ProxyFromEnvironment,
				TLSClientConfig:     config,
				ForceAttemptHTTP2:   true,
				TLSHandshakeTimeout: handshakeTimeout,
				IdleConnTimeout:     idleTimeout,
			}},
			Timeout: o.exportTimeout(),
		}),
		otlptracehttp.WithTLSClientConfig(nil), // the HTTP client has a separate one
		// A retry takes longer than a run may wait.
		otlptracehttp.WithRetry(otlptracehttp.RetryConfig{}),
	}
	return otlptracehttp.New(ctx, options...)
}

// collectorAddress returns the address for exports. The error does not quote
// it: it may contain a password.
func collectorAddress(getenv func(string) string) (*url.URL, error) {
	name, text := ofTraces(getenv, "ENDPOINT")
	if text == "" {
		name, text = "", defaultEndpoint
	}
	address, err := url.Parse(text)
	if err != nil || address.Host == "" || address.Scheme != "http" && address.Scheme != "https" {
		return nil, fmt.Errorf("%s is not the address of a collector: set it to an address such as http://127.0.0.1:4318", name)
	}
	if address.Path == "" {
		address.Path = "/"
	}
	if name == generalPrefix+"ENDPOINT" {
		address = address.JoinPath("v1", "traces")
	}
	address.Fragment = ""
	return address, nil
}

// collectorHeaders returns the headers of each export. An error means that some
// of them cannot be sent. The others are returned with it.
func collectorHeaders(getenv func(string) string) (map[string]string, error) {
	name, text := ofTraces(getenv, "HEADERS")
	headers := map[string]string{}
	if text == "" {
		return headers, nil
	}
	var malformed error
	for header := range strings.SplitSeq(text, ",") {
		key, value, ok := strings.Cut(header, "=")
		key = strings.TrimSpace(key)
		value, err := url.PathUnescape(strings.TrimSpace(value))
		if !ok || err != nil || key == "" || strings.ContainsAny(key, " :\t") {
			malformed = fmt.Errorf("%s is not a list of name=value pairs: separate them with commas, and percent-encode the values", name)
			continue
		}
		headers[key] = value
	}
	return headers, malformed
}

func collectorTLS(getenv func(string) string) (*tls.Config, error) {
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	name, file := ofTraces(getenv, "CERTIFICATE")
	if file != "" {
		pem, err := os.ReadFile(file)
		if err != nil {
			return nil, fmt.Errorf("cannot read the certificate in %s: %w", name, err)
		}
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("the file in %s holds no PEM certificate: %s", name, file)
		}
	}
	certName, cert := ofTraces(getenv, "CLIENT_CERTIFICATE")
	keyName, key := ofTraces(getenv, "CLIENT_KEY")
	switch {
	case cert == "" && key == "":
	case cert == "" || key == "":
		return nil, fmt.Errorf("%s and %s belong together: set both or neither", certName, keyName)
	default:
		pair, err := tls.LoadX509KeyPair(cert, key)
		if err != nil {
			return nil, fmt.Errorf("cannot read the client certificate in %s and %s: %w", certName, keyName, err)
		}
		config.Certificates = []tls.Certificate{pair}
	}
	return config, nil
}

func (o Options) compression() otlptracehttp.Compression {
	switch name, text := ofTraces(o.Getenv, "COMPRESSION"); strings.ToLower(text) {
	case "", "none":
		return otlptracehttp.NoCompression
	case "gzip":
		return otlptracehttp.GzipCompression
	default:
		o.Warn("the traces are not compressed", fmt.Errorf("%s is %.40q: set it to gzip or none", name, text))
		return otlptracehttp.NoCompression
	}
}

func (o Options) exportTimeout() time.Duration {
	name, _ := ofTraces(o.Getenv, "TIMEOUT")
	return time.Duration(o.number(name, defaultTimeout, maxDelay)) * time.Millisecond
}

// errRedirected is the error of an export that a collector redirects. The headers
// authenticate to the collector, so they must not follow.
var errRedirected = errors.New("the collector redirects to a different address, and the provider follows no redirects: " +
	"set OTEL_EXPORTER_OTLP_ENDPOINT to the collector's own address")

// collectorTransport posts each export to the address as the user wrote it. It
// keeps the query, and sends the user name as Basic authentication.
type collectorTransport struct {
	base    http.RoundTripper
	address *url.URL
}

// RoundTrip posts an export.
func (t *collectorTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	address := *t.address
	address.User = nil
	r.URL = &address
	if user := t.address.User; user != nil && r.Header.Get("Authorization") == "" {
		password, _ := user.Password()
		r.SetBasicAuth(user.Username(), password)
	}
	resp, err := t.base.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode >= 300 && resp.StatusCode < 400 {
		_ = resp.Body.Close()
		return nil, errRedirected
	}
	return resp, nil
}
