package flyctl

import "testing"

// systemTests are none on systems with ACLs.
func systemTests() map[string]func(t *testing.T, temp string) { return nil }
