package macaroon

import "time"

// NotAfter returns the last instant at which the macaroon is valid: the
// earliest end of its validity windows, including those inside IfPresent. It is
// zero if there is no window.
func (m *Macaroon) NotAfter() time.Time {
	_, end := m.window()
	return end
}

// NotBefore returns the first instant at which the macaroon is valid: the
// latest beginning of its validity windows. It is zero if there is no window.
func (m *Macaroon) NotBefore() time.Time {
	begin, _ := m.window()
	return begin
}

func (m *Macaroon) window() (begin, end time.Time) {
	walk(m.caveats, func(c Caveat) {
		if w, ok := c.(ValidityWindow); ok {
			end = earlier(end, instant(w.NotAfter))
			if at := instant(w.NotBefore); at.After(begin) {
				begin = at
			}
		}
	})
	return begin, end
}

// instant is time.Unix, within the years that RFC 3339 can write. The library
// that Fly checks with calls time.Unix too, which wraps at the ends of int64.
func instant(seconds int64) time.Time {
	t := time.Unix(seconds, 0).UTC()
	if t.Year() > 9999 {
		return time.Date(9999, time.December, 31, 23, 59, 59, 0, time.UTC)
	}
	if t.Year() < 1970 {
		return time.Unix(0, 0).UTC()
	}
	return t
}

// earlier returns the earlier of two instants. A zero one means never.
func earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}
