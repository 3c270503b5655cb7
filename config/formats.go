package config

import (
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"apim-azure/config/azure"
	"apim-azure/data/mysql"
	"apim-azure/workloads/plan"
)

// fault is what a format finds wrong with a value: the rule it breaks and the way out.
type fault struct{ rule, wayOut string }

// formats are the rules a `format` tag names. Each is given a value that is not empty.
var formats = map[string]func(string) *fault{
	"acmeDirectory":     acmeDirectory,
	"cassandraVersion":  pattern(`^2\.2\.\d{1,2}$`, "must be a release of the 2.2 line, which the product is certified with", "use 2.2.12"),
	"clientRange":       clientRange,
	"cpu":               cpu,
	"dnsZone":           dnsZone,
	"domain":            domain,
	"email":             pattern(`^[^\s@,;"<>]+@([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,}$`, "must be a mail address", "write it as team@example.com"),
	"groupName":         pattern(plan.GroupNamePattern, "must be 1 to 30 lower-case letters, digits and underscores, starting with a letter and not ending in an underscore", "choose another name"),
	"guid":              guid,
	"https":             https,
	"image":             image,
	"keyspace":          keyspace,
	"kubernetesVersion": pattern(`^1\.\d+$`, "must be a minor version, as AKS picks the patch", "write it as 1.36"),
	"label":             dnsLabel,
	"licenseFile":       pattern(plan.LicenseFilePattern, "must be a file name that ends in .lic, of letters, digits, dots, dashes and underscores: the product looks for no other", "write it as license.lic"),
	"linuxUser":         linuxUser,
	"mysqlLogin":        mysqlLogin,
	"mysqlSku":          mysqlSKU,
	"namespace":         namespace,
	"objectName":        pattern(`^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$`, "must be an object's name: 1 to 253 lower-case letters, digits, dashes and dots", "use the account's name without its namespace"),
	"probePath":         pattern(`^/[!-~]*$`, "must be a path that starts with a slash, without spaces", "write it as /healthcheck"),
	"publicRange":       publicRange,
	"range":             ipv4Range,
	"region":            region,
	"registryHost":      pattern(`^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+(:\d{1,5})?$`, "must be the registry's host, without scheme or path", "write it as registry.example.com"),
	"resourceGroup":     pattern(`^[A-Za-z0-9_().-]{0,89}[A-Za-z0-9_()-]$`, "must be 1 to 90 letters, digits, underscores, brackets, dashes and dots, not ending in a dot", "use the name of an existing resource group"),
	"sha512":            pattern(`^[0-9a-fA-F]{128}$`, "must be 128 hexadecimal digits", "copy the checksum published with the release"),
	"sqlFile":           pattern(plan.SQLFilePattern, "must be an absolute path in the image that ends in .sql", "name each file, not its folder"),
	"time":              pattern(`^([01]\d|2[0-3]):[0-5]\d$`, "must be a time of day as HH:MM, from 00:00 to 23:59", "write it as 01:00"),
	"utcOffset":         pattern(`^[+-](0\d|1[0-3]):[0-5]\d$|^[+-]14:00$`, "must be an offset as +HH:MM or -HH:MM, 14 hours at most", "write it as +01:00"),
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

// mostLabels is how many labels a domain may have: Azure's private zones, one of which is made for a private host, take 34.
const mostLabels = 33

var numeric = regexp.MustCompile(`^\d+$`)

// domain follows what Application Gateway and certificate authorities ask of a public name. Host names are put before it, so
// 63 + 1 characters of the 253 are kept free.
func domain(value string) *fault {
	plain := strings.Trim(strings.ToLower(value), ".")
	labels := strings.Split(plain, ".")
	last := labels[len(labels)-1]
	switch {
	case len(labels) < 2:
		return &fault{"must have two labels at least", "write it as domainname.tld"}
	case last == "local":
		return &fault{"ends in .local, which no certificate authority signs and Application Gateway can't serve", "use a domain you own"}
	case len(plain) > 253-64 || len(labels) > mostLabels:
		return &fault{"is longer than 189 characters or 33 labels, which leaves no room for host names", "use a shorter one"}
	case slices.ContainsFunc(labels, func(l string) bool { return !labelPattern.MatchString(l) }):
		return &fault{"must be lower-case DNS labels of 1 to 63 letters, digits and dashes, joined by dots", "write it as domainname.tld"}
	case numeric.MatchString(last):
		return &fault{"ends in a number, as an address does", "use a domain name"}
	case plain != value:
		return &fault{"must be in lower case, without a dot at an end", "write it as " + plain}
	}
	return nil
}

var reservedNamespaces = []string{"default", "gatekeeper-system", "calico-system", "tigera-operator", "app-routing-system"}

// namespace refuses what Kubernetes and AKS keep for themselves, and those the ingress controller and cert-manager run in.
func namespace(value string) *fault {
	if f := dnsLabel(value); f != nil {
		return f
	}
	const wayOut = "use a namespace of your own, such as apim"
	switch {
	case strings.HasPrefix(value, "kube-") || slices.Contains(reservedNamespaces, value):
		return &fault{"belongs to the cluster itself", wayOut}
	case value == plan.ControllerNamespace:
		return &fault{"is the ingress controller's", wayOut}
	case value == plan.CertManagerNamespace:
		return &fault{"is cert-manager's", wayOut}
	}
	return nil
}

// shortestClientPrefix is the largest range a firewall is opened to: longer lists of larger ones are the whole Internet again.
const shortestClientPrefix = 8

// clientRange is a range people or clients come from: private or public, but never everybody.
func clientRange(value string) *fault {
	const wayOut = "name the ranges that need access, such as 203.0.113.0/24"
	p, err := netip.ParsePrefix(value)
	address, addressErr := netip.ParseAddr(value)
	switch {
	case addressErr == nil && address.Is4():
		return &fault{"must be an IPv4 range in CIDR notation, not an address", "write it as " + value + "/32 if the one address is meant"}
	case err == nil && p.Bits() == 0:
		return &fault{"lets in the whole Internet", wayOut}
	case err == nil && p.Addr().Is4() && p.Bits() < shortestClientPrefix:
		return &fault{"is larger than a /8 and lets in a good part of the Internet", wayOut}
	}
	return ipv4Range(value)
}

// unrouted are the ranges no packet on the Internet comes from.
var unrouted = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"), netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("100.64.0.0/10"),
	netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("169.254.0.0/16"), netip.MustParsePrefix("172.16.0.0/12"),
	netip.MustParsePrefix("192.168.0.0/16"), netip.MustParsePrefix("224.0.0.0/3"),
}

// publicRange is an address or range on the Internet, as the firewalls of managed services take it.
func publicRange(value string) *fault {
	if a, err := netip.ParseAddr(value); err == nil && a.Is4() {
		value += "/32"
	}
	if f := clientRange(value); f != nil {
		return f
	}
	p := netip.MustParsePrefix(value)
	if slices.ContainsFunc(unrouted, p.Overlaps) {
		return &fault{"is private or reserved, in part at least, and never reaches a public endpoint", "use the public addresses the traffic leaves from"}
	}
	return nil
}

func ipv4Range(value string) *fault {
	p, err := netip.ParsePrefix(value)
	switch {
	case err == nil && !p.Addr().Is4():
		return &fault{"is IPv6, and the platform's network is IPv4 only", "use the IPv4 range"}
	case err != nil:
		return &fault{"must be an IPv4 range in CIDR notation", "write it as 10.0.0.0/24 (one address alone ends in /32)"}
	case p != p.Masked():
		return &fault{"has host bits set", "write the range as " + p.Masked().String()}
	case p.Bits() == 0:
		return &fault{"is every address there is", "name the range that is meant, such as 10.0.0.0/24"}
	}
	return nil
}

var dnsZonePattern = regexp.MustCompile(`(?i)^/subscriptions/([0-9a-f-]{36})/resourceGroups/[^/]+/providers/Microsoft\.Network/dnsZones/([a-z0-9.-]+)$`)

func dnsZone(value string) *fault {
	if dnsZonePattern.MatchString(value) {
		return nil
	}
	return &fault{"must be the resource ID of an Azure DNS zone", "copy it from `az network dns zone show --query id`"}
}

// https addresses end up between single quotes in a script, so a quote may not be in one, nor a space.
func https(value string) *fault {
	u, err := url.Parse(value)
	if err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil || !plainURL.MatchString(value) {
		return &fault{"must be an https:// address without credentials, quotes and spaces", "publish the file where the data subnet can fetch it over HTTPS"}
	}
	return nil
}

func acmeDirectory(value string) *fault {
	if https(value) != nil {
		return &fault{"must be an https:// address without credentials, quotes and spaces", "use the directory the authority documents"}
	}
	return nil
}

var plainURL = regexp.MustCompile(`^[!-&(-~]+$`)

func image(value string) *fault {
	if rule, wayOut := plan.ImageFault(value); rule != "" {
		return &fault{rule, wayOut}
	}
	return nil
}

var (
	keyspacePattern   = regexp.MustCompile(plan.KeyspacePattern)
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
	if slices.ContainsFunc(mysql.Users(), func(u mysql.User) bool { return strings.EqualFold(u.Name, value) }) {
		return &fault{"is the user one of the components logs in as", "choose another one, such as apimadmin"}
	}
	return nil
}

func cpu(value string) *fault {
	if n, err := plan.ParseCPU(value); err == nil && n >= 50 && n <= 32000 {
		return nil
	}
	return &fault{"must be 0.05 to 32 cores, in cores or thousandths", "write it as 1, 0.5 or 500m"}
}

// milliCPU is processor time in thousandths of a core; 0 for what its own format refuses.
func milliCPU(value string) int {
	n, _ := plan.ParseCPU(value)
	return n
}
