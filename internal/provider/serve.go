package provider

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"syscall"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6/tf6server"
)

// endTime bounds the revocations at the end. go-plugin kills the provider two
// seconds after it asked it to end, and the last spans also need time.
const endTime = 1500 * time.Millisecond

// socketDirVariable names the folder for the engine's socket. Without it,
// hashicorp/go-plugin uses the folder for temporary files.
const socketDirVariable = "PLUGIN_UNIX_SOCKET_DIR"

// Serve serves the provider to the engine that started this process, until the
// engine ends it or until SIGTERM. It then revokes the open tokens of ephemeral
// resources with revoke_on_close, within 1.5 seconds. Engines do not close them
// after a failed or interrupted apply.
//
// With debugging it waits for a debugger and prints how an engine attaches to it.
// The error is the server's, or names the tokens that could not be revoked.
func Serve(ctx context.Context, version string, debugging bool) error {
	env := processEnvironment()
	if err := checkSocketFolder(env); err != nil {
		// The engine expects the address of a socket as the first line, and
		// otherwise shows that line.
		_, _ = fmt.Println(err)
		return err
	}
	var options []tf6server.ServeOpt
	if debugging {
		options = append(options, tf6server.WithManagedDebug())
	} else {
		quietLogs(env)
	}
	letHeapGrow(env)
	within := newProcess()
	served := make(chan error, 1)
	terminated, stop := signal.NotifyContext(ctx, syscall.SIGTERM)
	defer stop()
	go func() {
		served <- tf6server.Serve(Address, func() tfprotov6.ProviderServer {
			return newServer(newProvider(version, processEnvironment, within)())
		}, options...)
	}()
	var err error
	select {
	case err = <-served:
	case <-terminated.Done():
		err = errors.New("provider: terminated")
	}
	ending, cancel := context.WithTimeout(context.WithoutCancel(ctx), endTime)
	defer cancel()
	return errors.Join(err, within.end(ending))
}

// heapGrowth is the percentage by which the heap may grow before a collection.
// For a thousand data sources a provider keeps 4 MB and allocates 160 MB. The
// default of 100 would spend a fifth of the time on collections.
const heapGrowth = 400

// letHeapGrow sets that, unless the user set GOGC.
func letHeapGrow(env environment) {
	if env.get("GOGC") == "" {
		debug.SetGCPercent(heapGrowth)
	}
}

// newServer returns the provider's protocol server.
func newServer(p provider.Provider) tfprotov6.ProviderServer {
	server := providerserver.NewProtocol6(p)()
	if all, ok := server.(protocolServer); ok {
		return requestServer{all}
	}
	return server
}

// socketName is the longest name that go-plugin gives the engine's socket.
const socketName = "plugin4294967295"

// checkSocketFolder returns an error with advice if the engine's socket cannot
// be made. Windows uses TCP.
func checkSocketFolder(env environment) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	name, folder := "TMPDIR", env.tempDir
	if dir := env.get(socketDirVariable); dir != "" {
		name, folder = socketDirVariable, dir
	}
	// The path and its terminating zero byte must fit into the system's
	// address.
	longest := len(syscall.RawSockaddrUnix{}.Path) - 1 - len(socketName) - 1
	if len(folder) > longest {
		return fmt.Errorf("cannot make the provider's socket in %s: the path has %d bytes, more than the system's maximum of %d: set %s to a shorter path, such as /tmp", folder, len(folder), longest, name)
	}
	f, err := os.CreateTemp(folder, "terraform-provider-fly-")
	if err != nil {
		return fmt.Errorf("cannot write to the folder for the provider's socket (%w): set %s to an existing, writable folder", err, name)
	}
	return errors.Join(f.Close(), os.Remove(f.Name()))
}
