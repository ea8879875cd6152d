package flyapi_test

import (
	"context"
	"errors"
	"sync"
	"testing"

	"github.com/flytokens/terraform-provider-fly/internal/flyapi"
	"github.com/flytokens/terraform-provider-fly/internal/flytest"
	"github.com/flytokens/terraform-provider-fly/internal/token"
)

func TestDirectoryAsksOnce(t *testing.T) {
	t.Parallel()
	s := flytest.New(t, world())
	d := flyapi.NewDirectory(client(t, s), login(s.Login("both")))
	var group sync.WaitGroup
	for range 50 {
		for app, want := range map[string]string{"web": "acme", "shop": "personal"} {
			group.Go(func() {
				if got, err := d.OrganizationSlug(t.Context(), app); got != want || err != nil {
					t.Errorf("OrganizationSlug(%s) = %q, %v", app, got, err)
				}
				if found, err := d.Reach(t.Context(), app, token.Token{}); found.NumericID == 0 || err != nil {
					t.Errorf("Reach(%s) = %d, %v", app, found.NumericID, err)
				}
				if _, err := d.Organization(t.Context(), "acme"); err != nil {
					t.Error(err)
				}
			})
		}
	}
	group.Wait()
	if apps, organizations := s.Count(flytest.OpLookupApp), s.Count(flytest.OpLookupOrganization); apps != 1 || organizations > 1 {
		t.Errorf("%d lookups of apps and %d of organizations, want one and at most one", apps, organizations)
	}
}

func TestDirectoryRemembersFailures(t *testing.T) {
	t.Parallel()
	s := flytest.New(t, world())
	d := flyapi.NewDirectory(client(t, s), login(s.Login("both")))
	s.Inject(flytest.OpAny, flytest.Fail(500, `{}`))
	for range 3 {
		_, err := d.App(t.Context(), "web")
		wantKind(t, err, flyapi.ErrUnavailable, s.Login("both"))
		_, err = d.Organization(t.Context(), "acme")
		wantKind(t, err, flyapi.ErrUnavailable, s.Login("both"))
	}
	if apps, all := s.Count(flytest.OpLookupApp), s.Count(flytest.OpAny); apps != 2 || all != 3 {
		t.Errorf("%d requests, %d of them for the app; want 3, and 2 with and without a list", all, apps)
	}
}

func TestDirectoryHasNoLogin(t *testing.T) {
	t.Parallel()
	s := flytest.New(t, world())
	none := &token.MissError{Reason: "there is no login"}
	d := flyapi.NewDirectory(client(t, s), func(context.Context) (token.Token, error) { return token.Token{}, none })
	if _, err := d.App(t.Context(), "web"); !errors.Is(err, error(none)) {
		t.Errorf("App = %v, want the login's own error", err)
	}
	if _, err := d.Organization(t.Context(), "acme"); !errors.Is(err, error(none)) {
		t.Errorf("Organization = %v, want the login's own error", err)
	}
	// A manual token for the app is enough to look up the app's number.
	made := s.Make(flytest.Make{App: "web"})
	for range 2 {
		if found, err := d.Reach(t.Context(), "web", made); found.NumericID != 8000 || err != nil {
			t.Errorf("Reach = %d, %v", found.NumericID, err)
		}
	}
	if n := s.Count(flytest.OpAny); n != 1 {
		t.Errorf("%d requests, want 1", n)
	}
	_, err := d.Reach(t.Context(), "worker", made)
	if !errors.Is(err, error(none)) || !errors.Is(err, flyapi.ErrNotPermitted) {
		t.Errorf("Reach of an app out of reach = %v, want both failures", err)
	}
	if _, err = d.Reach(t.Context(), "shop", s.Login("both")); !errors.Is(err, error(none)) {
		t.Errorf("Reach with an OAuth token = %v, which has no numbers to name", err)
	}
}
