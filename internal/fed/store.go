package fed

import (
	"bytes"
	"encoding/base64"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"
)

// configuration is all entities of a package, with its environmentalized fields in place.
type configuration struct {
	entities []*entity
	byPK     map[string]*entity
	// super is each entity type's parent type, encrypted the fields a type declares as encrypted.
	super     map[string]string
	encrypted map[string][]string
	// lockedStores are those whose secrets a passphrase encrypts.
	lockedStores map[string]bool
}

func newConfiguration() *configuration {
	return &configuration{
		byPK: map[string]*entity{}, super: map[string]string{}, encrypted: map[string][]string{}, lockedStores: map[string]bool{},
	}
}

// entity is one object of a store.
type entity struct {
	store, kind, pk, parent string
	fields                  map[string][]value
	// environmentalized says that a field's value came from the environment settings.
	environmentalized bool
}

// value is a text, or a reference to another entity: by its path, or by its key, which is then the text.
type value struct {
	text      string
	reference []step
}

// step is one entity on the path to another, by the fields that identify it among its siblings.
type step struct {
	kind string
	ids  map[string]string
}

// field is the text of a field's first value.
func (e *entity) field(name string) string {
	if values := e.fields[name]; len(values) > 0 {
		return values[0].text
	}
	return ""
}

func (e *entity) texts(name string) []string {
	var all []string
	for _, v := range e.fields[name] {
		all = append(all, v.text)
	}
	return all
}

// on tells whether a switch isn't off: stores write 1, 0, true and false, and leave out what has its default.
func (e *entity) on(name string) bool { return !slices.Contains([]string{"0", "false"}, e.field(name)) }

// String says where the entity is found.
func (e *entity) String() string {
	for _, name := range []string{"name", "dname", "uriprefix"} {
		if text := e.field(name); text != "" {
			return fmt.Sprintf("%s: %s %q", shorten(e.store), shorten(e.kind), shorten(text))
		}
	}
	return shorten(e.store) + ": " + shorten(e.kind)
}

// load reads every store of the archives. An archive without one is an error.
func load(archives []*archive) (*configuration, error) {
	c := newConfiguration()
	for _, a := range archives {
		before := len(c.entities)
		for _, name := range slices.Sorted(maps.Keys(a.files)) {
			if !strings.EqualFold(path.Ext(name), ".xml") {
				continue
			}
			if err := c.read(path.Base(name), a.files[name]); err != nil {
				return nil, fmt.Errorf("%s: entry %q: %w", a.path, name, err)
			}
		}
		if len(c.entities) == before {
			return nil, fmt.Errorf("%s: holds no entity store, so it is no package of a gateway's configuration", a.path)
		}
	}
	c.environmentalize()
	return c, nil
}

// maxDepth is how deep a store's elements may nest; the deepest observed is 9.
const maxDepth = 200

// reader reads one store, element by element.
type reader struct {
	c     *configuration
	store string
	depth int

	entity *entity
	field  string
	value  *value
	text   strings.Builder
	kind   string // the entity type being defined
}

// read takes a store's types and entities. Other XML files have none, and add nothing.
func (c *configuration) read(store string, content []byte) error {
	r := &reader{c: c, store: store}
	decoder := xml.NewDecoder(bytes.NewReader(content))
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		switch t := token.(type) {
		case xml.StartElement:
			if r.depth++; r.depth > maxDepth {
				return fmt.Errorf("elements nest deeper than %d", maxDepth)
			}
			r.start(t)
		case xml.CharData:
			if r.value != nil {
				r.text.Write(t)
			}
		case xml.EndElement:
			r.depth--
			r.end(t.Name.Local)
		}
	}
}

func (r *reader) start(t xml.StartElement) {
	switch t.Name.Local {
	case "entityType":
		r.kind = attribute(t, "name")
		r.c.super[r.kind] = attribute(t, "extends")
	case "field":
		if r.kind != "" && attribute(t, "type") == "encrypted" {
			r.c.encrypted[r.kind] = append(r.c.encrypted[r.kind], attribute(t, "name"))
		}
	case "entity":
		r.field, r.value = "", nil // entities don't nest; if one does, the inner one is read
		r.entity = &entity{
			store: r.store, kind: attribute(t, "type"), pk: attribute(t, "entityPK"), parent: attribute(t, "parentPK"),
			fields: map[string][]value{},
		}
		r.c.entities = append(r.c.entities, r.entity)
		r.c.byPK[r.entity.pk] = r.entity
	case "fval":
		r.field = attribute(t, "name")
	case "value":
		if r.entity != nil && r.field != "" {
			r.value = &value{}
			r.text.Reset()
		}
	case "key":
		if r.value != nil {
			r.value.reference = append(r.value.reference, step{attribute(t, "type"), map[string]string{}})
		}
	case "id":
		if r.value != nil && len(r.value.reference) > 0 {
			r.value.reference[len(r.value.reference)-1].ids[attribute(t, "field")] = attribute(t, "value")
		}
	}
}

func (r *reader) end(name string) {
	switch name {
	case "entityType":
		r.kind = ""
	case "entity":
		if r.entity == nil {
			return
		}
		if test := r.entity.field("passphraseTest"); test != "" && decoded(test) != passphraseText {
			r.c.lockedStores[r.store] = true
		}
		r.entity = nil
	case "fval":
		r.field = ""
	case "value":
		if r.value != nil {
			r.value.text = strings.TrimSpace(r.text.String())
			r.entity.fields[r.field] = append(r.entity.fields[r.field], *r.value)
			r.value = nil
		}
	}
}

func attribute(t xml.StartElement, name string) string {
	for _, a := range t.Attr {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}

// is tells whether an entity is of a type or of one derived from it.
func (c *configuration) is(e *entity, kind string) bool {
	for at, hops := e.kind, 0; at != "" && hops < maxDepth; at, hops = c.super[at], hops+1 {
		if at == kind {
			return true
		}
	}
	return false
}

func (c *configuration) all(kind string) []*entity {
	var found []*entity
	for _, e := range c.entities {
		if c.is(e, kind) {
			found = append(found, e)
		}
	}
	return found
}

// resolve finds the entity a value refers to, or nil.
func (c *configuration) resolve(v value) *entity {
	if len(v.reference) == 0 {
		return c.byPK[v.text]
	}
	i := slices.IndexFunc(c.entities, func(e *entity) bool { return c.reachedBy(e, v.reference) })
	if i < 0 {
		return nil
	}
	return c.entities[i]
}

// reachedBy compares the last step with the entity, and the steps before it with its parents.
func (c *configuration) reachedBy(e *entity, steps []step) bool {
	for i := len(steps) - 1; i >= 0; i-- {
		if e == nil || e.kind != steps[i].kind {
			return false
		}
		for field, want := range steps[i].ids {
			if e.field(field) != want {
				return false
			}
		}
		e = c.byPK[e.parent]
	}
	return true
}

// environmentalize puts the values set for an environment where policies left them open.
func (c *configuration) environmentalize() {
	for _, f := range c.entities {
		if !c.is(f, "EnvironmentalizedField") && !strings.HasPrefix(f.kind, "EnvironmentalizedField") {
			continue
		}
		owner := c.byPK[f.parent]
		if owner == nil || owner.kind != "EnvironmentalizedEntity" || len(owner.fields["entityPk"]) == 0 {
			continue
		}
		target := c.resolve(owner.fields["entityPk"][0])
		name := f.field("entityFieldName")
		if target == nil || name == "" || len(f.fields["value"]) == 0 {
			continue
		}
		index, _ := strconv.Atoi(f.field("index"))
		if index < 0 || index > len(target.fields[name]) {
			continue
		}
		target.environmentalized = true
		target.fields[name] = slices.Concat(target.fields[name][:index], f.fields["value"][:1], tail(target.fields[name], index+1))
	}
}

func tail(values []value, from int) []value {
	if from >= len(values) {
		return nil
	}
	return values[from:]
}

// passphraseText is what passphraseTest decodes to in a store without a passphrase. The semicolon is the product's.
const passphraseText = "http;//www.vordel.com"

// locked tells whether a passphrase encrypts the secrets of the entity's store.
func (c *configuration) locked(e *entity) bool { return c.lockedStores[e.store] }

// secret tells whether a field of the entity is one the type declares as encrypted.
func (c *configuration) secret(e *entity, field string) bool {
	for at, hops := e.kind, 0; at != "" && hops < maxDepth; at, hops = c.super[at], hops+1 {
		if slices.Contains(c.encrypted[at], field) {
			return true
		}
	}
	return false
}

// decoded undoes the base64 of a secret without a passphrase; text that is none comes back as it is.
func decoded(text string) string {
	compact := strings.Join(strings.Fields(text), "")
	raw, err := base64.StdEncoding.DecodeString(compact)
	if err != nil {
		if raw, err = base64.RawStdEncoding.DecodeString(compact); err != nil {
			return text
		}
	}
	return string(raw)
}
