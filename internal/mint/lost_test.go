package mint_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/flytokens/terraform-provider-fly/internal/mint"
	"github.com/flytokens/terraform-provider-fly/internal/token"
)

// What a killed engine's state lost is revoked, whether the provider ended before it
// or with it.
func TestLostState(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		loss   mint.Loss
		rotate bool
		change func(*mint.Managed)
		// old and fresh mean that the replaced and the new token stay live.
		old, fresh bool
		// says is part of the warning.
		says string
	}{
		"creation, not written":               {loss: mint.LostNew},
		"creation, perhaps moved":             {loss: mint.LostNewPerhapsBoth},
		"creation, emptied":                   {loss: mint.LostBoth},
		"creation, perhaps written":           {loss: mint.LostNothing, fresh: true, says: "cannot know whether a state received it"},
		"rotation, not written":               {loss: mint.LostNew, rotate: true, old: true},
		"rotation, perhaps moved":             {loss: mint.LostNewPerhapsBoth, rotate: true, old: true, says: "The new token is revoked. OLD is not, because a state in a different backend may hold it."},
		"rotation, emptied":                   {loss: mint.LostBoth, rotate: true, says: "Both are revoked"},
		"rotation, perhaps written":           {loss: mint.LostNothing, rotate: true, old: true, fresh: true, says: "It should have replaced token OLD."},
		"rotation, emptied, the same engine":  {loss: mint.LostBoth, rotate: true, change: func(w *mint.Managed) { w.Engine = "7" }, old: true, fresh: true, says: "cannot know"},
		"rotation, emptied, another folder":   {loss: mint.LostBoth, rotate: true, change: func(w *mint.Managed) { w.Workspace = "there" }, old: true, fresh: true},
		"rotation, emptied, the old restored": {loss: mint.LostBoth, rotate: true, change: func(w *mint.Managed) { w.Replaces = "OLD" }, old: true},
	} {
		for _, delivered := range []bool{false, true} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				s := server(t, false)
				folder := t.TempDir()
				journal := open(s, folder)
				first := mint.Managed{Request: web, Label: "ci", TTL: time.Hour, Workspace: "here", Spec: "one", StateFile: "file", Engine: "7"}
				m := minter(t, s, journal)
				var want []string
				if test.rotate {
					c, _, err := m.Managed(t.Context(), first)
					if err = errors.Join(err, m.Seen(t.Context(), "web", c.ID)); err != nil {
						t.Fatal(err)
					}
					first.Replaces = c.ID
					if test.old {
						want = append(want, c.MintName)
					}
				}
				c, _, err := m.Managed(t.Context(), first)
				if err == nil && delivered {
					err = journal.Deliver(t.Context(), "web", c.MintName)
				}
				if err != nil {
					t.Fatal(err)
				}
				next := mint.Managed{
					Request: web, Workspace: "here", Spec: "one", Engine: "8",
					Lost: func(one token.Mint) mint.Loss {
						if one.ID != c.ID || one.Replaces != first.Replaces || one.StateFile != "file" {
							t.Errorf("asked about %+v", one)
						}
						return test.loss
					},
				}
				if test.change != nil {
					test.change(&next)
				}
				if next.Replaces != "" {
					next.Replaces = first.Replaces
				}
				says := test.says
				switch {
				case test.fresh && !test.rotate && !delivered: // only a creation that is repeated is certain
					says = ""
				case test.fresh:
					want = append(want, c.MintName)
				}
				warnings := minter(t, s, dead{open(s, folder)}).Clear(t.Context(), next)
				if got := live(s); !slices.Equal(got, want) {
					t.Errorf("delivered %v: %v is live, want %v", delivered, got, want)
				}
				text := ""
				for _, w := range warnings {
					text += w.Detail
				}
				if says = strings.ReplaceAll(says, "OLD", first.Replaces); !strings.Contains(text, says) || says == "" && text != "" && !test.fresh {
					t.Errorf("delivered %v: the warning is %q, want %q", delivered, text, says)
				}
			})
		}
	}
}
