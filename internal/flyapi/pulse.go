package flyapi

import (
	"fmt"
	"sync"
	"time"
)

// muteFor is how long a server that gave no answer is not asked again.
const muteFor = 30 * time.Second

// pulse tells whether a server answers at all. A plan over a hundred apps must
// not wait for one that hangs once for every ten of them; one that is merely slow
// goes on answering others, and is waited for.
type pulse struct {
	mu    sync.Mutex
	heard time.Time
	mute  time.Time
}

// answered notes that the server answered, whatever it said.
func (p *pulse) answered() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.heard, p.mute = time.Now(), time.Time{}
}

// missed notes that a call that began then had no answer in time.
func (p *pulse) missed(began time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.heard.Before(began) {
		p.mute = time.Now().Add(muteFor)
	}
}

// muted reports whether the server is not to be asked now.
func (p *pulse) muted() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return time.Now().Before(p.mute)
}

// notAsked is the error of a call that was not sent.
func notAsked(k call) error {
	return &Error{
		Op: k.op, Kind: ErrUnavailable, Fix: fixFor(ErrUnavailable), Refused: true,
		Reason: fmt.Sprintf("%s gave no answer to an earlier call, and is not asked again for %s", k.url.Host, muteFor),
	}
}
