// Command fly is the fake flyctl of the benchmarks: small, so that what is
// measured is the delay that it was told, and those who call it.
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
