package arm

import (
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

const (
	typeCluster = "Microsoft.ContainerService/managedClusters"
	typePool    = "Microsoft.ContainerService/managedClusters/agentPools"
	clusterPath = "/subscriptions/{subscriptionId}/resourceGroups/{resourceGroupName}/providers/Microsoft.ContainerService/managedClusters/{resourceName}"

	poolsPage = "AKS docs: use-system-pools, manage-node-pools"
	cniPage   = "AKS docs: concepts-network-cni-overview"
)

// kubernetesPatches are the minors AKS offers (learn: aks/supported-kubernetes-versions) with the patch an alias stands for.
var kubernetesPatches = map[string]string{"1.34": "1.34.4", "1.35": "1.35.3", "1.36": "1.36.3"}

// reservedRanges must overlap neither the network nor the service range.
var reservedRanges = []netip.Prefix{
	netip.MustParsePrefix("169.254.0.0/16"), netip.MustParsePrefix("172.30.0.0/16"),
	netip.MustParsePrefix("172.31.0.0/16"), netip.MustParsePrefix("192.0.2.0/24"),
}

var poolName = Name{1, 12, `[a-z][a-z0-9]*`, "lower-case letters and digits, starting with a letter"}

// poolDefaults are what AKS fills in for a Linux pool of a node-subnet cluster.
var poolDefaults = Object{
	"mode": "User", "osType": "Linux", "osSKU": "Ubuntu", "type": "VirtualMachineScaleSets", "osDiskType": "Managed", "kubeletDiskType": "OS",
	"maxPods": 30.0, "enableAutoScaling": false, "enableNodePublicIP": false, "enableEncryptionAtHost": false, "enableFIPS": false, "scaleDownMode": "Delete",
}

var _ = register(
	&Type{
		Token: "azure-native:containerservice:ManagedCluster", ARM: typeCluster, APIVersion: "2025-09-01", Path: clusterPath,
		Name:     Name{1, 63, `[A-Za-z0-9]([\w-]*[A-Za-z0-9])?`, "letters, digits, _ and -, with a letter or digit at both ends"},
		Required: []string{"location", "agentPoolProfiles", "dnsPrefix"},
		ForceNew: []string{"diskEncryptionSetID", "dnsPrefix", "fqdnSubdomain", "linuxProfile", "location", "networkProfile", "nodeResourceGroup", "windowsProfile"},
		Immutable: []string{"location", "dnsPrefix", "nodeResourceGroup", "linuxProfile", "networkProfile.serviceCidr", "networkProfile.dnsServiceIP",
			"networkProfile.networkPlugin", "identityProfile"}, ImmutableCode: "PropertyChangeNotAllowed",
		Defaults: Object{
			"enableRBAC": true, "supportPlan": "KubernetesOfficial", "disableLocalAccounts": false, "sku": Object{"name": "Base", "tier": "Free"},
			"networkProfile": Object{"networkPlugin": "azure", "networkDataplane": "azure", "networkPolicy": "none", "loadBalancerSku": "standard",
				"outboundType": "loadBalancer", "serviceCidr": "10.0.0.0/16", "dnsServiceIP": "10.0.0.10"},
		},
		WriteOnly: []string{"linuxProfile.adminPassword"},
		Minutes:   Minutes{5, 3, 4},
		Compute:   computeCluster, Settle: settleCluster, View: viewCluster,
		Rules: []Rule{
			{ID: "managedcluster/dns-prefix", Code: "InvalidDNSPrefix", Provenance: Documented, Source: namesPage, Check: func(c *Call) []string {
				rule := Name{1, 54, `[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?`, "letters, digits and -, with a letter or digit at both ends"}
				if why := rule.check(text(c.Inputs, "dnsPrefix")); why != "" {
					return []string{"dnsPrefix: " + why}
				}
				return nil
			}},
			{ID: "managedcluster/node-resource-group", Code: "InvalidParameter", Provenance: Documented, Source: "AKS docs: faq; at most 80 characters", Check: func(c *Call) []string {
				name := nodeGroup(c)
				if len(name) > 80 {
					return []string{fmt.Sprintf("nodeResourceGroup: '%s' has %d characters; 80 are allowed", name, len(name))}
				}
				if g := c.Store.find("/subscriptions/" + c.Store.subscription(c.ID) + "/resourceGroups/" + name); g != nil && c.Old == nil {
					return []string{fmt.Sprintf("nodeResourceGroup: resource group '%s' exists already; AKS makes its own", name)}
				}
				return nil
			}},
			{ID: "managedcluster/version", Code: "K8sVersionNotSupported", Provenance: Documented, Source: "AKS docs: supported-kubernetes-versions; aliases such as 1.36 stand for the latest patch", Check: checkVersion},
			{ID: "managedcluster/version-step", Code: "OperationNotAllowed", Status: 409, Provenance: Documented, Source: "AKS docs: upgrade-cluster; one minor at a time, never down", Check: func(c *Call) []string {
				if c.Old == nil || text(c.Inputs, "kubernetesVersion") == "" {
					return nil
				}
				from, to := minor(text(c.Old.Properties, "currentKubernetesVersion")), minor(text(c.Inputs, "kubernetesVersion"))
				if to < from || to > from+1 {
					return []string{fmt.Sprintf("kubernetesVersion: can't go from 1.%d to 1.%d", from, to)}
				}
				return nil
			}},
			{ID: "managedcluster/system-pool", Code: "AgentPoolMissingSystemMode", Provenance: Documented, Source: poolsPage, Check: func(c *Call) []string {
				for _, pool := range objects(c.Inputs, "agentPoolProfiles") {
					if text(pool, "mode") == "System" {
						return nil
					}
				}
				return []string{"agentPoolProfiles: at least one pool with mode System is needed"}
			}},
			{ID: "managedcluster/pools", Code: "InvalidParameter", Provenance: Documented, Source: poolsPage, Check: func(c *Call) []string {
				var out []string
				for i, pool := range objects(c.Inputs, "agentPoolProfiles") {
					path := fmt.Sprintf("agentPoolProfiles[%d].", i)
					if why := poolName.check(text(pool, "name")); why != "" {
						out = append(out, path+"name: "+why)
					}
					for _, problem := range checkPool(c, pool) {
						out = append(out, path+problem)
					}
				}
				return out
			}},
			{ID: "managedcluster/no-new-pool", Code: "BadRequest", Provenance: Observed, Source: "azure-native issues 579 and 2719, AKS issue 4383: pools are added by pool operations only", Check: func(c *Call) []string {
				if c.Old == nil {
					return nil
				}
				var out []string
				for i, pool := range objects(c.Inputs, "agentPoolProfiles") {
					if c.Store.find(c.ID+"/agentPools/"+text(pool, "name")) == nil {
						out = append(out, fmt.Sprintf("agentPoolProfiles[%d].name: A new agent pool was introduced: '%s'. Adding agent pools to an existing cluster is not allowed through managed cluster operations.", i, text(pool, "name")))
					}
				}
				return out
			}},
			{ID: "managedcluster/pool-immutable", Code: "PropertyChangeNotAllowed", Provenance: Observed, Source: "azure-native issues 579, 1686: a pool's size, zones and subnet can't change", Status: 409, Check: func(c *Call) []string {
				var out []string
				for i, pool := range objects(c.Inputs, "agentPoolProfiles") {
					existing := c.Store.find(c.ID + "/agentPools/" + text(pool, "name"))
					for _, path := range poolImmutable {
						if existing != nil && existing.changes(path, pool) {
							out = append(out, fmt.Sprintf("Changing property 'agentPoolProfiles[%d].%s' is not allowed.", i, path))
						}
					}
				}
				return out
			}},
			{ID: "managedcluster/subnet-size", Code: "InsufficientSubnetSize", Provenance: Observed, Source: cniPage + ": every node takes 1 + maxPods addresses", Check: func(c *Call) []string {
				return subnetDemand(c, c.ID, objects(c.Inputs, "agentPoolProfiles"))
			}},
			{ID: "managedcluster/network-policy", Code: "InvalidNetworkPolicy", Provenance: Documented, Source: "AKS docs: azure-cni-powered-by-cilium", Check: func(c *Call) []string {
				plane, policy := text(c.Inputs, "networkProfile.networkDataplane"), text(c.Inputs, "networkProfile.networkPolicy")
				if (plane == "cilium") != (policy == "cilium") {
					return []string{fmt.Sprintf("networkProfile: networkDataplane '%s' doesn't go with networkPolicy '%s'; cilium needs both", plane, policy)}
				}
				return nil
			}},
			values("managedcluster", Documented, "REST API 2025-09-01; the SDK's enum of osSKU lacks Ubuntu2404, which Azure takes", map[string][]string{
				"networkProfile.networkPlugin": {"azure", "kubenet", "none"}, "networkProfile.networkPluginMode": {"overlay"}, "networkProfile.networkDataplane": {"azure", "cilium"},
				"networkProfile.networkPolicy": {"none", "azure", "calico", "cilium"}, "networkProfile.loadBalancerSku": {"standard"},
				"networkProfile.outboundType": {"loadBalancer", "userDefinedRouting", "managedNATGateway", "userAssignedNATGateway", "none"},
				"sku.name":                    {"Base", "Automatic"}, "sku.tier": {"Free", "Standard", "Premium"}, "supportPlan": {"KubernetesOfficial", "AKSLongTermSupport"},
				"autoUpgradeProfile.upgradeChannel": {"rapid", "stable", "patch", "node-image", "none"}, "autoUpgradeProfile.nodeOSUpgradeChannel": {"NodeImage", "SecurityPatch", "Unmanaged", "None"},
				"identity.type": {"SystemAssigned", "UserAssigned", "None"}, "autoScalerProfile.expander": {"least-waste", "most-pods", "priority", "random"},
				"autoScalerProfile.balanceSimilarNodeGroups": {"true", "false"}, "autoScalerProfile.skipNodesWithLocalStorage": {"true", "false"}, "autoScalerProfile.skipNodesWithSystemPods": {"true", "false"},
			}),
			{ID: "managedcluster/auto-scaler", Code: "InvalidParameter", Provenance: Documented, Source: "AKS docs: cluster-autoscaler", Check: checkAutoScaler},
			{ID: "managedcluster/long-term-support", Code: "InvalidSupportPlan", Provenance: Documented, Source: "AKS docs: long-term-support", Check: func(c *Call) []string {
				if text(c.Inputs, "supportPlan") == "AKSLongTermSupport" && text(c.Inputs, "sku.tier") != "Premium" {
					return []string{"supportPlan: AKSLongTermSupport needs sku.tier Premium"}
				}
				return nil
			}},
			{ID: "managedcluster/service-range", Code: "ServiceCidrOverlapExistingSubnetsCidr", Provenance: Observed, Source: cniPage, Check: checkServiceRange},
			{ID: "managedcluster/dns-service-ip", Code: "InvalidDNSServiceIP", Provenance: Documented, Source: cniPage + ": inside the service range, not its first address", Check: func(c *Call) []string {
				ip, err := netip.ParseAddr(text(c.Inputs, "networkProfile.dnsServiceIP"))
				services, errRange := netip.ParsePrefix(text(c.Inputs, "networkProfile.serviceCidr"))
				if err != nil || errRange != nil || !services.Contains(ip) || ip == services.Masked().Addr() || ip == nth(services.Masked(), 1) {
					return []string{fmt.Sprintf("networkProfile.dnsServiceIP: '%s' must be inside %s and not its network or first address", text(c.Inputs, "networkProfile.dnsServiceIP"), text(c.Inputs, "networkProfile.serviceCidr"))}
				}
				return nil
			}},
			// No rule for networkProfile.podCidr: with node-subnet networking AKS drops it without a word (azurerm issues 1723 and
			// 20573), which is as well, because the Go SDK always sends its default.
			{ID: "managedcluster/nat-gateway", Code: "NatGatewayNotAssociatedWithSubnet", Provenance: Documented, Source: "AKS docs: egress-outboundtype; the gateway comes before the cluster", Check: func(c *Call) []string {
				if text(c.Inputs, "networkProfile.outboundType") != "userAssignedNATGateway" {
					return nil
				}
				var out []string
				for i, pool := range objects(c.Inputs, "agentPoolProfiles") {
					subnet := c.Store.find(text(pool, "vnetSubnetID"))
					if subnet == nil || !has(subnet.Properties, "natGateway.id") {
						out = append(out, fmt.Sprintf("agentPoolProfiles[%d].vnetSubnetID: the subnet has no NAT gateway, which outboundType userAssignedNATGateway needs", i))
					}
				}
				return out
			}},
			identityRule("managedcluster"),
			{ID: "managedcluster/kubelet-identity-operator", Code: "CustomKubeletIdentityMissingPermissionError", Status: 400, Provenance: Observed, Source: "AKS docs: use-managed-identity", Check: checkKubeletIdentity},
			{ID: "managedcluster/subnet-permission", Code: "LinkedAuthorizationFailed", Status: 403, Provenance: Assumed, Source: "learn: aks/configure-azure-cni: the cluster's identity needs Network Contributor on its subnet first",
				Confirm: "the activity log of the cluster's creation shows whether AKS tries before the role on the subnet has propagated, and the code it fails with", Check: func(c *Call) []string {
					var out []string
					for _, id := range identities(c.Inputs) {
						identity := c.Store.find(id)
						for i, pool := range objects(c.Inputs, "agentPoolProfiles") {
							subnet := text(pool, "vnetSubnetID")
							if identity != nil && subnet != "" && !c.Store.allowed(text(identity.Properties, "principalId"), subnet, roleNetworkContributor) {
								out = append(out, fmt.Sprintf("agentPoolProfiles[%d].vnetSubnetID: identity '%s' has no Network Contributor role on the subnet", i, identity.Name))
							}
						}
					}
					return out
				}},
			{ID: "managedcluster/local-accounts", Code: "InvalidParameter", Provenance: Documented, Source: "AKS docs: manage-local-accounts-managed-azure-ad", Check: func(c *Call) []string {
				if truth(c.Inputs, "disableLocalAccounts") && !truth(c.Inputs, "aadProfile.managed") {
					return []string{"disableLocalAccounts: needs aadProfile.managed"}
				}
				return nil
			}},
			{ID: "managedcluster/aad-groups", Code: "InvalidParameter", Provenance: Documented, Source: "REST API", Check: func(c *Call) []string {
				var out []string
				for i, group := range texts(c.Inputs, "aadProfile.adminGroupObjectIDs") {
					if why := (Name{36, 36, guidPattern, "a GUID"}).check(group); why != "" {
						out = append(out, fmt.Sprintf("aadProfile.adminGroupObjectIDs[%d]: %s", i, why))
					}
				}
				return out
			}},
			{ID: "managedcluster/authorized-ranges", Code: "InvalidParameter", Provenance: Documented, Source: "AKS docs: api-server-authorized-ip-ranges", Check: checkAuthorizedRanges},
			{ID: "managedcluster/workload-identity", Code: "InvalidParameter", Provenance: Documented, Source: "AKS docs: workload-identity-deploy-cluster", Check: func(c *Call) []string {
				if truth(c.Inputs, "securityProfile.workloadIdentity.enabled") && !truth(c.Inputs, "oidcIssuerProfile.enabled") {
					return []string{"securityProfile.workloadIdentity.enabled: needs oidcIssuerProfile.enabled"}
				}
				return nil
			}},
			{ID: "managedcluster/oidc-stays-on", Code: "OIDCIssuerFeatureCannotBeDisabled", Provenance: Documented, Source: "AKS docs: use-oidc-issuer", Check: func(c *Call) []string {
				if c.Old != nil && truth(c.Old.Properties, "oidcIssuerProfile.enabled") && !truth(c.Inputs, "oidcIssuerProfile.enabled") {
					return []string{"oidcIssuerProfile.enabled: can't be turned off once on"}
				}
				return nil
			}},
			regionRule("managedcluster"),
		},
	},
	&Type{
		Token: "azure-native:containerservice:AgentPool", ARM: typePool, APIVersion: "2025-09-01", Path: clusterPath + "/agentPools/{agentPoolName}",
		Name: poolName, ForceNew: []string{"gpuInstanceProfile", "vmSize"}, Required: []string{"vmSize"},
		Immutable: poolImmutable, ImmutableCode: "PropertyChangeNotAllowed",
		Defaults: poolDefaults, Minutes: Minutes{3, 2, 3}, Occupies: []Occupies{{Levels: 2, Shared: true}},
		Compute: func(c *Call, p Object) {
			computePool(c.Store.find(c.Store.parentID(c.ID)), p)
			if truth(p, "enableAutoScaling") && c.Old != nil && !has(c.Inputs, "count") {
				p["count"] = c.previous("count", p["minCount"])
			}
			merge(p, Object{"count": max(number0(p, "minCount"), 1)})
			p["name"] = c.Name
		},
		Rules: []Rule{
			{ID: "agentpool/settings", Code: "InvalidParameter", Provenance: Documented, Source: poolsPage, Check: func(c *Call) []string { return checkPool(c, c.Inputs) }},
			{ID: "agentpool/subnet-size", Code: "InsufficientSubnetSize", Provenance: Observed, Source: cniPage + ": every node takes 1 + maxPods addresses", Check: func(c *Call) []string {
				pool := clone(c.Inputs)
				pool["name"] = c.Name
				return subnetDemand(c, c.Store.parentID(c.ID), []Object{pool})
			}},
			{ID: "agentpool/same-network", Code: "AgentPoolsInDifferentVnets", Provenance: Documented, Source: cniPage + ": all pools of a cluster share a virtual network", Check: func(c *Call) []string {
				for _, other := range c.Store.below(c.Store.parentID(c.ID), typePool) {
					mine, theirs := text(c.Inputs, "vnetSubnetID"), text(other.Properties, "vnetSubnetID")
					if key(c.Store.parentID(mine)) != key(c.Store.parentID(theirs)) {
						return []string{fmt.Sprintf("vnetSubnetID: '%s' isn't in the network of pool '%s'", mine, other.Name)}
					}
				}
				return nil
			}},
			{ID: "agentpool/version", Code: "NodePoolVersionNotSupported", Provenance: Documented, Source: "AKS docs: a pool is never newer than its cluster, at most three minors older", Check: func(c *Call) []string {
				cluster := c.Store.find(c.Store.parentID(c.ID))
				version := text(c.Inputs, "orchestratorVersion")
				if cluster == nil || version == "" {
					return nil
				}
				if ours, theirs := minor(version), minor(text(cluster.Properties, "currentKubernetesVersion")); ours > theirs || ours < theirs-3 {
					return []string{fmt.Sprintf("orchestratorVersion: '%s' doesn't fit the cluster's 1.%d", version, theirs)}
				}
				return nil
			}},
		},
		DeleteRules: []Rule{{
			ID: "agentpool/last-system-pool", Code: "OperationNotAllowed", Status: 409, Provenance: Documented, Source: poolsPage, Check: func(c *Call) []string {
				if text(c.Old.Properties, "mode") != "System" {
					return nil
				}
				for _, other := range c.Store.below(c.Store.parentID(c.ID), typePool) {
					if key(other.ID) != key(c.ID) && text(other.Properties, "mode") == "System" {
						return nil
					}
				}
				return []string{fmt.Sprintf("agent pool '%s' is the cluster's only System pool", c.Name)}
			}}},
	},
	&Type{
		Token: "azure-native:containerservice:MaintenanceConfiguration", ARM: typeCluster + "/maintenanceConfigurations", APIVersion: "2025-09-01",
		Path:    clusterPath + "/maintenanceConfigurations/{configName}",
		Name:    Name{1, 63, `default|aksManagedAutoUpgradeSchedule|aksManagedNodeOSUpgradeSchedule`, "default, aksManagedAutoUpgradeSchedule or aksManagedNodeOSUpgradeSchedule"},
		Minutes: Minutes{0.1, 0.1, 0.1},
		Rules: []Rule{{ID: "maintenanceconfiguration/window", Code: "InvalidMaintenanceWindow", Provenance: Documented, Source: "AKS docs: planned-maintenance; 4 to 24 hours, one schedule", Check: func(c *Call) []string {
			if c.Name == "default" {
				return nil
			}
			out := between(c.Inputs, "maintenanceWindow.durationHours", 4, 24)
			if !regexp.MustCompile(`^([01]\d|2[0-3]):[0-5]\d$`).MatchString(text(c.Inputs, "maintenanceWindow.startTime")) {
				out = append(out, fmt.Sprintf("maintenanceWindow.startTime: '%s' is not HH:MM", text(c.Inputs, "maintenanceWindow.startTime")))
			}
			if offset := text(c.Inputs, "maintenanceWindow.utcOffset"); offset != "" && !regexp.MustCompile(`^[+-]\d\d:\d\d$`).MatchString(offset) {
				out = append(out, fmt.Sprintf("maintenanceWindow.utcOffset: '%s' is not +HH:MM or -HH:MM", offset))
			}
			schedule, _ := get(c.Inputs, "maintenanceWindow.schedule").(Object)
			if len(schedule) != 1 {
				out = append(out, "maintenanceWindow.schedule: exactly one of daily, weekly, absoluteMonthly and relativeMonthly must be set")
			}
			return append(out, oneOf(c.Inputs, "maintenanceWindow.schedule.weekly.dayOfWeek", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")...)
		}}},
	},
)

// poolImmutable are the settings a pool keeps for life.
var poolImmutable = []string{"vmSize", "availabilityZones", "osType", "vnetSubnetID", "maxPods", "osDiskType", "osDiskSizeGB", "scaleSetPriority"}

// checkPool holds an inline profile or an AgentPool to AKS's limits; the paths in the messages are relative.
func checkPool(c *Call, pool Object) []string {
	var out []string
	add := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	pool = clone(pool)
	merge(pool, poolDefaults)
	mode := text(pool, "mode")
	out = append(out, slices.Concat(
		oneOf(pool, "mode", "System", "User", "Gateway"), oneOf(pool, "type", "VirtualMachineScaleSets", "VirtualMachines"), oneOf(pool, "osType", "Linux", "Windows"),
		oneOf(pool, "osSKU", "Ubuntu", "Ubuntu2204", "Ubuntu2404", "AzureLinux", "AzureLinux3"), oneOf(pool, "osDiskType", "Managed", "Ephemeral"),
		between(pool, "maxPods", 10, 250), between(pool, "osDiskSizeGB", 0, 2048))...)
	size, known := lookupSize(text(pool, "vmSize"))
	switch {
	case !known:
		add("vmSize: '%s' is not a size in region '%s'", text(pool, "vmSize"), c.location())
	case mode == "System" && (size.vCPU < 4 || size.memoryGiB < 4):
		add("vmSize: '%s' has %d vCPU and %v GiB; a System pool needs 4 and 4", text(pool, "vmSize"), size.vCPU, size.memoryGiB)
	case size.vCPU < 2 || size.memoryGiB < 2:
		add("vmSize: '%s' has %d vCPU and %v GiB; a pool needs 2 and 2", text(pool, "vmSize"), size.vCPU, size.memoryGiB)
	}
	if mode == "System" {
		if text(pool, "osType") != "Linux" || text(pool, "scaleSetPriority") == "Spot" {
			add("mode: a System pool must be Linux and not Spot")
		}
		if whole(pool, "maxPods") < 30 {
			add("maxPods: %d; a System pool needs 30", whole(pool, "maxPods"))
		}
	}
	count, given := number(pool, "count")
	low, hasLow := number(pool, "minCount")
	high, hasHigh := number(pool, "maxCount")
	if truth(pool, "enableAutoScaling") {
		if !hasLow || !hasHigh || low > high || high > 1000 || (mode == "System" && low < 1) {
			add("minCount, maxCount: %v and %v; both must be set, in order, at most 1000, and at least 1 for a System pool", low, high)
		} else if given && (count < low || count > high) {
			add("count: %v is outside minCount %v and maxCount %v", count, low, high)
		}
	} else {
		if hasLow || hasHigh {
			add("minCount, maxCount: only with enableAutoScaling")
		}
		if given && (count > 1000 || (mode == "System" && count < 1)) {
			add("count: %v; 0 to 1000, and at least 1 for a System pool", count)
		}
	}
	if zones := texts(pool, "availabilityZones"); len(zones) > 0 && !hasZones(clusterLocation(c)) {
		add("availabilityZones: region '%s' has no availability zones", clusterLocation(c))
	}
	labels, _ := pool["nodeLabels"].(Object)
	for _, label := range sortedKeys(labels) {
		if strings.HasPrefix(label, "kubernetes.azure.com/") {
			add("nodeLabels: prefix of '%s' is reserved", label)
		}
	}
	for i, taint := range texts(pool, "nodeTaints") {
		if !regexp.MustCompile(`^[^=:]+(=[^=:]*)?:(NoSchedule|PreferNoSchedule|NoExecute)$`).MatchString(taint) {
			add("nodeTaints[%d]: '%s' is not key=value:effect", i, taint)
		}
	}
	if surge := text(pool, "upgradeSettings.maxSurge"); surge != "" {
		n, err := strconv.Atoi(strings.TrimSuffix(surge, "%"))
		if err != nil || n < 0 || n > 100 && strings.HasSuffix(surge, "%") {
			add("upgradeSettings.maxSurge: '%s' is not a number or a percentage", surge)
		}
	}
	if subnet := c.Store.find(text(pool, "vnetSubnetID")); subnet != nil {
		if len(list(subnet.Properties, "delegations")) > 0 || strings.EqualFold(subnet.Name, "GatewaySubnet") {
			add("vnetSubnetID: subnet '%s' is delegated or a gateway subnet", subnet.Name)
		}
	}
	return out
}

// clusterLocation is the region of a cluster request or of a pool's cluster.
func clusterLocation(c *Call) string {
	if cluster := c.Store.find(c.Store.parentID(c.ID)); cluster != nil && cluster.Type == typeCluster {
		return normal(text(cluster.Properties, "location"))
	}
	return c.location()
}

// subnetDemand adds up the addresses of a cluster's pools, with the given ones as they are requested, per subnet.
func subnetDemand(c *Call, cluster string, requested []Object) []string {
	pools := map[string]Object{}
	for _, existing := range c.Store.below(cluster, typePool) {
		pools[existing.Name] = existing.Properties
	}
	for _, pool := range requested {
		pools[text(pool, "name")] = pool
	}
	demand := map[string]int{}
	for _, pool := range pools {
		nodes, perNode := max(whole(pool, "count"), whole(pool, "minCount"), 1), whole(pool, "maxPods")
		if perNode == 0 {
			perNode = 30
		}
		demand[key(text(pool, "vnetSubnetID"))] += nodes * (perNode + 1)
	}
	var out []string
	for _, pool := range requested {
		subnet := c.Store.find(text(pool, "vnetSubnetID"))
		if subnet == nil || len(subnetPrefixes(subnet.Properties)) == 0 {
			continue
		}
		if room := usable(subnetPrefixes(subnet.Properties)[0]); demand[key(subnet.ID)] > room {
			out = append(out, fmt.Sprintf("vnetSubnetID: pre-allocated IPs %d exceeds IPs available %d in subnet '%s'", demand[key(subnet.ID)], room, subnet.Name))
		}
	}
	return out
}

func minor(version string) int {
	parts := strings.Split(version, ".")
	if len(parts) < 2 {
		return 0
	}
	n, _ := strconv.Atoi(parts[1])
	return n
}

func checkVersion(c *Call) []string {
	version := text(c.Inputs, "kubernetesVersion")
	if version == "" {
		return nil
	}
	parts := strings.Split(version, ".")
	patch, known := kubernetesPatches[strings.Join(parts[:min(len(parts), 2)], ".")]
	if !known || len(parts) == 3 && minorPatch(version) > minorPatch(patch) {
		return []string{fmt.Sprintf("kubernetesVersion: '%s' is not supported in this region; offered are %s", version, strings.Join(sortedSet(kubernetesPatches), ", "))}
	}
	return nil
}

func minorPatch(version string) int {
	n, _ := strconv.Atoi(version[strings.LastIndex(version, ".")+1:])
	return n
}

func checkAutoScaler(c *Call) []string {
	var out []string
	for path, pattern := range map[string]string{
		"scaleDownUtilizationThreshold": `0(\.\d+)?|1(\.0+)?`, "scaleDownUnneededTime": `\d+m`, "scaleDownUnreadyTime": `\d+m`, "scaleDownDelayAfterAdd": `\d+m`,
		"scaleDownDelayAfterFailure": `\d+m`, "scaleDownDelayAfterDelete": `\d+[smh]`, "maxNodeProvisionTime": `\d+m`, "scanInterval": `\d+[smh]`, "newPodScaleUpDelay": `\d+[smh]`,
		"maxGracefulTerminationSec": `\d+`, "maxEmptyBulkDelete": `\d+`, "okTotalUnreadyCount": `\d+`, "maxTotalUnreadyPercentage": `\d{1,2}|100`,
	} {
		value := get(c.Inputs, "autoScalerProfile."+path)
		if s, ok := value.(string); value != nil && (!ok || !regexp.MustCompile("^("+pattern+")$").MatchString(s)) {
			out = append(out, fmt.Sprintf("autoScalerProfile.%s: '%v' must be a string matching %s", path, value, pattern))
		}
	}
	slices.Sort(out)
	return out
}

func checkServiceRange(c *Call) []string {
	services, err := netip.ParsePrefix(text(c.Inputs, "networkProfile.serviceCidr"))
	if err != nil || services != services.Masked() {
		return []string{fmt.Sprintf("networkProfile.serviceCidr: '%s' is not a network in CIDR form", text(c.Inputs, "networkProfile.serviceCidr"))}
	}
	var out []string
	if services.Bits() < 12 {
		out = append(out, fmt.Sprintf("networkProfile.serviceCidr: %s is larger than /12", services))
	}
	others := slices.Clone(reservedRanges)
	for _, pool := range objects(c.Inputs, "agentPoolProfiles") {
		if vnet := c.Store.find(c.Store.parentID(text(pool, "vnetSubnetID"))); vnet != nil {
			space, _ := prefixes("", texts(vnet.Properties, "addressSpace.addressPrefixes"))
			for _, s := range space {
				for _, r := range reservedRanges {
					if s.Overlaps(r) {
						out = append(out, fmt.Sprintf("agentPoolProfiles: virtual network range %s overlaps %s, which AKS reserves", s, r))
					}
				}
			}
			others = append(others, space...)
		}
	}
	for _, other := range others {
		if other.Overlaps(services) {
			out = append(out, fmt.Sprintf("networkProfile.serviceCidr: %s overlaps %s", services, other))
		}
	}
	return out
}

// checkKubeletIdentity asks for the roles a custom kubelet identity needs before the cluster exists.
func checkKubeletIdentity(c *Call) []string {
	kubelet := text(c.Inputs, "identityProfile.kubeletidentity.resourceId")
	if kubelet == "" {
		return nil
	}
	if !strings.Contains(text(c.Inputs, "identity.type"), "UserAssigned") {
		return []string{"identityProfile.kubeletidentity: needs a user-assigned identity for the control plane"}
	}
	var out []string
	for _, id := range identities(c.Inputs) {
		if identity := c.Store.find(id); identity != nil && !c.Store.allowed(text(identity.Properties, "principalId"), kubelet, roleIdentityOperator) {
			out = append(out, fmt.Sprintf("identityProfile.kubeletidentity: identity '%s' has no Managed Identity Operator role on '%s'", identity.Name, nameIn(kubelet)))
		}
	}
	return out
}

func checkAuthorizedRanges(c *Call) []string {
	var out []string
	ranges := texts(c.Inputs, "apiServerAccessProfile.authorizedIPRanges")
	if len(ranges) > 0 && truth(c.Inputs, "apiServerAccessProfile.enablePrivateCluster") {
		out = append(out, "apiServerAccessProfile.authorizedIPRanges: not with a private cluster")
	}
	if len(ranges) > 200 {
		out = append(out, fmt.Sprintf("apiServerAccessProfile.authorizedIPRanges: %d ranges; at most 200", len(ranges)))
	}
	for i, r := range ranges {
		if !isAddress(r) {
			out = append(out, fmt.Sprintf("apiServerAccessProfile.authorizedIPRanges[%d]: '%s' is not a CIDR", i, r))
		} else if a := netip.MustParseAddr(strings.Split(r, "/")[0]); a.IsPrivate() {
			out = append(out, fmt.Sprintf("apiServerAccessProfile.authorizedIPRanges[%d]: '%s' is private; the API server sees public addresses", i, r))
		}
	}
	return out
}

// nodeGroup is the name of the resource group AKS puts the nodes into.
func nodeGroup(c *Call) string {
	if name := text(c.Inputs, "nodeResourceGroup"); name != "" {
		return name
	}
	return "MC_" + nameIn(groupOf(c.ID)) + "_" + c.Name + "_" + c.location()
}

// subscription is the one we play, or the one an ID names.
func (s *Store) subscription(id string) string {
	if s.Subscription != "" {
		return s.Subscription
	}
	return strings.Split(id+"//", "/")[2]
}

// computePool fills in what a pool gets from its cluster.
func computePool(cluster *Resource, p Object) {
	version := ""
	if cluster != nil {
		version = text(cluster.Properties, "currentKubernetesVersion")
	}
	merge(p, poolDefaults)
	merge(p, Object{"orchestratorVersion": version})
	p["currentOrchestratorVersion"] = version
	if patch, alias := kubernetesPatches[text(p, "orchestratorVersion")]; alias {
		p["currentOrchestratorVersion"] = patch
	}
	p["nodeImageVersion"], p["powerState"], p["provisioningState"] = "AKSUbuntu-2404gen2containerd-202611.10.0", Object{"code": "Running"}, "Succeeded"
}

func computeCluster(c *Call, p Object) {
	version := text(p, "kubernetesVersion")
	if version == "" {
		version = "1.35"
		p["kubernetesVersion"] = c.previous("kubernetesVersion", version)
	}
	if patch, alias := kubernetesPatches[version]; alias {
		version = patch
	}
	p["currentKubernetesVersion"] = version
	p["fqdn"] = c.previous("fqdn", text(p, "dnsPrefix")+"-"+c.GUID("fqdn")[:8]+".hcp."+c.location()+".azmk8s.io")
	p["azurePortalFQDN"] = strings.Replace(text(p, "fqdn"), ".hcp.", ".portal.hcp.", 1)
	p["nodeResourceGroup"] = nodeGroup(c)
	p["powerState"], p["maxAgentPools"] = Object{"code": "Running"}, 100.0
	p["resourceUID"] = strings.ReplaceAll(c.GUID("uid"), "-", "")[:24]
	if truth(p, "oidcIssuerProfile.enabled") {
		set(p, "oidcIssuerProfile.issuerURL", "https://"+c.location()+".oic.prod-aks.azure.com/"+c.Store.tenant()+"/"+c.GUID("issuer")+"/")
	}
	if kubelet := c.Store.find(text(p, "identityProfile.kubeletidentity.resourceId")); kubelet != nil {
		merge(p["identityProfile"].(Object)["kubeletidentity"].(Object), Object{"clientId": text(kubelet.Properties, "clientId"), "objectId": text(kubelet.Properties, "principalId")})
	} else if !has(p, "identityProfile") {
		p["identityProfile"] = Object{"kubeletidentity": Object{"clientId": c.GUID("kubelet client"), "objectId": c.GUID("kubelet principal")}}
	}
	setIdentity(c, p)
	if text(p, "networkProfile.networkPlugin") == "azure" && text(p, "networkProfile.networkPluginMode") != "overlay" {
		unset(p, "networkProfile.podCidr")
	}
	services := text(p, "networkProfile.serviceCidr")
	merge(p["networkProfile"].(Object), Object{"ipFamilies": []any{"IPv4"}, "serviceCidrs": []any{services}})
	for _, pool := range objects(p, "agentPoolProfiles") {
		computePool(&Resource{Properties: p}, pool)
	}
}

// settleCluster brings the node resource group and the inline pools. A pool the request doesn't name stays as it is.
func settleCluster(c *Call) {
	cluster := c.Store.find(c.ID)
	group := "/subscriptions/" + c.Store.subscription(c.ID) + "/resourceGroups/" + text(cluster.Properties, "nodeResourceGroup")
	if c.Store.find(group) == nil {
		c.bring("Microsoft.Resources/resourceGroups", group, Object{"location": text(cluster.Properties, "location"), "managedBy": c.ID})
	}
	for _, profile := range objects(cluster.Properties, "agentPoolProfiles") {
		id := c.ID + "/agentPools/" + text(profile, "name")
		if existing := c.Store.find(id); existing != nil {
			pool := clone(profile)
			for _, own := range words("name type etag resourceGuid") { // what a pool has as a resource
				if value := existing.Properties[own]; value != nil {
					pool[own] = value
				}
			}
			existing.Properties = pool
		} else {
			c.bring(typePool, id, clone(profile))
		}
	}
}

// viewCluster shows all pools, the request's first, as AKS does.
func viewCluster(s *Store, r *Resource, p Object) {
	var profiles []any
	for _, profile := range objects(r.Properties, "agentPoolProfiles") {
		if pool := s.find(r.ID + "/agentPools/" + text(profile, "name")); pool != nil {
			profiles = append(profiles, poolProfile(pool))
		} else if r.State == "Creating" {
			profiles = append(profiles, clone(profile))
		}
	}
	for _, pool := range s.below(r.ID, typePool) {
		if !slices.ContainsFunc(profiles, func(v any) bool { return text(v.(Object), "name") == pool.Name }) {
			profiles = append(profiles, poolProfile(pool))
		}
	}
	p["agentPoolProfiles"] = profiles
}

// poolProfile is a pool as an entry of its cluster's list, which has no resource type of its own.
func poolProfile(pool *Resource) Object {
	out := clone(pool.Properties)
	delete(out, "etag")
	delete(out, "resourceGuid")
	if !slices.Contains([]string{"VirtualMachineScaleSets", "VirtualMachines"}, text(out, "type")) {
		out["type"] = poolDefaults["type"]
	}
	return out
}

func number0(o Object, path string) float64 {
	n, _ := number(o, path)
	return n
}
