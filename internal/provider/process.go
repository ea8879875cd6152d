package provider

import (
	"context"
	"sync"

	"github.com/hashicorp/terraform-plugin-log/tflog"

	"github.com/flytokens/terraform-provider-fly/internal/mint"
	"github.com/flytokens/terraform-provider-fly/internal/telemetry"
)

// process holds the state that the runs of one provider process share, and the
// work at its end. A server may be configured more than once.
type process struct {
	mints *mint.Process

	mu   sync.Mutex
	runs []*runLog
	// tracing starts at the first run, because a process that only returns the
	// schema needs none. mu guards it, because SIGTERM may end a process at any
	// time.
	tracing *telemetry.Tracing
}

func newProcess() *process { return &process{mints: mint.NewProcess()} }

// begin returns the observer of a run. It writes to the log of ctx.
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
	log := newRunLog(ctx, debugLogs(env))
	p.runs = append(p.runs, log)
	return &watch{log: log, tracing: p.tracing}
}

// end revokes the open tokens until ctx ends, logs a summary of the runs, and
// sends the remaining spans, which takes at most 200 ms. The error names the
// tokens that are still live.
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
