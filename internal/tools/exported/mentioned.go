package main

import "go/types"

// mentioned returns the named types that a type is written with.
func mentioned(t types.Type) []*types.TypeName {
	switch t := t.(type) {
	case *types.Alias:
		return append(mentioned(t.Rhs()), t.Obj())
	case *types.Named:
		found := []*types.TypeName{t.Obj()}
		for a := range t.TypeArgs().Types() {
			found = append(found, mentioned(a)...)
		}
		return found
	case *types.Map:
		return append(mentioned(t.Key()), mentioned(t.Elem())...)
	case *types.Signature:
		return append(mentioned(t.Params()), mentioned(t.Results())...)
	case *types.Tuple:
		var found []*types.TypeName
		for v := range t.Variables() {
			found = append(found, mentioned(v.Type())...)
		}
		return found
	case interface{ Elem() types.Type }: // a pointer, a slice, an array or a channel
		return mentioned(t.Elem())
	default:
		return nil
	}
}
