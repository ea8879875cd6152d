package main

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/hashicorp/vault/helper/namespace"
	"github.com/hashicorp/vault/vault"
)

// keys are the keys of an initialized server.
type keys struct {
	RootToken string `json:"root_token"`
	UnsealKey string `json:"unseal_key"`
}

// activeWait bounds the time from a core's unsealing to its first answer.
const activeWait = 30 * time.Second

// open initializes the core, or uses the keys that an earlier run left in dir,
// and unseals it.
func open(core *vault.Core, dir string) (keys, error) {
	ctx := namespace.RootContext(context.Background())
	name := filepath.Join(dir, "keys.json")
	initialized, err := core.Initialized(ctx)
	if err != nil {
		return keys{}, err
	}
	var k keys
	if initialized {
		data, err := os.ReadFile(name)
		if err != nil {
			return keys{}, err
		}
		if err := json.Unmarshal(data, &k); err != nil {
			return keys{}, err
		}
	} else {
		one := &vault.SealConfig{SecretShares: 1, SecretThreshold: 1}
		result, err := core.Initialize(ctx, &vault.InitParams{BarrierConfig: one, RecoveryConfig: one})
		if err != nil {
			return keys{}, fmt.Errorf("initialize: %w", err)
		}
		k = keys{RootToken: result.RootToken, UnsealKey: hex.EncodeToString(result.SecretShares[0])}
		if dir != "" {
			data, err := json.Marshal(k)
			if err != nil {
				return keys{}, err
			}
			if err := os.WriteFile(name, data, 0o600); err != nil {
				return keys{}, err
			}
		}
	}
	if err := unseal(core, k); err != nil {
		return keys{}, err
	}
	return k, active(core)
}

func unseal(core *vault.Core, k keys) error {
	share, err := hex.DecodeString(k.UnsealKey)
	if err != nil {
		return err
	}
	unsealed, err := core.Unseal(share)
	if err != nil {
		return fmt.Errorf("unseal: %w", err)
	}
	if !unsealed {
		return errors.New("unseal: one share was not enough")
	}
	return nil
}

// active waits until the core answers. A core with locks takes its lock first.
func active(core *vault.Core) error {
	for deadline := time.Now().Add(activeWait); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		standby, err := core.Standby()
		if err == nil && !standby {
			return nil
		}
	}
	return errors.New("not active in time")
}
