package tokenstore

import (
	"context"
	"crypto/rand"
	"fmt"
	"sync"
	"time"

	"github.com/flytokens/terraform-provider-fly/internal/token"
)

// promoteWait bounds the wait of a claim that becomes necessary later.
const promoteWait = 5 * time.Second

// claim is a [token.Claim]. If the backend's lock excludes every process, that lock is
// the claim. Otherwise the claim is a lease in the state document, which a goroutine
// renews.
type claim struct {
	store  *Store
	req    token.Request
	key    string
	name   string
	owner  string
	stored token.Stored
	// exclusive means that the backend's lock excludes every process.
	exclusive bool
	unlock    func()

	// turn lets one method at a time write: a flight may release the claim while an
	// abandoned source still asks for the name.
	turn sync.Mutex

	mu sync.Mutex
	// doc is the state document as this claim last wrote it, or nil.
	doc   *Document
	ended bool
	// stop ends the renewal of the lease.
	stop func()
}

var _ token.Claim = (*claim)(nil)

// Claim implements [token.Store]. It announces a mint in the same change. If another
// process saved a record or misses for req since the last [Store.Load], nothing is
// written. The claim's Stored then has the new content, and its MintName announces the
// mint on use.
func (s *Store) Claim(ctx context.Context, req token.Request) (token.Claim, error) {
	if err := ready(ctx, req.Place()); err != nil {
		return nil, err
	}
	leave, err := s.enter(ctx, "claim "+req.Place())
	if err != nil {
		return nil, fmt.Errorf("wait for another acquisition in this process: %w", err)
	}
	unlock, exclusive, err := s.backend.Claim(ctx, req.Place())
	if err != nil {
		leave()
		return nil, err
	}
	c := &claim{
		store: s, req: req, key: s.key(req), owner: rand.Text(), exclusive: exclusive,
		name: token.MintName(req),
		stop: func() {},
	}
	c.unlock = func() { unlock(); leave() }
	if err := c.take(ctx, s.take(s.missing, req.Place())); err != nil {
		c.unlock()
		return nil, err
	}
	return c, nil
}

// take writes the claim and its mint. seen is the document that a Load found without a
// record. If it has changed in between, take writes nothing.
func (c *claim) take(ctx context.Context, seen *Document) error {
	var wait waiter
	for first := seen; ; first = nil {
		var (
			got  *state
			held *lease
			news bool
		)
		doc, err := c.store.change(ctx, first, c.store.onState(c.req.Place(), func(st *state) (bool, error) {
			got, held, news = st, nil, false
			if seen != nil && c.news(seen.Data, st) {
				news = true
				return false, nil
			}
			if !c.exclusive && st.claim != nil && !wait.over(*st.claim, c.store.leases.Length) {
				held = st.claim
				return false, nil
			}
			if !c.exclusive {
				st.claim = &lease{Owner: c.owner}
			}
			return true, c.store.announce(st, token.Mint{
				Request: c.req, Name: c.name, Kind: token.MintSource, Owner: c.store.Owner(),
				ExpiresAt: time.Now().Add(c.store.scope.TokenTTL),
			})
		}))
		switch {
		case err != nil:
			return err
		case held != nil:
			if err := pause(ctx, 2*c.store.leases.Poll); err != nil {
				return fmt.Errorf("cannot claim %s in %s: another process holds it: %w", c.req.Subject(), c.store.backend, err)
			}
			continue
		case !news:
			c.took(ctx, doc)
			delete(got.mints, c.name)
		}
		c.stored, err = c.store.stored(ctx, got, c.req)
		return err
	}
}

// news reports whether a record or misses for the request were saved since.
func (c *claim) news(seen []byte, now *state) bool {
	before, err := c.store.read(c.req.Place(), seen)
	return err != nil || string(before.records[c.key]) != string(now.records[c.key]) ||
		string(before.misses[c.key]) != string(now.misses[c.key])
}

// Stored implements [token.Claim].
func (c *claim) Stored() token.Stored { return c.stored }

// MintName implements [token.Claim]. If the claim has not announced its mint yet, it
// does now; a warning says so if it cannot.
func (c *claim) MintName() string {
	ctx, cancel := context.WithTimeout(context.Background(), promoteWait)
	defer cancel()
	c.turn.Lock()
	defer c.turn.Unlock()
	if err := c.promote(ctx); err != nil {
		c.store.warn(c.req.Place(), "Unable to Announce Fly Token", fmt.Sprintf(
			"A token for %s is minted without an announcement in storage: %s. If this run is killed, `fly tokens list` shows the token as %q.", c.req.Subject(), err, c.name))
	}
	return c.name
}

// promote writes a claim that was not necessary at first. The caller holds turn.
func (c *claim) promote(ctx context.Context) error {
	c.mu.Lock()
	written := c.doc != nil || c.ended
	c.mu.Unlock()
	if written {
		return nil
	}
	return c.take(ctx, nil)
}

// Save implements [token.Claim].
func (c *claim) Save(ctx context.Context, rec token.Record) error {
	c.turn.Lock()
	defer c.turn.Unlock()
	if err := c.promote(ctx); err != nil {
		_ = c.release(ctx, nil, true)
		return err
	}
	if !c.finish() {
		return nil
	}
	defer c.unlock()
	var refused error
	_, err := c.store.change(ctx, c.doc, c.lastEdit(func(st *state) (bool, error) {
		switch refused = nil; {
		case !c.holds(st):
			refused = token.ErrClaimLost
			return false, nil
		case st.generation != c.stored.Generation:
			refused = token.ErrSuperseded
			return c.orphan(st, rec.ID)
		}
		now, _, err := c.store.backend.Now(ctx)
		if err != nil {
			return false, err
		}
		delete(st.mints, c.name)
		return true, st.save(c.key, rec, now)
	}))
	if err == nil {
		err = refused
	}
	return err
}

// orphan notes that a caller receives the token without a record. The mint stays
// announced until the token expires, and the token is not revoked.
func (c *claim) orphan(st *state, id string) (bool, error) {
	m, ok := st.mint(c.name)
	if !ok {
		return false, nil
	}
	m.ID, m.Delivered = id, true
	return true, st.putMint(c.name, m)
}

// Release implements [token.Claim].
func (c *claim) Release(ctx context.Context, misses []token.Attempt, uncertain bool) error {
	c.turn.Lock()
	defer c.turn.Unlock()
	return c.release(ctx, misses, uncertain)
}

// release is Release for a caller that holds turn. Without misses, it only undoes what
// the claim has written, if anything.
func (c *claim) release(ctx context.Context, misses []token.Attempt, uncertain bool) error {
	if !c.finish() {
		return nil
	}
	defer c.unlock()
	changed := len(misses) > 0
	if c.doc == nil && !changed {
		return nil
	}
	_, err := c.store.change(ctx, c.doc, c.lastEdit(func(st *state) (bool, error) {
		if changed {
			now, _, err := c.store.backend.Now(ctx)
			if err == nil {
				err = st.miss(c.key, misses, now)
			}
			if err != nil {
				return false, err
			}
		}
		_, announced := st.mints[c.name]
		if announced = announced && !uncertain; announced {
			delete(st.mints, c.name)
		}
		return changed || announced, nil
	}))
	return err
}

// finish ends the renewal of the lease, and reports whether the claim had not ended.
func (c *claim) finish() bool {
	c.mu.Lock()
	ended := c.ended
	c.ended = true
	c.mu.Unlock()
	if !ended {
		c.stop()
	}
	return !ended
}

// lastEdit is the claim's last change, which also ends its lease. If it fails, the lease
// expires.
func (c *claim) lastEdit(do func(st *state) (bool, error)) edit {
	return c.store.onState(c.req.Place(), func(st *state) (bool, error) {
		changed, err := do(st)
		if st.claim != nil && st.claim.Owner == c.owner {
			st.claim = nil
			changed = true
		}
		return changed, err
	})
}
