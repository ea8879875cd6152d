package dir_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/flytokens/terraform-provider-fly/internal/token"
)

// BenchmarkStore saves and loads one record beside few and many other apps. The
// others cost nothing: no folder that grows with them is ever listed.
func BenchmarkStore(b *testing.B) {
	for _, apps := range []int{10, 10_000} {
		s := open(b)
		// Copied, not saved: to sync ten thousand files is not what is measured.
		for i := range apps {
			folder := s.folder(fmt.Sprintf("app-%d", i))
			if err := os.MkdirAll(folder, 0o700); err != nil {
				b.Fatal(err)
			}
			write(b, filepath.Join(folder, "state.json"), fmt.Sprintf(`{"schema":1,"app":"app-%d"}`, i))
		}
		rec := record(b)
		b.Run(fmt.Sprintf("save/apps=%d", apps), func(b *testing.B) {
			for b.Loop() {
				if err := s.Save(b.Context(), web, rec, 0); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(fmt.Sprintf("load/apps=%d", apps), func(b *testing.B) {
			var stored token.Stored
			for b.Loop() {
				stored, _ = s.Load(b.Context(), web)
			}
			if stored.Record.Token != rec.Token {
				b.Errorf("Load() = %v", stored.Record.Token)
			}
		})
	}
}
