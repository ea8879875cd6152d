package flyctl_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/flytokens/terraform-provider-fly/internal/flyctl"
	"github.com/flytokens/terraform-provider-fly/internal/flytest/fakefly"
	"github.com/flytokens/terraform-provider-fly/internal/token"
)

// A read-only token belongs to an organization. If the request names none, the
// app's organization is looked up and passed to flyctl.
func TestAcquireLooksTheOrganizationUp(t *testing.T) {
	t.Parallel()
	found := func(context.Context, token.Request) (string, error) { return "acme", nil }
	lost := func(context.Context, token.Request) (string, error) { return "", errors.New("no such app") }
	other := func(_ context.Context, req token.Request) (string, error) {
		return "", &token.MissError{Reason: req.App + " is not in " + req.Organization, Fix: "correct it"}
	}
	for name, tt := range map[string]struct {
		request token.Request
		look    func(context.Context, token.Request) (string, error)
		want    string
		miss    string
	}{
		"found":            {token.Request{App: "web"}, found, "acme", ""},
		"given":            {token.Request{App: "web", Organization: "globex"}, lost, "globex", ""},
		"given, not asked": {token.Request{App: "web", Organization: "globex"}, nil, "globex", ""},
		"given, and wrong": {token.Request{App: "web", Organization: "globex"}, other, "", "web is not in globex: correct it"},
		"not for a deploy": {token.Request{App: "web", Access: token.AccessDeploy}, lost, "", ""},
		"not found":        {token.Request{App: "web"}, lost, "", "cannot look up the app's organization, which flyctl needs: no such app: set organization, or FLY_ORG"},
		"no look-up":       {token.Request{App: "web"}, nil, "", "flyctl needs an organization for a read-only token, and none is set: set organization, or FLY_ORG"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fly := fakefly.Install(t, fakefly.Behaviour{})
			src, _ := newSource(t, fly, func(o *flyctl.Options) {
				o.Organization, o.OrganizationTimeout = tt.look, time.Minute
			})
			_, err := src.Acquire(t.Context(), tt.request)
			if tt.miss != "" {
				wantMiss(t, err, tt.miss)
				if n := len(fly.Calls()); n != 0 {
					t.Errorf("flyctl ran %d times", n)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got := fly.Calls()[0].Fly["FLY_ORG"]; got != tt.want {
				t.Errorf("FLY_ORG is %q, want %q", got, tt.want)
			}
		})
	}
}
