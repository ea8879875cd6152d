package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
)

// answering is a collector that accepts everything.
type answering struct {
	url      string
	requests atomic.Int64
	close    func()
}

func newAnswering() *answering {
	a := &answering{}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, err := io.Copy(io.Discard, r.Body); err == nil {
			a.requests.Add(1)
		}
		w.Header().Set("Content-Type", "application/x-protobuf")
	}))
	a.url, a.close = s.URL, s.Close
	return a
}

// hanging is a collector that accepts connections and never answers.
type hanging struct {
	url         string
	connections atomic.Int64
	listener    net.Listener
	mu          sync.Mutex
	open        []net.Conn
}

func newHanging(ctx context.Context) (*hanging, error) {
	l, err := listen(ctx)
	if err != nil {
		return nil, err
	}
	h := &hanging{url: "http://" + l.Addr().String(), listener: l}
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return // closed
			}
			h.connections.Add(1)
			h.mu.Lock()
			h.open = append(h.open, c)
			h.mu.Unlock()
		}
	}()
	return h, nil
}

// close closes everything.
func (h *hanging) close() {
	_ = h.listener.Close()
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, c := range h.open {
		_ = c.Close()
	}
}

// closedPort returns an address without a collector.
func closedPort(ctx context.Context) (string, error) {
	l, err := listen(ctx)
	if err != nil {
		return "", err
	}
	return "http://" + l.Addr().String(), l.Close()
}

func listen(ctx context.Context) (net.Listener, error) {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listen on loopback: %w", err)
	}
	return l, nil
}
