package flyctl

import "testing"

// systemTests are none where access is a matter of ACLs.
func systemTests() map[string]func(t *testing.T, temp string) { return nil }
