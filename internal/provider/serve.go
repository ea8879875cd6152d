package provider

import (
	"context"
	"errors"
	"os/signal"
	"syscall"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"
)

// endTime is how long the revocations at the end may take. go-plugin kills the
// provider two seconds after it asked it to end.
const endTime = 1500 * time.Millisecond

// Serve serves the provider to the engine that started this process until the
// engine is done with it, or until SIGTERM. The tokens that ephemeral resources
// with revoke_on_close have open are then revoked, within 1.5 seconds: engines
// do not close what was open when an apply failed or was interrupted.
//
// With debug it waits for a debugger and prints how an engine attaches to it. The
// error is the server's, or says which tokens could not be revoked.
func Serve(ctx context.Context, version string, debug bool) error {
	open := newLeases()
	served := make(chan error, 1)
	terminated, stop := signal.NotifyContext(ctx, syscall.SIGTERM)
	defer stop()
	go func() {
		served <- providerserver.Serve(ctx, newProvider(version, processEnvironment, open), providerserver.ServeOpts{
			Address: Address,
			Debug:   debug,
		})
	}()
	var err error
	select {
	case err = <-served:
	case <-terminated.Done():
		err = errors.New("provider: terminated")
	}
	ending, cancel := context.WithTimeout(context.WithoutCancel(ctx), endTime)
	defer cancel()
	return errors.Join(err, open.end(ending))
}
