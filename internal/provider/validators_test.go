package provider_test

import (
	"strings"
	"testing"

	"github.com/flytokens/terraform-provider-fly/internal/token"
)

// invalid is a value that validation refuses, with the expected message.
type invalid struct {
	config attrs
	want   []string
}

// checkAll validates values that must pass and values that must be refused.
func checkAll(t *testing.T, validate func(*wire, attrs) string, valid map[string]attrs, refused map[string]invalid) {
	t.Helper()
	for name, config := range valid {
		t.Run("valid/"+name, func(t *testing.T) {
			t.Parallel()
			if got := validate(dial(t, scratch(t)), config); got != "" {
				t.Errorf("refused:\n%s", got)
			}
		})
	}
	for name, test := range refused {
		t.Run("invalid/"+name, func(t *testing.T) {
			t.Parallel()
			got := validate(dial(t, scratch(t)), test.config)
			for _, want := range append(test.want, "ERROR: ") {
				if !strings.Contains(got, want) {
					t.Errorf("%q is missing from:\n%s", want, got)
				}
			}
		})
	}
}

func TestValidateProviderLogin(t *testing.T) {
	t.Parallel()
	checkAll(t, (*wire).validateProvider, map[string]attrs{
		"nothing":             {},
		"macaroon":            {"access_token": macaroonFor("login")},
		"scheme and newline":  {"access_token": "FlyV1 " + macaroonFor("login") + "\n"},
		"oauth":               {"access_token": "Bearer " + oauthFor("login")},
		"unknown token":       {"access_token": unknown{}},
		"organization":        {"organization": "acme-1"},
		"unknown org":         {"organization": unknown{}},
		"config file":         {"config_file": "~/.fly/config.yml"},
		"unknown config file": {"config_file": unknown{}},
		"storage":             {"storage": attrs{"path": "tokens"}},
		"storage without":     {"storage": attrs{}},
		"unknown storage":     {"storage": unknown{}},
		"unknown path":        {"storage": attrs{"path": unknown{}}},
	}, map[string]invalid{
		"empty token":        {attrs{"access_token": ""}, []string{"The argument is access_token.", "it is empty", "fm2_ or fo1_"}},
		"no token":           {attrs{"access_token": "hunter2"}, []string{"Invalid Fly Token", "part 1 of 1"}},
		"organization":       {attrs{"organization": "Acme Inc."}, []string{`"Acme Inc."`, "fly orgs list", `AttributeName("organization")`}},
		"empty organization": {attrs{"organization": ""}, []string{"Invalid Organization"}},
		"token as org":       {attrs{"organization": macaroonFor("astray")}, []string{"looks like a token"}},
		"empty config file":  {attrs{"config_file": ""}, []string{"Invalid Path", `AttributeName("config_file")`, "The path is empty"}},
		"NUL":                {attrs{"config_file": "a\x00b"}, []string{"NUL"}},
		"empty storage":      {attrs{"storage": attrs{"path": " "}}, []string{`AttributeName("storage").AttributeName("path")`, "The path is empty"}},
	})
}

func TestValidateProviderSourcesAndRefresh(t *testing.T) {
	t.Parallel()
	checkAll(t, (*wire).validateProvider, map[string]attrs{
		"one":             {"sources": []any{"cli"}},
		"turned round":    {"sources": []any{"manual", "env", "cli", "config", "storage"}},
		"unknown":         {"sources": unknown{}},
		"unknown element": {"sources": []any{"cli", unknown{}}},
		"if_expired":      {"refresh": "if_expired"},
		"always":          {"refresh": "always"},
		"unknown refresh": {"refresh": unknown{}},
	}, map[string]invalid{
		"empty":     {attrs{"sources": []any{}}, []string{`AttributeName("sources")`, "at least 1"}},
		"twice":     {attrs{"sources": []any{"cli", "cli"}}, []string{"Repeated Name", `"cli" is in the list twice`}},
		"no source": {attrs{"sources": []any{"cli", "vault"}}, []string{`"vault" is not a valid value`, "storage, config, cli, api, env, manual"}},
		"cache":     {attrs{"sources": []any{"cache"}}, []string{"cache"}},
		"null":      {attrs{"sources": []any{nil}}, []string{"null"}},
		"refresh":   {attrs{"refresh": "never"}, []string{`AttributeName("refresh")`, "never", "if_expired", "always"}},
	})
}

func TestValidateProviderDurations(t *testing.T) {
	t.Parallel()
	checkAll(t, (*wire).validateProvider, map[string]attrs{
		"ttl":                 {"token_ttl": "5m"},
		"longest ttl":         {"token_ttl": "8760h"},
		"both":                {"token_ttl": "2h", "min_validity": "119m"},
		"validity":            {"min_validity": "23h59m"},
		"short ttl alone":     {"token_ttl": "30m"},
		"unknown ttl":         {"token_ttl": unknown{}, "min_validity": "48h"},
		"unknown validity":    {"token_ttl": "5m", "min_validity": unknown{}},
		"cli":                 {"cli": attrs{"path": "flyctl", "timeout": "1ms", "max_parallel": 1}},
		"api":                 {"api": attrs{"max_parallel": 100}},
		"cli empty":           {"cli": attrs{}},
		"cli unknown":         {"cli": unknown{}},
		"cli unknown members": {"cli": attrs{"path": unknown{}, "timeout": unknown{}, "max_parallel": unknown{}}},
	}, map[string]invalid{
		"no duration":      {attrs{"token_ttl": "1d"}, []string{`AttributeName("token_ttl")`, `"1d" is not a duration`, "a day is 24h"}},
		"number":           {attrs{"token_ttl": "24"}, []string{"is not a duration"}},
		"too short":        {attrs{"token_ttl": "4m59s"}, []string{"from 5m to 8760h"}},
		"too long":         {attrs{"token_ttl": "8761h"}, []string{"from 5m to 8760h"}},
		"negative":         {attrs{"min_validity": "-1h"}, []string{"from 1s to 8760h"}},
		"equal":            {attrs{"token_ttl": "2h", "min_validity": "2h"}, []string{`AttributeName("min_validity")`, "must be less than token_ttl (2h)"}},
		"above default":    {attrs{"min_validity": "24h"}, []string{"min_validity (24h) must be less than token_ttl (24h)"}},
		"no timeout":       {attrs{"cli": attrs{"timeout": "0s"}}, []string{`AttributeName("cli").AttributeName("timeout")`, "from 1ms to 1h"}},
		"negative timeout": {attrs{"cli": attrs{"timeout": "-5s"}}, []string{"from 1ms to 1h"}},
		"no parallel":      {attrs{"cli": attrs{"max_parallel": 0}}, []string{`AttributeName("max_parallel")`, "at least 1"}},
		"no request":       {attrs{"api": attrs{"max_parallel": -1}}, []string{`AttributeName("api").AttributeName("max_parallel")`, "at least 1"}},
		"empty path":       {attrs{"cli": attrs{"path": ""}}, []string{`AttributeName("cli").AttributeName("path")`, "The path is empty"}},
	})
}

func TestValidateAppToken(t *testing.T) {
	t.Parallel()
	checkAll(t, (*wire).validateData, map[string]attrs{
		"app":     {"app": "web"},
		"all":     {"app": "web-2", "organization": "acme", "refresh": "always"},
		"unknown": {"app": unknown{}, "organization": unknown{}, "refresh": unknown{}},
	}, map[string]invalid{
		"upper case":   {attrs{"app": "Web"}, []string{"Invalid App Name", `"Web" cannot be the name`, `AttributeName("app")`}},
		"path":         {attrs{"app": "../web"}, []string{"lower-case letters, digits and hyphens"}},
		"option":       {attrs{"app": "-web"}, []string{"no hyphen at either end"}},
		"too long":     {attrs{"app": strings.Repeat("a", 64)}, []string{"up to 63"}},
		"empty":        {attrs{"app": ""}, []string{`"" cannot be`}},
		"organization": {attrs{"app": "web", "organization": "a b"}, []string{"Invalid Organization"}},
		"refresh":      {attrs{"app": "web", "refresh": "sometimes"}, []string{`AttributeName("refresh")`}},
	})
}

func TestValidateManualToken(t *testing.T) {
	t.Parallel()
	checkAll(t, (*wire).validateManual, map[string]attrs{
		"macaroon": {"app": "web", "token": macaroonFor("web")},
		"bundle":   {"app": "web", "token": macaroonFor("web") + "," + macaroonFor("discharge")},
		"oauth":    {"app": "web", "token": oauthFor("web")},
		"unknown":  {"app": unknown{}, "token": unknown{}},
	}, map[string]invalid{
		"app":        {attrs{"app": "web_app", "token": macaroonFor("web")}, []string{"Invalid App Name"}},
		"password":   {attrs{"app": "web", "token": "correct horse"}, []string{"Invalid Fly Token", "The argument is token."}},
		"empty":      {attrs{"app": "web", "token": ""}, []string{"it is empty"}},
		"cut":        {attrs{"app": "web", "token": macaroonFor("web")[:61]}, []string{"cut off"}},
		"commas":     {attrs{"app": "web", "token": macaroonFor("web") + ","}, []string{"a comma too many"}},
		"url base64": {attrs{"app": "web", "token": "fm2_-_-_"}, []string{"not valid base64"}},
	})
}

// A token that was written to the wrong argument is neither quoted nor on a source
// line that the engine prints.
func TestValidationQuotesNoToken(t *testing.T) {
	t.Parallel()
	w := dial(t, scratch(t))
	for _, value := range []string{macaroonFor("web"), macaroonFor("web")[:61], oauthFor("web"), "FlyV1 " + macaroonFor("web")} {
		texts := map[string]string{
			"manual as app": w.validateManual(attrs{"app": value, "token": macaroonFor("web")}),
			"sources":       w.validateProvider(attrs{"sources": []any{value}}),
			"sources twice": w.validateProvider(attrs{"sources": []any{value, value}}),
		}
		for _, name := range []string{"organization", "refresh", "token_ttl", "min_validity"} {
			texts[name] = w.validateProvider(attrs{name: value})
		}
		for _, name := range []string{"app", "access", "organization", "refresh"} {
			config := attrs{"app": "web"}
			config[name] = value
			texts["data "+name] = w.validateData(config)
		}
		for _, name := range []string{"base_url", "machines_base_url", "timeout"} {
			texts["api."+name] = w.validateProvider(attrs{"api": attrs{name: value}})
		}
		for _, name := range []string{"mount", "path", "address", "namespace"} {
			vault := attrs{"mount": "secret"}
			vault[name] = value
			texts["storage.vault."+name] = w.validateProvider(attrs{"storage": attrs{"vault": vault}})
		}
		for _, name := range []string{"bucket", "prefix", "region", "endpoint", "kms_key_id"} {
			s3 := attrs{"bucket": "acme-tokens"}
			s3[name] = value
			texts["storage.s3."+name] = w.validateProvider(attrs{"storage": attrs{"s3": s3}})
		}
		if _, err := token.Parse(value); err == nil { // anything else may be a path
			texts["config_file"] = w.validateProvider(attrs{"config_file": value})
			texts["cli.path"] = w.validateProvider(attrs{"cli": attrs{"path": value}})
			texts["storage.path"] = w.validateProvider(attrs{"storage": attrs{"path": value}})
		} else {
			texts["access_token"] = w.validateProvider(attrs{"access_token": value})
			texts["manual token"] = w.validateManual(attrs{"app": "web", "token": value})
		}
		for name, got := range texts {
			if !strings.Contains(got, "ERROR") || strings.Contains(got, value[10:18]) || strings.Contains(got, "AttributeName") {
				t.Errorf("%s = %.9s…:\n%s", name, value, got)
			}
		}
	}
}
