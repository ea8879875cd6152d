package main

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"math/big"
	"os"
	"os/exec"
	"strings"
	"time"
)

// cookie is the variable that every plugin of these engines requires. Without
// it, a plugin assumes that a person started it (hashicorp/terraform-plugin-go,
// tfprotov6/tf6server).
const cookie = "TF_PLUGIN_MAGIC_COOKIE=d602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2"

// start measures the time from a provider's start to its handshake, next to the
// cheapest provider's.
func (b *bench) start(ctx context.Context) (rows []row, err error) {
	certificate, err := clientCertificate(time.Now())
	if err != nil {
		return nil, fmt.Errorf("make a certificate: %w", err)
	}
	// A killed provider leaves its socket, so sockets have a separate folder.
	// Their paths must be short.
	sockets, err := os.MkdirTemp("", "fly-bench-")
	if err != nil {
		return nil, fmt.Errorf("make a folder for sockets: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(sockets)) }()
	env := append(clean(os.Environ(), sockets),
		cookie, "PLUGIN_MIN_PORT=10000", "PLUGIN_MAX_PORT=25000", "PLUGIN_PROTOCOL_VERSIONS=5,6",
		"PLUGIN_CLIENT_CERT="+certificate, "TMPDIR="+sockets, "TMP="+sockets, "TEMP="+sockets)
	quiet := &bench{options: b.options, log: io.Discard}
	took, err := quiet.race(ctx, b.starts,
		contestant{"start, fly", func(ctx context.Context) (sample, error) { return handshake(ctx, b.programs.ours.path, env) }},
		contestant{"start, cheapest", func(ctx context.Context) (sample, error) { return handshake(ctx, b.programs.cheapest.path, env) }},
	)
	if err != nil {
		return nil, err
	}
	return []row{{
		ID: "start", What: "start of the provider to its handshake", Unit: unitTime, Limit: limit{Ratio: 1.15},
		Ours: timed(nameOurs, took[0]), Rival: timed(nameCheapest, took[1]),
	}}, nil
}

// handshake starts a provider as an engine does, and ends it when it has
// reported its address.
func handshake(ctx context.Context, path string, env []string) (sample, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, path)
	cmd.Env = env
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return sample{}, err
	}
	began := time.Now()
	if err := cmd.Start(); err != nil {
		return sample{}, err
	}
	line, err := bufio.NewReader(stdout).ReadString('\n')
	took := time.Since(began)
	_ = cmd.Process.Kill()
	_ = cmd.Wait() // the error is that it was killed
	if err != nil || !strings.HasPrefix(line, "1|6|") {
		return sample{}, fmt.Errorf("no handshake: %.80q, %w", line, errors.Join(err, ctx.Err()))
	}
	return sample{wall: took, cpu: cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()}, nil
}

// clientCertificate makes the certificate, in PEM, with which an engine
// authenticates to a provider, as hashicorp/go-plugin does.
func clientCertificate(now time.Time) (string, error) {
	key, err := ecdsa.GenerateKey(elliptic.P521(), rand.Reader)
	if err != nil {
		return "", err
	}
	template := &x509.Certificate{
		Subject:               pkix.Name{CommonName: "localhost", Organization: []string{"HashiCorp"}},
		DNSNames:              []string{"localhost"},
		SerialNumber:          big.NewInt(1),
		NotBefore:             now.Add(-time.Minute),
		NotAfter:              now.Add(24 * time.Hour),
		KeyUsage:              x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment | x509.KeyUsageKeyAgreement | x509.KeyUsageCertSign,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth, x509.ExtKeyUsageServerAuth},
		BasicConstraintsValid: true,
		IsCA:                  true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return "", err
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})), nil
}
