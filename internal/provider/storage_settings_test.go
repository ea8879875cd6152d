package provider_test

import (
	"strings"
	"testing"
)

func TestValidateProviderStorage(t *testing.T) {
	t.Parallel()
	vault := func(name, value string) attrs {
		return attrs{"storage": attrs{"vault": attrs{"mount": "secret", name: value}}}
	}
	s3 := func(name, value string) attrs {
		return attrs{"storage": attrs{"s3": attrs{"bucket": "acme-tokens", name: value}}}
	}
	checkAll(t, (*wire).validateProvider, map[string]attrs{
		"vault":           {"storage": attrs{"vault": attrs{"mount": "team/kv", "path": "fly/tokens", "address": "https://vault.example.com:8200", "namespace": "acme"}}},
		"vault alone":     {"storage": attrs{"vault": attrs{"mount": "secret"}}},
		"loopback":        vault("address", "http://127.0.0.1:8200"),
		"s3":              {"storage": attrs{"s3": attrs{"bucket": "acme-tokens", "prefix": "fly", "region": "eu-central-1", "endpoint": "https://fly.storage.tigris.dev", "use_path_style": true, "kms_key_id": "alias/tokens"}}},
		"s3 alone":        {"storage": attrs{"s3": attrs{"bucket": "acme-tokens"}}},
		"timeout alone":   {"storage": attrs{"timeout": "2s"}},
		"unknown vault":   {"storage": attrs{"vault": unknown{}}},
		"unknown members": {"storage": attrs{"s3": attrs{"bucket": unknown{}, "use_path_style": unknown{}}}},
	}, map[string]invalid{
		"two locations":    {attrs{"storage": attrs{"path": "tokens", "s3": attrs{"bucket": "acme-tokens"}}}, []string{"Invalid Storage", "storage.path and storage.s3 are set", "Remove one"}},
		"URL as a path":    {attrs{"storage": attrs{"path": "vault://secret/fly"}}, []string{"Invalid Path", "Set storage.vault or storage.s3", "FLY_TOKEN_STORAGE"}},
		"short timeout":    {attrs{"storage": attrs{"timeout": "50ms"}}, []string{"from 100ms to 7s"}},
		"long timeout":     {attrs{"storage": attrs{"timeout": "8s"}}, []string{"from 100ms to 7s"}},
		"no mount":         {attrs{"storage": attrs{"vault": attrs{"path": "fly"}}}, []string{"mount"}},
		"empty mount":      {attrs{"storage": attrs{"vault": attrs{"mount": ""}}}, []string{"Invalid Mount", "such as secret"}},
		"relative mount":   {attrs{"storage": attrs{"vault": attrs{"mount": "a/../sys"}}}, []string{"Invalid Mount", "relative segment"}},
		"path":             {vault("path", "fly tokens"), []string{"Invalid Path", `"fly tokens" is not a path of letters`}},
		"plain address":    {vault("address", "http://vault.example.com"), []string{"Invalid Address", "unencrypted", "Use https://"}},
		"no address":       {vault("address", "vault.example.com:8200"), []string{"Invalid Address", "https://storage.example.com"}},
		"address and user": {vault("address", "https://me:secret@vault.example.com"), []string{"Invalid Address", "a user, a query or a fragment"}},
		"namespace":        {vault("namespace", ""), []string{"Invalid Namespace"}},
		"no bucket":        {attrs{"storage": attrs{"s3": attrs{"prefix": "fly"}}}, []string{"bucket"}},
		"short bucket":     {attrs{"storage": attrs{"s3": attrs{"bucket": "ab"}}}, []string{"Invalid Bucket", "3 to 63"}},
		"prefix":           {s3("prefix", "../other"), []string{"Invalid Prefix", "relative segment"}},
		"region":           {s3("region", "Frankfurt"), []string{"Invalid Region", "eu-central-1"}},
		"endpoint":         {s3("endpoint", "http://minio.example.com"), []string{"Invalid Address", "unencrypted"}},
		"key":              {s3("kms_key_id", " "), []string{"Invalid KMS Key"}},
	})
}

// What FLY_TOKEN_STORAGE names is used, and checked like the arguments.
func TestStorageVariable(t *testing.T) {
	t.Parallel()
	// The servers have no address, so that the error names the storage.
	for value, want := range map[string][]string{
		"vault://secret/team/fly":         {"Unable to Save Manual Token", "vault secret/team/fly/web/manual"},
		"vault://secret":                  {"Unable to Save Manual Token", "vault secret/fly-tokens/web/manual"},
		"s3://acme-tokens/team/fly/":      {"Unable to Save Manual Token", "s3://acme-tokens/team/fly/web/manual.json"},
		"s3://acme-tokens":                {"Unable to Save Manual Token", "s3://acme-tokens/fly-tokens/web/manual.json"},
		"vault://":                        {"FLY_TOKEN_STORAGE, which replaces the provider argument storage.vault, is invalid", "vault://secret/fly-tokens", "VAULT_ADDR"},
		"vault://secret/a/../b":           {"which replaces the provider argument storage.vault, is invalid"},
		"s3://ab":                         {"FLY_TOKEN_STORAGE, which replaces the provider argument storage.s3, is invalid", "s3://acme-tokens/fly", "AWS_REGION"},
		"s3://me:secret@acme-tokens/fly":  {"which replaces the provider argument storage.s3, is invalid"},
		"https://vault.example.com/fly":   {"Its scheme is unsupported", "vault://MOUNT/PATH"},
		"consul://secret/" + "hunter2pwd": {"Its scheme is unsupported"},
	} {
		t.Run(value, func(t *testing.T) {
			t.Parallel()
			world := scratch(t)
			world.Variables = []string{"FLY_TOKEN_STORAGE=" + value}
			w := dial(t, world)
			got := w.configure(attrs{"storage": attrs{"timeout": "100ms"}})
			if got == "" {
				_, got = w.create(attrs{"app": "web", "token": macaroonFor("web")})
			}
			for _, want := range want {
				if !strings.Contains(got, want) {
					t.Errorf("%q is missing from:\n%s", want, got)
				}
			}
			if strings.Contains(got, "secret@") || strings.Contains(got, "hunter2") {
				t.Errorf("it quotes the value:\n%s", got)
			}
		})
	}
}
