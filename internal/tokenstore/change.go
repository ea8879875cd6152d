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

// edit returns a document's new content, and reports whether it changed it. Nil
// data removes the document.
type edit func(old Document) (data []byte, changed bool, err error)

// change loads a document, edits it and swaps it on the loaded version. It
// repeats this after each conflict until ctx ends. The caller can pass a
// version that was loaded earlier, which saves one load: the swap checks
// whether it is current. change returns the resulting document.
func (s *Store) change(ctx context.Context, doc Doc, first *Document, do edit) (Document, error) {
	release, err := s.enter(ctx, "change "+doc.App+string(doc.Kind))
	if err != nil {
		return Document{}, err
	}
	defer release()
	for try := 0; ; try++ {
		old, current := first, false
		if first = nil; old == nil {
			loaded, err := s.backend.Load(ctx, doc)
			if err != nil {
				return Document{}, err
			}
			old, current = &loaded, true
		}
		data, changed, err := do(*old)
		if !current && (err != nil || !changed) {
			continue // It may have changed since.
		}
		if err != nil || !changed {
			return *old, err
		}
		version, err := s.backend.Swap(ctx, doc, data, old.Version)
		if err == nil {
			return Document{Data: data, Version: version}, nil
		}
		if errors.Is(err, ErrUnknown) {
			now, failed := s.backend.Load(ctx, doc)
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
func (s *Store) read(app string, data []byte) (st *state, damage, err error) {
	st, err = decodeState(data, app)
	if isDamaged(err) {
		damage = err
		st, _ = decodeState(nil, app)
		st.generation, err = damagedGeneration(data), nil
	}
	if err != nil {
		err = s.contentError("read", Doc{app, KindState}, err)
	}
	return st, damage, err
}

// changeState changes an app's state. do reports whether it changed anything, and
// may run several times.
func (s *Store) changeState(ctx context.Context, app string, first *Document, do func(st *state) (bool, error)) (Document, error) {
	if err := ready(ctx, app); err != nil {
		return Document{}, err
	}
	doc := Doc{app, KindState}
	s.take(s.listed, app) // it will have changed
	return s.change(ctx, doc, first, func(old Document) ([]byte, bool, error) {
		st, damage, err := s.read(app, old.Data)
		if err != nil {
			return nil, false, err
		}
		changed, err := do(st)
		if err != nil || !changed {
			return nil, false, err
		}
		if damage != nil {
			s.setAside(ctx, app, old.Data, damage, st)
		}
		st.prune(time.Now())
		data, err := st.encode(app)
		return data, true, err
	})
}
