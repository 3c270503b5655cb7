package faults_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"apim-azure/tests/rehearsal"
	"apim-azure/tests/rehearsal/azure/arm"
)

// TestDriftIsSeenAndPutRight changes what the program declared, behind its back: every value of every input of every resource, in
// Azure and in the cluster. A refresh names exactly what was changed, and an update brings the live values back. Three kinds of
// property are held to something else: those the program leaves to another owner, those Azure never shows, and those that can't be
// changed on a resource that is there.
func TestDriftIsSeenAndPutRight(t *testing.T) {
	t.Parallel()
	r := &report{campaign: t.Name()}
	defer r.print(t)
	w := openUp(t, rehearsal.Options{Config: workloads})
	all := w.leaves() // before a refresh adds to the inputs what Azure shows besides
	w.must(w.refresh())
	t.Log(all.summary())
	for _, l := range all[unaccounted] {
		t.Errorf("%s: the live resource doesn't show it and no rule says why", l)
	}
	chance := chances(t)

	rounds := deal(all[declaredHere], sample(1, 12), chance)
	for i, round := range rounds {
		r.trial(t, fmt.Sprintf("declared %d", i+1), func(t *testing.T, rec *record) { w.in(t).driftRound(rec, round) })
	}
	for i, round := range deal(all[othersOwn], 1, chance) {
		r.trial(t, fmt.Sprintf("another owner's %d", i+1), func(t *testing.T, rec *record) { w.in(t).ownedRound(rec, round) })
	}
	for _, leaf := range fixedOnes(all[fixed], sample(1, len(all[fixed])), chance) {
		name := fmt.Sprintf("fixed %s %s", leaf.resource.name(), leaf.path)
		r.trial(t, name, func(t *testing.T, rec *record) { w.in(t).fixedLeaf(rec, leaf) })
	}
	objects := w.objectLeaves()
	t.Logf("%d values of Kubernetes objects are declared", len(objects))
	for i, round := range deal(objects, sample(1, 12), chance) {
		r.trial(t, fmt.Sprintf("objects %d", i+1), func(t *testing.T, rec *record) { w.in(t).objectRound(rec, round) })
	}
	r.trial(t, "deleted objects", func(t *testing.T, rec *record) { w.in(t).deleteObjects(rec) })
}

// fate is what must become of a change of a property.
type fate int

const (
	declaredHere fate = iota // seen, and put right
	othersOwn                // seen, and left alone: ignoreChanges names the property
	hidden                   // not seen: Azure never returns it
	fixed                    // seen, and reported: a replacement, refused where the resource is protected, or refused by Azure
	unaccounted              // the live resource doesn't show it and no rule says why
)

func (f fate) String() string {
	return [...]string{"declared", "left to another owner", "never shown by Azure", "fixed on a live resource", "unaccounted for"}[f]
}

// how a leaf is changed.
type how string

const (
	changed how = "changed"
	removed how = "removed" // the last item of a list, or a tag
	added   how = "added"   // one more item of a list, or a tag
)

// leaf is one value of one resource's inputs, or an item of a list or map, and how it is changed.
type leaf struct {
	resource resource
	path     path
	how      how
}

func (l leaf) String() string {
	return fmt.Sprintf("%s.%s %s", l.resource.name(), l.path, l.how)
}

// meets tells whether two leaves of a resource can't be changed in the same round: one holds the other, or both change how long
// the same list is.
func (l leaf) meets(other leaf) bool {
	a, b := l.path.String(), other.path.String()
	return covers(a, b) || covers(b, a) || l.how != changed && other.how != changed && l.path[:len(l.path)-1].String() == other.path[:len(other.path)-1].String()
}

type byFate map[fate][]leaf

// leaves sorts the inputs of everything in the subscription. What makes up an ID is no property.
func (w *world) leaves() byFate {
	w.t.Helper()
	live := w.properties()
	out := byFate{}
	for _, r := range w.state().of("azure-native") {
		kind := arm.Lookup(r.Type)
		for _, l := range changesOf(r) {
			top, _ := l.path[0].(string)
			if top == "azureApiVersion" || strings.HasPrefix(top, "__") || slices.Contains(kind.Parameters(), top) || anyIn(l.path.rule(), names) {
				continue
			}
			if top == "agentPoolProfiles" && len(l.path) < 3 {
				continue // a pool that comes or goes is a resource that does
			}
			id, at := l.place()
			f := l.fate(kind, l.shown(live[id], at))
			out[f] = append(out[f], l)
		}
	}
	return out
}

// names are properties that make up the ID of what Azure keeps as a resource of its own.
var names = []string{"agentPoolProfiles.name"}

// changesOf are the changes to make of a resource: every value another one, every list of objects or texts and every set of tags one
// item shorter and one longer.
func changesOf(r resource) []leaf {
	var out []leaf
	walk(r.Inputs, nil, func(p path, value any) {
		switch v := value.(type) {
		case []any:
			out = append(out, leaf{r, p.down(len(v) - 1), removed}, leaf{r, p.down(len(v)), added})
		case map[string]any:
			if p[len(p)-1] == "tags" {
				out = append(out, leaf{r, p.down("stack"), removed}, leaf{r, p.down("someone"), added})
			}
		default:
			out = append(out, leaf{r, p, changed})
		}
	})
	return out
}

func (l leaf) fate(kind *arm.Type, shown bool) fate {
	rule := l.path.rule()
	switch {
	case anyIn(rule, kind.WriteOnly), anyIn(rule, dropped[kind.Token]):
		return hidden
	case !shown:
		return unaccounted
	case anyIn(rule, l.resource.IgnoreChanges):
		return othersOwn
	case anyIn(rule, kind.ForceNew), anyIn(rule, kind.Immutable), anyIn(rule, fixedByRule[kind.Token]):
		return fixed
	}
	return declaredHere
}

// place is where the leaf is kept: Azure keeps the pools a cluster declares inline as resources of their own.
func (l leaf) place() (id string, at path) {
	if l.path[0] == "agentPoolProfiles" {
		name, _ := get(l.resource.Inputs, append(slices.Clone(l.path[:2]), "name"))
		return fmt.Sprintf("%s/agentPools/%v", l.resource.ID, name), l.path[2:]
	}
	return l.resource.ID, l.path
}

// shown tells whether live properties show the leaf, or what it is added to.
func (l leaf) shown(live map[string]any, at path) bool {
	holder, _ := get(live, at[:len(at)-1])
	if ids, id, ok := l.keyed(holder); ok {
		_, there := ids[id]
		return there
	}
	if l.how == added {
		return holder != nil
	}
	_, there := get(live, at)
	return there
}

// keyed tells of a list of IDs, such as identities, that Azure shows as an object by ID. For an item that is added the ID is the last
// one's.
func (l leaf) keyed(holder any) (ids map[string]any, id string, ok bool) {
	position, inList := l.path[len(l.path)-1].(int)
	ids, isObject := holder.(map[string]any)
	if !inList || !isObject {
		return nil, "", false
	}
	if l.how == added {
		position--
	}
	value, _ := get(l.resource.Inputs, l.path[:len(l.path)-1].down(position))
	id, ok = value.(string)
	return ids, id, ok
}

// drift makes the change in live properties.
func (l leaf) drift(live map[string]any, at path) {
	holder, last := at[:len(at)-1], at[len(at)-1]
	items, _ := get(live, holder)
	if ids, id, ok := l.keyed(items); ok {
		if l.how != removed {
			ids[id+"other"] = ids[id]
		}
		if l.how != added {
			delete(ids, id)
		}
		return
	}
	switch items := items.(type) {
	case []any:
		switch l.how {
		case removed:
			put(live, holder, items[:len(items)-1])
		case added:
			put(live, holder, append(slices.Clone(items), oneMore(items)))
		default:
			items[last.(int)] = another(items[last.(int)])
		}
	case map[string]any:
		switch key := last.(string); l.how {
		case removed:
			delete(items, key)
		case added:
			items[key] = "else"
		default:
			items[key] = another(items[key])
			for _, goes := range goesWith[l.path.rule()] {
				delete(items, goes)
			}
		}
	}
}

// goesWith are values that Azure drops when another one of the same object changes.
var goesWith = map[string][]string{"enableAutoScaling": {"minCount", "maxCount"}}

// oneMore is another item for a list.
func oneMore(items []any) any {
	switch last := items[len(items)-1].(type) {
	case map[string]any:
		item := copied(last)
		for key, value := range item {
			if key == "name" || key == "id" {
				item[key] = another(value)
			}
		}
		return item
	default:
		return another(last)
	}
}

// dropped are inputs the program's SDK sends by itself and Azure takes no notice of.
var dropped = map[string][]string{
	"azure-native:containerservice:ManagedCluster": {"networkProfile.podCidr"}, // means nothing where pods have the nodes' subnet
}

// fixedByRule are properties that a rule of their own, besides the lists of the type, keeps from changing.
var fixedByRule = map[string][]string{
	"azure-native:network:Subnet":    {"defaultOutboundAccess", "addressPrefix"}, // the range of a subnet in use
	"azure-native:dbformysql:Server": {"highAvailability.mode"},                  // zone redundancy is chosen at creation
}

// summary counts the leaves and lists those that are not simply put right.
func (f byFate) summary() string {
	var b strings.Builder
	for _, at := range []fate{declaredHere, othersOwn, hidden, fixed, unaccounted} {
		fmt.Fprintf(&b, "%d values are %s\n", len(f[at]), at)
		if at == declaredHere {
			continue
		}
		kinds := map[string]int{}
		for _, l := range f[at] {
			kinds[l.resource.Type+" "+l.path.rule()]++
		}
		for _, kind := range slices.Sorted(maps.Keys(kinds)) {
			fmt.Fprintf(&b, "    %s (%d)\n", kind, kinds[kind])
		}
	}
	return b.String()
}

// deal shuffles leaves and deals them into rounds, so that each resource has about as many in each. A round has no two leaves of
// which one holds the other.
func deal(all []leaf, rounds int, chance *rand.Rand) [][]leaf {
	byResource := map[string][]leaf{}
	for _, l := range all {
		byResource[l.resource.URN] = append(byResource[l.resource.URN], l)
	}
	out := make([][]leaf, rounds)
	for _, urn := range slices.Sorted(maps.Keys(byResource)) {
		own := byResource[urn]
		chance.Shuffle(len(own), func(i, j int) { own[i], own[j] = own[j], own[i] })
		if rounds == 1 && !*full {
			own = own[:1] // the sample changes each resource once
		}
		for i, l := range own {
			at := i % rounds
			for n := 0; n < len(out) && meetsAny(l, out[at]); n++ {
				at = (at + 1) % len(out)
			}
			if meetsAny(l, out[at]) {
				out = append(out, nil)
				at = len(out) - 1
			}
			out[at] = append(out[at], l)
		}
	}
	return out
}

func meetsAny(l leaf, round []leaf) bool {
	return slices.ContainsFunc(round, func(other leaf) bool { return other.resource.URN == l.resource.URN && l.meets(other) })
}

// fixedOnes picks a number of leaves, each of another type or property: what becomes of a change depends on nothing else.
func fixedOnes(all []leaf, most int, chance *rand.Rand) []leaf {
	chance.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	seen := map[string]bool{}
	var out []leaf
	for _, l := range all {
		if key := l.resource.Type + l.path.rule(); !seen[key] && len(out) < most {
			seen[key] = true
			out = append(out, l)
		}
	}
	return out
}

// driftRound changes leaves, refreshes, updates, and compares.
func (w *world) driftRound(rec *record, round []leaf) {
	w.t.Helper()
	before := w.properties()
	w.drift(round)
	rec.moment = fmt.Sprintf("%d values of %d resources", len(round), len(touched(round)))
	rec.problem(w.seen(round)...)
	rec.step("refreshed")
	a := w.up()
	if !a.ok() {
		rec.problem("the update failed: " + a.errors())
		w.putBack(round, before)
		return
	}
	rec.step("updated %d", len(a.steps()))
	rec.problem(differences(before, w.properties())...)
}

// ownedRound changes what others own: an update leaves it as it is. An owner that is at work all the time, the ingress controller on
// the gateway, may have put it right meanwhile, before or after the refresh.
func (w *world) ownedRound(rec *record, round []leaf) {
	w.t.Helper()
	before := w.properties()
	w.drift(round)
	changed := w.properties()
	rec.moment = fmt.Sprintf("%d values of %d resources", len(round), len(touched(round)))
	rec.problem(w.seen(slices.DeleteFunc(slices.Clone(round), leaf.controlled))...)
	rec.step("refreshed")
	if a := w.up(); !a.ok() {
		rec.problem("the update failed: " + a.errors())
	} else if steps := a.steps(); len(steps) > 0 {
		rec.problem(fmt.Sprintf("the update touches %s, which was changed by its owner", steps[0].name()))
	}
	rec.step("left alone")
	rec.problem(differences(uncontrolled(changed, round), uncontrolled(w.properties(), round))...)
	w.putBack(round, before)
}

// controlled tells whether a controller keeps the leaf as it wants it.
func (l leaf) controlled() bool {
	return l.resource.Type == "azure-native:network:ApplicationGateway" && anyIn(l.path.rule(), l.resource.IgnoreChanges)
}

// uncontrolled are live properties without those a controller keeps.
func uncontrolled(live map[string]map[string]any, round []leaf) map[string]map[string]any {
	out := maps.Clone(live)
	for _, l := range round {
		if l.controlled() {
			out[l.resource.ID] = maps.Clone(out[l.resource.ID])
			maps.DeleteFunc(out[l.resource.ID], func(key string, _ any) bool { return anyIn(key, l.resource.IgnoreChanges) })
		}
	}
	return out
}

// fixedLeaf changes what can't be changed back on a live resource. The preview must announce a replacement or refuse one, or the
// update must end with Azure's refusal; nothing may be replaced without a word.
func (w *world) fixedLeaf(rec *record, l leaf) {
	w.t.Helper()
	before := w.properties()
	w.drift([]leaf{l})
	urn := l.resource.URN
	a := w.pulumi("preview", "--refresh", "--json", "--target", urn)
	rec.path = []string{"previewed"}
	protected := !a.ok() && strings.Contains(a.said(), "protect")
	replaces := a.ok() && slices.ContainsFunc(a.planned(w.t), func(s step) bool { return s.URN == urn && strings.Contains(s.Op, "replace") })
	switch {
	case protected && l.resource.Protect:
		rec.step("the replacement is refused: it is protected")
	case replaces && !l.resource.Protect:
		rec.step("a replacement is announced")
	case a.ok() && !replaces:
		a = w.up("--refresh", "--target", urn)
		if a.ok() {
			rec.problem(fmt.Sprintf("%s: the update went through, live is %v", l, differences(before, w.properties())))
		} else {
			rec.step("Azure refuses: %s", firstLine(a.errors()))
		}
	default:
		rec.problem(fmt.Sprintf("%s: the preview says: %s", l, a.errors()))
	}
	w.putBack([]leaf{l}, before)
}

// firstLine is enough of a message for a table.
func firstLine(text string) string {
	line, _, _ := strings.Cut(text, "\n")
	return head(line, 160)
}

// seen refreshes: the resources that were changed, and no others, must be named, each with the very properties.
func (w *world) seen(round []leaf) []string {
	w.t.Helper()
	a := w.refresh()
	if !a.ok() {
		return []string{"the refresh failed: " + a.errors()}
	}
	found := map[string]map[string]any{}
	for _, s := range a.steps() {
		found[s.URN] = s.DetailedDiff
	}
	var out []string
	for _, l := range round {
		if !l.in(found[l.resource.URN]) {
			out = append(out, fmt.Sprintf("the refresh doesn't see that %s", l))
		}
	}
	return append(out, w.unexpected(found, round)...)
}

// in tells whether a diff shows the leaf, or something it is in or holds.
func (l leaf) in(diff map[string]any) bool {
	at := l.path
	if !l.inAzure() {
		at = l.objectPlace()
	}
	for shown := range diff {
		if covers(shown, at.String()) || covers(at.String(), shown) {
			return true
		}
	}
	return false
}

func (l leaf) inAzure() bool { return strings.HasPrefix(l.resource.Type, "azure-native:") }

// unexpected are changes that a refresh found and nobody made, but for those of properties the program leaves to others.
func (w *world) unexpected(found map[string]map[string]any, round []leaf) []string {
	w.t.Helper()
	var out []string
	changed := touched(round)
	ignored := map[string][]string{}
	for _, r := range w.state().Deployment.Resources {
		ignored[r.URN] = r.IgnoreChanges
	}
	for urn, diff := range found {
		for shown := range diff {
			if rule := position.ReplaceAllString(shown, "[]"); !changed[urn] && !anyIn(rule, ignored[urn]) {
				out = append(out, fmt.Sprintf("the refresh sees a change of %s.%s, which nobody changed", nameOf(urn), shown))
			}
		}
	}
	slices.Sort(out)
	return out
}

// covers tells whether a path the engine shows is a leaf's or leads to it.
func covers(shown, leaf string) bool {
	return shown == leaf || strings.HasPrefix(leaf, shown+".") || strings.HasPrefix(leaf, shown+"[")
}

func touched(round []leaf) map[string]bool {
	out := map[string]bool{}
	for _, l := range round {
		out[l.resource.URN] = true
	}
	return out
}

// properties are the live properties of everything, by ID.
func (w *world) properties() map[string]map[string]any {
	out := map[string]map[string]any{}
	for _, r := range w.Subscription().Resources() {
		out[r.ID] = r.Properties
	}
	return out
}

func (w *world) drift(round []leaf) {
	w.t.Helper()
	for _, l := range round {
		id, at := l.place()
		if err := w.Subscription().Modify(id, func(live map[string]any) { l.drift(live, at) }); err != nil {
			w.t.Fatal(err)
		}
	}
}

// putBack restores what was changed and lets the state know.
func (w *world) putBack(round []leaf, before map[string]map[string]any) {
	w.t.Helper()
	for _, l := range round {
		id, at := l.place()
		top := at[0].(string)
		if err := w.Subscription().Modify(id, func(live map[string]any) { live[top] = copied(before[id])[top] }); err != nil {
			w.t.Fatal(err)
		}
	}
	w.must(w.refresh())
}

func copied(properties map[string]any) map[string]any {
	text, _ := json.Marshal(properties) // they come from JSON
	var out map[string]any
	_ = json.Unmarshal(text, &out)
	return out
}

// others are properties that say nothing about the settings: the etag is another one after every request.
var others = []string{"etag", "name", "type"}

// differences lists where live properties differ.
func differences(before, after map[string]map[string]any) []string {
	var out []string
	for _, id := range slices.Sorted(maps.Keys(before)) {
		for _, key := range slices.Sorted(maps.Keys(before[id])) {
			if was, is := before[id][key], after[id][key]; !slices.Contains(others, key) && !reflect.DeepEqual(was, is) {
				out = append(out, fmt.Sprintf("%s of %s is %s, and was %s", key, id[strings.LastIndex(id, "/")+1:], brief(is), brief(was)))
			}
		}
		for _, key := range slices.Sorted(maps.Keys(after[id])) {
			if _, was := before[id][key]; !was {
				out = append(out, fmt.Sprintf("%s of %s is new: %s", key, id, brief(after[id][key])))
			}
		}
	}
	return out
}

func brief(v any) string {
	text, _ := json.Marshal(v)
	return tail(string(text), 300)
}
