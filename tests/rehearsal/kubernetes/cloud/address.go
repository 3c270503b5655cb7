package cloud

import (
	"fmt"
	"net/netip"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/labels"

	"apim-azure/tests/rehearsal/azure"
)

// Built-in roles; Contributor and Owner hold their rights too.
const (
	roleReader             = "acdd72a7-3385-48ef-bd42-f606fba81ae7"
	roleNetworkContributor = "4d97b98b-1d4f-4787-a291-c67834d212e7"
)

// publicFrontend finds a Service's public address: the one it names, the one it asks for by number, or one of its own.
func (s *services) publicFrontend(at site, service *corev1.Service) (frontend object, address string, err error) {
	group := at.nodes
	if name := strings.TrimSpace(service.Annotations[annotationResourceGroup]); name != "" {
		group = at.nodes[:strings.LastIndex(at.nodes, "/")+1] + name
	}
	name, wanted := service.Annotations[annotationPIPName], wantedAddress(service)
	if name == "" && wanted == "" {
		return s.ownAddress(at, service)
	}
	ip, err := s.findAddress(at, group, name, wanted)
	if err != nil {
		return nil, "", err
	}
	if ip.ID == "" && name != "" {
		return nil, "", fmt.Errorf("PublicIP from annotation azure-pip-name(-IPv6)=%s for service %s/%s doesn't exist",
			name, service.Namespace, service.Name)
	}
	if ip.ID == "" {
		return nil, "", fmt.Errorf("findMatchedPIPByLoadBalancerIP: cannot find public IP with IP address %s in resource group %s",
			wanted, lastOf(group))
	}
	if !within(ip.ID, at.nodes) {
		if err := s.mayJoin(at, balancers[0], ip.ID, "Microsoft.Network/publicIPAddresses/join/action"); err != nil {
			return nil, "", err
		}
	}
	if user := s.userOf(at, ip.ID); user != "" {
		return nil, "", fmt.Errorf("PublicIPAddressInUse: load balancer %s is referencing public IP address %s that is already allocated to resource %s",
			at.balancer(balancers[0]), ip.ID, user)
	}
	return object{"publicIPAddress": object{"id": ip.ID}}, text(ip.Properties, "ipAddress"), nil
}

// ownAddress makes a Service an address in the node resource group, or returns the one it has.
func (s *services) ownAddress(at site, service *corev1.Service) (object, string, error) {
	id := at.managedIP(service)
	ip, found := s.options.Subscription.Find(id)
	if !found {
		err := s.options.Subscription.Bring(at.cluster.ID, typePublicIP, id, object{
			"location": text(at.cluster.Properties, "location"), "sku": object{"name": "Standard", "tier": "Regional"},
			"publicIPAllocationMethod": "Static", "publicIPAddressVersion": "IPv4",
			"tags": object{"k8s-azure-cluster-name": "kubernetes", "k8s-azure-service": service.Namespace + "/" + service.Name},
		})
		if err != nil {
			return nil, "", err
		}
		ip, _ = s.options.Subscription.Find(id)
	}
	return object{"publicIPAddress": object{"id": id}}, text(ip.Properties, "ipAddress"), nil
}

// findAddress lists a resource group's addresses, which needs a role there, and picks one by name or number. None is no error.
func (s *services) findAddress(at site, group, name, number string) (azure.Resource, error) {
	if !within(group, at.nodes) && !s.options.Subscription.Granted(at.principal, group, roleReader, roleNetworkContributor) {
		return azure.Resource{}, fmt.Errorf("findMatchedPIP: failed to listPIP: AuthorizationFailed: the client '%s' does not have "+
			"authorization to perform action 'Microsoft.Network/publicIPAddresses/read' over scope '%s/providers/Microsoft.Network'",
			at.principal, group)
	}
	for _, r := range s.options.Subscription.Resources() {
		if r.Type == typePublicIP && within(r.ID, group) &&
			(name != "" && strings.EqualFold(r.Name, name) || name == "" && text(r.Properties, "ipAddress") == number) {
			return r, nil
		}
	}
	return azure.Resource{}, nil
}

// mayJoin checks the right to attach something outside the node resource group to a load balancer.
func (s *services) mayJoin(at site, balancer, scope, action string) error {
	if s.options.Subscription.Granted(at.principal, scope, roleNetworkContributor) {
		return nil
	}
	return fmt.Errorf("LinkedAuthorizationFailed: the client '%s' has permission to perform action 'Microsoft.Network/loadBalancers/write' "+
		"on scope '%s'; however, it does not have permission to perform action '%s' on the linked scope '%s'",
		at.principal, at.balancer(balancer), action, scope)
}

// userOf is the resource other than the cluster's load balancer that has a public address. Services may share one.
func (s *services) userOf(at site, ip string) string {
	for _, r := range s.options.Subscription.Resources() {
		if strings.EqualFold(r.ID, at.balancer(balancers[0])) {
			continue
		}
		for _, collection := range []string{"frontendIPConfigurations", "ipConfigurations", "publicIpAddresses"} {
			items, _ := r.Properties[collection].([]any)
			for _, item := range items {
				o, _ := item.(object)
				if strings.EqualFold(reference(o, "publicIPAddress"), ip) || strings.EqualFold(text(o, "id"), ip) {
					return r.ID
				}
			}
		}
	}
	return ""
}

// internalFrontend finds a Service's address in the cluster's subnet, or in the one it names: the address it asks for, the one it
// has, or the first that is free.
func (s *services) internalFrontend(at site, service *corev1.Service) (object, string, error) {
	id := s.subnetID(at, service.Annotations[annotationSubnet])
	subnet, found := s.options.Subscription.Find(id)
	if !found {
		return nil, "", fmt.Errorf("ensure(%s/%s): lb(%s) - failed to get subnet: %s", service.Namespace, service.Name, balancers[1], id)
	}
	if err := s.mayJoin(at, balancers[1], id, "Microsoft.Network/virtualNetworks/subnets/join/action"); err != nil {
		return nil, "", err
	}
	prefix, err := netip.ParsePrefix(prefixOf(subnet.Properties))
	if err != nil {
		return nil, "", fmt.Errorf("subnet %s: %w", id, err)
	}
	taken := s.taken(at, id, frontendName(service))
	address := wantedAddress(service)
	if address == "" {
		for _, has := range service.Status.LoadBalancer.Ingress {
			if check(prefix, has.IP, taken) == nil {
				address = has.IP
			}
		}
	}
	if address == "" {
		address = firstFree(prefix, taken)
	}
	if err := check(prefix, address, taken); err != nil {
		return nil, "", err
	}
	return object{"privateIPAddress": address, "privateIPAllocationMethod": "Static", "subnet": object{"id": subnet.ID}}, address, nil
}

// subnetID is the subnet of the cluster's pools or, by name, another one of the same network.
func (s *services) subnetID(at site, name string) string {
	pools, _ := at.cluster.Properties["agentPoolProfiles"].([]any)
	for _, p := range pools {
		o, _ := p.(object)
		if id := text(o, "vnetSubnetID"); id != "" {
			if name != "" {
				return id[:strings.LastIndex(id, "/")+1] + name
			}
			return id
		}
	}
	return ""
}

func prefixOf(subnet object) string {
	if p := text(subnet, "addressPrefix"); p != "" {
		return p
	}
	if list, _ := subnet["addressPrefixes"].([]any); len(list) > 0 {
		p, _ := list[0].(string)
		return p
	}
	return ""
}

// taken maps the ranges of a subnet that are in use to their holders: addresses of Azure's resources and of nodes, and the
// blocks nodes take for their pods. The Service's own frontend doesn't count.
func (s *services) taken(at site, subnet, own string) map[netip.Prefix]string {
	taken := map[netip.Prefix]string{}
	note := func(text, holder string) {
		if !strings.Contains(text, "/") {
			text += "/32"
		}
		if p, err := netip.ParsePrefix(text); err == nil {
			taken[p] = holder
		}
	}
	for _, r := range s.options.Subscription.Resources() {
		for _, collection := range []string{"frontendIPConfigurations", "ipConfigurations"} {
			items, _ := r.Properties[collection].([]any)
			for _, item := range items {
				o, _ := item.(object)
				mine := text(o, "name") == own && within(r.ID, at.nodes)
				if !mine && strings.EqualFold(reference(o, "subnet"), subnet) {
					note(text(o, "privateIPAddress"), r.ID)
				}
			}
		}
	}
	nodes, _ := s.nodes.List(labels.Everything())
	for _, node := range nodes {
		note(node.Spec.PodCIDR, "node "+node.Name)
		for _, a := range node.Status.Addresses {
			if a.Type == corev1.NodeInternalIP {
				note(a.Address, "node "+node.Name)
			}
		}
	}
	return taken
}

// check holds an address to its subnet, of which Azure keeps the first four and the last.
func check(subnet netip.Prefix, address string, taken map[netip.Prefix]string) error {
	a, err := netip.ParseAddr(address)
	if err != nil || !subnet.Contains(a) {
		return fmt.Errorf("PrivateIPAddressNotInSubnet: private static IP address %s does not belong to the range of subnet prefix %s",
			address, subnet)
	}
	if reserved(subnet, a) {
		return fmt.Errorf("PrivateIPAddressInReservedRange: private static IP address %s falls within reserved IP range of subnet prefix %s",
			address, subnet)
	}
	if holder := holderOf(a, taken); holder != "" {
		return fmt.Errorf("PrivateIPAddressIsAllocated: the private IP address %s is already allocated to %s", address, holder)
	}
	return nil
}

func reserved(subnet netip.Prefix, a netip.Addr) bool {
	first := subnet.Masked().Addr()
	for range 4 {
		if a == first {
			return true
		}
		first = first.Next()
	}
	return !subnet.Contains(a.Next())
}

func holderOf(a netip.Addr, taken map[netip.Prefix]string) string {
	for p, holder := range taken {
		if p.Contains(a) {
			return holder
		}
	}
	return ""
}

// firstFree is the lowest free address; "" when the subnet is full.
func firstFree(subnet netip.Prefix, taken map[netip.Prefix]string) string {
	for a := subnet.Masked().Addr(); subnet.Contains(a); a = a.Next() {
		if !reserved(subnet, a) && holderOf(a, taken) == "" {
			return a.String()
		}
	}
	return ""
}

func within(id, other string) bool {
	id, other = strings.ToLower(id), strings.ToLower(other)
	return id == other || strings.HasPrefix(id, other+"/")
}

func lastOf(id string) string { return id[strings.LastIndex(id, "/")+1:] }
