package arm

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"testing"

	"apim-azure/tests/golden"
)

const (
	subscription = "00000000-0000-4000-8000-000000000001"
	group        = "/subscriptions/" + subscription + "/resourceGroups/rg"
	netID        = group + "/providers/Microsoft.Network/"
	vnetID       = netID + "virtualNetworks/vnet"
	rolePath     = "/subscriptions/" + subscription + "/providers/Microsoft.Authorization/roleDefinitions/"
	clusterID    = group + "/providers/Microsoft.ContainerService/managedClusters/cluster"
	gatewayID    = netID + "applicationGateways/gateway"
	mysqlID      = group + "/providers/Microsoft.DBforMySQL/flexibleServers/mysql-abc123"
	accountID    = group + "/providers/Microsoft.Storage/storageAccounts/filesabc123"
	registryID   = group + "/providers/Microsoft.ContainerRegistry/registries/registryabc123"
	vmID         = group + "/providers/Microsoft.Compute/virtualMachines/vm"
)

// fixture is a request Azure accepts once all fixtures before it are there.
type fixture struct {
	name, token string
	inputs      func(s *Store) Object
}

func fixed(o Object) func(*Store) Object { return func(*Store) Object { return clone(o) } }

func ref(id string) Object { return Object{"id": id} }

func in(o Object) Object {
	merge(o, Object{"resourceGroupName": "rg"})
	return o
}

// here adds the group and the region.
func here(o Object) Object {
	merge(o, Object{"location": "westeurope"})
	return in(o)
}

func inNet(name, prefix string, more Object) Object {
	merge(more, Object{"virtualNetworkName": "vnet", "subnetName": name, "addressPrefix": prefix, "defaultOutboundAccess": false})
	return in(more)
}

func rule(name string, priority float64, more Object) Object {
	merge(more, Object{
		"name": name, "priority": priority, "direction": "Inbound", "access": "Allow", "protocol": "Tcp",
		"sourcePortRange": "*", "destinationAddressPrefix": "*", "sourceAddressPrefix": "VirtualNetwork", "destinationPortRange": "443",
	})
	return more
}

func principal(s *Store, identity string) string {
	return text(s.find(group+"/providers/"+typeIdentity+"/"+identity).Properties, "principalId")
}

func grant(name, scope, role, identity string) fixture {
	return fixture{name, "azure-native:authorization:RoleAssignment", func(s *Store) Object {
		return Object{"scope": scope, "roleAssignmentName": guid(name), "roleDefinitionId": rolePath + role, "principalId": principal(s, identity), "principalType": "ServicePrincipal"}
	}}
}

const acrPull = "7f951dda-4ed3-4680-a7ca-43fe172d538d"

// fixtures build a small platform, in an order Azure accepts.
var fixtures = []fixture{
	{"group", "azure-native:resources:ResourceGroup", fixed(Object{"resourceGroupName": "rg", "location": "westeurope", "tags": Object{"project": "apim"}})},
	{"vnet", "azure-native:network:VirtualNetwork", fixed(here(Object{"virtualNetworkName": "vnet", "addressSpace": Object{"addressPrefixes": []any{"10.0.0.0/22"}}}))},
	{"nsg", "azure-native:network:NetworkSecurityGroup", fixed(here(Object{"networkSecurityGroupName": "nsg", "securityRules": []any{
		rule("AllowHTTPS", 100, Object{}), rule("AllowGatewayManager", 110, Object{"sourceAddressPrefix": "GatewayManager", "destinationPortRange": "65200-65535"}),
	}}))},
	{"nat-ip", "azure-native:network:PublicIPAddress", fixed(here(Object{"publicIpAddressName": "nat-ip", "sku": Object{"name": "Standard"}, "publicIPAllocationMethod": "Static", "zones": []any{"1", "2", "3"}}))},
	{"gateway-ip", "azure-native:network:PublicIPAddress", fixed(here(Object{"publicIpAddressName": "gateway-ip", "sku": Object{"name": "Standard"}, "publicIPAllocationMethod": "Static", "zones": []any{"1", "2", "3"}}))},
	{"nat", "azure-native:network:NatGateway", fixed(here(Object{"natGatewayName": "nat", "sku": Object{"name": "Standard"}, "publicIpAddresses": []any{ref(netID + "publicIPAddresses/nat-ip")}}))},
	{"aks-subnet", "azure-native:network:Subnet", fixed(inNet("aks", "10.0.0.0/23", Object{"natGateway": ref(netID + "natGateways/nat"), "serviceEndpoints": []any{Object{"service": "Microsoft.Storage"}}}))},
	{"gateway-subnet", "azure-native:network:Subnet", fixed(inNet("gateway", "10.0.2.0/24", Object{"networkSecurityGroup": ref(netID + "networkSecurityGroups/nsg")}))},
	{"data-subnet", "azure-native:network:Subnet", fixed(inNet("data", "10.0.3.0/27", Object{}))},
	{"mysql-zone", "azure-native:privatedns:PrivateZone", fixed(in(Object{"privateZoneName": "privatelink.mysql.database.azure.com", "location": "global"}))},
	{"zone-link", "azure-native:privatedns:VirtualNetworkLink", fixed(in(Object{"privateZoneName": "privatelink.mysql.database.azure.com", "virtualNetworkLinkName": "link", "location": "global", "virtualNetwork": ref(vnetID), "registrationEnabled": false}))},
	{"record", "azure-native:privatedns:PrivateRecordSet", fixed(in(Object{"privateZoneName": "privatelink.mysql.database.azure.com", "recordType": "A", "relativeRecordSetName": "cassandra", "ttl": 300.0, "aRecords": []any{Object{"ipv4Address": "10.0.3.10"}}}))},
	{"public-zone", "azure-native:dns:Zone", fixed(in(Object{"zoneName": "example.com", "location": "global"}))},
	{"public-record", "azure-native:dns:RecordSet", fixed(in(Object{"zoneName": "example.com", "recordType": "A", "relativeRecordSetName": "api", "ttl": 300.0, "aRecords": []any{Object{"ipv4Address": "203.0.113.7"}}}))},
	{"cluster-identity", "azure-native:managedidentity:UserAssignedIdentity", fixed(here(Object{"resourceName": "cluster-identity"}))},
	{"kubelet-identity", "azure-native:managedidentity:UserAssignedIdentity", fixed(here(Object{"resourceName": "kubelet-identity"}))},
	grant("operator", group+"/providers/"+typeIdentity+"/kubelet-identity", roleIdentityOperator, "cluster-identity"),
	grant("network", vnetID+"/subnets/aks", roleNetworkContributor, "cluster-identity"),
	{"cluster", "azure-native:containerservice:ManagedCluster", fixed(here(Object{
		"resourceName": "cluster", "dnsPrefix": "cluster", "kubernetesVersion": "1.36", "nodeResourceGroup": "rg-nodes", "sku": Object{"name": "Base", "tier": "Standard"},
		"identity":          Object{"type": "UserAssigned", "userAssignedIdentities": []any{group + "/providers/" + typeIdentity + "/cluster-identity"}},
		"identityProfile":   Object{"kubeletidentity": Object{"resourceId": group + "/providers/" + typeIdentity + "/kubelet-identity"}},
		"agentPoolProfiles": []any{Object{"name": "system", "mode": "System", "vmSize": "Standard_D4s_v5", "count": 2.0, "maxPods": 30.0, "vnetSubnetID": vnetID + "/subnets/aks", "type": "VirtualMachineScaleSets", "availabilityZones": []any{"1", "2", "3"}}},
		"networkProfile":    Object{"networkPlugin": "azure", "networkDataplane": "cilium", "networkPolicy": "cilium", "outboundType": "userAssignedNATGateway", "serviceCidr": "10.240.0.0/16", "dnsServiceIP": "10.240.0.10"},
		"aadProfile":        Object{"managed": true, "enableAzureRBAC": true, "adminGroupObjectIDs": []any{"11111111-1111-4111-8111-111111111111"}}, "disableLocalAccounts": true,
		"oidcIssuerProfile": Object{"enabled": true}, "securityProfile": Object{"workloadIdentity": Object{"enabled": true}},
		"autoScalerProfile":      Object{"scaleDownUtilizationThreshold": "0.5", "scaleDownUnneededTime": "10m"},
		"apiServerAccessProfile": Object{"authorizedIPRanges": []any{"198.51.100.0/24"}},
	}))},
	{"pool", "azure-native:containerservice:AgentPool", fixed(in(Object{"resourceName": "cluster", "agentPoolName": "apim0a1b2c", "vmSize": "Standard_D4s_v5", "mode": "User", "enableAutoScaling": true, "count": 3.0, "minCount": 3.0, "maxCount": 6.0, "maxPods": 30.0, "vnetSubnetID": vnetID + "/subnets/aks", "osDiskSizeGB": 128.0, "nodeLabels": Object{"pool": "apimpool"}, "availabilityZones": []any{"1", "2", "3"}}))},
	{"maintenance", "azure-native:containerservice:MaintenanceConfiguration", fixed(in(Object{"resourceName": "cluster", "configName": "aksManagedNodeOSUpgradeSchedule", "maintenanceWindow": Object{"durationHours": 4.0, "startTime": "01:00", "utcOffset": "+00:00", "schedule": Object{"weekly": Object{"dayOfWeek": "Sunday", "intervalWeeks": 1.0}}}}))},
	{"federation", "azure-native:managedidentity:FederatedIdentityCredential", func(s *Store) Object {
		return in(Object{"resourceName": "kubelet-identity", "federatedIdentityCredentialResourceName": "agic", "issuer": "https://issuer.example.com/", "subject": "system:serviceaccount:apim:agic", "audiences": []any{"api://AzureADTokenExchange"}})
	}},
	{"gateway", "azure-native:network:ApplicationGateway", fixed(here(Object{
		"applicationGatewayName": "gateway", "sku": Object{"name": "Standard_v2", "tier": "Standard_v2", "capacity": 2.0}, "zones": []any{"1", "2", "3"},
		"gatewayIPConfigurations":  []any{Object{"name": "ip", "subnet": ref(vnetID + "/subnets/gateway")}},
		"frontendIPConfigurations": []any{Object{"name": "public", "publicIPAddress": ref(netID + "publicIPAddresses/gateway-ip")}},
		"frontendPorts":            []any{Object{"name": "http", "port": 80.0}}, "backendAddressPools": []any{Object{"name": "pool"}},
		"backendHttpSettingsCollection": []any{Object{"name": "settings", "port": 80.0, "protocol": "Http", "cookieBasedAffinity": "Disabled", "requestTimeout": 30.0}},
		"httpListeners":                 []any{Object{"name": "listener", "protocol": "Http", "frontendIPConfiguration": ref("$self/frontendIPConfigurations/public"), "frontendPort": ref("$self/frontendPorts/http")}},
		"requestRoutingRules":           []any{Object{"name": "rule", "ruleType": "Basic", "priority": 100.0, "httpListener": ref("$self/httpListeners/listener"), "backendAddressPool": ref("$self/backendAddressPools/pool"), "backendHttpSettings": ref("$self/backendHttpSettingsCollection/settings")}},
		"sslPolicy":                     Object{"policyType": "Predefined", "policyName": "AppGwSslPolicy20220101"},
	}))},
	{"mysql", "azure-native:dbformysql:Server", fixed(here(Object{
		"serverName": "mysql-abc123", "administratorLogin": "apimadmin", "administratorLoginPassword": "Abcdefgh-12345678", "version": "8.4", "availabilityZone": "1",
		"sku": Object{"name": "Standard_D4ads_v5", "tier": "GeneralPurpose"}, "storage": Object{"storageSizeGB": 64.0, "autoGrow": "Enabled", "autoIoScaling": "Enabled"},
		"backup": Object{"backupRetentionDays": 14.0, "geoRedundantBackup": "Enabled"}, "highAvailability": Object{"mode": "ZoneRedundant", "standbyAvailabilityZone": "2"},
		"network": Object{"publicNetworkAccess": "Disabled"},
	}))},
	{"database", "azure-native:dbformysql:Database", fixed(in(Object{"serverName": "mysql-abc123", "databaseName": "metrics", "charset": "utf8mb4", "collation": "utf8mb4_0900_ai_ci"}))},
	{"configuration", "azure-native:dbformysql:Configuration", fixed(in(Object{"serverName": "mysql-abc123", "configurationName": "tls_version", "value": "TLSv1.2,TLSv1.3", "source": "user-override"}))},
	{"endpoint", "azure-native:network:PrivateEndpoint", fixed(here(Object{"privateEndpointName": "mysql-endpoint", "subnet": ref(vnetID + "/subnets/data"), "privateLinkServiceConnections": []any{Object{"name": "mysql", "privateLinkServiceId": mysqlID, "groupIds": []any{"mysqlServer"}}}}))},
	{"zone-group", "azure-native:network:PrivateDnsZoneGroup", fixed(in(Object{"privateEndpointName": "mysql-endpoint", "privateDnsZoneGroupName": "default", "privateDnsZoneConfigs": []any{Object{"name": "mysql", "privateDnsZoneId": netID + "privateDnsZones/privatelink.mysql.database.azure.com"}}}))},
	{"account", "azure-native:storage:StorageAccount", fixed(here(Object{"accountName": "filesabc123", "kind": "FileStorage", "sku": Object{"name": "Premium_ZRS"}, "minimumTlsVersion": "TLS1_2", "networkRuleSet": Object{"defaultAction": "Deny", "bypass": "AzureServices", "virtualNetworkRules": []any{Object{"virtualNetworkResourceId": vnetID + "/subnets/aks"}}}}))},
	{"share", "azure-native:storage:FileShare", fixed(in(Object{"accountName": "filesabc123", "shareName": "events", "shareQuota": 100.0, "enabledProtocols": "SMB"}))},
	{"file-service", "azure-native:storage:FileServiceProperties", fixed(in(Object{"accountName": "filesabc123", "fileServicesName": "default", "shareDeleteRetentionPolicy": Object{"enabled": true, "days": 14.0}}))},
	{"logs", "azure-native:storage:StorageAccount", fixed(here(Object{"accountName": "logsabc123", "kind": "BlockBlobStorage", "sku": Object{"name": "Premium_LRS"}, "minimumTlsVersion": "TLS1_2"}))},
	{"blob-service", "azure-native:storage:BlobServiceProperties", fixed(in(Object{"accountName": "logsabc123", "blobServicesName": "default", "deleteRetentionPolicy": Object{"enabled": true, "days": 7.0}}))},
	{"container", "azure-native:storage:BlobContainer", fixed(in(Object{"accountName": "logsabc123", "containerName": "kubernetes-logs"}))},
	{"lifecycle", "azure-native:storage:ManagementPolicy", fixed(in(Object{"accountName": "logsabc123", "managementPolicyName": "default", "policy": Object{"rules": []any{Object{"name": "expire", "type": "Lifecycle", "enabled": true, "definition": Object{"actions": Object{"baseBlob": Object{"delete": Object{"daysAfterModificationGreaterThan": 30.0}}}, "filters": Object{"blobTypes": []any{"appendBlob"}}}}}}}))},
	{"registry", "azure-native:containerregistry:Registry", fixed(here(Object{"registryName": "registryabc123", "sku": Object{"name": "Premium"}, "networkRuleSet": Object{"defaultAction": "Deny", "ipRules": []any{Object{"iPAddressOrRange": "198.51.100.7"}}}, "policies": Object{"retentionPolicy": Object{"status": "enabled", "days": 30.0}}, "zoneRedundancy": "Enabled"}))},
	{"replication", "azure-native:containerregistry:Replication", fixed(in(Object{"registryName": "registryabc123", "replicationName": "northeurope", "location": "northeurope"}))},
	grant("pull", registryID, acrPull, "kubelet-identity"),
	{"disk", "azure-native:compute:Disk", fixed(here(Object{"diskName": "data", "diskSizeGB": 64.0, "sku": Object{"name": "Premium_LRS"}, "creationData": Object{"createOption": "Empty"}, "zones": []any{"1"}}))},
	{"nic", "azure-native:network:NetworkInterface", fixed(here(Object{"networkInterfaceName": "nic", "ipConfigurations": []any{Object{"name": "ip", "subnet": ref(vnetID + "/subnets/data"), "privateIPAllocationMethod": "Static", "privateIPAddress": "10.0.3.10"}}}))},
	{"availability-set", "azure-native:compute:AvailabilitySet", fixed(here(Object{"availabilitySetName": "set", "platformFaultDomainCount": 3.0, "platformUpdateDomainCount": 3.0, "sku": Object{"name": "Aligned"}}))},
	{"vm", "azure-native:compute:VirtualMachine", fixed(here(Object{
		"vmName": "vm", "zones": []any{"1"}, "hardwareProfile": Object{"vmSize": "Standard_D4s_v5"}, "identity": Object{"type": "SystemAssigned"},
		"networkProfile": Object{"networkInterfaces": []any{Object{"id": netID + "networkInterfaces/nic", "primary": true}}},
		"osProfile": Object{"computerName": "vm", "adminUsername": "apimadmin", "customData": base64.StdEncoding.EncodeToString([]byte("#cloud-config")), "linuxConfiguration": Object{
			"disablePasswordAuthentication": true, "ssh": Object{"publicKeys": []any{Object{"path": "/home/apimadmin/.ssh/authorized_keys", "keyData": "ssh-rsa AAAA"}}}}},
		"storageProfile": Object{
			"imageReference": Object{"publisher": "Canonical", "offer": "ubuntu-24_04-lts", "sku": "server", "version": "latest"},
			"osDisk":         Object{"name": "vm-os", "createOption": "FromImage", "deleteOption": "Delete", "managedDisk": Object{"storageAccountType": "Premium_LRS"}},
			"dataDisks":      []any{Object{"lun": 0.0, "createOption": "Attach", "managedDisk": ref(group + "/providers/" + typeDisk + "/data")}},
		},
		"securityProfile": Object{"securityType": "TrustedLaunch", "uefiSettings": Object{"secureBootEnabled": true, "vTpmEnabled": true}},
	}))},
	{"extension", "azure-native:compute:VirtualMachineExtension", fixed(here(Object{"vmName": "vm", "vmExtensionName": "login", "publisher": "Microsoft.Azure.ActiveDirectory", "type": "AADSSHLoginForLinux", "typeHandlerVersion": "1.0"}))},
	{"command", "azure-native:compute:VirtualMachineRunCommandByVirtualMachine", fixed(here(Object{"vmName": "vm", "runCommandName": "keyspaces", "source": Object{"script": "true"}, "treatFailureAsDeploymentFailure": true, "timeoutInSeconds": 600.0, "protectedParameters": []any{Object{"name": "PASSWORD", "value": "x"}}}))},
	{"workspace", "azure-native:operationalinsights:Workspace", fixed(here(Object{"workspaceName": "workspace", "sku": Object{"name": "PerGB2018"}, "retentionInDays": 30.0, "workspaceCapping": Object{"dailyQuotaGb": -1.0}}))},
}

// TestTheWorldIsOnRecord writes the fixtures' requests down, for the tests of the provider to make the same world.
func TestTheWorldIsOnRecord(t *testing.T) {
	type request struct {
		Name, Token string
		Inputs      Object
	}
	s := build(t, "")
	var requests []request
	for _, f := range fixtures {
		requests = append(requests, request{f.name, f.token, f.inputs(s)})
	}
	data, err := json.MarshalIndent(requests, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	golden.Compare(t, "world.json", string(data)+"\n", "The provider's tests make these requests.")
}

func byName(t *testing.T, name string) fixture {
	t.Helper()
	for _, f := range fixtures {
		if f.name == name {
			return f
		}
	}
	t.Fatalf("no fixture %q", name)
	return fixture{}
}

func atOnce(context.Context, float64) error { return nil }

// build makes the fixtures before the named one; "" makes all.
func build(t *testing.T, until string) *Store {
	t.Helper()
	s, err := Open("")
	if err != nil {
		t.Fatal(err)
	}
	s.Subscription, s.Tenant = subscription, "00000000-0000-4000-8000-00000000000a"
	for _, f := range fixtures {
		if f.name == until {
			return s
		}
		put(t, s, f)
	}
	return s
}

func put(t *testing.T, s *Store, f fixture) {
	t.Helper()
	if _, _, err := s.Put(context.Background(), Lookup(f.token), subscription, f.inputs(s), atOnce); err != nil {
		t.Fatalf("fixture %s: %v", f.name, err)
	}
}

// refusals are the Azure errors in an error.
func refusals(err error) []*Error {
	var one *Error
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		var out []*Error
		for _, e := range joined.Unwrap() {
			out = append(out, refusals(e)...)
		}
		return out
	}
	if errors.As(err, &one) {
		return []*Error{one}
	}
	return nil
}
