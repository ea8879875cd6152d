package provider

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/function"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/flytokens/terraform-provider-fly/internal/macaroon"
)

var _ function.Function = attenuateTokenFunction{}

func newAttenuateTokenFunction() function.Function { return attenuateTokenFunction{} }

// attenuateTokenFunction is provider::fly::attenuate_token.
type attenuateTokenFunction struct{}

// Metadata names the function.
func (attenuateTokenFunction) Metadata(_ context.Context, _ function.MetadataRequest, resp *function.MetadataResponse) {
	resp.Name = "attenuate_token"
}

const attenuateTokenDescription = "Returns the token with more restrictions on each of its permission macaroons, without a scheme. The same arguments give the same text, " +
	"and the token that was passed stays what it is. Discharges are kept and still fit. No restriction can widen a token: what it must not do already, and an earlier expiry, stand. " +
	"A restriction that the token meets already changes nothing in what it allows; one that would leave nothing of the token, or nothing for an app in `app_ids`, is an error.\n\n" +
	"For restrictions of other kinds there is `fly tokens attenuate`. An OAuth token (`fo1_…`) cannot be narrowed and is an error, also as a part of the token."

const restrictionsDescription = "An object with any of these keys. A key that is left out or null restricts nothing; another key is an error.\n\n" +
	"  - `app_ids` (list of number): the apps that the token is confined to. It then reaches nothing outside of them, the organization's builders included: " +
	"a token to deploy with comes from `fly_app_token` instead. Fly knows apps by number here: the Machines API's `GET /v1/apps/NAME` gives it as `internal_numeric_id`, " +
	"and `keys` of the attribute `apps` that `parse_token` returns can be passed as they are.\n" +
	"  - `access` (string): the actions that are allowed, letters of `rwcdC` for read, write, create, delete and control, or `*` for all. With `app_ids`, on these apps; without, on anything.\n" +
	"  - `organization_access` (string): the actions that are allowed in the organization, its apps included, as `fly tokens create readonly` restricts a token with `r`. " +
	"The token must be confined to an organization.\n" +
	"  - `machines`, `volumes` (list of string): the ids of the machines or volumes that stay usable.\n" +
	"  - `features` (list of string): the features of the organization that stay usable, such as `wg` or `builder`. Not together with `app_ids`.\n" +
	"  - `commands` (list of object): the commands that may be executed on machines, each with `args` (list of string) and `exact` (bool, default true). " +
	"Where `exact` is false, more arguments may follow. Alone it makes a deploy token what `fly tokens create machine-exec` makes.\n" +
	"  - `mutations` (list of string): the GraphQL mutations that may be executed.\n" +
	"  - `expires_at` (string): the last instant at which the token is good, as an RFC 3339 timestamp. A fraction of a second is cut off. " +
	"With `timestamp()` or `plantimestamp()` in it, the result is another at every plan.\n\n" +
	"With any of `machines`, `volumes`, `features`, `commands` and `mutations`, a request must be allowed by each of these that is about it. " +
	"A request that none of them is about can only read. Commands on certain machines take both `commands` and `machines`."

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

// narrowable returns an error where a part of the bundle would open as much
// after the restrictions as before.
func narrowable(bundle macaroon.Bundle) error {
	if bundle.HasOAuth() {
		return fmt.Errorf("%w: it opens the whole account of its user, whatever is done to the rest. Leave the part that starts with fo1_ out", macaroon.ErrOAuth)
	}
	if len(bundle.Grants()) == 0 {
		return macaroon.ErrNoPermission
	}
	for i, m := range bundle.Macaroons() {
		if m.Kind() != macaroon.KindPermission && !m.IsProof() {
			return fmt.Errorf("part %d of the token is a macaroon for %.80q, which these restrictions are not made for. Leave it out", i+1, m.Location())
		}
	}
	return nil
}

// caveats returns the restrictions as they are written into m.
func (r restrictions) caveats(m *macaroon.Macaroon) ([]macaroon.Caveat, error) {
	var caveats []macaroon.Caveat
	if r.organization != macaroon.ActionNone {
		id, ok := m.OrganizationID()
		if !ok {
			return nil, errors.New("organization_access cannot be had: the token is not confined to one organization. Use access instead")
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
		// The beginning is the start of Unix time, not now: a function that asked
		// the clock would give another token every time.
		caveats = append(caveats, macaroon.Window(time.Unix(0, 0), r.expiresAt))
	}
	return caveats, nil
}

// leavesSomething returns an error where a narrowed bundle is certain to open
// nothing that the restrictions are about. What its caveats say of one another
// in other ways is left to Fly.
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
			return fmt.Errorf("app_ids has app %d, to which the token gives no access. Nothing can be added to a token", id)
		}
		if allowed == macaroon.ActionNone {
			return fmt.Errorf("of the actions that the restrictions leave on app %d, the token allows none. Nothing can be added to a token", id)
		}
	}
	allowed, alive := macaroon.ActionNone, false
	for _, g := range narrowed.Grants() {
		allowed |= ceiling(g.Permission, 0)
		alive = alive || !g.Permission.NotBefore().After(g.Permission.NotAfter())
	}
	switch {
	case allowed == macaroon.ActionNone && r.access|r.organization != macaroon.ActionNone:
		return errors.New("of the actions that access and organization_access leave, the token allows none. Nothing can be added to a token")
	case !alive && !r.expiresAt.IsZero():
		return errors.New("expires_at is before the instant from which on the token is good: it would never be")
	default:
		return nil
	}
}

// reaches reports whether m may allow something on an app, by number.
func reaches(m *macaroon.Macaroon, app uint64) bool {
	apps, _ := m.Apps()
	for _, a := range apps {
		if a.ID == app {
			return true
		}
	}
	return false
}

// ceiling returns the actions that m allows at most: on an app, by number, or on
// anything at all where app is 0. Every caveat that is not inside another one
// holds for every request.
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
