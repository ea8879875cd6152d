package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
)

// changesPlanned is the exit status of plan -detailed-exitcode for a plan with
// changes.
const changesPlanned = 2

// show applies the example, describes the token, and plans again. A second plan
// with changes is an error.
func (d *demo) show(ctx context.Context) error {
	d.say("apply")
	apply := d.command(ctx, "apply", "-auto-approve", "-input=false", "-compact-warnings", "-no-color")
	apply.Stdout = d.stdout
	if err := apply.Run(); err != nil {
		return fmt.Errorf("apply: %w", err)
	}
	known, err := d.outputs(ctx)
	if err != nil {
		return err
	}
	d.say("plan again")
	plan := d.command(ctx, "plan", "-detailed-exitcode", "-input=false", "-compact-warnings", "-no-color")
	plan.Stdout = d.stdout
	if err := plan.Run(); err != nil {
		var exit *exec.ExitError
		if errors.As(err, &exit) && exit.ExitCode() == changesPlanned {
			return errors.New("the second plan has changes: this is a bug in the provider")
		}
		return fmt.Errorf("plan: %w", err)
	}
	d.say("the token")
	_, _ = fmt.Fprintf(d.stdout, "origin       %s\nfingerprint  %s\nexpires      %s\nsecond plan  nothing changes\n",
		known["origin"], known["fingerprint"], orUnknown(known["expires_at"]))
	if known["origin"] == "cli" {
		_, _ = fmt.Fprintln(d.stdout, "It was minted for this demo and is not stored. It stays valid until it expires.")
	}
	return nil
}

// outputs returns the example's outputs. Null outputs are not in the state.
func (d *demo) outputs(ctx context.Context) (map[string]string, error) {
	out, err := d.command(ctx, "output", "-json").Output()
	if err != nil {
		return nil, fmt.Errorf("output: %w", err)
	}
	var outputs map[string]struct{ Value string }
	if err := json.Unmarshal(out, &outputs); err != nil {
		return nil, fmt.Errorf("read the outputs: %w", err)
	}
	values := make(map[string]string, len(outputs))
	for name, o := range outputs {
		values[name] = o.Value
	}
	return values, nil
}

func orUnknown(s string) string {
	if s == "" {
		return "unknown"
	}
	return s
}
