package tokenstore

import "time"

// SetFault makes s run fault before each change of the file system. Where it
// returns an error, the change is not made.
func (s *Store) SetFault(fault func(op, path string) error) { s.fault = fault }

// SetLockWait bounds the wait for another process.
func (s *Store) SetLockWait(d time.Duration) { s.lockWait = d }
