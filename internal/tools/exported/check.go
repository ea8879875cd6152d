package main

import (
	"errors"
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/tools/go/packages"
)

// position identifies a declared name. The compiler's export data has no columns.
type position struct {
	file string
	line int
	name string
}

// declared is an exported name, and what it implies when a different package uses it.
type declared struct {
	at      position
	pkg     string
	label   string
	implied []*types.TypeName
	// enumeration is the type of a constant: a use of one of its constants is a use of all.
	enumeration *types.TypeName
}

// check collects the declarations and the uses of all modules.
type check struct {
	fset  *token.FileSet
	names []declared
	// abroad has the names that a different package uses, and in code those that
	// a file uses that is not a test.
	abroad, inCode map[position]bool
	// released has the paths of the packages that the program main.go is built from.
	released   map[string]bool
	interfaces []*types.Interface
	visited    map[*types.Package]bool
}

func newCheck() *check {
	return &check{
		fset: token.NewFileSet(), released: make(map[string]bool),
		abroad: make(map[position]bool), inCode: make(map[position]bool),
	}
}

// load reads the module in dir, its tests included.
func (c *check) load(dir string) error {
	found, err := packages.Load(&packages.Config{
		Mode: packages.NeedName | packages.NeedFiles | packages.NeedImports | packages.NeedTypes | packages.NeedSyntax | packages.NeedTypesInfo | packages.NeedModule,
		Dir:  dir, Fset: c.fset, Tests: true,
	}, "./...")
	if err != nil {
		return err
	}
	if packages.PrintErrors(found) > 0 {
		return errors.New("the code does not compile")
	}
	c.visited, c.interfaces = make(map[*types.Package]bool), nil
	for _, p := range found {
		c.collectInterfaces(p)
	}
	for _, p := range found {
		c.collectUses(p)
		if p.ID == p.PkgPath && p.Name != "main" {
			c.collectNames(p.Types)
		}
		if p.Name == "main" && p.PkgPath == p.Module.Path && len(c.released) == 0 {
			c.release(p)
		}
	}
	return nil
}

// at returns the position of a name.
func (c *check) at(o types.Object) position {
	p := c.fset.Position(o.Pos())
	return position{p.Filename, p.Line, o.Name()}
}

// collectInterfaces finds the interfaces that a package declares, writes or imports.
func (c *check) collectInterfaces(p *packages.Package) {
	for _, tv := range p.TypesInfo.Types {
		if i, ok := tv.Type.(*types.Interface); ok && tv.IsType() {
			c.interfaces = append(c.interfaces, i)
		}
	}
	c.visit(p.Types)
}

func (c *check) visit(p *types.Package) {
	if c.visited[p] {
		return
	}
	c.visited[p] = true
	for _, name := range p.Scope().Names() {
		if i, ok := p.Scope().Lookup(name).Type().Underlying().(*types.Interface); ok {
			c.interfaces = append(c.interfaces, i)
		}
	}
	for _, imported := range p.Imports() {
		c.visit(imported)
	}
}

// release notes the packages that a program is built from.
func (c *check) release(p *packages.Package) {
	if c.released[p.PkgPath] {
		return
	}
	c.released[p.PkgPath] = true
	for _, imported := range p.Imports {
		c.release(imported)
	}
}

// collectUses marks the names that a package uses.
func (c *check) collectUses(p *packages.Package) {
	for id, o := range p.TypesInfo.Uses {
		c.use(p, id, o)
	}
	for e, tv := range p.TypesInfo.Types {
		lit, ok := e.(*ast.CompositeLit)
		if !ok || len(lit.Elts) == 0 {
			continue
		}
		if _, keyed := lit.Elts[0].(*ast.KeyValueExpr); keyed {
			continue
		}
		if s, ok := tv.Type.Underlying().(*types.Struct); ok {
			for f := range s.Fields() {
				c.use(p, lit, f)
			}
		}
	}
}

// use marks an object that is used at a node of p.
func (c *check) use(p *packages.Package, at ast.Node, o types.Object) {
	if o == nil || o.Pkg() == nil || !o.Exported() {
		return
	}
	if o.Pkg().Path() != p.PkgPath {
		c.abroad[c.at(o)] = true
	}
	if !strings.HasSuffix(c.fset.Position(at.Pos()).Filename, "_test.go") {
		c.inCode[c.at(o)] = true
	}
}

// collectNames adds the exported names that a package declares.
func (c *check) collectNames(p *types.Package) {
	for _, name := range p.Scope().Names() {
		o := p.Scope().Lookup(name)
		t, isType := o.(*types.TypeName)
		if o.Exported() {
			c.add(o, name, !isType)
		}
		if !isType || t.IsAlias() {
			continue
		}
		named, ok := t.Type().(*types.Named)
		if !ok {
			continue
		}
		for m := range named.Methods() {
			if o.Exported() && m.Exported() && !c.demanded(named, m) {
				c.add(m, name+"."+m.Name(), true)
			}
		}
		if s, ok := named.Underlying().(*types.Struct); ok && o.Exported() {
			c.addFields(s, name)
		}
	}
}

func (c *check) addFields(s *types.Struct, owner string) {
	for i := range s.NumFields() {
		if f := s.Field(i); f.Exported() && !f.Embedded() && s.Tag(i) == "" {
			c.add(f, owner+"."+f.Name(), true)
		}
	}
}

// add adds one name. With typed, a use of the name implies one of the types that it
// mentions: they must be exported with it.
func (c *check) add(o types.Object, label string, typed bool) {
	one := declared{at: c.at(o), pkg: o.Pkg().Path(), label: label}
	if typed {
		one.implied = mentioned(o.Type())
	}
	if named, ok := o.Type().(*types.Named); ok && isConst(o) {
		one.enumeration = named.Obj()
	}
	c.names = append(c.names, one)
}

func isConst(o types.Object) bool {
	_, ok := o.(*types.Const)
	return ok
}

// demanded reports whether an interface wants the method of the type.
func (c *check) demanded(t *types.Named, m *types.Func) bool {
	switch m.Name() {
	case "Is", "As", "Unwrap": // package errors finds them by name
		return true
	}
	for _, i := range c.interfaces {
		o, _, _ := types.LookupFieldOrMethod(i, false, m.Pkg(), m.Name())
		if o == nil {
			continue
		}
		// A struct that embeds t may implement i, without t doing so.
		if types.Identical(o.Type(), m.Type()) || types.Implements(t, i) || types.Implements(types.NewPointer(t), i) {
			return true
		}
	}
	return false
}

// reports returns a line for each name that should not be exported, or not be there.
func (c *check) reports() []string {
	c.imply(c.abroad)
	c.imply(c.inCode)
	var lines []string
	for _, one := range c.names {
		fault := ""
		switch {
		case !c.abroad[one.at]:
			fault = "only its own package uses it"
		case c.released[one.pkg] && !c.inCode[one.at]:
			fault = "only tests use it"
		default:
			continue
		}
		lines = append(lines, fmt.Sprintf("%s:%d: %s is exported, but %s", relative(one.at.file), one.at.line, one.label, fault))
	}
	return lines
}

// imply adds the types that the used names mention, and those that these mention.
func (c *check) imply(used map[position]bool) {
	enumerations := make(map[*types.TypeName]bool)
	for _, one := range c.names {
		if one.enumeration != nil && used[one.at] {
			enumerations[one.enumeration] = true
		}
	}
	for _, one := range c.names {
		if enumerations[one.enumeration] {
			used[one.at] = true
		}
	}
	for again := true; again; {
		again = false
		for _, one := range c.names {
			if !used[one.at] {
				continue
			}
			for _, t := range one.implied {
				if at := c.at(t); !used[at] {
					used[at], again = true, true
				}
			}
		}
	}
}

// relative returns a path as seen from the working directory.
func relative(file string) string {
	wd, err := os.Getwd()
	if err != nil {
		return file
	}
	if rel, err := filepath.Rel(wd, file); err == nil {
		return rel
	}
	return file
}
