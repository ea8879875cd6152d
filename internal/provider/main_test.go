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
	os.Exit(engine.Run(m))
}
