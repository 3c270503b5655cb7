package plan

import "strings"

// irregularCloudRegions are the regions whose AzureCloud tag doesn't end in the region's own name. Source: Microsoft's virtual
// network service tags page. Other tags, Storage among them, use the region's name everywhere.
var irregularCloudRegions = map[string]string{
	"francecentral":      "centralfrance",
	"francesouth":        "southfrance",
	"germanywestcentral": "germanywc",
	"germanynorth":       "germanyn",
	"norwayeast":         "norwaye",
	"norwaywest":         "norwayw",
	"switzerlandnorth":   "switzerlandn",
	"switzerlandwest":    "switzerlandw",
	"brazilsoutheast":    "brazilse",
}

// regionalTags are the service tags the tables use that may be narrowed to a region.
var regionalTags = map[string]bool{"AzureCloud": true, "Storage": true}

// globalTags are the service tags the tables use that stand for the whole of Azure, or for the network itself.
var globalTags = map[string]bool{
	"VirtualNetwork": true, "AzureLoadBalancer": true, "Internet": true, "GatewayManager": true,
	"AzureActiveDirectory": true, "AzureMonitor": true, "AzureBackup": true,
	"MicrosoftContainerRegistry": true, "AzureFrontDoor.FirstParty": true,
}

// cloudTag is the tag of all public addresses of Azure in a region.
func cloudTag(location string) string {
	if name, ok := irregularCloudRegions[location]; ok {
		return "AzureCloud." + name
	}
	return "AzureCloud." + location
}

// storageTag is the tag of Azure Storage in a region.
func storageTag(location string) string { return "Storage." + location }

func isTag(text string) bool {
	if globalTags[text] || regionalTags[text] {
		return true
	}
	service, region, found := strings.Cut(text, ".")
	return found && regionalTags[service] && alphanumericRegion.MatchString(region)
}
