// Package gen derives the stand-in's schema from the Azure SDK the program is compiled against.
//
// The SDK's generated Go code carries what the provider's own schema says: the property names in struct tags, optional
// scalars as pointers, and the response types behind every output. Reading it by reflection keeps the stand-in honest about
// the SDK version in go.mod without shipping the provider's 200 MB of metadata. What Go can't show (a required list looks
// like an optional one) is added by the stand-in's own tables.
package gen

import (
	"encoding/json"
	"fmt"
	"reflect"
	"sort"
	"strings"

	"github.com/pulumi/pulumi-azure-native-sdk/authorization/v3"
	"github.com/pulumi/pulumi-azure-native-sdk/compute/v3"
	"github.com/pulumi/pulumi-azure-native-sdk/containerregistry/v3"
	"github.com/pulumi/pulumi-azure-native-sdk/containerservice/v3"
	"github.com/pulumi/pulumi-azure-native-sdk/dns/v3"
	"github.com/pulumi/pulumi-azure-native-sdk/managedidentity/v3"
	"github.com/pulumi/pulumi-azure-native-sdk/network/v3"
	"github.com/pulumi/pulumi-azure-native-sdk/operationalinsights/v3"
	"github.com/pulumi/pulumi-azure-native-sdk/privatedns/v3"
	"github.com/pulumi/pulumi-azure-native-sdk/resources/v3"
	"github.com/pulumi/pulumi-azure-native-sdk/storage/v3"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// element is what every generated Args struct and output has.
type element interface{ ElementType() reflect.Type }

// source is one resource of the SDK: its arguments and its outputs.
type source struct {
	args     element
	resource any
}

// sources lists the resources the stand-in serves, by token without the package prefix.
var sources = map[string]source{
	"authorization:RoleAssignment":                     {authorization.RoleAssignmentArgs{}, authorization.RoleAssignment{}},
	"compute:AvailabilitySet":                          {compute.AvailabilitySetArgs{}, compute.AvailabilitySet{}},
	"compute:Disk":                                     {compute.DiskArgs{}, compute.Disk{}},
	"compute:VirtualMachine":                           {compute.VirtualMachineArgs{}, compute.VirtualMachine{}},
	"compute:VirtualMachineExtension":                  {compute.VirtualMachineExtensionArgs{}, compute.VirtualMachineExtension{}},
	"compute:VirtualMachineRunCommandByVirtualMachine": {compute.VirtualMachineRunCommandByVirtualMachineArgs{}, compute.VirtualMachineRunCommandByVirtualMachine{}},
	"containerregistry:Registry":                       {containerregistry.RegistryArgs{}, containerregistry.Registry{}},
	"containerregistry:Replication":                    {containerregistry.ReplicationArgs{}, containerregistry.Replication{}},
	"containerservice:AgentPool":                       {containerservice.AgentPoolArgs{}, containerservice.AgentPool{}},
	"containerservice:MaintenanceConfiguration":        {containerservice.MaintenanceConfigurationArgs{}, containerservice.MaintenanceConfiguration{}},
	"containerservice:ManagedCluster":                  {containerservice.ManagedClusterArgs{}, containerservice.ManagedCluster{}},
	"dns:RecordSet":                                    {dns.RecordSetArgs{}, dns.RecordSet{}},
	"dns:Zone":                                         {dns.ZoneArgs{}, dns.Zone{}},
	"managedidentity:FederatedIdentityCredential":      {managedidentity.FederatedIdentityCredentialArgs{}, managedidentity.FederatedIdentityCredential{}},
	"managedidentity:UserAssignedIdentity":             {managedidentity.UserAssignedIdentityArgs{}, managedidentity.UserAssignedIdentity{}},
	"network:ApplicationGateway":                       {network.ApplicationGatewayArgs{}, network.ApplicationGateway{}},
	"network:NatGateway":                               {network.NatGatewayArgs{}, network.NatGateway{}},
	"network:NetworkInterface":                         {network.NetworkInterfaceArgs{}, network.NetworkInterface{}},
	"network:NetworkSecurityGroup":                     {network.NetworkSecurityGroupArgs{}, network.NetworkSecurityGroup{}},
	"network:PrivateDnsZoneGroup":                      {network.PrivateDnsZoneGroupArgs{}, network.PrivateDnsZoneGroup{}},
	"network:PrivateEndpoint":                          {network.PrivateEndpointArgs{}, network.PrivateEndpoint{}},
	"network:PublicIPAddress":                          {network.PublicIPAddressArgs{}, network.PublicIPAddress{}},
	"network:Subnet":                                   {network.SubnetArgs{}, network.Subnet{}},
	"network:VirtualNetwork":                           {network.VirtualNetworkArgs{}, network.VirtualNetwork{}},
	"operationalinsights:Workspace":                    {operationalinsights.WorkspaceArgs{}, operationalinsights.Workspace{}},
	"privatedns:PrivateRecordSet":                      {privatedns.PrivateRecordSetArgs{}, privatedns.PrivateRecordSet{}},
	"privatedns:PrivateZone":                           {privatedns.PrivateZoneArgs{}, privatedns.PrivateZone{}},
	"privatedns:VirtualNetworkLink":                    {privatedns.VirtualNetworkLinkArgs{}, privatedns.VirtualNetworkLink{}},
	"resources:ResourceGroup":                          {resources.ResourceGroupArgs{}, resources.ResourceGroup{}},
	"storage:BlobContainer":                            {storage.BlobContainerArgs{}, storage.BlobContainer{}},
	"storage:BlobServiceProperties":                    {storage.BlobServicePropertiesArgs{}, storage.BlobServiceProperties{}},
	"storage:FileServiceProperties":                    {storage.FileServicePropertiesArgs{}, storage.FileServiceProperties{}},
	"storage:FileShare":                                {storage.FileShareArgs{}, storage.FileShare{}},
	"storage:ManagementPolicy":                         {storage.ManagementPolicyArgs{}, storage.ManagementPolicy{}},
	"storage:StorageAccount":                           {storage.StorageAccountArgs{}, storage.StorageAccount{}},
}

// document is the schema file. Property kinds are written as one word each: string, integer, number, bool, any, @Type, with
// [ before it for a list, { for a map and ! after it where the property is required.
type document struct {
	Resources map[string]resource          `json:"resources"`
	Types     map[string]map[string]string `json:"types"`
}

type resource struct {
	Inputs  map[string]string `json:"inputs"`
	Outputs map[string]string `json:"outputs"`
}

// Generate returns the schema of every served resource as indented JSON with sorted keys.
func Generate() ([]byte, error) {
	g := generator{document{Resources: map[string]resource{}, Types: map[string]map[string]string{}}}
	tokens := make([]string, 0, len(sources))
	for token := range sources {
		tokens = append(tokens, token)
	}
	sort.Strings(tokens)
	for _, token := range tokens {
		src := sources[token]
		module, _, _ := strings.Cut(token, ":")
		inputs, err := g.properties(module, src.args.ElementType())
		if err != nil {
			return nil, fmt.Errorf("%s: %w", token, err)
		}
		outputs, err := g.outputs(module, reflect.TypeOf(src.resource))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", token, err)
		}
		g.Resources["azure-native:"+token] = resource{Inputs: inputs, Outputs: outputs}
	}
	text, err := json.MarshalIndent(g.document, "", " ")
	return append(text, '\n'), err
}

type generator struct{ document }

// properties reads a plain struct: the element type of an Args struct or of a nested type.
func (g generator) properties(module string, t reflect.Type) (map[string]string, error) {
	props := map[string]string{}
	for i := range t.NumField() {
		field := t.Field(i)
		name, tagged := field.Tag.Lookup("pulumi")
		if !tagged {
			continue
		}
		kind, err := g.kind(module, field.Type)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		switch field.Type.Kind() {
		case reflect.Pointer, reflect.Slice, reflect.Map, reflect.Interface:
		default:
			kind += "!"
		}
		props[name] = kind
	}
	return props, nil
}

// outputs reads a resource struct, whose fields are outputs that know their element's type.
func (g generator) outputs(module string, t reflect.Type) (map[string]string, error) {
	props := map[string]string{}
	for i := range t.NumField() {
		field := t.Field(i)
		name, tagged := field.Tag.Lookup("pulumi")
		if !tagged {
			continue
		}
		output, ok := reflect.Zero(field.Type).Interface().(pulumi.Output)
		if !ok {
			return nil, fmt.Errorf("%s is a %s, not an output", name, field.Type)
		}
		kind, err := g.kind(module, output.ElementType())
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		props[name] = kind
	}
	return props, nil
}

// kind names a type, and describes the struct types it meets on the way once.
func (g generator) kind(module string, t reflect.Type) (string, error) {
	switch t.Kind() {
	case reflect.Pointer:
		return g.kind(module, t.Elem())
	case reflect.String:
		return "string", nil
	case reflect.Int:
		return "integer", nil
	case reflect.Float64:
		return "number", nil
	case reflect.Bool:
		return "bool", nil
	case reflect.Interface:
		return "any", nil
	case reflect.Slice:
		kind, err := g.kind(module, t.Elem())
		return "[" + kind, err
	case reflect.Map:
		kind, err := g.kind(module, t.Elem())
		return "{" + kind, err
	case reflect.Struct:
		name := module + ":" + t.Name()
		if _, met := g.Types[name]; met {
			return "@" + name, nil
		}
		g.Types[name] = nil // types may contain themselves
		props, err := g.properties(module, t)
		g.Types[name] = props
		return "@" + name, err
	}
	return "", fmt.Errorf("a %s has no place in a schema", t)
}
