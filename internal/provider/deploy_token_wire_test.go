package provider_test

import (
	"context"
	"maps"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/flytokens/terraform-provider-fly/internal/flytest"
	"github.com/flytokens/terraform-provider-fly/internal/provider"
)

// deployed is one fly_deploy_token, or a different resource that holds a token, as
// an engine has it: its state and its private data, which it takes from one
// provider process to the next.
type deployed struct {
	*wire
	world provider.World
	// resource is the type of the resource.
	resource string
	state    attrs
	private  []byte
	// ahead is how far the provider's clock is ahead of the real one.
	ahead *atomic.Int64
}

// deployable is a fly_deploy_token before its creation, in a world with s and a
// login that may mint.
func deployable(t *testing.T, s *flytest.Server, more ...string) *deployed {
	t.Helper()
	d := &deployed{resource: "fly_deploy_token", world: flyServed(t, s, append([]string{"FLY_API_TOKEN=" + s.Login(ownerOfBoth).Reveal()}, more...)...), ahead: new(atomic.Int64)}
	d.world.Now = func() time.Time { return time.Now().Add(time.Duration(d.ahead.Load())) }
	d.restart(t)
	return d
}

// restart starts a new provider in the same world.
func (d *deployed) restart(t *testing.T) {
	t.Helper()
	d.wire = configured(t, d.world, attrs{})
}

func (w *wire) deployType() tftypes.Type {
	return w.schema.ResourceSchemas["fly_deploy_token"].ValueType()
}

func (d *deployed) packed(v attrs) *tfprotov6.DynamicValue {
	d.t.Helper()
	if v == nil {
		return d.pack(d.valueType(), nil)
	}
	return d.pack(d.valueType(), v)
}

func (d *deployed) valueType() tftypes.Type {
	return d.schema.ResourceSchemas[d.resource].ValueType()
}

// change is a plan.
type change struct {
	config, planned attrs
	private         []byte
	replace         bool
}

// plan plans, as an engine does: computed attributes that are not configured keep
// their prior value in the proposal. No config is a destroy.
func (d *deployed) plan(config attrs) (change, string) {
	d.t.Helper()
	var proposed attrs
	if config != nil {
		proposed = maps.Clone(config)
		for _, a := range d.schema.ResourceSchemas[d.resource].Block.Attributes {
			if a.Computed && proposed[a.Name] == nil {
				proposed[a.Name] = d.state[a.Name]
			}
		}
	}
	resp, err := d.server.PlanResourceChange(d.t.Context(), &tfprotov6.PlanResourceChangeRequest{
		TypeName: d.resource, PriorState: d.packed(d.state), ProposedNewState: d.packed(proposed),
		Config: d.packed(config), PriorPrivate: d.private,
	})
	d.check(err)
	planned := d.unpack(d.valueType(), resp.PlannedState)
	return change{config, planned, resp.PlannedPrivate, len(resp.RequiresReplace) > 0}, problems(resp.Diagnostics)
}

// apply applies a plan, and keeps the result.
func (d *deployed) apply(ctx context.Context, c change) string {
	d.t.Helper()
	resp, err := d.server.ApplyResourceChange(ctx, &tfprotov6.ApplyResourceChangeRequest{
		TypeName: d.resource, PriorState: d.packed(d.state), PlannedState: d.packed(c.planned),
		Config: d.packed(c.config), PlannedPrivate: c.private,
	})
	d.check(err)
	d.state, d.private = d.unpack(d.valueType(), resp.NewState), resp.Private
	return problems(resp.Diagnostics)
}

// applies plans and applies.
func (d *deployed) applies(config attrs) string {
	d.t.Helper()
	c, got := d.plan(config)
	if strings.Contains(got, "ERROR: ") {
		return got
	}
	return got + d.apply(d.t.Context(), c)
}

// created applies config for the first time, which must not cause a diagnostic.
func (d *deployed) created(config attrs) {
	d.t.Helper()
	if got := d.applies(config); got != "" || d.state["token"] == nil || d.state["token_id"] == nil {
		d.t.Fatalf("created %v\n%s", d.state, got)
	}
}

// refresh reads.
func (d *deployed) refresh() string {
	d.t.Helper()
	resp, err := d.server.ReadResource(d.t.Context(), &tfprotov6.ReadResourceRequest{
		TypeName: d.resource, CurrentState: d.packed(d.state), Private: d.private,
	})
	d.check(err)
	d.state, d.private = d.unpack(d.valueType(), resp.NewState), resp.Private
	return problems(resp.Diagnostics)
}

// validateDeploy returns the diagnostics of a configuration.
func (w *wire) validateDeploy(config attrs) string {
	w.t.Helper()
	resp, err := w.server.ValidateResourceConfig(w.t.Context(), &tfprotov6.ValidateResourceConfigRequest{
		TypeName: "fly_deploy_token", Config: w.pack(w.deployType(), config),
	})
	w.check(err)
	return problems(resp.Diagnostics)
}

// wants fails the test if one of the texts is missing.
func wants(t *testing.T, got string, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if !strings.Contains(got, text) {
			t.Errorf("%q is missing from:\n%s", text, got)
		}
	}
}

// tokens counts the tokens of a loopback API.
type tokens struct{ minted, revoked, good int }

// wantTokens fails the test unless s got as many mints and revocations as want
// says, and has as many good tokens.
func wantTokens(t *testing.T, s *flytest.Server, want tokens) {
	t.Helper()
	if got := (tokens{s.Count(flytest.OpMint), s.Count(flytest.OpRevoke), len(good(s))}); got != want {
		t.Errorf("tokens: %+v, want %+v", got, want)
	}
}
