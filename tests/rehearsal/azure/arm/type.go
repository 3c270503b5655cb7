package arm

import (
	"fmt"
	"regexp"
	"strings"
)

// Type declares one resource type: how its ID is built, what may change, what Azure fills in, how long it takes and which
// rules it is held to.
type Type struct {
	Token      string // azure-native:network:Subnet
	ARM        string // Microsoft.Network/virtualNetworks/subnets
	APIVersion string // the version azure-native 3.16 calls by default
	Path       string // the ID with {inputs} in it; the last one is the name

	Name     Name     // the name's rule
	Unique   bool     // the name is unique across Azure
	Global   bool     // the location must be `global`
	Required []string // lists and objects Azure needs, which Go's types can't show

	// ForceNew are the properties whose change makes azure-native replace the resource, besides those of the path.
	ForceNew []string
	// Immutable are the properties whose change Azure refuses (azure-native sends it all the same), with ImmutableCode.
	Immutable     []string
	ImmutableCode string
	// WriteOnly are the properties Azure never returns.
	WriteOnly []string
	// SubResources are the lists whose items get an ID below the resource's.
	SubResources []string
	// Keep are the lists azure-native carries over from the live resource when the program doesn't set them.
	Keep []string
	// Defaults are what Azure fills in for what a request leaves out.
	Defaults Object
	// Singleton types exist as soon as their parent does: creating adopts, deleting resets.
	Singleton bool

	// Minutes are how long a request takes (planning figures, see durations): create, update, delete.
	Minutes Minutes
	// Occupies are resources a request has to itself, or shares, while it runs, besides its own.
	Occupies []Occupies
	// Propagation are the least and the most simulated minutes until a new resource is known everywhere; zero: it is at once.
	Propagation [2]float64
	// Remains says what a deleted resource leaves behind; nil: nothing.
	Remains *Remains

	// Compute adds what Azure works out to the properties of an accepted request.
	Compute func(c *Call, properties Object)
	// Settle runs once the request is through: resources that come and go with this one.
	Settle func(c *Call)
	// View adds what only a GET shows because it lives elsewhere, such as a cluster's pools.
	View func(s *Store, r *Resource, properties Object)

	// Rules are checked before a create or update; DeleteRules before a delete.
	Rules, DeleteRules []Rule
}

// Name is a naming rule.
type Name struct {
	Min, Max int
	Pattern  string // a regular expression for the whole name; empty: anything
	Text     string // the pattern in words
}

func (n Name) check(name string) string {
	if len(name) < n.Min || (n.Max > 0 && len(name) > n.Max) {
		return fmt.Sprintf("'%s' has %d characters; %d to %d are allowed", name, len(name), n.Min, n.Max)
	}
	if n.Pattern != "" && !regexp.MustCompile("^(?:"+n.Pattern+")$").MatchString(name) {
		return fmt.Sprintf("'%s' must be %s", name, n.Text)
	}
	return ""
}

// Minutes are simulated durations.
type Minutes struct{ Create, Update, Delete float64 }

// types by lower-case token; filled by the family files.
var types = map[string]*Type{}

// register adds types; the family files call it from their variable declarations.
func register(list ...*Type) bool {
	for _, t := range list {
		types[strings.ToLower(t.Token)] = t
	}
	return true
}

// Lookup returns the type of a Pulumi token, or nil.
func Lookup(token string) *Type { return types[strings.ToLower(token)] }

// Tokens returns the tokens of all types, sorted.
func Tokens() []string {
	set := map[string]bool{}
	for _, t := range types {
		set[t.Token] = true
	}
	return sortedSet(set)
}

// Parameters returns the inputs that make up the ID, in order.
func (t *Type) Parameters() []string {
	var out []string
	for _, p := range parameter.FindAllStringSubmatch(t.Path, -1) {
		if p[1] != "subscriptionId" {
			out = append(out, p[1])
		}
	}
	return out
}

// NameParameter returns the input that names the resource.
func (t *Type) NameParameter() string {
	all := t.Parameters()
	return all[len(all)-1]
}

// ID builds the resource ID a request goes to.
func (t *Type) ID(subscription string, inputs Object) (string, error) {
	return expand(t.Path, subscription, inputs)
}

// Match reads the path's inputs back from an ID; nil if the ID is of another type.
func (t *Type) Match(id string) map[string]string { return match(t.Path, id) }

// served says whether an ARM type is one of ours, so that a reference to it can be checked.
func served(armType string) bool {
	for _, t := range types {
		if strings.EqualFold(t.ARM, armType) {
			return true
		}
	}
	return false
}
