package provider_test

import (
	"context"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
)

// actions is the part of the protocol that only engines with actions use.
func (w *wire) actions() tfprotov6.ActionServer {
	w.t.Helper()
	return as[tfprotov6.ActionServer](w.t, w.server)
}

// action packs the configuration of an action.
func (w *wire) action(name string, config attrs) *tfprotov6.DynamicValue {
	w.t.Helper()
	schema, ok := w.schema.ActionSchemas[name]
	if !ok {
		w.t.Fatalf("there is no action %s", name)
	}
	return w.pack(schema.Schema.ValueType(), config)
}

// validateAction returns the diagnostics of an action's configuration.
func (w *wire) validateAction(name string, config attrs) string {
	w.t.Helper()
	resp, err := w.actions().ValidateActionConfig(w.t.Context(), &tfprotov6.ValidateActionConfigRequest{ActionType: name, Config: w.action(name, config)})
	w.check(err)
	return problems(resp.Diagnostics)
}

// planAction plans an action.
func (w *wire) planAction(name string, config attrs) string {
	w.t.Helper()
	resp, err := w.actions().PlanAction(w.t.Context(), &tfprotov6.PlanActionRequest{ActionType: name, Config: w.action(name, config)})
	w.check(err)
	return problems(resp.Diagnostics)
}

// invoke invokes an action, and returns its progress messages.
func (w *wire) invoke(ctx context.Context, name string, config attrs) (progress []string, diags string) {
	w.t.Helper()
	stream, err := w.actions().InvokeAction(ctx, &tfprotov6.InvokeActionRequest{ActionType: name, Config: w.action(name, config)})
	w.check(err)
	for event := range stream.Events {
		switch event := event.Type.(type) {
		case tfprotov6.ProgressInvokeActionEventType:
			progress = append(progress, event.Message)
		case tfprotov6.CompletedInvokeActionEventType:
			diags = problems(event.Diagnostics)
		}
	}
	return progress, diags
}
