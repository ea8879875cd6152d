package main

import (
	"errors"
	"fmt"
	"os"

	"github.com/flytokens/terraform-provider-fly/internal/flytest/fakefly"
)

// fake is a folder with a fake flyctl, and one for the tokens that it minted.
type fake struct{ dir, path, storage string }

// newFake makes the folder.
func (b *bench) newFake(does fakefly.Behaviour) (fake, error) {
	dir, err := os.MkdirTemp(b.scratch, "fly-")
	if err != nil {
		return fake{}, fmt.Errorf("make a fake flyctl: %w", err)
	}
	path, err := fakefly.LayOut(dir, b.programs.fly.path, "fly", does)
	if err != nil {
		return fake{}, fmt.Errorf("make a fake flyctl: %w", err)
	}
	return fake{dir: dir, path: path, storage: dir + "-storage"}, nil
}

// env lets the provider find only the fake, and passes its path to
// configurations with a variable for it.
func (f fake) env() []string {
	return []string{"PATH=" + f.dir, "TF_VAR_fly=" + f.path, "FLY_TOKEN_STORAGE=" + f.storage}
}

// called returns an error unless the fake was called this number of times.
func (f fake) called(want int) error {
	calls, err := fakefly.CallsIn(f.dir)
	if err != nil {
		return fmt.Errorf("count the calls of flyctl: %w", err)
	}
	if len(calls) != want {
		return fmt.Errorf("flyctl was called %d times, want %d", len(calls), want)
	}
	return nil
}

// remove removes the fake's folders.
func (f fake) remove() error { return errors.Join(os.RemoveAll(f.dir), os.RemoveAll(f.storage)) }
