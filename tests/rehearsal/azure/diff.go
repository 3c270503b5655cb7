package azure

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"

	"apim-azure/tests/rehearsal/azure/arm"
	"apim-azure/tests/rehearsal/azure/schema"
)

// diff is azure-native's comparison of inputs: path parameters and create-only properties replace, deleting first unless
// the provider made the name up; everything else updates.
func diff(t *arm.Type, oldInputs, oldOutputs, newInputs resource.PropertyMap) plugin.DiffResult {
	changes := oldInputs.Diff(newInputs, func(key resource.PropertyKey) bool { return key == flagReplaceFirst })
	if changes == nil {
		return plugin.DiffResult{Changes: plugin.DiffNone}
	}
	d := differ{replaceKeys: append(t.Parameters(), t.ForceNew...), out: map[string]plugin.PropertyDiff{}}
	d.object(changes, "", "", false)
	result := plugin.DiffResult{Changes: plugin.DiffNone, DetailedDiff: d.out}
	for path, change := range d.out {
		key := resource.PropertyKey(path)
		if change.Kind == plugin.DiffAddReplace && oldOutputs[key].DeepEquals(newInputs[key]) {
			change.Kind = plugin.DiffAdd // now written down what Azure had chosen
			d.out[path] = change
		}
		top, _, _ := strings.Cut(strings.NewReplacer("[", ".").Replace(path), ".")
		result.Changes = plugin.DiffSome
		if !slices.Contains(result.ChangedKeys, resource.PropertyKey(top)) {
			result.ChangedKeys = append(result.ChangedKeys, resource.PropertyKey(top))
		}
		if change.Kind.IsReplace() && !slices.Contains(result.ReplaceKeys, resource.PropertyKey(top)) {
			result.ReplaceKeys = append(result.ReplaceKeys, resource.PropertyKey(top))
		}
	}
	slices.Sort(result.ChangedKeys)
	slices.Sort(result.ReplaceKeys)
	result.DeleteBeforeReplace = len(result.ReplaceKeys) > 0
	if flag, set := oldInputs[flagReplaceFirst]; set && flag.IsBool() {
		result.DeleteBeforeReplace = result.DeleteBeforeReplace && !flag.BoolValue()
	}
	return result
}

type differ struct {
	replaceKeys []string
	out         map[string]plugin.PropertyDiff
}

// object walks a difference. path is where the engine shows it; rule the same path without indices, as the keys are written.
func (d differ) object(changes *resource.ObjectDiff, path, rule string, replaces bool) {
	for key, value := range changes.Updates {
		d.value(value, join(path, key), join(rule, key), replaces || slices.Contains(d.replaceKeys, join(rule, key)))
	}
	for key := range changes.Adds {
		d.add(join(path, key), join(rule, key), replaces, plugin.DiffAdd)
	}
	for key := range changes.Deletes {
		d.add(join(path, key), join(rule, key), replaces, plugin.DiffDelete)
	}
}

func (d differ) value(change resource.ValueDiff, path, rule string, replaces bool) {
	switch {
	case change.Object != nil:
		d.object(change.Object, path, rule, replaces)
	case change.Array != nil:
		for i, item := range change.Array.Updates {
			d.value(item, fmt.Sprintf("%s[%d]", path, i), rule+"[]", replaces)
		}
		for i := range change.Array.Adds {
			d.add(fmt.Sprintf("%s[%d]", path, i), rule+"[]", replaces, plugin.DiffAdd)
		}
		for i := range change.Array.Deletes {
			d.add(fmt.Sprintf("%s[%d]", path, i), rule+"[]", replaces, plugin.DiffDelete)
		}
	case sameInAzure(rule, change.Old, change.New):
	default:
		d.add(path, rule, replaces, plugin.DiffUpdate)
	}
}

func (d differ) add(path, rule string, replaces bool, kind plugin.DiffKind) {
	if replaces || slices.Contains(d.replaceKeys, rule) {
		kind = kind.AsReplace()
	}
	d.out[path] = plugin.PropertyDiff{Kind: kind, InputDiff: true}
}

func join(base string, key resource.PropertyKey) string {
	if strings.ContainsAny(string(key), `."[]`) {
		return base + fmt.Sprintf("[%q]", string(key))
	}
	return strings.TrimPrefix(base+"."+string(key), ".")
}

// sameInAzure knows the values Azure doesn't tell apart: locations by case and spaces, resource groups and resource IDs by
// case.
func sameInAzure(rule string, old, new resource.PropertyValue) bool {
	if !old.IsString() || !new.IsString() {
		return false
	}
	a, b := old.StringValue(), new.StringValue()
	switch {
	case rule == "location":
		return strings.EqualFold(strings.ReplaceAll(a, " ", ""), strings.ReplaceAll(b, " ", ""))
	case rule == "resourceGroupName", strings.HasPrefix(a, "/subscriptions/"):
		return strings.EqualFold(a, b)
	}
	return false
}

// refreshed carries changes of the live resource into the old inputs. Azure fills in so much that outputs say little about
// inputs; a change between two readings does.
func refreshed(s *schema.Schema, t *arm.Type, shape schema.Resource, inputs, oldOutputs, newOutputs resource.PropertyMap) resource.PropertyMap {
	project := func(outputs resource.PropertyMap) resource.PropertyMap {
		values := s.Project(shape.Inputs, plain(outputs))
		for _, keep := range t.Keep {
			if !inputs.HasValue(resource.PropertyKey(keep)) {
				delete(values, keep) // managed by resources of their own
			}
		}
		return resource.NewPropertyMapFromMap(values)
	}
	return apply(inputs, project(oldOutputs).Diff(project(newOutputs)))
}

func apply(values resource.PropertyMap, changes *resource.ObjectDiff) resource.PropertyMap {
	if changes == nil {
		return values
	}
	out := resource.PropertyMap{}
	for key, value := range values {
		if !changes.Deleted(key) {
			out[key] = value
		}
	}
	for key, value := range changes.Adds {
		out[key] = value
	}
	for key, change := range changes.Updates {
		if value, given := values[key]; given {
			out[key] = applyValue(value, change.Old, change.New)
		} else {
			out[key] = change.New
		}
	}
	return out
}

func applyValue(value, old, new resource.PropertyValue) resource.PropertyValue {
	if value.IsObject() && old.IsObject() && new.IsObject() {
		return resource.NewObjectProperty(apply(value.ObjectValue(), old.ObjectValue().Diff(new.ObjectValue())))
	}
	if value.IsArray() && old.IsArray() && new.IsArray() {
		values, olds := value.ArrayValue(), old.ArrayValue()
		out := make([]resource.PropertyValue, len(new.ArrayValue()))
		for i, item := range new.ArrayValue() {
			if out[i] = item; i < len(values) && i < len(olds) {
				out[i] = applyValue(values[i], olds[i], item)
			}
		}
		return resource.NewArrayProperty(out)
	}
	return new
}
