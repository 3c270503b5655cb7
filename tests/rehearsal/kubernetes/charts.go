package kubernetes

import (
	"maps"
	"path"
	"strings"
	"time"
)

const (
	agicClass      = "azure-application-gateway"
	agicController = "azure/application-gateway"

	traefikController = "traefik.io/ingress-controller"
	nginxController   = "k8s.io/ingress-nginx" // Traefik answers for it too, with its ingress-nginx provider

	labelInstance = "app.kubernetes.io/instance"
	labelName     = "app.kubernetes.io/name"

	// annotationRelease marks whose an object is (Helm 3, pkg/action/validate.go).
	annotationRelease = "meta.helm.sh/release-name"
)

// chart makes the objects of a chart other resources depend on. Names follow the chart's templates.
type chart func(r release) []object

// charts are those the program may install, by the last element of the chart's name or address.
var charts = map[string]chart{
	"ingress-azure": agicObjects,        // Azure/application-gateway-kubernetes-ingress, helm/ingress-azure/templates
	"traefik":       traefikObjects,     // traefik/traefik-helm-chart, traefik/templates
	"cert-manager":  certManagerObjects, // cert-manager/cert-manager, deploy/charts/cert-manager
}

// release is what a chart's templates see.
type release struct {
	name, namespace, chart, version string
	values                          object

	atomic  bool          // what failed is undone
	awaited bool          // the release is done when its objects are ready
	timeout time.Duration // for that, in simulated time
}

func (r release) chartName() string { return path.Base(r.chart) }

// fullName is the rule nearly all charts share: the release's name, followed by the chart's unless it contains it.
func (r release) fullName() string {
	if name := text(r.values, "fullnameOverride"); name != "" {
		return trim(name)
	}
	name := or(text(r.values, "nameOverride"), r.chartName())
	if strings.Contains(r.name, name) {
		return trim(r.name)
	}
	return trim(r.name + "-" + name)
}

func trim(name string) string {
	return strings.TrimSuffix(name[:min(len(name), 63)], "-")
}

// objects lists what the rehearsal creates of a release; for a chart it doesn't know that is nothing.
func (r release) objects() []object {
	build, known := charts[r.chartName()]
	if !known {
		return nil
	}
	list := build(r)
	for _, o := range list {
		set(o, "Helm", "metadata", "labels", labelManagedBy)
		set(o, r.name, "metadata", "labels", labelInstance)
		set(o, r.chartName(), "metadata", "labels", labelName)
		set(o, r.name, "metadata", "annotations", annotationRelease)
		set(o, r.namespace, "metadata", "annotations", "meta.helm.sh/release-namespace")
	}
	return list
}

func (r release) object(apiVersion, kind, name string) object {
	return object{"apiVersion": apiVersion, "kind": kind, "metadata": object{"name": name, "namespace": r.namespace}}
}

func global(apiVersion, kind, name string) object {
	return object{"apiVersion": apiVersion, "kind": kind, "metadata": object{"name": name}}
}

func ingressClass(name, controller string) object {
	class := global("networking.k8s.io/v1", "IngressClass", name)
	class["spec"] = object{"controller": controller}
	return class
}

// agicObjects: the class Ingresses name, and the account the gateway identity's federated credential names.
func agicObjects(r release) []object {
	account := r.fullName()
	if text(r.values, "fullnameOverride") == "" && account != trim(r.name) {
		account = trim(r.name + "-sa-" + strings.TrimPrefix(account, r.name+"-"))
	}
	list := []object{r.object("v1", "ServiceAccount", account)}
	class, _ := field(r.values, "kubernetes", "ingressClassResource").(object)
	if class["enabled"] == false {
		return list
	}
	return append(list, ingressClass(or(text(class, "name"), agicClass), or(text(class, "controllerValue"), agicController)))
}

func or(value, otherwise string) string {
	if value == "" {
		return otherwise
	}
	return value
}

// traefikObjects: the class and the load-balancer Service, with the annotations and spec the values give it.
func traefikObjects(r release) []object {
	var list []object
	if field(r.values, "ingressClass", "enabled") != false {
		list = append(list, ingressClass(or(text(r.values, "ingressClass", "name"), r.fullName()), traefikController))
	}
	if field(r.values, "service", "enabled") == false {
		return list
	}
	service := r.object("v1", "Service", r.fullName())
	if annotations, ok := field(r.values, "service", "annotations").(object); ok {
		set(service, copyObject(annotations), "metadata", "annotations")
	}
	spec := object{
		"type": or(text(r.values, "service", "type"), "LoadBalancer"),
		"ports": []any{
			object{"name": "web", "port": int64(80), "targetPort": "web", "protocol": "TCP"},
			object{"name": "websecure", "port": int64(443), "targetPort": "websecure", "protocol": "TCP"},
		},
		"selector": object{labelName: r.chartName(), labelInstance: r.name + "-" + r.namespace},
	}
	if more, ok := field(r.values, "service", "spec").(object); ok {
		maps.Copy(spec, copyObject(more))
	}
	service["spec"] = spec
	return append(list, service)
}

// certManagerObjects: the kinds issuers and certificates are declared with. Their schema lets everything pass, so what they
// say is unrehearsed.
func certManagerObjects(r release) []object {
	if field(r.values, "crds", "enabled") != true && field(r.values, "installCRDs") != true {
		return nil
	}
	return []object{
		definition("cert-manager.io", "v1", "Certificate", "certificates", "Namespaced"),
		definition("cert-manager.io", "v1", "Issuer", "issuers", "Namespaced"),
		definition("cert-manager.io", "v1", "ClusterIssuer", "clusterissuers", "Cluster"),
	}
}

func definition(group, version, kind, plural, scope string) object {
	o := global("apiextensions.k8s.io/v1", "CustomResourceDefinition", plural+"."+group)
	o["spec"] = object{
		"group": group,
		"scope": scope,
		"names": object{"kind": kind, "plural": plural, "singular": strings.ToLower(kind), "listKind": kind + "List"},
		"versions": []any{object{
			"name": version, "served": true, "storage": true,
			"subresources": object{"status": object{}},
			"schema": object{"openAPIV3Schema": object{
				"type": "object", "x-kubernetes-preserve-unknown-fields": true,
			}},
		}},
	}
	return o
}
