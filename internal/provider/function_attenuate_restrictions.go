package provider

import (
	"errors"
	"fmt"
	"maps"
	"math/big"
	"slices"
	"strconv"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/flytokens/terraform-provider-fly/internal/macaroon"
)

// restrictions is the second argument of attenuate_token. Zero fields restrict
// nothing.
type restrictions struct {
	apps         []uint64
	access       macaroon.Action
	organization macaroon.Action
	expiresAt    time.Time
	names        resourceNames
}

// readRestrictions reads an object, or a map, of restrictions. The error names
// the invalid key and quotes no value, which may be a misplaced secret.
func readRestrictions(v attr.Value) (restrictions, error) {
	var r restrictions
	var values map[string]attr.Value
	switch v := v.(type) {
	case types.Object:
		values = v.Attributes()
	case types.Map:
		values = v.Elements()
	default:
		return r, fmt.Errorf("must be an object, such as { app_ids = [1234], access = \"r\" }, not %s", describeValue(v))
	}
	for _, key := range slices.Sorted(maps.Keys(values)) {
		if err := r.set(key, values[key]); err != nil {
			return r, err
		}
	}
	if r.apps != nil && r.names.features != nil {
		return r, errors.New("features belong to the organization, but app_ids confines the token to apps. Omit one of the two")
	}
	return r, nil
}

// set reads the value of one key.
func (r *restrictions) set(key string, v attr.Value) (err error) {
	v = underlying(v)
	switch key {
	case "app_ids":
		r.apps, err = readAppIDs(v)
	case "access":
		r.access, err = readActions(key, v)
	case "organization_access":
		r.organization, err = readActions(key, v)
	case "expires_at":
		r.expiresAt, err = readInstant(key, v)
	case "machines":
		r.names.machines, err = readNames(key, v)
	case "volumes":
		r.names.volumes, err = readNames(key, v)
	case "features":
		r.names.features, err = readNames(key, v)
	case "mutations":
		r.names.mutations, err = readNames(key, v)
	case "commands":
		r.names.commands, err = readCommands(v)
	default:
		err = fmt.Errorf("%s is not a restriction: use app_ids, machines, volumes, features, commands, mutations, access, organization_access or expires_at", quoted(key))
	}
	return err
}

// readAppIDs reads the numbers of apps, in the order given; nil for null.
func readAppIDs(v attr.Value) ([]uint64, error) {
	elements, err := readElements("app_ids", "numbers", v)
	if elements == nil {
		return nil, err
	}
	ids := make([]uint64, len(elements))
	for i, e := range elements {
		if ids[i], err = readAppID(e); err != nil {
			return nil, fmt.Errorf("app_ids[%d] %w", i, err)
		}
	}
	return ids, nil
}

// readAppID reads the 64-bit number of an app. It may be a text, like the keys
// of a map.
func readAppID(v attr.Value) (uint64, error) {
	const want = "an app's number as Fly's Machines API gives it: internal_numeric_id"
	v = underlying(v)
	if v.IsNull() || v.IsUnknown() {
		return 0, fmt.Errorf("must be %s, not %s", want, describeValue(v))
	}
	var id uint64
	var whole bool
	switch v := v.(type) {
	case types.Number:
		// Uint64 counts a fraction with few bits as exact.
		f := v.ValueBigFloat()
		n, accuracy := f.Uint64()
		id, whole = n, f.IsInt() && accuracy == big.Exact
	case types.String:
		n, err := strconv.ParseUint(v.ValueString(), 10, 64)
		id, whole = n, err == nil
	default:
		return 0, fmt.Errorf("must be %s, not %s", want, describeValue(v))
	}
	switch {
	case !whole:
		return 0, fmt.Errorf("is not %s", want)
	case id == 0:
		return 0, errors.New("is 0, which means every app and would not restrict the token")
	default:
		return id, nil
	}
}

// readActions reads letters; none for null.
func readActions(key string, v attr.Value) (macaroon.Action, error) {
	text, err := readText(key, v)
	if err != nil || v.IsNull() {
		return macaroon.ActionNone, err
	}
	mask, ok := macaroon.ParseAction(text)
	if !ok {
		return macaroon.ActionNone, fmt.Errorf("%s must consist of the letters r (read), w (write), c (create), d (delete) and C (control), or be * for all of them", key)
	}
	return mask, nil
}

// readInstant reads a timestamp; the zero one for null.
func readInstant(key string, v attr.Value) (time.Time, error) {
	text, err := readText(key, v)
	if err != nil || v.IsNull() {
		return time.Time{}, err
	}
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return time.Time{}, fmt.Errorf("%s is not an RFC 3339 timestamp such as 2030-01-31T12:00:00Z", key)
	}
	if at.Unix() <= 0 {
		return time.Time{}, fmt.Errorf("%s is before 1970: the token would never be valid", key)
	}
	return at, nil
}

func readText(key string, v attr.Value) (string, error) {
	if v.IsNull() {
		return "", nil
	}
	s, ok := v.(types.String)
	if !ok || s.IsUnknown() {
		return "", fmt.Errorf("%s must be a string, not %s", key, describeValue(v))
	}
	return s.ValueString(), nil
}

// describeValue names the type of a value as the language's documentation does.
func describeValue(v attr.Value) string {
	switch {
	case v == nil || v.IsNull():
		return "null"
	case v.IsUnknown():
		return "an unknown value"
	}
	switch v.(type) {
	case types.String:
		return "a string"
	case types.Number:
		return "a number"
	case types.Bool:
		return "a bool"
	case types.List, types.Set, types.Tuple:
		return "a list"
	default:
		return "an object"
	}
}
