package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/action"
	"github.com/hashicorp/terraform-plugin-framework/provider"
)

var _ provider.ProviderWithActions = (*flyProvider)(nil)

// Actions lists the actions. Their configuration holds no secrets, because
// engines store it in the plan in clear text.
func (p *flyProvider) Actions(context.Context) []func() action.Action {
	return []func() action.Action{newAppTokenRefreshAction, newAppTokenInvalidateAction, newTokenRevokeAction}
}
