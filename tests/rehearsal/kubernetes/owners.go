package kubernetes

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"
	"sigs.k8s.io/structured-merge-diff/v6/fieldpath"
)

// predecessors are the beginnings of the names of field managers whose fields an update takes over: the creation's, and all of
// kubectl's. So what kubectl edit, apply, patch, set or label changed is put right without a conflict, and what it added goes.
// Anybody else's change of a declared field is a conflict, unless the provider or the object is set to force patches; so is one
// by way of a subresource, as kubectl scale and autoscalers do it. Observed: pulumi-kubernetes 4.30,
// provider/pkg/await/await.go, and the library it leaves the comparison of names to, github.com/fluxcd/pkg/ssa, patch.go.
var predecessors = map[metav1.ManagedFieldsOperationType][]string{
	metav1.ManagedFieldsOperationApply:  {"kubectl"},
	metav1.ManagedFieldsOperationUpdate: {"kubectl", "before-first-apply", creationManager, "pulumi-resource-kubernetes"},
}

func predecessor(m metav1.ManagedFieldsEntry) bool {
	return m.Subresource == "" && slices.ContainsFunc(predecessors[m.Operation], func(name string) bool {
		return strings.HasPrefix(m.Manager, name)
	})
}

// createdByPost tells whether fields still belong to an object's creation.
func createdByPost(live *unstructured.Unstructured) bool {
	return slices.ContainsFunc(live.GetManagedFields(), func(m metav1.ManagedFieldsEntry) bool {
		return m.Manager == creationManager && m.Operation == metav1.ManagedFieldsOperationUpdate
	})
}

// takeOver moves the fields of predecessors to the object's own manager, and returns the live object. Without it, dropping a
// field from the program would leave it on the object: its creator would still own it.
func takeOver(ctx context.Context, client dynamic.ResourceInterface, name, manager string) (*unstructured.Unstructured, error) {
	live, err := client.Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return nil, err
	}
	entries, changed, err := inherit(live.GetManagedFields(), manager)
	if err != nil || !changed {
		return live, err
	}
	patch, err := json.Marshal([]object{{"op": "replace", "path": "/metadata/managedFields", "value": entries}})
	if err != nil {
		return nil, err
	}
	return client.Patch(ctx, name, types.JSONPatchType, patch, metav1.PatchOptions{})
}

// inherit merges the entries of predecessors into the manager's own.
func inherit(entries []metav1.ManagedFieldsEntry, manager string) (merged []metav1.ManagedFieldsEntry, changed bool, err error) {
	fields := fieldpath.NewSet()
	var heir *metav1.ManagedFieldsEntry
	for _, m := range entries {
		own := m.Manager == manager && m.Operation == metav1.ManagedFieldsOperationApply && m.Subresource == ""
		if !own && !predecessor(m) {
			merged = append(merged, m)
			continue
		}
		changed = changed || !own
		more, err := fieldsOf(m)
		if err != nil {
			return nil, false, err
		}
		fields = fields.Union(more)
		if heir == nil || own {
			heir = m.DeepCopy()
		}
	}
	if !changed {
		return entries, false, nil
	}
	raw, err := fields.ToJSON()
	if err != nil {
		return nil, false, err
	}
	heir.Manager, heir.Operation = manager, metav1.ManagedFieldsOperationApply
	heir.FieldsV1 = metav1.NewFieldsV1(string(raw))
	return append(merged, *heir), true, nil
}

func fieldsOf(m metav1.ManagedFieldsEntry) (*fieldpath.Set, error) {
	fields := fieldpath.NewSet()
	if m.FieldsV1 == nil {
		return fields, nil
	}
	if err := fields.FromJSON(m.FieldsV1.GetRawReader()); err != nil {
		return nil, fmt.Errorf("managed fields of %s: %w", m.Manager, err)
	}
	return fields, nil
}

// owners returns the fields of an object that are the manager's, and those that are others'.
func owners(live *unstructured.Unstructured, manager string) (ours, theirs *fieldpath.Set, err error) {
	ours, theirs = fieldpath.NewSet(), fieldpath.NewSet()
	for _, m := range live.GetManagedFields() {
		fields, err := fieldsOf(m)
		if err != nil {
			return nil, nil, err
		}
		if m.Manager == manager {
			ours = ours.Union(fields)
		} else {
			theirs = theirs.Union(fields)
		}
	}
	return ours, theirs, nil
}

// owns tells whether a set holds the path or anything below it.
func owns(fields *fieldpath.Set, keys []string) bool {
	found := false
	fields.Iterate(func(p fieldpath.Path) { found = found || startsWith(p, keys) })
	return found
}

func startsWith(p fieldpath.Path, keys []string) bool {
	if len(p) < len(keys) {
		return false
	}
	for i, key := range keys {
		if p[i].FieldName == nil || *p[i].FieldName != key {
			return false
		}
	}
	return true
}
