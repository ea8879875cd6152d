package provider

import (
	"context"
	"sync"

	"github.com/hashicorp/terraform-plugin-log/tflog"

	"github.com/flytokens/terraform-provider-fly/internal/mint"
	"github.com/flytokens/terraform-provider-fly/internal/telemetry"
)

// process is what the runs of one provider process have in common, and what is
// to be done when it ends. A server may be configured more than once.
type process struct {
	mints *mint.Process

	mu   sync.Mutex
	runs []*runLog
	// tracing starts at the first run: a process that only tells the schema has
	// none. It is under mu, since SIGTERM may end a process at any time.
	tracing *telemetry.Tracing
}

func newProcess() *process { return &process{mints: mint.NewProcess()} }

// begin returns what a run is watched by. The log is that of ctx.
func (p *process) begin(ctx context.Context, env environment, version string) *watch {
	ctx = context.WithoutCancel(ctx)
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.runs) == 0 {
		p.tracing = telemetry.Start(ctx, telemetry.Options{
			Getenv:  env.get,
			Version: version,
			Warn: func(message string, err error) {
				tflog.Warn(ctx, message, map[string]any{"error": err.Error()})
			},
		})
	}
	log := newRunLog(ctx)
	p.runs = append(p.runs, log)
	return &watch{log: log, tracing: p.tracing}
}

// end revokes what is open until ctx ends, sums the runs up, and sends the spans
// that are left, which takes 200 ms at most. The error names the tokens that are
// still good.
func (p *process) end(ctx context.Context) error {
	err := p.mints.End(ctx)
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, run := range p.runs {
		run.end()
	}
	p.tracing.Stop(context.WithoutCancel(ctx))
	return err
}
