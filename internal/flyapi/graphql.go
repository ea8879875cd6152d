package flyapi

import (
	"context"
	"encoding/json"
	"iter"
	"maps"
	"net/http"
	"strconv"
	"strings"

	"github.com/flytokens/terraform-provider-fly/internal/token"
)

// document is one operation of Fly's GraphQL API.
type document struct {
	// op and operation are those of the call.
	op        string
	operation string
	// name is the operation's name in the text, or "".
	name      string
	text      string
	variables map[string]any
	// flaw, if any, is why d is not sent.
	flaw error
	// notFound is the kind for the code NOT_FOUND.
	notFound Kind
	repeat   repeat
	// optional is that of the call.
	optional bool
}

type graphqlError struct {
	Message    string `json:"message"`
	Extensions struct {
		Code string `json:"code"`
	} `json:"extensions"`
}

// run sends d and decodes the answer's data into data. It sends the whole of
// tok, because GraphQL accepts macaroons and OAuth tokens in one header. It
// also decodes data that comes with an error, because the mutation may have
// been carried out. It reports whether the call was sent more than once.
func (c *Client) run(ctx context.Context, tok token.Token, d document, data any) (repeated bool, err error) {
	if d.flaw != nil {
		return false, invalid(d.op, d.flaw)
	}
	if tok.IsZero() {
		return false, noLogin(d.op)
	}
	request := map[string]any{"query": d.text, "variables": d.variables}
	if d.name != "" {
		request["operationName"] = d.name
	}
	body, err := json.Marshal(request)
	if err != nil {
		return false, invalid(d.op, err)
	}
	k := call{
		op: d.op, operation: d.operation, method: http.MethodPost, url: c.graphql, body: body,
		header: tok.AuthorizationHeader(), secret: tok, timeout: c.timeout, repeat: d.repeat, optional: d.optional,
	}
	if d.optional {
		k.timeout = min(c.timeout/2, c.showTimeout)
	}
	r, err := c.do(ctx, k)
	if err != nil {
		return false, err
	}
	if e := checkStatus(k, r, ""); e != nil {
		return r.repeated, e
	}
	return r.repeated, decodeAnswer(k, d, r, data)
}

func decodeAnswer(k call, d document, r *reply, data any) error {
	var answer struct {
		Data   json.RawMessage `json:"data"`
		Errors []graphqlError  `json:"errors"`
	}
	if json.Unmarshal(r.body, &answer) != nil || answer.Data == nil && len(answer.Errors) == 0 {
		return noAnswer(k, r, "JSON that is not GraphQL's")
	}
	decoded := json.Unmarshal(answer.Data, data)
	if len(answer.Errors) > 0 {
		first := answer.Errors[0]
		kind, refusal := kindOf(d, first)
		e := k.answer(kind, r, first.Message)
		e.refused = refusal && !r.repeated
		return e
	}
	if decoded != nil {
		return noAnswer(k, r, "data of an unknown form")
	}
	return nil
}

// messageUnauthenticated is Fly's message for an unknown token. Its code,
// UNAUTHORIZED, is also used for a lack of permission.
const messageUnauthenticated = "You must be authenticated to view this."

// kindOf returns the kind of an error by its code, as in superfly/graphql, and
// whether Fly refuses a request with it: only that proves that nothing was done.
func kindOf(d document, e graphqlError) (kind Kind, refusal bool) {
	switch e.Extensions.Code {
	case "MAINTENANCE", "SERVER_ERROR", "INTERNAL_SERVER_ERROR", "SERVICE_UNAVAILABLE", "TIMEOUT":
		return ErrUnavailable, false
	case "NOT_FOUND":
		return d.notFound, true
	case "INVALID", "INVALID_ARGUMENTS", "UNPROCESSABLE":
		return ErrInvalid, true
	case "UNAUTHORIZED":
		if e.Message != messageUnauthenticated {
			return ErrNotPermitted, true
		}
	}
	switch e.Message {
	case messageUnauthenticated:
		return ErrUnauthenticated, true
	case "Could not find App", "Could not find Organization":
		return d.notFound, true
	default:
		return ErrInvalid, false
	}
}

// numeric is an identifier. GraphQL gives it as a number for an app (Int) and
// as a string for an organization (BigInt).
type numeric uint64

// UnmarshalJSON reads a number, a string of digits, or null.
func (n *numeric) UnmarshalJSON(raw []byte) error {
	text := strings.Trim(string(raw), `"`)
	if text == "null" || text == "" {
		return nil
	}
	id, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		return err
	}
	*n = numeric(id)
	return nil
}

const (
	// pageSize is the number of nodes on one page of a list.
	pageSize = 100
	// maxPages bounds a list. No organization has nearly so many tokens.
	maxPages = 1000
)

// connection is one page of a list of GraphQL's.
type connection[N any] struct {
	TotalCount int `json:"totalCount"`
	Nodes      []N `json:"nodes"`
	PageInfo   struct {
		HasNextPage bool   `json:"hasNextPage"`
		EndCursor   string `json:"endCursor"`
	} `json:"pageInfo"`
}

// pages follows an owner's list to its end, or to the first error. A server that
// repeats a cursor is not followed.
func pages[O, N any](ctx context.Context, c *Client, tok token.Token, d document, list func(O) connection[N]) iter.Seq2[connection[N], error] {
	of := d.variables
	return func(yield func(connection[N], error) bool) {
		var after any
		for range maxPages {
			d.variables = map[string]any{"first": pageSize, "after": after}
			maps.Copy(d.variables, of)
			var data struct {
				Owner *O `json:"owner"`
			}
			_, err := c.run(ctx, tok, d, &data)
			if err == nil && data.Owner == nil {
				err = missing(d)
			}
			if err != nil {
				yield(connection[N]{}, err)
				return
			}
			page := list(*data.Owner)
			info := page.PageInfo
			if !yield(page, nil) || !info.HasNextPage {
				return
			}
			if info.EndCursor == "" || after == info.EndCursor {
				break
			}
			after = info.EndCursor
		}
		yield(connection[N]{}, incomplete(d))
	}
}
