package kubernetes

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	"github.com/pulumi/pulumi/sdk/v3/go/common/util/rpcutil/rpcerror"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc/codes"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"
)

const (
	// creationManager is the field manager of the POST. The first update moves its fields to the object's own manager.
	creationManager = "pulumi-kubernetes"

	annotationFieldManager = "pulumi.com/patchFieldManager"
	annotationForce        = "pulumi.com/patchForce"
	annotationPropagation  = "pulumi.com/deletionPropagationPolicy"

	// The real provider tries a creation six times in all while its namespace or its definition is missing; it waits longer
	// in between, but nothing here takes long to appear.
	creationAttempts = 6
	firstRetry       = 100 * time.Millisecond

	// deletionSettle is the real time in which an object under deletion has to change where nothing takes time, and the
	// shortest time its deletion gets at any time scale. Pods and a namespace's content go without a trace on it, in some
	// seconds.
	deletionSettle = 30 * time.Second
)

var dryRun = []string{metav1.DryRunAll}

// Create posts the object.
func (p *provider) Create(ctx context.Context, req plugin.CreateRequest) (plugin.CreateResponse, error) {
	ctx, done := p.operation(ctx)
	defer done()
	if req.Type == releaseType {
		return p.createRelease(ctx, req)
	}
	inputs := fromProperties(req.Properties)
	asIs := plugin.CreateResponse{Properties: req.Properties}
	conn, err := p.connect(ctx)
	if req.Preview && (isUnreachable(err) || hasUnknown(inputs) || !p.settings.serverSideApply) {
		return asIs, nil
	}
	if err != nil {
		return plugin.CreateResponse{}, err
	}
	manager, err := fieldManager(nil, inputs)
	if err != nil {
		return plugin.CreateResponse{}, err
	}
	ctx = withTarget(ctx, "create", inputs)
	live, err := p.post(ctx, conn, inputs, manager, req.Preview)
	if err != nil && req.Preview && previewGoesOn(err) {
		return asIs, nil
	}
	if err != nil {
		return plugin.CreateResponse{}, notCreated(req.URN, err)
	}
	if req.Preview {
		delete(live, "status") // of a dry run it says nothing, and a program must not read it as if it did
		return plugin.CreateResponse{Properties: checkpoint(inputs, live, req.Properties, text(inputs, "apiVersion"), manager)}, nil
	}
	live, err = p.await(ctx, conn, live, nil, inputs, req.Timeout)
	var unready *notReady
	if err != nil && !errors.As(err, &unready) {
		// What to wait for is not understood. The real provider knows that only now, and lets the object go.
		return plugin.CreateResponse{}, notCreated(req.URN, err)
	}
	state := checkpoint(inputs, live, req.Properties, text(inputs, "apiVersion"), manager)
	response := plugin.CreateResponse{ID: objectID(live), Properties: state}
	if err != nil {
		response.Status = resource.StatusPartialFailure
		err = fmt.Errorf("resource %q was successfully created, but %w", req.URN, notLive(err))
		return response, initFailure(response.ID, state, nil, err)
	}
	return response, nil
}

// notCreated is the failure of a creation of which the state learns nothing. When only the answer was lost the object is there
// all the same, and the next creation finds it in its way.
func notCreated(urn resource.URN, err error) error {
	return fmt.Errorf("resource %q was not successfully created by the Kubernetes API server: %w%s", urn, err, advice(err))
}

// notLive is the failure of an object that is there. The words are the real provider's: a program may look for them.
func notLive(err error) error {
	return fmt.Errorf("the Kubernetes API server reported that it failed to fully initialize or become live: %w", err)
}

// post creates the object, waiting a little for a namespace or a definition that comes up in the same run.
func (p *provider) post(ctx context.Context, conn *connection, inputs object, manager string, preview bool) (object, error) {
	delay := firstRetry
	for attempt := 1; ; attempt++ {
		live, err := p.postOnce(ctx, conn, inputs, manager, preview)
		if err == nil || preview || attempt == creationAttempts || !(apierrors.IsNotFound(err) || meta.IsNoMatchError(err)) {
			return live, err
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(delay):
			delay *= 2
		}
	}
}

func (p *provider) postOnce(ctx context.Context, conn *connection, inputs object, manager string, preview bool) (object, error) {
	client, err := conn.client(inputs)
	if err != nil {
		return nil, err
	}
	var dry []string
	if preview {
		dry = dryRun
	}
	if p.settings.serverSideApply && p.settings.upsert {
		return apply(ctx, client, inputs, manager, p.forces(inputs), dry)
	}
	live, err := client.Create(ctx, wrap(copyObject(inputs)), metav1.CreateOptions{
		FieldManager: creationManager, FieldValidation: metav1.FieldValidationStrict, DryRun: dry,
	})
	if err != nil {
		return nil, err
	}
	return live.Object, nil
}

// previewGoesOn lists the refusals of a dry run that say nothing about the real run: what is missing now may come earlier in
// the run, and what is there now may go.
func previewGoesOn(err error) bool {
	return apierrors.IsForbidden(err) || apierrors.IsAlreadyExists(err) || apierrors.IsNotFound(err) || meta.IsNoMatchError(err)
}

func advice(err error) string {
	switch {
	case apierrors.IsAlreadyExists(err):
		return " (it was not made by this resource: for a renamed resource use an alias, for an object to adopt `pulumi import`)"
	case meta.IsNoMatchError(err):
		return " (is the definition of the kind installed before it?)"
	}
	return ""
}

// apply is a server-side apply.
func apply(ctx context.Context, client dynamic.ResourceInterface, inputs object, manager string, force bool, dry []string) (object, error) {
	body, err := json.Marshal(inputs)
	if err != nil {
		return nil, err
	}
	live, err := client.Patch(ctx, text(inputs, "metadata", "name"), types.ApplyPatchType, body, metav1.PatchOptions{
		FieldManager: manager, Force: &force, FieldValidation: metav1.FieldValidationStrict, DryRun: dry,
	})
	if apierrors.IsConflict(err) {
		return nil, fmt.Errorf("another field manager than %q has changed the object: leave the field to it, or set the annotation %s: %w",
			manager, annotationForce, err)
	}
	if err != nil {
		return nil, err
	}
	return live.Object, nil
}

func (p *provider) forces(inputs object) bool {
	return p.settings.patchForce || text(inputs, "metadata", "annotations", annotationForce) == "true"
}

// fieldManager returns the manager an object is applied under: the program's, the state's, or a new one.
func fieldManager(state resource.PropertyMap, inputs object) (string, error) {
	if name := text(inputs, "metadata", "annotations", annotationFieldManager); name != "" {
		return name, nil
	}
	if name := stateText(state, keyFieldManager); name != "" {
		return name, nil
	}
	return resource.NewUniqueName(nil, creationManager+"-", 8, 0, nil)
}

// Read fetches the live object; its inputs are cut down to the shape of the old ones, so that only drift of what the program
// declared shows. Without old inputs, for an import, everything but the status and the server's metadata is an input.
func (p *provider) Read(ctx context.Context, req plugin.ReadRequest) (plugin.ReadResponse, error) {
	ctx, done := p.operation(ctx)
	defer done()
	if err := refuse(req.Type); err != nil {
		return plugin.ReadResponse{}, err
	}
	conn, err := p.connect(ctx)
	if isUnreachable(err) {
		switch {
		case p.settings.dropUnreachable:
			return plugin.ReadResponse{}, nil
		case p.settings.leaveUnreach:
			return plugin.ReadResponse{ReadResult: plugin.ReadResult{ID: req.ID, Inputs: req.Inputs, Outputs: req.State}}, nil
		}
	}
	if err != nil {
		return plugin.ReadResponse{}, err
	}
	if req.Type == releaseType {
		return p.readRelease(ctx, conn, req)
	}
	namespace, name, err := parseID(req.ID)
	if err != nil {
		return plugin.ReadResponse{}, err
	}
	inputs := normalise(fromProperties(req.Inputs))
	imported := text(inputs, "kind") == ""
	if imported {
		inputs, err = skeleton(req, namespace, name)
		if err != nil {
			return plugin.ReadResponse{}, err
		}
	}
	client, err := conn.client(inputs)
	if meta.IsNoMatchError(err) {
		return plugin.ReadResponse{}, nil // gone with its definition
	}
	if err != nil {
		return plugin.ReadResponse{}, err
	}
	ctx = withTarget(ctx, "read", global(text(inputs, "apiVersion"), text(inputs, "kind"), name))
	found, err := client.Get(ctx, name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return plugin.ReadResponse{}, nil
	}
	if err != nil {
		return plugin.ReadResponse{}, err
	}
	live := found.Object
	liveInputs := prune(live, inputs)
	if imported {
		liveInputs = importedInputs(live)
	}
	manager, err := fieldManager(req.State, inputs)
	if err != nil {
		return plugin.ReadResponse{}, err
	}
	apiVersion := stateText(req.State, keyAPIVersion)
	if apiVersion == "" {
		apiVersion = text(live, "apiVersion")
	}
	properties := toProperties(liveInputs)
	markSecrets(properties, req.Inputs)
	state := checkpoint(liveInputs, live, req.Inputs, apiVersion, manager)
	response := plugin.ReadResponse{ReadResult: plugin.ReadResult{ID: req.ID, Inputs: properties, Outputs: state}}
	if imported {
		return response, nil
	}
	if err := p.checkLive(ctx, conn, live, inputs); err != nil {
		response.Status = resource.StatusPartialFailure
		return response, initFailure(req.ID, state, properties, err)
	}
	return response, nil
}

// skeleton makes the least object that leads to the live one: its kind comes from the state, or from the resource's type.
func skeleton(req plugin.ReadRequest, namespace, name string) (object, error) {
	_, live := parseCheckpoint(req.State)
	apiVersion, kind := text(live, "apiVersion"), text(live, "kind")
	if kind == "" {
		apiVersion, kind = strings.TrimPrefix(string(req.Type.Module().Name()), "core/"), string(req.Type.Name())
		if !strings.Contains(string(req.Type.Module().Name()), "/") {
			return nil, fmt.Errorf("%s: the type names no API version, so the object can't be read by its ID alone", req.Type)
		}
	}
	o := object{"apiVersion": apiVersion, "kind": kind, "metadata": object{"name": name}}
	if namespace != "" {
		set(o, namespace, "metadata", "namespace")
	}
	return o, nil
}

func importedInputs(live object) object {
	inputs := copyObject(live)
	delete(inputs, "status")
	if metadata, ok := inputs["metadata"].(object); ok {
		for _, key := range serverMetadata {
			delete(metadata, key)
		}
	}
	return inputs
}

// Delete removes the object with its dependants and waits until it is gone, finalizers included.
func (p *provider) Delete(ctx context.Context, req plugin.DeleteRequest) (plugin.DeleteResponse, error) {
	ctx, done := p.operation(ctx)
	defer done()
	conn, err := p.connect(ctx)
	if isUnreachable(err) && p.settings.dropUnreachable && req.Type != releaseType {
		return plugin.DeleteResponse{}, nil
	}
	if err != nil {
		return plugin.DeleteResponse{}, err
	}
	if req.Type == releaseType {
		return plugin.DeleteResponse{}, p.deleteRelease(ctx, conn, req)
	}
	inputs, live := parseCheckpoint(req.Outputs)
	annotation := func(name string) string { return text(inputs, "metadata", "annotations", name) }
	d := deletion{
		object: live, propagation: annotation(annotationPropagation), limit: limit(req.Timeout, inputs),
		unwatched: annotation(annotationSkipAwait) == "true" && slices.Contains(unwatchedKinds, text(inputs, "kind")),
	}
	return plugin.DeleteResponse{}, p.remove(withTarget(ctx, "delete", live), conn, d)
}

// unwatchedKinds are those of which also the deletion is not waited for where the program doesn't want to wait.
var unwatchedKinds = []string{"Namespace", "Pod", "ReplicationController", "DaemonSet", "Deployment", "StatefulSet", "Job"}

// deletion is what is to be deleted, and how.
type deletion struct {
	object      object
	propagation string        // the annotation's; empty: dependants go first
	limit       time.Duration // simulated
	unwatched   bool
}

// remove deletes an object and waits until it, and not another one of its name, is gone. An API server that goes away meanwhile
// is waited for too.
func (p *provider) remove(ctx context.Context, conn *connection, d deletion) error {
	client, err := conn.client(d.object)
	if meta.IsNoMatchError(err) {
		return nil
	}
	if err != nil {
		return err
	}
	policy := metav1.DeletePropagationForeground
	if d.propagation != "" {
		policy = metav1.DeletionPropagation(strings.ToUpper(d.propagation[:1]) + d.propagation[1:])
	}
	name := text(d.object, "metadata", "name")
	before, err := client.Get(ctx, name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return nil
	}
	if err != nil {
		return err
	}
	if err := client.Delete(ctx, name, metav1.DeleteOptions{PropagationPolicy: &policy}); err != nil {
		if apierrors.IsNotFound(err) {
			return nil
		}
		return err
	}
	if d.unwatched {
		return nil
	}
	last, started, changed := before, time.Now(), time.Now()
	for !p.server.deletionOver(d.limit, time.Since(started), time.Since(changed)) {
		now, err := client.Get(ctx, name, metav1.GetOptions{})
		if apierrors.IsNotFound(err) || err == nil && now.GetUID() != before.GetUID() {
			return nil
		}
		if err != nil || now.GetResourceVersion() != last.GetResourceVersion() {
			changed = time.Now()
		}
		if err == nil {
			last = now
		}
		select {
		case <-ctx.Done():
			return d.unfinished(last.Object, context.Cause(ctx))
		case <-time.After(100 * time.Millisecond):
		}
	}
	return d.unfinished(last.Object, errors.New("timed out waiting for the condition"))
}

// deletionOver tells whether the time for a deletion is up, after so much real time in all and without a change.
func (s *Server) deletionOver(limit, elapsed, quiet time.Duration) bool {
	if s.options.TimeScale > 0 {
		return elapsed >= max(s.real(limit), deletionSettle)
	}
	return elapsed >= limit || quiet >= deletionSettle
}

func (d deletion) unfinished(last object, reason error) error {
	return fmt.Errorf("%s %s is still there (finalizers %q): %w", text(d.object, "kind"), objectID(d.object), finalizers(last), reason)
}

// finalizers lists what holds a deletion up; a namespace keeps its own in its spec.
func finalizers(o object) []any {
	list, _ := field(o, "metadata", "finalizers").([]any)
	more, _ := field(o, "spec", "finalizers").([]any)
	return append(list, more...)
}

// initFailure reports an object that is there but not right. The engine keeps the state and tries an update next time.
func initFailure(id resource.ID, state, inputs resource.PropertyMap, reason error) error {
	options := plugin.MarshalOptions{KeepUnknowns: true, KeepSecrets: true}
	properties, err := plugin.MarshalProperties(state, options)
	if err != nil {
		return errors.Join(reason, err)
	}
	detail := &pulumirpc.ErrorResourceInitFailed{Id: string(id), Properties: properties, Reasons: reasonsOf(reason)}
	if inputs != nil {
		if detail.Inputs, err = plugin.MarshalProperties(inputs, options); err != nil {
			return errors.Join(reason, err)
		}
	}
	return rpcerror.WithDetails(rpcerror.New(codes.Unknown, reason.Error()), detail)
}
