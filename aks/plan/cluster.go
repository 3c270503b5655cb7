package plan

import (
	"errors"
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strings"
)

// Network policy engines.
const (
	Cilium = "cilium"
	Calico = "calico"
)

// Cluster is everything about the cluster that is known before anything exists.
type Cluster struct {
	// KubernetesVersion is the minor version, such as `1.36`; AKS picks the patch.
	KubernetesVersion string
	// Tier is Free, Standard or Premium.
	Tier string
	// NetworkPolicy is Cilium or Calico.
	NetworkPolicy string
	// MaxPods is the number of pods of a node, 30 to 250.
	MaxPods int
	// TenantID is the Entra tenant that signs users in.
	TenantID string
	// AdminGroups are the object IDs of the groups that administer the cluster.
	AdminGroups []string
	// UserGroups are the object IDs of the groups that hold lesser roles: they too may fetch the kubeconfig.
	UserGroups []string
	// LocalAccounts keeps the certificate-based admin account.
	LocalAccounts bool
	// AuthorizedIPRanges are the addresses and CIDRs that may reach the API. Empty: any address.
	AuthorizedIPRanges []string
	// ServiceCIDR is the range of service addresses.
	ServiceCIDR string
	// Zones are the zones nodes are spread over; empty in regions without.
	Zones []string
	// SubnetID is the resource ID of the subnet of nodes and pods.
	SubnetID string
	// System, APIM and Infra are the three pools.
	System      SystemPool
	APIM, Infra UserPool
	// Maintenance is the weekly window of node image upgrades.
	Maintenance Maintenance
}

// Maintenance is a weekly window.
type Maintenance struct {
	// Day is the English day of the week.
	Day string
	// StartTime is HH:MM.
	StartTime string
	// DurationHours is 4 to 24 hours.
	DurationHours int
	// UTCOffset is such as `+01:00`.
	UTCOffset string
}

// Pools are the user pools, in the order they are listed everywhere.
func (c Cluster) Pools() []Pool {
	return []Pool{c.pool(APIMRole, c.APIM), c.pool(InfraRole, c.Infra)}
}

func (c Cluster) pool(role string, p UserPool) Pool {
	return Pool{UserPool: p, Role: role, MaxPods: c.MaxPods, Zones: c.Zones, SubnetID: c.SubnetID}
}

// Dataplane is what the policy engine needs underneath: AKS pairs Cilium with Cilium, and Calico with the Azure dataplane.
func (c Cluster) Dataplane() string {
	if c.NetworkPolicy == Cilium {
		return "cilium"
	}
	return "azure"
}

// SupportPlan is long-term support for the Premium tier, which AKS sells for nothing else.
func (c Cluster) SupportPlan() string {
	if c.Tier == "Premium" {
		return "AKSLongTermSupport"
	}
	return "KubernetesOfficial"
}

// DNSServiceIP is the address of the cluster's DNS: the tenth of the service range. AKS refuses the first, which is the
// API's own. The error is the service range's.
func (c Cluster) DNSServiceIP() (string, error) {
	prefix, err := netip.ParsePrefix(c.ServiceCIDR)
	if err != nil {
		return "", err
	}
	address := prefix.Masked().Addr()
	for range 10 {
		address = address.Next()
	}
	if !prefix.Contains(address) {
		return "", fmt.Errorf("%s holds no tenth address", c.ServiceCIDR)
	}
	return address.String(), nil
}

// AuthorizedRanges are the configured ranges as AKS wants them: CIDRs, in order, none twice.
func (c Cluster) AuthorizedRanges() []string {
	var ranges []string
	for _, r := range c.AuthorizedIPRanges {
		if !strings.Contains(r, "/") {
			r += "/32"
		}
		if !slices.Contains(ranges, r) {
			ranges = append(ranges, r)
		}
	}
	return ranges
}

// reserved are the ranges AKS keeps for itself; neither the VNet nor the services may touch them.
var reserved = []netip.Prefix{
	netip.MustParsePrefix("169.254.0.0/16"),
	netip.MustParsePrefix("172.30.0.0/16"),
	netip.MustParsePrefix("172.31.0.0/16"),
	netip.MustParsePrefix("192.0.2.0/24"),
}

var (
	minorVersion = regexp.MustCompile(`^1\.\d+$`)
	guid         = regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)
	clock        = regexp.MustCompile(`^([01]\d|2[0-3]):[0-5]\d$`)
	utcOffset    = regexp.MustCompile(`^[+-](0\d|1[0-4]):[0-5]\d$`)
	weekdays     = []string{"Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"}
)

// Validate reports every setting AKS would refuse, all at once. Errors name the configuration key.
func (c Cluster) Validate() error {
	var p problems
	if !minorVersion.MatchString(c.KubernetesVersion) {
		p.add("aks.kubernetesVersion", c.KubernetesVersion, "a minor version is needed, AKS picks the patch", "write it as 1.36")
	}
	p.oneOf("aks.tier", c.Tier, "Free", "Standard", "Premium")
	p.oneOf("aks.networkPolicy", c.NetworkPolicy, Cilium, Calico)
	p.between("aks.maxPods", c.MaxPods, 30, 250)
	if !guid.MatchString(c.TenantID) {
		p.add("azure.tenantId", c.TenantID, "a GUID is needed", "`az account show` prints it")
	}
	c.validateGroups(&p)
	c.validateRanges(&p)
	c.validateServices(&p)
	if c.SubnetID == "" {
		p.add("network.subnets.aks", c.SubnetID, "nodes need a subnet", "hand over the subnet's resource ID")
	}
	if c.System.VMSize == "" {
		p.add("aks.systemPool.vmSize", c.System.VMSize, "a size is needed", "name one with 4 vCPU or more")
	}
	p.between("aks.systemPool.count", c.System.Count, 2, 10)
	c.APIM.validate(&p, "aks.apimPool")
	c.Infra.validate(&p, "aks.infraPool")
	c.Maintenance.validate(&p)
	return errors.Join(p...)
}

func (c Cluster) validateGroups(p *problems) {
	if len(c.AdminGroups) == 0 {
		p.add("aks.adminGroups", "", "at least one Entra group must administer the cluster", "list its object ID")
	}
	for i, group := range c.AdminGroups {
		if !guid.MatchString(group) {
			p.add("aks.adminGroups", group, "object IDs are GUIDs", "`az ad group show --query id` prints it")
		}
		if slices.Contains(c.AdminGroups[:i], group) {
			p.add("aks.adminGroups", group, "it is listed twice, and a group takes a role once", "remove one")
		}
	}
	for i, group := range c.UserGroups {
		if !guid.MatchString(group) {
			p.add("access", group, "object IDs are GUIDs", "`az ad group show --query id` prints it")
		}
		if slices.Contains(c.AdminGroups, group) || slices.Contains(c.UserGroups[:i], group) {
			p.add("access", group, "it is listed twice, or in aks.adminGroups too, and a group takes a role once", "remove one")
		}
	}
}

func (c Cluster) validateRanges(p *problems) {
	for _, r := range c.AuthorizedRanges() {
		prefix, err := netip.ParsePrefix(r)
		switch {
		case err != nil || !prefix.Addr().Is4():
			p.add("aks.authorizedIpRanges", r, "an IPv4 address or CIDR is needed", "write it as 203.0.113.0/24")
		case prefix != prefix.Masked():
			p.add("aks.authorizedIpRanges", r, "bits behind the prefix are set", "use "+prefix.Masked().String())
		}
	}
	// AKS takes 200 ranges; one is the NAT gateway's.
	if n := len(c.AuthorizedRanges()); n > 199 {
		p.add("aks.authorizedIpRanges", fmt.Sprint(n, " ranges"), "AKS takes 200 including the NAT gateway", "merge ranges")
	}
}

func (c Cluster) validateServices(p *problems) {
	const key = "aks.serviceCidr"
	prefix, err := netip.ParsePrefix(c.ServiceCIDR)
	if err != nil || !prefix.Addr().Is4() {
		p.add(key, c.ServiceCIDR, "an IPv4 CIDR is needed", "write it as 10.240.0.0/16")
		return
	}
	if prefix.Bits() < 12 || prefix.Bits() > 27 {
		p.add(key, c.ServiceCIDR, "AKS wants /12 or smaller, and services need more than a /27", "use a /16")
	}
	for _, r := range reserved {
		if r.Overlaps(prefix) {
			p.add(key, c.ServiceCIDR, "AKS reserves "+r.String(), "choose another range, such as 10.240.0.0/16")
		}
	}
}

func (u UserPool) validate(p *problems, key string) {
	if u.VMSize == "" {
		p.add(key+".vmSize", u.VMSize, "a size is needed", "name one")
	}
	p.between(key+".min", u.Min, 1, 100)
	p.between(key+".max", u.Max, 1, 100)
	if u.Min > u.Max {
		p.add(key+".min", fmt.Sprint(u.Min), fmt.Sprintf("it passes %s.max, %d", key, u.Max), "lower it or raise max")
	}
	p.between(key+".osDiskGB", u.OSDiskGB, 30, 2048)
}

func (m Maintenance) validate(p *problems) {
	p.oneOf("aks.maintenance.day", m.Day, weekdays...)
	if !clock.MatchString(m.StartTime) {
		p.add("aks.maintenance.startTime", m.StartTime, "a time of day is needed", "write it as 01:00")
	}
	p.between("aks.maintenance.durationHours", m.DurationHours, 4, 24)
	if !utcOffset.MatchString(m.UTCOffset) {
		p.add("aks.maintenance.utcOffset", m.UTCOffset, "an offset is needed", "write it as +01:00")
	}
}

// problems collects errors of the form `key: value breaks rule; way out`.
type problems []error

func (p *problems) add(key, value, rule, wayOut string) {
	*p = append(*p, fmt.Errorf("%s: %q: %s; %s", key, value, rule, wayOut))
}

func (p *problems) between(key string, value, low, high int) {
	if value < low || value > high {
		p.add(key, fmt.Sprint(value), "out of range", fmt.Sprintf("use %d to %d", low, high))
	}
}

func (p *problems) oneOf(key, value string, choices ...string) {
	if !slices.Contains(choices, value) {
		p.add(key, value, "not a choice", "use "+strings.Join(choices, ", "))
	}
}
