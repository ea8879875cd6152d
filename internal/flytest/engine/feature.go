package engine

import (
	"fmt"
	"strconv"
	"strings"
)

// Feature is a feature that not every version of every engine supports.
type Feature string

// The features that tests ask for.
const (
	// Baseline are the features that every supported engine has: data sources,
	// resources and functions. Its releases are the oldest supported ones.
	Baseline Feature = "data sources, resources and functions"
	// EphemeralResources are ephemeral blocks, whose values are in neither
	// state nor plan.
	EphemeralResources Feature = "ephemeral resources"
	// WriteOnlyArguments are arguments of resources that are not stored.
	WriteOnlyArguments Feature = "write-only arguments"
	// ResourceIdentity is an identity in import blocks.
	ResourceIdentity Feature = "resource identity"
	// Actions are action blocks.
	Actions Feature = "actions"
	// Query are list blocks and the command query.
	Query Feature = "query"
)

// release is a minor version: 1.12.
type release struct{ major, minor int }

// String returns the release in its usual form.
func (r release) String() string { return fmt.Sprintf("%d.%d", r.major, r.minor) }

// support returns the first release of each engine with a feature. Engines
// without the feature are missing. The versions are OpenTofu's own, not those
// that OpenTofu reports to providers. A test compares them with the
// documentation.
func support() map[Kind]map[Feature]release {
	return map[Kind]map[Feature]release{
		Terraform: {Baseline: {1, 8}, EphemeralResources: {1, 10}, WriteOnlyArguments: {1, 11}, ResourceIdentity: {1, 12}, Actions: {1, 14}, Query: {1, 14}},
		OpenTofu:  {Baseline: {1, 8}, EphemeralResources: {1, 11}, WriteOnlyArguments: {1, 11}, ResourceIdentity: {1, 12}},
	}
}

// Knows reports whether the engine has the feature. A release candidate has the
// features of its release.
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
		return release{}, fmt.Errorf("engine: %q is not a version", version)
	}
	major, err := strconv.Atoi(parts[0])
	if err != nil {
		return release{}, fmt.Errorf("engine: %q is not a version: %w", version, err)
	}
	minor, err := strconv.Atoi(parts[1])
	if err != nil {
		return release{}, fmt.Errorf("engine: %q is not a version: %w", version, err)
	}
	return release{major, minor}, nil
}
