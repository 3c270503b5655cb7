package network

import (
	"errors"
	"fmt"
	"strings"

	"apim-azure/internal/component"

	"github.com/pulumi/pulumi-azure-native-sdk/dns/v3"
	"github.com/pulumi/pulumi-azure-native-sdk/privatedns/v3"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// HostRecordsToken is the component's type.
const HostRecordsToken = "apim:network:HostRecords"

// recordTTL is how long resolvers keep a host's address, in seconds.
const recordTTL = 300

// HostRecordsArgs describes where clients find the platform's hosts.
type HostRecordsArgs struct {
	// Placement says where private zones live, and in which subscription a public zone must be.
	Placement component.Placement
	// PublicZoneID is the resource ID of the public DNS zone. Needed when there are public hosts.
	PublicZoneID string
	// PublicHosts are the full names to publish in the public zone.
	PublicHosts []string
	// PublicIPID is the resource ID of the public address all of them point at.
	PublicIPID pulumi.StringInput
	// PrivateHosts are the names to answer inside the network only.
	PrivateHosts []PrivateHost
}

// PrivateHost is a host with a private zone of its own, so that the other names of its domain stay resolvable in the network.
type PrivateHost struct {
	// Host is the full name, which is the zone's name too.
	Host string
	// Zone is the zone's name as an output of Network.PrivateZones, so that the record waits for the zone.
	Zone pulumi.StringInput
	// Address is the private address.
	Address string
}

// HostRecords are the hosts' DNS records.
type HostRecords struct {
	pulumi.ResourceState

	// Hosts are the names that got a record, public ones first.
	Hosts pulumi.StringArrayOutput `pulumi:"hosts"`
}

// Validate reports every problem at once.
func (a *HostRecordsArgs) Validate() error {
	if a == nil {
		return errors.New("host records: no arguments given")
	}
	var problems []error
	if len(a.PublicHosts) > 0 {
		if a.PublicIPID == nil {
			problems = append(problems, errors.New("host records: public hosts need PublicIPID"))
		}
		zone, err := parseZone(a.PublicZoneID, a.Placement.SubscriptionID)
		if err != nil {
			problems = append(problems, err)
		}
		for _, h := range a.PublicHosts {
			if _, ok := zone.relative(h); err == nil && !ok {
				problems = append(problems, fmt.Errorf("network.publicDnsZoneId: %s: holds no name such as %s; "+
					"give the zone of the domain, or leave the key empty and create the records by hand", a.PublicZoneID, h))
			}
		}
	}
	for _, h := range a.PrivateHosts {
		if h.Host == "" || h.Zone == nil || h.Address == "" {
			problems = append(problems, fmt.Errorf("host records: private host %q needs a zone and an address", h.Host))
		}
	}
	return errors.Join(problems...)
}

// NewHostRecords creates the records.
func NewHostRecords(ctx *pulumi.Context, name string, args *HostRecordsArgs, opts ...pulumi.ResourceOption) (*HostRecords, error) {
	if err := args.Validate(); err != nil {
		return nil, err
	}
	h := &HostRecords{}
	children, err := args.Placement.Register(ctx, HostRecordsToken, name, h, opts...)
	if err != nil {
		return nil, err
	}
	hosts := pulumi.StringArray{}
	for _, host := range args.PublicHosts {
		if err := args.public(ctx, name, host, children); err != nil {
			return nil, err
		}
		hosts = append(hosts, pulumi.String(host))
	}
	for _, host := range args.PrivateHosts {
		if err := args.private(ctx, name, host, children); err != nil {
			return nil, err
		}
		hosts = append(hosts, pulumi.String(host.Host))
	}
	h.Hosts = hosts.ToStringArrayOutput()
	return h, ctx.RegisterResourceOutputs(h, pulumi.Map{"hosts": h.Hosts})
}

// public points a host at the public address itself (an alias record), not at a copy of its digits: the record follows the
// address, and the preview of an update to the address stays quiet.
func (a *HostRecordsArgs) public(ctx *pulumi.Context, name, host string, children component.Children) error {
	zone, err := parseZone(a.PublicZoneID, a.Placement.SubscriptionID)
	if err != nil {
		return err
	}
	relative, _ := zone.relative(host)
	_, err = dns.NewRecordSet(ctx, name+"-public-"+host, &dns.RecordSetArgs{
		ResourceGroupName:     pulumi.String(zone.resourceGroup),
		ZoneName:              pulumi.String(zone.name),
		RecordType:            pulumi.String("A"),
		RelativeRecordSetName: pulumi.String(relative),
		Ttl:                   pulumi.Float64(recordTTL),
		TargetResource:        dns.SubResourceArgs{Id: a.PublicIPID.ToStringOutput().ToStringPtrOutput()},
	}, children.Opts()...)
	return err
}

func (a *HostRecordsArgs) private(ctx *pulumi.Context, name string, host PrivateHost, children component.Children) error {
	_, err := privatedns.NewPrivateRecordSet(ctx, name+"-private-"+host.Host, &privatedns.PrivateRecordSetArgs{
		ResourceGroupName:     a.Placement.ResourceGroupName,
		PrivateZoneName:       host.Zone,
		RecordType:            pulumi.String("A"),
		RelativeRecordSetName: pulumi.String("@"),
		Ttl:                   pulumi.Float64(recordTTL),
		ARecords:              privatedns.ARecordArray{privatedns.ARecordArgs{Ipv4Address: pulumi.String(host.Address)}},
	}, children.Opts()...)
	return err
}

// dnsZone is what a public zone's resource ID says.
type dnsZone struct{ resourceGroup, name string }

// parseZone reads a public zone's resource ID. A zone in another subscription is refused: the stack's provider works in one.
func parseZone(id, subscriptionID string) (dnsZone, error) {
	parts := strings.Split(id, "/")
	if len(parts) != 9 || !strings.EqualFold(parts[1], "subscriptions") || !strings.EqualFold(parts[3], "resourceGroups") ||
		!strings.EqualFold(parts[6], "Microsoft.Network") || !strings.EqualFold(parts[7], "dnsZones") {
		return dnsZone{}, fmt.Errorf("network.publicDnsZoneId: %q: is not the resource ID of a public DNS zone; it looks like "+
			"/subscriptions/GUID/resourceGroups/GROUP/providers/Microsoft.Network/dnsZones/DOMAIN", id)
	}
	if !strings.EqualFold(parts[2], subscriptionID) {
		return dnsZone{}, fmt.Errorf("network.publicDnsZoneId: %s: is in another subscription than the stack's %s; "+
			"leave the key empty and create the records of the stack output by hand", id, subscriptionID)
	}
	return dnsZone{parts[4], strings.ToLower(parts[8])}, nil
}

// relative is a host's name within the zone, `@` for the zone's own name. It tells whether the host belongs to the zone.
func (z dnsZone) relative(host string) (string, bool) {
	host = strings.ToLower(host)
	if host == z.name {
		return "@", true
	}
	return strings.CutSuffix(host, "."+z.name)
}
