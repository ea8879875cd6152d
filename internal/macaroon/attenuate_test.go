package macaroon_test

import (
	"bytes"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/flytokens/terraform-provider-fly/internal/flytest/macaroons"
	"github.com/flytokens/terraform-provider-fly/internal/macaroon"
)

// finalized is the error for a finished discharge.
const finalized = "a finalized discharge cannot be attenuated"

func TestAttenuate(t *testing.T) {
	t.Parallel()
	unknown := macaroon.Other{Type: 1 << 48, Body: []byte{0x93, 0xd0, 0x05, 0xc0, 0xa1, 'x'}}
	m := permission(t, organization(macaroon.ActionAll), unknown, authentication("ticket"))
	before := bytes.Clone(m.Encode())
	narrowed := attenuate(t, m, macaroon.Apps{testApp: macaroon.ActionRead}, until(time.Hour))
	if !bytes.Equal(m.Encode(), before) {
		t.Error("the macaroon has changed")
	}
	// Caveats follow the location and one byte with their number.
	at := len(before) - tailSize - 2
	start := bytes.Index(before, []byte(macaroon.LocationPermission)) + len(macaroon.LocationPermission) + 1
	if got := narrowed.Encode(); !bytes.Equal(got[start:at], before[start:at]) || got[start-1] != before[start-1]+4 {
		t.Error("the caveats that were there are other bytes now")
	}
	if !signedBy(t, narrowed, seed("permission").Key) || narrowed.ID() != m.ID() {
		t.Error("another signature, or another id")
	}
	again, err := macaroon.Decode(narrowed.Encode())
	if err != nil {
		t.Fatal(err)
	}
	want := append(m.Caveats()[:3:3], macaroon.Apps{testApp: macaroon.ActionRead}, until(time.Hour))
	if diff := cmp.Diff(want, again.Caveats()); diff != "" {
		t.Errorf("caveats (-want +got):\n%s", diff)
	}
}

// TestAttenuateSharesNothing changes a caveat after it was added.
func TestAttenuateSharesNothing(t *testing.T) {
	t.Parallel()
	apps := macaroon.Apps{testApp: macaroon.ActionRead}
	m := permission(t, apps)
	apps[otherApp] = macaroon.ActionAll
	if diff := cmp.Diff([]macaroon.Caveat{macaroon.Apps{testApp: macaroon.ActionRead}}, m.Caveats()); diff != "" {
		t.Errorf("caveats (-want +got):\n%s", diff)
	}
}

func TestAttenuateLeavesOutWhatIsThere(t *testing.T) {
	t.Parallel()
	m := permission(t, organization(macaroon.ActionAll), authentication("ticket"))
	same := attenuate(t, m, organization(macaroon.ActionAll), authentication("ticket"))
	if !bytes.Equal(m.Encode(), same.Encode()) {
		t.Error("caveats that were there are added again")
	}
	twice := attenuate(t, m, macaroon.ActionRead, macaroon.ActionRead)
	if len(twice.Caveats()) != 3 {
		t.Errorf("%d caveats, want 3", len(twice.Caveats()))
	}
}

func TestAttenuateRefuses(t *testing.T) {
	t.Parallel()
	m := permission(t, authentication("ticket"))
	nested := macaroon.Caveat(macaroon.ActionRead)
	for range 33 {
		nested = macaroon.IfPresent{Ifs: []macaroon.Caveat{nested}}
	}
	tests := map[string]struct {
		macaroon *macaroon.Macaroon
		caveat   macaroon.Caveat
		want     error
		text     string
	}{
		"a finished discharge":        {macaroon: discharge(t, "ticket"), caveat: macaroon.ActionRead, text: finalized},
		"a body of nothing":           {macaroon: m, caveat: macaroon.Other{Type: 99}, want: macaroon.ErrMalformed},
		"a body of two values":        {macaroon: m, caveat: macaroon.Other{Type: 99, Body: []byte{1, 2}}, text: "macaroon: encode caveat 99: its body is more than one value"},
		"a body for a type with form": {macaroon: m, caveat: macaroon.Other{Type: 3, Body: []byte{1}}, want: macaroon.ErrMalformed},
		"too deep":                    {macaroon: m, caveat: nested, want: macaroon.ErrMalformed},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := tt.macaroon.Attenuate(tt.caveat)
			if err == nil || tt.want != nil && !errors.Is(err, tt.want) || tt.text != "" && err.Error() != tt.text {
				t.Errorf("error %v, want %v %s", err, tt.want, tt.text)
			}
		})
	}
}

func TestAttenuateBundle(t *testing.T) {
	t.Parallel()
	first := permission(t, organization(macaroon.ActionAll), authentication("ticket"))
	second := permission(t, macaroon.Organization{ID: 5, Mask: macaroon.ActionAll})
	d := discharge(t, "ticket", bindingTo(first), other(23, 42))
	b := macaroon.NewBundle(d, first, second)
	narrowed, err := b.Attenuate(macaroon.ActionRead)
	if err != nil {
		t.Fatal(err)
	}
	want := macaroon.NewBundle(d, attenuate(t, first, macaroon.ActionRead), attenuate(t, second, macaroon.ActionRead))
	if narrowed.Reveal() != want.Reveal() {
		t.Error("another bundle")
	}
	if g := narrowed.Grants()[0]; len(g.Discharges) != 1 || len(g.Missing) != 0 {
		t.Error("the discharge no longer answers the ticket")
	}
	for text, want := range map[string]error{
		d.Reveal():                          macaroon.ErrNoPermission,
		first.Reveal() + ",fo1_made-up":     macaroon.ErrOAuth,
		"fo1_made-up":                       macaroon.ErrOAuth,
		macaroon.NewBundle(second).Reveal(): nil,
	} {
		if _, err := parse(t, text).Attenuate(macaroon.ActionRead); !errors.Is(err, want) {
			t.Errorf("error %v, want %v", err, want)
		}
	}
	if _, err := macaroon.NewBundle(finishedPermission(t)).Attenuate(macaroon.ActionRead); err == nil || err.Error() != finalized {
		t.Errorf("error %v, want %s", err, finalized)
	}
}

// finishedPermission mints a proof at the location of permissions, which Fly
// never does.
func finishedPermission(t *testing.T) *macaroon.Macaroon {
	t.Helper()
	m, err := macaroons.NewDischarge(seed("permission"), organization(macaroon.ActionAll))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestParseAction(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]macaroon.Action{
		"r": macaroon.ActionRead, "Cr": macaroon.ActionRead | macaroon.ActionControl,
		"*": macaroon.ActionAll, "rwcdC": macaroon.ActionAll, "rr": macaroon.ActionRead,
	} {
		if got, ok := macaroon.ParseAction(text); got != want || !ok {
			t.Errorf("%s: %s, %t", text, got, ok)
		}
	}
	for _, text := range []string{"", "x", "r*", "R", "r w"} {
		if got, ok := macaroon.ParseAction(text); ok {
			t.Errorf("%q is read as %s", text, got)
		}
	}
}
