// Package plan checks and shapes the registry's settings before any cloud is asked. It imports nothing of Pulumi.
package plan

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
)

// DNSZone is the private zone the registry's names resolve in.
const DNSZone = "privatelink.azurecr.io"

// Registry is what is known about the registry before it exists.
type Registry struct {
	// Location is the region's short name.
	Location string
	// ZoneRedundant spreads the registry over the region's zones. It can't change later.
	ZoneRedundant bool
	// AllowedIPs are the public addresses or CIDRs of the workers that push images.
	AllowedIPs []string
	// UntaggedRetentionDays is how long untagged manifests are kept, 0 to 365 days.
	UntaggedRetentionDays int
	// Replica is the paired region a copy is kept in. Empty: no copy.
	Replica Replica
}

// Replica is a copy of the registry in another region.
type Replica struct {
	// Location is the region's short name.
	Location string
	// ZoneRedundant spreads the copy over its region's zones.
	ZoneRedundant bool
}

// Validate reports every setting the registry would refuse, all at once.
func (r Registry) Validate() error {
	var problems []error
	if r.UntaggedRetentionDays < 0 || r.UntaggedRetentionDays > 365 {
		problems = append(problems, fmt.Errorf(
			"registry.untaggedRetentionDays: %d: the registry keeps untagged manifests 0 to 365 days; choose a number in between",
			r.UntaggedRetentionDays))
	}
	if r.Replica.Location != "" && strings.EqualFold(r.Replica.Location, r.Location) {
		problems = append(problems, fmt.Errorf(
			"registry.geoReplication: the replica's region %s is the registry's own; replicate to the paired region or turn it off",
			r.Replica.Location))
	}
	if n := len(r.AllowedIPs); n > 200 {
		problems = append(problems, fmt.Errorf("registry.allowedIps: %d entries: the registry takes 200 rules; merge ranges", n))
	}
	for _, ip := range r.AllowedIPs {
		if err := publicIPv4(ip); err != nil {
			problems = append(problems, fmt.Errorf("registry.allowedIps: %q: %w", ip, err))
		}
	}
	return errors.Join(problems...)
}

// publicIPv4 accepts a public IPv4 address or CIDR: the registry's firewall sees Internet traffic only, and drops rules for
// private ranges (RFC 1918).
func publicIPv4(text string) error {
	prefix, err := netip.ParsePrefix(text)
	if err != nil {
		address, err := netip.ParseAddr(text)
		if err != nil {
			return errors.New("an IPv4 address or CIDR is needed; write it as 203.0.113.7 or 203.0.113.0/24")
		}
		prefix = netip.PrefixFrom(address, address.BitLen())
	}
	switch {
	case !prefix.Addr().Is4():
		return errors.New("the registry's firewall takes IPv4 only; list the worker's IPv4 address")
	case prefix != prefix.Masked():
		return fmt.Errorf("bits behind the prefix are set; use %s", prefix.Masked())
	case prefix.Bits() == 0:
		return errors.New("it opens the registry to everyone; list the workers' addresses")
	case prefix.Addr().IsPrivate():
		return errors.New("private addresses reach the registry through its private endpoint and need no rule; remove it")
	}
	return nil
}
