package kubernetes

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	"k8s.io/apimachinery/pkg/api/meta"
)

const (
	annotationAutonamed = "pulumi.com/autonamed"
	labelManagedBy      = "app.kubernetes.io/managed-by"
)

// Check names the object if the program didn't, fills in the default namespace, and brings the inputs into the server's form.
func (p *provider) Check(ctx context.Context, req plugin.CheckRequest) (plugin.CheckResponse, error) {
	if err := refuse(req.Type); err != nil {
		return plugin.CheckResponse{}, err
	}
	if req.Type == releaseType {
		return p.checkRelease(req)
	}
	inputs := fromProperties(req.News)
	failures := strictFailures(inputs)
	inputs = normalise(inputs)
	if text(inputs, "apiVersion") == "" || text(inputs, "kind") == "" {
		return plugin.CheckResponse{}, fmt.Errorf("%s: apiVersion and kind are needed", req.URN)
	}
	if text(inputs, "metadata", "generateName") != "" && p.settings.serverSideApply {
		return plugin.CheckResponse{}, fmt.Errorf("%s: metadata.generateName does not go with server-side apply; give a name or leave it out", req.URN)
	}
	old := fromProperties(req.Olds)
	if err := assignName(inputs, old, req); err != nil {
		return plugin.CheckResponse{}, err
	}
	// Server-side apply records who manages which field; without it the label is all there is. An object that has it keeps it.
	if text(old, "metadata", "labels", labelManagedBy) == "pulumi" || len(old) == 0 && !p.settings.serverSideApply {
		set(inputs, "pulumi", "metadata", "labels", labelManagedBy)
	}
	if err := p.assignNamespace(ctx, inputs); err != nil {
		return plugin.CheckResponse{}, err
	}
	checked := toProperties(inputs)
	markSecrets(checked, req.News)
	return plugin.CheckResponse{Properties: checked, Failures: failures}, nil
}

// strictFailures refuses what the real provider would silently drop.
func strictFailures(inputs object) []plugin.CheckFailure {
	var failures []plugin.CheckFailure
	for _, reason := range misfits(inputs) {
		failures = append(failures, plugin.CheckFailure{
			Reason: fmt.Sprintf("%s %s: %s", text(inputs, "apiVersion"), text(inputs, "kind"), reason),
		})
	}
	return failures
}

// assignName gives a nameless object its old automatic name, or a new one.
func assignName(inputs, old object, req plugin.CheckRequest) error {
	if field(inputs, "metadata", "name") != nil || text(inputs, "metadata", "generateName") != "" {
		return nil
	}
	name := ""
	switch {
	case autonamed(old):
		name = text(old, "metadata", "name")
	case req.Autonaming != nil && req.Autonaming.Mode == plugin.AutonamingModeDisabled:
		return fmt.Errorf("%s: metadata.name is needed, since automatic naming is disabled", req.URN)
	case req.Autonaming != nil:
		name = req.Autonaming.ProposedName
	default:
		unique, err := resource.NewUniqueName(req.RandomSeed, req.URN.Name()+"-", 8, 0, nil)
		if err != nil {
			return err
		}
		name = unique
	}
	set(inputs, name, "metadata", "name")
	set(inputs, "true", "metadata", "annotations", annotationAutonamed)
	return nil
}

func autonamed(o object) bool {
	return text(o, "metadata", "annotations", annotationAutonamed) == "true"
}

// assignNamespace needs the server to tell namespaced kinds from others. Without one, or for a kind it doesn't know yet, the
// namespace stays open; the server will take it as the default one.
func (p *provider) assignNamespace(ctx context.Context, inputs object) error {
	if field(inputs, "metadata", "namespace") != nil {
		return nil
	}
	conn, err := p.connect(ctx)
	if isUnreachable(err) {
		return nil
	}
	if err != nil {
		return err
	}
	found, err := conn.mapping(inputs)
	if meta.IsNoMatchError(err) {
		return nil
	}
	if err != nil {
		return err
	}
	if found.Scope.Name() == meta.RESTScopeNameNamespace {
		set(inputs, p.settings.defaultNamespace(), "metadata", "namespace")
	}
	return nil
}

// parseID splits an object's ID: namespace/name, or the name alone.
func parseID(id resource.ID) (namespace, name string, err error) {
	namespace, name, found := strings.Cut(string(id), "/")
	if !found {
		namespace, name = "", namespace
	}
	if name == "" {
		return "", "", errors.New("the resource's ID is empty; it is namespace/name, or the name of an object without namespace")
	}
	return namespace, name, nil
}

func objectID(o object) resource.ID {
	namespace, name := text(o, "metadata", "namespace"), text(o, "metadata", "name")
	if namespace == "" {
		return resource.ID(name)
	}
	return resource.ID(namespace + "/" + name)
}
