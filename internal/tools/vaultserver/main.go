// Program vaultserver is a Vault server for tests: the last version under the
// MPL, with only the KV secrets engine, initialized and unsealed at its start.
// It keeps its data and its keys in a folder, and continues with them when it
// is started again.
//
// When it is ready, it prints one line of JSON: its address, that of its
// standby, the root token and the unseal key. It ends with its standard input,
// so that it does not outlive the test that started it.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"

	log "github.com/hashicorp/go-hclog"
	kv "github.com/hashicorp/vault-plugin-secrets-kv"
	vaulthttp "github.com/hashicorp/vault/http"
	"github.com/hashicorp/vault/internalshared/configutil"
	"github.com/hashicorp/vault/sdk/helper/consts"
	"github.com/hashicorp/vault/sdk/logical"
	"github.com/hashicorp/vault/sdk/physical"
	"github.com/hashicorp/vault/sdk/physical/file"
	"github.com/hashicorp/vault/sdk/physical/inmem"
	"github.com/hashicorp/vault/vault"
)

// ready is the line that describes the server.
type ready struct {
	Address string `json:"address"`
	Standby string `json:"standby,omitempty"`
	keys
}

func main() {
	opts := options{}
	flag.StringVar(&opts.listen, "listen", "127.0.0.1:0", "`address` to listen on")
	flag.StringVar(&opts.dir, "dir", "", "`folder` of the data and the keys; in memory without")
	flag.StringVar(&opts.cert, "cert", "", "PEM `file` of the TLS certificate; plain HTTP without")
	flag.StringVar(&opts.key, "key", "", "PEM `file` of the TLS key")
	flag.BoolVar(&opts.standby, "standby", false, "start a standby as well, in memory")
	flag.Parse()
	if err := run(opts); err != nil {
		fmt.Fprintln(os.Stderr, "vaultserver:", err)
		os.Exit(1)
	}
}

type options struct {
	listen, dir, cert, key string
	standby                bool
}

func run(opts options) error {
	logger := log.New(&log.LoggerOptions{Name: "vault", Level: log.Warn, Output: os.Stderr})
	store, ha, err := storage(opts, logger)
	if err != nil {
		return err
	}
	active, addr, err := serve(opts, opts.listen, store, ha, logger)
	if err != nil {
		return err
	}
	out := ready{Address: addr}
	if out.keys, err = open(active, opts.dir); err != nil {
		return err
	}
	if opts.standby {
		passive, standby, err := serve(opts, "127.0.0.1:0", store, ha, logger)
		if err != nil {
			return err
		}
		if err := unseal(passive, out.keys); err != nil {
			return err
		}
		out.Standby = standby
	}
	if err := json.NewEncoder(os.Stdout).Encode(out); err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, os.Stdin)
	return err
}

// storage returns the server's storage, and the locks of a server with a
// standby.
func storage(opts options, logger log.Logger) (physical.Backend, physical.HABackend, error) {
	if opts.standby {
		store, err := inmem.NewTransactionalInmemHA(nil, logger)
		if err != nil {
			return nil, nil, err
		}
		ha, ok := store.(physical.HABackend)
		if !ok {
			return nil, nil, fmt.Errorf("%T has no locks", store)
		}
		return store, ha, nil
	}
	if opts.dir == "" {
		store, err := inmem.NewInmem(nil, logger)
		return store, nil, err
	}
	store, err := file.NewFileBackend(map[string]string{"path": opts.dir + "/data"}, logger)
	return store, nil, err
}

// serve starts a core that is still sealed, and returns its URL.
func serve(opts options, listen string, store physical.Backend, ha physical.HABackend, logger log.Logger) (*vault.Core, string, error) {
	listener, err := net.Listen("tcp", listen)
	if err != nil {
		return nil, "", err
	}
	scheme := "http"
	if opts.cert != "" {
		scheme = "https"
	}
	addr := scheme + "://" + listener.Addr().String()
	core, err := vault.NewCore(&vault.CoreConfig{
		Physical:        store,
		HAPhysical:      ha,
		RedirectAddr:    addr,
		LogicalBackends: map[string]logical.Factory{"kv": kv.Factory},
		BuiltinRegistry: builtins{},
		DisableMlock:    true,
		Logger:          logger,
	})
	if err != nil {
		return nil, "", err
	}
	handler := vaulthttp.Handler.Handler(&vault.HandlerProperties{
		Core:           core,
		ListenerConfig: &configutil.Listener{},
	})
	server := &http.Server{Handler: handler, ErrorLog: logger.StandardLogger(nil)}
	go func() {
		var err error
		if opts.cert != "" {
			err = server.ServeTLS(listener, opts.cert, opts.key)
		} else {
			err = server.Serve(listener)
		}
		logger.Error("serve", "error", err)
		os.Exit(1)
	}()
	return core, addr, nil
}

// builtins is an empty registry of plugins. KV is compiled in.
type builtins struct{}

func (builtins) Contains(string, consts.PluginType) bool { return false }

func (builtins) Get(string, consts.PluginType) (func() (any, error), bool) { return nil, false }

func (builtins) Keys(consts.PluginType) []string { return nil }

func (builtins) DeprecationStatus(string, consts.PluginType) (consts.DeprecationStatus, bool) {
	return consts.Unknown, false
}

func (builtins) IsBuiltinEntPlugin(string, consts.PluginType) bool { return false }
