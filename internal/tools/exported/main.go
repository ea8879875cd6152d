// Command exported reports the exported names that only their own package uses, and
// those of released code that only tests use.
//
//	exported . internal/tools/bench
//
// The arguments are the folders of the modules. The external tests of a package
// (package x_test) are a different package. Names that a library finds by reflection
// are not reported: methods of an interface, fields that have a tag, and methods and
// fields of an unexported type.
package main

import (
	"fmt"
	"os"
	"slices"
)

func main() {
	c := newCheck()
	for _, dir := range os.Args[1:] {
		if err := c.load(dir); err != nil {
			fmt.Fprintln(os.Stderr, "exported:", err)
			os.Exit(1)
		}
	}
	reports := c.reports()
	slices.Sort(reports)
	for _, line := range reports {
		fmt.Println(line)
	}
	if len(reports) > 0 {
		os.Exit(1)
	}
}
