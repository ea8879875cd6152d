// Command terraform-provider-fly hands each Fly.io app the API token it needs.
// Terraform and OpenTofu start it; people run it with -version.
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"runtime"

	"github.com/flytokens/terraform-provider-fly/internal/coredump"
	"github.com/flytokens/terraform-provider-fly/internal/provider"
)

// version is the release, set by the linker.
var version = "dev"

func main() {
	debug := flag.Bool("debug", false, "wait for a debugger such as delve, and print how Terraform attaches to this process")
	showVersion := flag.Bool("version", false, "print the version and exit")
	flag.Parse()
	if *showVersion {
		fmt.Printf("terraform-provider-fly %s (%s, %s/%s)\n", version, runtime.Version(), runtime.GOOS, runtime.GOARCH)
		return
	}
	if !*debug { // A debugger could not attach.
		if err := coredump.Disable(); err != nil {
			log.Printf("cannot disable core dumps, which would hold Fly logins: %v", err)
		}
	}
	if err := provider.Serve(context.Background(), version, *debug); err != nil {
		log.Fatal(err)
	}
}
