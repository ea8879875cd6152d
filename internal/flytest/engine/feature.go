package engine

import (
	"fmt"
	"strconv"
	"strings"
)

// Feature is something that not every version of every engine knows.
type Feature string

// The features that tests ask for.
const (
	// Baseline is what the provider has wherever it runs: data sources, resources
	// and functions. Its releases are the oldest that are supported.
	Baseline Feature = "data sources, resources and functions"
	// EphemeralResources are ephemeral blocks, and values that are in neither
	// state nor plan.
	EphemeralResources Feature = "ephemeral resources"
	// WriteOnlyArguments are arguments of resources that are not kept.
	WriteOnlyArguments Feature = "write-only arguments"
	// ResourceIdentity is what import blocks may name a resource by.
	ResourceIdentity Feature = "resource identity"
	// Actions are action blocks.
	Actions Feature = "actions"
)

// release is a minor version: 1.12.
type release struct{ major, minor int }

// String returns the release as people write it.
func (r release) String() string { return fmt.Sprintf("%d.%d", r.major, r.minor) }

// support returns the first release of each engine that knows a feature. A feature
// that an engine does not know is not there. It has OpenTofu's own versions, which
// are not those that OpenTofu shows to providers. The documentation has them too,
// and a test compares the two.
func support() map[Kind]map[Feature]release {
	return map[Kind]map[Feature]release{
		Terraform: {Baseline: {1, 8}, EphemeralResources: {1, 10}, WriteOnlyArguments: {1, 11}, ResourceIdentity: {1, 12}, Actions: {1, 14}},
		OpenTofu:  {Baseline: {1, 8}, EphemeralResources: {1, 11}, WriteOnlyArguments: {1, 11}, ResourceIdentity: {1, 12}},
	}
}

// Knows reports whether the engine knows the feature. A release candidate knows
// what its release does.
func (e Engine) Knows(f Feature) bool {
	first, ok := support()[e.Kind][f]
	if !ok {
		return false
	}
	is, err := parseRelease(e.Version)
	return err == nil && (is.major > first.major || is.major == first.major && is.minor >= first.minor)
}

func parseRelease(version string) (release, error) {
	parts := strings.SplitN(version, ".", 3)
	if len(parts) < 3 {
		return release{}, fmt.Errorf("engine: %q is no version", version)
	}
	major, err := strconv.Atoi(parts[0])
	if err != nil {
		return release{}, fmt.Errorf("engine: %q is no version: %w", version, err)
	}
	minor, err := strconv.Atoi(parts[1])
	if err != nil {
		return release{}, fmt.Errorf("engine: %q is no version: %w", version, err)
	}
	return release{major, minor}, nil
}
