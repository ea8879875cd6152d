package flytest

import (
	"time"
)

// createToken is createLimitedAccessToken. It needs a user's session: "scoped
// tokens cannot mint other tokens".
func (s *Server) createToken(who principal, root field, variables map[string]any) (map[string]any, *refusal) {
	input := object(root.argument("input", variables))
	node, _ := input["organizationId"].(string)
	organization, ok := s.world.organizationByNode(node)
	if !ok {
		return nil, &noOrganization
	}
	if !s.mayMint(who, organization) {
		return nil, &notPermitted
	}
	as := Issued{Over: true, user: "scoped"}
	if who.user != nil {
		as.user = who.user.Name
	}
	as.Name, _ = input["name"].(string)
	as.Profile, _ = input["profile"].(string)
	switch as.Profile {
	case profileOrganization:
	case profileDeploy:
		as.App, _ = object(input["profileParams"])["app_id"].(string)
		if app, ok := s.world.app(as.App); !ok || app.Organization != organization.Slug {
			return nil, &noApp
		}
	default:
		return nil, &badInput
	}
	ttl := twentyYears
	if expiry, _ := input["expiry"].(string); expiry != "" {
		var err error
		if ttl, err = time.ParseDuration(expiry); err != nil || ttl <= 0 {
			return nil, &badInput
		}
	}
	if as.Name == "" {
		return nil, &badInput
	}
	made := s.issue(organization, as, Make{TTL: ttl})
	return map[string]any{"limitedAccessToken": s.node(made)}, nil
}

// deleteToken is deleteLimitedAccessToken. A token that was already revoked is
// unchanged.
func (s *Server) deleteToken(who principal, root field, variables map[string]any) (map[string]any, *refusal) {
	id, _ := object(root.argument("input", variables))["id"].(string)
	for _, i := range s.issued {
		if i.ID != id {
			continue
		}
		if who.user == nil || !who.user.memberOf(i.Organization) {
			return nil, &notPermitted
		}
		if i.RevokedAt.IsZero() {
			i.RevokedAt = time.Now()
		}
		return map[string]any{"token": i.permission.ID()}, nil
	}
	return nil, &noToken
}
