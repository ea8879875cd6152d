package fakefly

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strconv"

	"github.com/flytokens/terraform-provider-fly/internal/macaroon"
)

// The documents of flyctl's `tokens create`, with the fields that it uses.
const (
	queryOrganization = `query($slug: String!) { organization(slug: $slug) { id internalNumericId slug rawSlug } }`
	queryApp          = `query ($appName: String!) { appcompact:app(name: $appName) { id internalNumericId name organization { id internalNumericId slug } } }`
	mintToken         = `mutation CreateLimitedAccessToken($name: String!, $organizationId: ID!, $profile: String!, $profileParams: JSON, $expiry: String!) {
  createLimitedAccessToken(input: {name: $name, organizationId: $organizationId, profile: $profile, profileParams: $profileParams, expiry: $expiry}) {
    limitedAccessToken { tokenHeader } } }`
)

// mintOnline requests the token from the API at FLY_API_BASE_URL, in two
// requests as flyctl does: one for the organization or the app, and one for the
// token. If the API cannot be reached, it fails like flyctl.
func mintOnline(req arguments) (header string, fail *Behaviour) {
	organization, number, app, err := req.target()
	if err != nil {
		b := answered(req.profile+" scoped login", err.Error())
		return "", &b
	}
	profile, params := "deploy_organization", map[string]any{}
	if req.profile == "deploy" {
		profile, params = "deploy", map[string]any{"app_id": app}
	}
	var made struct {
		Create struct {
			Token struct{ TokenHeader string } `json:"limitedAccessToken"`
		} `json:"createLimitedAccessToken"`
	}
	err = ask(mintToken, map[string]any{
		"name": req.name, "organizationId": organization, "profile": profile, "profileParams": params, "expiry": req.expiry.String(),
	}, &made)
	if err != nil {
		b := Refused(err.Error())
		return "", &b
	}
	header = made.Create.Token.TokenHeader
	if req.profile == "readonly" {
		header, err = readOnly(header, number)
	}
	if err != nil {
		broken(err)
	}
	return header, nil
}

// target looks up the organization in FLY_ORG, or the app.
func (req arguments) target() (organization string, number uint64, app string, err error) {
	type node struct {
		ID string
		// A number for an app, a text for an organization.
		Number json.RawMessage `json:"internalNumericId"`
	}
	if req.profile == "deploy" {
		var got struct {
			App struct {
				node
				Organization node
			} `json:"appcompact"`
		}
		err = ask(queryApp, map[string]any{"appName": req.app}, &got)
		return got.App.Organization.ID, 0, got.App.ID, err
	}
	var got struct{ Organization node }
	if err = ask(queryOrganization, map[string]any{"slug": os.Getenv("FLY_ORG")}, &got); err != nil {
		return "", 0, "", err
	}
	number, err = strconv.ParseUint(string(bytes.Trim(got.Organization.Number, `"`)), 10, 64)
	return got.Organization.ID, number, "", err
}

// readOnly narrows a token to reading its organization, as flyctl does by itself.
func readOnly(header string, organization uint64) (string, error) {
	bundle, err := macaroon.ParseBundle(header)
	if err != nil {
		return "", err
	}
	bundle, err = bundle.Attenuate(macaroon.Organization{ID: organization, Mask: macaroon.ActionRead})
	if err != nil {
		return "", err
	}
	return "FlyV1 " + bundle.Reveal(), nil
}

// ask sends one document with the login and decodes the data of the answer. A
// GraphQL error is its first message.
func ask(document string, variables map[string]any, data any) error {
	body, err := json.Marshal(map[string]any{"query": document, "variables": variables})
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(context.Background(), http.MethodPost, os.Getenv("FLY_API_BASE_URL")+"/graphql", bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+os.Getenv("FLY_ACCESS_TOKEN"))
	req.Header.Set("User-Agent", "flyctl/0.0.0 (a fake)")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("server returned a non-200 status code: %d", resp.StatusCode)
	}
	answer := struct {
		Data   any
		Errors []struct{ Message string }
	}{Data: data}
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil {
		return fmt.Errorf("decoding response: %w", err)
	}
	if len(answer.Errors) > 0 {
		return errors.New(answer.Errors[0].Message)
	}
	return nil
}
