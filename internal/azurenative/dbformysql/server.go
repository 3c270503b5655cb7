package dbformysql

import (
	"errors"
	"reflect"

	"github.com/pulumi/pulumi-azure-native-sdk/v3/utilities"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// ServerToken is the type token of a flexible server.
const ServerToken = "azure-native:dbformysql:Server"

// Server is Microsoft.DBforMySQL/flexibleServers at API version 2024-02-01-preview, the version azure-native v3 serves under
// this token.
type Server struct {
	pulumi.CustomResourceState

	// FullyQualifiedDomainName is the host name clients connect to. It is unknown while an update is being previewed.
	FullyQualifiedDomainName pulumi.StringOutput `pulumi:"fullyQualifiedDomainName"`
	// Name is the server's name.
	Name pulumi.StringOutput `pulumi:"name"`
}

// NewServer registers a server. It fails when args is nil or names no resource group.
func NewServer(ctx *pulumi.Context, name string, args *ServerArgs, opts ...pulumi.ResourceOption) (*Server, error) {
	if args == nil || args.ResourceGroupName == nil {
		return nil, errors.New("dbformysql.Server: resourceGroupName is required")
	}
	secured := *args
	if p := args.AdministratorLoginPassword; p != nil {
		// The password is a secret whatever the caller passed, as in the SDK.
		secured.AdministratorLoginPassword = pulumi.ToSecret(p.ToStringPtrOutput()).(pulumi.StringPtrOutput)
	}
	server := &Server{}
	return server, ctx.RegisterResource(ServerToken, name, &secured, server, utilities.PkgResourceDefaultOpts(opts)...)
}

// ServerArgs are a server's properties. Source: ServerForCreate of the Microsoft.DBforMySQL specification, flattened by
// azure-native.
type ServerArgs struct {
	// AdministratorLogin is 1 to 32 characters and can't be changed later.
	AdministratorLogin pulumi.StringPtrInput
	// AdministratorLoginPassword is 8 to 128 characters of three of the four classes.
	AdministratorLoginPassword pulumi.StringPtrInput
	// AvailabilityZone is the primary's zone, 1 to 3.
	AvailabilityZone pulumi.StringPtrInput
	// Backup is a BackupArgs.
	Backup BackupPtrInput
	// HighAvailability is a HighAvailabilityArgs.
	HighAvailability HighAvailabilityPtrInput
	// Location is the region's short name.
	Location pulumi.StringPtrInput
	// Network is a NetworkArgs.
	Network NetworkPtrInput
	// ResourceGroupName is required.
	ResourceGroupName pulumi.StringInput
	// ServerName is unique in Azure: 3 to 63 lower-case letters, digits and inner dashes.
	ServerName pulumi.StringPtrInput
	// Sku is a MySQLServerSkuArgs.
	Sku MySQLServerSkuPtrInput
	// Storage is a StorageArgs.
	Storage StoragePtrInput
	// Tags are the resource's tags.
	Tags pulumi.StringMapInput
	// Version is the server's version, such as 8.4.
	Version pulumi.StringPtrInput
}

type serverArgs struct {
	AdministratorLogin         *string           `pulumi:"administratorLogin"`
	AdministratorLoginPassword *string           `pulumi:"administratorLoginPassword"`
	AvailabilityZone           *string           `pulumi:"availabilityZone"`
	Backup                     Backup            `pulumi:"backup"`
	HighAvailability           HighAvailability  `pulumi:"highAvailability"`
	Location                   *string           `pulumi:"location"`
	Network                    Network           `pulumi:"network"`
	ResourceGroupName          string            `pulumi:"resourceGroupName"`
	ServerName                 *string           `pulumi:"serverName"`
	Sku                        MySQLServerSku    `pulumi:"sku"`
	Storage                    Storage           `pulumi:"storage"`
	Tags                       map[string]string `pulumi:"tags"`
	Version                    *string           `pulumi:"version"`
}

// ElementType is what the arguments marshal as.
func (ServerArgs) ElementType() reflect.Type { return reflect.TypeFor[*serverArgs]().Elem() }
