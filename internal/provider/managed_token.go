package provider

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/flytokens/terraform-provider-fly/internal/flyapi"
	"github.com/flytokens/terraform-provider-fly/internal/token"
)

// Bounds and the default of a managed token's durations.
const (
	defaultDeployTTL = 720 * time.Hour
	minDeployTTL     = time.Second
	maxDeployTTL     = maxTokenTTL
)

// managedTokenResource mints, rotates and revokes a token. It is the common part of
// "fly_deploy_token" and of the resources of flyctl's kinds.
type managedTokenResource struct {
	resourceSession
	kind *tokenKind
}

// managedToken is such a resource's configuration, plan and state. The fields of
// attributes that the kind lacks are zero.
type managedToken struct {
	kindArguments
	Name          types.String
	RotateBefore  types.String
	Overlap       types.String
	Triggers      types.Map
	TokenInState  types.Bool
	PredecessorID types.String
	// organization is the provider's, the default for a deploy token.
	organization string
}

// Metadata names the resource.
func (r *managedTokenResource) Metadata(_ context.Context, _ resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = r.kind.typeName()
	resp.ResourceBehavior.MutableIdentity = true // a rotation changes the token's identifier
}

// ValidateConfig checks what concerns more than one attribute.
func (r *managedTokenResource) ValidateConfig(ctx context.Context, req resource.ValidateConfigRequest, resp *resource.ValidateConfigResponse) {
	config, diags := r.read(ctx, req.Config)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() || config.TTL.IsUnknown() || config.RotateBefore.IsUnknown() {
		return
	}
	resp.Diagnostics.Append(config.lateRotation()...)
}

// read reads a token from a configuration, a plan or a state.
func (r *managedTokenResource) read(ctx context.Context, from attributeReader) (*managedToken, diag.Diagnostics) {
	m := &managedToken{kindArguments: kindArguments{kind: r.kind}}
	if r.session != nil {
		m.organization = r.session.settings.organization
	}
	return m, readFields(ctx, from, m.fields())
}

// fields maps the attributes of the kind to those of m.
func (m *managedToken) fields() map[string]any {
	fields := m.kindArguments.fields()
	fields["name"], fields["rotate_before"], fields["triggers"] = &m.Name, &m.RotateBefore, &m.Triggers
	if m.kind.deploys {
		fields["organization"], fields["access"], fields["overlap"] = &m.Organization, &m.Access, &m.Overlap
		fields["token_in_state"], fields["predecessor_id"] = &m.TokenInState, &m.PredecessorID
	}
	return fields
}

// request returns what is asked for.
func (m *managedToken) request() token.Request {
	if m.kind.deploys {
		return settings{organization: m.organization}.request(m.App, m.Access, m.Organization)
	}
	return m.kindArguments.request()
}

// label is the part of the token's name that users choose.
func (m *managedToken) label() string {
	return cmp.Or(m.Name.ValueString(), token.MintLabel(m.request()))
}

// spec identifies the kind and its arguments.
func (m *managedToken) spec() string {
	fields := m.fields()
	for name := range m.computed() {
		delete(fields, name)
	}
	delete(fields, "predecessor_id")
	if m.inState() {
		delete(fields, "token_in_state") // true is the default
	}
	var text strings.Builder
	text.WriteString(m.kind.name)
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		fmt.Fprintf(&text, "\n%s = %s", name, fields[name]) // the values are quoted
	}
	sum := sha256.Sum256([]byte(text.String()))
	return hex.EncodeToString(sum[:16])
}

// fill sets what is computed from the token that was minted.
func (m *managedToken) fill(res token.Resolution) {
	m.kindArguments.fill(res)
	if !m.inState() {
		m.Token, m.AuthorizationHeader = types.StringNull(), types.StringNull()
	}
}

// life is the lifetime of a token. The configuration's validation refuses invalid
// durations.
func (m *managedToken) life() time.Duration { return durationOr(m.TTL, defaultDeployTTL) }

// rotates is how long before its expiry a token is rotated.
func (m *managedToken) rotates() time.Duration { return durationOr(m.RotateBefore, m.life()/4) }

// lateRotation returns an error if every apply would rotate the token.
func (m *managedToken) lateRotation() diag.Diagnostics {
	var diags diag.Diagnostics
	if m.rotates() >= m.life() {
		diags.AddAttributeError(path.Root("rotate_before"), "Invalid rotate_before", fmt.Sprintf(
			"rotate_before (%s) must be less than ttl (%s): otherwise every apply would rotate the token.", short(m.rotates()), short(m.life())))
	}
	return diags
}

// end returns the token's expiry, if it is known.
func (m *managedToken) end() (time.Time, bool) {
	at, err := time.Parse(time.RFC3339, m.ExpiresAt.ValueString())
	return at, err == nil
}

// due reports whether the token must be rotated at now.
func (m *managedToken) due(now time.Time) bool {
	end, ok := m.end()
	return ok && !now.Before(end.Add(-m.rotates()))
}

// expired reports whether the token has expired at now.
func (m *managedToken) expired(now time.Time) bool {
	end, ok := m.end()
	return ok && now.After(end)
}

// replaced is the token as one that a rotation replaces.
func (m *managedToken) replaced() predecessor {
	end, _ := m.end()
	return predecessor{ID: m.TokenID.ValueString(), ExpiresAt: end}
}

// revoked reports whether Fly no longer accepts the token. An expired token is
// rotated, whatever Fly still lists. A token that is not in the list was perhaps
// minted with a different login, so it is used itself. Only an answer of 401 is
// proof: a 403 may come from a proxy.
func (s *session) revoked(ctx context.Context, m *managedToken) (bool, error) {
	if m.expired(s.now()) {
		return false, nil
	}
	req := m.request()
	listed, err := s.minter.List(ctx, req)
	if err != nil {
		return false, err
	}
	at := slices.IndexFunc(listed, func(l flyapi.Listed) bool { return l.ID == m.TokenID.ValueString() })
	if at >= 0 {
		return !listed[at].RevokedAt.IsZero(), nil
	}
	tok, err := token.Parse(m.Token.ValueString())
	if err != nil {
		return false, err
	}
	if req.App != "" {
		err = s.chain.api.Show(ctx, tok, req.App)
	} else {
		_, err = s.chain.api.LookupOrganization(ctx, tok, req.Organization)
	}
	if errors.Is(err, flyapi.ErrUnauthenticated) {
		return true, nil
	}
	return false, err
}

// revoke revokes the token of m or its predecessor. It returns nil if that has
// expired or was revoked before. again is the command that tries again.
func (s *session) revoke(ctx context.Context, m *managedToken, one predecessor, again string) diag.Diagnostics {
	if one.over(s.now()) {
		return nil
	}
	if err := s.minter.Revoke(ctx, one.ID); err != nil {
		return diag.Diagnostics{m.stillLiveError(one, again, err)}
	}
	return nil
}

// seen forgets the mint of the token in state. If storage cannot be used, the mint
// stays announced until a later call.
func (s *session) seen(ctx context.Context, m *managedToken) {
	if s == nil || s.minter == nil {
		return
	}
	err := s.minter.Seen(ctx, m.request().Place(), m.TokenID.ValueString())
	if err != nil && !errors.Is(err, context.Canceled) {
		noteNoAnswer(ctx, "cannot forget an announced mint", err)
	}
}
