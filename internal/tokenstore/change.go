package tokenstore

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"
)

const (
	// retryPause is the longest pause after a first conflict. It doubles, up to
	// maxRetryPause.
	retryPause    = 4 * time.Millisecond
	maxRetryPause = 250 * time.Millisecond
)

// edit is a change of a document. do returns the new content, and reports whether it
// changed it. Nil data removes the document. do may run several times.
type edit struct {
	doc Doc
	do  func(ctx context.Context, old Document) (data []byte, changed bool, err error)
}

// change loads a document, edits it and swaps it on the loaded version. It
// repeats this after each conflict until ctx ends. The caller can pass a
// version that was loaded earlier, which saves one load: the swap checks
// whether it is current. change returns the resulting document.
func (s *Store) change(ctx context.Context, first *Document, e edit) (Document, error) {
	if err := ready(ctx, e.doc.App); err != nil {
		return Document{}, err
	}
	s.take(s.listed, e.doc.App) // it will have changed
	release, err := s.enter(ctx, "change "+e.doc.App+string(e.doc.Kind))
	if err != nil {
		return Document{}, err
	}
	defer release()
	for try := 0; ; try++ {
		old, current := first, false
		if first = nil; old == nil {
			loaded, err := s.backend.Load(ctx, e.doc)
			if err != nil {
				return Document{}, err
			}
			old, current = &loaded, true
		}
		data, changed, err := e.do(ctx, *old)
		if !current && (err != nil || !changed) {
			continue // It may have changed since.
		}
		if err != nil || !changed {
			return *old, err
		}
		version, err := s.backend.Swap(ctx, e.doc, data, old.Version)
		if err == nil {
			return Document{Data: data, Version: version}, nil
		}
		if errors.Is(err, ErrUnknown) {
			now, failed := s.backend.Load(ctx, e.doc)
			if failed != nil {
				return Document{}, fmt.Errorf("%w (%w)", failed, err)
			}
			if sameWrite(now.Data, data) {
				return now, nil
			}
		} else if !errors.Is(err, ErrConflict) {
			return Document{}, err
		}
		if err := pause(ctx, min(retryPause<<min(try, 10), maxRetryPause)); err != nil {
			return Document{}, err
		}
	}
}

// pause waits for a random time of at most limit, so that two conflicting
// callers do not conflict again.
func pause(ctx context.Context, limit time.Duration) error {
	timer := time.NewTimer(limit/4 + rand.N(limit*3/4)) //nolint:gosec // a pause is not a secret
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// enter admits one of this store's callers at a time. Otherwise they would only
// conflict.
func (s *Store) enter(ctx context.Context, name string) (leave func(), err error) {
	s.mu.Lock()
	gate := s.gates[name]
	if gate == nil {
		gate = make(chan struct{}, 1)
		s.gates[name] = gate
	}
	s.mu.Unlock()
	select {
	case gate <- struct{}{}:
		return func() { <-gate }, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// read decodes an app's state document. A damaged one counts as an empty one.
func (s *Store) read(app string, data []byte) (*state, error) {
	st, err := decodeState(data, app)
	if errors.Is(err, errMalformed) {
		damage := err
		st, err = decodeState(nil, app)
		st.damage, st.generation = damage, damagedGeneration(data)
	}
	if err != nil {
		err = s.contentError("read", Doc{app, KindState}, err)
	}
	return st, err
}

// onState is a change of an app's state. do reports whether it changed anything.
func (s *Store) onState(app string, do func(st *state) (bool, error)) edit {
	return edit{Doc{app, KindState}, func(ctx context.Context, old Document) ([]byte, bool, error) {
		st, err := s.read(app, old.Data)
		if err != nil {
			return nil, false, err
		}
		if changed, err := do(st); err != nil || !changed {
			return nil, false, err
		}
		if st.damage != nil {
			s.setAside(ctx, app, old.Data, st)
		}
		st.prune(time.Now())
		data, err := st.encode(app)
		return data, true, err
	}}
}
