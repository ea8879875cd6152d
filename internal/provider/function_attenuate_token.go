package provider

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/function"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/flytokens/terraform-provider-fly/internal/macaroon"
)

// attenuateTokenFunction is provider::fly::attenuate_token.
type attenuateTokenFunction struct{}

// Metadata names the function.
func (attenuateTokenFunction) Metadata(_ context.Context, _ function.MetadataRequest, resp *function.MetadataResponse) {
	resp.Name = "attenuate_token"
}

const attenuateTokenDescription = "Returns the token with more restrictions on each of its permission macaroons, without a scheme. The same arguments give the same text, " +
	"and the original token stays valid. Discharges are kept and still match. No restriction can widen a token or extend its life. " +
	"A restriction that the token already meets changes nothing. A restriction after which the token, or an app in `app_ids`, would allow nothing is an error.\n\n" +
	"Use `fly tokens attenuate` for other kinds of restrictions. An OAuth token (`fo1_…`) cannot be narrowed and is an error, also as a part of the token."

const restrictionsDescription = "An object with any of these keys. An omitted or null key restricts nothing. An unknown key is an error.\n\n" +
	"  - `app_ids` (list of number): the apps that the token is confined to. It then allows nothing outside of them, not even the organization's builders: " +
	"use `fly_app_token` for a token to deploy with. Apps are numbers here: the Machines API's `GET /v1/apps/NAME` returns them as `internal_numeric_id`, " +
	"and `keys` of the attribute `apps` of `parse_token` can be passed directly.\n" +
	"  - `access` (string): the allowed actions, letters of `rwcdC` for read, write, create, delete and control, or `*` for all. With `app_ids` they apply to these apps, without it to everything.\n" +
	"  - `organization_access` (string): the allowed actions in the organization and its apps. `fly tokens create readonly` restricts a token with `r`. " +
	"The token must be confined to an organization.\n" +
	"  - `machines`, `volumes` (list of string): the ids of the usable machines or volumes.\n" +
	"  - `features` (list of string): the usable features of the organization, such as `wg` or `builder`. Not together with `app_ids`.\n" +
	"  - `commands` (list of object): the commands that may be executed on machines, each with `args` (list of string) and `exact` (bool, default true). " +
	"If `exact` is false, more arguments may follow. Used alone, it turns a deploy token into that of `fly tokens create machine-exec`.\n" +
	"  - `mutations` (list of string): the GraphQL mutations that may be executed.\n" +
	"  - `expires_at` (string): the last instant at which the token is valid, as an RFC 3339 timestamp. Fractions of a second are dropped. " +
	"With `timestamp()` or `plantimestamp()` in it, every plan has a different result.\n\n" +
	"If any of `machines`, `volumes`, `features`, `commands` and `mutations` are set, each of them that is about a request must allow it. " +
	"Other requests can only read. For commands on certain machines, set both `commands` and `machines`."

// Definition describes the function.
func (attenuateTokenFunction) Definition(_ context.Context, _ function.DefinitionRequest, resp *function.DefinitionResponse) {
	resp.Definition = function.Definition{
		Summary:             "Narrow a token, offline",
		MarkdownDescription: attenuateTokenDescription + aboutCalls,
		Parameters: []function.Parameter{
			tokenParameter(),
			function.DynamicParameter{Name: "restrictions", MarkdownDescription: restrictionsDescription},
		},
		Return: function.StringReturn{},
	}
}

// Run narrows the token.
func (attenuateTokenFunction) Run(ctx context.Context, req function.RunRequest, resp *function.RunResponse) {
	var text string
	var argument types.Dynamic
	if resp.Error = req.Arguments.Get(ctx, &text, &argument); resp.Error != nil {
		return
	}
	bundle, failure := readBundle(text)
	if failure != nil {
		resp.Error = failure
		return
	}
	r, err := readRestrictions(argument.UnderlyingValue())
	if err != nil {
		resp.Error = function.NewArgumentFuncError(argRestrictions, err.Error())
		return
	}
	narrowed, failure := r.narrow(bundle)
	if failure != nil {
		resp.Error = failure
		return
	}
	resp.Error = resp.Result.Set(ctx, narrowed.Reveal())
}

// narrow returns the bundle with the restrictions on each permission macaroon.
func (r restrictions) narrow(bundle macaroon.Bundle) (macaroon.Bundle, *function.FuncError) {
	if err := narrowable(bundle); err != nil {
		return macaroon.Bundle{}, function.NewArgumentFuncError(argToken, err.Error())
	}
	macaroons := bundle.Macaroons()
	for i, m := range macaroons {
		if m.Kind() != macaroon.KindPermission {
			continue
		}
		caveats, err := r.caveats(m)
		if err != nil {
			return macaroon.Bundle{}, function.NewArgumentFuncError(argRestrictions, err.Error())
		}
		if macaroons[i], err = m.Attenuate(caveats...); err != nil {
			return macaroon.Bundle{}, function.NewArgumentFuncError(argToken, fmt.Sprintf("part %d of the token: %s", i+1, err))
		}
	}
	narrowed := macaroon.NewBundle(macaroons...)
	if err := r.leavesSomething(narrowed); err != nil {
		return macaroon.Bundle{}, function.NewArgumentFuncError(argRestrictions, err.Error())
	}
	return narrowed, nil
}

// narrowable returns an error if the restrictions would not apply to a part of
// the bundle.
func narrowable(bundle macaroon.Bundle) error {
	if bundle.HasOAuth() {
		return fmt.Errorf("%w: it gives access to the whole account of its user. Omit the part that starts with fo1_", macaroon.ErrOAuth)
	}
	if len(bundle.Grants()) == 0 {
		return macaroon.ErrNoPermission
	}
	for i, m := range bundle.Macaroons() {
		if m.Kind() != macaroon.KindPermission && !m.IsProof() {
			return fmt.Errorf("part %d of the token is a macaroon for %.80q, to which these restrictions do not apply. Omit it", i+1, m.Location())
		}
	}
	return nil
}

// caveats returns the restrictions as caveats for m.
func (r restrictions) caveats(m *macaroon.Macaroon) ([]macaroon.Caveat, error) {
	var caveats []macaroon.Caveat
	if r.organization != macaroon.ActionNone {
		id, ok := m.OrganizationID()
		if !ok {
			return nil, errors.New("organization_access is unsupported here: the token is not confined to one organization. Use access instead")
		}
		caveats = append(caveats, macaroon.Organization{ID: id, Mask: r.organization})
	}
	switch {
	case r.apps != nil:
		mask := r.access
		if mask == macaroon.ActionNone {
			mask = macaroon.ActionAll
		}
		set := macaroon.Apps{}
		for _, id := range r.apps {
			set[id] = mask
		}
		caveats = append(caveats, set)
	case r.access != macaroon.ActionNone:
		caveats = append(caveats, r.access)
	}
	caveats = append(caveats, r.names.caveats()...)
	if !r.expiresAt.IsZero() {
		// The window begins with Unix time and not now, so that the same
		// arguments always give the same token.
		caveats = append(caveats, macaroon.Window(time.Unix(0, 0), r.expiresAt))
	}
	return caveats, nil
}

// leavesSomething returns an error if a narrowed bundle certainly allows
// nothing that the restrictions are about. Other contradictions between caveats
// are left to Fly.
func (r restrictions) leavesSomething(narrowed macaroon.Bundle) error {
	for _, id := range r.apps {
		reached, allowed := false, macaroon.ActionNone
		for _, g := range narrowed.Grants() {
			if reaches(g.Permission, id) {
				reached = true
				allowed |= ceiling(g.Permission, id)
			}
		}
		if !reached {
			return fmt.Errorf("app_ids has app %d, to which the token gives no access. Restrictions cannot add access", id)
		}
		if allowed == macaroon.ActionNone {
			return fmt.Errorf("the token allows none of the actions that the restrictions leave on app %d. Restrictions cannot add access", id)
		}
	}
	allowed, alive := macaroon.ActionNone, false
	for _, g := range narrowed.Grants() {
		allowed |= ceiling(g.Permission, 0)
		alive = alive || !g.Permission.NotBefore().After(g.Permission.NotAfter())
	}
	switch {
	case allowed == macaroon.ActionNone && r.access|r.organization != macaroon.ActionNone:
		return errors.New("the token allows none of the actions in access and organization_access. Restrictions cannot add access")
	case !alive && !r.expiresAt.IsZero():
		return errors.New("expires_at is before the token becomes valid: it would never be valid")
	default:
		return nil
	}
}

// reaches reports whether m may allow any action on an app, by number.
func reaches(m *macaroon.Macaroon, app uint64) bool {
	apps, _ := m.Apps()
	return slices.ContainsFunc(apps, func(a macaroon.AppAccess) bool { return a.ID == app })
}

// ceiling returns the most actions that m may allow: on an app, by number, or
// on any resource if app is 0. Every caveat that is not inside a different one
// applies to every request.
func ceiling(m *macaroon.Macaroon, app uint64) macaroon.Action {
	mask := macaroon.ActionAll
	for _, c := range m.Caveats() {
		switch c := c.(type) {
		case macaroon.Organization:
			mask &= c.Mask
		case macaroon.Action:
			mask &= c
		case macaroon.Apps:
			if all, ok := c[0]; ok {
				mask &= all
			} else if app != 0 {
				mask &= c[app]
			}
		}
	}
	return mask
}
