package provider_test

import (
	"encoding/base64"
	"reflect"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/function"
	fw "github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/flytokens/terraform-provider-fly/internal/provider"
)

func TestAuthorizationHeader(t *testing.T) {
	t.Parallel()
	macaroons, oauth := macaroonFor("one")+","+macaroonFor("two"), oauthFor("login")
	tests := map[string]struct{ token, want string }{
		"macaroons":      {macaroons, "FlyV1 " + macaroons},
		"scheme":         {"FlyV1 " + macaroons, "FlyV1 " + macaroons},
		"nested schemes": {"bearer flyv1  " + macaroons + "\n", "FlyV1 " + macaroons},
		"wrapped":        {macaroons[:40] + "\n  " + macaroons[40:], "FlyV1 " + macaroons},
		"OAuth":          {oauth, "Bearer " + oauth},
		"wrong scheme":   {"FlyV1 " + oauth, "Bearer " + oauth},
		"both":           {macaroons + "," + oauth, "FlyV1 " + macaroons + "," + oauth},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			result, fail := call(t, "authorization_header", literal(t, tt.token))
			if fail != nil {
				t.Fatal(fail.text)
			}
			if got := plain(t, result); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

// TestFunctionsRefuseWhatIsNoToken passes invalid tokens to each function. The
// error points at the argument, gives the position of the fault, and contains
// no part of the token.
func TestFunctionsRefuseWhatIsNoToken(t *testing.T) {
	t.Parallel()
	const advice = ". Pass the whole token as Fly printed it, with or without FlyV1 or Bearer in front"
	whole := strings.Split(flyctlToken(t, "dep"), ",")
	grammar := map[string]struct{ token, want string }{
		"empty":     {" \n", "not a Fly token: it is empty"},
		"no prefix": {strings.TrimPrefix(whole[0], "FlyV1 fm2_"), "not a Fly token: part 1 of 1 does not start with fm2_, fm1r_, fm1a_ or fo1_"},
		"comma":     {whole[0] + ",", "not a Fly token: part 2 of 2 is empty: a comma too many"},
		"cut off":   {whole[0][:101], "not a Fly token: part 1 of 1 is 95 bytes long and not valid base64: it may have been cut off when it was pasted"},
	}
	// These have the form of tokens. Only decoding shows the fault.
	contents := map[string]struct{ token, want string }{
		"cut off at a quantum": {whole[0] + "," + whole[1][:4+64], "part 2 of 2: "},
		"no macaroon":          {"fm2_" + base64.StdEncoding.EncodeToString(make([]byte, 64)), "part 1 of 1: "},
	}
	for _, name := range []string{"parse_token", "attenuate_token", "authorization_header"} {
		check := func(token, want string) {
			arguments := []tftypes.Value{literal(t, token)}
			if name == "attenuate_token" {
				arguments = append(arguments, literal(t, attrs{"access": "r"}))
			}
			_, fail := call(t, name, arguments...)
			if fail == nil {
				t.Fatalf("%s: the call succeeded, want %s", name, want)
			}
			if fail.argument != 0 || !strings.HasPrefix(fail.text, want) || !strings.HasSuffix(fail.text, advice) {
				t.Errorf("%s: argument %d: %s\nwant argument 0: %s%s", name, fail.argument, fail.text, want, advice)
			}
			if token = strings.TrimPrefix(token, "FlyV1 "); len(token) > 20 && leak(fail.text, token) != "" {
				t.Errorf("%s: the error holds a part of the token: %s", name, fail.text)
			}
		}
		for _, tt := range grammar {
			check(tt.token, tt.want)
		}
		if name == "authorization_header" {
			continue
		}
		for _, tt := range contents {
			check(tt.token, tt.want)
		}
	}
}

// TestFunctionsArePure runs each function twice through the framework, with new
// functions and arguments, and expects equal answers.
func TestFunctionsArePure(t *testing.T) {
	t.Parallel()
	restrictions := types.ObjectValueMust(
		map[string]attr.Type{"access": types.StringType, "expires_at": types.StringType},
		map[string]attr.Value{"access": types.StringValue("r"), "expires_at": types.StringValue("2029-06-01T00:00:00Z")},
	)
	for name, f := range functions(t) {
		arguments := []attr.Value{types.StringValue(mintOrgToken(t))}
		if name == "attenuate_token" {
			arguments = append(arguments, types.DynamicValue(restrictions))
		}
		first, second := run(t, f(), arguments), run(t, functions(t)[name](), arguments)
		if !reflect.DeepEqual(first, second) || first.IsNull() {
			t.Errorf("%s: %v, then %v", name, first, second)
		}
	}
}

// functions returns the constructors of the provider's functions, by name.
func functions(t *testing.T) map[string]func() function.Function {
	t.Helper()
	byName := map[string]func() function.Function{}
	for _, f := range as[fw.ProviderWithFunctions](t, provider.NewIn(provider.World{})()).Functions(t.Context()) {
		var resp function.MetadataResponse
		f().Metadata(t.Context(), function.MetadataRequest{}, &resp)
		byName[resp.Name] = f
	}
	if len(byName) != 3 {
		t.Fatalf("%d functions, want 3", len(byName))
	}
	return byName
}

func run(t *testing.T, f function.Function, arguments []attr.Value) attr.Value {
	t.Helper()
	ctx := t.Context()
	var definition function.DefinitionResponse
	f.Definition(ctx, function.DefinitionRequest{}, &definition)
	result, fail := definition.Definition.Return.NewResultData(ctx)
	if fail != nil {
		t.Fatal(fail)
	}
	resp := function.RunResponse{Result: result}
	f.Run(ctx, function.RunRequest{Arguments: function.NewArgumentsData(arguments)}, &resp)
	if resp.Error != nil {
		t.Fatal(resp.Error)
	}
	return resp.Result.Value()
}
