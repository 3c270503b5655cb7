package config

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"apim-azure/config/azure"
	"apim-azure/config/naming"
	"apim-azure/network/plan"
	workloads "apim-azure/workloads/plan"
)

// smallestShareGB is the smallest premium share Azure provisions, in GiB.
const smallestShareGB = 100

// Role says which component a host leads to.
type Role string

// The components that have hosts.
const (
	RoleANM     Role = "anm"
	RoleManager Role = "manager"
	RoleAPI     Role = "api"
)

// Host is a host name the stack serves.
type Host struct {
	// Role is the component behind it.
	Role Role
	// Group is the gateway group's name; empty for ANM.
	Group string
	// FQDN is the full name, such as `api.domainname.tld`.
	FQDN string
	// Private says that the host is reached from the network only.
	Private bool
	// Key is the configuration key that decides the name.
	Key string
}

// Region is the region of azure.location. It is empty while the location is unknown.
func (c *Config) Region() azure.Region {
	r, _ := azure.FindRegion(c.Azure.Location)
	return r
}

// Zones are the availability zones resources are spread over; nil in a region without zones.
func (c *Config) Zones() []string { return c.Region().ZoneNames() }

// Names derives the stack's physical names.
func (c *Config) Names() naming.Names {
	return naming.Names{Project: c.Project, Stack: c.Stack, Location: c.Azure.Location}
}

// ResourceGroup is the name of the resource group the stack lives in: the existing one that was configured, or its own.
func (c *Config) ResourceGroup() string {
	if c.Azure.ResourceGroup != "" {
		return c.Azure.ResourceGroup
	}
	return c.Names().ResourceGroup()
}

// Tags go on every resource that takes tags.
func (c *Config) Tags() map[string]string {
	tags := map[string]string{"managed-by": "pulumi", "project": c.Project, "stack": c.Stack}
	maps.Copy(tags, c.Azure.Tags)
	return tags
}

// Addresses is the VNet's address plan. Load has checked that it exists.
func (c *Config) Addresses() plan.Addresses {
	a, _ := c.plan()
	return a
}

func (c *Config) plan() (plan.Addresses, error) {
	s := c.Network.Subnets
	return plan.Plan(c.Network.AddressSpace, plan.Overrides{
		AKS: s.AKS, Gateway: s.Gateway, Data: s.Data, PrivateEndpoints: s.PrivateEndpoints, Bastion: s.Bastion,
	})
}

// InternalZone is the private DNS zone of names that never leave the VNet, such as `prod.apim.internal`.
func (c *Config) InternalZone() string { return c.Stack + "." + c.Project + ".internal" }

// EventsShareGB is the provisioned size of the events share, in GiB.
func (c *Config) EventsShareGB() int {
	if c.Storage.EventsShareGB != 0 {
		return c.Storage.EventsShareGB
	}
	return c.derivedShareGB()
}

// derivedShareGB is what the events of all groups at their largest take, and one GiB for what ANM keeps next to them.
func (c *Config) derivedShareGB() int {
	sum := 1
	for _, g := range c.Workloads.Groups {
		sum += g.MaxEventsGB * g.Gateway.MaxReplicas
	}
	return max(smallestShareGB, sum)
}

// Keyspace is a group's Cassandra keyspace: the configured one, or the stack's and the group's name.
func (c *Config) Keyspace(g Group) string {
	if g.Keyspace != "" {
		return g.Keyspace
	}
	return strings.ReplaceAll(c.Stack, "-", "_") + "_" + g.Name
}

// ThrottlingKeyspace is the keyspace a group counts quotas in.
func (c *Config) ThrottlingKeyspace(g Group) string {
	return workloads.ThrottlingKeyspace(c.Keyspace(g))
}

// Hosts lists the stack's hosts: ANM's, then each group's API Manager UI and gateways.
func (c *Config) Hosts() []Host {
	private := c.Ingress.Exposure == "private"
	hosts := []Host{c.host(RoleANM, "", "anm", c.Ingress.ANMExposure == "private", "workloads.anm")}
	for i, g := range c.Workloads.Groups {
		suffix := ""
		if i > 0 {
			suffix = "-" + strings.ReplaceAll(g.Name, "_", "-")
		}
		path := fmt.Sprintf("workloads.groups[%d].hosts", i)
		hosts = append(hosts,
			c.host(RoleManager, g.Name, orDefault(g.Hosts.Manager, "api-manager"+suffix), private, path+".manager"),
			c.host(RoleAPI, g.Name, orDefault(g.Hosts.API, "api"+suffix), private, path+".api"))
	}
	return hosts
}

// Host is the host of one component; group is empty for ANM. A component the stack doesn't have has an empty host.
func (c *Config) Host(role Role, group string) Host {
	for _, h := range c.Hosts() {
		if h.Role == role && h.Group == group {
			return h
		}
	}
	return Host{}
}

func (c *Config) host(role Role, group, label string, private bool, key string) Host {
	return Host{role, group, label + "." + c.Domain, private, key}
}

func orDefault(value, otherwise string) string {
	if value == "" {
		return otherwise
	}
	return value
}

// ACME is the value of ingress.certificates that has cert-manager get the hosts' certificates.
const ACME = "acme"

// ProvesByRecord tells whether certificates are had by records in the public zone: those of private hosts, which no authority
// reaches. All hosts behind the entry point are of one kind.
func (c *Config) ProvesByRecord() bool {
	return c.Ingress.Certificates == ACME && c.Ingress.Exposure == "private"
}

// PublicZone is the resource group and the name of network.publicDnsZoneId, which Load has checked; empty without one.
func (c *Config) PublicZone() (resourceGroup, name string) {
	parts := strings.Split(c.Network.PublicDNSZoneID, "/")
	if len(parts) != 9 {
		return "", ""
	}
	return parts[4], strings.ToLower(parts[8])
}

// Groups are all Entra groups with a role in the namespace.
func (a Access) Groups() []string { return slices.Concat(a.Deployers, a.Support, a.Viewers) }
