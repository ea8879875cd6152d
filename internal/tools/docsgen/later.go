package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/flytokens/terraform-provider-fly/internal/provider"
)

// withLater adds the schemas of actions and list resources, which OpenTofu does
// not support, to those that OpenTofu printed. They come from the provider
// itself, in the format of Terraform 1.14.
func withLater(ctx context.Context, schemas []byte) ([]byte, error) {
	own, err := provider.Schemas(ctx)
	if err != nil {
		return nil, fmt.Errorf("ask the provider for its schema: %w", err)
	}
	var all map[string]any
	if err := json.Unmarshal(schemas, &all); err != nil {
		return nil, fmt.Errorf("read OpenTofu's schemas: %w", err)
	}
	providers, _ := all["provider_schemas"].(map[string]any)
	of, ok := providers[source].(map[string]any)
	if !ok {
		return nil, fmt.Errorf("OpenTofu printed no schema of %s", source)
	}
	actions := make(map[string]jsonSchema)
	for name, s := range own.ActionSchemas {
		if actions[name], err = convert(s.Schema); err != nil {
			return nil, fmt.Errorf("action %s: %w", name, err)
		}
	}
	lists := make(map[string]jsonSchema)
	for name, s := range own.ListResourceSchemas {
		if lists[name], err = convert(s); err != nil {
			return nil, fmt.Errorf("list resource %s: %w", name, err)
		}
	}
	of["action_schemas"], of["list_resource_schemas"] = actions, lists
	return json.Marshal(all)
}

// The form of `terraform providers schema -json`.
type (
	jsonSchema struct {
		Version int64     `json:"version"`
		Block   jsonBlock `json:"block"`
	}
	jsonBlock struct {
		Attributes map[string]jsonAttribute `json:"attributes,omitempty"`
		jsonNote
	}
	jsonAttribute struct {
		Type      tftypes.Type `json:"type,omitempty"`
		Nested    *jsonNested  `json:"nested_type,omitempty"`
		Required  bool         `json:"required,omitempty"`
		Optional  bool         `json:"optional,omitempty"`
		Computed  bool         `json:"computed,omitempty"`
		Sensitive bool         `json:"sensitive,omitempty"`
		WriteOnly bool         `json:"write_only,omitempty"`
		jsonNote
	}
	jsonNested struct {
		Attributes map[string]jsonAttribute `json:"attributes,omitempty"`
		Mode       string                   `json:"nesting_mode"`
	}
	jsonNote struct {
		Description string `json:"description,omitempty"`
		Kind        string `json:"description_kind,omitempty"`
		Deprecated  bool   `json:"deprecated,omitempty"`
	}
)

func convert(s *tfprotov6.Schema) (jsonSchema, error) {
	if len(s.Block.BlockTypes) > 0 {
		return jsonSchema{}, errors.New("it has blocks, but only attributes can be rendered")
	}
	return jsonSchema{Version: s.Version, Block: jsonBlock{
		Attributes: convertAll(s.Block.Attributes),
		jsonNote:   note(s.Block.Description, s.Block.DescriptionKind, s.Block.Deprecated),
	}}, nil
}

func convertAll(attributes []*tfprotov6.SchemaAttribute) map[string]jsonAttribute {
	all := make(map[string]jsonAttribute, len(attributes))
	for _, a := range attributes {
		one := jsonAttribute{
			Type: a.Type, Required: a.Required, Optional: a.Optional, Computed: a.Computed, Sensitive: a.Sensitive, WriteOnly: a.WriteOnly,
			jsonNote: note(a.Description, a.DescriptionKind, a.Deprecated),
		}
		if a.NestedType != nil {
			modes := map[tfprotov6.SchemaObjectNestingMode]string{
				tfprotov6.SchemaObjectNestingModeSingle: "single",
				tfprotov6.SchemaObjectNestingModeList:   "list",
				tfprotov6.SchemaObjectNestingModeSet:    "set",
				tfprotov6.SchemaObjectNestingModeMap:    "map",
			}
			one.Nested = &jsonNested{Attributes: convertAll(a.NestedType.Attributes), Mode: modes[a.NestedType.Nesting]}
		}
		all[a.Name] = one
	}
	return all
}

func note(description string, kind tfprotov6.StringKind, deprecated bool) jsonNote {
	if kind == tfprotov6.StringKindMarkdown {
		return jsonNote{description, "markdown", deprecated}
	}
	return jsonNote{description, "plain", deprecated}
}
