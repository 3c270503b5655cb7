package arm

import (
	"context"
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"
)

// breach is a fixture's request with one thing wrong, and the refusal it must get.
type breach struct {
	says    string
	rule    string
	fixture string
	changes Object // dotted path, with indices, to value; nil removes
	when    string // "" at creation, "update" of the existing fixture, "delete" of it
	setup   func(t *testing.T, s *Store)
	want    string // part of the message: the property or value it must name
}

// change sets or removes what a path with indices leads to.
func change(value any, path string, to any) {
	head, rest, deeper := strings.Cut(path, ".")
	if list, ok := value.([]any); ok {
		i, _ := strconv.Atoi(head)
		if deeper {
			change(list[i], rest, to)
		} else {
			list[i] = to
		}
		return
	}
	object := value.(Object)
	switch {
	case deeper:
		if object[head] == nil {
			object[head] = Object{}
		}
		change(object[head], rest, to)
	case to == nil:
		delete(object, head)
	default:
		object[head] = to
	}
}

// live changes an existing resource behind Azure's back.
func live(id string, changes Object) func(*testing.T, *Store) {
	return func(t *testing.T, s *Store) {
		t.Helper()
		err := s.Modify(id, func(p Object) {
			for path, to := range changes {
				change(p, path, to)
			}
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// also makes another resource like a fixture, with changes.
func also(name string, changes Object) func(*testing.T, *Store) {
	return func(t *testing.T, s *Store) {
		t.Helper()
		f := byName(t, name)
		inputs := f.inputs(s)
		for path, to := range changes {
			change(inputs, path, to)
		}
		if _, _, err := s.Put(context.Background(), Lookup(f.token), subscription, inputs, atOnce); err != nil {
			t.Fatal(err)
		}
	}
}

// deleted removes a fixture while time passes at a minute in a second.
func deleted(name string) func(*testing.T, *Store) {
	return func(t *testing.T, s *Store) {
		t.Helper()
		s.SetTime(60)
		remove(t, s, name)
	}
}

// notKnownYet lets an identity's propagation take an hour.
func notKnownYet(identity string) func(*testing.T, *Store) {
	return func(_ *testing.T, s *Store) {
		s.find(group + "/providers/" + typeIdentity + "/" + identity).Known = time.Now().Add(time.Hour)
	}
}

func many(n int, item func(i int) any) []any {
	out := make([]any, n)
	for i := range out {
		out[i] = item(i)
	}
	return out
}

const (
	poolPath  = "agentPoolProfiles.0."
	diskPath  = "storageProfile.dataDisks.0."
	keyPath   = "osProfile.linuxConfiguration.ssh.publicKeys.0."
	frontPath = "frontendIPConfigurations.0"
)

var breaches = []breach{
	// General rules.
	{says: "a foreign subscription is not found", rule: "arm/subscription-exists", fixture: "vnet", changes: Object{"subscriptionId": "ffffffff-0000-4000-8000-000000000001"}, want: "ffffffff"},
	{says: "a resource needs its group", rule: "arm/resource-group-exists", fixture: "vnet", changes: Object{"resourceGroupName": "other"}, want: "'other'"},
	{says: "a child needs its parent", rule: "arm/parent-exists", fixture: "data-subnet", changes: Object{"virtualNetworkName": "other"}, want: "virtualNetworks/other"},
	{says: "a region must exist", rule: "arm/location-known", fixture: "vnet", changes: Object{"location": "westworld"}, want: "westworld"},
	{says: "a private zone is global", rule: "arm/location-known", fixture: "mysql-zone", changes: Object{"location": "westeurope"}, want: "global"},
	{says: "a tag's name has no angle brackets", rule: "arm/tags", fixture: "vnet", changes: Object{"tags": Object{"a<b": "c"}}, want: "a<b"},
	{says: "a referenced resource must exist", rule: "arm/references-exist", fixture: "gateway-subnet", changes: Object{"networkSecurityGroup.id": netID + "networkSecurityGroups/other"}, want: "networkSecurityGroup.id"},
	{says: "a referenced child must exist though its parent does", rule: "arm/references-exist", fixture: "endpoint", changes: Object{"subnet.id": vnetID + "/subnets/other"}, want: "subnets/other"},
	{says: "a node resource group goes with its cluster only", rule: "resourcegroup/not-managed", fixture: "node-group", when: "delete", want: "managedClusters/cluster"},

	// Virtual network, subnet, NAT gateway, addresses.
	{says: "an address space is made of networks", rule: "virtualnetwork/address-space", fixture: "vnet", changes: Object{"addressSpace.addressPrefixes.0": "10.0.0.1/22"}, want: "10.0.0.1/22"},
	{says: "a new address space must hold the subnets", rule: "virtualnetwork/space-holds-subnets", fixture: "vnet", when: "update", changes: Object{"addressSpace.addressPrefixes.0": "10.0.0.0/23"}, want: "10.0.2.0/24"},
	{says: "inline subnets aren't rehearsed", rule: "virtualnetwork/no-inline-subnets", fixture: "vnet", changes: Object{"subnets": []any{Object{"name": "a"}}}, want: "subnets"},
	{says: "a network with machines in it stays", rule: "virtualnetwork/not-in-use", fixture: "vnet", when: "delete", want: "networkInterfaces/nic"},
	{says: "a subnet lies inside its network", rule: "subnet/prefix", fixture: "data-subnet", changes: Object{"addressPrefix": "10.1.0.0/27"}, want: "10.1.0.0/27"},
	{says: "a subnet is /29 or larger", rule: "subnet/prefix", fixture: "data-subnet", changes: Object{"addressPrefix": "10.0.3.0/30"}, want: "/29"},
	{says: "a subnet needs a range", rule: "subnet/prefix", fixture: "data-subnet", changes: Object{"addressPrefix": nil}, want: "needs a range"},
	{says: "subnets don't overlap", rule: "subnet/no-overlap", fixture: "data-subnet", changes: Object{"addressPrefix": "10.0.2.0/27"}, want: "gateway"},
	{says: "a subnet in use keeps its range", rule: "subnet/prefix-in-use", fixture: "data-subnet", when: "update", changes: Object{"addressPrefix": "10.0.3.0/26"}, want: "in use"},
	{says: "default outbound access is chosen at creation", rule: "subnet/default-outbound-at-creation", fixture: "data-subnet", when: "update", changes: Object{"defaultOutboundAccess": true}, want: "defaultOutboundAccess"},
	{says: "a subnet in use can't be delegated", rule: "subnet/delegation-exclusive", fixture: "data-subnet", when: "update", changes: Object{"delegations": []any{Object{"name": "d", "serviceName": "Microsoft.DBforMySQL/flexibleServers"}}}, want: "delegations"},
	{says: "a service endpoint must exist", rule: "subnet/service-endpoint-known", fixture: "aks-subnet", changes: Object{"serviceEndpoints.0.service": "Microsoft.Strage"}, want: "Microsoft.Strage"},
	{says: "a subnet's policies take Azure's words", rule: "subnet/values", fixture: "data-subnet", changes: Object{"privateEndpointNetworkPolicies": "On"}, want: "'On'"},
	{says: "a subnet with an interface stays", rule: "subnet/not-in-use", fixture: "data-subnet", when: "delete", want: "networkInterfaces/nic"},
	{says: "a subnet with nodes stays", rule: "subnet/not-in-use", fixture: "aks-subnet", when: "delete", want: "managedClusters/cluster"},
	{says: "a subnet with a gateway stays", rule: "subnet/not-in-use", fixture: "gateway-subnet", when: "delete", want: "applicationGateways/gateway"},
	{says: "a public address is Standard", rule: "publicipaddress/standard-static", fixture: "nat-ip", changes: Object{"sku.name": "Basic"}, want: "Basic"},
	{says: "a Standard address is static", rule: "publicipaddress/standard-static", fixture: "nat-ip", changes: Object{"publicIPAllocationMethod": "Dynamic"}, want: "Dynamic"},
	{says: "zones are 1 to 3", rule: "publicipaddress/zones", fixture: "nat-ip", changes: Object{"zones.0": "4"}, want: "'4'"},
	{says: "a region without zones takes none", rule: "publicipaddress/zones", fixture: "nat-ip", changes: Object{"location": "westus"}, want: "westus"},
	{says: "an idle timeout has its range", rule: "publicipaddress/ranges", fixture: "nat-ip", changes: Object{"idleTimeoutInMinutes": 31.0}, want: "31"},
	{says: "an address in use stays", rule: "publicipaddress/not-in-use", fixture: "nat-ip", when: "delete", want: "natGateways/nat"},
	{says: "a NAT gateway is in one zone", rule: "natgateway/zones", fixture: "nat", changes: Object{"zones": []any{"1", "2"}}, want: "2 zones"},
	{says: "a NAT gateway is Standard", rule: "natgateway/values", fixture: "nat", changes: Object{"sku.name": "StandardV2"}, want: "StandardV2"},
	{says: "a NAT gateway's timeout has its range", rule: "natgateway/ranges", fixture: "nat", changes: Object{"idleTimeoutInMinutes": 121.0}, want: "121"},
	{says: "a NAT gateway's address is in its zone", rule: "natgateway/address-zones", fixture: "nat", changes: Object{"zones": []any{"1"}}, setup: live(netID+"publicIPAddresses/nat-ip", Object{"zones": []any{"2"}}), want: "zone 1"},
	{says: "an address serves one NAT gateway", rule: "natgateway/public-address-free", fixture: "nat", when: "update", changes: Object{"natGatewayName": "nat2"}, want: "nat-ip"},
	{says: "a NAT gateway in use stays", rule: "natgateway/not-in-use", fixture: "nat", when: "delete", want: "subnets/aks"},

	// Network security group.
	{says: "a rule's name is used once", rule: "networksecuritygroup/rule-names", fixture: "nsg", changes: Object{"securityRules.1.name": "allowhttps"}, want: "used twice"},
	{says: "a priority is used once per direction", rule: "networksecuritygroup/priorities", fixture: "nsg", changes: Object{"securityRules.1.priority": 100.0}, want: "AllowHTTPS"},
	{says: "a priority is at least 100", rule: "networksecuritygroup/priorities", fixture: "nsg", changes: Object{"securityRules.0.priority": 99.0}, want: "99"},
	{says: "a direction takes Azure's words", rule: "networksecuritygroup/rule-fields", fixture: "nsg", changes: Object{"securityRules.0.direction": "In"}, want: "direction: 'In'"},
	{says: "a rule has one form of source", rule: "networksecuritygroup/rule-fields", fixture: "nsg", changes: Object{"securityRules.0.sourceAddressPrefixes": []any{"10.0.0.0/8"}}, want: "exactly one of sourceAddressPrefix"},
	{says: "a service tag must exist", rule: "networksecuritygroup/address-prefixes", fixture: "nsg", changes: Object{"securityRules.0.sourceAddressPrefix": "VirtualNet"}, want: "VirtualNet"},
	{says: "a list of prefixes holds no tags", rule: "networksecuritygroup/address-prefixes", fixture: "nsg", changes: Object{"securityRules.0.sourceAddressPrefix": nil, "securityRules.0.sourceAddressPrefixes": []any{"VirtualNetwork"}}, want: "not a CIDR"},
	{says: "a port range ascends", rule: "networksecuritygroup/ports", fixture: "nsg", changes: Object{"securityRules.0.destinationPortRange": "443-80"}, want: "443-80"},
	{says: "a list of ports holds no star", rule: "networksecuritygroup/ports", fixture: "nsg", changes: Object{"securityRules.0.destinationPortRange": nil, "securityRules.0.destinationPortRanges": []any{"*"}}, want: "'*'"},
	{says: "a security group in use stays", rule: "networksecuritygroup/not-in-use", fixture: "nsg", when: "delete", want: "subnets/gateway"},

	// Network interface.
	{says: "an interface's address lies in its subnet", rule: "networkinterface/address", fixture: "nic", changes: Object{"ipConfigurations.0.privateIPAddress": "10.0.2.10"}, want: "10.0.2.10"},
	{says: "an interface's address isn't one of Azure's", rule: "networkinterface/address", fixture: "nic", changes: Object{"ipConfigurations.0.privateIPAddress": "10.0.3.3"}, want: "reserves"},
	{says: "a static address is given", rule: "networkinterface/address", fixture: "nic", changes: Object{"ipConfigurations.0.privateIPAddress": nil}, want: "Static"},
	{says: "an address has one interface", rule: "networkinterface/address-free", fixture: "nic", when: "update", changes: Object{"networkInterfaceName": "nic2"}, want: "10.0.3.10"},
	{says: "a public address has one interface", rule: "networkinterface/public-address-free", fixture: "nic", changes: Object{"ipConfigurations.0.publicIPAddress.id": netID + "publicIPAddresses/nat-ip"}, want: "natGateways/nat"},
	{says: "an interface is in its network's region", rule: "networkinterface/same-region", fixture: "nic", changes: Object{"location": "northeurope"}, want: "westeurope"},
	{says: "an interface in use stays", rule: "networkinterface/not-in-use", fixture: "nic", when: "delete", want: "virtualMachines/vm"},

	// Private endpoints and DNS.
	{says: "an endpoint has one connection", rule: "privateendpoint/one-connection", fixture: "endpoint", changes: Object{"privateLinkServiceConnections": []any{}}, want: "got 0"},
	{says: "an endpoint's group fits its target", rule: "privateendpoint/group", fixture: "endpoint", changes: Object{"privateLinkServiceConnections.0.groupIds": []any{"mysql"}}, want: "groupIds"},
	{says: "only a Premium registry has endpoints", rule: "privateendpoint/registry-premium", fixture: "endpoint", when: "update", setup: live(registryID, Object{"sku.name": "Basic"}), changes: Object{"privateEndpointName": "other", "privateLinkServiceConnections.0": Object{"name": "r", "privateLinkServiceId": registryID, "groupIds": []any{"registry"}}}, want: "Premium"},
	{says: "a server in a delegated subnet has no endpoints", rule: "privateendpoint/mysql-public-mode", fixture: "endpoint", setup: live(mysqlID, Object{"network.delegatedSubnetResourceId": vnetID + "/subnets/data"}), want: "delegated"},
	{says: "an endpoint is in its network's region", rule: "privateendpoint/same-region", fixture: "endpoint", changes: Object{"location": "northeurope"}, want: "westeurope"},
	{says: "an endpoint needs a free address", rule: "privateendpoint/subnet-has-room", fixture: "endpoint", setup: live(vnetID+"/subnets/data", Object{"addressPrefix": "10.0.3.0/32"}), want: "no free address"},
	{says: "an endpoint has one zone group", rule: "privatednszonegroup/one-per-endpoint", fixture: "zone-group", when: "update", changes: Object{"privateDnsZoneGroupName": "second"}, want: "'default'"},
	{says: "a zone group has five zones at most", rule: "privatednszonegroup/at-most-five-zones", fixture: "zone-group", changes: Object{"privateDnsZoneConfigs": many(6, func(i int) any { return Object{"name": itoa(i)} })}, want: "6 zones"},
	{says: "a zone group's zone is where clients look", rule: "privatednszonegroup/zone-fits-target", fixture: "zone-group", setup: also("mysql-zone", Object{"privateZoneName": "mysql.example.com"}), changes: Object{"privateDnsZoneConfigs.0.privateDnsZoneId": netID + "privateDnsZones/mysql.example.com"}, want: "privatelink.mysql.database.azure.com"},
	{says: "a zone with links stays", rule: "privatezone/no-links", fixture: "mysql-zone", when: "delete", want: "'link'"},
	{says: "a network is linked to a zone name once", rule: "virtualnetworklink/one-zone-name-per-network", fixture: "zone-link", when: "update", changes: Object{"virtualNetworkLinkName": "second"}, want: "already linked"},
	{says: "a privatelink zone registers nothing", rule: "virtualnetworklink/no-registration-for-privatelink", fixture: "zone-link", changes: Object{"registrationEnabled": true}, want: "registrationEnabled"},
	{says: "an A record set holds A records", rule: "privaterecordset/data", fixture: "record", changes: Object{"aRecords": nil, "cnameRecord": Object{"cname": "x"}}, want: "aRecords"},
	{says: "an A record is an IPv4 address", rule: "privaterecordset/data", fixture: "record", changes: Object{"aRecords.0.ipv4Address": "10.0.3"}, want: "10.0.3"},
	{says: "a record set has a TTL", rule: "privaterecordset/ttl", fixture: "record", changes: Object{"ttl": nil}, want: "ttl"},
	{says: "a public record's type must exist", rule: "recordset/data", fixture: "public-record", changes: Object{"recordType": "Q"}, want: "'Q'"},
	{says: "a public record's TTL is positive", rule: "recordset/ttl", fixture: "public-record", changes: Object{"ttl": 0.0}, want: "ttl: 0"},

	// Identities and roles.
	{says: "an identity in use stays", rule: "userassignedidentity/not-in-use", fixture: "cluster-identity", when: "delete", want: "managedClusters/cluster"},
	{says: "an identity has 20 credentials at most", rule: "federatedidentitycredential/at-most-20", fixture: "federation", setup: func(t *testing.T, s *Store) {
		for i := range 20 {
			also("federation", Object{"federatedIdentityCredentialResourceName": fmt.Sprintf("cred-%d", i), "subject": "system:serviceaccount:apim:" + itoa(i)})(t, s)
		}
	}, want: "20"},
	{says: "an issuer is an https URL", rule: "federatedidentitycredential/issuer", fixture: "federation", changes: Object{"issuer": "http://issuer"}, want: "http://issuer"},
	{says: "a subject is trusted once", rule: "federatedidentitycredential/unique-subject", fixture: "federation", when: "update", changes: Object{"federatedIdentityCredentialResourceName": "again"}, want: "'agic'"},
	{says: "a role must exist", rule: "roleassignment/role-known", fixture: "pull", changes: Object{"roleDefinitionId": rolePath + "7f951dda-4ed3-4680-a7ca-43fe172d538e"}, want: "roleDefinitionId"},
	{says: "a role is assigned once", rule: "roleassignment/not-twice", fixture: "pull", when: "update", changes: Object{"roleAssignmentName": guid("another")}, want: "already exists"},
	{says: "a new identity isn't known everywhere yet", rule: "roleassignment/principal-known", fixture: "pull", changes: Object{"principalType": nil}, setup: notKnownYet("kubelet-identity"), want: "does not exist in the directory"},
	{says: "a principal is a GUID", rule: "roleassignment/principal", fixture: "pull", changes: Object{"principalId": "kubelet"}, want: "'kubelet'"},
	{says: "an identity is a service principal, not the default user", rule: "roleassignment/principal-type", fixture: "pull", changes: Object{"principalType": "User"}, want: "ServicePrincipal"},

	// AKS.
	{says: "a DNS prefix has no underscore", rule: "managedcluster/dns-prefix", fixture: "cluster", changes: Object{"dnsPrefix": "a_b"}, want: "a_b"},
	{says: "a node resource group's name has a limit", rule: "managedcluster/node-resource-group", fixture: "cluster", changes: Object{"nodeResourceGroup": strings.Repeat("n", 81)}, want: "81 characters"},
	{says: "a node resource group is new", rule: "managedcluster/node-resource-group", fixture: "cluster", changes: Object{"nodeResourceGroup": "rg"}, want: "exists already"},
	{says: "a version must be offered", rule: "managedcluster/version", fixture: "cluster", changes: Object{"kubernetesVersion": "1.29"}, want: "1.29"},
	{says: "a version never goes down", rule: "managedcluster/version-step", fixture: "cluster", when: "update", changes: Object{"kubernetesVersion": "1.35"}, want: "1.35"},
	{says: "a cluster has a system pool", rule: "managedcluster/system-pool", fixture: "cluster", changes: Object{poolPath + "mode": "User"}, want: "System"},
	{says: "a system pool has 4 vCPU", rule: "managedcluster/pools", fixture: "cluster", changes: Object{poolPath + "vmSize": "Standard_D2s_v5"}, want: "Standard_D2s_v5"},
	{says: "a pool's name is short", rule: "managedcluster/pools", fixture: "cluster", changes: Object{poolPath + "name": "systempoolname"}, want: "systempoolname"},
	{says: "a cluster takes no new pool inline", rule: "managedcluster/no-new-pool", fixture: "cluster", when: "update", changes: Object{poolPath + "name": "other"}, want: "A new agent pool was introduced: 'other'"},
	{says: "an inline pool keeps its size", rule: "managedcluster/pool-immutable", fixture: "cluster", when: "update", changes: Object{poolPath + "vmSize": "Standard_D8s_v5"}, want: "agentPoolProfiles[0].vmSize"},
	{says: "the subnet holds the nodes' addresses", rule: "managedcluster/subnet-size", fixture: "cluster", changes: Object{poolPath + "count": 17.0}, want: "527"},
	{says: "cilium is both plane and policy", rule: "managedcluster/network-policy", fixture: "cluster", changes: Object{"networkProfile.networkPolicy": "calico"}, want: "calico"},
	{says: "a cluster's settings take Azure's words", rule: "managedcluster/values", fixture: "cluster", changes: Object{"sku.tier": "Paid"}, want: "Paid"},
	{says: "the autoscaler's numbers are strings", rule: "managedcluster/auto-scaler", fixture: "cluster", changes: Object{"autoScalerProfile.scaleDownUnneededTime": "10s"}, want: "scaleDownUnneededTime"},
	{says: "long-term support needs Premium", rule: "managedcluster/long-term-support", fixture: "cluster", changes: Object{"supportPlan": "AKSLongTermSupport"}, want: "Premium"},
	{says: "the service range keeps off the network", rule: "managedcluster/service-range", fixture: "cluster", changes: Object{"networkProfile.serviceCidr": "10.0.0.0/16", "networkProfile.dnsServiceIP": "10.0.0.10"}, want: "10.0.0.0/22"},
	{says: "the service range keeps off reserved ranges", rule: "managedcluster/service-range", fixture: "cluster", changes: Object{"networkProfile.serviceCidr": "172.16.0.0/12", "networkProfile.dnsServiceIP": "172.16.0.10"}, want: "172.30.0.0/16"},
	{says: "the DNS service isn't the first address", rule: "managedcluster/dns-service-ip", fixture: "cluster", changes: Object{"networkProfile.dnsServiceIP": "10.240.0.1"}, want: "10.240.0.1"},
	{says: "the NAT gateway comes before the cluster", rule: "managedcluster/nat-gateway", fixture: "cluster", setup: live(vnetID+"/subnets/aks", Object{"natGateway": nil}), want: "userAssignedNATGateway"},
	{says: "a user-assigned identity is named", rule: "managedcluster/identity-consistent", fixture: "cluster", changes: Object{"identity.userAssignedIdentities": []any{}}, want: "0 user-assigned"},
	{says: "the kubelet identity needs its operator", rule: "managedcluster/kubelet-identity-operator", fixture: "cluster", setup: func(t *testing.T, s *Store) {
		id := group + "/providers/" + typeIdentity + "/kubelet-identity/providers/" + typeAssignment + "/" + guid("operator")
		if _, err := s.Delete(context.Background(), Lookup("azure-native:authorization:RoleAssignment"), id, atOnce); err != nil {
			t.Fatal(err)
		}
	}, want: "Managed Identity Operator"},
	{says: "the cluster's identity needs its subnet", rule: "managedcluster/subnet-permission", fixture: "cluster", setup: func(t *testing.T, s *Store) {
		id := vnetID + "/subnets/aks/providers/" + typeAssignment + "/" + guid("network")
		if _, err := s.Delete(context.Background(), Lookup("azure-native:authorization:RoleAssignment"), id, atOnce); err != nil {
			t.Fatal(err)
		}
	}, want: "Network Contributor"},
	{says: "without local accounts there is Entra", rule: "managedcluster/local-accounts", fixture: "cluster", changes: Object{"aadProfile": nil}, want: "disableLocalAccounts"},
	{says: "an admin group is a GUID", rule: "managedcluster/aad-groups", fixture: "cluster", changes: Object{"aadProfile.adminGroupObjectIDs.0": "admins"}, want: "'admins'"},
	{says: "an authorised range is public", rule: "managedcluster/authorized-ranges", fixture: "cluster", changes: Object{"apiServerAccessProfile.authorizedIPRanges.0": "10.0.0.0/8"}, want: "10.0.0.0/8"},
	{says: "workload identity needs the issuer", rule: "managedcluster/workload-identity", fixture: "cluster", changes: Object{"oidcIssuerProfile": nil}, want: "oidcIssuerProfile"},
	{says: "the issuer stays on", rule: "managedcluster/oidc-stays-on", fixture: "cluster", when: "update", changes: Object{"oidcIssuerProfile.enabled": false, "securityProfile": nil}, want: "oidcIssuerProfile.enabled"},
	{says: "a cluster is in its network's region", rule: "managedcluster/same-region", fixture: "cluster", changes: Object{"location": "northeurope"}, want: "westeurope"},
	{says: "an autoscaled count stays in its bounds", rule: "agentpool/settings", fixture: "pool", changes: Object{"count": 7.0}, want: "count: 7"},
	{says: "bounds need the autoscaler", rule: "agentpool/settings", fixture: "pool", changes: Object{"enableAutoScaling": false}, want: "enableAutoScaling"},
	{says: "bounds are in order", rule: "agentpool/settings", fixture: "pool", changes: Object{"minCount": 7.0}, want: "minCount"},
	{says: "a reserved label is refused", rule: "agentpool/settings", fixture: "pool", changes: Object{"nodeLabels": Object{"kubernetes.azure.com/x": "y"}}, want: "kubernetes.azure.com/x"},
	{says: "a taint has an effect", rule: "agentpool/settings", fixture: "pool", changes: Object{"nodeTaints": []any{"a=b"}}, want: "'a=b'"},
	{says: "maxPods is at least 10", rule: "agentpool/settings", fixture: "pool", changes: Object{"maxPods": 9.0}, want: "maxPods: 9"},
	{says: "a pool's size must exist", rule: "agentpool/settings", fixture: "pool", changes: Object{"vmSize": "Standard_D3s_v5"}, want: "Standard_D3s_v5"},
	{says: "all pools fit into the subnet together", rule: "agentpool/subnet-size", fixture: "pool", changes: Object{"count": 15.0, "maxCount": 20.0}, want: "527"},
	{says: "pools share a network", rule: "agentpool/same-network", fixture: "pool", setup: func(t *testing.T, s *Store) {
		also("vnet", Object{"virtualNetworkName": "vnet2"})(t, s)
		also("data-subnet", Object{"virtualNetworkName": "vnet2"})(t, s)
	}, changes: Object{"vnetSubnetID": netID + "virtualNetworks/vnet2/subnets/data"}, want: "'system'"},
	{says: "a pool is never newer than its cluster", rule: "agentpool/version", fixture: "pool", changes: Object{"orchestratorVersion": "1.37"}, want: "1.37"},
	{says: "the last system pool stays", rule: "agentpool/last-system-pool", fixture: "system-pool", when: "delete", want: "only System pool"},
	{says: "a maintenance window lasts four hours", rule: "maintenanceconfiguration/window", fixture: "maintenance", changes: Object{"maintenanceWindow.durationHours": 3.0}, want: "durationHours: 3"},
	{says: "a maintenance window has one schedule", rule: "maintenanceconfiguration/window", fixture: "maintenance", changes: Object{"maintenanceWindow.schedule.daily": Object{"intervalDays": 1.0}}, want: "exactly one"},

	// Application Gateway.
	{says: "a gateway is v2", rule: "applicationgateway/sku", fixture: "gateway", changes: Object{"sku.name": "Standard_Medium"}, want: "Standard_Medium"},
	{says: "capacity and autoscaling exclude each other", rule: "applicationgateway/capacity", fixture: "gateway", changes: Object{"autoscaleConfiguration": Object{"minCapacity": 1.0}}, want: "exactly one"},
	{says: "a capacity is at most 125", rule: "applicationgateway/capacity", fixture: "gateway", changes: Object{"sku.capacity": 126.0}, want: "126"},
	{says: "a gateway's zones exist", rule: "applicationgateway/zones", fixture: "gateway", changes: Object{"zones.0": "0"}, want: "'0'"},
	{says: "a gateway's subnet is its own", rule: "applicationgateway/subnet", fixture: "gateway", changes: Object{"gatewayIPConfigurations.0.subnet.id": vnetID + "/subnets/aks"}, want: "gateways only"},
	{says: "a gateway's subnet holds its instances", rule: "applicationgateway/subnet-size", fixture: "gateway", changes: Object{"gatewayIPConfigurations.0.subnet.id": vnetID + "/subnets/data", "sku.capacity": 30.0}, want: "31 needed"},
	{says: "Azure must reach the gateway", rule: "applicationgateway/subnet-nsg", fixture: "gateway", setup: live(netID+"networkSecurityGroups/nsg", Object{"securityRules.1.access": "Deny"}), want: "65200 - 65535"},
	{says: "a frontend is public or private", rule: "applicationgateway/frontends", fixture: "gateway", changes: Object{frontPath + ".subnet": ref(vnetID + "/subnets/gateway")}, want: "exactly one of publicIPAddress and subnet"},
	{says: "a private frontend is static", rule: "applicationgateway/frontends", fixture: "gateway", changes: Object{frontPath: Object{"name": "public", "subnet": ref(vnetID + "/subnets/gateway")}}, want: "must be Static"},
	{says: "a gateway needs a public frontend", rule: "applicationgateway/public-frontend-needed", fixture: "gateway", changes: Object{frontPath: Object{"name": "public", "subnet": ref(vnetID + "/subnets/gateway"), "privateIPAllocationMethod": "Static", "privateIPAddress": "10.0.2.10"}}, want: "public IP"},
	{says: "a gateway's address is in its zones", rule: "applicationgateway/public-address", fixture: "gateway", setup: live(netID+"publicIPAddresses/gateway-ip", Object{"zones": []any{"1"}}), want: "zone 2"},
	{says: "a gateway's address is its own", rule: "applicationgateway/public-address-free", fixture: "gateway", changes: Object{frontPath + ".publicIPAddress.id": netID + "publicIPAddresses/nat-ip"}, want: "natGateways/nat"},
	{says: "a gateway's parts must exist", rule: "applicationgateway/parts-exist", fixture: "gateway", changes: Object{"httpListeners.0.frontendPort.id": "$self/frontendPorts/https"}, want: "frontendports/https"},
	{says: "a gateway's parts have names of their own", rule: "applicationgateway/unique-names", fixture: "gateway", changes: Object{"frontendPorts": []any{Object{"name": "http", "port": 80.0}, Object{"name": "http", "port": 81.0}}}, want: "frontendPorts"},
	{says: "a routing rule has a priority", rule: "applicationgateway/rule-priority", fixture: "gateway", changes: Object{"requestRoutingRules.0.priority": nil}, want: "priority: 0"},
	{says: "an HTTPS listener has a certificate", rule: "applicationgateway/https-certificate", fixture: "gateway", changes: Object{"httpListeners.0.protocol": "Https"}, want: "sslCertificate"},
	{says: "listeners differ", rule: "applicationgateway/listeners-distinct", fixture: "gateway", changes: Object{"httpListeners": many(2, func(i int) any {
		return Object{"name": "l" + itoa(i), "protocol": "Http", "frontendIPConfiguration": ref("$self/frontendIPConfigurations/public"), "frontendPort": ref("$self/frontendPorts/http")}
	})}, want: "same frontend"},
	{says: "an old TLS policy is refused", rule: "applicationgateway/ssl-policy", fixture: "gateway", changes: Object{"sslPolicy.policyName": "AppGwSslPolicy20150501"}, want: "AppGwSslPolicy20150501"},
	{says: "a request timeout has its range", rule: "applicationgateway/timers", fixture: "gateway", changes: Object{"backendHttpSettingsCollection.0.requestTimeout": 0.0}, want: "requestTimeout"},
	{says: "a Key Vault certificate needs an identity", rule: "applicationgateway/identity", fixture: "gateway", changes: Object{"sslCertificates": []any{Object{"name": "c", "keyVaultSecretId": "https://v.vault.azure.net/secrets/c"}}}, want: "identity"},
	{says: "a gateway is in its network's region", rule: "applicationgateway/same-region", fixture: "gateway", changes: Object{"location": "northeurope"}, want: "westeurope"},

	// MySQL.
	{says: "a tier goes with its size", rule: "server/tier-fits-sku", fixture: "mysql", changes: Object{"sku.tier": "Burstable"}, want: "Burstable"},
	{says: "a server's size must exist", rule: "server/tier-fits-sku", fixture: "mysql", changes: Object{"sku.name": "Standard_D5ads_v5"}, want: "Standard_D5ads_v5"},
	{says: "a server's version is offered", rule: "server/values", fixture: "mysql", changes: Object{"version": "8.0"}, want: "'8.0'"},
	{says: "a server stores 20 GiB at least", rule: "server/ranges", fixture: "mysql", changes: Object{"storage.storageSizeGB": 16.0}, want: "16"},
	{says: "a server's storage never shrinks", rule: "server/storage-grows-only", fixture: "mysql", when: "update", changes: Object{"storage.storageSizeGB": 32.0}, want: "from 64 to 32"},
	{says: "a standby isn't where the server is", rule: "server/high-availability", fixture: "mysql", changes: Object{"highAvailability.standbyAvailabilityZone": "1"}, want: "primary"},
	{says: "a standby in another zone needs zones", rule: "server/high-availability", fixture: "mysql", changes: Object{"location": "westus"}, want: "SameZone"},
	{says: "a zone-redundant standby is chosen at creation", rule: "server/high-availability", fixture: "mysql", when: "update", setup: live(mysqlID, Object{"highAvailability.mode": "Disabled"}), want: "at creation"},
	{says: "a server's zone exists", rule: "server/zone-in-region", fixture: "mysql", changes: Object{"availabilityZone": "4"}, want: "'4'"},
	{says: "geo backup needs a paired region", rule: "server/geo-backup-needs-pair", fixture: "mysql", changes: Object{"location": "polandcentral"}, want: "polandcentral"},
	{says: "an administrator has a name of its own", rule: "server/administrator", fixture: "mysql", changes: Object{"administratorLogin": "admin"}, want: "'admin'"},
	{says: "an administrator's password is strong", rule: "server/administrator", fixture: "mysql", changes: Object{"administratorLoginPassword": "abcdefgh"}, want: "three of"},
	{says: "a server is in a subnet or public", rule: "server/network-mode", fixture: "mysql", changes: Object{"network": Object{"publicNetworkAccess": "Enabled", "delegatedSubnetResourceId": vnetID + "/subnets/data"}}, want: "publicNetworkAccess"},
	{says: "automatic IOPS take no number", rule: "server/iops", fixture: "mysql", changes: Object{"storage.iops": 500.0}, want: "storage.iops"},
	{says: "a maintenance window is switched on", rule: "server/maintenance-window", fixture: "mysql", changes: Object{"maintenanceWindow": Object{"dayOfWeek": 0.0}}, want: "customWindow"},
	{says: "an endpoint goes before its server", rule: "server/no-endpoints", fixture: "mysql", when: "delete", want: "mysql-endpoint"},
	{says: "a server parameter must exist", rule: "configuration/known", fixture: "configuration", changes: Object{"configurationName": "tls_versions"}, want: "tls_versions"},
	{says: "a server refuses old TLS", rule: "configuration/known", fixture: "configuration", changes: Object{"value": "TLSv1.1"}, want: "TLSv1.1"},
	{says: "a server's own schema is taken", rule: "database/reserved", fixture: "database", changes: Object{"databaseName": "mysql"}, want: "'mysql'"},
	{says: "a collation fits its character set", rule: "database/collation", fixture: "database", changes: Object{"charset": "latin1"}, want: "latin1"},

	// Storage.
	{says: "a SKU goes with its kind", rule: "storageaccount/sku-kind", fixture: "account", changes: Object{"sku.name": "Standard_LRS"}, want: "FileStorage"},
	{says: "zone redundancy needs zones", rule: "storageaccount/sku-zones", fixture: "account", changes: Object{"location": "westus"}, want: "westus"},
	{says: "geo redundancy needs a pair", rule: "storageaccount/sku-zones", fixture: "logs", changes: Object{"location": "polandcentral", "kind": "StorageV2", "sku.name": "Standard_GRS"}, want: "paired region"},
	{says: "premium stays premium", rule: "storageaccount/sku-family-fixed", fixture: "logs", when: "update", changes: Object{"sku.name": "Standard_LRS"}, want: "Standard_LRS"},
	{says: "old TLS is refused", rule: "storageaccount/tls", fixture: "account", changes: Object{"minimumTlsVersion": "TLS1_0"}, want: "TLS1_0"},
	{says: "a file account has no access tier", rule: "storageaccount/access-tier", fixture: "account", changes: Object{"accessTier": "Hot"}, want: "Hot"},
	{says: "a network rule's subnet has the endpoint", rule: "storageaccount/network-rules", fixture: "account", changes: Object{"networkRuleSet.virtualNetworkRules.0.virtualNetworkResourceId": vnetID + "/subnets/data"}, want: "SubnetsHaveNoServiceEndpointsConfigured"},
	{says: "a firewall address is public", rule: "storageaccount/network-rules", fixture: "account", changes: Object{"networkRuleSet.ipRules": []any{Object{"iPAddressOrRange": "10.0.0.1"}}}, want: "10.0.0.1"},
	{says: "an account's settings take Azure's words", rule: "storageaccount/values", fixture: "account", changes: Object{"networkRuleSet.defaultAction": "Block"}, want: "Block"},
	{says: "an endpoint goes before its account", rule: "storageaccount/no-endpoints", fixture: "account", when: "delete", setup: also("endpoint", Object{"privateEndpointName": "files", "privateLinkServiceConnections.0": Object{"name": "f", "privateLinkServiceId": accountID, "groupIds": []any{"file"}}}), want: "privateEndpoints/files"},
	{says: "a block blob account has no shares", rule: "fileshare/account", fixture: "lifecycle", changes: nil, setup: func(t *testing.T, s *Store) {
		live(accountID, Object{"kind": "BlockBlobStorage"})(t, s)
	}, want: "no file service"},
	{says: "a premium share has 100 GiB at least", rule: "fileshare/size", fixture: "share", changes: Object{"shareQuota": 50.0}, want: "shareQuota: 50"},
	{says: "a v1 share has no provisioned IOPS", rule: "fileshare/size", fixture: "share", changes: Object{"provisionedIops": 3000.0}, want: "provisionedIops"},
	{says: "root squash needs NFS", rule: "fileshare/protocol", fixture: "share", changes: Object{"rootSquash": "NoRootSquash"}, want: "rootSquash"},
	{says: "deleted shares are kept a year at most", rule: "fileserviceproperties/retention", fixture: "file-service", changes: Object{"shareDeleteRetentionPolicy.days": 366.0}, want: "366"},
	{says: "deleted blobs are kept a day at least", rule: "blobserviceproperties/retention", fixture: "blob-service", changes: Object{"deleteRetentionPolicy.days": 0.0}, want: "days: 0"},
	{says: "a file account has no containers", rule: "blobcontainer/account", fixture: "container", changes: Object{"accountName": "filesabc123"}, want: "no blob service"},
	{says: "a deleted container's name is taken for a while", rule: "blobcontainer/deleted-a-while-ago", fixture: "container", setup: deleted("container"), when: "update", want: "'kubernetes-logs' is being deleted"},
	{says: "a deleted share's name is taken for a while", rule: "fileshare/deleted-a-while-ago", fixture: "share", setup: deleted("share"), when: "update", want: "'events' is being deleted"},
	{says: "a container is private", rule: "blobcontainer/public-access", fixture: "container", changes: Object{"publicAccess": "Blob"}, want: "Blob"},
	{says: "append blobs have no tiers", rule: "managementpolicy/rules", fixture: "lifecycle", changes: Object{"policy.rules.0.definition.actions.baseBlob.tierToCool": Object{"daysAfterModificationGreaterThan": 1.0}}, want: "tierToCool"},

	// Registry.
	{says: "a registry's settings take Azure's words", rule: "registry/values", fixture: "registry", changes: Object{"sku.name": "Gold"}, want: "Gold"},
	{says: "network rules need Premium", rule: "registry/premium-features", fixture: "registry", changes: Object{"sku.name": "Standard"}, want: "networkRuleSet"},
	{says: "untagged manifests are kept a year at most", rule: "registry/ranges", fixture: "registry", changes: Object{"policies.retentionPolicy.days": 366.0}, want: "366"},
	{says: "a registry's firewall takes public addresses", rule: "registry/ip-rules", fixture: "registry", changes: Object{"networkRuleSet.ipRules.0.iPAddressOrRange": "192.168.0.1"}, want: "192.168.0.1"},
	{says: "a zone-redundant registry needs zones", rule: "registry/zones", fixture: "registry", changes: Object{"location": "westus"}, want: "westus"},
	{says: "a replicated registry stays Premium", rule: "registry/sku-downgrade", fixture: "registry", when: "update", changes: Object{"sku.name": "Standard"}, want: "replications"},
	{says: "an endpoint goes before its registry", rule: "registry/no-endpoints", fixture: "registry", when: "delete", setup: also("endpoint", Object{"privateEndpointName": "images", "privateLinkServiceConnections.0": Object{"name": "r", "privateLinkServiceId": registryID, "groupIds": []any{"registry"}}}), want: "privateEndpoints/images"},
	{says: "a replication needs Premium", rule: "replication/premium", fixture: "replication", setup: live(registryID, Object{"sku.name": "Standard"}), want: "Premium"},
	{says: "a replication is elsewhere", rule: "replication/another-region", fixture: "replication", changes: Object{"location": "westeurope"}, want: "own region"},
	{says: "a zone-redundant replication needs zones", rule: "replication/zones", fixture: "replication", changes: Object{"location": "westus", "zoneRedundancy": "Enabled"}, want: "westus"},

	// Machines and disks.
	{says: "a disk is in one zone", rule: "disk/zones", fixture: "disk", changes: Object{"zones": []any{"1", "2"}}, want: "2 zones"},
	{says: "a disk's SKU must exist", rule: "disk/values", fixture: "disk", changes: Object{"sku.name": "P6"}, want: "'P6'"},
	{says: "a zone-redundant disk names no zone", rule: "disk/zone-redundant-or-zonal", fixture: "disk", changes: Object{"sku.name": "Premium_ZRS"}, want: "Premium_ZRS"},
	{says: "an empty disk has a size", rule: "disk/size", fixture: "disk", changes: Object{"diskSizeGB": nil}, want: "diskSizeGB"},
	{says: "a disk never shrinks", rule: "disk/size", fixture: "disk", when: "update", changes: Object{"diskSizeGB": 32.0}, want: "from 64 to 32"},
	{says: "an attached disk stays", rule: "disk/not-attached", fixture: "disk", when: "delete", want: "virtualMachines/vm"},
	{says: "a region has its fault domains", rule: "availabilityset/domains", fixture: "availability-set", changes: Object{"location": "uksouth"}, want: "platformFaultDomainCount: 3"},
	{says: "an availability set with machines stays", rule: "availabilityset/empty", fixture: "availability-set", when: "delete", setup: live(vmID, Object{"availabilitySet": ref(group + "/providers/" + typeSet + "/set")}), want: "virtualMachines/vm"},
	{says: "a machine's size must exist", rule: "virtualmachine/size", fixture: "vm", changes: Object{"hardwareProfile.vmSize": "Standard_D4x_v5"}, want: "Standard_D4x_v5"},
	{says: "a machine is in one zone", rule: "virtualmachine/zones", fixture: "vm", changes: Object{"zones": []any{"1", "2"}}, want: "2 zones"},
	{says: "a zonal machine is in no availability set", rule: "virtualmachine/zone-or-set", fixture: "vm", changes: Object{"availabilitySet.id": group + "/providers/" + typeSet + "/set"}, want: "availabilitySet"},
	{says: "an availability set is aligned", rule: "virtualmachine/set-aligned", fixture: "vm", setup: live(group+"/providers/"+typeSet+"/set", Object{"sku.name": "Classic"}), changes: Object{"zones": nil, "availabilitySet.id": group + "/providers/" + typeSet + "/set"}, want: "Aligned"},
	{says: "a disk is in the machine's zone", rule: "virtualmachine/disk-zones", fixture: "vm", changes: Object{"zones": []any{"2"}}, want: "zone '1'"},
	{says: "a machine's address is in its zone", rule: "virtualmachine/address-zones", fixture: "vm", setup: func(t *testing.T, s *Store) {
		live(netID+"networkInterfaces/nic", Object{"ipConfigurations.0.publicIPAddress.id": netID + "publicIPAddresses/nat-ip"})(t, s)
		live(netID+"publicIPAddresses/nat-ip", Object{"zones": []any{"3"}})(t, s)
	}, want: "zone 1"},
	{says: "an attached disk is named", rule: "virtualmachine/data-disks", fixture: "vm", changes: Object{diskPath + "createOption": "Empty"}, want: "createOption"},
	{says: "a premium disk needs a premium size", rule: "virtualmachine/data-disks", fixture: "vm", changes: Object{"hardwareProfile.vmSize": "Standard_D4_v3"}, want: "does not support Premium_LRS"},
	{says: "a lun is used once", rule: "virtualmachine/data-disks", fixture: "vm", changes: Object{"storageProfile.dataDisks": many(2, func(int) any { return Object{"lun": 1.0, "createOption": "Empty", "diskSizeGB": 8.0} })}, want: "lun: 1"},
	{says: "a disk belongs to one machine", rule: "virtualmachine/attached-once", fixture: "vm", when: "update", changes: Object{"vmName": "vm2"}, want: "virtualMachines/vm"},
	{says: "an OS disk's name is free", rule: "virtualmachine/os-disk-name-free", fixture: "vm", changes: Object{"storageProfile.osDisk.name": "data"}, want: "'data'"},
	{says: "an image must exist", rule: "virtualmachine/image", fixture: "vm", changes: Object{"storageProfile.imageReference.publisher": "OpenLogic"}, want: "OpenLogic"},
	{says: "trusted launch needs generation 2", rule: "virtualmachine/trusted-launch", fixture: "vm", changes: Object{"storageProfile.imageReference.sku": "server-gen1"}, want: "generation 2"},
	{says: "an administrator isn't called admin", rule: "virtualmachine/administrator", fixture: "vm", changes: Object{"osProfile.adminUsername": "admin"}, want: "'admin'"},
	{says: "a key goes to the administrator's file", rule: "virtualmachine/administrator", fixture: "vm", changes: Object{keyPath + "path": "/root/.ssh/authorized_keys"}, want: "/home/apimadmin"},
	{says: "a password is strong", rule: "virtualmachine/administrator", fixture: "vm", changes: Object{"osProfile.linuxConfiguration": Object{"disablePasswordAuthentication": false}, "osProfile.adminPassword": "short"}, want: "12 to 72"},
	{says: "custom data is base64", rule: "virtualmachine/custom-data", fixture: "vm", changes: Object{"osProfile.customData": "#cloud-config"}, want: "base64"},
	{says: "custom data has 64 KiB", rule: "virtualmachine/custom-data", fixture: "vm", changes: Object{"osProfile.customData": base64.StdEncoding.EncodeToString(make([]byte, 64<<10+1))}, want: "65537"},
	{says: "a machine's identity is consistent", rule: "virtualmachine/identity-consistent", fixture: "vm", changes: Object{"identity.type": "UserAssigned"}, want: "0 user-assigned"},
	{says: "a machine is in its interface's region", rule: "virtualmachine/same-region", fixture: "vm", changes: Object{"location": "northeurope"}, want: "westeurope"},
	{says: "an extension is there once", rule: "virtualmachineextension/one-per-handler", fixture: "extension", when: "update", changes: Object{"vmExtensionName": "again"}, want: "'login'"},
	{says: "Entra login needs an identity", rule: "virtualmachineextension/login-needs-identity", fixture: "extension", setup: live(vmID, Object{"identity": nil}), want: "system-assigned"},
	{says: "an extension's version has two parts", rule: "virtualmachineextension/version", fixture: "extension", changes: Object{"typeHandlerVersion": "1.0.0"}, want: "1.0.0"},
	{says: "a run command has one source", rule: "virtualmachineruncommandbyvirtualmachine/source", fixture: "command", changes: Object{"source.scriptUri": "https://x"}, want: "got 2"},
	{says: "a run command ends in 90 minutes", rule: "virtualmachineruncommandbyvirtualmachine/ranges", fixture: "command", changes: Object{"timeoutInSeconds": 5401.0}, want: "5401"},
	{says: "a machine has 25 run commands at most", rule: "virtualmachineruncommandbyvirtualmachine/at-most-25", fixture: "command", setup: func(t *testing.T, s *Store) {
		for i := range 25 {
			also("command", Object{"runCommandName": "c" + itoa(i)})(t, s)
		}
	}, want: "25"},
	{says: "a run command's parameter is a name", rule: "virtualmachineruncommandbyvirtualmachine/parameters", fixture: "command", changes: Object{"protectedParameters.0.name": "PASS WORD"}, want: "PASS WORD"},

	// Log Analytics.
	{says: "a deleted workspace is kept where it was", rule: "workspace/deleted-a-while-ago", fixture: "workspace", setup: deleted("workspace"), when: "update", changes: Object{"location": "northeurope"}, want: "westeurope"},
	{says: "a workspace's SKU is offered", rule: "workspace/values", fixture: "workspace", changes: Object{"sku.name": "PerNode"}, want: "PerNode"},
	{says: "a workspace keeps data 30 days at least", rule: "workspace/retention", fixture: "workspace", changes: Object{"retentionInDays": 29.0}, want: "29"},
	{says: "a daily quota isn't zero", rule: "workspace/daily-quota", fixture: "workspace", changes: Object{"workspaceCapping.dailyQuotaGb": 0.0}, want: "dailyQuotaGb"},
	{says: "a workspace's name isn't Azure's", rule: "workspace/reserved-name", fixture: "workspace", changes: Object{"workspaceName": "DefaultWorkspace-x"}, want: "DefaultWorkspace-x"},
}

// targets are delete targets that aren't fixtures of their own: what Azure made by itself.
var targets = map[string]struct{ token, id string }{
	"node-group":  {"azure-native:resources:ResourceGroup", "/subscriptions/" + subscription + "/resourceGroups/rg-nodes"},
	"system-pool": {"azure-native:containerservice:AgentPool", clusterID + "/agentPools/system"},
}

// attempt sends a breach's request and returns Azure's answer.
func (b breach) attempt(t *testing.T) error {
	t.Helper()
	until := b.fixture
	if b.when != "" {
		until = ""
	}
	s := build(t, until)
	if b.setup != nil {
		b.setup(t, s)
	}
	if target, own := targets[b.fixture]; own {
		_, err := s.Delete(context.Background(), Lookup(target.token), target.id, atOnce)
		return err
	}
	f := byName(t, b.fixture)
	if b.rule == "fileshare/account" {
		f = byName(t, "share")
	}
	inputs := f.inputs(s)
	for path, to := range b.changes {
		change(inputs, path, to)
	}
	in := subscription
	if other := text(inputs, "subscriptionId"); other != "" {
		in = other
		delete(inputs, "subscriptionId")
	}
	if b.when == "delete" {
		id, err := Lookup(f.token).ID(in, inputs)
		if err != nil {
			t.Fatal(err)
		}
		_, err = s.Delete(context.Background(), Lookup(f.token), id, atOnce)
		return err
	}
	_, _, err := s.Put(context.Background(), Lookup(f.token), in, inputs, atOnce)
	return err
}

func TestRules(t *testing.T) {
	for _, b := range breaches {
		t.Run(b.says, func(t *testing.T) {
			expect(t, b.attempt(t), b.rule, b.want)
		})
	}
}

// expect looks for a rule's refusal, with its code and status, among the errors.
func expect(t *testing.T, err error, rule, want string) {
	t.Helper()
	for _, r := range Rules() {
		if r.ID != rule {
			continue
		}
		for _, refusal := range refusals(err) {
			if refusal.Code == r.Code && strings.Contains(refusal.Message, want) && refusal.Status == max(r.Status, 400) {
				return
			}
		}
		t.Fatalf("no %s naming %q in: %v", r.Code, want, err)
	}
	t.Fatalf("there is no rule %s", rule)
}

// firstOf returns the first fixture of every type.
func firstOf() map[string]fixture {
	out := map[string]fixture{}
	for _, f := range fixtures {
		if _, seen := out[f.token]; !seen {
			out[f.token] = f
		}
	}
	return out
}

func TestNamesAreHeldToTheirRule(t *testing.T) {
	for token, f := range firstOf() {
		t.Run(token, func(t *testing.T) {
			s, typ := build(t, f.name), Lookup(token)
			inputs := f.inputs(s)
			inputs[typ.NameParameter()] = "!?"
			_, _, err := s.Put(context.Background(), typ, subscription, inputs, atOnce)
			expect(t, err, typ.family()+"/name", typ.NameParameter())
		})
	}
}

func TestNamesUniqueInAzureAreTakenOnce(t *testing.T) {
	for token, f := range firstOf() {
		if typ := Lookup(token); typ.Unique {
			t.Run(token, func(t *testing.T) {
				s := build(t, "")
				also("group", Object{"resourceGroupName": "rg2"})(t, s)
				inputs := f.inputs(s)
				inputs["resourceGroupName"] = "rg2"
				_, _, err := s.Put(context.Background(), typ, subscription, inputs, atOnce)
				expect(t, err, typ.family()+"/name-unique-in-azure", "already taken")
			})
		}
	}
}

func TestRequiredPropertiesAreAskedFor(t *testing.T) {
	for token, f := range firstOf() {
		for _, path := range Lookup(token).Required {
			t.Run(token+" needs "+path, func(t *testing.T) {
				s, typ := build(t, f.name), Lookup(token)
				inputs := f.inputs(s)
				unset(inputs, path)
				merged := clone(typ.Defaults)
				if has(merged, path) {
					t.Fatalf("%s is required and has a default", path)
				}
				_, _, err := s.Put(context.Background(), typ, subscription, inputs, atOnce)
				expect(t, err, typ.family()+"/required", "'"+path+"'")
			})
		}
	}
}

func TestImmutablePropertiesStay(t *testing.T) {
	for token, f := range firstOf() {
		typ := Lookup(token)
		for _, path := range typ.Immutable {
			t.Run(token+" keeps "+path, func(t *testing.T) {
				s := build(t, "")
				inputs := f.inputs(s)
				value := get(inputs, path)
				if value == nil { // the fixture doesn't set it: give the resource one and ask for another
					value = "before"
					live(mustID(t, typ, inputs), Object{path: value})(t, s)
				}
				set(inputs, path, other(value))
				_, _, err := s.Put(context.Background(), typ, subscription, inputs, atOnce)
				expect(t, err, typ.family()+"/immutable", "'"+path+"'")
			})
		}
	}
}

func mustID(t *testing.T, typ *Type, inputs Object) string {
	t.Helper()
	id, err := typ.ID(subscription, inputs)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// other returns a value of the same kind that differs.
func other(value any) any {
	switch v := value.(type) {
	case string:
		return v + "x"
	case float64:
		return v + 1
	case bool:
		return !v
	case []any:
		return append(v, "9")
	case Object:
		out := Object{}
		for k, item := range v {
			out[k] = other(item)
		}
		return out
	}
	return value
}

func TestEveryRuleIsBrokenByATest(t *testing.T) {
	tested := map[string]bool{}
	for _, b := range breaches {
		tested[b.rule] = true
	}
	generated := map[string]bool{"name": true, "name-unique-in-azure": true, "required": true, "immutable": true}
	fixtured := map[string]bool{}
	for token := range firstOf() {
		fixtured[Lookup(token).family()] = true
	}
	for _, r := range Rules() {
		family, what, _ := strings.Cut(r.ID, "/")
		if !tested[r.ID] && (!generated[what] || !fixtured[family]) {
			t.Errorf("%s isn't broken by any test", r.ID)
		}
		if r.Source == "" || r.Code == "" || (r.Provenance != Observed && r.Provenance != Documented && r.Provenance != Assumed) {
			t.Errorf("%s lacks a source, a code or a provenance", r.ID)
		}
		if r.Provenance == Assumed && r.Confirm == "" {
			t.Errorf("%s is assumed and doesn't say how to confirm it", r.ID)
		}
	}
}
