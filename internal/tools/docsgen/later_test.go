package main

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

func TestConvert(t *testing.T) {
	t.Parallel()
	got, err := convert(&tfprotov6.Schema{Version: 1, Block: &tfprotov6.SchemaBlock{
		Description: "Does `it`.", DescriptionKind: tfprotov6.StringKindMarkdown,
		Attributes: []*tfprotov6.SchemaAttribute{
			{Name: "apps", Type: tftypes.List{ElementType: tftypes.String}, Required: true, Description: "Which."},
			{Name: "cli", Optional: true, NestedType: &tfprotov6.SchemaObject{
				Nesting:    tfprotov6.SchemaObjectNestingModeSingle,
				Attributes: []*tfprotov6.SchemaAttribute{{Name: "secret", Type: tftypes.String, Optional: true, Sensitive: true, WriteOnly: true}},
			}},
		},
	}})
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(got)
	if err != nil {
		t.Fatal(err)
	}
	want := `{"version":1,"block":{"attributes":{` +
		`"apps":{"type":["list","string"],"required":true,"description":"Which.","description_kind":"plain"},` +
		`"cli":{"nested_type":{"attributes":{` +
		`"secret":{"type":"string","optional":true,"sensitive":true,"write_only":true,"description_kind":"plain"}},"nesting_mode":"single"},` +
		`"optional":true,"description_kind":"plain"}},"description":"Does ` + "`it`" + `.","description_kind":"markdown"}}`
	if diff := cmp.Diff(want, string(text)); diff != "" {
		t.Error(diff)
	}
	if _, err := convert(&tfprotov6.Schema{Block: &tfprotov6.SchemaBlock{BlockTypes: []*tfprotov6.SchemaNestedBlock{{}}}}); err == nil {
		t.Error("a block is left out without a word")
	}
}

func TestWithLater(t *testing.T) {
	t.Parallel()
	text, err := withLater(t.Context(), []byte(`{"provider_schemas":{"`+source+`":{"resource_schemas":{"fly_x":{}}}}}`))
	if err != nil {
		t.Fatal(err)
	}
	var all struct {
		Providers map[string]struct {
			Resources map[string]any `json:"resource_schemas"`
			Actions   map[string]any `json:"action_schemas"`
		} `json:"provider_schemas"`
	}
	if err := json.Unmarshal(text, &all); err != nil {
		t.Fatal(err)
	}
	if of := all.Providers[source]; len(of.Resources) != 1 || len(of.Actions) == 0 {
		t.Errorf("got %s", text)
	}
	if _, err := withLater(t.Context(), []byte(`{"provider_schemas":{}}`)); err == nil {
		t.Error("a provider that OpenTofu did not load has no docs")
	}
}
