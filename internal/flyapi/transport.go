package flyapi

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"sync/atomic"
	"time"

	"github.com/hashicorp/go-retryablehttp"

	"github.com/flytokens/terraform-provider-fly/internal/token"
)

// maxBody bounds an answer, in bytes. The longest page of a list is less than a
// tenth of it.
const maxBody = 1 << 20

// errTooLarge is the cause if an answer is longer than maxBody.
var errTooLarge = errors.New("the answer is too long")

// call is one operation: a request, and the rule for repeating it.
type call struct {
	// op names the operation in errors.
	op string
	// operation is the same without the parameters of this call. Calls are
	// counted by it.
	operation string
	method    string
	url       *url.URL
	header    string
	body      []byte
	timeout   time.Duration
	// secret is the text that must not be quoted.
	secret token.Token
	repeat repeat
	// optional means that the caller can do without an answer. The time limit is
	// short, and exceeding it does not stop other calls.
	optional bool
}

// operationKey is the key of the context value that names a request's operation.
type operationKey struct{}

// Operation returns the operation of a [Client]'s request, without parameters:
// look_up_app, look_up_organization, mint_token, list_tokens, revoke_token or
// check_token. It is "" for any other request.
func Operation(r *http.Request) string {
	operation, _ := r.Context().Value(operationKey{}).(string)
	return operation
}

// reply is an answer whose body was read completely.
type reply struct {
	status int
	header http.Header
	body   []byte
	// repeated means that the call was sent more than once.
	repeated bool
}

// isJSON reports whether the body is one JSON value.
func (r *reply) isJSON() bool { return json.Valid(r.body) }

// isHTML reports whether the body is a page for people: a captive portal's, or a
// proxy's.
func (r *reply) isHTML() bool {
	return bytes.HasPrefix(bytes.TrimSpace(r.body), []byte("<"))
}

// do sends a call when a slot is free, and repeats it by the call's rule. If
// the server has recently not answered other calls, it sends nothing. The error
// is an [*Error], or ctx's own if the caller left.
func (c *Client) do(ctx context.Context, k call) (*reply, error) {
	select {
	case c.slots <- struct{}{}:
		defer func() { <-c.slots }()
	case <-ctx.Done():
		return nil, leftWaiting(ctx, k)
	}
	server := c.breakers[k.url.Host]
	if k.repeat == never {
		server = &c.shows
	}
	if server.Allow() != nil {
		return nil, paused(k)
	}
	began := time.Now()
	bounded, cancel := context.WithTimeout(ctx, k.timeout)
	defer cancel()
	t := &trace{}
	got, err := c.send(bounded, k, t)
	switch {
	case err == nil:
		server.Answered()
		got.repeated = t.attempts.Load() > 1
		return got, nil
	case errors.Is(ctx.Err(), context.Canceled):
		return nil, fmt.Errorf("%s: %w", k.op, context.Cause(ctx))
	case bounded.Err() != nil:
		if ctx.Err() == nil && !k.optional {
			server.Failed(began, bounded.Err())
		}
		return nil, timedOut(k, t)
	default:
		return nil, unreachable(k, t, err)
	}
}

// trace records the attempts of a call.
type trace struct {
	// attempts counts them.
	attempts atomic.Int32
	// sent means that an attempt wrote to the connection: the server may have
	// carried the call out.
	sent atomic.Bool
}

// send runs the attempts. Each call has a new retrying client with the call's
// rule. The clients share the connections and log nothing.
func (c *Client) send(ctx context.Context, k call, t *trace) (*reply, error) {
	ctx = context.WithValue(ctx, operationKey{}, k.operation)
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{WroteHeaders: func() { t.sent.Store(true) }})
	req, err := retryablehttp.NewRequestWithContext(ctx, k.method, k.url.String(), k.body)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Authorization", k.header)
	req.Header.Set("User-Agent", c.userAgent)
	req.Header.Set("Accept", "application/json")
	if k.body != nil {
		req.Header.Set("Content-Type", "application/json; charset=utf-8")
	}
	// The body is read inside an attempt, so that a connection lost during the
	// body is treated like one lost before it.
	var got *reply
	req.SetResponseHandler(func(resp *http.Response) (err error) {
		got, err = read(resp)
		return err
	})
	retrying := retryablehttp.Client{
		HTTPClient:     c.http,
		RetryWaitMin:   c.retryWait,
		RetryWaitMax:   maxRetryWait,
		RetryMax:       k.repeat.times(),
		CheckRetry:     k.repeat.check,
		Backoff:        backoff,
		ErrorHandler:   retryablehttp.PassthroughErrorHandler,
		RequestLogHook: func(retryablehttp.Logger, *http.Request, int) { t.attempts.Add(1) },
	}
	resp, err := retrying.Do(req)
	if err != nil {
		if resp != nil && resp.Body != nil {
			_ = resp.Body.Close() // its content is discarded with the attempt
		}
		return nil, err
	}
	if got == nil {
		// After the last attempt, an answer that is a reason to try again is
		// returned unread.
		return read(resp)
	}
	return got, nil
}

// read reads an answer up to maxBody and closes it.
func read(resp *http.Response) (*reply, error) {
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxBody+1))
	if err != nil {
		return nil, err
	}
	if len(body) > maxBody {
		return nil, errTooLarge
	}
	return &reply{status: resp.StatusCode, header: resp.Header, body: body}, nil
}
