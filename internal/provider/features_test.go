package provider_test

import (
	"context"
	"os"
	"sync"
	"testing"

	"github.com/flytokens/terraform-provider-fly/internal/flytest/engine"
)

// chosen is the engine that acceptance tests run on.
var chosen = sync.OnceValues(func() (engine.Engine, error) {
	return engine.At(context.Background(), os.Getenv("TF_ACC_TERRAFORM_PATH"))
})

// requires skips the test on an engine without the features, and without
// TF_ACC.
func requires(t *testing.T, features ...engine.Feature) {
	t.Helper()
	if os.Getenv("TF_ACC") == "" {
		t.Skip("acceptance tests run with TF_ACC=1")
	}
	e, err := chosen()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range features {
		if !e.Knows(f) {
			t.Skipf("%s does not know %s", e, f)
		}
	}
}
