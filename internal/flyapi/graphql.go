package flyapi

import (
	"context"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"

	"github.com/flytokens/terraform-provider-fly/internal/token"
)

// document is one GraphQL operation of Fly's.
type document struct {
	// op and operation are the call's.
	op        string
	operation string
	// name is the operation's in the text, "" where it has none there.
	name      string
	text      string
	variables map[string]any
	// notFound is the kind that the code NOT_FOUND has here.
	notFound Kind
	repeat   repeat
}

// graphqlError is an entry of a GraphQL answer's errors.
type graphqlError struct {
	Message    string `json:"message"`
	Extensions struct {
		Code string `json:"code"`
	} `json:"extensions"`
}

// run sends d with the whole of tok, macaroons and OAuth alike, which GraphQL
// accepts in one header, and decodes the answer's data into data.
func (c *Client) run(ctx context.Context, tok token.Token, d document, data any) error {
	if tok.IsZero() {
		return noLogin(d.op)
	}
	request := map[string]any{"query": d.text, "variables": d.variables}
	if d.name != "" {
		request["operationName"] = d.name
	}
	body, err := json.Marshal(request)
	if err != nil {
		return invalid(d.op, err)
	}
	k := call{
		op: d.op, operation: d.operation, method: http.MethodPost, url: c.graphql, body: body,
		header: tok.AuthorizationHeader(), secret: tok, timeout: c.timeout, repeat: d.repeat,
	}
	r, err := c.do(ctx, k)
	if err != nil {
		return err
	}
	if e := checkStatus(k, r, ""); e != nil {
		return e
	}
	var answer struct {
		Data   json.RawMessage `json:"data"`
		Errors []graphqlError  `json:"errors"`
	}
	if json.Unmarshal(r.body, &answer) != nil || answer.Data == nil && len(answer.Errors) == 0 {
		return noAnswer(k, r, "JSON that is not GraphQL's")
	}
	if len(answer.Errors) > 0 {
		return refused(k, d, r.status, answer.Errors[0])
	}
	if json.Unmarshal(answer.Data, data) != nil {
		return noAnswer(k, r, "data of another shape")
	}
	return nil
}

// messageUnauthenticated is what Fly's API says to whom it does not know. The
// code that comes with it, UNAUTHORIZED, stands for a lack of permission as well.
const messageUnauthenticated = "You must be authenticated to view this."

// refused types an error of GraphQL's by its code. The codes are those that
// superfly/graphql knows; an error without one says that the input was at fault.
func refused(k call, d document, status int, e graphqlError) *Error {
	switch e.Extensions.Code {
	case "UNAUTHORIZED":
		if e.Message == messageUnauthenticated {
			return answered(k, ErrUnauthenticated, status, e.Message)
		}
		return answered(k, ErrNotPermitted, status, e.Message)
	case "NOT_FOUND":
		return answered(k, d.notFound, status, e.Message)
	case "MAINTENANCE", "SERVER_ERROR", "INTERNAL_SERVER_ERROR", "SERVICE_UNAVAILABLE":
		return answered(k, ErrUnavailable, status, e.Message)
	}
	switch e.Message {
	case messageUnauthenticated:
		return answered(k, ErrUnauthenticated, status, e.Message)
	case "Could not find App", "Could not find Organization":
		return answered(k, d.notFound, status, e.Message)
	default:
		return answered(k, ErrInvalid, status, e.Message)
	}
}

// numeric is an identifier that GraphQL gives as a number for an app (Int) and
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
