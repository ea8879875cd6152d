package flyctl

import "sync"

// capped keeps the first maxOutput bytes that are written to it and discards
// the rest, so that no writer ever waits. It has a lock because os/exec may
// still write after Wait has given up on a pipe.
type capped struct {
	// overflow, if any, is called at each write beyond the cap.
	overflow func()

	mu  sync.Mutex
	buf []byte
}

// Write never fails.
func (c *capped) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	room := maxOutput - len(c.buf)
	c.buf = append(c.buf, p[:min(room, len(p))]...)
	if len(p) > room && c.overflow != nil {
		c.overflow()
	}
	return len(p), nil
}

func (c *capped) bytes() []byte {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.buf
}
