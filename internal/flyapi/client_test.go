package flyapi_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/flytokens/terraform-provider-fly/internal/flyapi"
)

func TestNewChecksTheBaseURLs(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		url string
		ok  bool
	}{
		"default":            {"", true},
		"https":              {"https://api.example.com", true},
		"a path":             {"https://gateway.example.com/fly/", true},
		"loopback name":      {"http://localhost:4280", true},
		"loopback v4":        {"http://127.8.9.1:80", true},
		"loopback v6":        {"http://[::1]:4280", true},
		"http":               {"http://api.fly.io", false},
		"Fly's inner net":    {"http://_api.internal:4280", false},
		"a name that begins": {"http://localhost.example.com", false},
		"an address alike":   {"http://127.0.0.1.example.com", false},
		"no scheme":          {"api.fly.io", false},
		"another scheme":     {"ftp://api.fly.io", false},
		"a password":         {"https://joe:hunter22@api.fly.io", false},
		"a query":            {"https://api.fly.io?token=hunter22", false},
		"a fragment":         {"https://api.fly.io#hunter22", false},
		"not a URL":          {"https://api.fly.io:hunter22/", false},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, cfg := range []flyapi.Config{{BaseURL: tc.url}, {MachinesBaseURL: tc.url}} {
				_, err := flyapi.New(cfg)
				if ok := err == nil; ok != tc.ok {
					t.Errorf("New(%+v) = %v", cfg, err)
				}
				if err == nil {
					continue
				}
				if !errors.Is(err, flyapi.ErrBaseURL) || strings.Contains(err.Error(), "hunter22") {
					t.Errorf("New(%+v) = %v", cfg, err)
				}
			}
		})
	}
}
