package flytest

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	"github.com/flytokens/terraform-provider-fly/internal/macaroon"
)

// mayDo reports whether who may do a, which names the organization o.
func (s *Server) mayDo(who principal, o Organization, a macaroon.Access) bool {
	a.OrgID = &o.NumericID
	return who.user != nil && who.user.memberOf(o.Slug) ||
		slices.ContainsFunc(who.grants, func(g macaroon.Grant) bool { return g.Permits(a) == nil })
}

// understandMachines finds the operation of a POST to the Machines API: it creates
// a machine, or executes a command on one.
func (s *Server) understandMachines(r *http.Request, body []byte) (request, bool) {
	parts := strings.Split(strings.TrimPrefix(r.URL.Path, "/v1/apps/"), "/")
	header := r.Header.Get("Authorization")
	switch {
	case len(parts) == 2 && parts[1] == "machines":
		return request{op: OpCreateMachine, work: func() answer {
			return s.change(header, parts[0], macaroon.Access{Action: macaroon.ActionCreate})
		}}, true
	case len(parts) == 4 && parts[1] == "machines" && parts[3] == "exec":
		var input struct {
			Command []string `json:"command"`
		}
		if err := json.Unmarshal(body, &input); err != nil || len(input.Command) == 0 {
			s.t.Errorf("flytest: an exec without a command: %v", err)
			return request{}, false
		}
		return request{op: OpExec, work: func() answer {
			return s.change(header, parts[0], macaroon.Access{
				Action: macaroon.ActionWrite, Machine: &parts[2], Command: input.Command,
			})
		}}, true
	default:
		s.t.Errorf("flytest: unexpected request %s %s", r.Method, r.URL.Path)
		return request{}, false
	}
}

// change answers a request to change an app.
func (s *Server) change(header, name string, a macaroon.Access) answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	who, ok := s.authenticate(header)
	if !ok {
		return failure(http.StatusUnauthorized, "Authenticate: token validation error")
	}
	app, ok := s.world.app(name)
	if !ok {
		return failure(http.StatusNotFound, "app not found")
	}
	organization, _ := s.world.organization(app.Organization)
	a.AppID = &app.NumericID
	if !s.mayDo(who, organization, a) {
		return failure(http.StatusForbidden, "unauthorized")
	}
	return answer{http.StatusOK, map[string]any{"id": "machine", "exit_code": 0}}
}

// issueCertificate is the mutation of that name, for the apps that it names.
func (s *Server) issueCertificate(who principal, root field, variables map[string]any) (map[string]any, *refusal) {
	input := object(root.argument("input", variables))
	names, _ := input["appNames"].([]any)
	for _, name := range names {
		text, _ := name.(string)
		app, ok := s.world.app(text)
		organization, _ := s.world.organization(app.Organization)
		if !ok || !s.mayDo(who, organization, macaroon.Access{
			Action: macaroon.ActionWrite, AppID: &app.NumericID, Mutation: &root.name,
		}) {
			return nil, &notPermitted
		}
	}
	if len(names) == 0 {
		return nil, &badInput
	}
	return map[string]any{"certificate": "a certificate"}, nil
}

// addPeer is addWireGuardPeer, in the organization that it names.
func (s *Server) addPeer(who principal, root field, variables map[string]any) (map[string]any, *refusal) {
	node, _ := object(root.argument("input", variables))["organizationId"].(string)
	organization, ok := s.world.organizationByNode(node)
	if !ok {
		return nil, &noOrganization
	}
	feature := "wg"
	if !s.mayDo(who, organization, macaroon.Access{
		Action: macaroon.ActionCreate, Feature: &feature, Mutation: &root.name,
	}) {
		return nil, &notPermitted
	}
	return map[string]any{"peerip": "fdaa::2"}, nil
}
