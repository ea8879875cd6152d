package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// files is a module with one package of each kind that the check distinguishes.
var files = map[string]string{
	"go.mod": "module example.com/m\n\ngo 1.26\n",
	"main.go": `package main

import "example.com/m/a"

func main() { println(a.New().Size(), a.Red, a.Pair{1, 2}.X) }
`,
	"a/a.go": `package a

import "io"

// Thing is mentioned in the type of New.
type Thing struct {
	Lonely  int
	Tagged  int ` + "`json:\"tagged\"`" + `
	private int
}

func New() *Thing { return &Thing{Lonely: 1, private: Alone} }

func (t *Thing) Size() int { return t.private + t.Lonely }

// Read is wanted by io.Reader.
func (t *Thing) Read([]byte) (int, error) { return 0, io.EOF }

func (t *Thing) Unwanted() {}

const Alone = 1

type Color int

const (
	Red Color = iota
	Green
)

type Pair struct{ X, Y int }

func ForTests() {}

type hidden struct{ Shown int }

var _ = hidden{Shown: 1}
`,
	"a/a_test.go": `package a_test

import (
	"testing"

	"example.com/m/a"
)

func TestThing(t *testing.T) { a.ForTests() }
`,
	"a/inner_test.go": `package a

import "testing"

func TestInner(t *testing.T) { new(Thing).Unwanted() }
`,
}

func TestReports(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, text := range files {
		name = filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	c := newCheck()
	if err := c.load(dir); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, line := range c.reports() {
		_, said, _ := strings.Cut(line, ": ")
		got = append(got, said)
	}
	slices.Sort(got)
	want := []string{
		"Alone is exported, but only its own package uses it",
		"ForTests is exported, but only tests use it",
		"Thing.Lonely is exported, but only its own package uses it",
		"Thing.Unwanted is exported, but only its own package uses it",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}
