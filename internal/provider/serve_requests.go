package provider

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
)

// protocolServer has every method of the framework's server.
type protocolServer interface {
	tfprotov6.ProviderServer
	tfprotov6.ActionServer
	tfprotov6.ListResourceServer
	tfprotov6.StateStoreServer
}

// requestServer keeps source lines with tokens out of diagnostics, and frees
// the memory of a request when it ends. The framework keeps the context of each
// call, with its loggers, until the provider stops: 15 KB per call, and two
// calls per data source. The calls here are those whose number grows with the
// configuration.
type requestServer struct {
	protocolServer
}

// during serves a request under a context that ends with it, and removes secret
// lines from its diagnostics.
func during[Req, Resp any](ctx context.Context, req Req, serve func(context.Context, Req) (Resp, error)) (Resp, error) {
	ctx, over := requestContext(ctx)
	defer over()
	resp, err := serve(ctx, req)
	withoutSecretLines(diagnosticsOf(resp))
	return resp, err
}

// ValidateDataResourceConfig validates a data source's configuration.
func (s requestServer) ValidateDataResourceConfig(ctx context.Context, req *tfprotov6.ValidateDataResourceConfigRequest) (*tfprotov6.ValidateDataResourceConfigResponse, error) {
	return during(ctx, req, s.protocolServer.ValidateDataResourceConfig)
}

// ReadDataSource reads a data source.
func (s requestServer) ReadDataSource(ctx context.Context, req *tfprotov6.ReadDataSourceRequest) (*tfprotov6.ReadDataSourceResponse, error) {
	return during(ctx, req, s.protocolServer.ReadDataSource)
}

// ValidateEphemeralResourceConfig validates an ephemeral resource's configuration.
func (s requestServer) ValidateEphemeralResourceConfig(ctx context.Context, req *tfprotov6.ValidateEphemeralResourceConfigRequest) (*tfprotov6.ValidateEphemeralResourceConfigResponse, error) {
	return during(ctx, req, s.protocolServer.ValidateEphemeralResourceConfig)
}

// OpenEphemeralResource opens an ephemeral resource.
func (s requestServer) OpenEphemeralResource(ctx context.Context, req *tfprotov6.OpenEphemeralResourceRequest) (*tfprotov6.OpenEphemeralResourceResponse, error) {
	return during(ctx, req, s.protocolServer.OpenEphemeralResource)
}

// CloseEphemeralResource closes an ephemeral resource.
func (s requestServer) CloseEphemeralResource(ctx context.Context, req *tfprotov6.CloseEphemeralResourceRequest) (*tfprotov6.CloseEphemeralResourceResponse, error) {
	return during(ctx, req, s.protocolServer.CloseEphemeralResource)
}

// ValidateResourceConfig validates a resource's configuration.
func (s requestServer) ValidateResourceConfig(ctx context.Context, req *tfprotov6.ValidateResourceConfigRequest) (*tfprotov6.ValidateResourceConfigResponse, error) {
	return during(ctx, req, s.protocolServer.ValidateResourceConfig)
}

// ReadResource reads a resource.
func (s requestServer) ReadResource(ctx context.Context, req *tfprotov6.ReadResourceRequest) (*tfprotov6.ReadResourceResponse, error) {
	return during(ctx, req, s.protocolServer.ReadResource)
}

// PlanResourceChange plans a resource's change.
func (s requestServer) PlanResourceChange(ctx context.Context, req *tfprotov6.PlanResourceChangeRequest) (*tfprotov6.PlanResourceChangeResponse, error) {
	return during(ctx, req, s.protocolServer.PlanResourceChange)
}

// ApplyResourceChange applies a resource's change.
func (s requestServer) ApplyResourceChange(ctx context.Context, req *tfprotov6.ApplyResourceChangeRequest) (*tfprotov6.ApplyResourceChangeResponse, error) {
	return during(ctx, req, s.protocolServer.ApplyResourceChange)
}

// CallFunction calls a function.
func (s requestServer) CallFunction(ctx context.Context, req *tfprotov6.CallFunctionRequest) (*tfprotov6.CallFunctionResponse, error) {
	return during(ctx, req, s.protocolServer.CallFunction)
}

// scopedContext forwards to the context of a request until over is called.
type scopedContext struct {
	done  <-chan struct{}
	inner atomic.Pointer[context.Context]
}

// scopedContextKey is the key of the context value that is the scopedContext itself.
type scopedContextKey struct{}

// requestContext returns a context like ctx that does not keep ctx in memory.
// After a call of over it has ended and holds no values.
func requestContext(ctx context.Context) (_ context.Context, over func()) {
	ctx, cancel := context.WithCancel(ctx)
	p := &scopedContext{done: ctx.Done()}
	p.inner.Store(&ctx)
	return p, func() {
		cancel()
		p.inner.Store(nil)
	}
}

// requestOver reports whether ctx is that of an ended request, which has no
// logger.
func requestOver(ctx context.Context) bool {
	p, ok := ctx.Value(scopedContextKey{}).(*scopedContext)
	return ok && p.inner.Load() == nil
}

// Done is closed when the request is cancelled or has ended.
func (p *scopedContext) Done() <-chan struct{} { return p.done }

// Deadline is the request's.
func (p *scopedContext) Deadline() (deadline time.Time, ok bool) {
	if ctx := p.inner.Load(); ctx != nil {
		return (*ctx).Deadline()
	}
	return time.Time{}, false
}

// Err is the request's. After the end of the request it is context.Canceled.
func (p *scopedContext) Err() error {
	if ctx := p.inner.Load(); ctx != nil {
		return (*ctx).Err()
	}
	return context.Canceled
}

// Value is the request's, nil after its end.
func (p *scopedContext) Value(key any) any {
	if key == (scopedContextKey{}) {
		return p
	}
	if ctx := p.inner.Load(); ctx != nil {
		return (*ctx).Value(key)
	}
	return nil
}
