package kubernetes

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/dynamic"
)

// Of a Helm chart only the objects of charts.go are created, and the release's record (records.go).

// checkRelease fills in name and namespace, and insists on what makes a release reproducible: chart and exact version.
func (p *provider) checkRelease(req plugin.CheckRequest) (plugin.CheckResponse, error) {
	inputs := req.News.Copy()
	if !plain(inputs["name"]).HasValue() {
		name, err := releaseName(req)
		if err != nil {
			return plugin.CheckResponse{}, err
		}
		inputs["name"] = resource.NewStringProperty(name)
	}
	if !plain(inputs["namespace"]).HasValue() {
		inputs["namespace"] = resource.NewStringProperty(p.settings.defaultNamespace())
	}
	var failures []plugin.CheckFailure
	for _, key := range []resource.PropertyKey{"chart", "version"} {
		if v := plain(inputs[key]); !v.IsComputed() && (!v.IsString() || v.StringValue() == "") {
			failures = append(failures, plugin.CheckFailure{
				Property: key, Reason: fmt.Sprintf("%s: a release needs its %s; without it every run may install another chart", req.URN, key),
			})
		}
	}
	return plugin.CheckResponse{Properties: inputs, Failures: failures}, nil
}

func releaseName(req plugin.CheckRequest) (string, error) {
	if old := plain(req.Olds["name"]); old.IsString() {
		return old.StringValue(), nil
	}
	if req.Autonaming != nil && req.Autonaming.ProposedName != "" {
		return req.Autonaming.ProposedName, nil
	}
	return resource.NewUniqueName(req.RandomSeed, req.URN.Name()+"-", 8, 0, nil)
}

// diffRelease compares inputs. A release moves by replacement only.
func diffRelease(req plugin.DiffRequest) (plugin.DiffResponse, error) {
	old := fromProperties(releaseInputs(req.OldOutputs))
	return compare(old, fromProperties(req.NewInputs), req.IgnoreChanges, [][]string{{"name"}, {"namespace"}}, false)
}

func releaseInputs(state resource.PropertyMap) resource.PropertyMap {
	if v := plain(state[keyInputs]); v.IsObject() {
		return v.ObjectValue()
	}
	return nil
}

func readReleaseInputs(inputs resource.PropertyMap) release {
	o := fromProperties(inputs)
	values, _ := o["values"].(object)
	if values == nil {
		values = object{}
	}
	timeout := releaseTimeout
	if seconds, ok := number(o["timeout"]); ok && seconds > 0 {
		timeout = time.Duration(seconds) * time.Second
	}
	return release{
		name: text(o, "name"), namespace: text(o, "namespace"), chart: text(o, "chart"), version: text(o, "version"), values: values,
		atomic: o["atomic"] == true, awaited: o["skipAwait"] != true || o["atomic"] == true, timeout: timeout,
	}
}

// releaseState is the state of a release: the inputs, the names of what was created, and what Helm reports. The inputs are
// kept secret as a whole, like the real provider does.
func releaseState(inputs resource.PropertyMap, r release, revision int) resource.PropertyMap {
	names := resource.PropertyMap{}
	for _, o := range r.objects() {
		kind := resource.PropertyKey(text(o, "kind") + "/" + text(o, "apiVersion"))
		var list []resource.PropertyValue
		if v, ok := names[kind]; ok {
			list = v.ArrayValue()
		}
		names[kind] = resource.NewArrayProperty(append(list, resource.NewStringProperty(string(objectID(o)))))
	}
	state := inputs.Copy()
	state["resourceNames"] = resource.NewObjectProperty(names)
	state["status"] = resource.NewObjectProperty(resource.PropertyMap{
		"name":      resource.NewStringProperty(r.name),
		"namespace": resource.NewStringProperty(r.namespace),
		"chart":     resource.NewStringProperty(r.chartName()),
		"version":   resource.NewStringProperty(r.version),
		"revision":  resource.NewNumberProperty(float64(revision)),
		"status":    resource.NewStringProperty("deployed"),
	})
	state[keyInputs] = resource.MakeSecret(resource.NewObjectProperty(inputs))
	return state
}

// previewState is a release's state as far as it is known before Helm has run.
func previewState(inputs resource.PropertyMap) resource.PropertyMap {
	state := inputs.Copy()
	state["resourceNames"] = resource.MakeComputed(resource.NewStringProperty(""))
	state["status"] = resource.MakeComputed(resource.NewStringProperty(""))
	return state
}

func (p *provider) createRelease(ctx context.Context, req plugin.CreateRequest) (plugin.CreateResponse, error) {
	if req.Preview {
		return plugin.CreateResponse{Properties: previewState(req.Properties)}, nil
	}
	conn, err := p.connect(ctx)
	if err != nil {
		return plugin.CreateResponse{}, err
	}
	r := readReleaseInputs(req.Properties)
	ctx = withTarget(ctx, "create", r.target())
	if plain(req.Properties["createNamespace"]).V == true {
		if _, err := p.ensure(ctx, conn, global("v1", "Namespace", r.namespace)); err != nil {
			return plugin.CreateResponse{}, err
		}
	}
	// The record goes first: it is the record that keeps two resources from one release.
	_, err = p.post(ctx, conn, r.record(1), creationManager, false)
	if apierrors.IsAlreadyExists(err) {
		return plugin.CreateResponse{}, fmt.Errorf("%s: cannot re-use a name that is still in use (release %s in namespace %s)", req.URN, r.name, r.namespace)
	}
	if err != nil {
		return plugin.CreateResponse{}, fmt.Errorf("%s: %w", req.URN, err)
	}
	p.unrehearsed(r)
	id := resource.ID(r.namespace + "/" + r.name)
	state := releaseState(req.Properties, r, 1)
	response := plugin.CreateResponse{ID: id, Properties: state}
	err = p.install(ctx, conn, r)
	switch {
	case err == nil:
		return response, nil
	case r.atomic:
		undone := p.uninstall(context.WithoutCancel(ctx), conn, r)
		return plugin.CreateResponse{}, errors.Join(
			fmt.Errorf("%s: release %s failed, and has been uninstalled due to atomic being set: %w", req.URN, r.name, err), undone)
	}
	response.Status = resource.StatusPartialFailure
	err = fmt.Errorf("%s: Helm release %q was created, but failed to initialize completely: %w", req.URN, id, err)
	return response, initFailure(id, state, nil, err)
}

// install creates or changes a release's objects and waits, as Helm does (Helm 3, pkg/kube/ready.go), until its load balancers
// have their addresses. Nothing else of a chart takes time here.
func (p *provider) install(ctx context.Context, conn *connection, r release) error {
	for _, o := range r.objects() {
		live, err := p.ensure(ctx, conn, o)
		if err != nil {
			return err
		}
		if !r.awaited || text(live, "spec", "type") != "LoadBalancer" {
			continue
		}
		w := wait{conn: conn, server: p.server, rule: &balanced, written: live, limit: r.timeout}
		if _, err := w.run(ctx); err != nil {
			return err
		}
	}
	return nil
}

// releaseTimeout is for a release without a timeout of its own.
const releaseTimeout = 5 * time.Minute

var balanced = rule{
	check: func(s scene) verdict {
		return verdict{ready: hasAddress(s.object), problems: []string{"the Service was given no IP address by the cloud's load balancer"}}
	},
	overdue: func(name string) string { return fmt.Sprintf("Service %s: context deadline exceeded", name) },
}

func (p *provider) unrehearsed(r release) {
	if _, known := charts[r.chartName()]; known {
		p.server.once("The chart %s %s itself is unrehearsed: only what other resources depend on is created", r.chart, r.version)
		return
	}
	p.server.once("The chart %s %s is unrehearsed: the release is recorded and nothing of it is created", r.chart, r.version)
}

// ensure applies an object Helm would own, and returns it as it is then.
func (p *provider) ensure(ctx context.Context, conn *connection, o object) (object, error) {
	client, err := conn.client(o)
	if err != nil {
		return nil, err
	}
	if err := foreign(ctx, client, o); err != nil {
		return nil, err
	}
	live, err := apply(ctx, client, o, "helm", true, nil)
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w", text(o, "kind"), objectID(o), err)
	}
	return live, nil
}

// foreign refuses an object that is there and belongs to no release, or to another one, as Helm does. What a release has not
// marked as its own - its namespace, its record - may be there already.
func foreign(ctx context.Context, client dynamic.ResourceInterface, o object) error {
	owner := text(o, "metadata", "annotations", annotationRelease)
	if owner == "" {
		return nil
	}
	found, err := client.Get(ctx, text(o, "metadata", "name"), metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return nil
	}
	if err != nil {
		return err
	}
	if now := found.GetAnnotations()[annotationRelease]; now != owner {
		return fmt.Errorf("%s %s exists and is not this release's (%s is %q, not %q): Helm would not touch it",
			text(o, "kind"), objectID(o), annotationRelease, now, owner)
	}
	return nil
}

func (p *provider) updateRelease(ctx context.Context, req plugin.UpdateRequest) (plugin.UpdateResponse, error) {
	if req.Preview {
		return plugin.UpdateResponse{Properties: previewState(req.NewInputs)}, nil
	}
	conn, err := p.connect(ctx)
	if err != nil {
		return plugin.UpdateResponse{}, err
	}
	before, r := readReleaseInputs(releaseInputs(req.OldOutputs)), readReleaseInputs(req.NewInputs)
	revision := 2
	if n, ok := number(field(fromProperties(req.OldOutputs), "status", "revision")); ok {
		revision = int(n) + 1
	}
	p.unrehearsed(r)
	ctx = withTarget(ctx, "update", r.target())
	err = p.upgrade(ctx, conn, before, r, revision)
	response := plugin.UpdateResponse{Properties: releaseState(req.NewInputs, r, revision)}
	if err == nil {
		return response, nil
	}
	err = fmt.Errorf("%s: Helm release %q failed to initialize completely: %w", req.URN, req.ID, err)
	if r.atomic {
		err = errors.Join(err, p.upgrade(context.WithoutCancel(ctx), conn, r, before, revision+1))
	}
	// The state has the new inputs, also of what was rolled back: that is why the next run upgrades again.
	response.Status = resource.StatusPartialFailure
	return response, initFailure(req.ID, response.Properties, nil, err)
}

// upgrade brings a release from one form to another.
func (p *provider) upgrade(ctx context.Context, conn *connection, from, to release, revision int) error {
	if _, err := p.ensure(ctx, conn, to.record(revision)); err != nil {
		return err
	}
	if err := p.install(ctx, conn, to); err != nil {
		return err
	}
	now := to.objects()
	dropped := slices.DeleteFunc(from.objects(), func(o object) bool {
		return slices.ContainsFunc(now, func(other object) bool { return sameObject(o, other) })
	})
	return p.removeAll(ctx, conn, dropped, to.timeout)
}

// uninstall removes a release. Definitions stay, as Helm leaves them to the chart's own policy (cert-manager's are annotated to
// be kept).
func (p *provider) uninstall(ctx context.Context, conn *connection, r release) error {
	return p.removeAll(ctx, conn, append(slices.DeleteFunc(r.objects(), isDefinition), r.record(1)), r.timeout)
}

func (p *provider) removeAll(ctx context.Context, conn *connection, list []object, limit time.Duration) error {
	for _, o := range list {
		if err := p.remove(ctx, conn, deletion{object: o, limit: limit}); err != nil {
			return err
		}
	}
	return nil
}

// target is what faults of releases name.
func (r release) target() object { return r.object("helm.sh/v3", "Release", r.name) }

func sameObject(a, b object) bool {
	return a["apiVersion"] == b["apiVersion"] && a["kind"] == b["kind"] && objectID(a) == objectID(b)
}

// readRelease finds a release by its record; without one it is gone.
func (p *provider) readRelease(ctx context.Context, conn *connection, req plugin.ReadRequest) (plugin.ReadResponse, error) {
	namespace, name, err := parseID(req.ID)
	if err != nil {
		return plugin.ReadResponse{}, err
	}
	record := release{name: name, namespace: namespace}.record(1)
	client, err := conn.client(record)
	if err != nil {
		return plugin.ReadResponse{}, err
	}
	ctx = withTarget(ctx, "read", release{name: name, namespace: namespace}.target())
	_, err = client.Get(ctx, text(record, "metadata", "name"), metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return plugin.ReadResponse{}, nil
	}
	if err != nil {
		return plugin.ReadResponse{}, err
	}
	if len(req.Inputs) == 0 {
		return plugin.ReadResponse{}, fmt.Errorf("%s: importing a Helm release is not rehearsed", req.URN)
	}
	state := req.State
	if len(state) == 0 { // a creation whose end nobody saw; the engine takes a resource without outputs for gone
		state = releaseState(req.Inputs, readReleaseInputs(req.Inputs), 1)
	}
	return plugin.ReadResponse{ReadResult: plugin.ReadResult{ID: req.ID, Inputs: req.Inputs, Outputs: state}}, nil
}

func (p *provider) deleteRelease(ctx context.Context, conn *connection, req plugin.DeleteRequest) error {
	r := readReleaseInputs(releaseInputs(req.Outputs))
	if err := p.uninstall(withTarget(ctx, "delete", r.target()), conn, r); err != nil {
		return fmt.Errorf("%s: release %s: %w", req.URN, r.name, err)
	}
	return nil
}
