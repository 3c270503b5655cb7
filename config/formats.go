package config

import (
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"apim-azure/config/azure"
)

// fault is what a format finds wrong with a value: the rule it breaks and the way out.
type fault struct{ rule, wayOut string }

// formats are the rules a `format` tag names. Each is given a value that is not empty.
var formats = map[string]func(string) *fault{
	"cassandraVersion":  pattern(`^2\.2\.\d+$`, "must be a release of the 2.2 line, which the product is certified with", "use 2.2.12"),
	"clientRange":       clientRange,
	"cpu":               cpu,
	"dnsZone":           dnsZone,
	"domain":            domain,
	"groupName":         pattern(`^[a-z]([a-z0-9_]{0,28}[a-z0-9])?$`, "must be 1 to 30 lower-case letters, digits and underscores, starting with a letter and not ending in an underscore", "choose another name"),
	"guid":              guid,
	"https":             https,
	"image":             image,
	"keyspace":          keyspace,
	"kubernetesVersion": pattern(`^1\.\d+$`, "must be a minor version, as AKS picks the patch", "write it as 1.36"),
	"label":             dnsLabel,
	"linuxUser":         linuxUser,
	"mysqlLogin":        mysqlLogin,
	"mysqlSku":          mysqlSKU,
	"namespace":         namespace,
	"publicRange":       publicRange,
	"range":             ipv4Range,
	"region":            region,
	"registryHost":      pattern(`^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+(:\d{1,5})?$`, "must be the registry's host, without scheme or path", "write it as registry.example.com"),
	"resourceGroup":     pattern(`^[A-Za-z0-9_().-]{0,89}[A-Za-z0-9_()-]$`, "must be 1 to 90 letters, digits, underscores, brackets, dashes and dots, not ending in a dot", "use the name of an existing resource group"),
	"sha512":            pattern(`^[0-9a-fA-F]{128}$`, "must be 128 hexadecimal digits", "copy the checksum published with the release"),
	"time":              pattern(`^([01]\d|2[0-3]):[0-5]\d$`, "must be a time of day as HH:MM, from 00:00 to 23:59", "write it as 01:00"),
	"utcOffset":         pattern(`^[+-](0\d|1[0-4]):[0-5]\d$`, "must be an offset as +HH:MM or -HH:MM, 14 hours at most", "write it as +01:00"),
	"vmSize":            vmSize,
}

const label = `^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`

var (
	labelPattern = regexp.MustCompile(label)
	dnsLabel     = pattern(label, "must be a DNS label: 1 to 63 lower-case letters, digits and dashes, no dash at an end", "choose another name")
)

func pattern(expression, rule, wayOut string) func(string) *fault {
	re := regexp.MustCompile(expression)
	return func(value string) *fault {
		if re.MatchString(value) {
			return nil
		}
		return &fault{rule, wayOut}
	}
}

var guidPattern = regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)

func guid(value string) *fault {
	if !guidPattern.MatchString(value) {
		return &fault{"must be a GUID", "write it as xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx, in hexadecimal digits"}
	}
	if strings.Trim(value, "0-") == "" {
		return &fault{"is the placeholder of zeros, not an identifier", "put in the real one"}
	}
	return nil
}

func region(value string) *fault {
	if _, ok := azure.FindRegion(value); ok {
		return nil
	}
	return &fault{"is not a region of Azure's public cloud known here", "the nearest one is " + nearest(value, azure.RegionNames())}
}

func vmSize(value string) *fault {
	if _, ok := azure.FindSize(value); ok {
		return nil
	}
	return &fault{"is not a VM size known here", "the nearest one is " + nearest(value, azure.SizeNames()) + "; others must be added to config/azure/sizes.go"}
}

func mysqlSKU(value string) *fault {
	if _, ok := azure.ParseDatabaseSize(value); ok {
		return nil
	}
	return &fault{"is not a compute size of MySQL Flexible Server", "use one such as Standard_D4ads_v5 (general purpose), Standard_E4ads_v5 (memory optimised) or Standard_B2ms (burstable)"}
}

// domain follows what Application Gateway and certificate authorities ask of a public name. Host names are put before it, so
// 63 + 1 characters of the 253 are kept free.
func domain(value string) *fault {
	labels := strings.Split(value, ".")
	switch {
	case len(labels) < 2:
		return &fault{"must have two labels at least", "write it as domainname.tld"}
	case labels[len(labels)-1] == "local":
		return &fault{"ends in .local, which no certificate authority signs and Application Gateway can't serve", "use a domain you own"}
	case len(value) > 253-64:
		return &fault{"is longer than 189 characters, which leaves no room for host names", "use a shorter one"}
	}
	for _, l := range labels {
		if !labelPattern.MatchString(l) {
			return &fault{"must be lower-case DNS labels of 1 to 63 letters, digits and dashes, joined by dots", "write it as domainname.tld"}
		}
	}
	if regexp.MustCompile(`^\d+$`).MatchString(labels[len(labels)-1]) {
		return &fault{"ends in a number, as an address does", "use a domain name"}
	}
	return nil
}

var reservedNamespaces = []string{"default", "kube-system", "kube-public", "kube-node-lease", "gatekeeper-system"}

func namespace(value string) *fault {
	if f := dnsLabel(value); f != nil {
		return f
	}
	if slices.Contains(reservedNamespaces, value) {
		return &fault{"belongs to the cluster itself", "use a namespace of your own, such as apim"}
	}
	return nil
}

// clientRange is a range people or clients come from: private or public, but never everybody.
func clientRange(value string) *fault {
	p, err := netip.ParsePrefix(value)
	if err == nil && p.Bits() == 0 {
		return &fault{"lets in the whole Internet", "name the ranges that need access, such as 203.0.113.0/24"}
	}
	return ipv4Range(value)
}

// publicRange is an address or range on the Internet, as the firewalls of managed services take it.
func publicRange(value string) *fault {
	if a, err := netip.ParseAddr(value); err == nil && a.Is4() {
		value += "/32"
	}
	if f := clientRange(value); f != nil {
		return f
	}
	if a := netip.MustParsePrefix(value).Addr(); a.IsPrivate() || a.IsLoopback() || a.IsLinkLocalUnicast() {
		return &fault{"is a private range, which never reaches a public endpoint", "use the public addresses the traffic leaves from"}
	}
	return nil
}

func ipv4Range(value string) *fault {
	p, err := netip.ParsePrefix(value)
	switch {
	case err != nil || !p.Addr().Is4():
		return &fault{"must be an IPv4 range in CIDR notation", "write it as 10.0.0.0/24; a single address ends in /32"}
	case p != p.Masked():
		return &fault{"has host bits set", "write the range as " + p.Masked().String()}
	}
	return nil
}

var dnsZonePattern = regexp.MustCompile(`(?i)^/subscriptions/[0-9a-f-]{36}/resourceGroups/[^/]+/providers/Microsoft\.Network/dnsZones/([a-z0-9.-]+)$`)

func dnsZone(value string) *fault {
	if dnsZonePattern.MatchString(value) {
		return nil
	}
	return &fault{"must be the resource ID of an Azure DNS zone", "copy it from `az network dns zone show --query id`"}
}

func https(value string) *fault {
	if u, err := url.Parse(value); err == nil && u.Scheme == "https" && u.Host != "" && u.User == nil {
		return nil
	}
	return &fault{"must be an https:// address without credentials", "publish the file where the data subnet can fetch it over HTTPS"}
}

var (
	repositoryPattern = regexp.MustCompile(`^[a-z0-9]+([._-]+[a-z0-9]+)*(/[a-z0-9]+([._-]+[a-z0-9]+)*)*$`)
	tagPattern        = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$`)
	digestPattern     = regexp.MustCompile(`^sha256:[0-9a-f]{64}$`)
)

// image is repository:tag, repository:tag@digest or repository@digest, relative to the registry.
func image(value string) *fault {
	reference, digest, pinned := strings.Cut(value, "@")
	repository, tag, tagged := strings.Cut(reference, ":")
	first, _, nested := strings.Cut(reference, "/")
	switch {
	case nested && strings.ContainsAny(first, ".:"):
		return &fault{"names a registry", "write repository:tag only; another registry goes into registry.external"}
	case !repositoryPattern.MatchString(repository):
		return &fault{"must be repository:tag, with a repository of lower-case letters, digits, dots, dashes, underscores and slashes", "write it as apim/anm:7.7-1"}
	case pinned && !digestPattern.MatchString(digest):
		return &fault{"has a malformed digest", "write it as @sha256: and 64 hexadecimal digits"}
	case tag == "latest":
		return &fault{"is tagged latest, which changes under a running stack and can't be rolled back", "use the tag of one build"}
	case !tagged && !pinned:
		return &fault{"has no tag, which means latest", "add the tag of one build, such as :7.7-1"}
	case tagged && !tagPattern.MatchString(tag):
		return &fault{"has a malformed tag", "use 1 to 128 letters, digits, underscores, dots and dashes, not starting with a dot or dash"}
	}
	return nil
}

var (
	keyspacePattern   = regexp.MustCompile(`^[A-Za-z0-9_]{1,46}$`)
	reservedKeyspaces = []string{"system", "system_auth", "system_distributed", "system_schema", "system_traces", "system_views"}
)

func keyspace(value string) *fault {
	if !keyspacePattern.MatchString(value) {
		return &fault{"must be 1 to 46 letters, digits and underscores (Cassandra takes 48, t_ goes before the throttling keyspace)", "choose another name"}
	}
	if slices.Contains(reservedKeyspaces, strings.ToLower(value)) {
		return &fault{"is one of Cassandra's own keyspaces", "choose another name"}
	}
	return nil
}

var reservedLinuxUsers = strings.Fields(`1 123 a actuser adm admin admin1 admin2 administrator aspnet backup console david guest
	john owner root server sql support support_388945a0 sys test test1 test2 test3 user user1 user2 user3 user4 user5`)

func linuxUser(value string) *fault {
	if !regexp.MustCompile(`^[a-z_][a-z0-9_-]{0,31}$`).MatchString(value) {
		return &fault{"must be 1 to 32 lower-case letters, digits, underscores and dashes, starting with a letter", "choose another name"}
	}
	if slices.Contains(reservedLinuxUsers, value) {
		return &fault{"is a name Azure reserves on Linux machines", "choose another one, such as apimadmin"}
	}
	return nil
}

var reservedMySQLLogins = strings.Fields(`admin administrator azure_superuser azure_pg_admin guest public root mysql sa`)

func mysqlLogin(value string) *fault {
	if !regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_]{0,31}$`).MatchString(value) {
		return &fault{"must be 1 to 32 letters, digits and underscores, starting with a letter", "choose another name"}
	}
	if slices.Contains(reservedMySQLLogins, strings.ToLower(value)) {
		return &fault{"is a name Azure reserves on MySQL servers", "choose another one, such as apimadmin"}
	}
	return nil
}

func cpu(value string) *fault {
	if n, ok := milliCPU(value); ok && n >= 50 && n <= 32000 {
		return nil
	}
	return &fault{"must be 0.05 to 32 cores, in cores or thousandths", "write it as 1, 0.5 or 500m"}
}

var cpuPattern = regexp.MustCompile(`^(\d{1,5})m$|^(\d{1,2}(?:\.\d{1,3})?)$`)

// milliCPU reads a Kubernetes quantity of processor time, in thousandths of a core.
func milliCPU(value string) (int, bool) {
	m := cpuPattern.FindStringSubmatch(value)
	if m == nil {
		return 0, false
	}
	if m[1] != "" {
		n, err := strconv.Atoi(m[1])
		return n, err == nil
	}
	cores, err := strconv.ParseFloat(m[2], 64)
	return int(cores*1000 + 0.5), err == nil
}
