package flyapi

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/flytokens/terraform-provider-fly/internal/token"
)

// oauthPrefix marks the tokens that are left out for the Machines API.
const oauthPrefix = "fo1_"

// machinesHeader is the Authorization header for the Machines API. It holds
// only the macaroons of a bundle, or its OAuth tokens if there is no macaroon,
// as in fly-go.
func machinesHeader(tok token.Token) string {
	var macaroons []string
	for part := range strings.SplitSeq(tok.Reveal(), ",") {
		if !strings.HasPrefix(part, oauthPrefix) {
			macaroons = append(macaroons, part)
		}
	}
	if len(macaroons) == 0 {
		return tok.AuthorizationHeader()
	}
	return "FlyV1 " + strings.Join(macaroons, ",")
}

// said returns the message of an answer: the field "error" or "message" of
// JSON, otherwise the text.
func said(r *reply) string {
	var body struct {
		Error   string `json:"error"`
		Message string `json:"message"`
		Errors  []struct {
			Message string `json:"message"`
		} `json:"errors"`
	}
	switch err := json.Unmarshal(r.body, &body); {
	case r.isHTML():
		return ""
	case err != nil:
		return string(bytes.ToValidUTF8(r.body, nil))
	case body.Error != "":
		return body.Error
	case len(body.Errors) > 0:
		return body.Errors[0].Message
	default:
		return body.Message
	}
}

// machinesCall is GET /v1/apps/{app}, the cheapest call about one app.
func (c *Client) machinesCall(op, app string, tok token.Token) (call, error) {
	k := call{op: op, operation: "look_up_app", method: http.MethodGet, timeout: c.timeout, repeat: whenLost}
	if err := token.ValidateApp(app); err != nil {
		return k, invalid(op, err)
	}
	if tok.IsZero() {
		return k, noLogin(op)
	}
	k.url = c.machines.JoinPath("apps", app)
	k.header, k.secret = machinesHeader(tok), tok
	return k, nil
}

// LookupAppWith looks an app up over the Machines API (GET /v1/apps/{app}),
// which accepts a token for this app alone. The result has no node identifiers.
// The error's kind is [ErrNoSuchApp] if the app does not exist, and
// [ErrNotPermitted] if the token has no access to it.
func (c *Client) LookupAppWith(ctx context.Context, tok token.Token, app string) (App, error) {
	k, err := c.machinesCall(fmt.Sprintf("look up app %q with the token found", app), app, tok)
	if err != nil {
		return App{}, err
	}
	r, err := c.do(ctx, k)
	if err != nil {
		return App{}, err
	}
	if e := checkStatus(k, r, ErrNoSuchApp); e != nil {
		return App{}, e
	}
	var body struct {
		Name         string  `json:"name"`
		NumericID    numeric `json:"internal_numeric_id"`
		Organization struct {
			Name      string  `json:"name"`
			Slug      string  `json:"slug"`
			NumericID numeric `json:"internal_numeric_id"`
		} `json:"organization"`
	}
	if err := json.Unmarshal(r.body, &body); err != nil || body.Name != app || body.NumericID == 0 {
		return App{}, noAnswer(k, r, "JSON that does not describe this app")
	}
	return App{
		Name:      body.Name,
		NumericID: body.NumericID,
		Organization: Organization{
			Slug:      body.Organization.Slug,
			NumericID: body.Organization.NumericID,
		},
	}, nil
}

// Show asks Fly whether tok has access to app, within [Config.ShowTimeout] and without
// a retry.
//
// The time begins when one of the client's [Config.MaxParallel] slots is free. Only
// ctx bounds the wait for a slot.
//
// Nil means that it has, or that the app does not exist yet (200, 404). An
// error for which [Rejected] is true means that it has not (401, or 403 for an
// app that the token may not use). Any other failure counts as no answer, and
// its kind is [ErrUnavailable]. A caller that left gets its context's error.
// The comment on fly-go's AppNameAvailable explains the statuses.
func (c *Client) Show(ctx context.Context, tok token.Token, app string) error {
	k, err := c.machinesCall(fmt.Sprintf("check the token for app %q", app), app, tok)
	if err != nil {
		return err
	}
	k.operation, k.timeout, k.repeat = "check_token", c.showTimeout, never
	r, err := c.do(ctx, k)
	if err != nil {
		return err
	}
	var object map[string]json.RawMessage
	if json.Unmarshal(r.body, &object) != nil {
		return noAnswer(k, r, "something that is not JSON")
	}
	switch r.status {
	case http.StatusOK, http.StatusNotFound:
		return nil
	case http.StatusUnauthorized:
		return k.answer(ErrUnauthenticated, r, said(r))
	case http.StatusForbidden:
		return k.answer(ErrNotPermitted, r, said(r))
	default:
		return k.answer(ErrUnavailable, r, said(r))
	}
}

// Rejected reports whether err, from [Client.Show], is Fly's refusal of a
// token, and not the lack of an answer.
func Rejected(err error) bool {
	return errors.Is(err, ErrUnauthenticated) || errors.Is(err, ErrNotPermitted)
}

func noLogin(op string) *Error {
	return failure(op, ErrUnauthenticated, "no token to send")
}
