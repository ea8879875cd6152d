package provider

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
)

// protocolServer is what the framework's server has of the protocol.
type protocolServer interface {
	tfprotov6.ProviderServer
	tfprotov6.ActionServer
}

// requestServer lets go of what belongs to a request when it is over. The
// framework keeps a context of each until the provider stops, with the loggers
// made for it: 15 KB for each call, of which every data source takes two.
type requestServer struct {
	protocolServer
}

// ValidateDataResourceConfig validates a data source's configuration.
func (s requestServer) ValidateDataResourceConfig(ctx context.Context, req *tfprotov6.ValidateDataResourceConfigRequest) (*tfprotov6.ValidateDataResourceConfigResponse, error) {
	ctx, over := requestContext(ctx)
	defer over()
	return s.protocolServer.ValidateDataResourceConfig(ctx, req)
}

// ReadDataSource reads a data source.
func (s requestServer) ReadDataSource(ctx context.Context, req *tfprotov6.ReadDataSourceRequest) (*tfprotov6.ReadDataSourceResponse, error) {
	ctx, over := requestContext(ctx)
	defer over()
	return s.protocolServer.ReadDataSource(ctx, req)
}

// ValidateEphemeralResourceConfig validates an ephemeral resource's configuration.
func (s requestServer) ValidateEphemeralResourceConfig(ctx context.Context, req *tfprotov6.ValidateEphemeralResourceConfigRequest) (*tfprotov6.ValidateEphemeralResourceConfigResponse, error) {
	ctx, over := requestContext(ctx)
	defer over()
	return s.protocolServer.ValidateEphemeralResourceConfig(ctx, req)
}

// OpenEphemeralResource opens an ephemeral resource.
func (s requestServer) OpenEphemeralResource(ctx context.Context, req *tfprotov6.OpenEphemeralResourceRequest) (*tfprotov6.OpenEphemeralResourceResponse, error) {
	ctx, over := requestContext(ctx)
	defer over()
	return s.protocolServer.OpenEphemeralResource(ctx, req)
}

// passing is a context that holds another one until it is told that it is over.
type passing struct {
	done  <-chan struct{}
	inner atomic.Pointer[context.Context]
}

// requestContext returns ctx in a form that can be kept without keeping ctx. Once
// over is called it has ended and holds no values: a flight that goes on without
// the caller who began it logs nothing more.
func requestContext(ctx context.Context) (_ context.Context, over func()) {
	p := &passing{done: ctx.Done()}
	p.inner.Store(&ctx)
	return p, func() { p.inner.Store(nil) }
}

// Done is closed when the request is cancelled, or over.
func (p *passing) Done() <-chan struct{} { return p.done }

// Deadline is the request's.
func (p *passing) Deadline() (deadline time.Time, ok bool) {
	if ctx := p.inner.Load(); ctx != nil {
		return (*ctx).Deadline()
	}
	return time.Time{}, false
}

// Err is the request's, and says that the context ended once the request is over.
func (p *passing) Err() error {
	if ctx := p.inner.Load(); ctx != nil {
		return (*ctx).Err()
	}
	return context.Canceled
}

// Value is the request's, nil once that is over.
func (p *passing) Value(key any) any {
	if ctx := p.inner.Load(); ctx != nil {
		return (*ctx).Value(key)
	}
	return nil
}
