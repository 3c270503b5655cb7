package arm

import (
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// serviceTags are the tags a rule may name; regional forms (Storage.WestEurope) are recognised by their first part.
var serviceTags = words(`VirtualNetwork AzureLoadBalancer Internet AzureTrafficManager Storage Sql AzureCosmosDB AzureKeyVault
	EventHub ServiceBus AzureContainerRegistry MicrosoftContainerRegistry AppService AppServiceManagement ApiManagement
	AzureConnectors GatewayManager AzureDataLake AzureActiveDirectory AzureMonitor AzureCloud AzureFrontDoor AzureBackup
	AzureResourceManager AzurePortal AzurePlatformDNS AzurePlatformIMDS AzurePlatformLKM AzureUpdateDelivery GuestAndHybridManagement
	AzureSiteRecovery AzureSecurityCenter AzureAutomation WindowsVirtualDesktop BatchNodeManagement HDInsight Marketplace
	ServiceFabric LogicApps DataFactory PowerBI AzureArcInfrastructure AzureInformationProtection OneDsCollector`)

var region = regexp.MustCompile(`^[A-Za-z0-9]+$`)

func isServiceTag(s string) bool {
	name, rest, regional := strings.Cut(s, ".")
	return slices.Contains(serviceTags, name) && (!regional || region.MatchString(rest))
}

// eachRule visits the inline security rules with their path.
func eachRule(c *Call, visit func(path string, rule Object) []string) []string {
	var out []string
	for i, rule := range objects(c.Inputs, "securityRules") {
		out = append(out, visit(fmt.Sprintf("securityRules[%d] '%s'", i, text(rule, "name")), rule)...)
	}
	return out
}

func checkRuleNames(c *Call) []string {
	seen := map[string]bool{}
	return eachRule(c, func(path string, rule Object) []string {
		name := text(rule, "name")
		if seen[strings.ToLower(name)] {
			return []string{path + ".name: used twice"}
		}
		seen[strings.ToLower(name)] = true
		if why := networkName(1, 80).check(name); why != "" {
			return []string{path + ".name: " + why}
		}
		return nil
	})
}

func checkPriorities(c *Call) []string {
	seen := map[string]string{}
	return eachRule(c, func(path string, rule Object) []string {
		priority := whole(rule, "priority")
		if priority < 100 || priority > 4096 {
			return []string{fmt.Sprintf("%s.priority: %d is outside 100 to 4096", path, priority)}
		}
		slot := fmt.Sprintf("%s %d", text(rule, "direction"), priority)
		if other := seen[slot]; other != "" {
			return []string{fmt.Sprintf("%s.priority: %d is taken by '%s' in the same direction", path, priority, other)}
		}
		seen[slot] = text(rule, "name")
		return nil
	})
}

func checkRuleFields(c *Call) []string {
	return eachRule(c, func(path string, rule Object) []string {
		var out []string
		for field, allowed := range map[string][]string{
			"direction": {"Inbound", "Outbound"}, "access": {"Allow", "Deny"}, "protocol": {"Tcp", "Udp", "Icmp", "Esp", "Ah", "*"},
		} {
			if !slices.Contains(allowed, text(rule, field)) {
				out = append(out, fmt.Sprintf("%s.%s: '%s' is not one of %s", path, field, text(rule, field), strings.Join(allowed, ", ")))
			}
		}
		for _, pair := range [][2]string{
			{"sourcePortRange", "sourcePortRanges"}, {"destinationPortRange", "destinationPortRanges"},
			{"sourceAddressPrefix", "sourceAddressPrefixes"}, {"destinationAddressPrefix", "destinationAddressPrefixes"},
		} {
			group := strings.Replace(strings.Replace(pair[0], "AddressPrefix", "ApplicationSecurityGroups", 1), "PortRange", "-", 1)
			given := 0
			for _, used := range []bool{text(rule, pair[0]) != "", len(list(rule, pair[1])) > 0, len(list(rule, group)) > 0} {
				if used {
					given++
				}
			}
			if given != 1 {
				out = append(out, fmt.Sprintf("%s: exactly one of %s and %s must be set", path, pair[0], pair[1]))
			}
		}
		if len(text(rule, "description")) > 140 {
			out = append(out, path+".description: longer than 140 characters")
		}
		slices.Sort(out)
		return out
	})
}

func checkRuleAddresses(c *Call) []string {
	return eachRule(c, func(path string, rule Object) []string {
		var out []string
		for _, side := range []string{"source", "destination"} {
			single := text(rule, side+"AddressPrefix")
			if single != "" && single != "*" && !isServiceTag(single) && !isAddress(single) {
				out = append(out, fmt.Sprintf("%s.%sAddressPrefix: '%s' is neither *, a CIDR nor a service tag", path, side, single))
			}
			for _, prefix := range texts(rule, side+"AddressPrefixes") {
				if !isAddress(prefix) {
					out = append(out, fmt.Sprintf("%s.%sAddressPrefixes: '%s' is not a CIDR; * and service tags only go into the singular property", path, side, prefix))
				}
			}
		}
		return out
	})
}

func isAddress(s string) bool {
	if _, err := netip.ParseAddr(s); err == nil {
		return true
	}
	_, err := netip.ParsePrefix(s)
	return err == nil
}

func checkRulePorts(c *Call) []string {
	return eachRule(c, func(path string, rule Object) []string {
		var out []string
		for _, side := range []string{"source", "destination"} {
			if single := text(rule, side+"PortRange"); single != "" && single != "*" && !isPortRange(single) {
				out = append(out, fmt.Sprintf("%s.%sPortRange: '%s' is not a port, a range or *", path, side, single))
			}
			for _, ports := range texts(rule, side+"PortRanges") {
				if !isPortRange(ports) {
					out = append(out, fmt.Sprintf("%s.%sPortRanges: '%s' is not a port or a range", path, side, ports))
				}
			}
		}
		return out
	})
}

func isPortRange(s string) bool {
	low, high, isRange := strings.Cut(s, "-")
	if !isRange {
		high = low
	}
	a, errA := strconv.Atoi(low)
	b, errB := strconv.Atoi(high)
	return errA == nil && errB == nil && a >= 0 && a <= b && b <= 65535
}
