package provider_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/flytokens/terraform-provider-fly/internal/flytest"
	minting "github.com/flytokens/terraform-provider-fly/internal/mint"
	"github.com/flytokens/terraform-provider-fly/internal/provider"
)

// documents is the folder of web's documents in a world's storage.
func documents(world provider.World) string {
	return filepath.Join(world.ConfigDir, "terraform-provider-fly", "apps", "app-web")
}

// Without storage that can be written, nothing is minted.
func TestDeployTokenStoredWithoutStorage(t *testing.T) {
	t.Parallel()
	s := flytest.New(t, flyWorld())
	file := filepath.Join(t.TempDir(), "file")
	write(t, file, "not a folder")
	d := deployable(t, s, "FLY_TOKEN_STORAGE="+filepath.Join(file, "below"))
	wants(t, d.applies(storing(nil)), "ERROR: Unable to Mint Fly Deploy Token", file)
	d.world.ConfigDir, d.world.Home = "", ""
	d.world.Variables = append(d.world.Variables, "FLY_TOKEN_STORAGE=")
	d.wire = dial(t, d.world)
	wants(t, d.configure(nil), "WARNING: Unable to Use Token Storage")
	wants(t, d.applies(storing(nil)), "ERROR: Unable to Store Fly Deploy Token", "storage is off", "FLY_TOKEN_STORAGE")
	_, got := d.opensStored(attrs{"app": "web"})
	wants(t, got, "ERROR: Unable to Read Fly Deploy Token", "storage is off", "FLY_TOKEN_STORAGE")
	if d.state != nil {
		t.Errorf("created %v", d.state)
	}
	wantTokens(t, s, tokens{})
}

// breaking is a journal whose storage breaks after it has recorded a token's
// identifier.
type breaking struct {
	minting.Journal
	folder string
}

// Identify records the identifier, and replaces the folder by a file.
func (j breaking) Identify(ctx context.Context, place, name, id string) error {
	return errors.Join(j.Journal.Identify(ctx, place, name, id), os.RemoveAll(j.folder), os.WriteFile(j.folder, nil, 0o600))
}

// A token that was minted and cannot be stored is revoked.
func TestDeployTokenStoredLostMeanwhile(t *testing.T) {
	t.Parallel()
	s := flytest.New(t, flyWorld())
	d := deployable(t, s)
	d.world.Journal = func(j minting.Journal) minting.Journal { return breaking{j, documents(d.world)} }
	d.restart(t)
	wants(t, d.applies(storing(nil)), "ERROR: Unable to Store Fly Deploy Token", "is being revoked", "app-web")
	if d.state != nil {
		t.Errorf("created %v", d.state)
	}
	wantTokens(t, s, tokens{minted: 1, revoked: 1})
}

// A token that storage lost is rotated by the next apply.
func TestDeployTokenStoredLost(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		lose func(t *testing.T, d *deployed)
		says string
	}{
		"removed": {func(t *testing.T, d *deployed) {
			t.Helper()
			if err := os.RemoveAll(documents(d.world)); err != nil {
				t.Fatal(err)
			}
		}, "does not hold it"},
		"damaged": {func(t *testing.T, d *deployed) {
			t.Helper()
			write(t, filepath.Join(documents(d.world), "state.json"), "{")
		}, "does not hold it"},
		"a different one": {func(t *testing.T, d *deployed) {
			t.Helper()
			stored, _ := d.opensStored(attrs{"app": "web", "name": "ci"})
			s := as[string](t, stored["fingerprint"])
			d.state["fingerprint"] = "0123456789abcdef"
			if s == d.state["fingerprint"] {
				t.Fatal("it is the same")
			}
		}, `holds a different token named "ci"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := flytest.New(t, flyWorld())
			d := deployable(t, s)
			d.stores(storing(nil))
			test.lose(t, d)
			refreshed := d.refresh()
			if _, got := d.opensStored(attrs{"app": "web", "name": "ci", "fingerprint": d.state["fingerprint"]}); got == "" {
				t.Error("the ephemeral returns a token")
			}
			wants(t, refreshed+d.applies(storing(nil)), "WARNING: Fly Deploy Token Is to Be Rotated", "in place of lat_0001", test.says)
			d.storedIs(s, "ci")
			wantTokens(t, s, tokens{minted: 2, good: 2})
			if got := d.refresh(); got != "" {
				t.Error(got)
			}
			if c, got := d.plan(storing(nil)); got != "" || cmp.Diff(d.state, c.planned) != "" {
				t.Errorf("the plan after it shows:\n%s%s", got, cmp.Diff(d.state, c.planned))
			}
		})
	}
}

// If storage does not answer, a refresh changes nothing, and a destroy revokes the
// token and can be repeated.
func TestDeployTokenStoredUnreadable(t *testing.T) {
	t.Parallel()
	s := flytest.New(t, flyWorld())
	d := deployable(t, s)
	d.stores(storing(nil))
	before := d.state
	path := filepath.Join(documents(d.world), "state.json")
	if err := errors.Join(os.Rename(path, path+".away"), os.Mkdir(path, 0o700)); err != nil {
		t.Fatal(err)
	}
	wants(t, d.refresh(), "WARNING: Unable to Read Stored Fly Deploy Tokens", path, "The state is unchanged.")
	if got := d.refresh(); got != "" {
		t.Errorf("a second read in the run says:\n%s", got)
	}
	if c, got := d.plan(storing(nil)); got != "" || cmp.Diff(before, c.planned) != "" {
		t.Errorf("a plan shows:\n%s%s", got, cmp.Diff(before, c.planned))
	}
	_, got := d.opensStored(attrs{"app": "web", "name": "ci"})
	wants(t, got, "ERROR: Unable to Read Fly Deploy Token", path)
	wants(t, d.applies(nil), "ERROR: Unable to Delete Stored Fly Deploy Token", "lat_0001", "is revoked", "Run destroy again.")
	if d.state == nil || len(good(s)) != 0 {
		t.Errorf("the state has %v, and %v is live", d.state, good(s))
	}
	if err := errors.Join(os.Remove(path), os.Rename(path+".away", path)); err != nil {
		t.Fatal(err)
	}
	if got := d.applies(nil); got != "" || d.state != nil {
		t.Errorf("the state has %v:\n%s", d.state, got)
	}
}

// A stored token that Fly does not list is checked by its own use.
func TestDeployTokenStoredRevokedElsewhere(t *testing.T) {
	t.Parallel()
	s := flytest.New(t, flyWorld())
	d := deployable(t, s)
	d.stores(storing(nil))
	tok := d.storedIs(s, "ci")
	d.state["token_id"] = "lat_elsewhere"
	if got := d.refresh(); got != "" || d.state == nil {
		t.Fatalf("a valid token is gone:\n%s", got)
	}
	s.Revoke(parsed(t, tok))
	if wants(t, d.refresh(), "WARNING: Fly Deploy Token Was Revoked"); d.state != nil {
		t.Error("a revoked token is still in the state")
	}
	d.private = nil
	d.stores(storing(nil))
	d.storedIs(s, "ci")
}

// A stored token that never reached the state is revoked and replaced by the next
// apply of its resource. A different workspace does not replace it.
func TestDeployTokenStoredForgotten(t *testing.T) {
	t.Parallel()
	here := t.TempDir()
	for name, test := range map[string]struct {
		rotate bool
		dir    string
		live   []any
		says   string
	}{
		"creation":                    {false, here, []any{"lat_0002"}, ""},
		"creation, another workspace": {false, t.TempDir(), []any{"lat_0001"}, "ERROR: Fly Deploy Token Name Is Taken"},
		"rotation":                    {true, here, []any{"lat_0001", "lat_0003"}, `holds a different token named "ci"`},
	} {
		s := flytest.New(t, flyWorld())
		d := deployable(t, s)
		d.world.WorkingDir = here
		d.restart(t)
		config := storing(nil)
		if test.rotate {
			d.stores(config)
			config = storing(attrs{"triggers": map[string]string{"n": "2"}})
		}
		forgotten := d.forget()
		d.stores(config)
		forgotten()
		d.world.WorkingDir = test.dir
		d.crash(t)
		got := ""
		if test.rotate {
			got = d.refresh()
		}
		wants(t, got+d.applies(config), test.says)
		if ids := live(s); !slices.Equal(ids, test.live) {
			t.Errorf("%s: %v is live", name, ids)
		}
		if d.state != nil {
			d.storedIs(s, "ci")
		}
	}
}
