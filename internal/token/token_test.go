package token_test

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/flytokens/terraform-provider-fly/internal/token"
)

func TestParse(t *testing.T) {
	t.Parallel()
	a := "fm2_" + base64.StdEncoding.EncodeToString([]byte("permission one"))
	b := "fm2_" + base64.StdEncoding.EncodeToString([]byte("discharge for it"))
	for name, tc := range map[string]struct{ in, want string }{
		"plain":                     {a, a},
		"bundle":                    {a + "," + b, a + "," + b},
		"scheme":                    {"FlyV1 " + a, a},
		"scheme in another case":    {"flyv1 " + a, a},
		"schemes nested":            {"Bearer FlyV1 " + a, a},
		"line end":                  {a + "\r\n", a},
		"space after comma":         {a + ", " + b, a + "," + b},
		"wrapped by an editor":      {a[:9] + "\n  " + a[9:], a},
		"oauth":                     {"Bearer fo1_abc-DEF_ghi", "fo1_abc-DEF_ghi"},
		"macaroons beside an oauth": {a + ",fo1_abc", a + ",fo1_abc"},
		"byte order mark":           {"\ufeffFlyV1 " + a + "\r\n", a},
		"old prefixes":              {"fm1r_" + a[4:] + ",fm1a_" + b[4:], "fm1r_" + a[4:] + ",fm1a_" + b[4:]},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tok, err := token.Parse(tc.in)
			if err != nil {
				t.Fatal(err)
			}
			if got := tok.Reveal(); got != tc.want {
				t.Errorf("got %d bytes, want %d", len(got), len(tc.want))
			}
		})
	}
}

func TestParseMalformed(t *testing.T) {
	t.Parallel()
	good := "fm2_" + base64.StdEncoding.EncodeToString([]byte("a secret macaroon"))
	for name, tc := range map[string]struct{ in, want string }{
		"empty":               {"", "it is empty"},
		"white space":         {" \n\t", "it is empty"},
		"only a scheme":       {"FlyV1 ", "part 1 of 1 does not start with fm2_, fm1r_, fm1a_ or fo1_"},
		"another credential":  {"ghp_0123456789", "part 1 of 1 does not start with fm2_"},
		"a sentence":          {"Error: no access token available", "part 1 of 1 does not start with"},
		"trailing comma":      {good + ",", "part 2 of 2 is empty: a comma too many"},
		"cut off":             {good[:len(good)-3], "not valid base64: it may have been cut off"},
		"url-safe base64":     {"fm2_ab-_", "not valid base64"},
		"no padding":          {"fm2_YQ", "not valid base64"},
		"macaroon prefix":     {"fm2_", "is only a prefix"},
		"oauth prefix":        {"fo1_", "is only a prefix"},
		"oauth with a letter": {"fo1_ü", "contains a character that is invalid in an OAuth token"},
		"in double quotes":    {`"` + good + `"`, "it is in quotation marks"},
		"in single quotes":    {"'FlyV1 " + good + "'", "it is in quotation marks"},
		"quotes in a scheme":  {`Bearer "` + good + `"`, "it is in quotation marks"},
		"typographic quotes":  {"\u201c" + good + "\u201d", "it is in quotation marks"},
		"a quote at the end":  {good + `"`, "contains a quotation mark"},
		"an oauth and quote":  {"fo1_abc'", "contains a quotation mark"},
		"a line of .env":      {"FLY_API_TOKEN=" + good, "it starts with NAME="},
		"a line of a shell":   {`export FLY_API_TOKEN="FlyV1 ` + good + `"`, "it starts with NAME="},
		"a quoted value":      {"FLY_API_TOKEN='" + good + "'", "it starts with NAME="},
		"a header":            {"Authorization: Bearer " + good, "it starts with a header or a key and a colon"},
		"a key of YAML":       {"access_token: " + good, "it starts with a header or a key and a colon"},
		"JSON":                {`{"token": "FlyV1 ` + good + `"}`, "it is JSON"},
		"a zero-width space":  {"\u200b" + good, "it starts with a character that does not print"},
		"words before it":     {"token " + good, "it has 5 characters in front of the token"},
		"too long":            {"fo1_" + strings.Repeat("x", 1<<20), "are too long"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := token.Parse(tc.in)
			if !errors.Is(err, token.ErrMalformed) {
				t.Fatalf("error = %v, want one that wraps ErrMalformed", err)
			}
			if !strings.Contains(err.Error(), tc.want) {
				t.Errorf("error = %q, want it to say %q", err, tc.want)
			}
			if len(tc.in) > 8 && strings.Contains(err.Error(), tc.in[4:]) {
				t.Error("the error quotes what it refuses")
			}
		})
	}
}

// A truncated macaroon can be valid base64.
func TestCheck(t *testing.T) {
	t.Parallel()
	whole := newToken(t)
	if err := whole.Check(); err != nil {
		t.Errorf("a whole token: %v", err)
	}
	cut, err := token.Parse(whole.Reveal()[:len("fm2_")+80])
	if err != nil {
		t.Fatal(err)
	}
	if err := cut.Check(); !errors.Is(err, token.ErrMalformed) || !strings.Contains(err.Error(), "may have been cut off") {
		t.Errorf("a cut token: %v, want ErrMalformed", err)
	}
	if _, err := newResolver(newMemory()).SetManual(t.Context(), "web", cut); !errors.Is(err, token.ErrMalformed) {
		t.Errorf("SetManual of a cut token: %v, want ErrMalformed", err)
	}
}

func TestAuthorizationHeader(t *testing.T) {
	t.Parallel()
	macaroon := newToken(t).Reveal()
	for in, want := range map[string]string{
		"Bearer " + macaroon:   "FlyV1 " + macaroon,
		macaroon + ",fo1_abc":  "FlyV1 " + macaroon + ",fo1_abc",
		"FlyV1 fo1_abc":        "Bearer fo1_abc",
		"fo1_abc":              "Bearer fo1_abc",
		"fo1_abc," + "fo1_def": "Bearer fo1_abc,fo1_def",
	} {
		tok, err := token.Parse(in)
		if err != nil {
			t.Fatal(err)
		}
		if got := tok.AuthorizationHeader(); got != want {
			t.Errorf("scheme %q, want %q", strings.Fields(got)[0], strings.Fields(want)[0])
		}
	}
}

// Every use of a token except Reveal and AuthorizationHeader gives the mask.
func TestTokenMasksItself(t *testing.T) {
	t.Parallel()
	tok := newToken(t)
	rec := token.Record{Token: tok, Origin: token.SourceCLI}
	res := token.Resolution{Record: rec}
	var out strings.Builder
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%T %v"} {
		fmt.Fprintf(&out, verb+"\n", tok)
		fmt.Fprintf(&out, verb+"\n", rec)
		fmt.Fprintf(&out, verb+"\n", &res)
	}
	fmt.Fprintln(&out, errors.New(tok.String()), tok.GoString())
	slog.New(slog.NewJSONHandler(&out, nil)).Info("x", "token", tok, "record", rec)
	slog.New(slog.NewTextHandler(&out, nil)).Info("x", "token", tok, "record", rec)
	if err := json.NewEncoder(&out).Encode(map[token.Token]any{tok: []any{tok, rec, res}}); err != nil {
		t.Fatal(err)
	}
	payload := tok.Reveal()[len("fm2_"):]
	if strings.Contains(out.String(), payload[:6]) || strings.Contains(out.String(), fmt.Sprintf("%x", payload[:6])) {
		t.Errorf("a part of the token is printed:\n%s", out.String())
	}
	if n := strings.Count(out.String(), tok.Fingerprint()); n < 20 {
		t.Errorf("the fingerprint stands %d times in what was printed, want it in every mask", n)
	}
	if got := (token.Token{}).String(); got != "token(none)" {
		t.Errorf("mask of no token = %q", got)
	}
}

func TestFingerprint(t *testing.T) {
	t.Parallel()
	tok, err := token.Parse("fo1_abc")
	if err != nil {
		t.Fatal(err)
	}
	// printf fo1_abc | sha256sum | cut -c1-16
	if got, want := tok.Fingerprint(), "61f10a95717680f2"; got != want {
		t.Errorf("fingerprint = %q, want %q", got, want)
	}
	if (token.Token{}).Fingerprint() != "" {
		t.Error("no token has a fingerprint")
	}
}

func TestRequestValidate(t *testing.T) {
	t.Parallel()
	for name, req := range map[string]token.Request{
		"no app":                 {},
		"upper case":             {App: "Web"},
		"path":                   {App: "../web"},
		"argument":               {App: "-web"},
		"hyphen at the end":      {App: "web-"},
		"64 characters":          {App: strings.Repeat("a", 64)},
		"line end":               {App: "web\n"},
		"organization":           {App: "web", Organization: "Acme Inc."},
		"organization of spaces": {App: "web", Organization: " "},
		"access":                 {App: "web", Access: "admin"},
	} {
		if err := req.Validate(); !errors.Is(err, token.ErrInvalidRequest) {
			t.Errorf("%s: error = %v, want one that wraps ErrInvalidRequest", name, err)
		}
	}
	for _, req := range []token.Request{
		{App: "a"},
		{App: strings.Repeat("a", 63), Access: token.AccessReadOnly},
		{App: "0-9", Access: token.AccessDeploy, Organization: "personal"},
	} {
		if err := req.Validate(); err != nil {
			t.Errorf("%+v: %v", req, err)
		}
	}
}
