package config

// Config is one stack's whole configuration: the `apim:` section of Pulumi.<stack>.yaml after defaults and validation.
//
// Every exported field carries a comment, which docs/configuration.md is generated from, and tags, which Load obeys:
//
//	key       the key it is read from
//	default   its value when the key is absent; without the tag that is "required" or "empty"
//	required  the key must be set
//	enum      the values allowed, weakest first where they have an order
//	min, max  the range of a number
//	format    the rule a string, or each string of a list, must follow (see formats.go)
//	figure    the default is a figure of the reference architecture: nothing below it is accepted. "lower": a stack whose
//	          environment is development may go below it. "fixed": no stack may
//	secret    the value never appears in a message
type Config struct {
	// Project is the Pulumi project's name; it starts every physical name. Not a key.
	Project string `key:"-"`
	// Stack is the Pulumi stack's name; it follows the project in every physical name. Not a key.
	Stack string `key:"-"`

	// Environment says what the stack is for. `production` refuses every figure below the reference architecture's;
	// `development` may lower the ones marked so on this page, and nothing else.
	Environment string `key:"environment" default:"production" enum:"production,development"`
	// Domain is the domain the three hosts live under: anm.DOMAIN, api-manager.DOMAIN and api.DOMAIN. At least two labels
	// (`domainname.tld`); `.local` and single labels are refused because Application Gateway can't present a certificate for them.
	Domain string `key:"domain" required:"true" format:"domain"`
	// Protect guards the cluster and everything that holds data against deletion and replacement. Set it to false, run
	// `pulumi up`, and only then destroy.
	Protect bool `key:"protect" default:"true"`

	// Azure says where the stack lives.
	Azure Azure `key:"azure"`
	// Network is the address plan and the ways in.
	Network Network `key:"network"`
	// AKS is the Kubernetes cluster and its node pools.
	AKS AKS `key:"aks"`
	// Cassandra is the three-node database API Manager stores its data in.
	Cassandra Cassandra `key:"cassandra"`
	// MySQL is the flexible server that holds the metrics database.
	MySQL MySQL `key:"mysql"`
	// Storage is the shared events volume and the log containers.
	Storage Storage `key:"storage"`
	// Registry is the container registry the images are pulled from.
	Registry Registry `key:"registry"`
	// Ingress is how traffic reaches the three hosts.
	Ingress Ingress `key:"ingress"`
	// JumpHost is the bastion machine administrators work from.
	JumpHost JumpHost `key:"jumpHost"`
	// Monitoring is the Log Analytics workspace, and who scrapes the components' metrics.
	Monitoring Monitoring `key:"monitoring"`
	// Access is who besides the administrators may do something in the workloads' namespace.
	Access Access `key:"access"`
	// Workloads is what runs on the cluster.
	Workloads Workloads `key:"workloads"`
	// Secrets is everything that must be set with `pulumi config set --secret`.
	Secrets Secrets `key:"secrets"`
}

// Azure says where the stack lives.
type Azure struct {
	// SubscriptionID is the subscription's GUID.
	SubscriptionID string `key:"subscriptionId" required:"true" format:"guid"`
	// TenantID is the Entra tenant's GUID.
	TenantID string `key:"tenantId" required:"true" format:"guid"`
	// Location is the region, by its short name (`westeurope`). Regions without availability zones get an availability set,
	// locally redundant storage and same-zone database high availability.
	Location string `key:"location" required:"true" format:"region"`
	// ResourceGroup is the name of an existing resource group to deploy into. Empty: the stack creates its own.
	ResourceGroup string `key:"resourceGroup" format:"resourceGroup"`
	// Tags are added to every resource that takes tags, next to `project`, `stack` and `managed-by`. At most 12: Azure
	// allows 15 on DNS zones and records, and 50 elsewhere.
	Tags map[string]string `key:"tags"`
}

// Network is the address plan and the ways in.
type Network struct {
	// AddressSpace is the VNet's range. A /22 holds the default plan exactly; larger ranges leave room.
	AddressSpace string `key:"addressSpace" default:"10.0.0.0/22" format:"range"`
	// Subnets overrides single ranges of the plan. Empty entries are carved out of addressSpace.
	Subnets Subnets `key:"subnets"`
	// PublicDNSZoneID is the resource ID of an Azure DNS zone, in the stack's subscription, that is, or contains, `domain`. Empty:
	// no record is created, the stack output `dnsRecords` lists what to create by hand.
	PublicDNSZoneID string `key:"publicDnsZoneId" format:"dnsZone"`
}

// Subnets are the five ranges of the VNet. Azure takes 5 addresses of each.
type Subnets struct {
	// AKS holds nodes and pods: (nodes + surge) x (maxPods + 1) addresses are needed, where surge is one node of each pool or, if
	// more, the smallest size of a pool, which is what a pool's successor starts with. Carved as a /23.
	AKS string `key:"aks" format:"range"`
	// Gateway holds Application Gateway and nothing else. Carved as a /24.
	Gateway string `key:"gateway" format:"range"`
	// Data holds the three Cassandra nodes and the MySQL endpoint. Carved as a /27.
	Data string `key:"data" format:"range"`
	// PrivateEndpoints holds the endpoints of the other managed services. Carved as a /27.
	PrivateEndpoints string `key:"privateEndpoints" format:"range"`
	// Bastion holds the jump host. Carved as a /28.
	Bastion string `key:"bastion" format:"range"`
}

// AKS is the Kubernetes cluster and its node pools.
type AKS struct {
	// KubernetesVersion is the minor version; AKS picks the patch.
	KubernetesVersion string `key:"kubernetesVersion" default:"1.36" format:"kubernetesVersion"`
	// Tier is the control plane's tier. Standard carries the uptime SLA; Premium adds long-term support.
	Tier string `key:"tier" default:"Standard" enum:"Free,Standard,Premium" figure:"lower"`
	// NetworkPolicy is the engine that enforces network policies.
	NetworkPolicy string `key:"networkPolicy" default:"cilium" enum:"cilium,calico"`
	// MaxPods is the number of pods a node may run; each costs one address of the AKS subnet.
	MaxPods int `key:"maxPods" default:"30" min:"30" max:"250"`
	// AdminGroups are the object IDs of the Entra groups that administer the cluster. At least one.
	AdminGroups []string `key:"adminGroups" required:"true" format:"guid"`
	// LocalAccounts keeps the cluster's certificate-based admin account. Production reaches the API through Entra ID only. The
	// reference doesn't ask for that, so development may keep the account, for pipelines that have no kubelogin.
	LocalAccounts bool `key:"localAccounts" default:"false" figure:"lower"`
	// AuthorizedIPRanges are the public CIDRs that may reach the Kubernetes API, 199 at most; the NAT gateway's address is added.
	// Empty: any address may reach it, which production refuses.
	AuthorizedIPRanges []string `key:"authorizedIpRanges" format:"publicRange"`
	// ServiceCIDR is the range of Kubernetes service addresses. It must not overlap the VNet; /12 to /24.
	ServiceCIDR string `key:"serviceCidr" default:"10.240.0.0/16" format:"range"`
	// SystemPool runs the cluster's own pods.
	SystemPool SystemPool `key:"systemPool"`
	// APIMPool runs ANM, API Manager UI and the gateways.
	APIMPool APIMPool `key:"apimPool"`
	// InfraPool runs the ingress controller and has room for tools.
	InfraPool InfraPool `key:"infraPool"`
	// Maintenance is the weekly window for node image upgrades.
	Maintenance Maintenance `key:"maintenance"`
}

// SystemPool is the cluster's inline pool. It can't change size later.
type SystemPool struct {
	// VMSize needs 4 vCPU and 4 GiB at least, and no burstable one.
	VMSize string `key:"vmSize" default:"Standard_D4s_v5" format:"vmSize"`
	// Count is the number of nodes.
	Count int `key:"count" default:"2" min:"2" max:"10"`
}

// APIMPool is the autoscaled pool of the API management components.
type APIMPool struct {
	// VMSize needs 4 vCPU, 14 GiB and premium storage. The reference's Standard_DS3_v2 is accepted with a warning: it retires on 2028-05-01.
	VMSize string `key:"vmSize" default:"Standard_D4s_v5" format:"vmSize"`
	// Min is the smallest number of nodes.
	Min int `key:"min" default:"3" max:"100" figure:"fixed"`
	// Max is the largest number of nodes.
	Max int `key:"max" default:"6" max:"100" figure:"fixed"`
	// OSDiskGB is the size of each node's premium disk, in GiB.
	OSDiskGB int `key:"osDiskGB" default:"128" min:"30" max:"2048"`
}

// InfraPool is the autoscaled pool of the auxiliary components.
type InfraPool struct {
	// VMSize needs 2 vCPU and 8 GiB. The reference's Standard_D2_v3 is accepted with a warning: previous generation, no
	// reservations sold.
	VMSize string `key:"vmSize" default:"Standard_D2s_v5" format:"vmSize"`
	// Min is the smallest number of nodes.
	Min int `key:"min" default:"2" max:"100" figure:"fixed"`
	// Max is the largest number of nodes.
	Max int `key:"max" default:"3" max:"100" figure:"fixed"`
	// OSDiskGB is the size of each node's disk, in GiB.
	OSDiskGB int `key:"osDiskGB" default:"128" min:"30" max:"2048"`
}

// Maintenance is the weekly window for node image upgrades.
type Maintenance struct {
	// Day is the day of the week.
	Day string `key:"day" default:"Sunday" enum:"Monday,Tuesday,Wednesday,Thursday,Friday,Saturday,Sunday"`
	// StartTime is the start, HH:MM.
	StartTime string `key:"startTime" default:"01:00" format:"time"`
	// DurationHours is the length, in hours.
	DurationHours int `key:"durationHours" default:"4" min:"4" max:"24"`
	// UTCOffset is the clock's offset from UTC, such as +01:00.
	UTCOffset string `key:"utcOffset" default:"+00:00" format:"utcOffset"`
}

// Cassandra is the three-node database API Manager stores its data in.
type Cassandra struct {
	// VMSize needs 4 vCPU, 16 GiB, premium storage and Trusted Launch. Standard_D4s_v3 is accepted: previous generation, as the reference names it.
	VMSize string `key:"vmSize" default:"Standard_D4s_v5" format:"vmSize"`
	// DataDiskGB is each node's data disk: 64 (P6) or 1024 (P30) GiB.
	DataDiskGB int `key:"dataDiskGB" default:"64" enum:"64,1024" figure:"fixed"`
	// Version is the Cassandra release, 2.2.x: the line the product is certified with. Another one than the default needs
	// artifactUrl.
	Version string `key:"version" default:"2.2.12" format:"cassandraVersion"`
	// ArtifactURL is where the nodes download the release. Empty: the Apache archive.
	ArtifactURL string `key:"artifactUrl" format:"https"`
	// ArtifactSHA512 is the release's checksum, 128 hexadecimal digits. Required with artifactUrl.
	ArtifactSHA512 string `key:"artifactSha512" format:"sha512"`
}

// MySQL is the flexible server that holds the metrics database.
type MySQL struct {
	// SKU is the compute size. The first letter decides the tier: D is GeneralPurpose, E is MemoryOptimized, B is Burstable.
	// No Burstable one and none below the reference's 4 vCores is accepted.
	SKU string `key:"sku" default:"Standard_D4ads_v5" format:"mysqlSku" figure:"fixed"`
	// Version is the server's version. 8.0.21 is accepted with a warning: standard support ends on 2026-12-31.
	Version string `key:"version" default:"8.4" enum:"8.0.21,8.4"`
	// StorageGB is the initial size, in GiB; it grows by itself and never shrinks.
	StorageGB int `key:"storageGB" default:"64" max:"16384" figure:"fixed"`
	// HighAvailability keeps a standby, in another zone where the region has zones. Decide at creation: Azure can't give an
	// existing server a standby in another zone.
	HighAvailability bool `key:"highAvailability" default:"true" figure:"lower"`
	// GeoRedundantBackup stores backups in the paired region too; chosen at creation. Regions without a pair can't.
	GeoRedundantBackup bool `key:"geoRedundantBackup" default:"true" figure:"lower"`
	// BackupRetentionDays is how long backups are kept, in days.
	BackupRetentionDays int `key:"backupRetentionDays" default:"14" min:"1" max:"35" figure:"lower"`
	// AdminLogin is the administrator's name. Its password is generated.
	AdminLogin string `key:"adminLogin" default:"apimadmin" format:"mysqlLogin"`
}

// Storage is the shared events volume and the log containers.
type Storage struct {
	// EventsShareGB is the provisioned size of the events share, 100 to 102400 GiB. 0: derived, 1 more than the sum over the
	// groups of maxEventsGB x maxReplicas, and 100 at least, which is the smallest share Azure provisions. A figure below the
	// derived one is refused.
	EventsShareGB int `key:"eventsShareGB" default:"0" min:"0" max:"102400"`
	// Logs are the containers logs are streamed to.
	Logs Logs `key:"logs"`
}

// Logs are the Blob containers logs are streamed to.
type Logs struct {
	// GeoRedundant stores logs in the paired region too (Standard_GZRS, or Standard_GRS without zones) instead of on premium SSD.
	GeoRedundant bool `key:"geoRedundant" default:"false"`
	// RetentionDays is the age at which logs are deleted, in days.
	RetentionDays int `key:"retentionDays" default:"30" min:"1" max:"3650"`
	// BudgetGB is the volume the retention is meant to stay under, in GB. Azure enforces none: the stack output
	// `storage.logsBudgetGB` carries it to whatever watches.
	BudgetGB int `key:"budgetGB" default:"70" max:"100000" figure:"fixed"`
}

// Registry is the container registry the images are pulled from.
type Registry struct {
	// GeoReplication keeps a replica in the paired region, where disaster recovery pulls from. Regions without a pair can't.
	GeoReplication bool `key:"geoReplication" default:"true" figure:"lower"`
	// AllowedIPs are the public addresses or CIDRs of the DevOps workers that push images, 200 at most.
	AllowedIPs []string `key:"allowedIps" format:"publicRange"`
	// UntaggedRetentionDays is how long untagged manifests are kept, in days.
	UntaggedRetentionDays int `key:"untaggedRetentionDays" default:"30" min:"0" max:"365"`
	// External is the host of another registry to pull the images from; its login is secrets.registryUsername and
	// secrets.registryPassword. Empty: the stack's own registry.
	External string `key:"external" format:"registryHost"`
}

// Ingress is how traffic reaches the three hosts.
type Ingress struct {
	// Controller is the entry point: Application Gateway with AGIC, or Azure Load Balancer with Traefik.
	Controller string `key:"controller" default:"applicationGateway" enum:"applicationGateway,loadBalancer"`
	// Exposure says whether api. and api-manager. are reached from the Internet or from the network only.
	Exposure string `key:"exposure" default:"public" enum:"public,private"`
	// ANMExposure says the same of anm.; `private` next to public hosts publishes it on an internal load balancer the bastion
	// subnet reaches. `public` next to private hosts is refused: one entry point can't serve both frontends on one port.
	ANMExposure string `key:"anmExposure" default:"private" enum:"public,private"`
	// Capacity is the number of Application Gateway instances (no autoscaling, as the reference asks).
	Capacity int `key:"capacity" default:"2" max:"125" figure:"fixed"`
	// SourceRanges restricts who may connect, by CIDR. Load balancer only: AGIC has no source ranges.
	SourceRanges []string `key:"sourceRanges" format:"clientRange"`
	// Certificates says where the certificates come from that the entry point serves the hosts with: `supplied` takes
	// secrets.certificate, `acme` has cert-manager get and renew one for each host. Public hosts prove themselves over HTTP, on
	// port 80; private ones by a record in network.publicDnsZoneId, which must then be set. The listeners of the pods, and ANM on a
	// load balancer of its own, present the certificates of their images either way.
	Certificates string `key:"certificates" default:"supplied" enum:"supplied,acme"`
	// ACMEEmail is the address the authority writes to before a certificate runs out. Required with `acme`.
	ACMEEmail string `key:"acmeEmail" format:"email"`
	// ACMEServer is the authority's directory.
	ACMEServer string `key:"acmeServer" default:"https://acme-v02.api.letsencrypt.org/directory" format:"acmeDirectory"`
}

// JumpHost is the bastion machine administrators work from.
type JumpHost struct {
	// VMSize is the machine's size.
	VMSize string `key:"vmSize" default:"Standard_B2ls_v2" format:"vmSize"`
	// AdminCIDRs are the only ranges that may open SSH. At least one; 0.0.0.0/0, and anything larger than a /8, is refused.
	AdminCIDRs []string `key:"adminCidrs" required:"true" format:"clientRange"`
	// PublicIP gives the machine a public address. Without it administrators arrive through a VPN or peering.
	PublicIP bool `key:"publicIp" default:"false"`
	// AdminUsername is the local administrator's name on all Linux machines of the stack.
	AdminUsername string `key:"adminUsername" default:"apimadmin" format:"linuxUser"`
}

// Monitoring is the Log Analytics workspace, and who scrapes the components' metrics.
type Monitoring struct {
	// Namespace is the namespace of this cluster whose pods may scrape ANM, API Manager UI and the gateways. Empty: nobody may.
	Namespace string `key:"namespace" format:"label"`
	// Ports are the TCP ports scraped, on each component that listens there. At least one with a namespace.
	Ports []int `key:"ports" min:"1" max:"65535"`
	// RetentionDays is how long the workspace keeps data, in days.
	RetentionDays int `key:"retentionDays" default:"30" min:"30" max:"730"`
	// DailyQuotaGB stops ingestion for the day when reached, in GB; -1 is unlimited, 0 is refused.
	DailyQuotaGB int `key:"dailyQuotaGB" default:"-1" min:"-1" max:"10000"`
}

// Access is who besides aks.adminGroups may do something in the workloads' namespace. Each role includes the ones below it; a group
// goes into one list only. Members of these groups may fetch the cluster's kubeconfig.
type Access struct {
	// Deployers are the object IDs of the Entra groups, of pipelines above all, that may change the components' objects, secrets
	// included. Network policies and roles stay the administrators'.
	Deployers []string `key:"deployers" format:"guid"`
	// Support are the object IDs of the Entra groups that may read logs and restart pods. They may log in at the jump host.
	Support []string `key:"support" format:"guid"`
	// Viewers are the object IDs of the Entra groups that may see every object but secrets, and no logs. They may log in at the
	// jump host.
	Viewers []string `key:"viewers" format:"guid"`
	// Monitoring are the service accounts of monitoring.namespace that may list the pods and services to scrape.
	Monitoring []string `key:"monitoring" format:"objectName"`
}

// Workloads is what runs on the cluster.
type Workloads struct {
	// Enabled brings up the workloads. Keep it false until the images are in the registry.
	Enabled bool `key:"enabled" default:"false"`
	// AcceptGeneralConditions is your acceptance of Axway's licence terms; the containers refuse to start without it.
	// Required when enabled.
	AcceptGeneralConditions bool `key:"acceptGeneralConditions" default:"false"`
	// Namespace is the one namespace all components share.
	Namespace string `key:"namespace" default:"apim" format:"namespace"`
	// TraceLevel is the trace level of all components.
	TraceLevel string `key:"traceLevel" default:"INFO" enum:"INFO,DEBUG,DATA"`
	// HeadroomPods is the number of low-priority pods, each the size of the largest group's gateway, that keep room for a
	// rollout.
	HeadroomPods int `key:"headroomPods" default:"1" min:"0" max:"20" figure:"lower"`
	// PreflightImage is repository:tag, in the registry, of the image built from cmd/preflight/Dockerfile. Its init containers wait
	// for what a pod needs and say what is missing. Required when enabled.
	PreflightImage string `key:"preflightImage" format:"image"`
	// ReadOnlyRoot keeps the containers from writing into their own file system. The product's directory is then a copy, made
	// by its own image when a pod starts, on the node's disk: 4 GiB at most. False leaves the images as they are.
	ReadOnlyRoot bool `key:"readOnlyRoot" default:"true"`
	// ListenerCertificates mounts secrets.certificate into all pods and names its files in the variables `listenercert_*`,
	// `listenerkey_*` and `listenercacert_*`, for images with the module that reads them, such as Axway's demo images. The product
	// alone doesn't: its listeners present the certificates of the FED.
	ListenerCertificates bool `key:"listenerCertificates" default:"false"`
	// LicenseFile is the name of the licence's file in the pods, if secrets.license is set. It ends in `.lic`: the product looks for
	// no other.
	LicenseFile string `key:"licenseFile" default:"license.lic" format:"licenseFile"`
	// MetricsSchema is the job that brings the metrics database to the product's schema.
	MetricsSchema MetricsSchema `key:"metricsSchema"`
	// ANM is the Admin Node Manager.
	ANM ANM `key:"anm"`
	// Groups are the gateway groups. At least one when enabled.
	Groups []Group `key:"groups"`
}

// MetricsSchema is the job that brings the metrics database to the product's schema before ANM starts. It applies each file once,
// and runs again when an image or the list changes.
type MetricsSchema struct {
	// Files are the product's SQL files, by their paths in the image; they are applied in the order of their names. Axway puts the
	// metrics tables into `/opt/Axway/apigateway/system/conf/sql/mysql/analytics.sql`, unless the image was slimmed. Empty: no job,
	// the SQL is run by hand.
	Files []string `key:"files" format:"sqlFile"`
	// Image is repository:tag, in the registry, of an image that carries the files. Empty: ANM's.
	Image string `key:"image" format:"image"`
}

// Probe is what differs about a component's health check from the component's own: one path for startup, readiness and liveness.
type Probe struct {
	// Path is the path to get. Empty: `/login` for ANM, `/healthcheck` for API Manager UI and the gateways.
	Path string `key:"path" format:"probePath"`
	// Port is the port asked: 8091 or 8090 for ANM, 8075 for API Manager UI, 8065 or one of extraPorts for the gateways; HTTP on
	// 8080 and 8081, HTTPS on the others. 0: the first of these.
	Port int `key:"port" default:"0" min:"0" max:"65535"`
	// StartupMinutes is how long the component may take to start, in minutes.
	StartupMinutes int `key:"startupMinutes" default:"10" min:"1" max:"15"`
}

// ANM is the Admin Node Manager: always one replica, because two disagree about the topology.
type ANM struct {
	// Image is repository:tag in the registry, with or without @sha256 and a digest. Required when enabled; `latest` and
	// untagged images are refused.
	Image string `key:"image" format:"image"`
	// CPU is the limit in cores; the request is half of it.
	CPU string `key:"cpu" default:"1" format:"cpu" figure:"fixed"`
	// MemoryMB is request and limit in MiB.
	MemoryMB int `key:"memoryMB" default:"2048" max:"65536" figure:"fixed"`
	// HeapMB is the Java heap in MiB, three quarters of the memory at most: the JVM needs the rest itself.
	HeapMB int `key:"heapMB" default:"1024" max:"49152" figure:"fixed"`
	// Probe is what differs about the health check.
	Probe Probe `key:"probe"`
	// Backends are what ANM itself calls, such as an LDAP server for its administrators. It reaches nothing else outside of the
	// platform but the metrics database.
	Backends []Backend `key:"backends"`
}

// Group is a gateway group: one image, one keyspace pair, an API Manager UI and autoscaled gateways.
type Group struct {
	// Name is lower-case letters, digits and underscores, starting with a letter, 1 to 30 characters, unique in the stack.
	Name string `key:"name" required:"true" format:"groupName"`
	// Image is repository:tag in the registry, the same for API Manager UI and the gateways of the group.
	Image string `key:"image" required:"true" format:"image"`
	// Keyspace is the group's Cassandra keyspace, letters, digits and underscores, 46 characters at most; `t_` before it names
	// the throttling keyspace. Empty: the stack's and the group's name.
	Keyspace string `key:"keyspace" format:"keyspace"`
	// MaxEventsGB is the limit of the transaction event log set in the group's FED, in GB for one gateway.
	MaxEventsGB int `key:"maxEventsGB" default:"1" min:"1" max:"1000"`
	// Hosts are the group's host names without the domain.
	Hosts Hosts `key:"hosts"`
	// Manager is the group's API Manager UI.
	Manager Manager `key:"manager"`
	// Gateway is the group's API gateways.
	Gateway Gateway `key:"gateway"`
	// AllowedNamespaces are the namespaces whose pods may call the gateways from inside the cluster.
	AllowedNamespaces []string `key:"allowedNamespaces" format:"label"`
	// Backends are the services the group's APIs call.
	Backends []Backend `key:"backends"`
}

// Hosts are a group's host names, without the domain.
type Hosts struct {
	// Manager is API Manager UI's host. Empty: `api-manager` for the first group, `api-manager-NAME` for the others.
	Manager string `key:"manager" format:"label"`
	// API is the gateways' host. Empty: `api` for the first group, `api-NAME` for the others.
	API string `key:"api" format:"label"`
}

// Manager is a group's API Manager UI: one replica, as Axway recommends.
type Manager struct {
	// CPURequest is the request in cores.
	CPURequest string `key:"cpuRequest" default:"500m" format:"cpu" figure:"fixed"`
	// CPU is the limit in cores.
	CPU string `key:"cpu" default:"2" format:"cpu" figure:"fixed"`
	// MemoryRequestMB is the request in MiB.
	MemoryRequestMB int `key:"memoryRequestMB" default:"512" max:"65536" figure:"fixed"`
	// MemoryMB is the limit in MiB.
	MemoryMB int `key:"memoryMB" default:"2048" max:"65536" figure:"fixed"`
	// HeapMB is the Java heap in MiB, three quarters of memoryMB at most.
	HeapMB int `key:"heapMB" default:"1024" max:"49152" figure:"fixed"`
	// Probe is what differs about the health check.
	Probe Probe `key:"probe"`
	// Backends are what API Manager UI itself calls, such as an identity provider or a mail relay of the own network. Those on the
	// Internet, on ports 443, 465 and 587, need no entry.
	Backends []Backend `key:"backends"`
}

// Gateway is a group's API gateways.
type Gateway struct {
	// MinReplicas is the smallest number of gateways.
	MinReplicas int `key:"minReplicas" default:"3" max:"100" figure:"fixed"`
	// MaxReplicas is the largest number of gateways.
	MaxReplicas int `key:"maxReplicas" default:"12" max:"100" figure:"fixed"`
	// TargetCPUPercent is the average CPU, in percent of the request, above which a gateway is added.
	TargetCPUPercent int `key:"targetCPUPercent" default:"75" min:"10" max:"95"`
	// TargetMemoryPercent adds a memory target in percent of the request, 10 to 95; 0 is off.
	TargetMemoryPercent int `key:"targetMemoryPercent" default:"0" min:"0" max:"95"`
	// CPURequest is the request in cores.
	CPURequest string `key:"cpuRequest" default:"1" format:"cpu" figure:"lower"`
	// CPU is the limit in cores.
	CPU string `key:"cpu" default:"2" format:"cpu" figure:"fixed"`
	// MemoryMB is request and limit in MiB.
	MemoryMB int `key:"memoryMB" default:"2048" max:"65536" figure:"fixed"`
	// HeapMB is the Java heap in MiB, three quarters of memoryMB at most.
	HeapMB int `key:"heapMB" default:"1512" max:"49152" figure:"fixed"`
	// ExtraPorts are further listener ports to publish inside the cluster.
	ExtraPorts []int `key:"extraPorts" enum:"8443,8080,8081,8089"`
	// Probe is what differs about the health check.
	Probe Probe `key:"probe"`
}

// Backend is a service outside of the platform that is called: either a namespace of this cluster or a CIDR.
type Backend struct {
	// Namespace is a namespace of this cluster.
	Namespace string `key:"namespace" format:"label"`
	// CIDR is a range outside the cluster, which the AKS subnet's security group opens too.
	CIDR string `key:"cidr" format:"range"`
	// Ports are the TCP ports called. At least one.
	Ports []int `key:"ports" required:"true" min:"1" max:"65535"`
}

// Secrets is everything that must be set with `pulumi config set --secret`.
type Secrets struct {
	// Certificate is the PEM chain, leaf first, all hosts are served with. Required when the workloads are enabled and
	// ingress.certificates is supplied; it must cover every host and must not be self-signed.
	Certificate string `key:"certificate" secret:"true"`
	// PrivateKey is the certificate's PEM key.
	PrivateKey string `key:"privateKey" secret:"true"`
	// License is the text of the Axway licence file. Empty: the images carry their own.
	License string `key:"license" secret:"true"`
	// AdminUsers is the text of ANM's adminUsers.json, which says who may log in. Empty: the image carries its own.
	AdminUsers string `key:"adminUsers" secret:"true"`
	// RegistryUsername is the login at registry.external.
	RegistryUsername string `key:"registryUsername" secret:"true"`
	// RegistryPassword is the password at registry.external.
	RegistryPassword string `key:"registryPassword" secret:"true"`
}
