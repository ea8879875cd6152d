package provider

import (
	"fmt"
	"maps"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/flytokens/terraform-provider-fly/internal/macaroon"
)

// resourceNames are the restrictions that name the usable resources. They share
// one caveat. A request must pass each restriction that is about it, and may
// only read if none is.
type resourceNames struct {
	machines, volumes, features, mutations []string
	commands                               macaroon.Commands
}

// caveats returns the caveat of all names, or none without names.
func (n resourceNames) caveats() []macaroon.Caveat {
	var inner []macaroon.Caveat
	add := func(set bool, c macaroon.Caveat) {
		if set {
			inner = append(inner, c)
		}
	}
	add(n.machines != nil, allActions(macaroon.Machines, n.machines))
	add(n.volumes != nil, allActions(macaroon.Volumes, n.volumes))
	add(n.features != nil, allActions(macaroon.FeatureSet, n.features))
	add(n.mutations != nil, macaroon.Mutations(n.mutations))
	add(n.commands != nil, n.commands)
	if inner == nil {
		return nil
	}
	return []macaroon.Caveat{macaroon.IfPresent{Ifs: inner, Else: macaroon.ActionRead}}
}

func allActions(of macaroon.Type, names []string) macaroon.Resources {
	set := macaroon.Resources{Of: of, Allowed: make(map[string]macaroon.Action, len(names))}
	for _, name := range names {
		set.Allowed[name] = macaroon.ActionAll
	}
	return set
}

// readElements returns the elements of a list; nil for null.
func readElements(key, of string, v attr.Value) ([]attr.Value, error) {
	v = underlying(v)
	if v.IsNull() {
		return nil, nil
	}
	var elements []attr.Value
	switch list := v.(type) {
	case types.List:
		elements = list.Elements()
	case types.Set:
		elements = list.Elements()
	case types.Tuple:
		elements = list.Elements()
	}
	switch {
	case elements == nil || v.IsUnknown():
		return nil, fmt.Errorf("%s must be a list of %s, not %s", key, of, describeValue(v))
	case len(elements) == 0:
		return nil, fmt.Errorf("%s is empty, which would allow none. Omit %s, or set it to null, to change nothing", key, key)
	default:
		return elements, nil
	}
}

// readNames reads a list of names; nil for null. An empty name is an error,
// because in a caveat it means every resource.
func readNames(key string, v attr.Value) ([]string, error) {
	names, err := readStrings(key, v)
	if i := slices.Index(names, ""); i >= 0 {
		return nil, fmt.Errorf("%s[%d] is empty, which would allow all of them", key, i)
	}
	return names, err
}

// readStrings reads a list of strings; nil for null.
func readStrings(key string, v attr.Value) ([]string, error) {
	elements, err := readElements(key, "strings", v)
	if elements == nil {
		return nil, err
	}
	list := make([]string, len(elements))
	for i, e := range elements {
		e = underlying(e)
		at := fmt.Sprintf("%s[%d]", key, i)
		if e.IsNull() {
			return nil, fmt.Errorf("%s must be a string, not null", at)
		}
		if list[i], err = readText(at, e); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// readCommands reads a list of objects; nil for null.
func readCommands(v attr.Value) (macaroon.Commands, error) {
	elements, err := readElements("commands", "objects", v)
	if elements == nil {
		return nil, err
	}
	commands := make(macaroon.Commands, len(elements))
	for i, e := range elements {
		if commands[i], err = readCommand(fmt.Sprintf("commands[%d]", i), underlying(e)); err != nil {
			return nil, err
		}
	}
	return commands, nil
}

func readCommand(at string, v attr.Value) (macaroon.Command, error) {
	command := macaroon.Command{Exact: true}
	object, ok := v.(types.Object)
	if !ok || object.IsNull() {
		return command, fmt.Errorf("%s must be an object, such as { args = [\"ls\", \"-l\"] }, not %s", at, describeValue(v))
	}
	values := object.Attributes()
	for _, key := range slices.Sorted(maps.Keys(values)) {
		value := underlying(values[key])
		switch key {
		case "args":
			args, err := readStrings(at+".args", value)
			if err != nil {
				return command, err
			}
			command.Args = args
		case "exact":
			exact, ok := value.(types.Bool)
			if !value.IsNull() && (!ok || value.IsUnknown()) {
				return command, fmt.Errorf("%s.exact must be a bool, not %s", at, describeValue(value))
			}
			command.Exact = value.IsNull() || exact.ValueBool()
		default:
			return command, fmt.Errorf("%s has the unknown key %s: use args and exact", at, quoted(key))
		}
	}
	if command.Args == nil {
		return command, fmt.Errorf("%s has no args: name the command", at)
	}
	return command, nil
}

// underlying returns the value inside a dynamic one.
func underlying(v attr.Value) attr.Value {
	if d, ok := v.(types.Dynamic); ok && !d.IsNull() {
		return d.UnderlyingValue()
	}
	return v
}
