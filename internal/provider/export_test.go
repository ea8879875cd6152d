package provider

import "github.com/hashicorp/terraform-plugin-framework/provider"

// World is what a test gives a provider for its environment.
type World struct {
	// Variables are "NAME=value" pairs.
	Variables []string
	// Home, ConfigDir and TempDir are folders, "" where the system names none.
	Home, ConfigDir, TempDir string
}

// NewIn is New with an environment of the test's own.
func NewIn(w World) func() provider.Provider {
	return newProvider("test", func() environment {
		return environment{variables: w.Variables, home: w.Home, configDir: w.ConfigDir, tempDir: w.TempDir}
	})
}

// Absolute is absolute.
var Absolute = absolute
