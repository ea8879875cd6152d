package dir

import "time"

// SetFault makes b run fault before each change of the file system. If it
// returns an error, the change is not made.
func (b *Backend) SetFault(fault func(op, path string) error) { b.fault = fault }

// SetLockWait bounds the wait for another process.
func (b *Backend) SetLockWait(d time.Duration) { b.lockWait = d }
