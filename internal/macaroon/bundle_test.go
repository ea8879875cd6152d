package macaroon_test

import (
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/flytokens/terraform-provider-fly/internal/flytest/macaroons"
	"github.com/flytokens/terraform-provider-fly/internal/macaroon"
)

func TestParseBundle(t *testing.T) {
	t.Parallel()
	m := permission(t, organization(macaroon.ActionAll)).Reveal()
	old := "fm1r_" + strings.TrimPrefix(m, "fm2_")
	d := "fm1a_" + strings.TrimPrefix(discharge(t, "ticket").Reveal(), "fm2_")
	for name, tt := range map[string]struct{ text, want string }{
		"bare":                     {m, m},
		"a scheme":                 {"FlyV1 " + m, m},
		"schemes in schemes":       {" bearer  FLYV1 " + m + "\n", m},
		"old prefixes":             {old + "," + d, old + "," + d},
		"spaces after commas":      {m + ", " + d + " ,fo1_x", m + "," + d + ",fo1_x"},
		"a payload of two lines":   {m[:40] + "\r\n" + m[40:], m},
		"OAuth first":              {"fo1_a-b_c," + m, "fo1_a-b_c," + m},
		"OAuth alone":              {"Bearer fo1_abc", "fo1_abc"},
		"the same macaroon, twice": {m + "," + m, m + "," + m},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := parse(t, tt.text).Reveal(); got != tt.want {
				t.Error("another text")
			}
		})
	}
}

func TestParseBundleRefuses(t *testing.T) {
	t.Parallel()
	m := permission(t, organization(macaroon.ActionAll)).Reveal()
	for name, tt := range map[string]struct{ text, want string }{
		"nothing":            {"", "part 1 of 1: not a Fly macaroon: it does not start with fm2_, fm1r_, fm1a_ or fo1_"},
		"a scheme alone":     {"FlyV1 ", "part 1 of 1: not a Fly macaroon: it does not start with fm2_, fm1r_, fm1a_ or fo1_"},
		"a comma too many":   {m + ",", "part 2 of 2: not a Fly macaroon: it does not start with fm2_, fm1r_, fm1a_ or fo1_"},
		"another prefix":     {"fm3_abcd", "part 1 of 1: not a Fly macaroon: it does not start with fm2_, fm1r_, fm1a_ or fo1_"},
		"a prefix alone":     {"fm2_", "part 1 of 1: not a Fly macaroon: it ends too early, at byte 0 of 0"},
		"a cut payload":      {m[:41], "part 1 of 1: not a Fly macaroon: it is 41 bytes long and not valid base64"},
		"a cut macaroon":     {m[:44], "part 1 of 1: not a Fly macaroon: a value is longer than the remaining bytes, at byte 30 of 30"},
		"no padding":         {"fm2_lA", "part 1 of 1: not a Fly macaroon: it is 6 bytes long and not valid base64"},
		"URL-safe base64":    {"fm2_-_-_", "part 1 of 1: not a Fly macaroon: it is 8 bytes long and not valid base64"},
		"an OAuth prefix":    {"fo1_", "part 1 of 1: not a Fly macaroon: an OAuth token is empty or contains an invalid character"},
		"a space in OAuth":   {"fo1_a b", "part 1 of 1: not a Fly macaroon: an OAuth token is empty or contains an invalid character"},
		"a bundle of 2 MiB":  {strings.Repeat("fo1_,", 1<<19), "not a Fly macaroon: 2621440 bytes are too long"},
		"another scheme":     {"Basic " + m, "part 1 of 1: not a Fly macaroon: it does not start with fm2_, fm1r_, fm1a_ or fo1_"},
		"JSON from flyctl":   {`{"token":"` + m + `"}`, "part 1 of 1: not a Fly macaroon: it does not start with fm2_, fm1r_, fm1a_ or fo1_"},
		"text after base64=": {"fm2_lA==lA==", "part 1 of 1: not a Fly macaroon: it is 12 bytes long and not valid base64"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b, err := macaroon.ParseBundle(tt.text)
			if !errors.Is(err, macaroon.ErrMalformed) || err.Error() != tt.want || !b.IsEmpty() {
				t.Errorf("error %v, want %s", err, tt.want)
			}
		})
	}
}

func TestKinds(t *testing.T) {
	t.Parallel()
	for location, want := range map[string]macaroon.Kind{
		"https://api.fly.io/v1":         macaroon.KindPermission,
		"https://api.fly.io/aaa/v1":     macaroon.KindAuthentication,
		"https://auth.fly.io":           macaroon.KindAuthentication,
		"https://api.fly.io/secrets/v1": macaroon.KindSecrets,
		"https://api.fly.io/v1/":        macaroon.KindOther,
		"":                              macaroon.KindOther,
	} {
		s := seed("key")
		s.Location = location
		m, err := macaroons.New(s)
		if err != nil {
			t.Fatal(err)
		}
		if got := m.Kind(); got != want {
			t.Errorf("%q: %s, want %s", location, got, want)
		}
	}
}

func TestWindows(t *testing.T) {
	t.Parallel()
	inside := func(c ...macaroon.Caveat) macaroon.Caveat { return macaroon.IfPresent{Ifs: c} }
	window := func(from, until int64) macaroon.Caveat {
		return macaroon.ValidityWindow{NotBefore: from, NotAfter: until}
	}
	year9999 := time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC)
	for name, tt := range map[string]struct {
		caveats []macaroon.Caveat
		from    time.Time
		until   time.Time
	}{
		"none":               {caveats: []macaroon.Caveat{organization(macaroon.ActionAll)}},
		"one":                {[]macaroon.Caveat{window(10, 20)}, time.Unix(10, 0), time.Unix(20, 0)},
		"the narrowest":      {[]macaroon.Caveat{window(10, 30), window(5, 20)}, time.Unix(10, 0), time.Unix(20, 0)},
		"inside IfPresent":   {[]macaroon.Caveat{window(10, 30), inside(inside(window(15, 20)))}, time.Unix(15, 0), time.Unix(20, 0)},
		"ends of what is":    {[]macaroon.Caveat{window(math.MinInt64/2, math.MaxInt64/2)}, time.Unix(0, 0), year9999},
		"a year of 5 digits": {[]macaroon.Caveat{window(0, 253402300800)}, time.Unix(0, 0), year9999},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := permission(t, tt.caveats...)
			if got := m.NotBefore(); !got.Equal(tt.from) {
				t.Errorf("from %s, want %s", got, tt.from)
			}
			if got := m.NotAfter(); !got.Equal(tt.until) {
				t.Errorf("until %s, want %s", got, tt.until)
			}
		})
	}
}

func TestBundleExpiry(t *testing.T) {
	t.Parallel()
	tp := authentication
	hour := until(time.Hour)
	for name, tt := range map[string]struct {
		bundle []*macaroon.Macaroon
		want   time.Duration // from testNow; 0 means never
	}{
		"no macaroon":                       {nil, 0},
		"no window":                         {[]*macaroon.Macaroon{permission(t)}, 0},
		"a permission":                      {[]*macaroon.Macaroon{permission(t, hour)}, time.Hour},
		"a discharge that ends first":       {[]*macaroon.Macaroon{permission(t, hour, tp("a")), discharge(t, "a", until(time.Minute))}, time.Minute},
		"a discharge that ends last":        {[]*macaroon.Macaroon{discharge(t, "a", until(2*time.Hour)), permission(t, hour, tp("a"))}, time.Hour},
		"a discharge for another":           {[]*macaroon.Macaroon{permission(t, hour, tp("a")), discharge(t, "b", until(time.Minute))}, time.Hour},
		"two discharges for a ticket":       {[]*macaroon.Macaroon{permission(t, tp("a")), discharge(t, "a", hour), discharge(t, "a", until(time.Minute))}, time.Minute},
		"two permissions":                   {[]*macaroon.Macaroon{permission(t, hour), permission(t, until(time.Minute))}, time.Minute},
		"two, one of them expired":          {[]*macaroon.Macaroon{permission(t, until(-time.Minute)), permission(t, hour)}, time.Hour},
		"two, one of them without a window": {[]*macaroon.Macaroon{permission(t), permission(t, hour)}, time.Hour},
		"all expired":                       {[]*macaroon.Macaroon{permission(t, until(-time.Hour)), permission(t, until(-time.Minute))}, -time.Minute},
		"all expired by discharge":          {[]*macaroon.Macaroon{permission(t, hour, tp("a")), discharge(t, "a", until(-time.Second))}, -time.Second},
		"the very instant":                  {[]*macaroon.Macaroon{permission(t, macaroon.Window(testNow, testNow)), permission(t, hour)}, time.Nanosecond},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			want := time.Time{}
			if tt.want != 0 {
				want = testNow.Add(tt.want).Truncate(time.Second)
			}
			if got := macaroon.NewBundle(tt.bundle...).Expiry(testNow); !got.Equal(want) {
				t.Errorf("expiry %s, want %s", got, want)
			}
		})
	}
}

func TestExpiredAt(t *testing.T) {
	t.Parallel()
	g := macaroon.NewBundle(permission(t, until(0))).Grants()[0]
	if g.ExpiredAt(testNow) {
		t.Error("expired at the last instant")
	}
	if !g.ExpiredAt(testNow.Add(1)) {
		t.Error("not expired a nanosecond later")
	}
	if macaroon.NewBundle(permission(t)).Grants()[0].ExpiredAt(testNow) {
		t.Error("expired without a window")
	}
}

// TestLoginBundle takes a login apart: macaroons of two organizations, some of
// them expired, discharges for them and for others, and an OAuth token.
func TestLoginBundle(t *testing.T) {
	t.Parallel()
	org := func(id uint64, more ...macaroon.Caveat) *macaroon.Macaroon {
		return permission(t, append([]macaroon.Caveat{macaroon.Organization{ID: id, Mask: macaroon.ActionAll}}, more...)...)
	}
	one := org(1, until(time.Hour), authentication("one"))
	oneDischarge := discharge(t, "one", until(time.Minute))
	oneSpent := discharge(t, "one", until(-time.Minute))
	two := org(2, until(time.Hour))
	dead := org(1, until(-time.Second))
	deadDischarge := org(2, authentication("dead"))
	spent := discharge(t, "dead", until(-time.Second))
	missing := org(2, authentication("missing"))
	orphan := discharge(t, "of nobody", until(time.Hour))
	disagreeing := org(1, macaroon.Organization{ID: 2, Mask: macaroon.ActionAll})

	texts := []string{"fo1_login"}
	for _, m := range []*macaroon.Macaroon{oneSpent, oneDischarge, one, dead, deadDischarge, spent, missing, orphan, two, disagreeing} {
		texts = append(texts, m.Reveal())
	}
	login := parse(t, strings.Join(texts, ","))
	usable := login.Usable(testNow)
	for name, tt := range map[string]struct {
		got  macaroon.Bundle
		want []*macaroon.Macaroon
	}{
		"usable":                      {usable, []*macaroon.Macaroon{oneDischarge, one, two, disagreeing}},
		"usable, of organization one": {usable.ForOrganization(1), []*macaroon.Macaroon{oneDischarge, one}},
		"usable, of organization two": {usable.ForOrganization(2), []*macaroon.Macaroon{two}},
		"of organization two":         {login.ForOrganization(2), []*macaroon.Macaroon{deadDischarge, spent, missing, two}},
		"of no organization":          {login.ForOrganization(3), nil},
		"later":                       {login.Usable(testNow.Add(2 * time.Minute)), []*macaroon.Macaroon{two, disagreeing}},
		"much later":                  {login.Usable(testNow.Add(2 * time.Hour)), []*macaroon.Macaroon{disagreeing}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got, want := tt.got.Reveal(), macaroon.NewBundle(tt.want...).Reveal(); got != want {
				t.Errorf("%d macaroons, want %d; or others", len(tt.got.Macaroons()), len(tt.want))
			}
		})
	}
	if !login.HasOAuth() || usable.HasOAuth() {
		t.Error("the OAuth token is not set apart")
	}
}

func TestOrganizationID(t *testing.T) {
	t.Parallel()
	org := func(id uint64) macaroon.Caveat { return macaroon.Organization{ID: id, Mask: macaroon.ActionAll} }
	for name, tt := range map[string]struct {
		bundle [][]macaroon.Caveat
		want   uint64
	}{
		"none":                 {[][]macaroon.Caveat{{macaroon.ActionRead}}, 0},
		"no macaroon":          {nil, 0},
		"any":                  {[][]macaroon.Caveat{{org(0)}}, 0},
		"one":                  {[][]macaroon.Caveat{{org(1), org(1)}}, 1},
		"any, and then one":    {[][]macaroon.Caveat{{org(0), org(1), org(0)}}, 1},
		"two":                  {[][]macaroon.Caveat{{org(1), org(2)}}, 0},
		"two, then one again":  {[][]macaroon.Caveat{{org(1), org(2), org(1)}}, 0},
		"another inside":       {[][]macaroon.Caveat{{org(1), macaroon.IfPresent{Ifs: []macaroon.Caveat{org(2)}}}}, 0},
		"two macaroons of one": {[][]macaroon.Caveat{{org(1)}, {org(1)}}, 1},
		"two macaroons of two": {[][]macaroon.Caveat{{org(1)}, {org(2)}}, 0},
		"one of none":          {[][]macaroon.Caveat{{org(1)}, {}}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var list []*macaroon.Macaroon
			for _, caveats := range tt.bundle {
				list = append(list, permission(t, caveats...))
			}
			if got, ok := macaroon.NewBundle(list...).OrganizationID(); ok != (tt.want != 0) || ok && got != tt.want {
				t.Errorf("%d, %t, want %d", got, ok, tt.want)
			}
		})
	}
}
