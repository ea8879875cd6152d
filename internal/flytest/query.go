package flytest

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
)

// field is one selection of a GraphQL document.
type field struct {
	alias, name string
	// arguments hold the names of variables, or nested objects of them, or
	// literals; see [field.argument].
	arguments map[string]any
	fields    []field
}

// variable is a reference in a document.
type variable string

// lexeme splits the part of GraphQL that API clients write: names, variables,
// strings, numbers and punctuation.
var lexeme = regexp.MustCompile(`\s+|,|\$?[A-Za-z_][A-Za-z0-9_]*|"[^"\\]*"|-?[0-9]+|\.\.\.|[{}()\[\]:!=]`)

// parseQuery reads a document with one operation. It knows inline
// fragments, and no named fragments or directives, which the documents of Fly's
// clients for tokens do not have.
func parseQuery(text string) (kind string, fields []field, err error) {
	p := &parser{}
	for at := 0; at < len(text); {
		loc := lexeme.FindStringIndex(text[at:])
		if loc == nil || loc[0] != 0 {
			return "", nil, fmt.Errorf("character %d of the document is unsupported", at+1)
		}
		if word := text[at : at+loc[1]]; strings.TrimSpace(word) != "" && word != "," {
			p.words = append(p.words, word)
		}
		at += loc[1]
	}
	kind = "query"
	if p.peek() == "query" || p.peek() == "mutation" {
		kind = p.next()
	}
	for p.peek() != "{" { // the operation's name and its variables' types
		if p.next() == "" {
			return "", nil, errors.New("the document selects nothing")
		}
	}
	fields = p.selection()
	if p.err == nil && p.peek() != "" {
		p.fail("one operation")
	}
	return kind, fields, p.err
}

// parser walks the words of a document; its first error sticks.
type parser struct {
	words []string
	err   error
}

func (p *parser) peek() string {
	if len(p.words) == 0 || p.err != nil {
		return ""
	}
	return p.words[0]
}

func (p *parser) next() string {
	word := p.peek()
	if word != "" {
		p.words = p.words[1:]
	}
	return word
}

func (p *parser) fail(wanted string) {
	if p.err == nil {
		p.err = fmt.Errorf("the document has %q where flytest wants %s", p.peek(), wanted)
	}
}

func (p *parser) expect(word string) {
	if p.next() != word {
		p.fail(word)
	}
}

func (p *parser) selection() []field {
	p.expect("{")
	var fields []field
	for p.err == nil && p.peek() != "}" {
		if p.peek() == "" {
			p.fail("}")
			return nil
		}
		f := field{name: p.next()}
		if f.name == "..." {
			p.expect("on")
			p.next() // the type is known by the fields
			fields = append(fields, p.selection()...)
			continue
		}
		f.alias = f.name
		if p.peek() == ":" {
			p.next()
			f.name = p.next()
		}
		if p.peek() == "(" {
			p.next()
			f.arguments = p.pairs(")")
		}
		if p.peek() == "{" {
			f.fields = p.selection()
		}
		fields = append(fields, f)
	}
	p.expect("}")
	return fields
}

// pairs reads name: value up to the closing word.
func (p *parser) pairs(closing string) map[string]any {
	values := make(map[string]any)
	for p.err == nil && p.peek() != closing {
		name := p.next()
		p.expect(":")
		switch word := p.next(); {
		case word == "":
			p.fail("a value")
		case word == "{":
			values[name] = p.pairs("}")
		case word[0] == '$':
			values[name] = variable(word[1:])
		default:
			values[name] = strings.Trim(word, `"`)
		}
	}
	p.expect(closing)
	return values
}

// argument returns the value of an argument with its variables filled in.
func (f field) argument(name string, variables map[string]any) any {
	return fill(f.arguments[name], variables)
}

// text returns the value of an argument that is a string, or "".
func (f field) text(name string, variables map[string]any) string {
	s, _ := f.argument(name, variables).(string)
	return s
}

func fill(value any, variables map[string]any) any {
	switch v := value.(type) {
	case variable:
		return variables[string(v)]
	case map[string]any:
		filled := make(map[string]any, len(v))
		for key, inner := range v {
			filled[key] = fill(inner, variables)
		}
		return filled
	default:
		return v
	}
}

// project reduces an object to the selected fields. The error names a field
// that the object does not have, and so neither does this server's version of
// Fly's schema.
func project(value any, fields []field) (any, error) {
	switch v := value.(type) {
	case nil:
		return nil, nil
	case []map[string]any:
		list := make([]any, 0, len(v))
		for _, item := range v {
			projected, err := project(item, fields)
			if err != nil {
				return nil, err
			}
			list = append(list, projected)
		}
		return list, nil
	case map[string]any:
		if v == nil {
			return nil, nil
		}
		if len(fields) == 0 {
			return nil, errors.New("an object is selected without fields")
		}
		object := make(map[string]any, len(fields))
		for _, f := range fields {
			inner, ok := v[f.name]
			if !ok {
				return nil, fmt.Errorf("there is no field %q", f.name)
			}
			projected, err := project(inner, f.fields)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", f.name, err)
			}
			object[f.alias] = projected
		}
		return object, nil
	default:
		if len(fields) > 0 {
			return nil, errors.New("a value is selected with fields")
		}
		return v, nil
	}
}
