package dir_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/flytokens/terraform-provider-fly/internal/token"
)

// BenchmarkStore saves and loads one record with few and with many other apps.
// They cost nothing, because no folder with all apps is ever listed.
func BenchmarkStore(b *testing.B) {
	for _, apps := range []int{10, 10_000} {
		s := open(b)
		// Copied, not saved, because syncing ten thousand files is not measured
		// here.
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
