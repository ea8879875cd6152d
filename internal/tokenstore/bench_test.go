package tokenstore_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/flytokens/terraform-provider-fly/internal/token"
	"github.com/flytokens/terraform-provider-fly/internal/tokenstore"
)

// BenchmarkStore saves and loads one record beside few and many other apps. The
// others cost nothing: no folder that grows with them is ever listed.
func BenchmarkStore(b *testing.B) {
	sizes := []int{10, 10_000}
	stores := map[int]*tokenstore.Store{}
	// All before the first is measured: the kernel writes ten thousand files
	// back for a while, which would slow down only what comes after them.
	for _, apps := range sizes {
		root := b.TempDir()
		populate(b, root, apps)
		stores[apps] = tokenstore.Open(root, scope)
	}
	for _, apps := range sizes {
		s := stores[apps]
		req := token.Request{App: "app-1"}
		rec := minted(b)
		b.Run(fmt.Sprintf("save/apps=%d", apps), func(b *testing.B) {
			for b.Loop() {
				if err := s.SaveMinted(b.Context(), req, rec, 0); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(fmt.Sprintf("load/apps=%d", apps), func(b *testing.B) {
			if err := s.SaveMinted(b.Context(), req, rec, 0); err != nil {
				b.Fatal(err)
			}
			for b.Loop() {
				if _, _, err := s.Minted(b.Context(), req); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// populate gives storage n apps with a record each, copied rather than saved:
// to sync ten thousand files would take a while, and is not what is measured.
func populate(b *testing.B, root string, n int) {
	b.Helper()
	save(b, tokenstore.Open(root, scope), token.Request{App: "app-0"})
	data := []byte(read(b, mintedPath(b, root, "app-0")))
	for i := range n {
		folder := appFolder(root, fmt.Sprintf("app-%d", i))
		if err := os.MkdirAll(folder, 0o700); err != nil {
			b.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(folder, "minted-0.json"), data, 0o600); err != nil {
			b.Fatal(err)
		}
	}
}
