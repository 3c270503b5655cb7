package badconfig

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Case is a configuration that must be refused.
type Case struct {
	// Name says what is wrong, as a sentence.
	Name string
	// Stack replaces the stack's name; empty means prod.
	Stack string
	// Set holds changes to production's configuration, by path.
	Set map[string]any
	// Want is what the message must contain: key, value, rule and way out.
	Want []string
}

// Remove is the value that takes a key away.
const Remove = removal("remove")

type removal string

// values is short for the changes of a case.
type values = map[string]any

func sortedPaths(set values) []string { return slices.Sorted(maps.Keys(set)) }

const group = "workloads.groups[0]"

// secondGroup is a complete second group, with changes to be added by the case.
func secondGroup(more values) values {
	wildcard := certificates().wildcard
	set := values{
		"workloads.groups[1].name": "second", "workloads.groups[1].image": "apim/second:1", "aks.apimPool.max": 12,
		"network.addressSpace": "10.0.0.0/20", "network.subnets.aks": "10.0.8.0/21",
		"secrets.certificate": wildcard.chain, "secrets.privateKey": wildcard.key,
	}
	maps.Copy(set, more)
	return set
}

// development lowers the environment, so that a case reaches the rule behind production's own.
func development(more values) values {
	set := values{"environment": "development"}
	maps.Copy(set, more)
	return set
}

// Cases lists everything that must be refused.
func Cases() []Case {
	return slices.Concat(keys(), names(), places(), networks(), clusters(), data(), entries(), access(), workloads(), figures(), secrets())
}

func keys() []Case {
	return []Case{
		{"an unknown top-level key names the nearest one", "", values{"netwrok": values{}}, []string{"netwrok: is not a configuration key", "nearest one is network", "rename or remove", "known here: access, aks, azure, cassandra"}},
		{"an unknown nested key names the nearest one with its path", "", values{"aks.maxPod": 30}, []string{"aks.maxPod: is not a configuration key", "nearest one is aks.maxPods"}},
		{"an unknown key in a list is found", "", values{group + ".gateway.replicas": 3}, []string{group + ".gateway.replicas: is not a configuration key", "maxReplicas"}},
		{"an unknown key in another case names the right one", "", values{"aks.authorizedIPRanges": []string{"203.0.113.0/24"}}, []string{"aks.authorizedIPRanges: is not a configuration key", "aks.authorizedIpRanges"}},
		{"a word where a number belongs", "", values{"aks.maxPods": "many"}, []string{"aks.maxPods: many: must be a whole number", "digits only"}},
		{"a fraction where a whole number belongs", "", values{"mysql.storageGB": 64.5}, []string{"mysql.storageGB: 64.5: must be a whole number"}},
		{"a number beyond every limit", "", values{"aks.maxPods": "99999999999999999999"}, []string{"aks.maxPods: 99999999999999999999: is beyond every limit", "docs/configuration.md"}},
		{"a number of replicas that overflows", "", values{group + ".gateway.maxReplicas": "9223372036854775807"}, []string{group + ".gateway.maxReplicas: 9223372036854775807: is beyond every limit"}},
		{"a key in the wrong section names the right one", "", values{"network.adminCidrs": []string{"203.0.113.0/24"}}, []string{"network.adminCidrs: is not a configuration key; the nearest one is jumpHost.adminCidrs; move it there"}},
		{"a key written with dots at the top level names its section", "", values{"aks.maxPods": Remove, "network": values{"aks.maxPods": 30}}, []string{"network.aks.maxPods: is not a configuration key; the nearest one is aks.maxPods"}},
		{"a list where a section belongs", "", values{"aks": []any{"maxPods"}}, []string{"aks: must be an object of keys and values", "one per line"}},
		{"a word where a boolean belongs", "", values{"protect": "yes"}, []string{"protect: yes: must be true or false"}},
		{"a number where a boolean belongs", "", values{"jumpHost.publicIp": 1}, []string{"jumpHost.publicIp: 1: must be true or false"}},
		{"a boolean where a text belongs", "", values{"mysql.adminLogin": true}, []string{"mysql.adminLogin: true: must be a text"}},
		{"a text where an object belongs", "", values{"network": "10.0.0.0/22"}, []string{"network: 10.0.0.0/22: must be an object"}},
		{"a text where a list belongs", "", values{"jumpHost.adminCidrs": "203.0.113.0/24"}, []string{"jumpHost.adminCidrs: 203.0.113.0/24: must be a list"}},
		{"an object where a list belongs", "", values{"workloads.groups": values{"name": "default"}}, []string{"workloads.groups: must be a list"}},
		{"a text where a group belongs", "", values{"workloads.groups": []any{"default"}}, []string{group + ": default: must be an object"}},
		{"a list where tags belong", "", values{"azure.tags": []any{"a"}}, []string{"azure.tags: must be an object of keys and texts"}},
		{"a value that is not allowed lists those that are", "", values{"environment": "staging"}, []string{"environment: staging: is not one of the values allowed", "production, development"}},
		{"a trace level the product doesn't have", "", values{"workloads.traceLevel": "verbose"}, []string{"workloads.traceLevel: verbose", "INFO, DEBUG, DATA"}},
		{"a key emptied instead of removed", "", values{"aks.kubernetesVersion": ""}, []string{`aks.kubernetesVersion: "": is empty`, "remove the key to get its default, 1.36"}},
		{"a missing domain", "", values{"domain": Remove}, []string{"domain: is required", "stack's configuration file"}},
		{"a missing section names the keys it should have", "", values{"azure": Remove}, []string{"azure.location: is required", "azure.subscriptionId: is required", "azure.tenantId: is required"}},
		{"an empty list that is required", "", values{"aks.adminGroups": []any{}}, []string{"aks.adminGroups: is required"}},
		{"an empty line in a list", "", values{"aks.adminGroups": []string{""}}, []string{`aks.adminGroups[0]: "": is empty; write a value or remove the line`}},
		{"missing administrators' ranges", "", values{"jumpHost": Remove}, []string{"jumpHost.adminCidrs: is required"}},
		{"several faults at once are all reported", "", values{"domain": "apim", "aks.maxPods": 10, "azure.location": "westeurop", "mysql.version": "5.7"},
			[]string{"domain: apim", "aks.maxPods: 10", "azure.location: westeurop", "mysql.version: 5.7"}},
	}
}

func names() []Case {
	tooMany := values{}
	for i := range 13 {
		tooMany[fmt.Sprintf("tag-%d", i)] = "x"
	}
	return []Case{
		{"a stack name that makes names too long", "a-stack-named-after-the-whole-department", values{}, []string{"stack: a-stack-named", "characters long; 38 at most", "shorter stack name"}},
		{"a stack name with upper case", "Prod", values{}, []string{"stack: Prod: must be lower-case", "rename the stack"}},
		{"a stack name with a dot", "prod.eu", values{}, []string{"stack: prod.eu: must be lower-case letters"}},
		{"more tags than DNS zones take", "", values{"azure.tags": tooMany}, []string{"azure.tags: 13 tags: 12 at most", "remove some"}},
		{"a tag name Azure reserves", "", values{"azure.tags": values{"microsoft-owner": "x"}}, []string{"azure.tags.microsoft-owner: starts with a word Azure reserves"}},
		{"a tag name with a character Azure refuses", "", values{"azure.tags": values{"cost/centre": "x"}}, []string{"azure.tags.cost/centre: must be a name of 1 to 128", "rename the tag"}},
		{"a tag the stack sets itself", "", values{"azure.tags": values{"Stack": "x"}}, []string{"azure.tags.Stack: x: is a tag the stack sets itself", "remove it"}},
		{"a tag value that is too long", "", values{"azure.tags": values{"note": strings.Repeat("x", 257)}}, []string{"azure.tags.note", "257 characters long, 256 at most"}},
		{"two tags that differ in case only", "", values{"azure.tags": values{"Owner": "x", "owner": "y"}}, []string{"azure.tags.owner: y: differs from Owner in case only"}},
		{"a group name with a dash", "", values{group + ".name": "team-a"}, []string{group + ".name: team-a: must be 1 to 30 lower-case letters"}},
		{"a group name that starts with a digit", "", values{group + ".name": "1st"}, []string{group + ".name: 1st", "starting with a letter"}},
		{"a group name that is too long", "", values{group + ".name": strings.Repeat("g", 31)}, []string{group + ".name: ggg", "1 to 30"}},
		{"a group without a name", "", values{group + ".name": Remove}, []string{group + ".name: is required"}},
		{"two groups of one name", "", secondGroup(values{"workloads.groups[1].name": "default"}), []string{"workloads.groups[1].name: default: is already taken by " + group + ".name", "choose another"}},
		{"two groups of one keyspace", "", secondGroup(values{group + ".keyspace": "shared", "workloads.groups[1].keyspace": "Shared"}), []string{"workloads.groups[1].keyspace: Shared: is already taken by " + group + ".keyspace"}},
		{"a keyspace that is another group's throttling keyspace", "", secondGroup(values{group + ".keyspace": "a", "workloads.groups[1].keyspace": "t_a"}), []string{"workloads.groups[1].keyspace: t_a: is already taken"}},
		{"a keyspace with a dash", "", values{group + ".keyspace": "my-keyspace"}, []string{group + ".keyspace: my-keyspace: must be 1 to 46 letters, digits and underscores"}},
		{"a keyspace of Cassandra's own", "", values{group + ".keyspace": "system_auth"}, []string{group + ".keyspace: system_auth: is one of Cassandra's own keyspaces"}},
		{"a derived keyspace that is too long", "a-stack-with-a-long-name", values{group + ".name": "a_group_that_has_a_long_name"}, []string{group + ".keyspace: a_stack_with", "1 to 46", "set the keyspace of group"}},
		{"two groups of one host", "", secondGroup(values{"workloads.groups[1].hosts.api": "api"}), []string{"workloads.groups[1].hosts.api: api.apim.example.com: is already taken by " + group + ".hosts.api"}},
		{"a group on ANM's host", "", values{group + ".hosts.manager": "anm"}, []string{group + ".hosts.manager: anm.apim.example.com: is already taken by workloads.anm"}},
		{"a host that is the stack's internal zone", "", values{"domain": "apim.internal", group + ".hosts.api": "prod", "secrets": internalCertificate()}, []string{group + ".hosts.api: prod.apim.internal: is already taken by the stack's internal DNS zone"}},
		{"a host with the domain in it", "", values{group + ".hosts.api": "api.apim.example.com"}, []string{group + ".hosts.api: api.apim.example.com: must be a DNS label"}},
		{"a host outside of the domain", "", values{group + ".hosts.manager": "api-manager.example.org"}, []string{group + ".hosts.manager: api-manager.example.org: must be a DNS label"}},
		{"an unknown region names the nearest one", "", values{"azure.location": "westeurop"}, []string{"azure.location: westeurop: is not a region", "nearest one is westeurope"}},
		{"a resource group that ends in a dot", "", values{"azure.resourceGroup": "apim."}, []string{"azure.resourceGroup: apim.: must be 1 to 90", "not ending in a dot"}},
		{"a namespace of the cluster's own", "", values{"workloads.namespace": "kube-system"}, []string{"workloads.namespace: kube-system: belongs to the cluster itself"}},
		{"a namespace with Kubernetes's prefix", "", values{"workloads.namespace": "kube-apim"}, []string{"workloads.namespace: kube-apim: belongs to the cluster itself"}},
		{"the ingress controller's namespace", "", values{"workloads.namespace": "ingress-controller"}, []string{"workloads.namespace: ingress-controller: is the ingress controller's", "such as apim"}},
		{"cert-manager's namespace", "", values{"workloads.namespace": "cert-manager"}, []string{"workloads.namespace: cert-manager: is cert-manager's", "such as apim"}},
		{"a namespace that is no label", "", values{"workloads.namespace": "API_Management"}, []string{"workloads.namespace: API_Management: must be a DNS label"}},
		{"a Linux user Azure reserves", "", values{"jumpHost.adminUsername": "root"}, []string{"jumpHost.adminUsername: root: is a name Azure reserves", "apimadmin"}},
		{"a Linux user with upper case", "", values{"jumpHost.adminUsername": "Admin.User"}, []string{"jumpHost.adminUsername: Admin.User: must be 1 to 32 lower-case"}},
		{"a MySQL login Azure reserves", "", values{"mysql.adminLogin": "azure_superuser"}, []string{"mysql.adminLogin: azure_superuser: is a name Azure reserves on MySQL"}},
		{"a MySQL login of one of the components", "", values{"mysql.adminLogin": "metrics_ui"}, []string{"mysql.adminLogin: metrics_ui: is the user one of the components logs in as"}},
		{"a MySQL login of the old form", "", values{"mysql.adminLogin": "user@server"}, []string{"mysql.adminLogin: user@server: must be 1 to 32 letters"}},
	}
}

func places() []Case {
	return []Case{
		{"a subscription that is no GUID", "", values{"azure.subscriptionId": "my-subscription"}, []string{"azure.subscriptionId: my-subscription: must be a GUID"}},
		{"the placeholder of zeros for a tenant", "", values{"azure.tenantId": "00000000-0000-0000-0000-000000000000"}, []string{"azure.tenantId: 00000000", "placeholder of zeros", "real one"}},
		{"an administrators' group by name", "", values{"aks.adminGroups[0]": "admins"}, []string{"aks.adminGroups[0]: admins: must be a GUID"}},
		{"one administrators' group twice", "", values{"aks.adminGroups[1]": "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee"}, []string{"aks.adminGroups[1]", "repeats aks.adminGroups[0]"}},
		{"a region with two fault domains and no zones", "", values{"azure.location": "ukwest"}, []string{"azure.location: ukwest: has no availability zones and 2 fault domains, 3 needed", "northcentralus, westus"}},
		{"geo-replication in a region without a pair", "", values{"azure.location": "italynorth", "mysql.geoRedundantBackup": false}, []string{"registry.geoReplication: true: needs a paired region, and italynorth has none", "set it to false"}},
		{"geo-redundant backups in a region without a pair", "", values{"azure.location": "polandcentral", "registry.geoReplication": false}, []string{"mysql.geoRedundantBackup: true: needs a paired region, and polandcentral has none"}},
		{"geo-redundant logs in a region without a pair", "", values{"azure.location": "spaincentral", "registry.geoReplication": false, "mysql.geoRedundantBackup": false, "storage.logs.geoRedundant": true}, []string{"storage.logs.geoRedundant: true: needs a paired region, and spaincentral has none"}},
		{"a domain of one label", "", values{"domain": "apim"}, []string{"domain: apim: must have two labels at least", "domainname.tld"}},
		{"a .local domain", "", values{"domain": "apim.local"}, []string{"domain: apim.local: ends in .local", "use a domain you own"}},
		{"a domain with upper case", "", values{"domain": "APIM.example.com"}, []string{"domain: APIM.example.com: must be in lower case", "write it as apim.example.com"}},
		{"a domain with a dot at its end", "", values{"domain": "apim.example.com."}, []string{"domain: apim.example.com.: must be in lower case, without a dot at an end", "write it as apim.example.com"}},
		{"a domain with an underscore", "", values{"domain": "my_apim.example.com"}, []string{"domain: my_apim.example.com: must be lower-case DNS labels"}},
		{"a domain of more labels than a private zone takes", "", values{"domain": strings.Repeat("a.", 33) + "com"}, []string{"domain: a.a.a", "33 labels"}},
		{"a domain that is an address", "", values{"domain": "10.0.0.1"}, []string{"domain: 10.0.0.1: ends in a number"}},
		{"a domain that leaves no room for hosts", "", values{"domain": strings.Repeat("long-label-of-twenty.", 10) + "com"}, []string{"domain: long-label", "longer than 189 characters"}},
	}
}

func networks() []Case {
	return []Case{
		{"an address space that is no range", "", values{"network.addressSpace": "10.0.0.0"}, []string{"network.addressSpace: 10.0.0.0: must be an IPv4 range in CIDR notation", "10.0.0.0/24"}},
		{"an address space with host bits", "", values{"network.addressSpace": "10.0.1.0/22"}, []string{"network.addressSpace: 10.0.1.0/22: has host bits set", "10.0.0.0/22"}},
		{"an address space too small for the plan", "", values{"network.addressSpace": "10.0.0.0/23"}, []string{"network.addressSpace: 10.0.0.0/23: has no room left for gateway, data, privateEndpoints, bastion; use a larger range"}},
		{"an address space Azure reserves", "", values{"network.addressSpace": "172.30.0.0/22"}, []string{"network.addressSpace: 172.30.0.0/22: overlaps 172.30.0.0/16, which Azure reserves"}},
		{"a subnet outside the address space", "", values{"network.subnets.data": "10.9.0.0/27"}, []string{"network.subnets.data: 10.9.0.0/27: is outside the address space 10.0.0.0/22"}},
		{"two subnets that overlap", "", values{"network.subnets.data": "10.0.3.0/27", "network.subnets.bastion": "10.0.3.16/28"}, []string{"network.subnets.bastion: 10.0.3.16/28: overlaps subnet data"}},
		{"a subnet below Azure's smallest", "", values{"network.subnets.bastion": "10.0.3.240/30"}, []string{"network.subnets.bastion: 10.0.3.240/30: is smaller than a /29"}},
		{"a data subnet without room for the nodes and the endpoint", "", values{"network.subnets.data": "10.0.3.0/29"}, []string{"network.subnets.data: 10.0.3.0/29: holds 3 usable addresses, 4 needed (3 Cassandra nodes, 1 MySQL endpoint", "use a /28 or larger"}},
		{"a gateway subnet without room for its instances", "", values{"network.subnets.gateway": "10.0.3.128/27", "ingress.capacity": 40}, []string{"network.subnets.gateway: 10.0.3.128/27: holds 27 usable addresses, 41 needed (40 instances", "use a /26"}},
		{"a gateway subnet without the private frontend's address", "", values{"network.subnets.gateway": "10.0.3.128/29"}, []string{"network.subnets.gateway: 10.0.3.128/29: has no tenth address from its end", "/28"}},
		{"pools that outgrow the AKS subnet", "", values{"aks.apimPool.max": 12}, []string{"network.subnets.aks: 10.0.0.0/23: holds 507 usable addresses", "20 nodes with surge x (30 pods + 1)", "use a /22"}},
		{"a pool whose successor finds no addresses", "", values{"aks.apimPool.min": 6, "aks.apimPool.max": 6}, []string{"network.subnets.aks: 10.0.0.0/23: holds 507 usable addresses, 529 needed (17 nodes with surge"}},
		{"more pods per node than the AKS subnet has addresses for", "", values{"aks.maxPods": 110}, []string{"network.subnets.aks: 10.0.0.0/23", "14 nodes with surge x (110 pods + 1)"}},
		{"service addresses inside the VNet", "", values{"aks.serviceCidr": "10.0.0.0/16"}, []string{"aks.serviceCidr: 10.0.0.0/16: overlaps network.addressSpace, 10.0.0.0/22", "10.240.0.0/16"}},
		{"service addresses Azure reserves", "", values{"aks.serviceCidr": "172.31.0.0/16"}, []string{"aks.serviceCidr: 172.31.0.0/16: overlaps 172.31.0.0/16, which Azure reserves"}},
		{"a service range that is too large", "", values{"aks.serviceCidr": "100.0.0.0/8"}, []string{"aks.serviceCidr: 100.0.0.0/8: must be a /12 to /24"}},
		{"a service range that is too small", "", values{"aks.serviceCidr": "10.240.0.0/28"}, []string{"aks.serviceCidr: 10.240.0.0/28: must be a /12 to /24"}},
		{"SSH from the whole Internet", "", values{"jumpHost.adminCidrs[0]": "0.0.0.0/0"}, []string{"jumpHost.adminCidrs[0]: 0.0.0.0/0: lets in the whole Internet", "name the ranges"}},
		{"SSH from half of the Internet", "", values{"jumpHost.adminCidrs": []string{"0.0.0.0/1", "128.0.0.0/1"}}, []string{"jumpHost.adminCidrs[0]: 0.0.0.0/1: is larger than a /8", "jumpHost.adminCidrs[1]: 128.0.0.0/1: is larger than a /8"}},
		{"SSH from an IPv6 range", "", values{"jumpHost.adminCidrs[0]": "2001:db8::/32"}, []string{"jumpHost.adminCidrs[0]: 2001:db8::/32: is IPv6", "use the IPv4 range"}},
		{"administrators' ranges that overlap", "", values{"jumpHost.adminCidrs[1]": "10.200.0.64/26"}, []string{"jumpHost.adminCidrs[1]: 10.200.0.64/26: overlaps jumpHost.adminCidrs[0], 10.200.0.0/24", "keep the larger"}},
		{"an address space of everything", "", values{"network.addressSpace": "0.0.0.0/0"}, []string{"network.addressSpace: 0.0.0.0/0: is every address there is"}},
		{"an address space larger than a VNet may have", "", values{"network.addressSpace": "8.0.0.0/7"}, []string{"network.addressSpace: 8.0.0.0/7: is larger than a /8", "use a /22"}},
		{"SSH from the whole Internet over IPv6", "", values{"jumpHost.adminCidrs[0]": "::/0"}, []string{"jumpHost.adminCidrs[0]: ::/0: lets in the whole Internet"}},
		{"an administrators' range with host bits", "", values{"jumpHost.adminCidrs[0]": "203.0.113.7/24"}, []string{"jumpHost.adminCidrs[0]: 203.0.113.7/24: has host bits set", "203.0.113.0/24"}},
		{"an administrator's address without a mask", "", values{"jumpHost.adminCidrs[0]": "203.0.113.7"}, []string{"jumpHost.adminCidrs[0]: 203.0.113.7: must be an IPv4 range", "203.0.113.7/32"}},
		{"a DNS zone that is no resource ID", "", values{"network.publicDnsZoneId": "example.com"}, []string{"network.publicDnsZoneId: example.com: must be the resource ID of an Azure DNS zone", "az network dns zone show"}},
		{"a DNS zone the domain doesn't live in", "", values{"network.publicDnsZoneId": "/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/dns/providers/Microsoft.Network/dnsZones/example.org"}, []string{"network.publicDnsZoneId: example.org: neither is nor contains the domain, apim.example.com"}},
		{"a DNS zone of another subscription", "", values{"network.publicDnsZoneId": "/subscriptions/99999999-2222-3333-4444-555555555555/resourceGroups/dns/providers/Microsoft.Network/dnsZones/example.com"}, []string{"network.publicDnsZoneId: example.com: is in subscription 99999999", "by hand"}},
		{"a DNS zone whose name is only the tail of the domain's label", "", values{"domain": "myexample.com", "workloads": Remove, "secrets": Remove, "network.publicDnsZoneId": "/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/dns/providers/Microsoft.Network/dnsZones/example.com"}, []string{"network.publicDnsZoneId: example.com: neither is nor contains the domain"}},
	}
}

func clusters() []Case {
	return []Case{
		{"a patch version", "", values{"aks.kubernetesVersion": "1.36.3"}, []string{"aks.kubernetesVersion: 1.36.3: must be a minor version", "1.36"}},
		{"a version AKS no longer supports", "", values{"aks.kubernetesVersion": "1.28"}, []string{"aks.kubernetesVersion: 1.28: is not a version AKS supports", "1.35, 1.36, 1.37"}},
		{"a version left with long-term support", "", values{"aks.kubernetesVersion": "1.34"}, []string{"aks.kubernetesVersion: 1.34: is left with long-term support only", "Premium"}},
		{"fewer pods per node than a system pool needs", "", values{"aks.maxPods": 29}, []string{"aks.maxPods: 29: is below the smallest value, 30", "30 to 250"}},
		{"more pods per node than AKS takes", "", values{"aks.maxPods": 251}, []string{"aks.maxPods: 251: is above the largest value, 250"}},
		{"one system node", "", values{"aks.systemPool.count": 1}, []string{"aks.systemPool.count: 1: is below the smallest value, 2"}},
		{"a system pool on two processors", "", values{"aks.systemPool.vmSize": "Standard_D2s_v5"}, []string{"aks.systemPool.vmSize: Standard_D2s_v5: has 2 vCPU and 8 GiB, 4 and 4 needed"}},
		{"a burstable system pool", "", values{"aks.systemPool.vmSize": "Standard_B4s_v2"}, []string{"aks.systemPool.vmSize: Standard_B4s_v2: is burstable"}},
		{"an unknown VM size names the nearest one", "", values{"aks.apimPool.vmSize": "Standard_D4s_v55"}, []string{"aks.apimPool.vmSize: Standard_D4s_v55: is not a VM size known here", "nearest one is Standard_D4s_v5"}},
		{"an API management pool without premium storage", "", values{"aks.apimPool.vmSize": "Standard_D4_v3"}, []string{"aks.apimPool.vmSize: Standard_D4_v3: takes no premium disks"}},
		{"an API management pool on two processors", "", values{"aks.apimPool.vmSize": "Standard_D2s_v5"}, []string{"aks.apimPool.vmSize: Standard_D2s_v5: has 2 vCPU and 8 GiB, 4 and 14 needed"}},
		{"an infrastructure pool with too little memory", "", values{"aks.infraPool.vmSize": "Standard_B2ls_v2"}, []string{"aks.infraPool.vmSize: Standard_B2ls_v2: has 2 vCPU and 4 GiB, 2 and 8 needed"}},
		{"autoscaler bounds the wrong way round", "", values{"aks.apimPool.min": 7}, []string{"aks.apimPool.max: 6: is below aks.apimPool.min, 7"}},
		{"infrastructure bounds the wrong way round", "", values{"aks.infraPool.min": 4}, []string{"aks.infraPool.max: 3: is below aks.infraPool.min, 4"}},
		{"a system disk below AKS's smallest", "", values{"aks.apimPool.osDiskGB": 29}, []string{"aks.apimPool.osDiskGB: 29: is below the smallest value, 30"}},
		{"an API open to any address in production", "", values{"aks.authorizedIpRanges": Remove}, []string{"aks.authorizedIpRanges: is empty, which opens the Kubernetes API to any address"}},
		{"an API range that is private", "", values{"aks.authorizedIpRanges[0]": "10.1.0.0/16"}, []string{"aks.authorizedIpRanges[0]: 10.1.0.0/16: is private or reserved"}},
		{"an API range that is private in part", "", values{"aks.authorizedIpRanges[0]": "172.0.0.0/8"}, []string{"aks.authorizedIpRanges[0]: 172.0.0.0/8: is private or reserved, in part at least"}},
		{"an API address inside an API range", "", values{"aks.authorizedIpRanges[1]": "203.0.113.9"}, []string{"aks.authorizedIpRanges[1]: 203.0.113.9/32: overlaps aks.authorizedIpRanges[0], 203.0.113.0/24"}},
		{"an API range of everybody", "", values{"aks.authorizedIpRanges[0]": "0.0.0.0/0"}, []string{"aks.authorizedIpRanges[0]: 0.0.0.0/0: lets in the whole Internet"}},
		{"more API ranges than AKS takes", "", values{"aks.authorizedIpRanges": manyRanges(200)}, []string{"aks.authorizedIpRanges: 200 ranges: 199 at most", "merge neighbouring ranges"}},
		{"a network policy engine that is retired", "", values{"aks.networkPolicy": "azure"}, []string{"aks.networkPolicy: azure", "cilium, calico"}},
		{"a maintenance day that doesn't exist", "", values{"aks.maintenance.day": "Caturday"}, []string{"aks.maintenance.day: Caturday", "Monday, Tuesday"}},
		{"a maintenance time past midnight", "", values{"aks.maintenance.startTime": "24:00"}, []string{"aks.maintenance.startTime: 24:00: must be a time of day as HH:MM"}},
		{"a maintenance window too short for AKS", "", values{"aks.maintenance.durationHours": 3}, []string{"aks.maintenance.durationHours: 3: is below the smallest value, 4"}},
		{"an offset without a sign", "", values{"aks.maintenance.utcOffset": "01:00"}, []string{"aks.maintenance.utcOffset: 01:00: must be an offset"}},
		{"an offset past the last", "", values{"aks.maintenance.utcOffset": "+14:30"}, []string{"aks.maintenance.utcOffset: +14:30: must be an offset", "14 hours at most"}},
		{"a workspace that takes nothing in", "", values{"monitoring.dailyQuotaGB": 0}, []string{"monitoring.dailyQuotaGB: 0: would stop ingestion at once", "use -1 for no limit"}},
		{"a workspace that keeps data for too short", "", values{"monitoring.retentionDays": 29}, []string{"monitoring.retentionDays: 29: is below the smallest value, 30"}},
		{"a jump host that can't run Trusted Launch", "", values{"jumpHost.vmSize": "Standard_D2_v3"}, []string{"jumpHost.vmSize: Standard_D2_v3: can't run Trusted Launch images", "current size"}},
		{"a jump host of an unknown size", "", values{"jumpHost.vmSize": "Standard_Z1"}, []string{"jumpHost.vmSize: Standard_Z1: is not a VM size known here"}},
	}
}

func manyRanges(n int) []string {
	ranges := make([]string, n)
	for i := range ranges {
		ranges[i] = fmt.Sprintf("198.51.%d.0/24", i)
	}
	return ranges
}

func data() []Case {
	return []Case{
		{"a Cassandra disk the reference doesn't name", "", values{"cassandra.dataDiskGB": 128}, []string{"cassandra.dataDiskGB: 128", "64, 1024"}},
		{"a Cassandra node without premium storage", "", values{"cassandra.vmSize": "Standard_D4_v3"}, []string{"cassandra.vmSize: Standard_D4_v3: takes no premium disks"}},
		{"a Cassandra node with too little memory", "", values{"cassandra.vmSize": "Standard_DS3_v2"}, []string{"cassandra.vmSize: Standard_DS3_v2: has 4 vCPU and 14 GiB, 4 and 16 needed"}},
		{"a Cassandra line the product isn't certified with", "", values{"cassandra.version": "4.1.3"}, []string{"cassandra.version: 4.1.3: must be a release of the 2.2 line", "2.2.12"}},
		{"a Cassandra release without a known checksum", "", values{"cassandra.version": "2.2.19"}, []string{"cassandra.version: 2.2.19: is not the release the product is certified with", "cassandra.artifactUrl"}},
		{"a Cassandra release that will never be", "", values{"cassandra.version": "2.2.100"}, []string{"cassandra.version: 2.2.100: must be a release of the 2.2 line"}},
		{"a download whose address holds a quote", "", values{"cassandra.artifactUrl": "https://files.example.com/c'.tar.gz", "cassandra.artifactSha512": strings.Repeat("a", 128)}, []string{"cassandra.artifactUrl: https://files.example.com/c'.tar.gz: must be an https:// address without credentials, quotes and spaces"}},
		{"a Cassandra download without a checksum", "", values{"cassandra.artifactUrl": "https://files.example.com/cassandra.tar.gz"}, []string{"cassandra.artifactSha512: is required with cassandra.artifactUrl"}},
		{"a Cassandra checksum without a download", "", values{"cassandra.artifactSha512": strings.Repeat("a", 128)}, []string{"cassandra.artifactSha512", "says nothing without cassandra.artifactUrl"}},
		{"a checksum of another kind", "", values{"cassandra.artifactUrl": "https://files.example.com/c.tar.gz", "cassandra.artifactSha512": "abc"}, []string{"cassandra.artifactSha512: abc: must be 128 hexadecimal digits"}},
		{"a download in clear text", "", values{"cassandra.artifactUrl": "http://files.example.com/c.tar.gz", "cassandra.artifactSha512": strings.Repeat("a", 128)}, []string{"cassandra.artifactUrl: http://files.example.com/c.tar.gz: must be an https:// address"}},
		{"a MySQL size that isn't sold", "", values{"mysql.sku": "GP_Gen5_4"}, []string{"mysql.sku: GP_Gen5_4: is not a compute size of MySQL Flexible Server", "Standard_D4ads_v5"}},
		{"a burstable server, in development too", "", development(values{"mysql.sku": "Standard_B4ms", "mysql.highAvailability": false}), []string{"mysql.sku: Standard_B4ms: is below the reference architecture's figure, Standard_D4ads_v5"}},
		{"a MySQL version past its support", "", values{"mysql.version": "5.7"}, []string{"mysql.version: 5.7", "8.0.21, 8.4"}},
		{"backups kept for longer than Azure keeps them", "", values{"mysql.backupRetentionDays": 36}, []string{"mysql.backupRetentionDays: 36: is above the largest value, 35"}},
		{"more database storage than Azure sells", "", values{"mysql.storageGB": 16385}, []string{"mysql.storageGB: 16385: is above the largest value, 16384"}},
		{"an events share below the smallest", "", values{"storage.eventsShareGB": 50}, []string{"storage.eventsShareGB: 50: is below the 100 GiB needed", "have it derived"}},
		{"an events share below what the groups write", "", values{group + ".maxEventsGB": 20, "storage.eventsShareGB": 200}, []string{"storage.eventsShareGB: 200: is below the 241 GiB needed", "maxEventsGB x maxReplicas"}},
		{"more events than a share holds", "", secondGroup(values{group + ".maxEventsGB": 1000, group + ".gateway.maxReplicas": 100, "workloads.groups[1].maxEventsGB": 1000, "aks.apimPool.vmSize": "Standard_D32s_v5"}), []string{"storage.eventsShareGB: would have to hold 112001 GiB", "102400 at most", "lower maxEventsGB or maxReplicas"}},
		{"logs kept for no time", "", values{"storage.logs.retentionDays": 0}, []string{"storage.logs.retentionDays: 0: is below the smallest value, 1"}},
		{"untagged manifests kept for too long", "", values{"registry.untaggedRetentionDays": 366}, []string{"registry.untaggedRetentionDays: 366: is above the largest value, 365"}},
		{"a registry open to a private range", "", values{"registry.allowedIps[0]": "192.168.1.0/24"}, []string{"registry.allowedIps[0]: 192.168.1.0/24: is private or reserved"}},
		{"more workers than the registry's firewall takes", "", values{"registry.allowedIps": manyRanges(201)}, []string{"registry.allowedIps: 201 ranges: 200 at most", "merge"}},
		{"a registry open to everybody", "", values{"registry.allowedIps[0]": "0.0.0.0/0"}, []string{"registry.allowedIps[0]: 0.0.0.0/0: lets in the whole Internet"}},
		{"another registry by its address", "", values{"registry.external": "https://registry.example.com/apim", "secrets.registryUsername": "u", "secrets.registryPassword": "p"}, []string{"registry.external: https://registry.example.com/apim: must be the registry's host"}},
	}
}

func entries() []Case {
	return []Case{
		{"source ranges on Application Gateway", "", values{"ingress.sourceRanges": []string{"203.0.113.0/24"}}, []string{"ingress.sourceRanges: [203.0.113.0/24]: can't be applied by Application Gateway", "loadBalancer"}},
		{"source ranges of everybody", "", values{"ingress.controller": "loadBalancer", "ingress.sourceRanges": []string{"0.0.0.0/0"}}, []string{"ingress.sourceRanges[0]: 0.0.0.0/0: lets in the whole Internet"}},
		{"a public administration console before private hosts", "", values{"ingress.exposure": "private", "ingress.anmExposure": "public"}, []string{"ingress.anmExposure: public: can't go with ingress.exposure private", "set ingress.anmExposure to private"}},
		{"a public administration console before private hosts on a load balancer", "", values{"ingress.controller": "loadBalancer", "ingress.exposure": "private", "ingress.anmExposure": "public"}, []string{"ingress.anmExposure: public: can't go with ingress.exposure private"}},
		{"an ingress controller that is retired", "", values{"ingress.controller": "nginx"}, []string{"ingress.controller: nginx", "applicationGateway, loadBalancer"}},
		{"a gateway without instances", "", development(values{"ingress.capacity": 0}), []string{"ingress.capacity: 0: is below the reference architecture's figure, 2"}},
		{"more gateway instances than Azure takes", "", values{"ingress.capacity": 126}, []string{"ingress.capacity: 126: is above the largest value, 125"}},
		{"certificates from nowhere", "", values{"ingress.certificates": "letsencrypt"}, []string{"ingress.certificates: letsencrypt", "supplied, acme"}},
		{"certificates by ACME without a mailbox", "", values{"ingress.certificates": "acme"}, []string{"ingress.acmeEmail: is required when ingress.certificates is acme", "mailbox"}},
		{"a mailbox that is none", "", acme(values{"ingress.acmeEmail": "the team"}), []string{"ingress.acmeEmail: the team: must be a mail address", "team@example.com"}},
		{"an authority in clear text", "", acme(values{"ingress.acmeServer": "http://acme.example.com/directory"}), []string{"ingress.acmeServer: http://acme.example.com/directory: must be an https:// address", "the directory"}},
		{"certificates by ACME for private hosts without a public zone", "", acme(values{"ingress.exposure": "private"}), []string{"ingress.certificates: acme: can't be had for private hosts without network.publicDnsZoneId", "set network.publicDnsZoneId, or supply the certificates"}},
		{"certificates by ACME behind source ranges", "", acme(values{"ingress.controller": "loadBalancer", "ingress.sourceRanges": []string{"203.0.113.0/24"}}), []string{"ingress.certificates: acme: can't go with ingress.sourceRanges", "remove the ranges"}},
		{"an exposure that doesn't exist", "", values{"ingress.exposure": "internal"}, []string{"ingress.exposure: internal", "public, private"}},
	}
}

// acme has the certificates issued.
func acme(more values) values {
	set := values{"ingress.certificates": "acme", "ingress.acmeEmail": "team@example.com"}
	maps.Copy(set, more)
	return set
}

// The object IDs of two groups; the first one administers production.
const (
	administrators = "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee"
	colleagues     = "bbbbbbbb-cccc-dddd-eeee-ffffffffffff"
)

func access() []Case {
	return []Case{
		{"viewers by name", "", values{"access.viewers": []string{"everybody"}}, []string{"access.viewers[0]: everybody: must be a GUID"}},
		{"one group of viewers twice", "", values{"access.viewers": []string{colleagues, colleagues}}, []string{"access.viewers[1]", "repeats access.viewers[0]"}},
		{"administrators who deploy", "", values{"access.deployers": []string{strings.ToUpper(administrators)}}, []string{"access.deployers[0]: AAAAAAAA", "already has the role of aks.adminGroups[0]", "remove it from one of the lists"}},
		{"a group that supports and views", "", values{"access.support": []string{colleagues}, "access.viewers": []string{colleagues}}, []string{"access.viewers[0]: " + colleagues + ": already has the role of access.support[0]"}},
		{"scrapers of no namespace", "", values{"access.monitoring": []string{"prometheus"}}, []string{"access.monitoring: [prometheus]: are accounts of no namespace", "set monitoring.namespace"}},
		{"a scraper with its namespace", "", values{"monitoring.namespace": "monitoring", "monitoring.ports": []int{9404}, "access.monitoring": []string{"monitoring/prometheus"}}, []string{"access.monitoring[0]: monitoring/prometheus: must be an object's name"}},
		{"metrics scraped from nowhere", "", values{"monitoring.ports": []int{9404}}, []string{"monitoring.ports: [9404]: are open to nobody", "name the namespace"}},
		{"metrics without a port", "", values{"monitoring.namespace": "monitoring"}, []string{"monitoring.ports: is required with monitoring.namespace"}},
		{"metrics on a port that doesn't exist", "", values{"monitoring.namespace": "monitoring", "monitoring.ports": []int{0}}, []string{"monitoring.ports[0]: 0: is below the smallest value, 1"}},
		{"metrics scraped by the workloads themselves", "", values{"monitoring.namespace": "apim", "monitoring.ports": []int{9404}}, []string{"monitoring.namespace: apim: is the workloads' own namespace"}},
	}
}

func workloads() []Case {
	return []Case{
		{"the licence terms not accepted", "", values{"workloads.acceptGeneralConditions": false}, []string{"workloads.acceptGeneralConditions: false: must be true", "set it to true to accept"}},
		{"no image for ANM", "", values{"workloads.anm.image": Remove}, []string{"workloads.anm.image: is required when workloads.enabled is true", "repository:tag"}},
		{"no group", "", values{"workloads.groups": Remove}, []string{"workloads.groups: needs one group at least"}},
		{"a group without an image", "", values{group + ".image": Remove}, []string{group + ".image: is required"}},
		{"an image tagged latest", "", values{group + ".image": "apim/gateway:latest"}, []string{group + ".image: apim/gateway:latest: is tagged latest", "tag of one build"}},
		{"an untagged image", "", values{"workloads.anm.image": "apim/anm"}, []string{"workloads.anm.image: apim/anm: has no tag", "add the tag"}},
		{"an image with its registry", "", values{group + ".image": "registry.example.com/apim/gateway:1"}, []string{group + ".image: registry.example.com/apim/gateway:1: names a registry", "registry.external"}},
		{"an image with upper case", "", values{group + ".image": "APIM/Gateway:1"}, []string{group + ".image: APIM/Gateway:1: must be repository:tag"}},
		{"an image with a malformed tag", "", values{group + ".image": "apim/gateway:-1"}, []string{group + ".image: apim/gateway:-1: has a malformed tag"}},
		{"an image with a short digest", "", values{group + ".image": "apim/gateway:1@sha256:abc"}, []string{group + ".image", "has a malformed digest"}},
		{"a heap above three quarters of the memory", "", values{group + ".gateway.heapMB": 1900}, []string{group + ".gateway.heapMB: 1900: is above three quarters of memoryMB 2048, which is 1536", "lower the heap"}},
		{"ANM's heap above three quarters of its memory", "", values{"workloads.anm.heapMB": 2048}, []string{"workloads.anm.heapMB: 2048: is above three quarters of memoryMB 2048"}},
		{"a UI heap above three quarters of its memory", "", values{group + ".manager.heapMB": 1537}, []string{group + ".manager.heapMB: 1537: is above three quarters"}},
		{"a processor request above its limit", "", values{group + ".gateway.cpuRequest": "2500m"}, []string{group + ".gateway.cpuRequest: 2500m: is above the limit, cpu 2"}},
		{"a UI memory request above its limit", "", values{group + ".manager.memoryRequestMB": 4096}, []string{group + ".manager.memoryRequestMB: 4096: is above the limit, memoryMB 2048"}},
		{"a processor quantity that is none", "", values{group + ".gateway.cpu": "two"}, []string{group + ".gateway.cpu: two: must be 0.05 to 32 cores", "500m"}},
		{"replica bounds the wrong way round", "", values{group + ".gateway.minReplicas": 13}, []string{group + ".gateway.maxReplicas: 12: is below minReplicas, 13"}},
		{"no gateways", "", development(values{group + ".gateway.minReplicas": 0}), []string{group + ".gateway.minReplicas: 0: is below the reference architecture's figure, 3"}},
		{"more gateways than a group may have", "", values{group + ".gateway.maxReplicas": 101}, []string{group + ".gateway.maxReplicas: 101: is above the largest value, 100"}},
		{"more gateways than the pool holds", "", values{group + ".gateway.maxReplicas": 30}, []string{"aks.apimPool.max: 6: is too few", "12 nodes of Standard_D4s_v5", "raise it"}},
		{"a second group the pool doesn't hold", "", secondGroup(values{"aks.apimPool.max": 6}), []string{"aks.apimPool.max: 6: is too few", "10 nodes of Standard_D4s_v5", "or use a larger aks.apimPool.vmSize"}},
		{"a gateway that doesn't fit on a node", "", values{group + ".gateway.cpu": "4"}, []string{group + ".gateway: limits of 4000m CPU and 2048 MiB: don't fit on a Standard_D4s_v5 node", "larger aks.apimPool.vmSize"}},
		{"an ANM that doesn't fit on a node", "", values{"workloads.anm.memoryMB": 20480}, []string{"workloads.anm: limits of 1000m CPU and 20480 MiB: don't fit"}},
		{"a processor target above what a pool can hold", "", values{group + ".gateway.targetCPUPercent": 100}, []string{group + ".gateway.targetCPUPercent: 100: is above the largest value, 95"}},
		{"a memory target that always scales", "", values{group + ".gateway.targetMemoryPercent": 5}, []string{group + ".gateway.targetMemoryPercent: 5: must be 0, which is off, or 10 to 95"}},
		{"a port the gateways don't listen on", "", values{group + ".gateway.extraPorts": []int{9999}}, []string{group + ".gateway.extraPorts[0]: 9999", "8443, 8080, 8081, 8089"}},
		{"a port published twice", "", values{group + ".gateway.extraPorts": []int{8443, 8443}}, []string{group + ".gateway.extraPorts[1]: 8443: repeats"}},
		{"a back end that is neither a namespace nor a range", "", values{group + ".backends": []any{values{"ports": []int{443}}}}, []string{group + ".backends[0]: names neither a namespace nor a range"}},
		{"a back end that is both", "", values{group + ".backends": []any{values{"namespace": "shop", "cidr": "10.9.0.0/24", "ports": []int{443}}}}, []string{group + ".backends[0]: shop and 10.9.0.0/24: names both", "split it"}},
		{"a back end without ports", "", values{group + ".backends": []any{values{"namespace": "shop"}}}, []string{group + ".backends[0].ports: is required"}},
		{"a back end on a port that doesn't exist", "", values{group + ".backends": []any{values{"namespace": "shop", "ports": []int{70000}}}}, []string{group + ".backends[0].ports[0]: 70000: is above the largest value, 65535"}},
		{"a back end range with host bits", "", values{group + ".backends": []any{values{"cidr": "10.9.0.1/24", "ports": []int{443}}}}, []string{group + ".backends[0].cidr: 10.9.0.1/24: has host bits set"}},
		{"a back end that is everything", "", values{group + ".backends": []any{values{"cidr": "0.0.0.0/0", "ports": []int{443}}}}, []string{group + ".backends[0].cidr: 0.0.0.0/0: is every address there is"}},
		{"a calling namespace that is no label", "", values{group + ".allowedNamespaces": []string{"*"}}, []string{group + ".allowedNamespaces[0]: *: must be a DNS label"}},
		{"no image of the preflight", "", values{"workloads.preflightImage": Remove}, []string{"workloads.preflightImage: is required when workloads.enabled is true", "cmd/preflight/Dockerfile"}},
		{"a preflight image without a tag", "", values{"workloads.preflightImage": "apim/preflight"}, []string{"workloads.preflightImage: apim/preflight: has no tag"}},
		{"a licence under a name the product doesn't look for", "", values{"workloads.licenseFile": "license"}, []string{"workloads.licenseFile: license: must be a file name that ends in .lic", "license.lic"}},
		{"a licence in a folder", "", values{"workloads.licenseFile": "conf/license.lic"}, []string{"workloads.licenseFile: conf/license.lic: must be a file name"}},
		{"listener certificates that nobody supplies", "", values{"workloads.listenerCertificates": true, "secrets": Remove, "ingress.certificates": "acme", "ingress.acmeEmail": "team@example.com"}, []string{"workloads.listenerCertificates: true: mounts secrets.certificate, and there is none", "FED"}},
		{"SQL that is a folder", "", values{"workloads.metricsSchema.files": []string{"/opt/Axway/apigateway/system/conf/sql/mysql"}}, []string{"workloads.metricsSchema.files[0]: /opt/Axway", "ends in .sql", "name each file"}},
		{"SQL by a relative path", "", values{"workloads.metricsSchema.files": []string{"sql/analytics.sql"}}, []string{"workloads.metricsSchema.files[0]: sql/analytics.sql: must be an absolute path"}},
		{"two SQL files of one name", "", values{"workloads.metricsSchema.files": []string{"/sql/a/tables.sql", "/sql/b/tables.sql"}}, []string{"workloads.metricsSchema.files[1]: tables.sql: is already taken by workloads.metricsSchema.files[0]"}},
		{"an image of the SQL tagged latest", "", values{"workloads.metricsSchema.image": "apim/sql:latest"}, []string{"workloads.metricsSchema.image: apim/sql:latest: is tagged latest"}},
		{"a health check at a path without its slash", "", values{group + ".gateway.probe.path": "healthcheck"}, []string{group + ".gateway.probe.path: healthcheck: must be a path that starts with a slash"}},
		{"a health check of ANM on a port of the gateways", "", values{"workloads.anm.probe.port": 8065}, []string{"workloads.anm.probe.port: 8065: is no port the container listens on", "8091, 8090"}},
		{"a health check of the UI on the port for management", "", values{group + ".manager.probe.port": 8085}, []string{group + ".manager.probe.port: 8085: is no port the container listens on; use 8075"}},
		{"a health check on a listener that isn't published", "", values{group + ".gateway.probe.port": 8080, group + ".gateway.extraPorts": []int{8443}}, []string{group + ".gateway.probe.port: 8080: is no port the container listens on; use 8065, 8443"}},
		{"more time to start than a rollout has", "", values{"workloads.anm.probe.startupMinutes": 16}, []string{"workloads.anm.probe.startupMinutes: 16: is above the largest value, 15"}},
		{"no time to start", "", values{group + ".manager.probe.startupMinutes": 0}, []string{group + ".manager.probe.startupMinutes: 0: is below the smallest value, 1"}},
		{"calls allowed from the workloads' own namespace", "", values{group + ".allowedNamespaces": []string{"apim"}}, []string{group + ".allowedNamespaces[0]: apim: is the workloads' own namespace", "name another"}},
		{"one calling namespace twice", "", values{group + ".allowedNamespaces": []string{"shop", "shop"}}, []string{group + ".allowedNamespaces[1]: shop: repeats"}},
		{"a back end in the workloads' own namespace", "", values{group + ".backends": []any{values{"namespace": "apim", "ports": []int{443}}}}, []string{group + ".backends[0].namespace: apim: is the workloads' own namespace"}},
		{"a back end among the cluster's addresses", "", values{group + ".backends": []any{values{"cidr": "10.0.1.0/24", "ports": []int{443}}}}, []string{group + ".backends[0].cidr: 10.0.1.0/24: lies in the cluster's subnet 10.0.0.0/23", "name the namespace"}},
		{"a back end of ANM that is neither", "", values{"workloads.anm.backends": []any{values{"ports": []int{636}}}}, []string{"workloads.anm.backends[0]: names neither a namespace nor a range"}},
		{"a back end of API Manager UI among the cluster's addresses", "", values{group + ".manager.backends": []any{values{"cidr": "10.0.0.0/24", "ports": []int{587}}}}, []string{group + ".manager.backends[0].cidr: 10.0.0.0/24: lies in the cluster's subnet"}},
		{"no room for events", "", values{group + ".maxEventsGB": 0}, []string{group + ".maxEventsGB: 0: is below the smallest value, 1"}},
	}
}

func figures() []Case {
	lowered := func(key string, value any, reference string) Case {
		return Case{"production below the reference's " + key, "", values{key: value}, []string{key + ": " + fmt.Sprint(value), reference, "set environment to development"}}
	}
	fixed := func(key string, value any, reference string) Case {
		return Case{"development below the floor of " + key, "", development(values{key: value}), []string{key + ": " + fmt.Sprint(value) + ": is below the reference architecture's figure, " + reference, "use " + reference + " or more"}}
	}
	return []Case{
		lowered("aks.tier", "Free", "figure, Standard"),
		lowered("aks.localAccounts", true, "must be false in production"),
		fixed("aks.apimPool.min", 2, "3"),
		fixed("aks.apimPool.max", 5, "6"),
		fixed("aks.infraPool.min", 1, "2"),
		fixed("aks.infraPool.max", 2, "3"),
		fixed("mysql.sku", "Standard_D2ads_v5", "Standard_D4ads_v5"),
		lowered("mysql.highAvailability", false, "must be true in production"),
		lowered("mysql.geoRedundantBackup", false, "must be true in production"),
		lowered("mysql.backupRetentionDays", 13, "figure, 14"),
		lowered("registry.geoReplication", false, "must be true in production"),
		fixed("storage.logs.budgetGB", 50, "70"),
		fixed("ingress.capacity", 1, "2"),
		lowered("workloads.headroomPods", 0, "figure, 1"),
		fixed("workloads.anm.cpu", "500m", "1"),
		fixed(group+".manager.cpu", "1", "2"),
		fixed(group+".gateway.minReplicas", 2, "3"),
		fixed(group+".gateway.maxReplicas", 6, "12"),
		lowered(group+".gateway.cpuRequest", "500m", "figure, 1"),
		fixed(group+".gateway.cpu", "1", "2"),
		fixed("mysql.storageGB", 32, "64"),
		fixed("workloads.anm.memoryMB", 1024, "2048"),
		fixed("workloads.anm.heapMB", 512, "1024"),
		fixed(group+".manager.cpuRequest", "250m", "500m"),
		fixed(group+".manager.memoryRequestMB", 256, "512"),
		fixed(group+".manager.memoryMB", 1024, "2048"),
		fixed(group+".manager.heapMB", 512, "1024"),
		fixed(group+".gateway.memoryMB", 1024, "2048"),
		fixed(group+".gateway.heapMB", 1024, "1512"),
	}
}

// internalCertificate is a pair for hosts under apim.internal.
func internalCertificate() values {
	chain, key := Certificate("*.apim.internal")
	return values{"certificate": chain, "privateKey": key}
}

func secrets() []Case {
	with := func(c certificate) values {
		return values{"secrets.certificate": c.chain, "secrets.privateKey": c.key}
	}
	c := certificates()
	return []Case{
		{"no certificate", "", values{"secrets": Remove}, []string{"secrets.certificate: is required when workloads.enabled is true", "unless ingress.certificates is acme", "secrets.privateKey: is required", "pulumi config set --secret --path apim:secrets.certificate"}},
		{"a certificate without its key", "", values{"workloads.enabled": false, "secrets.privateKey": Remove}, []string{"secrets.privateKey: is required"}},
		{"a certificate that is no PEM", "", values{"secrets.certificate": "hunter2"}, []string{"secrets.certificate: holds something that is no PEM block", "leaf first"}},
		{"a key in the certificate's place", "", values{"secrets.certificate": c.good.key}, []string{"secrets.certificate: holds a PEM block that is no certificate"}},
		{"a certificate that can't be parsed", "", values{"secrets.certificate": block("CERTIFICATE", []byte("hunter2"))}, []string{"secrets.certificate: holds a certificate, number 1, that can't be parsed"}},
		{"a key that is no PEM", "", values{"secrets.privateKey": "hunter2"}, []string{"secrets.privateKey: holds no PEM block", "first and last line"}},
		{"a key of another certificate", "", values{"secrets.privateKey": c.other.key}, []string{"secrets.privateKey: can't be read as a PEM key, or is not the one secrets.certificate was issued for"}},
		{"a self-signed certificate", "", with(c.selfSigned), []string{"secrets.certificate: is self-signed", "certificate authority"}},
		{"an expired certificate", "", with(c.expired), []string{"secrets.certificate: expired on 20", "renew it"}},
		{"a certificate that is not valid yet", "", with(c.early), []string{"secrets.certificate: is not valid before 20"}},
		{"a certificate that doesn't cover a host", "", with(c.wrongHosts), []string{"secrets.certificate: doesn't cover api.apim.example.com", "subject alternative name"}},
		{"a certificate that doesn't cover a second group's hosts", "", secondGroup(with(c.good)), []string{"secrets.certificate: doesn't cover api-manager-second.apim.example.com, api-second.apim.example.com"}},
		{"a chain in the wrong order", "", with(c.backwards), []string{"secrets.certificate: is not a chain: block 2 is not signed by block 3"}},
		{"a chain with the authority first", "", with(c.rootFirst), []string{"secrets.certificate: starts with an authority's certificate", "put the leaf first"}},
		{"an expired issuer", "", with(c.staleIssuer), []string{"secrets.certificate: holds an issuer, block 2, that expired on 20", "current certificate"}},
		{"a certificate for clients", "", with(c.forClients), []string{"secrets.certificate: was not issued for servers", "server authentication"}},
		{"a key behind a passphrase", "", values{"secrets.privateKey": block("ENCRYPTED PRIVATE KEY", []byte("hunter2"))}, []string{"secrets.privateKey: is protected by a passphrase", "openssl pkey"}},
		{"a certificate with a short key", "", with(c.weak), []string{"secrets.certificate: has an RSA key of 1024 bits, 2048 at least"}},
		{"a key Application Gateway doesn't take", "", with(c.unusual), []string{"secrets.privateKey: is neither an RSA nor an elliptic curve key"}},
		{"a secret of the wrong type keeps its value to itself", "", values{"secrets.license": []any{"hunter2"}}, []string{"secrets.license: must be a text"}},
		{"secrets as one text keep it to themselves", "", values{"secrets": "hunter2"}, []string{"secrets: must be an object"}},
		{"an unknown secret keeps its value to itself", "", values{"secrets.pasword": "hunter2"}, []string{"secrets.pasword: is not a configuration key"}},
		{"administrators that are no JSON keep to themselves", "", values{"secrets.adminUsers": "hunter2"}, []string{"secrets.adminUsers: is not JSON", "adminUsers.json"}},
		{"another registry without a login", "", values{"registry.external": "registry.example.com"}, []string{"secrets.registryUsername: is required with registry.external", "secrets.registryPassword: is required with registry.external"}},
		{"another registry without a password", "", values{"registry.external": "registry.example.com", "secrets.registryUsername": "hunter2"}, []string{"secrets.registryPassword: is required with registry.external", "--secret"}},
		{"a registry login without another registry", "", values{"secrets.registryUsername": "hunter2"}, []string{"secrets.registryUsername: is the login of another registry", "registry.external names none"}},
	}
}
