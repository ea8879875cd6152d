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

// Fault replaces a server's normal answer. The constructors below are those
// that tests need. Their results may be changed.
type Fault struct {
	// Times is the number of affected requests; 0 means all that follow.
	Times int
	// Delay is the wait before anything else, unless the client leaves.
	Delay time.Duration
	// Answer means that the normal answer follows the delay.
	Answer bool
	// Done means that the request is carried out, and only its answer is
	// faulty.
	Done bool
	// Alter changes the normal answer before it is sent; nil leaves it.
	alter func(body map[string]any)
	// Hang means that no answer comes until the client leaves.
	Hang bool
	// Reset means that the connection is reset in place of an answer.
	Reset bool
	// goAway means that an HTTP/2 connection ends with a GOAWAY frame in place
	// of an answer.
	goAway bool
	// Status, Header and Body are the answer in all other cases.
	Status int
	Header map[string]string
	Body   string
	// flood is the number of spaces that follow Body.
	flood int64
}

// Fail answers with an HTTP status and a body of JSON.
func Fail(status int, body string) Fault {
	return Fault{Status: status, Header: map[string]string{"Content-Type": "application/json"}, Body: body}
}

// FailGraphQL answers 200 with a GraphQL error.
func FailGraphQL(code, message string) Fault {
	body, err := json.Marshal(graphqlErrors(code, message))
	if err != nil {
		panic(fmt.Sprintf("flytest: two strings that are not JSON: %v", err))
	}
	return Fail(http.StatusOK, string(body))
}

// Lost carries out this number of requests, and resets the connection in place
// of an answer.
func Lost(times int) Fault { return Fault{Times: times, Done: true, Reset: true} }

// LostToGoAway is [Lost] with a GOAWAY frame in place of a reset.
func LostToGoAway(times int) Fault { return Fault{Times: times, Done: true, goAway: true} }

// After carries out this number of requests, and answers as f does.
func After(times int, f Fault) Fault {
	f.Times, f.Done = times, true
	return f
}

// Alter carries out this number of requests, and changes the answers.
func Alter(times int, alter func(body map[string]any)) Fault {
	return Fault{Times: times, Answer: true, alter: alter}
}

// MintedWith changes a field of the token in the answer to a mint.
func MintedWith(field string, value any) func(body map[string]any) {
	return func(body map[string]any) {
		minted := object(object(object(body["data"])["createLimitedAccessToken"])["limitedAccessToken"])
		minted[field] = value
	}
}

// BesideErrors adds an error to an answer with data.
func BesideErrors(code, message string) func(body map[string]any) {
	return func(body map[string]any) { body["errors"] = graphqlErrors(code, message)["errors"] }
}

// BadGateway answers this number of requests with 502, without a body, as Fly's
// edge does.
func BadGateway(times int) Fault { return Fault{Times: times, Status: http.StatusBadGateway} }

// TooManyRequests answers this number of requests with 429, and asks for a wait
// of these seconds.
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

// Redirect answers 307 with a different address.
func Redirect(to string) Fault {
	return Fault{Status: http.StatusTemporaryRedirect, Header: map[string]string{"Location": to}}
}

// Flood answers 200 with a body that never seems to end.
func Flood(size int64) Fault {
	return Fault{Status: http.StatusOK, Header: map[string]string{"Content-Type": "application/json"}, Body: "{", flood: size}
}

// Hang gives no answer until the client leaves.
func Hang() Fault { return Fault{Hang: true} }

// Reset resets the connection of this number of requests.
func Reset(times int) Fault { return Fault{Times: times, Reset: true} }

// Slow gives the normal answer late.
func Slow(delay time.Duration) Fault { return Fault{Delay: delay, Answer: true} }

// spaces is the content of a flood.
type spaces struct{}

func (spaces) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = ' '
	}
	return len(p), nil
}

// play carries out a fault, except for its delay and normal answers.
func (f Fault) play(w http.ResponseWriter, r *http.Request, closing <-chan struct{}) {
	switch {
	case f.Hang:
		select {
		case <-r.Context().Done():
		case <-closing:
		}
	case f.Reset:
		reset(w)
	case f.goAway:
		goAway(r)
	default:
		for name, value := range f.Header {
			w.Header().Set(name, value)
		}
		w.WriteHeader(f.Status)
		_, _ = io.WriteString(w, f.Body) // the client may have left
		_, _ = io.CopyN(w, spaces{}, f.flood)
	}
}

// goAway sends the frame that marks every stream so far as processed, and
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

// reset closes the connection so that the peer sees a TCP reset.
func reset(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	if wrapped, ok := conn.(interface{ NetConn() net.Conn }); ok {
		conn = wrapped.NetConn()
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0) // otherwise it is a normal close, which is enough
	}
	_ = conn.Close()
}
