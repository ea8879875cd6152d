package provider_test

import (
	"os"
	"testing"

	"github.com/flytokens/terraform-provider-fly/internal/flytest/engine"
	"github.com/flytokens/terraform-provider-fly/internal/flytest/fakefly"
)

func TestMain(m *testing.M) {
	fakefly.Main()
	execWithoutLocks()
	holdStateLock()
	if os.Getenv(asMachine) != "" { // its environment is that of the test that started it
		os.Exit(m.Run())
	}
	os.Exit(engine.Run(m))
}
