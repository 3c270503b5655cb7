package cloud

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"apim-azure/tests/rehearsal/azure"
)

const annotations = "service.beta.kubernetes.io/"

// Annotations of cloud-provider-azure (pkg/consts/consts.go).
const (
	annotationInternal      = annotations + "azure-load-balancer-internal"
	annotationSubnet        = annotations + "azure-load-balancer-internal-subnet"
	annotationIPv4          = annotations + "azure-load-balancer-ipv4"
	annotationPIPName       = annotations + "azure-pip-name"
	annotationResourceGroup = annotations + "azure-load-balancer-resource-group"
)

// object is a part of a resource as JSON has it.
type object = map[string]any

// site is the cluster as its cloud provider sees it.
type site struct {
	cluster azure.Resource
	// nodes is the node resource group's ID, which the cluster's identity may do anything in.
	nodes string
	// principal is the identity the cluster acts as.
	principal string
}

func (s *services) site() (site, error) {
	cluster, found := s.options.Subscription.Find(s.options.ClusterID())
	if !found {
		return site{}, fmt.Errorf("the cluster %q is not in the subscription", s.options.ClusterID())
	}
	identity := part(cluster.Properties, "identity")
	principal := text(identity, "principalId")
	for _, shown := range part(identity, "userAssignedIdentities") { // AKS takes exactly one
		of, _ := shown.(object)
		principal = text(of, "principalId")
	}
	group := "/subscriptions/" + strings.Split(cluster.ID, "/")[2] + "/resourceGroups/" + text(cluster.Properties, "nodeResourceGroup")
	return site{cluster, group, principal}, nil
}

// frontendName is a Service's name in the load balancer (cloud-provider's DefaultLoadBalancerName).
func frontendName(service *corev1.Service) string {
	name := "a" + strings.ReplaceAll(string(service.UID), "-", "")
	return name[:min(len(name), 32)]
}

// balancers are the two load balancers: for public Services and for internal ones.
var balancers = []string{"kubernetes", "kubernetes-internal"}

const (
	typeBalancer = "Microsoft.Network/loadBalancers"
	typePublicIP = "Microsoft.Network/publicIPAddresses"
)

func (s site) balancer(name string) string {
	return s.nodes + "/providers/" + typeBalancer + "/" + name
}

// managedIP is the public address made for a Service that names none.
func (s site) managedIP(service *corev1.Service) string {
	return s.nodes + "/providers/" + typePublicIP + "/kubernetes-" + frontendName(service)
}

// balance puts a Service's frontend into the right load balancer and returns its address.
func (s *services) balance(service *corev1.Service) (address string, err error) {
	at, err := s.site()
	if err != nil {
		return "", err
	}
	own, other, find := balancers[0], balancers[1], s.publicFrontend
	if service.Annotations[annotationInternal] == "true" {
		own, other, find = other, own, s.internalFrontend
	}
	frontend, address, err := find(at, service)
	if err != nil {
		return "", err
	}
	if err := s.setFrontend(at, other, service, nil); err != nil {
		return "", err
	}
	if err := s.setFrontend(at, own, service, frontend); err != nil {
		return "", err
	}
	if reference(frontend, "publicIPAddress") != at.managedIP(service) {
		err = s.options.Subscription.Withdraw(at.managedIP(service))
	}
	return address, err
}

// withdraw takes a Service's frontend and the address that was made for it. A cluster that is gone took them along.
func (s *services) withdraw(service *corev1.Service) error {
	at, err := s.site()
	if err != nil {
		return nil
	}
	for _, name := range balancers {
		if err := s.setFrontend(at, name, service, nil); err != nil {
			return err
		}
	}
	return s.options.Subscription.Withdraw(at.managedIP(service))
}

// setFrontend writes or, with nil, removes a Service's frontend. A load balancer goes with its last one.
func (s *services) setFrontend(at site, name string, service *corev1.Service, frontend object) error {
	id := at.balancer(name)
	balancer, exists := s.options.Subscription.Find(id)
	if !exists && frontend == nil {
		return nil
	}
	frontends, _ := balancer.Properties["frontendIPConfigurations"].([]any)
	frontends = slices.DeleteFunc(frontends, func(f any) bool { return text(f.(object), "name") == frontendName(service) })
	if frontend != nil {
		frontend["name"], frontend["id"] = frontendName(service), id+"/frontendIPConfigurations/"+frontendName(service)
		frontends = append(frontends, frontend)
	}
	if len(frontends) == 0 {
		return s.options.Subscription.Withdraw(id)
	}
	return s.options.Subscription.Bring(at.cluster.ID, typeBalancer, id, object{
		"location": text(at.cluster.Properties, "location"), "sku": object{"name": "Standard", "tier": "Regional"}, "frontendIPConfigurations": frontends,
	})
}

// wantedAddress is the address a Service asks for; "" for any.
func wantedAddress(service *corev1.Service) string {
	if a := service.Annotations[annotationIPv4]; a != "" {
		return a
	}
	if a, err := netip.ParseAddr(service.Spec.LoadBalancerIP); err == nil && a.Is4() {
		return a.String()
	}
	return ""
}

func text(o object, key string) string {
	s, _ := o[key].(string)
	return s
}

func part(o object, key string) object {
	p, _ := o[key].(object)
	return p
}

// reference is the ID a property points at, or "".
func reference(o object, key string) string { return text(part(o, key), "id") }
