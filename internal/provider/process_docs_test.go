package provider_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/flytokens/terraform-provider-fly/internal/flytest"
	"github.com/flytokens/terraform-provider-fly/internal/flytest/engine"
)

// docsBlock is a block of HCL in a page.
type docsBlock struct {
	// page is the page's path from the repository's root, number the place of the
	// block in it, from 1.
	page   string
	number int
	text   string
	// before is the page's last block that declares providers, if text does not.
	before string
}

func (b docsBlock) String() string { return b.page + "#" + strconv.Itoa(b.number) }

// notApplied has the blocks that [TestAccProcessDocumentation] leaves out, with
// the test that runs them instead.
func notApplied() map[string]string {
	return map[string]string{
		"docs/guides/adopt.md#2":                "TestAccProcessQuery runs it: it is not a configuration",
		"docs/guides/s3.md#1":                   "TestAccProcessSharedGuides runs it over a server",
		"docs/guides/vault.md#1":                "TestAccProcessSharedGuides runs it over a server",
		"docs/guides/testing.md#1":              "TestAccProcessTestingGuide runs it with the mock",
		"docs/guides/testing.md#2":              "TestAccProcessTestingGuide runs it: it is a test file",
		"docs/list-resources/deploy_token.md#1": "TestAccProcessQuery runs it: it is not a configuration",

		"docs/resources/deploy_token.md#2": "TestAccProcessAdopt runs it: the token has to exist before",
		"docs/resources/deploy_token.md#3": "TestAccProcessAdopt runs it: the token has to exist before",
		"docs/resources/manual_token.md#2": "TestAccProcessImportByIdentity runs it: the token has to be stored before",
		"docs/resources/manual_token.md#3": "TestAccProcessImportGenerates runs it: the token has to be stored before",
	}
}

var fencedHCL = regexp.MustCompile("(?ms)^```(?:hcl|terraform)\n(.*?)^```$")

// docsBlocks returns every block of HCL in the README and below docs.
func docsBlocks(t *testing.T) []docsBlock {
	t.Helper()
	root := filepath.Join("..", "..")
	pages := []string{"README.md"}
	err := fs.WalkDir(os.DirFS(root), "docs", func(name string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() && strings.HasSuffix(name, ".md") {
			pages = append(pages, name)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	var blocks []docsBlock
	for _, page := range pages {
		text, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(page)))
		if err != nil {
			t.Fatal(err)
		}
		var before string
		for i, found := range fencedHCL.FindAllStringSubmatch(strings.ReplaceAll(string(text), "\r\n", "\n"), -1) {
			block := docsBlock{page: page, number: i + 1, text: found[1]}
			if strings.Contains(block.text, "required_providers") {
				before = block.text
			} else {
				block.before = before
			}
			blocks = append(blocks, block)
		}
	}
	return blocks
}

// needs returns the features that the block cannot do without.
func (b docsBlock) needs() []engine.Feature {
	var all []engine.Feature
	for part, feature := range map[string]engine.Feature{
		"ephemeral ":       engine.EphemeralResources,
		"_wo ":             engine.WriteOnlyArguments,
		"required_version": engine.WriteOnlyArguments,
		"action \"":        engine.Actions,
		"identity = {\n":   engine.ResourceIdentity,
		"ephemeral = true": engine.EphemeralResources,
	} {
		if strings.Contains(b.text, part) {
			all = append(all, feature)
		}
	}
	return all
}

// Every block of HCL that the documentation shows applies as it is printed, and
// changes nothing when it is planned again.
func TestAccProcessDocumentation(t *testing.T) {
	t.Parallel()
	elsewhere := notApplied()
	for _, block := range docsBlocks(t) {
		name := block.String()
		if elsewhere[name] != "" {
			delete(elsewhere, name)
			continue
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if runtime.GOOS == "windows" && strings.Contains(block.text, "local-exec") {
				t.Skip("the stand-in for flyctl is a shell script")
			}
			requires(t, block.needs()...)
			block.project(t).applies()
		})
	}
	for name, reason := range elsewhere {
		t.Errorf("there is no block %s, which is left out: %s", name, reason)
	}
}

// project is the block as a configuration, in a world with its apps.
func (b docsBlock) project(t *testing.T) *module {
	t.Helper()
	s := flytest.New(t, flyWorld())
	path := t.TempDir()
	if strings.Contains(b.text, "local-exec") {
		if err := os.WriteFile(filepath.Join(path, "fly"), []byte("#!/bin/sh\n"), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	opensWeb := s.Make(flytest.Make{App: "web"}).Reveal()
	m := &module{fly: s, sent: t.TempDir()}
	m.process = start(t, b.text, append(runner(t, s, s.Login(ownerOfBoth)), "STANDIN_DIR="+m.sent, "PATH="+path,
		"TF_VAR_app_id="+strconv.FormatUint(web, 10), "TF_VAR_token="+opensWeb, "TF_VAR_web_token="+opensWeb)...)
	if text := b.before + "\n" + b.text; strings.Contains(text, "required_providers") {
		write(t, filepath.Join(m.dir, "main.tf"), text)
	}
	m.beside(map[string]string{"stategraph/fly": "fly", "integrations/github": "github"})
	return m
}

// applies applies the configuration, and plans it again.
func (m *module) applies() {
	m.t.Helper()
	m.run("apply", "-auto-approve")
	again := m.run("plan").output
	// A check with the time in it is read during apply, which is a plan with nothing
	// to change in it.
	if !strings.Contains(again, "No changes.") && !strings.Contains(again, "Plan: 0 to add, 0 to change, 0 to destroy.") {
		m.t.Errorf("the second plan says:\n%s", again)
	}
}
