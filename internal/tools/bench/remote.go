package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"time"

	"github.com/flytokens/terraform-provider-fly/internal/flytest/fakefly"
	"github.com/flytokens/terraform-provider-fly/internal/flytest/vaulttest"
)

// latency is the time of a round trip to a server on another machine.
const latency = 5 * time.Millisecond

// nameDisk is the side whose storage is a folder.
const nameDisk = "on disk"

// remote plans over tokens that Vault stores, one for each app, beside the same plan
// over tokens on disk. A proxy delays what Vault answers.
func (b *bench) remote(ctx context.Context) (rows []row, err error) {
	p, err := b.project("remote", "flytokens/fly", b.programs.ours.dir(), oursConfig(b.apps, b.apps, "", "  access = \"deploy\"\n"))
	if err != nil {
		return nil, err
	}
	f, err := b.newFake(fakefly.Behaviour{Online: true})
	if err != nil {
		return nil, err
	}
	tb := &outsideTests{ctx: ctx, log: b.log, dir: b.scratch}
	defer func() { err = errors.Join(err, tb.end()) }()
	vault := vaulttest.Start(tb, vaulttest.Config{TLS: true})
	address, err := delayed(ctx, tb, strings.TrimPrefix(vault.Address, "https://"))
	if err != nil {
		return nil, err
	}
	far := []string{"FLY_TOKEN_STORAGE=vault://secret/fly-tokens", "VAULT_ADDR=https://" + address, "VAULT_CACERT=" + vault.CA, "VAULT_TOKEN=" + vault.RootToken}
	for _, storage := range [][]string{nil, far} {
		if _, err := p.plan(ctx, append(append(f.env(), b.fly.env()...), storage...)...); err != nil {
			return nil, fmt.Errorf("fill the storage: %w", err)
		}
	}
	s := stored{fake: f, fly: b.fly, calls: 2 * b.apps, plans: p}
	took, err := b.race(ctx, b.runs,
		contestant{"remote, Vault", func(ctx context.Context) (sample, error) { return s.plan(ctx, p, b.apps, far...) }},
		contestant{"remote, disk", func(ctx context.Context) (sample, error) { return s.plan(ctx, p, b.apps) }},
	)
	if err != nil {
		return nil, err
	}
	return []row{{
		ID: "remote", What: fmt.Sprintf("plan of %s over as many apps, tokens stored in Vault, %d ms away", many(b.apps, "data source"), latency.Milliseconds()),
		Unit: unitTime, Limit: limit{More: 300}, Ours: timed(nameOurs, took[0]).calling(0), Rival: timed(nameDisk, took[1]),
	}}, s.remove()
}

// delayed returns the address of a proxy of a server. It delays the connection and each
// answer by the latency. tb ends it.
func delayed(ctx context.Context, tb *outsideTests, to string) (string, error) {
	l, err := listen(ctx)
	if err != nil {
		return "", err
	}
	ctx, cancel := context.WithCancel(ctx)
	var open sync.WaitGroup
	tb.Cleanup(func() { cancel(); _ = l.Close(); open.Wait() })
	open.Go(func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return // closed
			}
			open.Go(func() { forward(ctx, client, to) })
		}
	})
	return l.Addr().String(), nil
}

// forward serves one connection until one side or ctx ends it.
func forward(ctx context.Context, client net.Conn, to string) {
	defer func() { _ = client.Close() }()
	time.Sleep(latency)
	server, err := (&net.Dialer{}).DialContext(ctx, "tcp", to)
	if err != nil {
		return // the client sees the end
	}
	defer context.AfterFunc(ctx, func() { _ = server.Close() })()
	go func() {
		_, _ = io.Copy(server, client)
		_ = server.Close()
	}()
	type chunk struct {
		data []byte
		due  time.Time
	}
	chunks := make(chan chunk, 1024)
	go func() {
		defer close(chunks)
		for {
			data := make([]byte, 16<<10)
			n, err := server.Read(data)
			chunks <- chunk{data[:n], time.Now().Add(latency)}
			if err != nil {
				return
			}
		}
	}()
	for c := range chunks {
		time.Sleep(time.Until(c.due))
		_, _ = client.Write(c.data) // the client may have left
	}
}
