package flytest

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"time"
)

// Fault is what a server does in place of an honest answer. The constructors
// below are the ones that tests need; their results may be changed.
type Fault struct {
	// Times is how many requests it meets; 0 means all that follow.
	Times int
	// Delay is waited before anything else, unless the client leaves.
	Delay time.Duration
	// Answer says that the honest answer follows the delay.
	Answer bool
	// Done says that the request is carried out all the same, and only its
	// answer is spoilt.
	Done bool
	// Alter changes the honest answer before it is sent; nil leaves it.
	Alter func(body map[string]any)
	// Hang says that no answer comes until the client leaves.
	Hang bool
	// Reset says that the connection is reset in place of an answer.
	Reset bool
	// GoAway says that an HTTP/2 connection is ended with a GOAWAY frame in place
	// of an answer.
	GoAway bool
	// Status, Header and Body are the answer otherwise.
	Status int
	Header map[string]string
	Body   string
	// Flood is how many bytes of spaces follow Body.
	Flood int64
}

// Fail answers with an HTTP status and a body of JSON.
func Fail(status int, body string) Fault {
	return Fault{Status: status, Header: map[string]string{"Content-Type": "application/json"}, Body: body}
}

// FailGraphQL answers 200 with an error of GraphQL's.
func FailGraphQL(code, message string) Fault {
	body, err := json.Marshal(graphqlErrors(code, message))
	if err != nil {
		panic(fmt.Sprintf("flytest: two strings that are not JSON: %v", err))
	}
	return Fail(http.StatusOK, string(body))
}

// Lost carries so many requests out, and resets the connection in place of an
// answer.
func Lost(times int) Fault { return Fault{Times: times, Done: true, Reset: true} }

// LostToGoAway is [Lost] with a GOAWAY frame in place of a reset.
func LostToGoAway(times int) Fault { return Fault{Times: times, Done: true, GoAway: true} }

// After carries so many requests out, and answers as f does.
func After(times int, f Fault) Fault {
	f.Times, f.Done = times, true
	return f
}

// Alter carries so many requests out, and changes what is answered.
func Alter(times int, alter func(body map[string]any)) Fault {
	return Fault{Times: times, Answer: true, Alter: alter}
}

// MintedWith changes a field of the token in the answer to a mint.
func MintedWith(field string, value any) func(body map[string]any) {
	return func(body map[string]any) {
		minted := object(object(object(body["data"])["createLimitedAccessToken"])["limitedAccessToken"])
		minted[field] = value
	}
}

// BesideErrors adds an error to an answer that has data.
func BesideErrors(code, message string) func(body map[string]any) {
	return func(body map[string]any) { body["errors"] = graphqlErrors(code, message)["errors"] }
}

// BadGateway answers 502 as Fly's edge does, without a body, to so many requests.
func BadGateway(times int) Fault { return Fault{Times: times, Status: http.StatusBadGateway} }

// TooManyRequests answers 429 to so many requests, and asks to wait as many
// seconds.
func TooManyRequests(times, seconds int) Fault {
	f := Fail(http.StatusTooManyRequests, `{"error":"rate limit exceeded"}`)
	f.Times, f.Header["Retry-After"] = times, strconv.Itoa(seconds)
	return f
}

// CaptivePortal answers 200 with a page for people.
func CaptivePortal() Fault {
	return Fault{
		Status: http.StatusOK, Header: map[string]string{"Content-Type": "text/html"},
		Body: "<!DOCTYPE html><html><head><title>Sign in to this network</title></head></html>",
	}
}

// Redirect answers 307 to another address.
func Redirect(to string) Fault {
	return Fault{Status: http.StatusTemporaryRedirect, Header: map[string]string{"Location": to}}
}

// Flood answers 200 with a body that never seems to end.
func Flood(size int64) Fault {
	return Fault{Status: http.StatusOK, Header: map[string]string{"Content-Type": "application/json"}, Body: "{", Flood: size}
}

// Hang answers nothing until the client leaves.
func Hang() Fault { return Fault{Hang: true} }

// Reset breaks the connection of so many requests off.
func Reset(times int) Fault { return Fault{Times: times, Reset: true} }

// Slow answers honestly, and late.
func Slow(delay time.Duration) Fault { return Fault{Delay: delay, Answer: true} }

// spaces feeds a flood.
type spaces struct{}

func (spaces) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = ' '
	}
	return len(p), nil
}

// play carries a fault out, but for its delay and honest answers.
func (f Fault) play(w http.ResponseWriter, r *http.Request, closing <-chan struct{}) {
	switch {
	case f.Hang:
		select {
		case <-r.Context().Done():
		case <-closing:
		}
	case f.Reset:
		reset(w)
	case f.GoAway:
		goAway(r)
	default:
		for name, value := range f.Header {
			w.Header().Set(name, value)
		}
		w.WriteHeader(f.Status)
		_, _ = io.WriteString(w, f.Body) // the client may have left
		_, _ = io.CopyN(w, spaces{}, f.Flood)
	}
}

// goAway sends the frame that says that every stream so far was processed, and
// closes the connection.
func goAway(r *http.Request) {
	conn, _ := r.Context().Value(connection{}).(net.Conn)
	frame := []byte{
		0, 0, 8, 7, 0, 0, 0, 0, 0, // eight bytes, GOAWAY, no flags, no stream
		0x7f, 0xff, 0xff, 0xff, 0, 0, 0, 0, // the last stream, no error
	}
	_, _ = conn.Write(frame) // the client may have left
	_ = conn.Close()
}

// reset closes the connection in a way that TCP tells the peer as a reset.
func reset(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	if wrapped, ok := conn.(interface{ NetConn() net.Conn }); ok {
		conn = wrapped.NetConn()
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0) // else it is a close like any other, which will do
	}
	_ = conn.Close()
}
