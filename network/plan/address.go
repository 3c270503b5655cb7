package plan

import (
	"errors"
	"fmt"
	"net/netip"
)

// reserved is the number of addresses Azure keeps in every subnet: the network, the gateway, two for DNS, the broadcast.
const reserved = 5

// Prefix lengths of the subnets the plan carves: /23, /27 and /28 are the reference's masks for AKS, data and bastion; /24 is
// what Azure recommends for Application Gateway; /27 leaves 27 private endpoints.
const (
	aksBits              = 23
	gatewayBits          = 24
	dataBits             = 27
	privateEndpointsBits = 27
	bastionBits          = 28
)

// Addresses is a VNet's address plan.
type Addresses struct {
	// Space is the VNet's range.
	Space netip.Prefix
	// AKS holds nodes and pods.
	AKS netip.Prefix
	// Gateway holds Application Gateway.
	Gateway netip.Prefix
	// Data holds the Cassandra nodes and the MySQL endpoint.
	Data netip.Prefix
	// PrivateEndpoints holds the endpoints of the other managed services.
	PrivateEndpoints netip.Prefix
	// Bastion holds the jump host.
	Bastion netip.Prefix
}

// Overrides are ranges given by hand, in CIDR notation. Empty ones are carved out of the address space.
type Overrides struct{ AKS, Gateway, Data, PrivateEndpoints, Bastion string }

// Subnet is one range of the plan with the name its override has in the configuration.
type Subnet struct {
	Name  string
	Range netip.Prefix
}

// Subnets lists the plan's subnets in the order they are carved.
func (a Addresses) Subnets() []Subnet {
	return []Subnet{
		{"aks", a.AKS}, {"gateway", a.Gateway}, {"data", a.Data},
		{"privateEndpoints", a.PrivateEndpoints}, {"bastion", a.Bastion},
	}
}

// SubnetError is a range the plan can't take. Name is the subnet's, or empty for the address space itself.
type SubnetError struct{ Name, Value, Rule string }

func (e *SubnetError) Error() string {
	if e.Name == "" {
		return fmt.Sprintf("address space %q: %s", e.Value, e.Rule)
	}
	return fmt.Sprintf("subnet %s %q: %s", e.Name, e.Value, e.Rule)
}

// Plan divides space into the five subnets. Ranges given in overrides are kept; the others take the first free range of their
// size, largest first, so that a /22 holds the default plan exactly and the plan of a stack never moves unless an override or
// the space does. All problems are returned at once, each as a *SubnetError.
func Plan(space string, overrides Overrides) (Addresses, error) {
	whole, err := parse("", space)
	if err != nil {
		return Addresses{}, err
	}
	plan := Addresses{Space: whole}
	// Wanted subnets go from large to small, which keeps every free range aligned.
	wanted := []struct {
		name, override string
		bits           int
		into           *netip.Prefix
	}{
		{"aks", overrides.AKS, aksBits, &plan.AKS},
		{"gateway", overrides.Gateway, gatewayBits, &plan.Gateway},
		{"data", overrides.Data, dataBits, &plan.Data},
		{"privateEndpoints", overrides.PrivateEndpoints, privateEndpointsBits, &plan.PrivateEndpoints},
		{"bastion", overrides.Bastion, bastionBits, &plan.Bastion},
	}
	var problems []error
	var taken []Subnet
	for _, w := range wanted {
		if w.override == "" {
			continue
		}
		given, err := parse(w.name, w.override)
		if err == nil {
			err = fits(whole, taken, w.name, given)
		}
		if err != nil {
			problems = append(problems, err)
			continue
		}
		*w.into = given
		taken = append(taken, Subnet{w.name, given})
	}
	if len(problems) > 0 {
		return Addresses{}, errors.Join(problems...)
	}
	for _, w := range wanted {
		if w.override != "" {
			continue
		}
		free, ok := firstFree(whole, w.bits, taken)
		if !ok {
			problems = append(problems, &SubnetError{w.name, "", fmt.Sprintf("no free /%d is left in %s", w.bits, whole)})
			continue
		}
		*w.into = free
		taken = append(taken, Subnet{w.name, free})
	}
	if len(problems) > 0 {
		return Addresses{}, errors.Join(problems...)
	}
	return plan, nil
}

// Usable is the number of addresses of a subnet that resources may take: all but the five Azure keeps. Never negative.
func Usable(p netip.Prefix) int {
	return max(0, size(p)-reserved)
}

// Nth is the n-th address of a range, counting from the network address at 0; the first a resource may take is 4. It returns
// the invalid address when the range holds no such address.
func Nth(p netip.Prefix, n int) netip.Addr {
	if !p.IsValid() || n < 0 || n >= size(p) {
		return netip.Addr{}
	}
	return fromNumber(number(p.Masked().Addr()) + uint64(n))
}

// FromEnd is the n-th address counting back from the broadcast address at 0; the last a resource may take is 1. It returns the
// invalid address when the range holds no such address.
func FromEnd(p netip.Prefix, n int) netip.Addr {
	return Nth(p, size(p)-1-n)
}

func parse(name, text string) (netip.Prefix, error) {
	p, err := netip.ParsePrefix(text)
	switch {
	case err != nil || !p.Addr().Is4():
		return netip.Prefix{}, &SubnetError{name, text, "is not an IPv4 range in CIDR notation"}
	case p != p.Masked():
		return netip.Prefix{}, &SubnetError{name, text, fmt.Sprintf("has host bits set; the range is %s", p.Masked())}
	case p.Bits() > 29:
		return netip.Prefix{}, &SubnetError{name, text, "is smaller than a /29, the smallest subnet Azure takes"}
	case p.Bits() < 8:
		return netip.Prefix{}, &SubnetError{name, text, "is larger than a /8"}
	}
	return p, nil
}

func fits(space netip.Prefix, taken []Subnet, name string, p netip.Prefix) error {
	if p.Bits() < space.Bits() || !space.Contains(p.Addr()) {
		return &SubnetError{name, p.String(), fmt.Sprintf("is outside the address space %s", space)}
	}
	for _, t := range taken {
		if t.Range.Overlaps(p) {
			return &SubnetError{name, p.String(), fmt.Sprintf("overlaps subnet %s (%s)", t.Name, t.Range)}
		}
	}
	return nil
}

func firstFree(space netip.Prefix, bits int, taken []Subnet) (netip.Prefix, bool) {
	if bits < space.Bits() {
		return netip.Prefix{}, false
	}
	step := uint64(1) << (32 - bits)
	start := number(space.Addr())
	end := start + uint64(size(space))
	for at := start; at < end; at += step {
		candidate := netip.PrefixFrom(fromNumber(at), bits)
		if fits(space, taken, "", candidate) == nil {
			return candidate, true
		}
	}
	return netip.Prefix{}, false
}

// size is the number of addresses in an IPv4 range.
func size(p netip.Prefix) int {
	if !p.IsValid() {
		return 0
	}
	return 1 << (32 - p.Bits())
}

func number(a netip.Addr) uint64 {
	b := a.As4()
	return uint64(b[0])<<24 | uint64(b[1])<<16 | uint64(b[2])<<8 | uint64(b[3])
}

func fromNumber(n uint64) netip.Addr {
	return netip.AddrFrom4([4]byte{byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)})
}
