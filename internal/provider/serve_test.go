package provider

import (
	"context"
	"sync"
	"testing"
)

// Log lines that the engine drops are not written.
func TestEngineLogLevel(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		variables []string
		want      string
	}{
		"nothing set":          {nil, "OFF"},
		"off":                  {[]string{"TF_LOG=off"}, "OFF"},
		"debug":                {[]string{"TF_LOG=debug"}, "DEBUG"},
		"info":                 {[]string{"TF_LOG=INFO"}, "INFO"},
		"JSON":                 {[]string{"TF_LOG=JSON"}, "TRACE"},
		"unknown":              {[]string{"TF_LOG=yes"}, "TRACE"},
		"of the core alone":    {[]string{"TF_LOG_CORE=trace"}, "OFF"},
		"of the providers":     {[]string{"TF_LOG_PROVIDER=warn", "TF_LOG=trace"}, "WARN"},
		"into the crash's log": {[]string{"TF_TEMP_LOG_PATH=log"}, "TRACE"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := engineLogLevel(environment{variables: test.variables}); got != test.want {
				t.Errorf("the level is %s, want %s", got, test.want)
			}
		})
	}
}

// A request's context works during the request, and is empty after it.
func TestRequestContext(t *testing.T) {
	t.Parallel()
	type key struct{}
	ctx, over := requestContext(context.WithValue(t.Context(), key{}, "a logger"))
	child, stop := context.WithCancel(ctx)
	defer stop()
	detached := context.WithoutCancel(ctx)
	if child.Value(key{}) != "a logger" || child.Err() != nil || requestOver(detached) || requestOver(t.Context()) {
		t.Errorf("during the request: value %v, error %v", child.Value(key{}), child.Err())
	}
	over()
	if ctx.Value(key{}) != nil || detached.Value(key{}) != nil || ctx.Err() == nil || !requestOver(detached) {
		t.Errorf("after the request: value %v, error %v", ctx.Value(key{}), ctx.Err())
	}
	<-child.Done() // otherwise the test does not end
}

// The server is the one that frees requests. Without this check, the
// framework's server would be used silently if it lacked a part of the
// protocol.
func TestServerLetsGo(t *testing.T) {
	t.Parallel()
	server := newServer(newProvider("test", processEnvironment, newProcess())())
	if _, ok := server.(requestServer); !ok {
		t.Errorf("the server is a %T", server)
	}
}

// A process may end during its configuration. The race detector checks this.
func TestProcessEndsAnyTime(t *testing.T) {
	t.Parallel()
	p := newProcess()
	env := environment{variables: []string{"OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:1"}}
	var configuring sync.WaitGroup
	for range 2 {
		configuring.Go(func() {
			if seen := p.begin(t.Context(), env, "test"); seen.tracing == nil {
				t.Error("tracing is missing")
			}
		})
	}
	if err := p.end(t.Context()); err != nil {
		t.Error(err)
	}
	configuring.Wait()
}
