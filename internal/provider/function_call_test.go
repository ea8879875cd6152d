package provider_test

import (
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/flytokens/terraform-provider-fly/internal/flytest/macaroons"
	"github.com/flytokens/terraform-provider-fly/internal/macaroon"
	"github.com/flytokens/terraform-provider-fly/internal/provider"
)

// failure is an error of a function: its text, and the argument that it points
// at, or -1.
type failure struct {
	argument int64
	text     string
}

// call calls a function of an unconfigured provider, over the wire.
func call(t *testing.T, name string, arguments ...tftypes.Value) (tftypes.Value, *failure) {
	t.Helper()
	w := dial(t, provider.World{})
	f, ok := w.schema.Functions[name]
	if !ok {
		t.Fatalf("function %s does not exist", name)
	}
	req := &tfprotov6.CallFunctionRequest{Name: name}
	for i, argument := range arguments {
		packed, err := tfprotov6.NewDynamicValue(f.Parameters[i].Type, argument)
		w.check(err)
		req.Arguments = append(req.Arguments, &packed)
	}
	resp, err := w.server.CallFunction(t.Context(), req)
	w.check(err)
	if resp.Error != nil {
		got := &failure{argument: -1, text: resp.Error.Text}
		if resp.Error.FunctionArgument != nil {
			got.argument = *resp.Error.FunctionArgument
		}
		return tftypes.Value{}, got
	}
	result, err := resp.Result.Unmarshal(f.Return.Type)
	w.check(err)
	return result, nil
}

// literal is a value as the language builds it from a literal: a list is a
// tuple, and a map an object.
func literal(t *testing.T, v any) tftypes.Value {
	t.Helper()
	switch v := v.(type) {
	case nil:
		return tftypes.NewValue(tftypes.DynamicPseudoType, nil)
	case string:
		return tftypes.NewValue(tftypes.String, v)
	case bool:
		return tftypes.NewValue(tftypes.Bool, v)
	case int:
		return tftypes.NewValue(tftypes.Number, new(big.Float).SetInt64(int64(v)))
	case uint64:
		return tftypes.NewValue(tftypes.Number, new(big.Float).SetUint64(v))
	case float64:
		return tftypes.NewValue(tftypes.Number, big.NewFloat(v))
	case []any:
		types, elements := make([]tftypes.Type, len(v)), make([]tftypes.Value, len(v))
		for i, e := range v {
			elements[i] = literal(t, e)
			types[i] = elements[i].Type()
		}
		return tftypes.NewValue(tftypes.Tuple{ElementTypes: types}, elements)
	case attrs:
		types, fields := map[string]tftypes.Type{}, map[string]tftypes.Value{}
		for name, e := range v {
			fields[name] = literal(t, e)
			types[name] = fields[name].Type()
		}
		return tftypes.NewValue(tftypes.Object{AttributeTypes: types}, fields)
	default:
		t.Fatalf("cannot write a %T", v)
		return tftypes.Value{}
	}
}

// plain is the opposite of literal: strings, numbers as texts, lists and attrs.
func plain(t *testing.T, v tftypes.Value) any {
	t.Helper()
	into := func(target any) {
		if err := v.As(target); err != nil {
			t.Fatal(err)
		}
	}
	switch typ := v.Type(); {
	case v.IsNull():
		return nil
	case typ.Is(tftypes.String):
		var s string
		into(&s)
		return s
	case typ.Is(tftypes.Number):
		n := new(big.Float)
		into(&n)
		return n.Text('f', -1)
	case typ.Is(tftypes.List{}):
		var list []tftypes.Value
		into(&list)
		out := make([]any, len(list))
		for i, e := range list {
			out[i] = plain(t, e)
		}
		return out
	default:
		var fields map[string]tftypes.Value
		into(&fields)
		out := attrs{}
		for name, e := range fields {
			out[name] = plain(t, e)
		}
		return out
	}
}

// The organization and the apps of the tokens that the functions' tests mint, by
// number.
const (
	mintOrg = 4721
	mintApp = 8000
)

// mintEnd is when these tokens expire.
func mintEnd() time.Time { return time.Date(2030, time.January, 2, 3, 4, 5, 0, time.UTC) }

// mintPermission mints a permission macaroon.
func mintPermission(t *testing.T, caveats ...macaroon.Caveat) *macaroon.Macaroon {
	t.Helper()
	m, err := macaroons.New(mintSeed(macaroon.LocationPermission, "key"), caveats...)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// mintDischarge mints a discharge of a ticket.
func mintDischarge(t *testing.T, ticket string, caveats ...macaroon.Caveat) *macaroon.Macaroon {
	t.Helper()
	m, err := macaroons.NewDischarge(mintSeed(macaroon.LocationAuthentication, ticket), caveats...)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func mintSeed(location, keyID string) macaroons.Seed {
	return macaroons.Seed{Key: make([]byte, 32), KeyID: []byte(keyID), Random: make([]byte, 16), Location: location}
}

// mintOrgToken mints the token of a whole organization, with its discharge.
func mintOrgToken(t *testing.T, more ...macaroon.Caveat) string {
	t.Helper()
	caveats := append([]macaroon.Caveat{
		macaroon.Organization{ID: mintOrg, Mask: macaroon.ActionAll},
		macaroon.Window(mintEnd().AddDate(-1, 0, 0), mintEnd()),
		macaroon.ThirdParty{Location: macaroon.LocationAuthentication, VerifierKey: make([]byte, 60), Ticket: []byte("ticket")},
	}, more...)
	return macaroon.NewBundle(mintPermission(t, caveats...), mintDischarge(t, "ticket", macaroons.IsUser(42))).Reveal()
}

// flyctlToken reads flyctl's output.
func flyctlToken(t *testing.T, name string) string {
	t.Helper()
	return strings.TrimSpace(string(vector(t, "fake-"+name+".token")))
}

func vector(t *testing.T, name string) []byte {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("..", "macaroon", "testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// decoded decodes the token that a function returned.
func decoded(t *testing.T, text string) macaroon.Bundle {
	t.Helper()
	b, err := macaroon.ParseBundle(text)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
