package dbformysql

import (
	"errors"
	"reflect"

	"github.com/pulumi/pulumi-azure-native-sdk/v3/utilities"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Type tokens of what lives inside a server.
const (
	ConfigurationToken = "azure-native:dbformysql:Configuration"
	DatabaseToken      = "azure-native:dbformysql:Database"
)

// Configuration is Microsoft.DBforMySQL/flexibleServers/configurations, one server parameter, at API version 2023-12-30.
type Configuration struct {
	pulumi.CustomResourceState

	// Name is the parameter's name.
	Name pulumi.StringOutput `pulumi:"name"`
	// Value is the parameter's value as the server reports it.
	Value pulumi.StringPtrOutput `pulumi:"value"`
}

// NewConfiguration registers a server parameter. It fails when args is nil or names no resource group or server.
func NewConfiguration(ctx *pulumi.Context, name string, args *ConfigurationArgs,
	opts ...pulumi.ResourceOption,
) (*Configuration, error) {
	if args == nil || args.ResourceGroupName == nil || args.ServerName == nil {
		return nil, errors.New("dbformysql.Configuration: resourceGroupName and serverName are required")
	}
	c := &Configuration{}
	return c, ctx.RegisterResource(ConfigurationToken, name, args, c, utilities.PkgResourceDefaultOpts(opts)...)
}

// ConfigurationArgs are a parameter's properties. Source: ConfigurationProperties of the Microsoft.DBforMySQL specification.
type ConfigurationArgs struct {
	// ConfigurationName is the parameter's name, such as require_secure_transport.
	ConfigurationName pulumi.StringPtrInput
	// ResourceGroupName is required.
	ResourceGroupName pulumi.StringInput
	// ServerName is required.
	ServerName pulumi.StringInput
	// Source is user-override or system-default.
	Source pulumi.StringPtrInput
	// Value is the parameter's value.
	Value pulumi.StringPtrInput
}

type configurationArgs struct {
	ConfigurationName *string `pulumi:"configurationName"`
	ResourceGroupName string  `pulumi:"resourceGroupName"`
	ServerName        string  `pulumi:"serverName"`
	Source            *string `pulumi:"source"`
	Value             *string `pulumi:"value"`
}

// ElementType is what the arguments marshal as.
func (ConfigurationArgs) ElementType() reflect.Type {
	return reflect.TypeFor[*configurationArgs]().Elem()
}

// Database is Microsoft.DBforMySQL/flexibleServers/databases at API version 2023-12-30.
type Database struct {
	pulumi.CustomResourceState

	// Name is the database's name.
	Name pulumi.StringOutput `pulumi:"name"`
}

// NewDatabase registers a database. It fails when args is nil or names no resource group or server.
func NewDatabase(ctx *pulumi.Context, name string, args *DatabaseArgs, opts ...pulumi.ResourceOption) (*Database, error) {
	if args == nil || args.ResourceGroupName == nil || args.ServerName == nil {
		return nil, errors.New("dbformysql.Database: resourceGroupName and serverName are required")
	}
	d := &Database{}
	return d, ctx.RegisterResource(DatabaseToken, name, args, d, utilities.PkgResourceDefaultOpts(opts)...)
}

// DatabaseArgs are a database's properties. Source: DatabaseProperties of the Microsoft.DBforMySQL specification.
type DatabaseArgs struct {
	// Charset is the character set, such as utf8mb4.
	Charset pulumi.StringPtrInput
	// Collation belongs to the character set.
	Collation pulumi.StringPtrInput
	// DatabaseName is the database's name.
	DatabaseName pulumi.StringPtrInput
	// ResourceGroupName is required.
	ResourceGroupName pulumi.StringInput
	// ServerName is required.
	ServerName pulumi.StringInput
}

type databaseArgs struct {
	Charset           *string `pulumi:"charset"`
	Collation         *string `pulumi:"collation"`
	DatabaseName      *string `pulumi:"databaseName"`
	ResourceGroupName string  `pulumi:"resourceGroupName"`
	ServerName        string  `pulumi:"serverName"`
}

// ElementType is what the arguments marshal as.
func (DatabaseArgs) ElementType() reflect.Type { return reflect.TypeFor[*databaseArgs]().Elem() }
