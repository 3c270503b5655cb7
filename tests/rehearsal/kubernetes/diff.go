package kubernetes

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Diff compares new inputs with the live object of the state, cut down to the old inputs: so a refresh that found drift shows,
// and what the server filled in doesn't.
func (p *provider) Diff(ctx context.Context, req plugin.DiffRequest) (plugin.DiffResponse, error) {
	if req.Type == releaseType {
		return diffRelease(req)
	}
	oldInputs, live := parseCheckpoint(req.OldOutputs)
	if text(live, "metadata", "name") == "" {
		return plugin.DiffResponse{}, fmt.Errorf("%s: its state holds no live object", req.URN)
	}
	inputs := normalise(fromProperties(req.NewInputs))
	old := prune(live, normalise(oldInputs))
	for _, key := range serverMetadata {
		if metadata, ok := old["metadata"].(object); ok {
			delete(metadata, key)
		}
	}
	// A live object without namespace is of a kind that has none; elsewhere, none means the default one.
	if namespace := text(live, "metadata", "namespace"); namespace == "" {
		if metadata, ok := inputs["metadata"].(object); ok {
			delete(metadata, "namespace")
		}
	} else {
		set(old, namespace, "metadata", "namespace")
		if field(inputs, "metadata", "namespace") == nil {
			set(inputs, "default", "metadata", "namespace")
		}
	}
	// A name given by the program must meet the one the server has, even where that was made up earlier.
	if field(inputs, "metadata", "name") != nil {
		set(old, text(live, "metadata", "name"), "metadata", "name")
	}
	result, err := compare(old, inputs, req.IgnoreChanges, p.settings.immutable(inputs), deleteFirst(live, inputs))
	if err == nil && p.unready(ctx, live, inputs) {
		result.Changes = plugin.DiffSome
		result.ReplaceKeys = append(result.ReplaceKeys, annotationReplaceUnready)
		result.DeleteBeforeReplace = deleteFirst(live, inputs)
	}
	return result, err
}

// annotationReplaceUnready lets a Job that is not complete be replaced. Without it a Job that failed fails every further
// update, since nothing about it changes.
const annotationReplaceUnready = "pulumi.com/replaceUnready"

func (p *provider) unready(ctx context.Context, live, inputs object) bool {
	if text(inputs, "kind") != "Job" || text(inputs, "metadata", "annotations", annotationReplaceUnready) != "true" {
		return false
	}
	conn, err := p.connect(ctx)
	if err != nil {
		return false
	}
	client, err := conn.client(live)
	if err != nil {
		return false
	}
	now, err := client.Get(ctx, text(live, "metadata", "name"), metav1.GetOptions{})
	return err == nil && !checkJob(scene{object: now.Object}).ready
}

// deleteFirst tells whether a replacement would have the old object's name, so that the two can't exist side by side.
func deleteFirst(live, inputs object) bool {
	return !autonamed(inputs) &&
		field(inputs, "metadata", "name") == field(live, "metadata", "name") &&
		field(inputs, "metadata", "namespace") == field(live, "metadata", "namespace")
}

// compare makes the engine's diff of two objects. A change at, below or above an immutable path replaces.
func compare(old, inputs object, ignored []string, immutable [][]string, deleteBefore bool) (plugin.DiffResponse, error) {
	changes := map[string]change{}
	compareMaps(nil, old, inputs, changes)
	paths := make([]resource.PropertyPath, 0, len(ignored))
	for _, text := range ignored {
		path, err := resource.ParsePropertyPath(text)
		if err != nil {
			return plugin.DiffResponse{}, fmt.Errorf("ignoreChanges %q: %w", text, err)
		}
		paths = append(paths, path)
	}
	result := plugin.DiffResponse{Changes: plugin.DiffNone, DetailedDiff: map[string]plugin.PropertyDiff{}}
	for text, c := range changes {
		if slices.ContainsFunc(paths, func(p resource.PropertyPath) bool { return p.Contains(c.path) }) {
			continue
		}
		diff := plugin.PropertyDiff{Kind: c.kind, InputDiff: c.kind == plugin.DiffDelete}
		if slices.ContainsFunc(immutable, c.touches) {
			diff = diff.ToReplace()
			result.ReplaceKeys = append(result.ReplaceKeys, resource.PropertyKey(text))
		}
		result.Changes = plugin.DiffSome
		result.ChangedKeys = append(result.ChangedKeys, resource.PropertyKey(text))
		result.DetailedDiff[text] = diff
	}
	slices.Sort(result.ChangedKeys)
	slices.Sort(result.ReplaceKeys)
	result.DeleteBeforeReplace = deleteBefore && len(result.ReplaceKeys) > 0
	return result, nil
}

// change is one difference between two objects.
type change struct {
	path resource.PropertyPath
	kind plugin.DiffKind
}

// touches tells whether a change lies at, below or above a path of map keys.
func (c change) touches(path []string) bool {
	for i, key := range path {
		if i == len(c.path) {
			return true
		}
		if c.path[i] != key {
			return false
		}
	}
	return true
}

func compareMaps(path resource.PropertyPath, old, new object, changes map[string]change) {
	for k, v := range new {
		before, had := old[k]
		compareValues(at(path, k), before, v, had, true, changes)
	}
	for k, before := range old {
		if _, has := new[k]; !has {
			compareValues(at(path, k), before, nil, true, false, changes)
		}
	}
}

func compareValues(path resource.PropertyPath, old, new any, had, has bool, changes map[string]change) {
	record := func(kind plugin.DiffKind) { changes[pathText(path)] = change{path, kind} }
	switch {
	case old == nil && new == nil:
	case !has || new == nil:
		record(plugin.DiffDelete)
	case !had || old == nil:
		record(plugin.DiffAdd)
	default:
		oldMap, isMap := old.(object)
		if newMap, both := new.(object); isMap && both {
			compareMaps(path, oldMap, newMap, changes)
			return
		}
		oldList, isList := old.([]any)
		if newList, both := new.([]any); isList && both {
			for i := range max(len(oldList), len(newList)) {
				compareValues(at(path, i), item(oldList, i), item(newList, i), i < len(oldList), i < len(newList), changes)
			}
			return
		}
		if _, unknown := new.(resource.Computed); unknown || !equal(old, new) {
			record(plugin.DiffUpdate)
		}
	}
}

func item(list []any, i int) any {
	if i < len(list) {
		return list[i]
	}
	return nil
}

// at extends a path without sharing its memory with its siblings.
func at(path resource.PropertyPath, key any) resource.PropertyPath {
	return append(slices.Clone(path), key)
}

// pathText writes a path as the engine reads it: spec.ports[0].name, metadata.annotations["a.b/c"].
func pathText(path resource.PropertyPath) string {
	var b strings.Builder
	for _, key := range path {
		switch key := key.(type) {
		case int:
			fmt.Fprintf(&b, "[%d]", key)
		case string:
			switch {
			case strings.ContainsAny(key, `."[]`):
				fmt.Fprintf(&b, "[%s]", strconv.Quote(key))
			case b.Len() > 0:
				b.WriteString("." + key)
			default:
				b.WriteString(key)
			}
		}
	}
	return b.String()
}
