// Command fly is the fake flyctl of the benchmarks. It is small, so that the
// measurement covers only its configured delay and its callers.
package main

import (
	"os"

	"github.com/flytokens/terraform-provider-fly/internal/flytest/fakefly"
)

func main() {
	fakefly.Main()
	_, _ = os.Stderr.WriteString("fly: not in the folder of a fake\n")
	os.Exit(1)
}
