package flytest

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
)

// Attempt is something that a test does with a token, as its user would.
type Attempt struct {
	method, path string
	body         any
}

// ReadApp reads an app over the Machines API.
func ReadApp(app string) Attempt { return Attempt{http.MethodGet, "/v1/apps/" + app, nil} }

// CreateMachine creates a machine, as a deployment does.
func CreateMachine(app string) Attempt {
	return Attempt{http.MethodPost, "/v1/apps/" + app + "/machines", map[string]any{}}
}

// Exec executes a command on a machine of an app.
func Exec(app string, command ...string) Attempt {
	return Attempt{http.MethodPost, "/v1/apps/" + app + "/machines/machine/exec", map[string]any{"command": command}}
}

// IssueCertificate asks for the certificate that opens a console.
func IssueCertificate(app string) Attempt {
	return mutation(`mutation($input: IssueCertificateInput!) { issueCertificate(input: $input) { certificate } }`,
		map[string]any{"appNames": []string{app}})
}

// AddPeer adds a WireGuard peer to an organization.
func AddPeer(o Organization) Attempt {
	return mutation(`mutation($input: AddWireGuardPeerInput!) { addWireGuardPeer(input: $input) { peerip } }`,
		map[string]any{"organizationId": o.node()})
}

func mutation(query string, input map[string]any) Attempt {
	return Attempt{http.MethodPost, "/graphql", map[string]any{"query": query, "variables": map[string]any{"input": input}}}
}

// Allows reports whether the server lets the holder of an Authorization header do
// that.
func (s *Server) Allows(header string, a Attempt) bool {
	s.t.Helper()
	body, err := json.Marshal(a.body)
	if err != nil {
		s.t.Fatalf("flytest: %v", err)
	}
	r, err := http.NewRequestWithContext(s.t.Context(), a.method, s.URL()+a.path, bytes.NewReader(body))
	if err != nil {
		s.t.Fatalf("flytest: %v", err)
	}
	r.Header.Set("Authorization", header)
	r.Header.Set("User-Agent", "flytest")
	resp, err := s.http.Client().Do(r)
	if err != nil {
		s.t.Fatalf("flytest: %v", err)
	}
	defer func() { _ = resp.Body.Close() }()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		s.t.Fatalf("flytest: %v", err)
	}
	var refused struct {
		Errors []any `json:"errors"`
	}
	if resp.StatusCode == http.StatusOK {
		if err := json.Unmarshal(answer, &refused); err != nil {
			s.t.Fatalf("flytest: %v", err)
		}
	}
	return resp.StatusCode == http.StatusOK && len(refused.Errors) == 0
}
