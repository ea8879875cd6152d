package flyapi_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/flytokens/terraform-provider-fly/internal/flyapi"
	"github.com/flytokens/terraform-provider-fly/internal/flytest"
	"github.com/flytokens/terraform-provider-fly/internal/token"
)

// crowd is world with this number of further apps in the first organization.
func crowd(apps int) flytest.World {
	w := world()
	for i := range apps {
		w.Apps = append(w.Apps, flytest.App{Name: fmt.Sprintf("app-%d", i), Organization: "acme"})
	}
	return w
}

// lookups looks all the apps of crowd up at the same time.
func lookups(t *testing.T, d *flyapi.Directory, apps int) {
	t.Helper()
	var group sync.WaitGroup
	for i := range apps {
		group.Go(func() {
			app := fmt.Sprintf("app-%d", i)
			if got, err := d.App(t.Context(), app); err != nil || got.ID != app || got.NumericID == 0 || got.Organization.ID == "" || got.Organization.Slug != "acme" {
				t.Errorf("App(%s) = %+v, %v", app, got, err)
			}
		})
	}
	group.Wait()
}

// The lookups of all apps cost as many requests as their list has pages.
func TestDirectoryReadsOneList(t *testing.T) {
	t.Parallel()
	for apps, want := range map[int]int{1: 1, 50: 1, 450: 3} {
		s := flytest.New(t, crowd(apps))
		d := flyapi.NewDirectory(client(t, s), login(s.Login("both")))
		lookups(t, d, apps)
		if n := s.Count(flytest.OpAny); n != want {
			t.Errorf("%d apps cost %d requests, want %d", apps, n, want)
		}
		if _, err := d.App(t.Context(), "nowhere"); !errors.Is(err, flyapi.ErrNoSuchApp) {
			t.Errorf("App of an app that does not exist = %v", err)
		}
		if n := s.Count(flytest.OpAny); n != want+1 {
			t.Errorf("an app outside the list cost %d requests, want 1", n-want)
		}
	}
}

// An app costs one request at most, wherever its list has it.
func TestDirectoryAsksOnceWhateverTheList(t *testing.T) {
	t.Parallel()
	const apps = 1200
	s := flytest.New(t, crowd(apps))
	for name, tc := range map[string]struct {
		tok  token.Token
		apps []string
		want int
	}{
		"the last app":        {s.Login("both"), []string{"app-1199"}, 1},
		"an app of no list":   {s.Login("both"), []string{"nowhere"}, 1},
		"apps beyond pages":   {s.Login("both"), []string{"app-1193", "app-1194", "app-1195", "app-1196", "app-1197", "app-1198", "app-1199"}, 7},
		"an app-scoped token": {s.Make(flytest.Make{App: "web"}), []string{"web"}, 1},
		// It is asked for a list first, because Fly may show it one.
		"an organization's token": {s.Make(flytest.Make{Organization: "acme"}), []string{"web", "worker", "app-1"}, 4},
	} {
		s.Reset()
		d := flyapi.NewDirectory(client(t, s), login(tc.tok))
		for _, app := range tc.apps {
			if got, err := d.App(t.Context(), app); err == nil && got.Name != app || err != nil && app != "nowhere" {
				t.Errorf("%s: App(%s) = %+v, %v", name, app, got, err)
			}
		}
		if n := s.Count(flytest.OpAny); n != tc.want {
			t.Errorf("%s: %d requests, want %d", name, n, tc.want)
		}
	}
}

// A login that Fly does not accept is tried once, for whatever app.
func TestDirectoryTriesARefusedLoginOnce(t *testing.T) {
	t.Parallel()
	s := flytest.New(t, crowd(50))
	s.Revoke(s.Login("both"))
	d := flyapi.NewDirectory(client(t, s), login(s.Login("both")))
	var group sync.WaitGroup
	for i := range 50 {
		group.Go(func() {
			app := fmt.Sprintf("app-%d", i)
			_, err := d.OrganizationSlug(t.Context(), app)
			if !errors.Is(err, flyapi.ErrUnauthenticated) || !strings.Contains(err.Error(), `"`+app+`"`) {
				t.Errorf("OrganizationSlug(%s) = %v", app, err)
			}
		})
	}
	group.Wait()
	if n := s.Count(flytest.OpAny); n != 2 {
		t.Errorf("%d requests, want one with a list and one without", n)
	}
}

// A list that fails or does not come costs its own request, and no app.
func TestDirectoryDoesWithoutAList(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]flytest.Fault{
		"hangs":          flytest.Hang(),
		"fails":          flytest.Fail(500, `{"error":"boom"}`),
		"is refused":     flytest.FailGraphQL("UNAUTHORIZED", "not yours"),
		"is not known":   flytest.FailGraphQL("undefinedField", "Field 'apps' does not exist"),
		"has no account": flytest.FailGraphQL("UNAUTHORIZED", "You must be authenticated to view this."),
		"is empty":       flytest.Fail(200, `{"data":{"app":null,"apps":null}}`),
		"is not a list":  flytest.Fail(200, `{"data":{"app":{"id":7},"apps":[]}}`),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := flytest.New(t, crowd(20))
			fault.Times = 1
			s.Inject(flytest.OpLookupApp, fault)
			// On a busy machine, a short limit would end before the request for the list is
			// sent, and the fault would be the answer to a lookup.
			limit := func(cfg *flyapi.Config) {
				if cfg.ShowTimeout = time.Minute; fault.Hang {
					cfg.ShowTimeout = time.Second
				}
			}
			lookups(t, flyapi.NewDirectory(client(t, s, limit), login(s.Login("both"))), 20)
			if n := s.Count(flytest.OpAny); n != 21 {
				t.Errorf("%d requests, want one for the list and one for each app", n)
			}
		})
	}
}

// What a page lacks is asked for, and what it holds beside an error is used.
func TestDirectoryReadsAPartialPage(t *testing.T) {
	t.Parallel()
	const organization = `"organization":{"id":"org_1","slug":"acme","internalNumericId":"1"}`
	for name, tc := range map[string]struct {
		body string
		want int
	}{
		"the app alone":           {`{"data":{"app":{"id":"web","name":"web","internalNumericId":8000,` + organization + `}},"errors":[{"message":"not yours"}]}`, 2},
		"a node that is hidden":   {`{"data":{"app":{"id":"web","name":"web","internalNumericId":8000,` + organization + `},"apps":{"nodes":[null,{"name":"worker"}]}},"errors":[{"message":"not yours"}]}`, 2},
		"the list alone":          {`{"data":{"app":null,"apps":{"nodes":[{"id":"worker","name":"worker","internalNumericId":8001,` + organization + `}]}},"errors":[{"message":"boom"}]}`, 2},
		"a cursor without a page": {`{"data":{"app":null,"apps":{"nodes":[],"pageInfo":{"hasNextPage":true}}},"errors":[{"message":"boom"}]}`, 3},
	} {
		s := flytest.New(t, world())
		fault := flytest.Fail(200, tc.body)
		fault.Times = 1
		s.Inject(flytest.OpLookupApp, fault)
		d := flyapi.NewDirectory(client(t, s), login(s.Login("both")))
		for _, app := range []string{"web", "worker"} {
			if got, err := d.App(t.Context(), app); err != nil || got.Name != app {
				t.Errorf("%s: App(%s) = %+v, %v", name, app, got, err)
			}
		}
		if n := s.Count(flytest.OpAny); n != tc.want {
			t.Errorf("%s: %d requests, want %d", name, n, tc.want)
		}
	}
}
