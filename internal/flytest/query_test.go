package flytest

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParseQuery(t *testing.T) {
	t.Parallel()
	kind, fields, err := parseQuery(`query ($appName: String!, $n: [Int!] = 3) {
		compact:app(name: $appName, input: {id: "x", deep: {n: $n}}) { id organization { slug } role: kind { name } }
	}`)
	if err != nil || kind != "query" || len(fields) != 1 {
		t.Fatalf("parseQuery = %q, %d fields, %v", kind, len(fields), err)
	}
	root := fields[0]
	if root.alias != "compact" || root.name != "app" || root.text("name", map[string]any{"appName": "web"}) != "web" {
		t.Errorf("root is %+v", root)
	}
	want := map[string]any{"id": "x", "deep": map[string]any{"n": 7}}
	if diff := cmp.Diff(want, root.argument("input", map[string]any{"n": 7})); diff != "" {
		t.Errorf("input (-want +got):\n%s", diff)
	}
	object := map[string]any{
		"id": 1, "kind": nil, "hidden": true,
		"organization": map[string]any{"slug": "acme", "hidden": true},
	}
	got, err := project(object, root.fields)
	if err != nil {
		t.Fatal(err)
	}
	wantObject := map[string]any{"id": 1, "role": nil, "organization": map[string]any{"slug": "acme"}}
	if diff := cmp.Diff(wantObject, got); diff != "" {
		t.Errorf("projection (-want +got):\n%s", diff)
	}
}

func TestParseQueryRefuses(t *testing.T) {
	t.Parallel()
	tests := map[string]string{
		"nothing":      ``,
		"no selection": `query Name`,
		"open":         `{ app(name: "x") { id`,
		"fragment":     `{ app(name: "x") { ...fields } }`,
		"two":          `{ app { id } } { app { id } }`,
		"no value":     `{ app(name: ) { id } }`,
		"no colon":     `{ app(name "x") { id } }`,
	}
	for name, text := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, _, err := parseQuery(text); err == nil {
				t.Errorf("parseQuery(%q) accepted it", text)
			}
		})
	}
}

func TestProjectRefuses(t *testing.T) {
	t.Parallel()
	object := map[string]any{"id": "x", "owner": map[string]any{"slug": "acme"}}
	tests := map[string]struct{ text, want string }{
		"a field that is not there": {`{ title }`, `no field "title"`},
		"one deeper":                {`{ owner { slugg } }`, `owner: there is no field "slugg"`},
		"an object whole":           {`{ owner }`, "without fields"},
		"a value cut":               {`{ id { x } }`, "with fields"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, fields, err := parseQuery(tc.text)
			if err != nil {
				t.Fatal(err)
			}
			if _, err = project(object, fields); err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("project(%s) = %v, want %q", tc.text, err, tc.want)
			}
		})
	}
}
