package flyconfig

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/flytokens/terraform-provider-fly/internal/token"
)

// FuzzParseLogin looks for a config.yml that makes parseLogin panic, that gives
// neither a token nor a miss, or that the message quotes.
func FuzzParseLogin(f *testing.F) {
	files, err := filepath.Glob("testdata/malformed/*.yml")
	if err != nil || len(files) == 0 {
		f.Fatal("no seeds under testdata:", err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Add([]byte("access_token: fm2_c2VjcmV0,fo1_user\r\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		got, err := parseLogin("config.yml", data)
		if err == nil {
			if got.IsZero() {
				t.Error("neither a token nor a miss")
			}
			return
		}
		var miss *token.MissError
		if !errors.As(err, &miss) {
			t.Errorf("%v is not a miss", err)
		}
		if strings.Contains(err.Error(), "c2VjcmV0") {
			t.Error("the message quotes the file")
		}
	})
}
