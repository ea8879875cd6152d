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

	"github.com/flytokens/terraform-provider-fly/internal/token"
)

// maxBody bounds an answer, in bytes. The longest page of a list is less than a
// tenth of it.
const maxBody = 1 << 20

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
	// sent means that an attempt wrote to the connection: the server may have
	// carried the call out. repeated means that there were several.
	sent, repeated bool
}

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
	got, err := c.send(bounded, k)
	switch {
	case err == nil:
		server.Answered()
		return got, nil
	case errors.Is(ctx.Err(), context.Canceled):
		return nil, fmt.Errorf("%s: %w", k.op, context.Cause(ctx))
	case bounded.Err() != nil:
		if ctx.Err() == nil && !k.optional {
			server.Failed(began, bounded.Err())
		}
		return nil, timedOut(k, got)
	default:
		return nil, c.unreachable(k, got, err)
	}
}

// send attempts a call as often as its rule wants. The reply is never nil.
func (c *Client) send(ctx context.Context, k call) (*reply, error) {
	var sent atomic.Bool
	ctx = context.WithValue(ctx, operationKey{}, k.operation)
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{WroteHeaders: func() { sent.Store(true) }})
	for attempt := 0; ; attempt++ {
		got, err := c.attempt(ctx, k)
		got.sent, got.repeated = sent.Load(), attempt > 0
		if attempt == maxRetries || !k.repeat.again(ctx, got, err) {
			return got, err
		}
		select {
		case <-time.After(backoff(c.retryWait, attempt, got)):
		case <-ctx.Done():
			return got, ctx.Err()
		}
	}
}

// attempt sends a call once and reads its answer, up to maxBody. If the connection
// breaks in the body, it returns the status with the error.
func (c *Client) attempt(ctx context.Context, k call) (*reply, error) {
	req, err := http.NewRequestWithContext(ctx, k.method, k.url.String(), bytes.NewReader(k.body))
	if err != nil {
		return &reply{}, err
	}
	req.Header.Set("Authorization", k.header)
	req.Header.Set("User-Agent", c.userAgent)
	req.Header.Set("Accept", "application/json")
	if k.body != nil {
		req.Header.Set("Content-Type", "application/json; charset=utf-8")
	}
	resp, err := c.http.Do(req)
	if err != nil {
		var wrapper *url.Error // It repeats the method and the whole URL.
		if errors.As(err, &wrapper) {
			err = wrapper.Err
		}
		return &reply{}, err
	}
	defer func() { _ = resp.Body.Close() }()
	got := &reply{status: resp.StatusCode, header: resp.Header}
	got.body, err = io.ReadAll(io.LimitReader(resp.Body, maxBody+1))
	if len(got.body) > maxBody {
		err = errTooLarge
	}
	return got, err
}
