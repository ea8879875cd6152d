package token_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/flytokens/terraform-provider-fly/internal/token"
)

// A refresh(always) shares no flight whose bar was set before the caller's call: the
// caller may hold what another process acquired in between.
func TestRefreshSharesNoOlderBar(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := newMemory()
		slow := &link{name: token.SourceConfig, acquire: func(ctx context.Context, _ token.Request) (token.Candidate, error) {
			return token.Candidate{}, errors.Join(sleep(ctx, 5*time.Second), errors.New("no login"))
		}}
		here := newResolver(m, storageLink(), slow, minter(t, token.SourceCLI, 0, 24*time.Hour))
		other := newResolver(m, storageLink(), minter(t, token.SourceCLI, 0, 24*time.Hour))
		go func() { _, _ = here.Refresh(t.Context(), web, token.PolicyAlways) }()
		synctest.Wait()
		held := mustGet(t, other, "web")
		res, err := here.Refresh(t.Context(), web, token.PolicyAlways)
		if err != nil || res.Token == held.Token {
			t.Errorf("error %v; returned the token that the caller held: %v", err, res.Token == held.Token)
		}
	})
}

// A token that was saved under a bar is not barred: the next conditional refresh
// takes it from storage.
func TestBarAllowsTheTokenSavedUnderIt(t *testing.T) {
	t.Parallel()
	m := newMemory()
	cli := minter(t, token.SourceCLI, 0, 24*time.Hour)
	r := newResolver(m, storageLink(), cli)
	first, err := r.Refresh(t.Context(), web, token.PolicyAlways)
	if err != nil {
		t.Fatal(err)
	}
	second, err := r.Refresh(t.Context(), web, token.PolicyIfExpired)
	if err != nil || second.Token != first.Token {
		t.Errorf("error %v, a new token: %v", err, second.Token != first.Token)
	}
	wantCalls(t, cli, 1)
}

// A bar of a refresh that failed does not affect what another process saves
// afterwards: the next conditional refresh takes it.
func TestBarAllowsALaterToken(t *testing.T) {
	t.Parallel()
	m := newMemory()
	cli := failing(token.SourceCLI, errors.New("flyctl is not there"))
	r := newResolver(m, storageLink(), cli)
	if _, err := r.Refresh(t.Context(), web, token.PolicyAlways); err == nil {
		t.Fatal("a refresh without any token succeeded")
	}
	saved := mustGet(t, newResolver(m, storageLink(), minter(t, token.SourceCLI, 0, 24*time.Hour)), "web")
	if res, err := r.Refresh(t.Context(), web, token.PolicyIfExpired); err != nil || res.Token != saved.Token {
		t.Errorf("error %v; the token that another process saved was barred: %v", err, res.Token != saved.Token)
	}
}

// A read under refresh = "always" bars what was acquired before the run, and keeps the
// bar of a refresh that failed in the meantime.
func TestReadKeepsTheBarOfARefresh(t *testing.T) {
	t.Parallel()
	m := newMemory()
	r := newResolver(m, storageLink(), failing(token.SourceCLI, errors.New("flyctl is not there")))
	if _, err := r.Read(t.Context(), web, token.PolicyAlways); err == nil {
		t.Fatal("a read without any token succeeded")
	}
	mustGet(t, newResolver(m, storageLink(), minter(t, token.SourceCLI, 0, 24*time.Hour)), "web")
	if _, err := r.Refresh(t.Context(), web, token.PolicyAlways); err == nil {
		t.Fatal("a refresh without a new token succeeded")
	}
	if _, err := r.Read(t.Context(), web, token.PolicyAlways); err == nil {
		t.Error("a read returned the token that the refresh barred")
	}
}

// An invalidation does not end the bar of a refresh that begins while it ends: the bar
// may be about a token that another process stored after the invalidation.
func TestInvalidationLeavesNewerBars(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := newMemory()
		here := newResolver(m, storageLink(), minter(t, token.SourceCLI, time.Second, 24*time.Hour))
		var held token.Token
		refreshed := make(chan error)
		m.onDropped = func() {
			held = mustGet(t, newResolver(m, storageLink(), minter(t, token.SourceCLI, 0, 24*time.Hour)), "web").Token
			go func() {
				_, err := here.Refresh(t.Context(), web, token.PolicyAlways)
				refreshed <- err
			}()
			synctest.Wait()
		}
		if err := here.Invalidate(t.Context(), "web"); err != nil {
			t.Fatal(err)
		}
		if err := <-refreshed; err != nil {
			t.Fatal(err)
		}
		if res := mustGet(t, here, "web"); res.Token == held {
			t.Error("a read after the refresh returned a token that was acquired before it")
		}
	})
}

// Storage that cannot be written is one warning: the failed save reports it, and the
// lock does not report it again.
func TestUnwritableStorageIsOneWarning(t *testing.T) {
	t.Parallel()
	m := newMemory()
	m.fail = errors.New("write storage: read-only file system")
	m.noLock = errors.Join(token.ErrUnwritable, m.fail)
	res := mustGet(t, newResolver(m, storageLink(), minter(t, token.SourceCLI, 0, 24*time.Hour)), "web")
	if len(res.Warnings) != 1 || res.Warnings[0].Summary != "Unable to Save Fly App Token" {
		t.Errorf("warnings %+v, want one about the save", res.Warnings)
	}
}
