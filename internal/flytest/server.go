package flytest

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
)

// maxRequest bounds the read part of a request, in bytes.
const maxRequest = 4 << 20

// Server is a loopback Fly. Its methods are safe for concurrent use.
type Server struct {
	t       testing.TB
	http    *httptest.Server
	closing chan struct{}

	mu     sync.Mutex
	world  World
	faults map[Operation][]*Fault
	counts map[Operation]int
	// requested has a channel for each operation that a test waits for.
	requested map[Operation]chan struct{}
	// connections counts the accepted ones.
	connections int
	inFlight    int
	most        int
	issued      []*issued
	// blocked holds the OAuth tokens that were revoked.
	blocked map[string]bool
}

// New starts a server for world, and stops it when the test ends. Hanging
// requests end then.
func New(t testing.TB, world World) *Server {
	t.Helper()
	s := &Server{
		t:         t,
		closing:   make(chan struct{}),
		world:     world.complete(t),
		faults:    make(map[Operation][]*Fault),
		counts:    make(map[Operation]int),
		requested: make(map[Operation]chan struct{}),
		blocked:   make(map[string]bool),
	}
	s.http = httptest.NewUnstartedServer(s)
	// A client that does not trust the certificate is not worth a log line.
	s.http.Config.ErrorLog = quiet()
	s.http.Config.ConnContext = func(ctx context.Context, c net.Conn) context.Context {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.connections++
		return context.WithValue(ctx, connection{}, c)
	}
	if world.TLS {
		s.http.EnableHTTP2 = true
		s.http.StartTLS()
	} else {
		s.http.Start()
	}
	t.Cleanup(func() {
		close(s.closing)
		s.http.Close()
	})
	return s
}

// connection is the key of the context value with a request's connection.
type connection struct{}

// Certificate is the certificate that a client must trust if the world has TLS.
func (s *Server) Certificate() *x509.Certificate { return s.http.Certificate() }

// URL returns the base URL of both APIs.
func (s *Server) URL() string { return s.http.URL }

// Count returns the number of requests for op, including retries and those with
// a fault.
func (s *Server) Count(op Operation) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	if op != OpAny {
		return s.counts[op]
	}
	total := 0
	for _, n := range s.counts {
		total += n
	}
	return total
}

// Connections returns the number of connections that clients made.
func (s *Server) Connections() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.connections
}

// Requested returns a channel that is closed when a request for op has come in
// since the last [Server.Reset].
func (s *Server) Requested(op Operation) <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.requested[op] == nil {
		s.requested[op] = make(chan struct{})
		if s.counts[op] > 0 {
			close(s.requested[op])
		}
	}
	return s.requested[op]
}

// MaxInFlight returns the largest number of concurrent requests. A request
// counts from its reading to the beginning of its answer.
func (s *Server) MaxInFlight() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.most
}

// Reset forgets the counts and the faults, and keeps the tokens.
func (s *Server) Reset() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.counts)
	clear(s.faults)
	clear(s.requested)
	s.most = s.inFlight
}

// Inject adds faults to the answers to op. Faults of one operation are used in
// the order of their injection, those of [OpAny] after them.
func (s *Server) Inject(op Operation, faults ...Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range faults {
		s.faults[op] = append(s.faults[op], &f)
	}
}

// take returns the fault for the next request of op.
func (s *Server) take(op Operation) (Fault, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, queue := range []Operation{op, OpAny} {
		if len(s.faults[queue]) == 0 {
			continue
		}
		f := *s.faults[queue][0]
		switch {
		case f.Times == 1:
			s.faults[queue] = s.faults[queue][1:]
		case f.Times > 1:
			s.faults[queue][0].Times--
		}
		return f, true
	}
	return Fault{}, false
}

// answer is the answer to write.
type answer struct {
	status int
	body   any
}

// request is a parsed request: its operation and the function that answers it.
type request struct {
	op   Operation
	work func() answer
}

// ServeHTTP answers one request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	// The body is read completely, because only then does net/http notice that
	// a client left.
	body, err := io.ReadAll(io.LimitReader(r.Body, maxRequest))
	if err != nil {
		return // the client left
	}
	req, ok := s.understand(r, body)
	if !ok {
		http.Error(w, `{"error":"flytest does not know this request"}`, http.StatusTeapot)
		return
	}
	s.begin(req.op)
	spoilt, fault := s.take(req.op)
	if fault {
		s.wait(r, spoilt.Delay)
	}
	var honest answer
	if !fault || spoilt.Answer || spoilt.Done {
		honest = req.work()
	}
	// A hanging request is in flight until the client has left. Any other
	// request ends before its answer begins. Otherwise the client's next
	// request might count as concurrent.
	if fault && spoilt.Hang {
		defer s.end()
		spoilt.play(w, r, s.closing)
		return
	}
	s.end()
	if fault && !spoilt.Answer {
		spoilt.play(w, r, s.closing)
		return
	}
	if fault && spoilt.alter != nil {
		spoilt.alter(object(honest.body))
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(honest.status)
	_ = json.NewEncoder(w).Encode(honest.body) // the client may have left
}

// wait waits for a delay, unless the client leaves or the test ends.
func (s *Server) wait(r *http.Request, delay time.Duration) {
	if delay <= 0 {
		return
	}
	timer := time.NewTimer(delay)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-r.Context().Done():
	case <-s.closing:
	}
}

func (s *Server) begin(op Operation) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.counts[op]++
	if arrived := s.requested[op]; arrived != nil && s.counts[op] == 1 {
		close(arrived)
	}
	s.inFlight++
	s.most = max(s.most, s.inFlight)
}

func (s *Server) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.inFlight--
}

// understand finds the operation of a request. An unknown request fails the
// test.
func (s *Server) understand(r *http.Request, body []byte) (request, bool) {
	if r.UserAgent() == "" || strings.HasPrefix(r.UserAgent(), "Go-http-client") {
		s.t.Errorf("flytest: %s %s came without the provider's User-Agent", r.Method, r.URL.Path)
	}
	app, ok := strings.CutPrefix(r.URL.Path, "/v1/apps/")
	switch {
	case r.Method == http.MethodPost && r.URL.Path == "/graphql":
		return s.understandGraphQL(r, body)
	case r.Method == http.MethodGet && ok && app != "" && !strings.Contains(app, "/"):
		return request{op: OpShow, work: func() answer { return s.show(r.Header.Get("Authorization"), app) }}, true
	case r.Method == http.MethodPost && ok:
		return s.understandMachines(r, body)
	default:
		s.t.Errorf("flytest: unexpected request %s %s", r.Method, r.URL.Path)
		return request{}, false
	}
}
