// Command docgen writes docs/configuration.md from the comments and tags of the configuration's types.
//
// Usage: docgen FILE, run in the config package's folder (`go generate ./config`).
package main

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: docgen FILE")
		os.Exit(2)
	}
	page, err := render("types.go")
	if err == nil {
		err = os.WriteFile(os.Args[1], page, 0o644)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "docgen:", err)
		os.Exit(1)
	}
}

const opening = `# Configuration

<!-- Written by ` + "`go generate ./config`" + ` from config/types.go. Do not edit. -->

A stack is one file, ` + "`Pulumi.<stack>.yaml`" + `, and everything it says sits under ` + "`config:`" + `, one key per section below:

` + "```yaml" + `
config:
  apim:domain: example.com
  apim:azure:
    location: westeurope
` + "```" + `

Keys can be written in the file or set from the command line: ` + "`pulumi config set --path apim:azure.location westeurope`" + `.
Secrets are never written by hand, only set encrypted: ` + "`pulumi config set --secret --path apim:secrets.certificate < chain.pem`" + `.

Every key that is not required has a default, and the defaults are the reference architecture's figures: a file holds what
differs. Unknown keys, wrong types and combinations that can't work are refused before anything is created, all at once, each
with the key, the value, the rule and the way out.

The last column says whether a key is a *figure* of the reference architecture:

- **lower in development**: ` + "`environment: development`" + ` may go below the default, ` + "`production`" + ` may not;
- **floor**: no stack may go below the default;
- empty: a choice, within the limits its description gives.
`

// render writes the page for the types declared in a Go file, starting from Config.
func render(file string) ([]byte, error) {
	parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ParseComments)
	if err != nil {
		return nil, err
	}
	d := document{types: structs(parsed)}
	if err := d.section("", "", "Config"); err != nil {
		return nil, err
	}
	lowered := "\nDevelopment may lower `" + strings.Join(d.lowered, "`, `") + "`.\n"
	return slices.Concat([]byte(opening), []byte(lowered), d.out.Bytes()), nil
}

// structs are the struct types of a file by name.
func structs(file *ast.File) map[string]*ast.StructType {
	found := map[string]*ast.StructType{}
	ast.Inspect(file, func(n ast.Node) bool {
		if spec, ok := n.(*ast.TypeSpec); ok {
			if s, ok := spec.Type.(*ast.StructType); ok {
				found[spec.Name.Name] = s
			}
		}
		return true
	})
	return found
}

type document struct {
	types map[string]*ast.StructType
	out   bytes.Buffer
	// lowered are the keys development may lower, in the order of the page.
	lowered []string
}

// field is one key of a section.
type field struct {
	key, kind, description string
	tag                    reflect.StructTag
	// nested is the struct type of an object or of a list's elements; empty for plain values.
	nested string
}

// section writes the table of a struct's plain keys, then a section for each object in it.
func (d *document) section(path, description, name string) error {
	fields, err := d.fields(name)
	if err != nil {
		return err
	}
	title := "Top level"
	if path != "" {
		title = "`" + path + "`"
	}
	fmt.Fprintf(&d.out, "\n## %s\n\n", title)
	if description != "" {
		fmt.Fprintf(&d.out, "%s\n\n", description)
	}
	d.table(path, fields)
	for _, f := range fields {
		if f.nested != "" {
			if err := d.section(join(path, f.key)+suffix(f), f.description, f.nested); err != nil {
				return err
			}
		}
	}
	return nil
}

func (d *document) table(path string, fields []field) {
	d.out.WriteString("| key | type | default | description | figure |\n|---|---|---|---|---|\n")
	for _, f := range fields {
		if f.nested != "" {
			continue
		}
		if f.tag.Get("figure") == "lower" {
			d.lowered = append(d.lowered, join(path, f.key))
		}
		fmt.Fprintf(&d.out, "| `%s` | %s | %s | %s | %s |\n", join(path, f.key), f.kind, byDefault(f), f.description+limits(f), figure(f.tag))
	}
	for _, f := range fields {
		if f.nested != "" {
			fmt.Fprintf(&d.out, "| `%s` | %s | | see below | |\n", join(path, f.key), f.kind)
		}
	}
}

func (d *document) fields(name string) ([]field, error) {
	s, ok := d.types[name]
	if !ok {
		return nil, fmt.Errorf("type %s is not declared", name)
	}
	var all []field
	for _, f := range s.Fields.List {
		if f.Tag == nil {
			continue
		}
		literal, err := strconv.Unquote(f.Tag.Value)
		if err != nil {
			return nil, fmt.Errorf("%s.%s: tag: %w", name, f.Names[0].Name, err)
		}
		tag := reflect.StructTag(literal)
		key := tag.Get("key")
		if key == "" || key == "-" {
			continue
		}
		if f.Doc == nil {
			return nil, fmt.Errorf("%s.%s has no comment to describe it", name, f.Names[0].Name)
		}
		kind, nested := d.kind(f.Type)
		all = append(all, field{key, kind, describe(f.Names[0].Name, f.Doc.Text()), tag, nested})
	}
	return all, nil
}

func (d *document) kind(t ast.Expr) (kind, nested string) {
	switch t := t.(type) {
	case *ast.ArrayType:
		element, nested := d.kind(t.Elt)
		return "list of " + element + "s", nested
	case *ast.MapType:
		return "object of texts", ""
	case *ast.Ident:
		if _, ok := d.types[t.Name]; ok {
			return "object", t.Name
		}
		if plain, ok := map[string]string{"string": "text", "int": "number", "bool": "boolean"}[t.Name]; ok {
			return plain, ""
		}
		return t.Name, ""
	}
	return fmt.Sprintf("%T", t), ""
}

// describe turns a Go comment into a description: on one line, without the identifier it starts with.
func describe(identifier, comment string) string {
	text := strings.Join(strings.Fields(comment), " ")
	text = strings.TrimPrefix(text, identifier+" ")
	for _, verb := range []string{"is ", "are "} {
		text = strings.TrimPrefix(text, verb)
	}
	runes := []rune(strings.ReplaceAll(text, "|", `\|`))
	if len(runes) > 0 {
		runes[0] = unicode.ToUpper(runes[0])
	}
	return string(runes)
}

func byDefault(f field) string {
	if f.tag.Get("required") == "true" {
		return "**required**"
	}
	if value, ok := f.tag.Lookup("default"); ok {
		return "`" + value + "`"
	}
	return ""
}

func limits(f field) string {
	text := ""
	if allowed := f.tag.Get("enum"); allowed != "" {
		text += " One of `" + strings.ReplaceAll(allowed, ",", "`, `") + "`."
	}
	switch smallest, largest := f.tag.Get("min"), f.tag.Get("max"); {
	case smallest != "" && largest != "":
		text += " " + smallest + " to " + largest + "."
	case largest != "":
		text += " " + largest + " at most."
	}
	if f.tag.Get("secret") == "true" {
		text += " Secret."
	}
	return text
}

func figure(tag reflect.StructTag) string {
	switch tag.Get("figure") {
	case "lower":
		return "lower in development"
	case "fixed":
		return "floor"
	}
	return ""
}

// suffix marks the sections of a list's elements.
func suffix(f field) string {
	if strings.HasPrefix(f.kind, "list") {
		return "[]"
	}
	return ""
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}
