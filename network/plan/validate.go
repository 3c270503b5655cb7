package plan

import (
	"errors"
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Limits of a security group. Source: Azure's limits and its reference of security rule properties.
const (
	minPriority    = 100
	maxPriority    = 4096
	maxDescription = 140
	maxRules       = 1000
)

var (
	ruleName           = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9_.-]{0,78}[A-Za-z0-9_])?$`)
	alphanumericRegion = regexp.MustCompile(`^[a-z0-9]+$`)
)

// ValidateTable checks every subnet's rules, and that the groups close: each refuses what it doesn't allow from inside the
// network, and the AKS group still lets the cluster talk to itself, which Azure requires.
func ValidateTable(t Table, a Addresses) error {
	var problems []error
	for _, s := range a.Subnets() {
		rules, ok := t[s.Name]
		if !ok {
			problems = append(problems, fmt.Errorf("subnet %s: has no rules; every subnet carries its own group", s.Name))
			continue
		}
		if err := ValidateRules(rules); err != nil {
			problems = append(problems, fmt.Errorf("subnet %s: %w", s.Name, err))
		}
		if !slices.ContainsFunc(rules, closesInbound) {
			problems = append(problems, fmt.Errorf(
				"subnet %s: no rule denies VirtualNetwork inbound, so Azure's rule 65000 lets the whole network in; add one", s.Name))
		}
	}
	for _, d := range []Direction{Inbound, Outbound} {
		if !talksToItself(t[AKSSubnet], d, a.AKS.String()) {
			problems = append(problems, fmt.Errorf(
				"subnet %s: nothing allows all flows within %s %s before the first denial; AKS is unsupported without it", AKSSubnet, a.AKS, d))
		}
	}
	return errors.Join(problems...)
}

func closesInbound(r Rule) bool {
	return r.Access == Deny && r.Direction == Inbound && r.Protocol == AnyProtocol && slices.Equal(r.Destinations, one(Any)) &&
		slices.Equal(r.Ports, one(Any)) && (slices.Equal(r.Sources, one("VirtualNetwork")) || slices.Equal(r.Sources, one(Any)))
}

// talksToItself tells whether the subnet may exchange anything with itself before a rule of the same direction denies something.
func talksToItself(rules []Rule, d Direction, subnet string) bool {
	within, denied := maxPriority+1, maxPriority+1
	for _, r := range rules {
		if r.Direction != d {
			continue
		}
		if r.Access == Deny {
			denied = min(denied, r.Priority)
		} else if r.Protocol == AnyProtocol && slices.Equal(r.Ports, one(Any)) &&
			slices.Equal(r.Sources, one(subnet)) && slices.Equal(r.Destinations, one(subnet)) {
			within = min(within, r.Priority)
		}
	}
	return within <= maxPriority && within < denied
}

// ValidateRules refuses what Azure refuses in one group's rules: priorities outside 100 to 4096 or used twice in a direction,
// names it doesn't take or used twice, unknown values, `*` or a service tag inside a list, malformed, repeated or overlapping
// ranges, malformed ports, descriptions over 140 characters, over 1000 rules. All problems are returned at once.
func ValidateRules(rules []Rule) error {
	var problems []error
	if len(rules) > maxRules {
		problems = append(problems, fmt.Errorf("%d rules: a security group holds %d", len(rules), maxRules))
	}
	names, priorities := map[string]bool{}, map[string]string{}
	for _, r := range rules {
		for _, problem := range r.problems() {
			problems = append(problems, fmt.Errorf("rule %q: %s", r.Name, problem))
		}
		if names[strings.ToLower(r.Name)] {
			problems = append(problems, fmt.Errorf("rule %q: the name is used twice; names are unique in a group", r.Name))
		}
		names[strings.ToLower(r.Name)] = true
		key := fmt.Sprintf("%s %d", r.Direction, r.Priority)
		if other, taken := priorities[key]; taken {
			problems = append(problems, fmt.Errorf("rule %q: priority %d %s is taken by %q; give it another", r.Name, r.Priority, r.Direction, other))
		}
		priorities[key] = r.Name
	}
	return errors.Join(problems...)
}

func (r Rule) problems() []string {
	var found []string
	add := func(format string, args ...any) { found = append(found, fmt.Sprintf(format, args...)) }
	if r.ID == "" {
		add("has no ID")
	}
	if !ruleName.MatchString(r.Name) {
		add("the name must be 1 to 80 letters, digits, `.`, `_` and `-`, starting with a letter or digit")
	}
	if r.Priority < minPriority || r.Priority > maxPriority {
		add("priority %d is not between %d and %d", r.Priority, minPriority, maxPriority)
	}
	if r.Direction != Inbound && r.Direction != Outbound {
		add("direction %q is neither %s nor %s", r.Direction, Inbound, Outbound)
	}
	if r.Access != Allow && r.Access != Deny {
		add("access %q is neither %s nor %s", r.Access, Allow, Deny)
	}
	if !slices.Contains([]Protocol{TCP, UDP, "Icmp", "Esp", "Ah", AnyProtocol}, r.Protocol) {
		add("protocol %q is not one of Tcp, Udp, Icmp, Esp, Ah and *", r.Protocol)
	}
	if r.Access == Allow && r.Encryption == "" {
		add("says nothing about encryption; every allowed flow states what protects it")
	}
	if n := len(r.Description()); n > maxDescription {
		add("the description has %d characters, Azure takes %d; shorten purpose or encryption", n, maxDescription)
	}
	found = append(found, sideProblems("source", r.Sources)...)
	found = append(found, sideProblems("destination", r.Destinations)...)
	return append(found, portProblems(r.Ports)...)
}

// sideProblems checks one side's addresses. A lone entry may be `*`, a tag or the frontend's address; a list holds CIDRs only.
func sideProblems(side string, entries []string) []string {
	if len(entries) == 0 {
		return []string{fmt.Sprintf("has no %s", side)}
	}
	if len(entries) == 1 && (entries[0] == Any || entries[0] == FrontendPublicIP || isTag(entries[0])) {
		return nil
	}
	var found []string
	var ranges []netip.Prefix
	for _, e := range entries {
		p, err := netip.ParsePrefix(e)
		switch {
		case e == Any || e == FrontendPublicIP || isTag(e):
			found = append(found, fmt.Sprintf("%s %q must stand alone; a list holds CIDRs only", side, e))
			continue
		case err != nil:
			found = append(found, fmt.Sprintf("%s %q is neither a CIDR nor a known service tag", side, e))
			continue
		case p != p.Masked():
			found = append(found, fmt.Sprintf("%s %q has host bits set; the range is %s", side, e, p.Masked()))
		}
		for _, other := range ranges {
			if other.Overlaps(p) {
				found = append(found, fmt.Sprintf("%s %q overlaps %s in the same rule; keep one", side, e, other))
			}
		}
		ranges = append(ranges, p)
	}
	return found
}

func portProblems(ports []string) []string {
	if len(ports) == 0 {
		return []string{"has no ports"}
	}
	if len(ports) == 1 && ports[0] == Any {
		return nil
	}
	var found []string
	seen := map[string]bool{}
	for _, p := range ports {
		switch low, high, ok := portRange(p); {
		case p == Any:
			found = append(found, "port `*` must stand alone")
		case !ok:
			found = append(found, fmt.Sprintf("port %q is neither a number nor a range between 0 and 65535", p))
		case low > high:
			found = append(found, fmt.Sprintf("port range %q is upside down", p))
		case seen[p]:
			found = append(found, fmt.Sprintf("port %q is listed twice", p))
		}
		seen[p] = true
	}
	return found
}

func portRange(text string) (low, high int, ok bool) {
	first, last, isRange := strings.Cut(text, "-")
	if !isRange {
		last = first
	}
	l, errLow := strconv.ParseUint(first, 10, 16)
	h, errHigh := strconv.ParseUint(last, 10, 16)
	return int(l), int(h), errLow == nil && errHigh == nil
}
