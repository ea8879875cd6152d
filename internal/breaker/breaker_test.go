package breaker_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/flytokens/terraform-provider-fly/internal/breaker"
)

var errSilent = errors.New("no answer")

// wantOpen fails the test unless the breaker refuses a request, with errSilent.
func wantOpen(t *testing.T, b *breaker.Breaker) {
	t.Helper()
	var open *breaker.OpenError
	if err := b.Allow(); !errors.As(err, &open) || !errors.Is(err, errSilent) || err.Error() != errSilent.Error() {
		t.Errorf("Allow = %v, want an OpenError of %q", err, errSilent)
	}
}

// wantClosed fails the test unless the breaker allows a request.
func wantClosed(t *testing.T, b *breaker.Breaker) {
	t.Helper()
	if err := b.Allow(); err != nil {
		t.Errorf("Allow = %v", err)
	}
}

func TestBreakerOpensUntilTheServerAnswers(t *testing.T) {
	t.Parallel()
	var b breaker.Breaker
	wantClosed(t, &b)
	if !b.Failed(time.Now(), errSilent) {
		t.Error("the first failure did not open it")
	}
	if b.Failed(time.Now(), errSilent) {
		t.Error("the second failure opened it again")
	}
	wantOpen(t, &b)
	b.Answered()
	wantClosed(t, &b)
}

func TestOneRequestTriesAgainAfterEachPause(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := breaker.Breaker{Pause: time.Minute}
		b.Failed(time.Now(), errSilent)
		wantOpen(t, &b)
		for range 3 {
			time.Sleep(time.Minute)
			wantClosed(t, &b)
			wantOpen(t, &b)
		}
	})
}

func TestWithoutAPauseItStaysOpen(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var b breaker.Breaker
		b.Failed(time.Now(), errSilent)
		time.Sleep(1000 * time.Hour)
		wantOpen(t, &b)
	})
}

func TestAServerThatAnswersOthersIsOnlySlow(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var b breaker.Breaker
		began := time.Now()
		time.Sleep(time.Second)
		b.Answered()
		if b.Failed(began, errSilent) {
			t.Error("it opened, although the server answered after the request began")
		}
		wantClosed(t, &b)
		time.Sleep(time.Second)
		if !b.Failed(time.Now(), errSilent) {
			t.Error("it did not open, although the answer came before the request began")
		}
	})
}

func TestOpeningEndsBoundRequests(t *testing.T) {
	t.Parallel()
	var b breaker.Breaker
	early, release := b.Bind(t.Context())
	defer release()
	if early.Err() != nil {
		t.Error("a closed breaker ended a request")
	}
	b.Failed(time.Now(), errSilent)
	<-early.Done()
	late, releaseLate := b.Bind(t.Context())
	defer releaseLate()
	if late.Err() == nil {
		t.Error("a breaker that stays open let a request begin")
	}
}
