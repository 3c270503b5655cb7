package plan

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// Controller is the entry point of the platform.
type Controller string

// Exposure says where clients come from.
type Exposure string

// The two entry points and the two exposures, as the configuration spells them.
const (
	ApplicationGateway Controller = "applicationGateway"
	LoadBalancer       Controller = "loadBalancer"

	Public  Exposure = "public"
	Private Exposure = "private"
)

// Ports of the platform's own listeners. Sources: the reference's component chapters, Cassandra's and MySQL's defaults.
const (
	portANM        = "8091"
	portManager    = "8075"
	portTraffic    = "8065"
	portACMESolver = "8089" // where cert-manager's HTTP-01 solver pods listen
	portCQL        = "9042"
	portMySQL      = "3306"
	portJMX        = "7070"
	portGossip     = "7000"
	portGossipTLS  = "7001"
	portHTTPS      = "443"
	portHTTP       = "80"
	portSSH        = "22"
)

// RuleInputs is what the tables depend on.
type RuleInputs struct {
	// Addresses is the address plan.
	Addresses Addresses
	// Location is the region's short name; some service tags are narrowed to it.
	Location string
	// Controller is the entry point.
	Controller Controller
	// Exposure says whether the entry point is reached from the Internet, or only from the network and what is peered with it.
	Exposure Exposure
	// Frontend is the load balancer's private address in the AKS subnet. Needed with LoadBalancer and Private, unused otherwise.
	Frontend netip.Addr
	// ANM is the address, in the AKS subnet, of the internal load balancer that publishes ANM to the bastion subnet alone. The
	// invalid address when ANM shares the entry point.
	ANM netip.Addr
	// AdminCIDRs are the ranges that may open SSH to the jump host. At least one, and never everything.
	AdminCIDRs []string
	// SourceRanges are the ranges that may connect to the load balancer. Empty: whatever Exposure lets in.
	SourceRanges []string
	// HTTP opens port 80 next to 443, for redirects.
	HTTP bool
	// ACME lets Application Gateway reach the pods that answer HTTP-01 certificate challenges, which arrive on port 80.
	ACME bool
	// CassandraTLS says that the Cassandra nodes speak TLS only, to clients and among themselves. It moves gossip from port 7000
	// to 7001.
	CassandraTLS bool
	// Backends are the addresses outside the cluster that APIs call.
	Backends []Backend
}

// Backend is a range the gateways call, with its TCP ports.
type Backend struct {
	CIDR  string
	Ports []int
}

// Rules builds the tables of all five subnets. It reports every problem of the inputs at once.
func Rules(in RuleInputs) (Table, error) {
	if err := in.validate(); err != nil {
		return nil, err
	}
	table := Table{
		BastionSubnet:          in.bastion(),
		AKSSubnet:              in.aks(),
		DataSubnet:             in.data(),
		GatewaySubnet:          in.gateway(),
		PrivateEndpointsSubnet: in.privateEndpoints(),
	}
	return table, ValidateTable(table, in.Addresses)
}

// bastion is the reference's "Bastion NSG". Row 4's port 8001 is kubectl's proxy on the jump host itself: what crosses the
// network is HTTPS to the Kubernetes API. Row 12's port 3389 is left out, because the jump host runs Linux.
func (in RuleInputs) bastion() []Rule {
	self, data := cidrs(in.Addresses.Bastion), cidrs(in.Addresses.Data)
	rules := []Rule{
		allow("ref-12", "AllowAdminSshInBound", Inbound, 100, TCP, in.AdminCIDRs, self, one(portSSH),
			"administrators reach the jump host", "SSH, keys or Entra login only"),
		denyVNetInbound(),

		allow("ref-4", "AllowKubernetesApiOutBound", Outbound, 100, TCP, self, one(cloudTag(in.Location)), one(portHTTPS),
			"kubectl to the Kubernetes API (8001 is local)", "TLS 1.2+"),
		allow("ref-5", "AllowMySqlOutBound", Outbound, 110, TCP, self, data, one(portMySQL),
			"MySQL through its private endpoint", "TLS 1.2+, enforced by the server"),
		allow("ref-6", "AllowCassandraOutBound", Outbound, 120, TCP, self, data, one(portCQL),
			"CQL administration", in.cassandraEncryption()),
		allow("ref-8", "AllowRegistryOutBound", Outbound, 130, TCP, self, cidrs(in.Addresses.PrivateEndpoints), one(portHTTPS),
			"images and charts, registry endpoint", "TLS 1.2+"),
		allow("ref-11", "AllowAnmOutBound", Outbound, 140, TCP, self, in.adminFrontend(), one(portHTTPS),
			"web interfaces, ANM among them, from the jump host", "TLS 1.2"),
		allow("add-ssh-data", "AllowDataSshOutBound", Outbound, 150, TCP, self, data, one(portSSH),
			"shell on the Cassandra nodes (the reference's data row 6)", "SSH, keys only"),
	}
	return slices.Concat(rules, in.machineEgress(self), closeOutbound())
}

// aks is the reference's "AKS NSG". With Application Gateway row 2 is the gateway dialling the pods, with the load balancer it
// is clients arriving at the frontend's own address: Azure's load balancer for Kubernetes keeps the destination (floating IP).
func (in RuleInputs) aks() []Rule {
	self, data := cidrs(in.Addresses.AKS), cidrs(in.Addresses.Data)
	rules := in.ingressToAKS()
	if in.ANM.IsValid() {
		rules = append(rules, allow("add-anm", "AllowAnmInBound", Inbound, 120, TCP, cidrs(in.Addresses.Bastion), host(in.ANM),
			one(portHTTPS), "ANM's internal load balancer, from the jump host only", "TLS 1.2"))
	}
	rules = append(rules,
		allow("add-probes", "AllowProbesInBound", Inbound, 130, AnyProtocol, one("AzureLoadBalancer"), one(Any), one(Any),
			"load balancer probes, which the closing rule would cut", "probes carry no data"),
		allow("add-intra", "AllowClusterInBound", Inbound, 140, AnyProtocol, self, self, one(Any),
			"nodes and pods among themselves; network policies filter them", "per flow, see the workloads"),
		denyVNetInbound(),

		allow("ref-3", "AllowCassandraOutBound", Outbound, 100, TCP, self, data, one(portCQL),
			"gateways and API Manager to Cassandra", in.cassandraEncryption()),
		allow("ref-3", "AllowJmxExporterOutBound", Outbound, 110, TCP, self, data, one(portJMX),
			"Prometheus scrapes Cassandra's JMX exporter", "none: counters only"),
		allow("ref-7", "AllowImagesOutBound", Outbound, 120, TCP, self, one("Internet"), one(portHTTPS),
			"images of third-party charts", "TLS 1.2+"),
		allow("ref-7", "AllowRegistryOutBound", Outbound, 130, TCP, self, cidrs(in.Addresses.PrivateEndpoints), one(portHTTPS),
			"the platform's images, registry endpoint", "TLS 1.2+"),
		allow("ref-smtp", "AllowSmtpOutBound", Outbound, 140, TCP, self, one("Internet"), one("465", "587"),
			"alerts to the SMTP relay", "implicit TLS or STARTTLS"),
		allow("ref-iam", "AllowIdentityOutBound", Outbound, 150, TCP, self, one("Internet"), one(portHTTPS),
			"external identity providers", "TLS 1.2+"),
		allow("ref-13", "AllowMySqlOutBound", Outbound, 160, TCP, self, data, one(portMySQL),
			"metrics database through its private endpoint", "TLS 1.2+, enforced by the server"),
		allow("ref-9", "AllowStorageOutBound", Outbound, 170, TCP, self, one(storageTag(in.Location)), one("445", portHTTPS),
			"events share, log containers (10, 11)", "SMB 3.1.1 encryption, TLS 1.2"),
		allow("add-intra", "AllowClusterOutBound", Outbound, 180, AnyProtocol, self, self, one(Any),
			"nodes and pods among themselves; network policies filter them", "per flow, see the workloads"),
		allow("add-api", "AllowAzureCloudOutBound", Outbound, 190, TCP, self, one(cloudTag(in.Location)), one(portHTTPS),
			"nodes to the Kubernetes API and Azure's own APIs", "TLS 1.2+"),
		allow("add-mcr", "AllowMicrosoftImagesOutBound", Outbound, 200, TCP, self, one("MicrosoftContainerRegistry"), one(portHTTPS),
			"AKS's own images", "TLS 1.2+"),
		allow("add-mcr-cdn", "AllowMicrosoftImagesCdnOutBound", Outbound, 210, TCP, self, one("AzureFrontDoor.FirstParty"), one(portHTTPS),
			"layers of AKS's own images", "TLS 1.2+"),
	)
	return slices.Concat(rules, in.machineEgress(self), in.backends(self), closeOutbound())
}

// ingressToAKS is row 2 of the reference's "AKS NSG".
func (in RuleInputs) ingressToAKS() []Rule {
	if in.Controller == ApplicationGateway {
		return []Rule{allow("ref-2", "AllowGatewayInBound", Inbound, 100, TCP, cidrs(in.Addresses.Gateway), cidrs(in.Addresses.AKS),
			in.podPorts(), "Application Gateway dials the pods", in.podEncryption())}
	}
	return []Rule{allow("ref-2", "AllowIngressInBound", Inbound, 100, TCP, in.clients(), in.frontend(), in.webPorts(),
		"clients to the ingress controller", in.webEncryption())}
}

// data is the reference's "Data NSG".
func (in RuleInputs) data() []Rule {
	self, aks, bastion := cidrs(in.Addresses.Data), cidrs(in.Addresses.AKS), cidrs(in.Addresses.Bastion)
	rules := []Rule{
		allow("ref-3", "AllowAksInBound", Inbound, 100, TCP, aks, self, one(portCQL, portMySQL),
			"Axway components to Cassandra and MySQL (1a)", in.dataEncryption()),
		allow("ref-6", "AllowBastionInBound", Inbound, 110, TCP, bastion, self, one(portCQL, portMySQL, portSSH),
			"administration from the jump host (1a)", in.dataEncryption()+"; SSH"),
		allow("add-jmx", "AllowJmxExporterInBound", Inbound, 120, TCP, aks, self, one(portJMX),
			"Prometheus scrapes Cassandra's JMX exporter", "none: counters only"),
		allow("add-nodes", "AllowNodesInBound", Inbound, 130, TCP, self, self, in.nodePorts(),
			"Cassandra nodes among themselves and to MySQL", in.dataEncryption()),
		denyVNetInbound(),

		allow("ref-11", "AllowAnmOutBound", Outbound, 100, TCP, self, cidrs(in.Addresses.Gateway), one(portHTTPS),
			"ANM's web interface on the frontal subnet", "TLS 1.2"),
		allow("add-nodes", "AllowNodesOutBound", Outbound, 110, TCP, self, self, in.nodePorts(),
			"Cassandra nodes among themselves and to MySQL", in.dataEncryption()),
		allow("add-backup", "AllowBackupOutBound", Outbound, 120, TCP, self, one("AzureBackup"), one(portHTTPS),
			"backup of the nodes", "TLS 1.2+"),
		allow("add-backup-data", "AllowBackupStorageOutBound", Outbound, 130, TCP, self, one(storageTag(in.Location)), one(portHTTPS),
			"backup data, extension packages", "TLS 1.2+"),
	}
	return slices.Concat(rules, in.machineEgress(self), closeOutbound())
}

// nodePorts are the ports of one Cassandra node to another, and of the Run Commands on a node to the databases.
func (in RuleInputs) nodePorts() []string {
	if in.CassandraTLS {
		return one(portGossipTLS, portCQL, portMySQL)
	}
	return one(portGossip, portCQL, portMySQL)
}

// cassandraEncryption says what protects a flow to Cassandra alone, dataEncryption what protects one to both databases.
func (in RuleInputs) cassandraEncryption() string {
	if in.CassandraTLS {
		return "mutual TLS 1.2"
	}
	return "none: password only"
}

func (in RuleInputs) dataEncryption() string {
	return "Cassandra: " + in.cassandraEncryption() + "; MySQL: TLS 1.2+"
}

// gateway is rows 1 and 2 of the reference's "PaaS firewalling configuration". It closes nothing outbound: Azure refuses to
// manage a gateway whose outbound flows are denied. That a gateway reaches only the AKS subnet (row 2) is kept by the other
// subnets, none of which lets the gateway subnet in.
func (in RuleInputs) gateway() []Rule {
	self := cidrs(in.Addresses.Gateway)
	var rules []Rule
	if in.Controller == ApplicationGateway {
		rules = []Rule{
			allow("ref-1", "AllowClientsInBound", Inbound, 100, TCP, in.clients(), self, in.webPorts(),
				"clients to Application Gateway", in.webEncryption()),
			allow("add-management", "AllowGatewayManagerInBound", Inbound, 110, TCP, one("GatewayManager"), one(Any), one("65200-65535"),
				"Azure manages the gateway", "TLS, Azure's certificates"),
			allow("add-probes", "AllowProbesInBound", Inbound, 120, AnyProtocol, one("AzureLoadBalancer"), one(Any), one(Any),
				"load balancer probes, which the closing rule would cut", "probes carry no data"),
			allow("ref-2", "AllowPodsOutBound", Outbound, 100, TCP, self, cidrs(in.Addresses.AKS), in.podPorts(),
				"Application Gateway dials the pods", in.podEncryption()),
		}
	}
	return append(rules, denyVNetInbound())
}

// privateEndpoints is row 7, 8 of the reference's "PaaS firewalling configuration". Endpoints start no flow, so nothing
// leaves the subnet.
func (in RuleInputs) privateEndpoints() []Rule {
	rules := []Rule{
		allow("ref-7", "AllowAksInBound", Inbound, 100, TCP, cidrs(in.Addresses.AKS), cidrs(in.Addresses.PrivateEndpoints), one(portHTTPS),
			"nodes pull images", "TLS 1.2+"),
		allow("ref-8", "AllowBastionInBound", Inbound, 110, TCP, cidrs(in.Addresses.Bastion), cidrs(in.Addresses.PrivateEndpoints),
			one(portHTTPS), "images and charts from the jump host", "TLS 1.2+"),
		denyVNetInbound(),
	}
	return append(rules, closeOutbound()...)
}

// machineEgress is what every machine of a subnet needs to live, whatever runs on it. The priorities leave room for the
// subnet's own rules before them.
func (in RuleInputs) machineEgress(self []string) []Rule {
	return []Rule{
		allow("add-dns", "AllowDnsOutBound", Outbound, 500, AnyProtocol, self, one("168.63.129.16/32"), one("53"),
			"names, private zones included, from Azure's resolver", "none: stays on the host"),
		allow("add-time", "AllowTimeOutBound", Outbound, 510, UDP, self, one("Internet"), one("123"),
			"time", "none: NTP"),
		allow("add-packages", "AllowPackagesOutBound", Outbound, 520, TCP, self, one("Internet"), one(portHTTP, portHTTPS),
			"operating system packages and releases", "TLS, or signed packages on 80"),
		allow("add-entra", "AllowEntraOutBound", Outbound, 530, TCP, self, one("AzureActiveDirectory"), one(portHTTPS),
			"sign-in and managed identities", "TLS 1.2+"),
		allow("add-monitor", "AllowMonitorOutBound", Outbound, 540, TCP, self, one("AzureMonitor"), one(portHTTPS),
			"logs and metrics", "TLS 1.2+"),
	}
}

// backends lets the gateways call what their groups declare outside the cluster. Sorted, so that the order of the groups
// doesn't renumber rules.
func (in RuleInputs) backends(self []string) []Rule {
	ports := map[string][]int{}
	for _, b := range in.Backends {
		ports[b.CIDR] = append(ports[b.CIDR], b.Ports...)
	}
	var rules []Rule
	for i, cidr := range slices.Sorted(maps.Keys(ports)) {
		numbers := slices.Compact(slices.SortedFunc(slices.Values(ports[cidr]), cmp.Compare[int]))
		texts := make([]string, len(numbers))
		for j, n := range numbers {
			texts[j] = strconv.Itoa(n)
		}
		name := "AllowBackend-" + strings.ReplaceAll(cidr, "/", "-") + "-OutBound"
		rules = append(rules, allow("add-backend", name, Outbound, firstBackend+i, TCP, self, one(cidr), texts,
			"APIs call their back end", "as the back end offers"))
	}
	return rules
}

// firstBackend is the first priority of the back ends' rules, and maxBackends how many fit before the closing rules.
const (
	firstBackend = 1000
	maxBackends  = 1000
)

func closeOutbound() []Rule { return []Rule{denyVNetOutbound(), denyInternetOutbound()} }

// clients are the sources let in to the entry point.
func (in RuleInputs) clients() []string {
	switch {
	case len(in.SourceRanges) > 0:
		return in.SourceRanges
	case in.Exposure == Private:
		return one("VirtualNetwork") // peered and on-premises networks included
	default:
		return one("Internet")
	}
}

// frontend is the load balancer's own address.
func (in RuleInputs) frontend() []string {
	if in.Exposure == Private {
		return host(in.Frontend)
	}
	return one(FrontendPublicIP)
}

// adminFrontend is where the jump host finds the web interfaces.
func (in RuleInputs) adminFrontend() []string {
	switch {
	case in.ANM.IsValid():
		return host(in.ANM)
	case in.Controller == ApplicationGateway:
		return cidrs(in.Addresses.Gateway)
	default:
		return in.frontend()
	}
}

// podPorts are the container ports Application Gateway dials: with Azure CNI it talks to pods, not to services.
func (in RuleInputs) podPorts() []string {
	ports := one(portTraffic, portManager, portANM)
	if in.ACME {
		ports = append(ports, portACMESolver)
	}
	return ports
}

func (in RuleInputs) webEncryption() string {
	switch {
	case in.HTTP && in.ACME:
		return "TLS 1.2; port 80 redirects and answers challenges"
	case in.HTTP:
		return "TLS 1.2; port 80 redirects"
	default:
		return "TLS 1.2"
	}
}

func (in RuleInputs) podEncryption() string {
	if in.ACME {
		return "TLS 1.2; challenges in clear text"
	}
	return "TLS 1.2"
}

func (in RuleInputs) webPorts() []string {
	if in.HTTP {
		return one(portHTTPS, portHTTP)
	}
	return one(portHTTPS)
}

func (in RuleInputs) validate() error {
	var problems []error
	add := func(format string, args ...any) { problems = append(problems, fmt.Errorf(format, args...)) }
	for _, s := range in.Addresses.Subnets() {
		if !s.Range.IsValid() {
			add("address plan: subnet %s has no range; build the plan with Plan", s.Name)
		}
	}
	if !alphanumericRegion.MatchString(in.Location) {
		add("location %q: service tags need the region's short name, such as westeurope", in.Location)
	}
	if in.Controller != ApplicationGateway && in.Controller != LoadBalancer {
		add("controller %q: must be %s or %s", in.Controller, ApplicationGateway, LoadBalancer)
	}
	if in.Exposure != Public && in.Exposure != Private {
		add("exposure %q: must be %s or %s", in.Exposure, Public, Private)
	}
	if in.Controller == LoadBalancer && in.Exposure == Private && !in.Addresses.AKS.Contains(in.Frontend) {
		add("frontend %s: a private load balancer needs an address of the AKS subnet %s", in.Frontend, in.Addresses.AKS)
	}
	if in.ANM.IsValid() && !in.Addresses.AKS.Contains(in.ANM) {
		add("anm %s: the internal load balancer needs an address of the AKS subnet %s", in.ANM, in.Addresses.AKS)
	}
	if len(in.AdminCIDRs) == 0 {
		add("admin CIDRs: at least one range is needed, or nobody can reach the jump host")
	}
	problems = append(problems, checkRanges("admin CIDR", in.AdminCIDRs)...)
	problems = append(problems, checkRanges("source range", in.SourceRanges)...)
	if in.ACME && !in.HTTP {
		add("ACME without HTTP: challenges arrive on port 80; set HTTP too")
	}
	if len(in.SourceRanges) > 0 && in.Controller == ApplicationGateway {
		add("source ranges: only the load balancer has them; use controller %s or leave them out", LoadBalancer)
	}
	return errors.Join(append(problems, in.checkBackends()...)...)
}

func (in RuleInputs) checkBackends() []error {
	var problems []error
	seen := map[string]bool{}
	for _, b := range in.Backends {
		seen[b.CIDR] = true
		problems = append(problems, checkRanges("back end", one(b.CIDR))...)
		if len(b.Ports) == 0 {
			problems = append(problems, fmt.Errorf("back end %s: at least one port is needed", b.CIDR))
		}
		for _, p := range b.Ports {
			if p < 1 || p > 65535 {
				problems = append(problems, fmt.Errorf("back end %s: port %d is not between 1 and 65535", b.CIDR, p))
			}
		}
	}
	if len(seen) > maxBackends {
		problems = append(problems, fmt.Errorf("back ends: %d ranges, a security group has room for %d; merge some", len(seen), maxBackends))
	}
	return problems
}

// checkRanges refuses what isn't an IPv4 range, and ranges that let everything in.
func checkRanges(what string, ranges []string) []error {
	var problems []error
	for _, text := range ranges {
		p, err := netip.ParsePrefix(text)
		switch {
		case err != nil || !p.Addr().Is4():
			problems = append(problems, fmt.Errorf("%s %q: is not an IPv4 range in CIDR notation, such as 203.0.113.0/24", what, text))
		case p != p.Masked():
			problems = append(problems, fmt.Errorf("%s %q: has host bits set; the range is %s", what, text, p.Masked()))
		case p.Bits() == 0:
			problems = append(problems, fmt.Errorf("%s %q: is everything; name the ranges", what, text))
		}
	}
	return problems
}
