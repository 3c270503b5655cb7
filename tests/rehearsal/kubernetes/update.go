package kubernetes

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"
)

// Update changes the live object.
func (p *provider) Update(ctx context.Context, req plugin.UpdateRequest) (plugin.UpdateResponse, error) {
	ctx, done := p.operation(ctx)
	defer done()
	if req.Type == releaseType {
		return p.updateRelease(ctx, req)
	}
	inputs := normalise(fromProperties(req.NewInputs))
	asIs := plugin.UpdateResponse{Properties: req.NewInputs}
	conn, err := p.connect(ctx)
	if req.Preview && (isUnreachable(err) || hasUnknown(inputs)) {
		return asIs, nil
	}
	if err != nil {
		return plugin.UpdateResponse{}, err
	}
	client, err := conn.client(inputs)
	if req.Preview && meta.IsNoMatchError(err) {
		return asIs, nil
	}
	if err != nil {
		return plugin.UpdateResponse{}, fmt.Errorf("%s: %w%s", req.URN, err, advice(err))
	}
	manager, err := fieldManager(req.OldOutputs, inputs)
	if err != nil {
		return plugin.UpdateResponse{}, err
	}
	apiVersion := stateText(req.OldOutputs, keyAPIVersion)
	ctx = withTarget(ctx, "update", inputs)
	live, err := p.change(ctx, client, inputs, manager, req)
	if err != nil && req.Preview && apierrors.IsForbidden(err) {
		return asIs, nil
	}
	if err == nil && !req.Preview {
		_, before := parseCheckpoint(req.OldOutputs)
		live, err = p.await(ctx, conn, live, before, inputs, req.Timeout)
	}
	if err != nil {
		return p.failedUpdate(ctx, client, req, inputs, apiVersion, manager, err)
	}
	return plugin.UpdateResponse{Properties: checkpoint(inputs, live, req.NewInputs, apiVersion, manager)}, nil
}

// failedUpdate keeps the live object in the state, with the new inputs: the next run updates again, since the failure is
// recorded with it. Whether the write failed or the wait makes no difference. When the object can't be read either, as after a
// cancellation, the state stays as it was.
func (p *provider) failedUpdate(ctx context.Context, client dynamic.ResourceInterface, req plugin.UpdateRequest, inputs object,
	apiVersion, manager string, reason error,
) (plugin.UpdateResponse, error) {
	if req.Preview || meta.IsNoMatchError(reason) {
		return plugin.UpdateResponse{}, fmt.Errorf("update of resource %q failed: %w%s", req.URN, reason, advice(reason))
	}
	_, old := parseCheckpoint(req.OldOutputs)
	found, err := client.Get(ctx, text(old, "metadata", "name"), metav1.GetOptions{})
	if err != nil {
		return plugin.UpdateResponse{}, errors.Join(
			fmt.Errorf("update of resource %q failed: %w", req.URN, reason), fmt.Errorf("unable to get cluster state: %w", err))
	}
	reason = fmt.Errorf("%s: %w", req.URN, notLive(reason))
	state := checkpoint(inputs, found.Object, req.NewInputs, apiVersion, manager)
	return plugin.UpdateResponse{Properties: state, Status: resource.StatusPartialFailure}, initFailure(req.ID, state, nil, reason)
}

// change sends the new inputs, in the way that suits the object and the provider's mode.
func (p *provider) change(ctx context.Context, client dynamic.ResourceInterface, inputs object, manager string, req plugin.UpdateRequest,
) (object, error) {
	oldInputs, oldLive := parseCheckpoint(req.OldOutputs)
	name := text(oldLive, "metadata", "name")
	live, err := client.Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return nil, err
	}
	var dry []string
	if req.Preview {
		dry = dryRun
	}
	switch {
	case isDefinition(inputs):
		// A definition is put as a whole: applying it would keep versions and fields the new one dropped.
		whole := wrap(copyObject(inputs))
		whole.SetResourceVersion(live.GetResourceVersion())
		updated, err := client.Update(ctx, whole, metav1.UpdateOptions{
			FieldManager: manager, FieldValidation: metav1.FieldValidationStrict, DryRun: dry,
		})
		if err != nil {
			return nil, err
		}
		return updated.Object, nil
	case !p.settings.serverSideApply:
		return sendMergePatch(ctx, client, prune(oldLive, normalise(oldInputs)), inputs, live, dry)
	}
	force := p.forces(inputs) || len(live.GetManagedFields()) == 0
	if req.Preview {
		force = force || createdByPost(live) // what the real run settles by moving the fields
	} else if live, err = takeOver(ctx, client, name, manager); err != nil {
		return nil, err
	}
	sent, err := withoutIgnored(inputs, live, manager, req.IgnoreChanges)
	if err != nil {
		return nil, err
	}
	return apply(ctx, client, sent, manager, force, dry)
}

// sendMergePatch is the update of a provider without server-side apply. The real provider sends a strategic merge patch for
// kinds that have one; lists are replaced as a whole here, which is the same for objects nobody else adds list items to.
func sendMergePatch(ctx context.Context, client dynamic.ResourceInterface, old, inputs object, live *unstructured.Unstructured, dry []string,
) (object, error) {
	patch, err := json.Marshal(mergePatch(old, inputs, live.Object))
	if err != nil {
		return nil, err
	}
	updated, err := client.Patch(ctx, live.GetName(), types.MergePatchType, patch, metav1.PatchOptions{
		FieldManager: creationManager, FieldValidation: metav1.FieldValidationStrict, DryRun: dry,
	})
	if err != nil {
		return nil, err
	}
	return updated.Object, nil
}

// mergePatch makes the JSON merge patch that brings a live object to the new inputs: what the old inputs had and the new
// ones lack is deleted, what differs is set, and what neither has stays.
func mergePatch(old, inputs, live object) object {
	patch := object{}
	for k, v := range inputs {
		want, isMap := v.(object)
		have, both := live[k].(object)
		switch {
		case isMap && both:
			before, _ := old[k].(object)
			if inner := mergePatch(before, want, have); len(inner) > 0 {
				patch[k] = inner
			}
		case !equal(v, live[k]):
			patch[k] = v
		}
	}
	for k := range old {
		if _, still := inputs[k]; !still {
			patch[k] = nil
		}
	}
	return patch
}

// withoutIgnored takes ignored fields out of what is applied. One that somebody else manages is left out, so that it stays
// theirs; any other is sent with its live value, since leaving it out would unset it. Only paths of map keys are looked at,
// as in the real provider.
func withoutIgnored(inputs object, live *unstructured.Unstructured, manager string, ignored []string) (object, error) {
	if len(ignored) == 0 {
		return inputs, nil
	}
	ours, theirs, err := owners(live, manager)
	if err != nil {
		return nil, err
	}
	sent := copyObject(inputs)
	for _, name := range ignored {
		path, err := resource.ParsePropertyPath(name)
		if err != nil {
			return nil, fmt.Errorf("ignoreChanges %q: %w", name, err)
		}
		keys, ok := mapKeys(path)
		if !ok {
			continue
		}
		if value := field(live.Object, keys...); owns(theirs, keys) && !owns(ours, keys) {
			unstructured.RemoveNestedField(sent, keys...)
		} else if value != nil {
			set(sent, copyValue(value), keys...)
		}
	}
	return sent, nil
}

func mapKeys(path resource.PropertyPath) ([]string, bool) {
	keys := make([]string, 0, len(path))
	for _, p := range path {
		key, ok := p.(string)
		if !ok {
			return nil, false
		}
		keys = append(keys, key)
	}
	return keys, len(keys) > 0
}
