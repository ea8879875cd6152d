package provider_test

import (
	"context"
	"fmt"
	"math/big"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/flytokens/terraform-provider-fly/internal/provider"
)

// attrs are the attributes of a block as a test writes them: strings, ints, bools,
// slices and maps of these, unknown, or nil.
type attrs map[string]any

// unknown is a value that is known after apply.
type unknown struct{}

// wire calls a provider over the plugin protocol, like an engine.
type wire struct {
	t      *testing.T
	server tfprotov6.ProviderServer
	schema *tfprotov6.GetProviderSchemaResponse
	// end is called when the engine ends the provider.
	end func(context.Context) error
}

// dial serves a provider in the given world.
func dial(t *testing.T, w provider.World) *wire {
	t.Helper()
	constructor, end := provider.NewEnding(w)
	server := provider.NewServer(constructor())
	schema, err := server.GetProviderSchema(t.Context(), &tfprotov6.GetProviderSchemaRequest{})
	if err != nil {
		t.Fatal(err)
	}
	if got := problems(schema.Diagnostics); got != "" {
		t.Fatal(got)
	}
	return &wire{t: t, server: server, schema: schema, end: end}
}

// scratch is an empty world.
func scratch(t *testing.T) provider.World {
	t.Helper()
	home := t.TempDir()
	return provider.World{Home: home, ConfigDir: home + "/config", TempDir: t.TempDir()}
}

// problems prints diagnostics, one block for each.
func problems(diags []*tfprotov6.Diagnostic) string {
	var b strings.Builder
	for _, d := range diags {
		fmt.Fprintf(&b, "%s: %s\n", d.Severity, d.Summary)
		if d.Attribute != nil {
			fmt.Fprintf(&b, "at %s\n", d.Attribute)
		}
		fmt.Fprintf(&b, "%s\n", d.Detail)
	}
	return b.String()
}

// value makes a value of typ. Attributes that v omits are null.
func value(t *testing.T, typ tftypes.Type, v any) tftypes.Value {
	t.Helper()
	switch v := v.(type) {
	case unknown:
		return tftypes.NewValue(typ, tftypes.UnknownValue)
	case nil:
		return tftypes.NewValue(typ, nil)
	case int:
		return tftypes.NewValue(typ, big.NewFloat(float64(v)))
	case string, bool:
		return tftypes.NewValue(typ, v)
	case []any:
		list := as[tftypes.List](t, typ)
		elements := make([]tftypes.Value, len(v))
		for i, e := range v {
			elements[i] = value(t, list.ElementType, e)
		}
		return tftypes.NewValue(typ, elements)
	case map[string]string:
		elements := map[string]tftypes.Value{}
		for key, element := range v {
			elements[key] = tftypes.NewValue(tftypes.String, element)
		}
		return tftypes.NewValue(typ, elements)
	case attrs:
		fields := map[string]tftypes.Value{}
		for name, fieldType := range as[tftypes.Object](t, typ).AttributeTypes {
			fields[name] = value(t, fieldType, v[name])
		}
		for name := range v {
			if _, ok := fields[name]; !ok {
				t.Fatalf("there is no attribute %s", name)
			}
		}
		return tftypes.NewValue(typ, fields)
	default:
		t.Fatalf("cannot write a %T", v)
		return tftypes.Value{}
	}
}

// as returns v as the T that it must be.
func as[T any](t *testing.T, v any) T {
	t.Helper()
	typed, ok := v.(T)
	if !ok {
		t.Fatalf("got a %T: %v", v, v)
	}
	return typed
}

// pack encodes a value for the wire.
func (w *wire) pack(typ tftypes.Type, v any) *tfprotov6.DynamicValue {
	w.t.Helper()
	packed, err := tfprotov6.NewDynamicValue(typ, value(w.t, typ, v))
	if err != nil {
		w.t.Fatal(err)
	}
	return &packed
}

// unpack reads an object. It returns nil for no object, and unknown for unknown
// values.
func (w *wire) unpack(typ tftypes.Type, packed *tfprotov6.DynamicValue) attrs {
	w.t.Helper()
	if packed == nil {
		return nil
	}
	v, err := packed.Unmarshal(typ)
	w.check(err)
	if v.IsNull() {
		return nil
	}
	return as[attrs](w.t, w.scalar(v))
}

// scalar reads one value, a map of texts, a list or an object.
func (w *wire) scalar(v tftypes.Value) any {
	w.t.Helper()
	switch {
	case v.Type().Is(tftypes.List{}) && v.IsKnown() && !v.IsNull():
		var elements []tftypes.Value
		w.check(v.As(&elements))
		list := make([]any, len(elements))
		for i, element := range elements {
			list[i] = w.scalar(element)
		}
		return list
	case v.Type().Is(tftypes.Object{}) && v.IsKnown() && !v.IsNull():
		fields, got := map[string]tftypes.Value{}, attrs{}
		w.check(v.As(&fields))
		for name, field := range fields {
			got[name] = w.scalar(field)
		}
		return got
	case v.Type().Is(tftypes.Map{}) && v.IsKnown() && !v.IsNull():
		elements, texts := map[string]tftypes.Value{}, map[string]string{}
		w.check(v.As(&elements))
		for key, element := range elements {
			var s string
			w.check(element.As(&s))
			texts[key] = s
		}
		return texts
	case !v.IsKnown():
		return unknown{}
	case v.IsNull():
		return nil
	case v.Type().Is(tftypes.Number):
		var n big.Float
		w.check(v.As(&n))
		i, _ := n.Int64()
		return int(i)
	case v.Type().Is(tftypes.Bool):
		var b bool
		w.check(v.As(&b))
		return b
	default:
		var s string
		w.check(v.As(&s))
		return s
	}
}

// check fails the test for an error of the transport.
func (w *wire) check(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *wire) providerType() tftypes.Type { return w.schema.Provider.ValueType() }

func (w *wire) dataType() tftypes.Type {
	return w.schema.DataSourceSchemas["fly_app_token"].ValueType()
}

func (w *wire) manualType() tftypes.Type {
	return w.schema.ResourceSchemas["fly_manual_token"].ValueType()
}

// validateProvider returns the diagnostics of a provider block.
func (w *wire) validateProvider(config attrs) string {
	w.t.Helper()
	resp, err := w.server.ValidateProviderConfig(w.t.Context(), &tfprotov6.ValidateProviderConfigRequest{Config: w.pack(w.providerType(), config)})
	w.check(err)
	return problems(resp.Diagnostics)
}

// configure configures the provider and returns the diagnostics.
func (w *wire) configure(config attrs) string {
	w.t.Helper()
	resp, err := w.server.ConfigureProvider(w.t.Context(), &tfprotov6.ConfigureProviderRequest{Config: w.pack(w.providerType(), config)})
	w.check(err)
	return problems(resp.Diagnostics)
}

// validateData returns the diagnostics of a data source.
func (w *wire) validateData(config attrs) string {
	w.t.Helper()
	resp, err := w.server.ValidateDataResourceConfig(w.t.Context(), &tfprotov6.ValidateDataResourceConfigRequest{
		TypeName: "fly_app_token", Config: w.pack(w.dataType(), config),
	})
	w.check(err)
	return problems(resp.Diagnostics)
}

// read reads a data source.
func (w *wire) read(ctx context.Context, config attrs) (attrs, string) {
	w.t.Helper()
	resp, err := w.server.ReadDataSource(ctx, &tfprotov6.ReadDataSourceRequest{
		TypeName: "fly_app_token", Config: w.pack(w.dataType(), config),
	})
	w.check(err)
	return w.unpack(w.dataType(), resp.State), problems(resp.Diagnostics)
}
