package main

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/flytokens/terraform-provider-fly/internal/flytest/engine"
	"github.com/flytokens/terraform-provider-fly/internal/flytest/toolbin"
	"github.com/flytokens/terraform-provider-fly/internal/macaroon"
)

// TestAccDemo runs the same as `make demo`.
func TestAccDemo(t *testing.T) {
	t.Parallel()
	if os.Getenv("TF_ACC") == "" {
		t.Skip("needs an engine: set TF_ACC=1, as make test does")
	}
	found, err := engine.Chosen(t.Context(), t.Output())
	if err != nil {
		t.Fatal(err)
	}
	d, out := newDemo(t, found)
	work := t.TempDir()
	if err := d.run(t.Context(), work, ""); err != nil {
		t.Fatalf("%v\n%s", err, out.String())
	}
	for _, want := range []string{"\norigin       manual\nfingerprint  ", "\nexpires      ", "\nNo changes."} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the demo does not show %q:\n%s", want, out.String())
		}
	}
	if strings.Contains(out.String(), "fm2_") {
		t.Errorf("the demo shows a token:\n%s", out.String())
	}
	isEmpty(t, work)
}

func TestFailedDemoRemovesItsFolder(t *testing.T) {
	t.Parallel()
	d, _ := newDemo(t, engine.Engine{Kind: engine.OpenTofu, Path: filepath.Join(t.TempDir(), "missing"), Version: "0.0.0"})
	work := t.TempDir()
	if err := d.run(t.Context(), work, "my-app"); err == nil || !strings.HasPrefix(err.Error(), "apply: ") {
		t.Errorf("without an engine: got %v", err)
	}
	isEmpty(t, work)
}

func newDemo(t *testing.T, on engine.Engine) (*demo, *bytes.Buffer) {
	t.Helper()
	root, err := toolbin.Root(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	return &demo{engine: on, root: root, stdout: &out, stderr: &out}, &out
}

func isEmpty(t *testing.T, dir string) {
	t.Helper()
	left, err := os.ReadDir(dir)
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

func TestOwnEnviron(t *testing.T) {
	t.Parallel()
	dir, err := os.UserHomeDir()
	if err != nil {
		t.Fatal(err)
	}
	own := ownEnviron([]string{"HOME=/home/me", "FLY_API_TOKEN=x", "TF_WORKSPACE=prod", "TF_VAR_app=other"}, "/scratch")
	for _, want := range []string{"HOME=/scratch", "FLY_API_TOKEN=x", "FLY_CONFIG_DIR=" + filepath.Join(dir, ".fly")} {
		if !slices.Contains(own, want) {
			t.Errorf("%s is missing in %q", want, own)
		}
	}
	for _, v := range own {
		if strings.HasPrefix(v, "TF_") {
			t.Errorf("%s is handed on", v)
		}
	}
	moved := ownEnviron([]string{"FLY_CONFIG_DIR=/elsewhere"}, "/scratch")
	if moved[len(moved)-1] != "FLY_CONFIG_DIR=/elsewhere" {
		t.Errorf("the caller's own FLY_CONFIG_DIR is not the last in %q", moved)
	}
}

func TestMadeUpToken(t *testing.T) {
	t.Parallel()
	now := time.Unix(1_800_000_000, 0)
	text, err := madeUpToken(now)
	if err != nil {
		t.Fatal(err)
	}
	bundle, err := macaroon.ParseBundle(text)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := bundle.Expiry(now), now.Add(life); !got.Equal(want) {
		t.Errorf("it expires %s, want %s", got, want)
	}
	again, err := madeUpToken(now)
	if err != nil || again == text {
		t.Errorf("two tokens are one, %v", err)
	}
}
