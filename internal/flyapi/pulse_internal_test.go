package flyapi

import (
	"testing"
	"testing/synctest"
	"time"
)

// A server is muted where nobody was answered since the call began that had no
// answer, and for a while.
func TestPulse(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var p pulse
		wantMuted := func(want bool) {
			t.Helper()
			if got := p.muted(); got != want {
				t.Errorf("muted is %v", got)
			}
		}
		wantMuted(false)
		began := time.Now()
		time.Sleep(time.Second)
		p.answered()
		p.missed(began) // others were answered meanwhile: it is slow, not gone
		wantMuted(false)
		time.Sleep(time.Second)
		p.missed(time.Now())
		wantMuted(true)
		time.Sleep(muteFor)
		wantMuted(false)
		p.missed(time.Now())
		wantMuted(true)
		p.answered() // a call that was under way
		wantMuted(false)
	})
}
