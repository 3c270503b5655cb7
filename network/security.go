package network

import (
	"apim-azure/network/plan"

	"github.com/pulumi/pulumi-azure-native-sdk/network/v3"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// securityRules spells planned rules as Azure takes them: one entry in the singular property, several in the plural one, never
// both. frontend takes the place of plan.FrontendPublicIP.
func securityRules(rules []plan.Rule, frontend pulumi.StringInput) network.SecurityRuleTypeArray {
	spelled := make(network.SecurityRuleTypeArray, len(rules))
	for i, r := range rules {
		rule := network.SecurityRuleTypeArgs{
			Name:            pulumi.String(r.Name),
			Description:     pulumi.String(r.Description()),
			Direction:       pulumi.String(string(r.Direction)),
			Priority:        pulumi.Int(r.Priority),
			Access:          pulumi.String(string(r.Access)),
			Protocol:        pulumi.String(string(r.Protocol)),
			SourcePortRange: pulumi.String(plan.Any),
		}
		rule.SourceAddressPrefix, rule.SourceAddressPrefixes = prefixes(r.Sources, frontend)
		rule.DestinationAddressPrefix, rule.DestinationAddressPrefixes = prefixes(r.Destinations, frontend)
		rule.DestinationPortRange, rule.DestinationPortRanges = prefixes(r.Ports, nil)
		spelled[i] = rule
	}
	return spelled
}

func prefixes(entries []string, frontend pulumi.StringInput) (pulumi.StringPtrInput, pulumi.StringArrayInput) {
	switch {
	case len(entries) > 1:
		return nil, pulumi.ToStringArray(entries)
	case entries[0] == plan.FrontendPublicIP:
		return frontend.ToStringOutput().ToStringPtrOutput(), nil
	default:
		return pulumi.String(entries[0]), nil
	}
}
