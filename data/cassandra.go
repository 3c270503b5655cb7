package data

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"

	"github.com/pulumi/pulumi-azure-native-sdk/compute/v3"
	"github.com/pulumi/pulumi-azure-native-sdk/privatedns/v3"
	"github.com/pulumi/pulumi-random/sdk/v4/go/random"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"apim-azure/config/naming"
	"apim-azure/data/cassandra"
	"apim-azure/internal/component"
)

// CassandraToken is the type token of the Cassandra component.
const CassandraToken = "apim:data:Cassandra"

// recordTTL is how long resolvers keep the nodes' addresses, in seconds. Short, because the product resolves the name when it
// starts and a node may have been rebuilt.
const recordTTL = 60

// CassandraArgs are the inputs of a Cassandra cluster.
type CassandraArgs struct {
	// Placement says where the cluster goes.
	Placement component.Placement
	// Names derives the physical names.
	Names naming.Names
	// Zones are the region's availability zones, three or more; empty puts the machines in an availability set.
	Zones []string
	// Subnet is the data subnet's range. The nodes take its addresses 10 to 12.
	Subnet netip.Prefix
	// SubnetID is the data subnet's resource ID. It must have a way out to the package servers when it is known.
	SubnetID pulumi.StringInput
	// InternalZone is the name of the private DNS zone the cluster's record goes into.
	InternalZone string
	// InternalZoneName is the same name as an output of the zone, so that the record waits for it.
	InternalZoneName pulumi.StringInput
	// VMSize is the machines' size; it must support premium storage. A change resizes one machine after the other.
	VMSize string
	// DataDiskGB is each node's data disk: 64 (P6) or 1024 (P30) GiB. It may grow.
	DataDiskGB int
	// Version is the Cassandra release, 2.2.x.
	Version string
	// ArtifactURL is where the nodes download the release. Empty: the Apache archive.
	ArtifactURL string
	// ArtifactSHA512 is the release's checksum; required with ArtifactURL.
	ArtifactSHA512 string
	// AdminUsername is the local administrator of the machines.
	AdminUsername string
	// SSHPublicKey is the administrator's key in OpenSSH form. There is no password.
	SSHPublicKey pulumi.StringInput
	// Keyspaces are the keyspace pairs to create, one per gateway group. Taking one out leaves it in the database.
	Keyspaces []cassandra.Keyspace
}

// Cassandra is a three-node Cassandra cluster on virtual machines.
type Cassandra struct {
	pulumi.ResourceState

	// HostName is the one name of the cluster; it resolves to all nodes.
	HostName pulumi.StringOutput `pulumi:"hostName"`
	// NodeNames are the machines' names, in order.
	NodeNames pulumi.StringArrayOutput `pulumi:"nodeNames"`
	// Addresses are the nodes' addresses, in the same order.
	Addresses pulumi.StringArrayOutput `pulumi:"addresses"`
	// Username is the role the product logs in with.
	Username pulumi.StringOutput `pulumi:"username"`
	// Password is that role's password, a secret. It works once the component's children are there.
	Password pulumi.StringOutput `pulumi:"password"`
	// AdminPassword is the password of Cassandra's superuser `cassandra`, a secret.
	AdminPassword pulumi.StringOutput `pulumi:"adminPassword"`

	// Host is node 1, for other administrative scripts that have to run inside the data subnet. They wait for its own scripts:
	// Azure refuses two changes of a machine at a time.
	Host ScriptHost
}

// ScriptHost is a machine of the data subnet that runs administrative scripts.
type ScriptHost struct {
	// Machine is the virtual machine.
	Machine *compute.VirtualMachine
	// After is what has to be done before the machine takes scripts.
	After []pulumi.Resource
}

// Validate reports every problem at once.
func (a *CassandraArgs) Validate() error {
	if a == nil {
		return errors.New("cassandra: no arguments given")
	}
	var problems []error
	need := func(given bool, what string) {
		if !given {
			problems = append(problems, fmt.Errorf("cassandra: %s is missing", what))
		}
	}
	need(a.Placement.ResourceGroupName != nil, "Placement.ResourceGroupName")
	need(a.SubnetID != nil, "SubnetID")
	need(a.InternalZone != "", "InternalZone")
	need(a.InternalZoneName != nil, "InternalZoneName")
	need(a.AdminUsername != "", "AdminUsername")
	need(a.SSHPublicKey != nil, "SSHPublicKey")
	nodes, err := cassandra.Plan(a.Names, a.Subnet, a.Zones)
	if err != nil {
		nodes = make([]cassandra.Node, cassandra.NodeCount) // the other settings are judged all the same
	}
	return errors.Join(append(problems, err, a.settings(nodes).Validate(), cassandra.ValidateKeyspaces(a.Keyspaces))...)
}

func (a *CassandraArgs) settings(nodes []cassandra.Node) cassandra.Settings {
	return cassandra.Settings{
		ClusterName: a.Names.Of("cassandra"), Datacenter: a.Placement.Location,
		Version: a.Version, ArtifactURL: a.ArtifactURL, ArtifactSHA512: a.ArtifactSHA512,
		VMSize: a.VMSize, DataDiskGB: a.DataDiskGB, Nodes: nodes,
	}
}

// NewCassandra creates the machines one after another, configures each before it goes on to the next, then creates the roles
// and the groups' keyspaces.
func NewCassandra(ctx *pulumi.Context, name string, args *CassandraArgs, opts ...pulumi.ResourceOption) (*Cassandra, error) {
	if err := args.Validate(); err != nil {
		return nil, err
	}
	nodes, err := cassandra.Plan(args.Names, args.Subnet, args.Zones)
	if err != nil {
		return nil, err
	}
	c := &Cassandra{}
	children, err := args.Placement.Register(ctx, CassandraToken, name, c, opts...)
	if err != nil {
		return nil, err
	}
	b := cassandraBuilder{ctx: ctx, name: name, args: args, children: children, nodes: nodes}
	if err := b.record(); err != nil {
		return nil, err
	}
	first, joined, err := b.cluster()
	if err != nil {
		return nil, err
	}
	admin, application, access, err := b.access(first, joined)
	if err != nil {
		return nil, err
	}
	ready, err := b.keyspaces(first, admin, access)
	if err != nil {
		return nil, err
	}
	c.Host = ScriptHost{Machine: first, After: ready}
	c.HostName = pulumi.String(cassandra.HostName(args.InternalZone)).ToStringOutput()
	c.NodeNames, c.Addresses = nodeLists(nodes)
	c.Username = pulumi.String(cassandra.ApplicationUser).ToStringOutput()
	c.Password, c.AdminPassword = application, admin
	return c, ctx.RegisterResourceOutputs(c, pulumi.Map{
		"hostName": c.HostName, "nodeNames": c.NodeNames, "addresses": c.Addresses,
		"username": c.Username, "password": c.Password, "adminPassword": c.AdminPassword,
	})
}

func nodeLists(nodes []cassandra.Node) (names, addresses pulumi.StringArrayOutput) {
	var n, a pulumi.StringArray
	for _, node := range nodes {
		n = append(n, pulumi.String(node.Name))
		a = append(a, pulumi.String(node.Address.String()))
	}
	return n.ToStringArrayOutput(), a.ToStringArrayOutput()
}

// cassandraBuilder carries what every step of building the cluster needs.
type cassandraBuilder struct {
	ctx      *pulumi.Context
	name     string
	args     *CassandraArgs
	children component.Children
	nodes    []cassandra.Node
}

// record publishes all nodes under one name, because the product takes a single host.
func (b cassandraBuilder) record() error {
	var records privatedns.ARecordArray
	for _, node := range b.nodes {
		records = append(records, privatedns.ARecordArgs{Ipv4Address: pulumi.String(node.Address.String())})
	}
	_, err := privatedns.NewPrivateRecordSet(b.ctx, b.name+"-record", &privatedns.PrivateRecordSetArgs{
		ResourceGroupName:     b.args.Placement.ResourceGroupName,
		PrivateZoneName:       b.args.InternalZoneName,
		RecordType:            pulumi.String("A"),
		RelativeRecordSetName: pulumi.String(cassandra.RecordName()),
		Ttl:                   pulumi.Float64(recordTTL),
		ARecords:              records,
	}, b.children.Opts()...)
	return err
}

// cluster creates and configures node after node. It returns the first machine and the last node's configuration, after which
// all nodes have joined. Because a machine waits for the configuration of the one before, a resize, which restarts machines,
// also goes from node to node.
func (b cassandraBuilder) cluster() (first *compute.VirtualMachine, joined pulumi.Resource, err error) {
	set, err := b.availabilitySet()
	if err != nil {
		return nil, nil, err
	}
	settings := b.args.settings(b.nodes)
	for _, node := range b.nodes {
		machine, err := b.machine(node, set, joined)
		if err != nil {
			return nil, nil, err
		}
		if first == nil {
			first = machine
		}
		script, err := cassandra.NodeScript(settings, node)
		if err != nil {
			return nil, nil, err
		}
		if joined, err = (runCommand{machine: machine, name: "configure", script: pulumi.String(script)}).
			run(b.ctx, b.child(node, "configure"), b.args.Placement, b.children); err != nil {
			return nil, nil, err
		}
	}
	return first, joined, nil
}

// access gives the superuser and the product's role their passwords.
func (b cassandraBuilder) access(first *compute.VirtualMachine, joined pulumi.Resource) (
	admin, application pulumi.StringOutput, done pulumi.Resource, err error,
) {
	if admin, err = password(b.ctx, b.name+"-admin-password", b.children); err != nil {
		return admin, application, nil, err
	}
	if application, err = password(b.ctx, b.name+"-application-password", b.children); err != nil {
		return admin, application, nil, err
	}
	done, err = runCommand{
		machine: first, name: "access", script: pulumi.String(cassandra.AccessScript(b.nodes[0])),
		secrets: map[string]pulumi.StringInput{
			cassandra.AdminPasswordVariable: admin, cassandra.ApplicationPasswordVariable: application,
		},
		after: []pulumi.Resource{joined},
	}.run(b.ctx, b.name+"-access", b.args.Placement, b.children)
	return admin, application, done, err
}

// keyspaces creates each group's keyspaces by a Run Command of its own, so that a new group touches no other. They follow one
// another, because Cassandra wants its schema changed in one place at a time. It returns what clients have to wait for.
func (b cassandraBuilder) keyspaces(first *compute.VirtualMachine, admin pulumi.StringOutput, access pulumi.Resource) (
	[]pulumi.Resource, error,
) {
	ready := []pulumi.Resource{access}
	for _, k := range b.args.Keyspaces {
		script, err := cassandra.KeyspaceScript(b.nodes[0], k)
		if err != nil {
			return nil, err
		}
		group := strings.ReplaceAll(k.Group, "_", "-")
		done, err := runCommand{
			machine: first, name: "keyspaces-" + group, script: pulumi.String(script),
			secrets: map[string]pulumi.StringInput{cassandra.AdminPasswordVariable: admin},
			after:   []pulumi.Resource{ready[len(ready)-1]},
		}.run(b.ctx, b.name+"-keyspaces-"+k.Group, b.args.Placement, b.children)
		if err != nil {
			return nil, err
		}
		ready = append(ready, done)
	}
	return ready, nil
}

func (b cassandraBuilder) child(node cassandra.Node, role string) string {
	return fmt.Sprintf("%s-%d-%s", b.name, node.Index, role)
}

// password generates 32 letters and digits with at least one of each class: what Cassandra, MySQL and a quoted shell word all
// take, and three of the four classes Azure asks for. It is protected: the database keeps the old one.
func password(ctx *pulumi.Context, name string, children component.Children) (pulumi.StringOutput, error) {
	p, err := random.NewRandomPassword(ctx, name, &random.RandomPasswordArgs{
		Length: pulumi.Int(32), Special: pulumi.Bool(false),
		MinLower: pulumi.Int(1), MinUpper: pulumi.Int(1), MinNumeric: pulumi.Int(1),
	}, children.Protected()...)
	if err != nil {
		return pulumi.StringOutput{}, err
	}
	return pulumi.ToSecret(p.Result).(pulumi.StringOutput), nil
}
