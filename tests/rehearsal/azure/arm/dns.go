package arm

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

const typeZone = "Microsoft.Network/dnsZones"

// recordLists maps a record type to the property that holds its data.
var recordLists = map[string]string{
	"A": "aRecords", "AAAA": "aaaaRecords", "CNAME": "cnameRecord", "MX": "mxRecords", "PTR": "ptrRecords", "SRV": "srvRecords", "TXT": "txtRecords",
	"CAA": "caaRecords", "NS": "nsRecords", "SOA": "soaRecord",
}

// recordType declares a record set below a public or private zone: only the path and the zone's suffix differ.
func recordType(token, zoneType, zoneParameter, version string) *Type {
	family := strings.ToLower(token[strings.LastIndex(token, ":")+1:])
	return &Type{
		Token: token, ARM: zoneType + "/A", APIVersion: version,
		Path:    "/subscriptions/{subscriptionId}/resourceGroups/{resourceGroupName}/providers/" + zoneType + "/{" + zoneParameter + "}/{recordType}/{relativeRecordSetName}",
		Name:    Name{1, 253, `@|(\*|[\w-]+)(\.[\w-]+)*`, "@ or labels of letters, digits, - and _"},
		Minutes: Minutes{0.05, 0.05, 0.05},
		Compute: func(c *Call, p Object) {
			p["type"] = zoneType + "/" + c.Path["recordType"]
			p["fqdn"] = strings.TrimPrefix(c.Name+"."+c.Path[zoneParameter]+".", "@.")
		},
		Rules: []Rule{
			{ID: family + "/data", Code: "InvalidRecordSet", Provenance: Documented, Source: "learn: dns/dns-zones-records", Check: func(c *Call) []string {
				kind := c.Path["recordType"]
				want, known := recordLists[kind]
				if !known {
					return []string{fmt.Sprintf("recordType: '%s' is not a record type", kind)}
				}
				var out []string
				for _, property := range recordLists {
					if filled := c.Inputs[property] != nil && !isEmptyList(c.Inputs[property]); filled != (property == want) && !has(c.Inputs, "targetResource") {
						out = append(out, fmt.Sprintf("%s: a record set of type %s holds %s", property, kind, want))
					}
				}
				for i, a := range objects(c.Inputs, "aRecords") {
					if address, err := netip.ParseAddr(text(a, "ipv4Address")); err != nil || !address.Is4() {
						out = append(out, fmt.Sprintf("aRecords[%d].ipv4Address: '%s' is not an IPv4 address", i, text(a, "ipv4Address")))
					}
				}
				slices.Sort(out)
				return out
			}},
			{ID: family + "/ttl", Code: "InvalidTtl", Provenance: Documented, Source: "REST API", Check: func(c *Call) []string {
				if !has(c.Inputs, "ttl") {
					return []string{"ttl: required"}
				}
				return between(c.Inputs, "ttl", 1, 2147483647)
			}},
		},
	}
}

var _ = register(
	recordType("azure-native:privatedns:PrivateRecordSet", typePrivateZone, "privateZoneName", "2024-06-01"),
	recordType("azure-native:dns:RecordSet", typeZone, "zoneName", "2023-07-01-preview"),
	&Type{
		Token: "azure-native:dns:Zone", ARM: typeZone, APIVersion: "2023-07-01-preview",
		Path:     "/subscriptions/{subscriptionId}/resourceGroups/{resourceGroupName}/providers/Microsoft.Network/dnsZones/{zoneName}",
		Name:     Name{3, 253, `[\w-]+(\.[\w-]+){1,33}`, "2 to 34 labels of letters, digits, - and _"},
		Required: []string{"location"}, Global: true, Defaults: Object{"zoneType": "Public"}, Minutes: Minutes{0.1, 0.1, 0.1},
		Compute: func(c *Call, p Object) {
			n := 1 + int(c.GUID("servers")[0])%9
			servers := []any{}
			for i, top := range []string{"com", "net", "org", "info"} {
				servers = append(servers, fmt.Sprintf("ns%d-%02d.azure-dns.%s.", i+1, n, top))
			}
			p["nameServers"] = servers
		},
	},
)
