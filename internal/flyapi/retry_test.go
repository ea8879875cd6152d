package flyapi

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// reaction is a status with a Retry-After header; status 0 means no answer.
type reaction struct {
	status int
	after  string
}

func (r reaction) reply() *reply {
	return &reply{status: r.status, header: http.Header{"Retry-After": {r.after}}}
}

func TestBackoff(t *testing.T) {
	t.Parallel()
	const first, longest = 200 * time.Millisecond, maxRetryWait
	tests := map[string]struct {
		attempt  int
		resp     reaction
		min, max time.Duration
	}{
		"the first":            {0, reaction{}, first / 2, first},
		"the third":            {2, reaction{}, 2 * first, 4 * first},
		"many":                 {20, reaction{}, longest / 2, longest},
		"as asked":             {0, reaction{429, "7"}, 7*time.Second + first/2, 7*time.Second + first},
		"no time asked":        {0, reaction{503, "0"}, first / 2, first},
		"asked by who may not": {0, reaction{502, "7"}, first / 2, first},
		"negative":             {0, reaction{429, "-7"}, first / 2, first},
		"nonsense":             {0, reaction{429, "soon"}, first / 2, first},
		"a date in the past":   {0, reaction{503, "Fri, 31 Dec 1999 23:59:59 GMT"}, first / 2, first},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for range 100 {
				if got := backoff(first, tc.attempt, tc.resp.reply()); got < tc.min || got > tc.max {
					t.Fatalf("backoff = %s, want %s to %s", got, tc.min, tc.max)
				}
			}
		})
	}
}

func TestRetryAfterReadsADate(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		at := time.Now().Add(time.Minute).UTC().Truncate(time.Second)
		got, ok := reaction{429, at.Format(http.TimeFormat)}.reply().retryAfter()
		if want := time.Until(at); !ok || got != want {
			t.Errorf("retryAfter = %s, %t; want %s", got, ok, want)
		}
	})
}

func TestRepeat(t *testing.T) {
	t.Parallel()
	lost := fmt.Errorf("read: %w", syscall.ECONNRESET)
	tests := map[string]struct {
		resp reaction
		err  error
		want map[repeat]bool
	}{
		"good":             {reaction{200, ""}, nil, nil},
		"500, cut off":     {reaction{500, ""}, io.ErrUnexpectedEOF, map[repeat]bool{whenLost: true, whenFailed: true}},
		"502, cut off":     {reaction{502, ""}, io.ErrUnexpectedEOF, map[repeat]bool{whenAnswered: true, whenLost: true, whenFailed: true}},
		"500":              {reaction{500, ""}, nil, map[repeat]bool{whenFailed: true}},
		"504":              {reaction{504, ""}, nil, map[repeat]bool{whenFailed: true}},
		"GOAWAY":           {reaction{}, errors.New("http2: server sent GOAWAY and closed the connection; LastStreamID=1, ErrCode=NO_ERROR"), map[repeat]bool{whenLost: true, whenFailed: true}},
		"502":              {reaction{502, ""}, nil, map[repeat]bool{whenAnswered: true, whenLost: true, whenFailed: true}},
		"503":              {reaction{503, "1"}, nil, map[repeat]bool{whenAnswered: true, whenLost: true, whenFailed: true}},
		"429":              {reaction{429, "1"}, nil, map[repeat]bool{whenAnswered: true, whenLost: true, whenFailed: true}},
		"429 for too long": {reaction{429, "3600"}, nil, nil},
		"reset":            {reaction{}, lost, map[repeat]bool{whenLost: true, whenFailed: true}},
		"cut off":          {reaction{200, ""}, io.ErrUnexpectedEOF, map[repeat]bool{whenLost: true, whenFailed: true}},
		"refused":          {reaction{}, syscall.ECONNREFUSED, nil},
		"too large":        {reaction{200, ""}, errTooLarge, nil},
		"anything else":    {reaction{}, errors.New("no"), nil},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			got := tc.resp.reply()
			over, end := context.WithCancel(t.Context())
			end()
			for _, r := range []repeat{never, whenAnswered, whenLost, whenFailed} {
				if again := r.again(ctx, got, tc.err); again != tc.want[r] {
					t.Errorf("again of %d = %t, want %t", r, again, tc.want[r])
				}
				if r.again(over, got, tc.err) {
					t.Errorf("again of %d after the end", r)
				}
			}
		})
	}
}
