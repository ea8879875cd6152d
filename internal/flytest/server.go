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

// Operation is something that Fly's APIs do.
type Operation string

// The operations that a [Server] knows, counts and spoils.
const (
	// OpAny is every operation.
	OpAny Operation = ""
	// OpMint is createLimitedAccessToken.
	OpMint Operation = "mint"
	// OpLookupApp is app(name:), without its tokens.
	OpLookupApp Operation = "look up app"
	// OpLookupOrganization is organization(slug:), without its tokens.
	OpLookupOrganization Operation = "look up organization"
	// OpList is either of them with limitedAccessTokens.
	OpList Operation = "list"
	// OpLookupToken is node(id:).
	OpLookupToken Operation = "look up token"
	// OpListOrganizations is organizations, and OpListApps is organization(slug:)
	// with apps.
	OpListOrganizations Operation = "list organizations"
	OpListApps          Operation = "list apps"
	// OpRevoke is deleteLimitedAccessToken.
	OpRevoke Operation = "revoke"
	// OpShow is GET /v1/apps/{app} of the Machines API.
	OpShow Operation = "show"
)

// maxRequest bounds what is read of a request, in bytes.
const maxRequest = 4 << 20

// Server is a loopback Fly. Its methods are safe for concurrent use.
type Server struct {
	t       testing.TB
	http    *httptest.Server
	closing chan struct{}

	mu       sync.Mutex
	world    World
	faults   map[Operation][]*Fault
	counts   map[Operation]int
	inFlight int
	most     int
	issued   []*issued
	// blocked holds the OAuth tokens that were revoked.
	blocked map[string]bool
}

// New starts a server for world, and stops it when the test ends. Requests that
// hang are let go then.
func New(t testing.TB, world World) *Server {
	t.Helper()
	s := &Server{
		t:       t,
		closing: make(chan struct{}),
		world:   world.complete(t),
		faults:  make(map[Operation][]*Fault),
		counts:  make(map[Operation]int),
		blocked: make(map[string]bool),
	}
	s.http = httptest.NewUnstartedServer(s)
	// A client that does not trust the certificate is none of the log's business.
	s.http.Config.ErrorLog = quiet()
	s.http.Config.ConnContext = func(ctx context.Context, c net.Conn) context.Context {
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

// connection is the key of the context value that is a request's connection.
type connection struct{}

// Certificate is what a client has to trust where the world has TLS.
func (s *Server) Certificate() *x509.Certificate { return s.http.Certificate() }

// URL returns the base URL of both APIs.
func (s *Server) URL() string { return s.http.URL }

// Count returns how many requests for op came, spoilt ones and retries included.
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

// MaxInFlight returns the largest number of requests that were being worked on
// at once, from their being read to their answer's being begun.
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
	s.most = s.inFlight
}

// Inject spoils the answers to op. Faults of one operation are used up in the
// order in which they were injected, those of [OpAny] after them.
func (s *Server) Inject(op Operation, faults ...Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range faults {
		s.faults[op] = append(s.faults[op], &f)
	}
}

// take returns the fault that op meets now.
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

// answer is what is to be written.
type answer struct {
	status int
	body   any
}

// request is one that was understood: an operation, and how to answer it.
type request struct {
	op   Operation
	work func() answer
}

// ServeHTTP answers one request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	// The body is read whole: net/http notices that a client left only then.
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
	// What hangs is in flight until the client has left. Any other request is
	// done before its answer is begun, or else the client's next one might be
	// counted beside it.
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
	if fault && spoilt.Alter != nil {
		spoilt.Alter(object(honest.body))
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(honest.status)
	_ = json.NewEncoder(w).Encode(honest.body) // the client may have left
}

// wait lets a delay pass, unless the client leaves or the test ends.
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
	s.inFlight++
	s.most = max(s.most, s.inFlight)
}

func (s *Server) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.inFlight--
}

// understand finds the operation of a request. What it does not know fails the
// test.
func (s *Server) understand(r *http.Request, body []byte) (request, bool) {
	if r.UserAgent() == "" || strings.HasPrefix(r.UserAgent(), "Go-http-client") {
		s.t.Errorf("flytest: %s %s came without a User-Agent of its own", r.Method, r.URL.Path)
	}
	app, ok := strings.CutPrefix(r.URL.Path, "/v1/apps/")
	switch {
	case r.Method == http.MethodPost && r.URL.Path == "/graphql":
		return s.understandGraphQL(r, body)
	case r.Method == http.MethodGet && ok && app != "" && !strings.Contains(app, "/"):
		return request{op: OpShow, work: func() answer { return s.show(r.Header.Get("Authorization"), app) }}, true
	default:
		s.t.Errorf("flytest: unexpected request %s %s", r.Method, r.URL.Path)
		return request{}, false
	}
}
