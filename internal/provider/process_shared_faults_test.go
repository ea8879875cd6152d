package provider_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/flytokens/terraform-provider-fly/internal/flytest"
	"github.com/flytokens/terraform-provider-fly/internal/flytest/s3test"
	"github.com/flytokens/terraform-provider-fly/internal/flytest/vaulttest"
)

// Storage that cannot be used is one warning of a run that mints, and an error of
// a manual token. Both say what failed and what to do.
func TestAccProcessSharedStorageFails(t *testing.T) {
	t.Parallel()
	v := vaulttest.Start(t, vaulttest.Config{})
	v.Mount(t, "one", 1)
	v.Policy(t, "other", `path "secret/data/other/*" { capabilities = ["create", "read", "update"] }`)
	sealed := vaulttest.Start(t, vaulttest.Config{})
	sealed.Seal(t)
	secure := vaulttest.Start(t, vaulttest.Config{TLS: true})
	bucket := s3test.Start(t, s3test.Config{})
	bucket.Bucket(t, "acme-tokens")
	keys := func(secret string) []string {
		return []string{"AWS_ENDPOINT_URL_S3=" + bucket.Endpoint, "AWS_REGION=us-east-1", "AWS_ACCESS_KEY_ID=" + s3test.AccessKey, "AWS_SECRET_ACCESS_KEY=" + secret}
	}
	root := func(s *vaulttest.Server) []string {
		return []string{"VAULT_ADDR=" + s.Address, "VAULT_TOKEN=" + s.RootToken}
	}
	for name, test := range map[string]struct {
		storage string
		env     []string
		want    []string
	}{
		"no Vault":           {`vault = { mount = "secret" }`, []string{"VAULT_ADDR=http://127.0.0.1:1", "VAULT_TOKEN=x"}, []string{"nothing listens at 127.0.0.1:1", "VAULT_ADDR"}},
		"sealed":             {`vault = { mount = "secret" }`, root(sealed), []string{"the server is sealed", "vault operator unseal"}},
		"unknown authority":  {`vault = { mount = "secret" }`, root(secure), []string{"unknown authority", "VAULT_CACERT"}},
		"no permission":      {`vault = { mount = "secret" }`, []string{"VAULT_ADDR=" + v.Address, "VAULT_TOKEN=" + v.Token(t, "other")}, []string{"403", "allow create, read and update on secret/data/fly-tokens/"}},
		"no Vault token":     {`vault = { mount = "secret" }`, []string{"VAULT_ADDR=" + v.Address}, []string{"vault login"}},
		"wrong mount":        {`vault = { mount = "kv" }`, root(v), []string{"nothing is mounted at kv", "storage.vault.mount"}},
		"version 1":          {`vault = { mount = "one" }`, root(v), []string{"not a KV version 2 secrets engine", "vault kv enable-versioning one"}},
		"no S3":              {`s3 = { bucket = "acme-tokens", endpoint = "http://127.0.0.1:1", use_path_style = true }`, keys(s3test.SecretKey), []string{"nothing listens at 127.0.0.1:1", "storage.s3.endpoint"}},
		"no bucket":          {`s3 = { bucket = "no-tokens", use_path_style = true }`, keys(s3test.SecretKey), []string{"the bucket no-tokens does not exist", "storage.s3.bucket"}},
		"wrong credentials":  {`s3 = { bucket = "acme-tokens", use_path_style = true }`, keys("wrong"), []string{"refuses the signature", "AWS_SECRET_ACCESS_KEY"}},
		"without credential": {`s3 = { bucket = "acme-tokens", use_path_style = true }`, []string{"AWS_ENDPOINT_URL_S3=" + bucket.Endpoint, "AWS_REGION=us-east-1", "AWS_EC2_METADATA_DISABLED=true"}, []string{"no AWS credentials", "AWS_PROFILE"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := flytest.New(t, flyWorld())
			block := fmt.Sprintf("storage = { %s }\n", test.storage)
			p := start(t, readAll(block, "", "web", "worker", "shop"), append(runner(t, s, s.Login(ownerOfBoth)), test.env...)...)
			plan := p.run("plan")
			if n := strings.Count(plan.output, "Warning: Unable to Save Fly App Token"); n != 1 || strings.Contains(plan.output, "similar warning") || s.Count(flytest.OpMint) != 2 {
				t.Errorf("%d warnings and %d mints:\n%s", n, s.Count(flytest.OpMint), plan.output)
			}
			p.configure("provider \"fly\" {\n" + block + "}\n" + manualConfig("web", macaroonFor("web")))
			failed := p.try("apply", "-auto-approve")
			if !failed.failed || !strings.Contains(failed.output, "Error: Unable to Save Manual Token") {
				t.Errorf("the apply says:\n%s", failed.output)
			}
			for _, want := range test.want {
				for _, got := range []string{plan.output, failed.output} {
					if !strings.Contains(strings.Join(strings.Fields(strings.ReplaceAll(got, "│", "")), " "), want) {
						t.Errorf("%q is missing from:\n%s", want, got)
					}
				}
			}
		})
	}
}
