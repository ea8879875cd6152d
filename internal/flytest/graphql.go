package flytest

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"time"
)

// operation is a GraphQL request.
type operation struct {
	Query     string         `json:"query"`
	Variables map[string]any `json:"variables"`
}

// graphqlErrors is a GraphQL answer with one error.
func graphqlErrors(code, message string) map[string]any {
	return map[string]any{
		"data":   nil,
		"errors": []any{map[string]any{"message": message, "extensions": map[string]any{"code": code}}},
	}
}

// refusal is an error in a GraphQL answer.
type refusal struct{ code, message string }

var (
	// unauthenticated is Fly's text for a token that it does not accept.
	unauthenticated = refusal{"UNAUTHORIZED", "You must be authenticated to view this."}
	// noApp is Fly's text for an app that is missing, or hidden from the token.
	noApp = refusal{"NOT_FOUND", "Could not find App"}
	// noOrganization is the same for an organization; its text is this server's.
	noOrganization = refusal{"NOT_FOUND", "Could not find Organization"}
	// noToken is the same for a token; its text is this server's.
	noToken = refusal{"NOT_FOUND", "Could not find LimitedAccessToken"}
	// notPermitted is the error for a lack of permission; its text is this
	// server's.
	notPermitted = refusal{"UNAUTHORIZED", "Not authorized to do this with the token at hand"}
	// badInput is for arguments that Fly refuses; its text is this server's.
	badInput = refusal{"INVALID_ARGUMENTS", "The arguments are not valid"}
)

func (r refusal) answer() answer {
	return answer{http.StatusOK, graphqlErrors(r.code, r.message)}
}

// understandGraphQL finds the operation of a document by its first root field.
func (s *Server) understandGraphQL(r *http.Request, body []byte) (request, bool) {
	var o operation
	if err := json.Unmarshal(body, &o); err != nil {
		s.t.Errorf("flytest: a GraphQL request that is not JSON: %v", err)
		return request{}, false
	}
	kind, fields, err := parseQuery(o.Query)
	if err != nil || len(fields) == 0 {
		s.t.Errorf("flytest: a GraphQL document of %d fields: %v", len(fields), err)
		return request{}, false
	}
	resolvers := make([]resolve, len(fields))
	var op Operation
	for i := len(fields) - 1; i >= 0; i-- {
		if op, resolvers[i] = s.resolver(kind, fields[i]); resolvers[i] == nil {
			s.t.Errorf("flytest: unexpected %s of %q", kind, fields[i].name)
			return request{}, false
		}
	}
	header := r.Header.Get("Authorization")
	return request{op: op, work: func() answer {
		s.mu.Lock()
		defer s.mu.Unlock()
		who, ok := s.authenticate(header)
		if !ok {
			return unauthenticated.answer()
		}
		return s.resolved(who, fields, resolvers, o.Variables)
	}}, true
}

// resolved is the answer to a document. A refused field is null beside the others
// where the schema lets it be null. Otherwise the whole data is null.
func (s *Server) resolved(who principal, fields []field, resolvers []resolve, variables map[string]any) answer {
	data, body := make(map[string]any), make(map[string]any)
	for i, root := range fields {
		object, refused := resolvers[i](who, root, variables)
		if refused == nil {
			value, err := project(object, root.fields)
			if err != nil {
				s.t.Errorf("flytest: %s: %v", root.name, err)
				return refusal{"INVALID", err.Error()}.answer()
			}
			data[root.alias] = value
			continue
		}
		if root.name != "app" || len(fields) == 1 {
			return refused.answer()
		}
		data[root.alias] = nil
		body = graphqlErrors(refused.code, refused.message)
	}
	body["data"] = data
	return answer{http.StatusOK, body}
}

// resolve is a root field's answer: the whole object, from which the document
// selects. The server is locked.
type resolve func(who principal, root field, variables map[string]any) (map[string]any, *refusal)

func (s *Server) resolver(kind string, root field) (Operation, resolve) {
	selects := func(name string) bool {
		return slices.ContainsFunc(root.fields, func(f field) bool { return f.name == name })
	}
	lists := selects("limitedAccessTokens")
	switch {
	case kind == "mutation" && root.name == "createLimitedAccessToken":
		return OpMint, s.createToken
	case kind == "mutation" && root.name == "deleteLimitedAccessToken":
		return OpRevoke, s.deleteToken
	case kind == "mutation" && root.name == "issueCertificate":
		return OpCertificate, s.issueCertificate
	case kind == "mutation" && root.name == "addWireGuardPeer":
		return OpAddPeer, s.addPeer
	case kind == "query" && root.name == "app" && lists:
		return OpList, s.queryApp
	case kind == "query" && root.name == "app":
		return OpLookupApp, s.queryApp
	case kind == "query" && root.name == "apps":
		return OpListApps, s.queryApps
	case kind == "query" && root.name == "node":
		return OpLookupToken, s.queryToken
	case kind == "query" && root.name == "organizations":
		return OpListOrganizations, s.queryOrganizations
	case kind == "query" && root.name == "organization" && selects("apps"):
		return OpListApps, s.queryOrganization
	case kind == "query" && root.name == "organization" && lists:
		return OpList, s.queryOrganization
	case kind == "query" && root.name == "organization":
		return OpLookupOrganization, s.queryOrganization
	default:
		return OpAny, nil
	}
}

func (s *Server) queryApp(who principal, root field, variables map[string]any) (map[string]any, *refusal) {
	app, ok := s.world.app(root.text("name", variables))
	if !ok || !s.mayRead(who, app) {
		return nil, &noApp
	}
	node := s.appNode(who, app)
	node["limitedAccessTokens"] = s.connection(who, root, variables, func(i *issued) bool { return i.App == app.Name })
	return node, nil
}

func (s *Server) appNode(who principal, app App) map[string]any {
	organization, _ := s.world.organization(app.Organization)
	return map[string]any{
		"id": app.Name, "internalNumericId": app.NumericID, "name": app.Name,
		"organization": s.organizationNode(who, organization),
		// What flyctl asks for besides.
		"hostname": app.Name + ".fly.dev", "cnameTarget": nil, "deployed": false, "network": nil,
		"status": "pending", "appUrl": nil, "platformVersion": "machines", "role": nil,
	}
}

// queryApps lists the apps that a user sees. Fly refuses app-scoped tokens. It is
// unknown whether it lists apps to other tokens without a user.
func (s *Server) queryApps(who principal, root field, variables map[string]any) (map[string]any, *refusal) {
	if who.user == nil {
		return nil, &notPermitted
	}
	var all []map[string]any
	for _, app := range s.world.Apps {
		if s.mayRead(who, app) {
			all = append(all, s.appNode(who, app))
		}
	}
	return page(root, variables, all), nil
}

func (s *Server) queryOrganization(who principal, root field, variables map[string]any) (map[string]any, *refusal) {
	slug := root.text("slug", variables)
	if slug == "personal" && who.user != nil {
		slug = who.user.Personal
	}
	organization, ok := s.world.organization(slug)
	if !ok || !s.mayReadOrganization(who, organization) {
		return nil, &noOrganization
	}
	node := s.organizationNode(who, organization)
	node["limitedAccessTokens"] = s.connection(who, root, variables, func(i *issued) bool {
		return i.Organization == organization.Slug
	})
	var apps []map[string]any
	for _, app := range s.world.Apps {
		if app.Organization == organization.Slug && s.mayRead(who, app) {
			apps = append(apps, map[string]any{"name": app.Name, "internalNumericId": app.NumericID})
		}
	}
	for _, f := range root.fields {
		if f.name == "apps" {
			node["apps"] = page(f, variables, apps)
		}
	}
	return node, nil
}

// queryOrganizations lists the organizations of who.
func (s *Server) queryOrganizations(who principal, root field, variables map[string]any) (map[string]any, *refusal) {
	var all []map[string]any
	for _, o := range s.world.Organizations {
		if s.mayReadOrganization(who, o) {
			all = append(all, s.organizationNode(who, o))
		}
	}
	return page(root, variables, all), nil
}

// queryToken is node(id:) for a token; null where who may not see it.
func (s *Server) queryToken(who principal, root field, variables map[string]any) (map[string]any, *refusal) {
	for _, i := range s.issued {
		if i.ID == root.text("id", variables) && s.maySee(who, i) {
			return s.node(i), nil
		}
	}
	return nil, nil
}

// organizationNode gives the organization's number as a string, as Fly does with
// a BigInt, and calls the user's own organization "personal".
func (s *Server) organizationNode(who principal, o Organization) map[string]any {
	slug := o.Slug
	if who.user != nil && who.user.Personal == o.Slug {
		slug = "personal"
	}
	return map[string]any{
		"id": o.node(), "internalNumericId": strconv.FormatUint(o.NumericID, 10),
		"slug": slug, "rawSlug": o.Slug, "name": o.Slug,
		"type": "SHARED", "billable": true, "paidPlan": false,
	}
}

// connection is a page of the tokens that match, with null for those that who may
// not see. A cursor is the number of those before it.
func (s *Server) connection(who principal, root field, variables map[string]any, match func(*issued) bool) map[string]any {
	at := slices.IndexFunc(root.fields, func(f field) bool { return f.name == "limitedAccessTokens" })
	if at < 0 {
		return nil
	}
	var all []map[string]any
	for _, i := range s.issued {
		switch {
		case !match(i):
		case s.maySee(who, i):
			all = append(all, s.node(i))
		default:
			all = append(all, nil)
		}
	}
	return page(root.fields[at], variables, all)
}

// page cuts a page out of a list, as the arguments of f say.
func page(f field, variables map[string]any, all []map[string]any) map[string]any {
	from, _ := strconv.Atoi(f.text("after", variables))
	from = min(from, len(all))
	to := len(all)
	if first, ok := f.argument("first", variables).(float64); ok {
		to = min(to, from+int(first))
	}
	return map[string]any{
		"nodes": all[from:to], "totalCount": len(all),
		"pageInfo": map[string]any{"hasNextPage": to < len(all), "endCursor": strconv.Itoa(to)},
	}
}

// node is a token as a list shows it.
func (s *Server) node(i *issued) map[string]any {
	root := i.permission.ID()
	if s.world.ListMacaroons {
		root = i.permission.Reveal()
	}
	revoked := any(nil)
	if !i.RevokedAt.IsZero() {
		revoked = i.RevokedAt.UTC().Format(time.RFC3339)
	}
	return map[string]any{
		"id": i.ID, "name": i.Name, "profile": i.Profile, "revokedAt": revoked,
		"createdAt": i.CreatedAt.UTC().Format(time.RFC3339), "expiresAt": i.ExpiresAt.UTC().Format(time.RFC3339),
		"token": root, "tokenHeader": i.header, "user": map[string]any{"email": i.user + "@example.com"},
	}
}

// object returns v as a JSON object, or nil.
func object(v any) map[string]any {
	m, _ := v.(map[string]any)
	return m
}
