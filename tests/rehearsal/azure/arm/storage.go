package arm

import (
	"encoding/base64"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"
)

const (
	typeAccount = "Microsoft.Storage/storageAccounts"
	accountPath = "/subscriptions/{subscriptionId}/resourceGroups/{resourceGroupName}/providers/Microsoft.Storage/storageAccounts/{accountName}"
	skuPage     = "learn: storage/common/storage-account-overview"
)

// accountKinds lists the kinds a SKU may have.
func accountKinds(sku string) []string {
	switch sku {
	case "Premium_LRS", "Premium_ZRS":
		return []string{"FileStorage", "BlockBlobStorage", "StorageV2"}
	case "PremiumV2_LRS", "PremiumV2_ZRS", "StandardV2_LRS", "StandardV2_ZRS", "StandardV2_GRS", "StandardV2_GZRS":
		return []string{"FileStorage"}
	case "Standard_LRS", "Standard_ZRS", "Standard_GRS", "Standard_RAGRS", "Standard_GZRS", "Standard_RAGZRS":
		return []string{"StorageV2"}
	}
	return nil
}

var shareName = Name{3, 63, `[a-z0-9](-?[a-z0-9])*`, "lower-case letters, digits and single -, with a letter or digit at both ends"}

// onlyDefault is the name of services and policies of which an account has one.
var onlyDefault = Name{7, 7, "default", "'default'"}

var _ = register(
	&Type{
		Token: "azure-native:storage:StorageAccount", ARM: typeAccount, APIVersion: "2024-01-01", Path: accountPath,
		Name: Name{3, 24, `[a-z0-9]+`, "lower-case letters and digits"}, Unique: true, Required: []string{"location", "sku.name"},
		ForceNew: []string{"isHnsEnabled", "location"}, Immutable: []string{"location", "isHnsEnabled", "kind"}, ImmutableCode: "AccountPropertyCannotBeUpdated",
		Defaults: Object{
			"allowBlobPublicAccess": false, "enableHttpsTrafficOnly": true, "minimumTlsVersion": "TLS1_2", "publicNetworkAccess": "Enabled",
			"networkRuleSet": Object{"bypass": "AzureServices", "defaultAction": "Allow", "ipRules": []any{}, "virtualNetworkRules": []any{}},
		},
		Minutes: Minutes{0.5, 0.2, 0.1},
		Compute: func(c *Call, p Object) {
			endpoints := Object{}
			services := []string{"blob", "queue", "table", "file", "web", "dfs"}
			switch text(p, "kind") {
			case "FileStorage":
				services = []string{"file"}
			case "BlockBlobStorage":
				services = []string{"blob", "web", "dfs"}
			}
			for _, service := range services {
				zone := service + "."
				if service == "web" {
					zone = "z6.web."
				}
				endpoints[service] = "https://" + c.Name + "." + zone + "core.windows.net/"
			}
			p["primaryEndpoints"], p["primaryLocation"], p["statusOfPrimary"] = endpoints, c.location(), "available"
			p["privateEndpointConnections"] = []any{}
			set(p, "sku.tier", strings.TrimRight(strings.SplitN(text(p, "sku.name"), "_", 2)[0], "V2"))
			for _, rule := range objects(p, "networkRuleSet.virtualNetworkRules") {
				rule["state"] = "Succeeded"
				merge(rule, Object{"action": "Allow"})
			}
			for _, rule := range objects(p, "networkRuleSet.ipRules") {
				merge(rule, Object{"action": "Allow"})
			}
			setIdentity(c, p)
		},
		Rules: []Rule{
			{ID: "storageaccount/sku-kind", Code: "InvalidValuesForRequestParameters", Provenance: Documented, Source: skuPage, Check: func(c *Call) []string {
				sku, kind := text(c.Inputs, "sku.name"), text(c.Inputs, "kind")
				if kinds := accountKinds(sku); !slices.Contains(kinds, kind) {
					return []string{fmt.Sprintf("kind: '%s' isn't possible with sku.name '%s', which goes with %v", kind, sku, kinds)}
				}
				return nil
			}},
			{ID: "storageaccount/sku-zones", Code: "SkuNotAvailableInRegion", Provenance: Documented, Source: "learn: storage/common/storage-redundancy", Check: func(c *Call) []string {
				if sku := text(c.Inputs, "sku.name"); strings.HasSuffix(sku, "ZRS") && !hasZones(c.location()) {
					return []string{fmt.Sprintf("sku.name: '%s' needs zones, which region '%s' hasn't", sku, c.location())}
				} else if (strings.Contains(sku, "GRS") || strings.Contains(sku, "GZRS")) && !hasPair(c.location()) {
					return []string{fmt.Sprintf("sku.name: '%s' needs a paired region, which '%s' hasn't", sku, c.location())}
				}
				return nil
			}},
			{ID: "storageaccount/sku-family-fixed", Code: "SkuConversionNotAllowed", Status: 409, Provenance: Documented, Source: "learn: storage/common/redundancy-migration", Check: func(c *Call) []string {
				if c.Old == nil || family(text(c.Old.Properties, "sku.name")) == family(text(c.Inputs, "sku.name")) {
					return nil
				}
				return []string{fmt.Sprintf("sku.name: can't change from '%s' to '%s'", text(c.Old.Properties, "sku.name"), text(c.Inputs, "sku.name"))}
			}},
			{ID: "storageaccount/tls", Code: "InvalidTlsVersion", Provenance: Documented, Source: "TLS 1.0 and 1.1 are refused since 2026-02-03", Check: func(c *Call) []string {
				return oneOf(c.Inputs, "minimumTlsVersion", "TLS1_2", "TLS1_3")
			}},
			{ID: "storageaccount/access-tier", Code: "AccessTierNotSupported", Provenance: Documented, Source: skuPage, Check: func(c *Call) []string {
				if tier, kind := text(c.Inputs, "accessTier"), text(c.Inputs, "kind"); tier != "" && tier != "Premium" && kind != "StorageV2" {
					return []string{fmt.Sprintf("accessTier: '%s' isn't possible with kind '%s'", tier, kind)}
				}
				return nil
			}},
			{ID: "storageaccount/network-rules", Code: "NetworkAclsValidationFailure", Provenance: Observed, Source: "learn: storage/common/storage-network-security", Check: checkStorageNetwork},
			values("storageaccount", Documented, "REST API 2024-01-01", map[string][]string{
				"networkRuleSet.defaultAction": {"Allow", "Deny"}, "publicNetworkAccess": {"Enabled", "Disabled", "SecuredByPerimeter"}, "allowedCopyScope": {"PrivateLink", "AAD"},
				"dnsEndpointType": {"Standard", "AzureDnsZone"},
			}),
		},
		DeleteRules: []Rule{mentions("storageaccount/no-endpoints", "StorageAccountHasPrivateEndpoints", 409, Assumed, "delete the endpoint before its target",
			"storage account '%s' is the target of %s", typeEndpoint).
			confirmedBy("the first destroy shows the order; delete a spare account with an endpoint by hand and read the answer")},
	},
	&Type{
		Token: "azure-native:storage:FileShare", ARM: typeAccount + "/fileServices/shares", APIVersion: "2024-01-01", Path: accountPath + "/fileServices/default/shares/{shareName}",
		Name: shareName, Defaults: Object{"enabledProtocols": "SMB"}, Immutable: []string{"enabledProtocols"}, ImmutableCode: "SharePropertyCannotBeUpdated", Minutes: Minutes{0.05, 0.05, 0.05},
		Occupies: []Occupies{{Levels: 4, Shared: true}},
		Remains: &Remains{For: 30 * time.Second, Code: "ShareBeingDeleted", Provenance: Documented, Source: "learn: rest/api/storageservices/delete-share",
			Text: "a deleted file share's name is taken for at least 30 seconds"},
		Compute: func(c *Call, p Object) {
			p["leaseState"], p["leaseStatus"] = "available", "unlocked"
			if account := c.Store.find(c.Store.parentID(c.ID)); account != nil && strings.HasPrefix(text(account.Properties, "sku.name"), "Premium_") {
				merge(p, Object{"accessTier": "Premium"})
			}
			if !has(p, "shareQuota") {
				p["shareQuota"] = 5120.0
			}
		},
		Rules: []Rule{
			{ID: "fileshare/account", Code: "FeatureNotSupportedForAccount", Provenance: Documented, Source: skuPage, Check: func(c *Call) []string {
				if account := c.Store.find(c.Store.parentID(c.ID)); account != nil && text(account.Properties, "kind") == "BlockBlobStorage" {
					return []string{fmt.Sprintf("accountName: a '%s' account has no file service", text(account.Properties, "kind"))}
				}
				return nil
			}},
			{ID: "fileshare/size", Code: "InvalidHeaderValue", Provenance: Documented, Source: "learn: storage/files/understanding-billing: 100 to 102400 GiB (v1), 32 to 262144 (v2)", Check: checkShareSize},
			{ID: "fileshare/protocol", Code: "InvalidShareProtocol", Provenance: Documented, Source: "learn: storage/files/storage-files-planning", Check: func(c *Call) []string {
				out := oneOf(c.Inputs, "enabledProtocols", "SMB", "NFS")
				if has(c.Inputs, "rootSquash") && text(c.Inputs, "enabledProtocols") != "NFS" {
					out = append(out, "rootSquash: only with NFS")
				}
				return out
			}},
		},
	},
	&Type{
		Token: "azure-native:storage:BlobContainer", ARM: typeAccount + "/blobServices/containers", APIVersion: "2024-01-01", Path: accountPath + "/blobServices/default/containers/{containerName}",
		Name: Name{3, 63, shareName.Pattern + `|\$(root|web|logs)`, shareName.Text}, Defaults: Object{"publicAccess": "None", "defaultEncryptionScope": "$account-encryption-key", "denyEncryptionScopeOverride": false}, Minutes: Minutes{0.05, 0.05, 0.05},
		Occupies: []Occupies{{Levels: 4, Shared: true}},
		Remains: &Remains{For: 30 * time.Second, Code: "ContainerBeingDeleted", Provenance: Documented, Source: "learn: rest/api/storageservices/delete-container",
			Text: "a deleted blob container's name is taken for at least 30 seconds"},
		Compute: func(_ *Call, p Object) {
			merge(p, Object{"hasImmutabilityPolicy": false, "hasLegalHold": false, "leaseState": "available", "leaseStatus": "unlocked"})
		},
		Rules: []Rule{
			{ID: "blobcontainer/account", Code: "FeatureNotSupportedForAccount", Provenance: Documented, Source: skuPage, Check: func(c *Call) []string {
				if account := c.Store.find(c.Store.parentID(c.ID)); account != nil && text(account.Properties, "kind") == "FileStorage" {
					return []string{"accountName: a 'FileStorage' account has no blob service"}
				}
				return nil
			}},
			{ID: "blobcontainer/public-access", Code: "PublicAccessNotPermitted", Status: 409, Provenance: Observed, Source: "learn: storage/blobs/anonymous-read-access-configure", Check: func(c *Call) []string {
				account := c.Store.find(c.Store.parentID(c.ID))
				if access := text(c.Inputs, "publicAccess"); access != "None" && account != nil && !truth(account.Properties, "allowBlobPublicAccess") {
					return []string{fmt.Sprintf("publicAccess: '%s' isn't permitted on this storage account", access)}
				}
				return nil
			}},
		},
	},
	&Type{
		Token: "azure-native:storage:ManagementPolicy", ARM: typeAccount + "/managementPolicies", APIVersion: "2024-01-01", Path: accountPath + "/managementPolicies/{managementPolicyName}",
		Name: onlyDefault, Required: []string{"policy.rules"}, Minutes: Minutes{0.05, 0.05, 0.05},
		Rules: []Rule{{ID: "managementpolicy/rules", Code: "InvalidLifecyclePolicy", Provenance: Documented, Source: "learn: storage/blobs/lifecycle-management-policy-structure", Check: checkLifecycle}},
	},
	&Type{
		Token: "azure-native:storage:BlobServiceProperties", ARM: typeAccount + "/blobServices", APIVersion: "2024-01-01", Path: accountPath + "/blobServices/{blobServicesName}",
		Name: onlyDefault, Singleton: true, Minutes: Minutes{0.05, 0.05, 0.05},
		Rules: []Rule{{ID: "blobserviceproperties/retention", Code: "InvalidRetentionDays", Provenance: Documented, Source: "learn: storage/blobs/soft-delete-blob-overview: 1 to 365 days", Check: func(c *Call) []string {
			out := slices.Concat(between(c.Inputs, "deleteRetentionPolicy.days", 1, 365), between(c.Inputs, "containerDeleteRetentionPolicy.days", 1, 365))
			if account := c.Store.find(c.Store.parentID(c.ID)); account != nil && text(account.Properties, "kind") == "FileStorage" {
				out = append(out, "accountName: a 'FileStorage' account has no blob service")
			}
			return out
		}}},
	},
	&Type{
		Token: "azure-native:storage:FileServiceProperties", ARM: typeAccount + "/fileServices", APIVersion: "2024-01-01", Path: accountPath + "/fileServices/{fileServicesName}",
		Name: onlyDefault, Singleton: true, Minutes: Minutes{0.05, 0.05, 0.05},
		Rules: []Rule{{ID: "fileserviceproperties/retention", Code: "InvalidRetentionDays", Provenance: Documented, Source: "learn: storage/files/storage-files-prevent-file-share-deletion: 1 to 365 days", Check: func(c *Call) []string {
			return between(c.Inputs, "shareDeleteRetentionPolicy.days", 1, 365)
		}}},
	},
)

// family is the part of a SKU that never changes: Standard, Premium or their v2.
func family(sku string) string { return strings.SplitN(sku, "_", 2)[0] }

func checkStorageNetwork(c *Call) []string {
	var out []string
	for i, rule := range objects(c.Inputs, "networkRuleSet.virtualNetworkRules") {
		id := text(rule, "virtualNetworkResourceId")
		subnet := c.Store.find(id)
		if subnet == nil {
			continue // the reference rule's business
		}
		if !slices.ContainsFunc(objects(subnet.Properties, "serviceEndpoints"), func(e Object) bool { return strings.HasPrefix(text(e, "service"), "Microsoft.Storage") }) {
			out = append(out, fmt.Sprintf("networkRuleSet.virtualNetworkRules[%d]: SubnetsHaveNoServiceEndpointsConfigured: subnet '%s' has no Microsoft.Storage service endpoint", i, subnet.Name))
		}
	}
	for i, rule := range objects(c.Inputs, "networkRuleSet.ipRules") {
		out = append(out, publicRange(fmt.Sprintf("networkRuleSet.ipRules[%d]", i), text(rule, "iPAddressOrRange"))...)
	}
	for _, part := range strings.Split(text(c.Inputs, "networkRuleSet.bypass"), ",") {
		if !slices.Contains([]string{"", "None", "AzureServices", "Logging", "Metrics"}, strings.TrimSpace(part)) {
			out = append(out, fmt.Sprintf("networkRuleSet.bypass: '%s' is not one of None, AzureServices, Logging, Metrics", part))
		}
	}
	return out
}

// publicRange checks an address of a firewall rule: public, and no /31 or /32.
func publicRange(path, value string) []string {
	address, bits, isRange := strings.Cut(value, "/")
	a, err := netip.ParseAddr(address)
	switch {
	case err != nil || !isAddress(value):
		return []string{fmt.Sprintf("%s: '%s' is not an address or a CIDR", path, value)}
	case a.IsPrivate():
		return []string{fmt.Sprintf("%s: '%s' is private; only public addresses are allowed", path, value)}
	case isRange && (bits == "31" || bits == "32"):
		return []string{fmt.Sprintf("%s: '%s': give single addresses without /31 or /32", path, value)}
	}
	return nil
}

func checkShareSize(c *Call) []string {
	account := c.Store.find(c.Store.parentID(c.ID))
	if account == nil {
		return nil
	}
	sku := text(account.Properties, "sku.name")
	v2 := strings.Contains(family(sku), "V2")
	low, high := 1.0, 102400.0
	switch {
	case v2:
		low, high = 32, 262144
	case family(sku) == "Premium":
		low = 100
	}
	var out []string
	if quota, given := number(c.Inputs, "shareQuota"); given && (quota < low || quota > high) {
		out = append(out, fmt.Sprintf("shareQuota: %v GiB is outside %v to %v for %s", quota, low, high, sku))
	}
	if !v2 && (has(c.Inputs, "provisionedIops") || has(c.Inputs, "provisionedBandwidthMibps")) {
		out = append(out, "provisionedIops, provisionedBandwidthMibps: only with provisioned v2 accounts, not "+sku)
	}
	if v2 {
		out = append(out, slices.Concat(between(c.Inputs, "provisionedIops", 500, 102400), between(c.Inputs, "provisionedBandwidthMibps", 60, 10340))...)
	}
	return out
}

func checkLifecycle(c *Call) []string {
	rules := objects(c.Inputs, "policy.rules")
	var out []string
	if len(rules) > 100 {
		out = append(out, fmt.Sprintf("policy.rules: %d rules; at most 100", len(rules)))
	}
	account := c.Store.find(c.Store.parentID(c.ID))
	seen := map[string]bool{}
	for i, rule := range rules {
		path := fmt.Sprintf("policy.rules[%d]", i)
		if name := text(rule, "name"); seen[name] || name == "" {
			out = append(out, fmt.Sprintf("%s.name: '%s' is empty or used twice", path, name))
		} else {
			seen[name] = true
		}
		out = append(out, oneOf(rule, "type", "Lifecycle")...)
		kinds := texts(rule, "definition.filters.blobTypes")
		if len(kinds) == 0 {
			out = append(out, path+".definition.filters.blobTypes: required")
		}
		actions, _ := get(rule, "definition.actions.baseBlob").(Object)
		for _, action := range sortedKeys(actions) {
			if action == "delete" {
				continue
			}
			if slices.Contains(kinds, "appendBlob") || account != nil && text(account.Properties, "kind") == "BlockBlobStorage" {
				out = append(out, fmt.Sprintf("%s.definition.actions.baseBlob.%s: premium and append blobs have no access tiers; only delete works", path, action))
			}
		}
	}
	return out
}

// AccountKeys are the two keys of a storage account: 64 bytes in base64, the same as long as the account lives.
func (s *Store) AccountKeys(id string) ([2]string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.find(id)
	if r == nil {
		return [2]string{}, notFound(id)
	}
	var out [2]string
	for i := range out {
		seed := guid(key(r.ID), itoa(r.Generation), "key", itoa(i)) + guid(key(r.ID), itoa(r.Generation), "tail", itoa(i))
		out[i] = base64.StdEncoding.EncodeToString([]byte(seed)[:64])
	}
	return out, nil
}
