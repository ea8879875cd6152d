package backendtest

import (
	"errors"
	"testing"
	"time"

	"github.com/flytokens/terraform-provider-fly/internal/token"
	"github.com/flytokens/terraform-provider-fly/internal/tokenstore"
)

func deployTokens(t *testing.T, s Suite) {
	place := s.Place(t)
	a, b := s.store(t, place), s.store(t, place)
	want := func(name string, want token.Record) {
		t.Helper()
		got, err := b.DeployToken(t.Context(), "web", name)
		if want.Token.IsZero() != errors.Is(err, token.ErrNoRecord) || err != nil && !want.Token.IsZero() {
			t.Errorf("DeployToken(%q) = %v", name, err)
		}
		wantRecord(t, got, want)
	}
	first, second := record(), record()
	want("ci", token.Record{})
	ok(t, a.SaveDeployToken(t.Context(), "web", "ci", first, ""))
	want("ci", first)
	want("other", token.Record{})
	for _, replaced := range []string{"", second.Token.Fingerprint()} {
		if err := b.SaveDeployToken(t.Context(), "web", "ci", second, replaced); !errors.Is(err, tokenstore.ErrOtherDeployToken) {
			t.Errorf("SaveDeployToken() in place of %q: %v, want ErrOtherDeployToken", replaced, err)
		}
	}
	ok(t, b.SaveDeployToken(t.Context(), "web", "other", first, ""))
	ok(t, b.SaveDeployToken(t.Context(), "web", "ci", second, first.Token.Fingerprint()))
	ok(t, a.Invalidate(t.Context(), "web"))
	ok(t, a.DeleteDeployToken(t.Context(), "web", "ci", first.Token.Fingerprint()))
	want("ci", second)
	want("other", first)

	otherAPI := tokenstore.Open(s.backend(t, place), tokenstore.Scope{APIBaseURL: "https://other"})
	if _, err := otherAPI.DeployToken(t.Context(), "web", "ci"); !errors.Is(err, token.ErrNoRecord) {
		t.Errorf("DeployToken() at another API: %v, want ErrNoRecord", err)
	}
	otherLogin := tokenstore.Open(s.backend(t, place), tokenstore.Scope{APIBaseURL: scope.APIBaseURL, Login: "0123456789abcdef"})
	got, err := otherLogin.DeployToken(t.Context(), "web", "ci")
	ok(t, err)
	wantRecord(t, got, second)

	ok(t, a.DeleteDeployToken(t.Context(), "web", "ci", second.Token.Fingerprint()))
	ok(t, a.DeleteDeployToken(t.Context(), "web", "ci", second.Token.Fingerprint()))
	want("ci", token.Record{})
	s.alter(t, place, stateDoc, func(all map[string]any) { only(t, all["deploy_tokens"])["token"] = "nonsense" })
	want("other", token.Record{})
	if ws := b.TakeWarnings(); len(ws) != 1 || ws[0].Summary != "Stored Fly Deploy Token Is Damaged" {
		t.Errorf("warnings of a damaged token: %v", ws)
	}
	ok(t, a.SaveDeployToken(t.Context(), "web", "other", second, ""))
	want("other", second)

	s.Damage(t, place, stateDoc, []byte("{"))
	want("other", token.Record{})
	ended := record()
	ended.ExpiresAt = time.Now().Add(-time.Hour).UTC().Round(0)
	ok(t, a.SaveDeployToken(t.Context(), "web", "other", ended, second.Token.Fingerprint()))
	want("other", ended)
	ended.ExpiresAt = time.Now().Add(-25 * time.Hour).UTC().Round(0)
	ok(t, a.SaveDeployToken(t.Context(), "web", "gone", ended, ""))
	want("gone", token.Record{})
}
