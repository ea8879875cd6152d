// Command tool prints the path of a tool that the project pins. It first builds
// the tool unless the user's cache folder holds it:
//
//	go run ./internal/tools/tool golangci-lint
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"

	"github.com/flytokens/terraform-provider-fly/internal/flytest/toolbin"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		_, _ = fmt.Fprintln(os.Stderr, "tool:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) != 1 {
		return fmt.Errorf("want the name of one tool, got %d arguments", len(args))
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	tool, err := toolbin.Named(args[0])
	if err != nil {
		return err
	}
	bin, err := toolbin.Path(ctx, tool, os.Stderr)
	if err != nil {
		return err
	}
	fmt.Println(bin)
	return nil
}
