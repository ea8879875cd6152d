package provider

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-log/tflog"

	"github.com/flytokens/terraform-provider-fly/internal/flyapi"
	"github.com/flytokens/terraform-provider-fly/internal/mint"
	"github.com/flytokens/terraform-provider-fly/internal/token"
)

// readTokens fills m with the tokens that its arguments select.
func (s *session) readTokens(ctx context.Context, m *tokensModel) diag.Diagnostics {
	var diags diag.Diagnostics
	argument, owner := "app", fmt.Sprintf("app %q", m.App.ValueString())
	if m.App.IsNull() {
		argument, owner = "organization", fmt.Sprintf("organization %q", m.Organization.ValueString())
	}
	selected, err := m.filter()
	if err != nil {
		diags.AddError(summaryList, fmt.Sprintf("Cannot read the timestamp: %s. %s", err, alwaysABug))
		return diags
	}
	login, err := s.chain.login(ctx)
	var all []flyapi.Listed
	hidden := 0
	if err == nil {
		all, hidden, err = flyapi.Collect(s.tokenPages(ctx, login, m), logPages(ctx, owner))
	}
	if err != nil {
		diags.AddAttributeError(path.Root(argument), summaryList, cannot("list the tokens of "+owner, err))
		return diags
	}
	switch {
	case hidden > 0:
		diags.AddAttributeWarning(path.Root(argument), summaryHidden, fmt.Sprintf(
			"Fly shows %d of the %d tokens of %s to this login. The result lacks the others. Use the login of a member of the organization.", len(all), len(all)+hidden, owner))
	case argument == "organization" && flyapi.IsConfined(login):
		diags.AddAttributeWarning(path.Root(argument), summaryHidden, fmt.Sprintf(
			"The login is a token for single apps, to which Fly may not show every token of %s. Use the login of a member of the organization.", owner))
	}
	m.Tokens = []listedTokenModel{}
	slices.SortFunc(all, func(a, b flyapi.Listed) int { return cmp.Or(a.CreatedAt.Compare(b.CreatedAt), cmp.Compare(a.ID, b.ID)) })
	for _, one := range all {
		if selected(one) {
			m.Tokens = append(m.Tokens, newListedTokenModel(one))
		}
	}
	return diags
}

// cannot describes a failure. An error of Fly's API already names the operation.
func cannot(what string, err error) string {
	var e *flyapi.Error
	if errors.As(err, &e) {
		return fmt.Sprintf("C%s.", strings.TrimPrefix(e.Error(), "c"))
	}
	return fmt.Sprintf("Cannot %s: %s.", what, err)
}

// tokenPages returns the list that m names.
func (s *session) tokenPages(ctx context.Context, login token.Token, m *tokensModel) iter.Seq2[flyapi.TokenPage, error] {
	if m.App.IsNull() {
		return s.chain.api.TokenPages(ctx, login, flyapi.OrganizationTokens(m.Organization.ValueString()))
	}
	return s.chain.api.TokenPages(ctx, login, flyapi.AppTokens(m.App.ValueString()))
}

// logPages returns a function that logs the progress through a list.
func logPages(ctx context.Context, owner string) func(flyapi.TokenPage) {
	read, listed := 0, 0
	return func(page flyapi.TokenPage) {
		read++
		listed += len(page.Tokens)
		tflog.Info(ctx, "listing Fly tokens", map[string]any{
			"fly.tokens.owner": owner, "fly.tokens.pages": read, "fly.tokens.listed": listed, "fly.tokens.total": page.Total,
		})
	}
}

// filter returns the function that selects tokens by the arguments. The
// validators accept only timestamps, so an error means a bug.
func (m *tokensModel) filter() (func(flyapi.Listed) bool, error) {
	after, err := parseInstant(m.ExpiresAfter)
	if err != nil {
		return nil, err
	}
	before, err := parseInstant(m.ExpiresBefore)
	if err != nil {
		return nil, err
	}
	return func(one flyapi.Listed) bool {
		endless := one.ExpiresAt.IsZero()
		switch {
		case !one.RevokedAt.IsZero() && !m.IncludeRevoked.ValueBool(),
			!strings.HasPrefix(one.Name, m.NamePrefix.ValueString()),
			!after.IsZero() && !endless && !one.ExpiresAt.After(after),
			!before.IsZero() && (endless || !one.ExpiresAt.Before(before)):
			return false
		}
		return true
	}, nil
}

// parseInstant reads a timestamp; zero for null.
func parseInstant(v types.String) (time.Time, error) {
	if v.IsNull() {
		return time.Time{}, nil
	}
	return time.Parse(time.RFC3339, v.ValueString())
}

func newListedTokenModel(one flyapi.Listed) listedTokenModel {
	_, managed := mint.ParseName(one.Name)
	return listedTokenModel{
		ID: types.StringValue(one.ID), Name: types.StringValue(one.Name), Profile: types.StringValue(one.Profile),
		CreatedAt: timestamp(one.CreatedAt), ExpiresAt: timestamp(one.ExpiresAt), RevokedAt: timestamp(one.RevokedAt),
		UserEmail: types.StringValue(one.User), Managed: types.BoolValue(managed),
	}
}
