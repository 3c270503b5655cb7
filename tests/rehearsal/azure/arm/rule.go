package arm

import (
	"fmt"
	"slices"
	"strings"
)

// Provenance says how sure we are that Azure applies a rule.
type Provenance string

// The three grades, best first.
const (
	Observed   Provenance = "observed"   // the error is on record in an issue, a log or a forum
	Documented Provenance = "documented" // Azure's documentation states the limit
	Assumed    Provenance = "assumed"    // our reading; the first real deployment decides
)

// Rule is one condition Azure holds a request to.
type Rule struct {
	ID         string // family/what
	Code       string // Azure's error code
	Status     int    // HTTP status; 0 is 400
	Source     string // where the rule is written
	Provenance Provenance
	// Confirm says how a first real deployment shows whether an assumed rule holds.
	Confirm string
	// Check returns one message per breach; a message names the property and its value.
	Check func(c *Call) []string
}

func (r Rule) errors(c *Call) []error {
	var out []error
	status := r.Status
	if status == 0 {
		status = 400
	}
	for _, message := range r.Check(c) {
		out = append(out, &Error{status, r.Code, message})
	}
	return out
}

// confirmedBy adds how the rule can be confirmed.
func (r Rule) confirmedBy(how string) Rule {
	r.Confirm = how
	return r
}

// Rules returns every rule the types are held to, each once, sorted by ID.
func Rules() []Rule {
	byID := map[string]Rule{}
	for _, t := range types {
		for _, rule := range slices.Concat(t.rules(), t.DeleteRules) {
			byID[rule.ID] = rule
		}
	}
	out := make([]Rule, 0, len(byID))
	for _, rule := range byID {
		out = append(out, rule)
	}
	slices.SortFunc(out, func(a, b Rule) int { return strings.Compare(a.ID, b.ID) })
	return out
}

// rules are the general rules followed by the type's own.
func (t *Type) rules() []Rule {
	out := []Rule{subscriptionRule, groupRule, parentRule, locationRule, tagsRule, referenceRule, nameRule(t)}
	if t.Unique {
		out = append(out, uniqueRule(t))
	}
	if len(t.Immutable) > 0 {
		out = append(out, immutableRule(t))
	}
	if len(t.Required) > 0 {
		out = append(out, requiredRule(t))
	}
	if t.Remains != nil {
		out = append(out, remainsRule(t))
	}
	return append(out, t.Rules...)
}

// family is the rule ID's first part: the resource type's last segment in lower case, or the token's name.
func (t *Type) family() string {
	return strings.ToLower(t.Token[strings.LastIndex(t.Token, ":")+1:])
}

const namesPage = "learn: azure-resource-manager/management/resource-name-rules"

var subscriptionRule = Rule{
	ID: "arm/subscription-exists", Code: "SubscriptionNotFound", Status: 404, Provenance: Observed,
	Source: "ARM answers every path of a foreign subscription this way",
	Check: func(c *Call) []string {
		want := c.Store.Subscription
		parts := strings.Split(c.ID, "/")
		if want == "" || len(parts) < 3 || !strings.EqualFold(parts[1], "subscriptions") || strings.EqualFold(parts[2], want) {
			return nil
		}
		return []string{fmt.Sprintf("The subscription '%s' could not be found.", parts[2])}
	},
}

var groupRule = Rule{
	ID: "arm/resource-group-exists", Code: "ResourceGroupNotFound", Status: 404, Provenance: Observed,
	Source: "ARM common errors",
	Check: func(c *Call) []string {
		group := groupOf(c.ID)
		if group == "" || key(group) == key(c.ID) || c.Store.find(group) != nil {
			return nil
		}
		return []string{fmt.Sprintf("Resource group '%s' could not be found.", nameIn(group))}
	},
}

var parentRule = Rule{
	ID: "arm/parent-exists", Code: "ParentResourceNotFound", Status: 404, Provenance: Observed,
	Source: "learn: azure-resource-manager/troubleshooting/error-parent-resource",
	Check: func(c *Call) []string {
		parent := c.Store.parentID(c.ID)
		if parent == "" || c.Store.find(parent) != nil {
			return nil
		}
		return []string{fmt.Sprintf("Failed to perform 'write' on resource(s) of type '%s', because the parent resource '%s' could not be found.",
			c.Type.ARM, parent)}
	},
}

var locationRule = Rule{
	ID: "arm/location-known", Code: "LocationNotAvailableForResourceType", Provenance: Documented,
	Source: "ARM common errors; private DNS zones and links are global",
	Check: func(c *Call) []string {
		location, ok := c.Inputs["location"].(string)
		if !ok {
			return nil
		}
		if c.Type.Global {
			if normal(location) != "global" {
				return []string{fmt.Sprintf("location: '%s' is not available for resource type '%s'; the only one is 'global'", location, c.Type.ARM)}
			}
			return nil
		}
		if !knownRegion(location) {
			return []string{fmt.Sprintf("location: the provided location '%s' is not available for resource type '%s'", location, c.Type.ARM)}
		}
		return nil
	},
}

var tagsRule = Rule{
	ID: "arm/tags", Code: "InvalidTagNameCharacters", Provenance: Documented,
	Source: "learn: azure-resource-manager/management/tag-resources: 50 tags, names 512, values 256, no <>%&\\?/",
	Check: func(c *Call) []string {
		tags, ok := c.Inputs["tags"].(Object)
		if !ok {
			return nil
		}
		var out []string
		if len(tags) > 50 {
			out = append(out, fmt.Sprintf("tags: %d tags; a resource takes 50", len(tags)))
		}
		for _, name := range sortedKeys(tags) {
			value, _ := tags[name].(string)
			if len(name) > 512 || len(value) > 256 || strings.ContainsAny(name, `<>%&\?/`) {
				out = append(out, fmt.Sprintf("tags: '%s' breaks the limits (names 512 characters without <>%%&\\?/, values 256)", name))
			}
		}
		return out
	},
}

func nameRule(t *Type) Rule {
	return Rule{
		ID: t.family() + "/name", Code: "InvalidResourceName", Provenance: Documented, Source: namesPage,
		Check: func(c *Call) []string {
			if why := t.Name.check(c.Name); why != "" {
				return []string{t.NameParameter() + ": " + why}
			}
			return nil
		},
	}
}

func uniqueRule(t *Type) Rule {
	return Rule{
		ID: t.family() + "/name-unique-in-azure", Code: t.family() + "NameNotAvailable", Status: 409, Provenance: Documented, Source: namesPage,
		Check: func(c *Call) []string {
			for _, other := range c.Store.ofType(t.ARM) {
				if strings.EqualFold(other.Name, c.Name) && key(other.ID) != key(c.ID) {
					return []string{fmt.Sprintf("%s: the name '%s' is already taken; it is unique across Azure", t.NameParameter(), c.Name)}
				}
			}
			return nil
		},
	}
}

func immutableRule(t *Type) Rule {
	return Rule{
		ID: t.family() + "/immutable", Code: t.ImmutableCode, Status: 409, Provenance: Documented,
		Source: "the resource provider refuses changing " + strings.Join(t.Immutable, ", "),
		Check: func(c *Call) []string {
			if c.Old == nil {
				return nil
			}
			var out []string
			for _, path := range t.Immutable {
				if c.Old.changes(path, c.Inputs) {
					out = append(out, fmt.Sprintf("Changing property '%s' is not allowed.", path))
				}
			}
			return out
		},
	}
}

func requiredRule(t *Type) Rule {
	return Rule{
		ID: t.family() + "/required", Code: "InvalidRequestContent", Provenance: Documented,
		Source: "required in the REST API: " + strings.Join(t.Required, ", "),
		Check: func(c *Call) []string {
			var out []string
			for _, path := range t.Required {
				if value := get(c.Inputs, path); value == nil || value == "" || isEmptyList(value) {
					out = append(out, fmt.Sprintf("Required parameter '%s' is missing (null).", path))
				}
			}
			return out
		},
	}
}

func isEmptyList(value any) bool {
	l, ok := value.([]any)
	return ok && len(l) == 0
}

// referenceRule holds every resource ID in a request to an existing resource, if it is of a type we serve.
var referenceRule = Rule{
	ID: "arm/references-exist", Code: "InvalidResourceReference", Provenance: Observed, Source: "ARM common errors",
	Check: func(c *Call) []string {
		var out []string
		c.references(func(path, id string) {
			if c.Store.covering(id) == nil {
				out = append(out, fmt.Sprintf("%s: resource %s referenced by resource %s was not found. "+
					"Please make sure that the referenced resource exists, and that both resources are in the same region.", path, id, c.ID))
			}
		})
		return out
	},
}

// oneOf is a rule's message when a set value isn't in a list.
func oneOf(o Object, path string, allowed ...string) []string {
	value := text(o, path)
	if value == "" || slices.Contains(allowed, value) {
		return nil
	}
	return []string{fmt.Sprintf("%s: '%s' is not one of %s", path, value, strings.Join(allowed, ", "))}
}

// between is a rule's message when a set number leaves a range.
func between(o Object, path string, low, high float64) []string {
	n, ok := number(o, path)
	if !ok || (n >= low && n <= high) {
		return nil
	}
	return []string{fmt.Sprintf("%s: %v is outside %v to %v", path, n, low, high)}
}

// values is a rule for properties that take a fixed set of values: pairs of path and list.
func values(family string, provenance Provenance, source string, allowed map[string][]string) Rule {
	return Rule{
		ID: family + "/values", Code: "InvalidParameter", Provenance: provenance, Source: source,
		Check: func(c *Call) []string {
			var out []string
			for _, path := range sortedSet(allowed) {
				out = append(out, oneOf(c.Inputs, path, allowed[path]...)...)
			}
			return out
		},
	}
}

// ranges is a rule for properties that take numbers in a range.
func ranges(family, code string, provenance Provenance, source string, allowed map[string][2]float64) Rule {
	return Rule{
		ID: family + "/ranges", Code: code, Provenance: provenance, Source: source,
		Check: func(c *Call) []string {
			var out []string
			for _, path := range sortedSet(allowed) {
				out = append(out, between(c.Inputs, path, allowed[path][0], allowed[path][1])...)
			}
			return out
		},
	}
}

func sortedSet[V any](m map[string]V) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}
