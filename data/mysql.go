package data

import (
	"errors"
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"apim-azure/config/naming"
	"apim-azure/data/mysql"
	"apim-azure/internal/azurenative/dbformysql"
	"apim-azure/internal/component"
)

// MySQLToken is the type token of the MySQL component.
const MySQLToken = "apim:data:MySQL"

// MySQLArgs are the inputs of the metrics database.
type MySQLArgs struct {
	// Placement says where the server goes.
	Placement component.Placement
	// Names derives the physical names.
	Names naming.Names
	// Server are the server's figures, zones included.
	Server mysql.Settings
	// SubnetID is the resource ID of the subnet the private endpoint goes into.
	SubnetID pulumi.StringInput
	// PrivateZoneID is the resource ID of the private DNS zone mysql.PrivateZone. Its link has to exist when it is known.
	PrivateZoneID pulumi.StringInput
	// Host is the machine the users are created from; the server can only be reached from inside the network.
	Host ScriptHost
}

// MySQL is the metrics database: a flexible server without public access, its database and one user per component.
type MySQL struct {
	pulumi.ResourceState

	// ServerID is the server's resource ID.
	ServerID pulumi.StringOutput `pulumi:"serverId"`
	// ServerName is the server's name.
	ServerName pulumi.StringOutput `pulumi:"serverName"`
	// HostName is the name clients connect to; inside the network it resolves to the endpoint.
	HostName pulumi.StringOutput `pulumi:"hostName"`
	// Database is the metrics database's name.
	Database pulumi.StringOutput `pulumi:"database"`
	// AdminLogin is the administrator's name.
	AdminLogin pulumi.StringOutput `pulumi:"adminLogin"`
	// AdminPassword is the administrator's password, a secret.
	AdminPassword pulumi.StringOutput `pulumi:"adminPassword"`
	// Usernames are the metrics users by component: anm, ui and gateway.
	Usernames pulumi.StringMapOutput `pulumi:"usernames"`
	// Passwords are their passwords by component, a secret.
	Passwords pulumi.StringMapOutput `pulumi:"passwords"`
}

// Validate reports every problem at once.
func (a *MySQLArgs) Validate() error {
	if a == nil {
		return errors.New("mysql: no arguments given")
	}
	var problems []error
	need := func(given bool, what string) {
		if !given {
			problems = append(problems, fmt.Errorf("mysql: %s is missing", what))
		}
	}
	need(a.Placement.ResourceGroupName != nil, "Placement.ResourceGroupName")
	need(a.SubnetID != nil, "SubnetID")
	need(a.PrivateZoneID != nil, "PrivateZoneID")
	need(a.Host.Machine != nil, "Host.Machine")
	return errors.Join(append(problems, a.Server.Validate())...)
}

// NewMySQL creates the server, then, one after another because Azure takes one operation on a server at a time, its parameters,
// its database and its endpoint; last, the users. Destroying goes the other way round, so the endpoint goes before the server.
func NewMySQL(ctx *pulumi.Context, name string, args *MySQLArgs, opts ...pulumi.ResourceOption) (*MySQL, error) {
	if err := args.Validate(); err != nil {
		return nil, err
	}
	m := &MySQL{}
	children, err := args.Placement.Register(ctx, MySQLToken, name, m, opts...)
	if err != nil {
		return nil, err
	}
	b := mysqlBuilder{ctx: ctx, name: name, args: args, children: children}
	server, err := b.server()
	if err != nil {
		return nil, err
	}
	configured, err := b.content(server)
	if err != nil {
		return nil, err
	}
	reachable, err := b.endpoint(server, configured)
	if err != nil {
		return nil, err
	}
	host := b.serverName.ApplyT(mysql.FQDN).(pulumi.StringOutput)
	usernames, passwords, err := b.users(host, reachable)
	if err != nil {
		return nil, err
	}
	m.ServerID, m.ServerName, m.HostName = server.ID().ToStringOutput(), b.serverName, host
	m.Database = pulumi.String(mysql.Database).ToStringOutput()
	m.AdminLogin, m.AdminPassword = pulumi.String(args.Server.AdminLogin).ToStringOutput(), b.password
	m.Usernames = usernames.ToStringMapOutput()
	m.Passwords = pulumi.ToSecret(passwords.ToStringMapOutput()).(pulumi.StringMapOutput)
	return m, ctx.RegisterResourceOutputs(m, pulumi.Map{
		"serverId": m.ServerID, "serverName": m.ServerName, "hostName": m.HostName, "database": m.Database,
		"adminLogin": m.AdminLogin, "adminPassword": m.AdminPassword, "usernames": m.Usernames, "passwords": m.Passwords,
	})
}

// mysqlBuilder carries what every step of building the database needs. The first step, server, fills the last two fields.
type mysqlBuilder struct {
	ctx        *pulumi.Context
	name       string
	args       *MySQLArgs
	children   component.Children
	serverName pulumi.StringOutput
	password   pulumi.StringOutput
}

func (b *mysqlBuilder) server() (*dbformysql.Server, error) {
	a, p := b.args, b.args.Placement
	suffix, err := b.children.Suffix(b.ctx, b.name)
	if err != nil {
		return nil, err
	}
	b.serverName = pulumi.Sprintf("%s-%s", a.Names.MySQLServerPrefix(), suffix)
	if b.password, err = password(b.ctx, b.name+"-admin-password", b.children); err != nil {
		return nil, err
	}
	mode, primary, standby := a.Server.Standby()
	// The server grows its storage by itself, and refuses to shrink it; a failover swaps the two zones.
	ignored := []string{"storage.storageSizeGB", "availabilityZone"}
	if standby != "" {
		ignored = append(ignored, "highAvailability.standbyAvailabilityZone")
	}
	return dbformysql.NewServer(b.ctx, b.name+"-server", &dbformysql.ServerArgs{
		ResourceGroupName:          p.ResourceGroupName,
		ServerName:                 b.serverName,
		Location:                   pulumi.String(p.Location),
		Version:                    pulumi.String(a.Server.Version),
		Sku:                        dbformysql.MySQLServerSkuArgs{Name: pulumi.String(a.Server.SKU), Tier: pulumi.String(a.Server.Tier())},
		AdministratorLogin:         pulumi.String(a.Server.AdminLogin),
		AdministratorLoginPassword: b.password,
		AvailabilityZone:           optional(primary),
		HighAvailability: dbformysql.HighAvailabilityArgs{
			Mode: pulumi.String(mode), StandbyAvailabilityZone: optional(standby),
		},
		Storage: dbformysql.StorageArgs{
			StorageSizeGB: pulumi.Int(a.Server.StorageGB), AutoGrow: component.Enabled(true), AutoIoScaling: component.Enabled(true),
		},
		Backup: dbformysql.BackupArgs{
			BackupRetentionDays: pulumi.Int(a.Server.BackupRetentionDays), GeoRedundantBackup: component.Enabled(a.Server.GeoRedundantBackup),
		},
		Network: dbformysql.NetworkArgs{PublicNetworkAccess: component.Enabled(false)},
		Tags:    p.TagMap(),
	}, b.children.Protected(
		pulumi.IgnoreChanges(ignored),
		pulumi.Timeouts(&pulumi.CustomTimeouts{Create: "90m", Update: "90m", Delete: "60m"}),
	)...)
}

// content sets the parameters and creates the database, one after another, and returns the last. They take the server's name
// from the server, so that a new server gets them again.
func (b *mysqlBuilder) content(server *dbformysql.Server) (pulumi.Resource, error) {
	var last pulumi.Resource = server
	for _, parameter := range mysql.Parameters() {
		set, err := dbformysql.NewConfiguration(b.ctx, b.name+"-"+parameter.Name, &dbformysql.ConfigurationArgs{
			ResourceGroupName: b.args.Placement.ResourceGroupName,
			ServerName:        server.Name,
			ConfigurationName: pulumi.String(parameter.Name),
			Source:            pulumi.String("user-override"),
			Value:             pulumi.String(parameter.Value),
		}, b.children.Opts(pulumi.DependsOn([]pulumi.Resource{last}), pulumi.DeletedWith(server))...)
		if err != nil {
			return nil, err
		}
		last = set
	}
	return dbformysql.NewDatabase(b.ctx, b.name+"-database", &dbformysql.DatabaseArgs{
		ResourceGroupName: b.args.Placement.ResourceGroupName,
		ServerName:        server.Name,
		DatabaseName:      pulumi.String(mysql.Database),
		Charset:           pulumi.String(mysql.Charset),
		Collation:         pulumi.String(mysql.Collation),
	}, b.children.Protected(pulumi.DependsOn([]pulumi.Resource{last}))...)
}

// endpoint gives the server an address in the network and a name for it, and returns the name.
func (b *mysqlBuilder) endpoint(server *dbformysql.Server, after pulumi.Resource) (pulumi.Resource, error) {
	return b.children.Endpoint(b.ctx, b.name, b.args.Placement, component.Endpoint{
		Name: b.args.Names.Of("mysql-endpoint"), Group: mysql.GroupID, TargetID: server.ID().ToStringOutput(),
		SubnetID: b.args.SubnetID, ZoneID: b.args.PrivateZoneID, After: []pulumi.Resource{after},
	})
}

// users creates the components' logins by a Run Command, because only the network's own machines reach the server. It returns
// their names and passwords by component.
func (b *mysqlBuilder) users(host pulumi.StringOutput, reachable pulumi.Resource) (names, passwords pulumi.StringMap, err error) {
	secrets := map[string]pulumi.StringInput{mysql.AdminPasswordVariable: b.password}
	names, passwords = pulumi.StringMap{}, pulumi.StringMap{}
	for _, u := range mysql.Users() {
		secret, err := password(b.ctx, b.name+"-"+u.Component+"-password", b.children)
		if err != nil {
			return nil, nil, err
		}
		secrets[u.PasswordVariable] = secret
		names[u.Component], passwords[u.Component] = pulumi.String(u.Name), secret
	}
	script := host.ApplyT(func(h string) (string, error) {
		return mysql.UsersScript(h, b.args.Server.AdminLogin)
	}).(pulumi.StringOutput)
	_, err = runCommand{
		machine: b.args.Host.Machine, name: "mysql-users", script: script, secrets: secrets,
		after: append([]pulumi.Resource{reachable}, b.args.Host.After...),
	}.run(b.ctx, b.name+"-users", b.args.Placement, b.children)
	return names, passwords, err
}

// optional is nothing for an empty text: Azure takes a missing zone, not an empty one.
func optional(text string) pulumi.StringPtrInput {
	if text == "" {
		return nil
	}
	return pulumi.String(text)
}
