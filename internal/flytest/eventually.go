package flytest

import (
	"testing"
	"time"
)

// Eventually waits until a condition that depends on other processes holds. It fails
// the test after two minutes, which only a machine that hangs takes.
func Eventually(t testing.TB, what string, holds func() bool) {
	t.Helper()
	again, late := time.NewTicker(10*time.Millisecond), time.NewTimer(2*time.Minute)
	defer again.Stop()
	defer late.Stop()
	for !holds() {
		select {
		case <-again.C:
		case <-late.C:
			t.Fatalf("waited in vain until %s", what)
		}
	}
}
