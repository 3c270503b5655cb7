package stack

import (
	"slices"

	"github.com/pulumi/pulumi-azure-native-sdk/resources/v3"
	"github.com/pulumi/pulumi-tls/sdk/v5/go/tls"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"apim-azure/aks"
	aksplan "apim-azure/aks/plan"
	"apim-azure/config"
	"apim-azure/config/azure"
	"apim-azure/data"
	"apim-azure/data/cassandra"
	"apim-azure/data/mysql"
	"apim-azure/internal/component"
	"apim-azure/monitoring"
	"apim-azure/network"
	netplan "apim-azure/network/plan"
	"apim-azure/registry"
	registryplan "apim-azure/registry/plan"
	"apim-azure/storage"
	storageplan "apim-azure/storage/plan"
	workloadplan "apim-azure/workloads/plan"
)

// platform is everything the stack owns in Azure.
type platform struct {
	placement    component.Placement
	entry        entry
	adminKey     *tls.PrivateKey
	workspace    *monitoring.Workspace
	network      *network.Network
	loadBalancer *network.LoadBalancerIP
	gateway      *network.ApplicationGateway
	registry     *registry.Registry
	events       *storage.Events
	logs         *storage.Logs
	certificates *data.Certificates
	cassandra    *data.Cassandra
	mysql        *data.MySQL
	identities   *aks.Identities
	cluster      *aks.Cluster
	jumpHost     *network.JumpHost
}

// newPlatform registers the Azure side in the order the parts need each other.
func newPlatform(ctx *pulumi.Context, cfg *config.Config, providers component.Providers) (*platform, error) {
	entry, err := entryOf(cfg)
	if err != nil {
		return nil, err
	}
	p := &platform{entry: entry}
	for _, step := range []func(*pulumi.Context, *config.Config) error{
		func(ctx *pulumi.Context, cfg *config.Config) error { return p.newPlacement(ctx, cfg, providers) },
		p.newNetwork, p.newStores, p.newDatabases, p.newCluster, p.newAccess,
	} {
		if err := step(ctx, cfg); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// newPlacement creates the resource group, or takes the existing one that was configured, and the local administrator's key.
func (p *platform) newPlacement(ctx *pulumi.Context, cfg *config.Config, providers component.Providers) error {
	p.placement = component.Placement{
		Providers:         providers,
		SubscriptionID:    cfg.Azure.SubscriptionID,
		Location:          cfg.Azure.Location,
		ResourceGroup:     cfg.ResourceGroup(),
		ResourceGroupName: pulumi.String(cfg.ResourceGroup()),
		Tags:              cfg.Tags(),
		Protect:           cfg.Protect,
	}
	var err error
	if p.placement.Retry, err = component.NewRetry(ctx); err != nil {
		return err
	}
	if cfg.Azure.ResourceGroup == "" {
		group, err := resources.NewResourceGroup(ctx, "resource-group", &resources.ResourceGroupArgs{
			ResourceGroupName: pulumi.String(p.placement.ResourceGroup),
			Location:          pulumi.String(p.placement.Location),
			Tags:              p.placement.TagMap(),
		}, pulumi.Provider(providers.Azure), pulumi.Protect(cfg.Protect))
		if err != nil {
			return err
		}
		p.placement.ResourceGroupName = group.Name
	}
	p.adminKey, err = tls.NewPrivateKey(ctx, "admin-ssh", &tls.PrivateKeyArgs{
		Algorithm: pulumi.String("RSA"), RsaBits: pulumi.Int(4096),
	}, pulumi.Provider(providers.TLS), pulumi.Protect(cfg.Protect))
	return err
}

func (p *platform) newNetwork(ctx *pulumi.Context, cfg *config.Config) (err error) {
	names, addresses, zones := cfg.Names(), cfg.Addresses(), cfg.Zones()
	if p.workspace, err = monitoring.NewWorkspace(ctx, "monitoring", &monitoring.WorkspaceArgs{
		Placement: p.placement, Names: names,
		RetentionDays: cfg.Monitoring.RetentionDays, DailyQuotaGB: cfg.Monitoring.DailyQuotaGB,
	}); err != nil {
		return err
	}
	args := &network.NetworkArgs{
		Placement: p.placement, Names: names, Zones: zones, Addresses: addresses,
		PrivateZones: []string{mysql.PrivateZone, registryplan.DNSZone, cfg.InternalZone()},
	}
	for _, host := range privateHosts(cfg) {
		args.PrivateZones = append(args.PrivateZones, host.FQDN)
	}
	if cfg.Ingress.Controller == string(netplan.LoadBalancer) && cfg.Ingress.Exposure == string(netplan.Public) {
		if p.loadBalancer, err = network.NewLoadBalancerIP(ctx, "load-balancer", &network.LoadBalancerIPArgs{
			Placement: p.placement, Names: names, Zones: zones,
		}); err != nil {
			return err
		}
		args.FrontendAddress = p.loadBalancer.Address
	}
	if args.Rules, err = netplan.Rules(p.ruleInputs(cfg)); err != nil {
		return err
	}
	if p.network, err = network.NewNetwork(ctx, "network", args); err != nil {
		return err
	}
	if cfg.Ingress.Controller == string(netplan.ApplicationGateway) {
		p.gateway, err = network.NewApplicationGateway(ctx, "gateway", &network.ApplicationGatewayArgs{
			Placement: p.placement, Names: names, Zones: zones, Capacity: cfg.Ingress.Capacity,
			SubnetID: p.network.GatewaySubnetID, PrivateAddress: p.entry.Private,
		})
	}
	return err
}

func (p *platform) ruleInputs(cfg *config.Config) netplan.RuleInputs {
	in := netplan.RuleInputs{
		Addresses: cfg.Addresses(), Location: cfg.Azure.Location,
		Controller: netplan.Controller(cfg.Ingress.Controller), Exposure: netplan.Exposure(cfg.Ingress.Exposure),
		ANM: p.entry.ANM, AdminCIDRs: cfg.JumpHost.AdminCIDRs, SourceRanges: cfg.Ingress.SourceRanges,
		// Port 80 redirects to 443.
		HTTP: true, ACME: provesOverHTTP(cfg), Backends: backendRanges(cfg),
	}
	if in.Controller == netplan.LoadBalancer {
		in.Frontend = p.entry.Private
	}
	return in
}

// subnetID is known in every preview; whoever uses it waits for the network.
func (p *platform) subnetID(cfg *config.Config, subnet string) string {
	return network.SubnetID(p.placement, cfg.Names(), subnet)
}

func (p *platform) afterNetwork() []pulumi.Resource { return []pulumi.Resource{p.network} }

// newStores registers what holds images, events and logs.
func (p *platform) newStores(ctx *pulumi.Context, cfg *config.Config) (err error) {
	names, zonal := cfg.Names(), len(cfg.Zones()) > 0
	images := registryplan.Registry{
		Location: cfg.Azure.Location, ZoneRedundant: zonal,
		AllowedIPs: cfg.Registry.AllowedIPs, UntaggedRetentionDays: cfg.Registry.UntaggedRetentionDays,
	}
	if cfg.Registry.GeoReplication {
		images.Replica = pairedReplica(cfg)
	}
	if p.registry, err = registry.NewRegistry(ctx, "registry", &registry.RegistryArgs{
		Placement: p.placement, Names: names, Plan: images,
		SubnetID: p.subnetID(cfg, netplan.PrivateEndpointsSubnet), DNSZoneID: network.PrivateZoneID(p.placement, registryplan.DNSZone), DependsOn: p.afterNetwork(),
	}); err != nil {
		return err
	}
	if p.events, err = storage.NewEvents(ctx, "events", &storage.EventsArgs{
		Placement: p.placement, Names: names, Plan: storageplan.Events{ZoneRedundant: zonal, ShareGB: cfg.EventsShareGB()},
		SubnetID: p.subnetID(cfg, netplan.AKSSubnet), DependsOn: p.afterNetwork(),
	}); err != nil {
		return err
	}
	p.logs, err = storage.NewLogs(ctx, "logs", &storage.LogsArgs{
		Placement: p.placement, Names: names, SubnetID: p.subnetID(cfg, netplan.AKSSubnet), DependsOn: p.afterNetwork(),
		Plan: storageplan.Logs{ZoneRedundant: zonal, GeoRedundant: cfg.Storage.Logs.GeoRedundant, RetentionDays: cfg.Storage.Logs.RetentionDays},
	})
	return err
}

// newDatabases registers Cassandra, whose first node also runs the administrative scripts, and MySQL.
func (p *platform) newDatabases(ctx *pulumi.Context, cfg *config.Config) (err error) {
	names, zones, subnet := cfg.Names(), cfg.Zones(), cfg.Addresses().Data
	nodes, err := cassandra.Plan(names, subnet, zones)
	if err != nil {
		return err
	}
	if p.certificates, err = data.NewCertificates(ctx, "certificates", &data.CertificatesArgs{
		Placement: p.placement, Authority: names.Of("cassandra") + " certificate authority", Client: names.Of("gateways"),
		HostName: p.cassandraHost(cfg), Nodes: nodes,
	}); err != nil {
		return err
	}
	args := &data.CassandraArgs{
		Placement: p.placement, Names: names, Zones: zones, Subnet: subnet, SubnetID: p.network.DataSubnetID,
		InternalZone: cfg.InternalZone(), InternalZoneName: p.network.PrivateZones.MapIndex(pulumi.String(cfg.InternalZone())),
		VMSize: cfg.Cassandra.VMSize, DataDiskGB: cfg.Cassandra.DataDiskGB, Version: cfg.Cassandra.Version,
		ArtifactURL: cfg.Cassandra.ArtifactURL, ArtifactSHA512: cfg.Cassandra.ArtifactSHA512,
		AdminUsername: cfg.JumpHost.AdminUsername, SSHPublicKey: p.adminKey.PublicKeyOpenssh,
	}
	for _, g := range cfg.Workloads.Groups {
		args.Keyspaces = append(args.Keyspaces, cassandra.Keyspace{Group: g.Name, Name: cfg.Keyspace(g)})
	}
	if p.cassandra, err = data.NewCassandra(ctx, "cassandra", args); err != nil {
		return err
	}
	p.mysql, err = data.NewMySQL(ctx, "mysql", &data.MySQLArgs{
		Placement: p.placement, Names: names,
		Server: mysql.Settings{
			SKU: cfg.MySQL.SKU, Version: cfg.MySQL.Version, StorageGB: cfg.MySQL.StorageGB,
			BackupRetentionDays: cfg.MySQL.BackupRetentionDays, GeoRedundantBackup: cfg.MySQL.GeoRedundantBackup,
			HighAvailability: cfg.MySQL.HighAvailability, AdminLogin: cfg.MySQL.AdminLogin, Zones: zones,
		},
		SubnetID: p.network.DataSubnetID, PrivateZoneID: p.network.PrivateZoneIDs.MapIndex(pulumi.String(mysql.PrivateZone)),
		Host: p.cassandra.Host,
	})
	return err
}

// pairedReplica is the registry's copy in the region disaster recovery would use.
func pairedReplica(cfg *config.Config) registryplan.Replica {
	pair, _ := azure.FindRegion(cfg.Region().Pair)
	return registryplan.Replica{Location: pair.Name, ZoneRedundant: pair.Zones}
}

// newCluster registers the identities, their roles, and the cluster that waits for both.
func (p *platform) newCluster(ctx *pulumi.Context, cfg *config.Config) (err error) {
	names, subnet := cfg.Names(), p.subnetID(cfg, netplan.AKSSubnet)
	access := &aks.IdentitiesArgs{
		Placement: p.placement, Names: names, SubnetID: subnet, RegistryID: p.registry.ID, DependsOn: p.afterNetwork(),
	}
	args := &aks.ClusterArgs{
		Placement: p.placement, Names: names, NATAddress: p.network.NATAddress, DependsOn: p.afterNetwork(),
		Plan: aksplan.Cluster{
			KubernetesVersion: cfg.AKS.KubernetesVersion, Tier: cfg.AKS.Tier, NetworkPolicy: cfg.AKS.NetworkPolicy,
			MaxPods: cfg.AKS.MaxPods, TenantID: cfg.Azure.TenantID, AdminGroups: cfg.AKS.AdminGroups,
			UserGroups:    cfg.Access.Groups(),
			LocalAccounts: cfg.AKS.LocalAccounts, AuthorizedIPRanges: cfg.AKS.AuthorizedIPRanges,
			ServiceCIDR: cfg.AKS.ServiceCIDR, Zones: cfg.Zones(), SubnetID: subnet,
			System: aksplan.SystemPool(cfg.AKS.SystemPool),
			APIM:   aksplan.UserPool(cfg.AKS.APIMPool), Infra: aksplan.UserPool(cfg.AKS.InfraPool),
			Maintenance: aksplan.Maintenance(cfg.AKS.Maintenance),
		},
	}
	if p.loadBalancer != nil {
		access.PublicIPID = p.loadBalancer.ID
	}
	if p.gateway != nil {
		access.Gateway = &aks.GatewayAccess{ID: p.gateway.ID, SubnetID: p.subnetID(cfg, netplan.GatewaySubnet)}
		args.AGICSubject = workloadplan.AGICSubject()
	}
	if cfg.ProvesByRecord() {
		access.DNSZoneID = cfg.Network.PublicDNSZoneID
		args.CertManagerSubject = workloadplan.CertManagerSubject()
	}
	if p.identities, err = aks.NewIdentities(ctx, "identities", access); err != nil {
		return err
	}
	args.Identities = p.identities
	p.cluster, err = aks.NewCluster(ctx, "cluster", args)
	return err
}

// newAccess registers how people and names get in: the jump host and the hosts' records.
func (p *platform) newAccess(ctx *pulumi.Context, cfg *config.Config) (err error) {
	if p.jumpHost, err = network.NewJumpHost(ctx, "jump-host", &network.JumpHostArgs{
		Placement: p.placement, Names: cfg.Names(), Zones: cfg.Zones(),
		SubnetID: p.network.BastionSubnetID, PrivateAddress: netplan.Nth(cfg.Addresses().Bastion, jumpHostPlace),
		VMSize: cfg.JumpHost.VMSize, AdminUsername: cfg.JumpHost.AdminUsername, SSHPublicKey: p.adminKey.PublicKeyOpenssh,
		PublicIP: cfg.JumpHost.PublicIP, KubernetesVersion: cfg.AKS.KubernetesVersion, AdminGroups: cfg.AKS.AdminGroups,
		UserGroups: slices.Concat(cfg.Access.Support, cfg.Access.Viewers),
	}); err != nil {
		return err
	}
	records := &network.HostRecordsArgs{Placement: p.placement}
	if cfg.Network.PublicDNSZoneID != "" {
		records.PublicZoneID, records.PublicHosts = cfg.Network.PublicDNSZoneID, publicHosts(cfg)
		records.PublicIPID = p.publicIPID()
	}
	for _, host := range privateHosts(cfg) {
		records.PrivateHosts = append(records.PrivateHosts, network.PrivateHost{
			Host: host.FQDN, Zone: p.network.PrivateZones.MapIndex(pulumi.String(host.FQDN)),
			Address: p.entry.addressOf(host).String(),
		})
	}
	if len(records.PublicHosts)+len(records.PrivateHosts) == 0 {
		return nil
	}
	_, err = network.NewHostRecords(ctx, "hosts", records)
	return err
}

func (p *platform) publicIPID() pulumi.StringOutput {
	if p.gateway != nil {
		return p.gateway.PublicIPID
	}
	if p.loadBalancer != nil {
		return p.loadBalancer.ID
	}
	return pulumi.String("").ToStringOutput()
}

// entryAddress is the address clients of api. and api-manager. reach.
func (p *platform) entryAddress() pulumi.StringInput {
	switch {
	case p.entry.Private.IsValid():
		return pulumi.String(p.entry.Private.String())
	case p.gateway != nil:
		return p.gateway.PublicAddress
	default:
		return p.loadBalancer.Address
	}
}

// cassandraHost is the one name the product's CASS_HOST takes.
func (p *platform) cassandraHost(cfg *config.Config) string {
	return cassandra.HostName(cfg.InternalZone())
}

// outputs are the values of the contract.
func (p *platform) outputs(cfg *config.Config) pulumi.Map {
	return pulumi.Map{
		"environment":   pulumi.String(cfg.Environment),
		"location":      pulumi.String(cfg.Azure.Location),
		"resourceGroup": pulumi.String(p.placement.ResourceGroup),
		"cluster": pulumi.Map{
			"name": p.cluster.Name, "nodeResourceGroup": p.cluster.NodeResourceGroup, "oidcIssuer": p.cluster.OIDCIssuerURL,
		},
		"kubeconfig": p.cluster.Kubeconfig,
		"registry":   pulumi.Map{"name": p.registry.Name, "loginServer": p.registry.LoginServer},
		"entryPoint": pulumi.Map{
			"controller": pulumi.String(cfg.Ingress.Controller), "exposure": pulumi.String(cfg.Ingress.Exposure), "address": p.entryAddress(),
		},
		"hosts":      p.hostOutputs(cfg),
		"dnsRecords": p.recordOutputs(cfg),
		"groups":     groupOutputs(cfg),
		"cassandra": pulumi.Map{
			"host": pulumi.String(p.cassandraHost(cfg)), "port": pulumi.Int(cassandra.NativePort),
			"nodes": p.cassandra.NodeNames, "addresses": p.cassandra.Addresses,
		},
		"mysql": pulumi.Map{
			"server": p.mysql.ServerName, "host": p.mysql.HostName, "port": pulumi.Int(mysql.Port), "database": pulumi.String(mysql.Database),
		},
		"storage": pulumi.Map{
			"eventsAccount": p.events.AccountName, "eventsShare": p.events.ShareName, "eventsShareGB": pulumi.Int(cfg.EventsShareGB()),
			"logsAccount": p.logs.AccountName, "logsContainers": p.logs.Containers, "logsBudgetGB": pulumi.Int(cfg.Storage.Logs.BudgetGB),
		},
		"jumpHost": pulumi.Map{
			"name": p.jumpHost.Name, "privateAddress": p.jumpHost.PrivateAddress, "publicAddress": p.jumpHost.PublicAddress,
		},
		"natAddress": p.network.NATAddress,
		"imageBuild": pulumi.Map{
			"caCertificate": p.certificates.AuthorityCertificate, "clientCertificate": p.certificates.ClientCertificate,
			"clientPrivateKey": p.certificates.ClientKey,
		},
		"adminSshKey": p.adminKey.PrivateKeyOpenssh,
		"workloads":   pulumi.Map{"enabled": pulumi.Bool(cfg.Workloads.Enabled), "namespace": pulumi.String(cfg.Workloads.Namespace)},
	}
}

func (p *platform) hostOutputs(cfg *config.Config) pulumi.Array {
	out := pulumi.Array{}
	for _, h := range cfg.Hosts() {
		exposure := netplan.Public
		if h.Private {
			exposure = netplan.Private
		}
		out = append(out, pulumi.Map{
			"role": pulumi.String(h.Role), "group": pulumi.String(h.Group), "host": pulumi.String(h.FQDN),
			"url": pulumi.String("https://" + h.FQDN + "/"), "exposure": pulumi.String(exposure), "address": p.hostAddress(h),
		})
	}
	return out
}

func (p *platform) hostAddress(h config.Host) pulumi.StringInput {
	if h.Private {
		return pulumi.String(p.entry.addressOf(h).String())
	}
	return p.entryAddress()
}

// recordOutputs are the records nobody created: those of public hosts when the stack has no public zone.
func (p *platform) recordOutputs(cfg *config.Config) pulumi.Array {
	out := pulumi.Array{}
	if cfg.Network.PublicDNSZoneID != "" {
		return out
	}
	for _, host := range publicHosts(cfg) {
		out = append(out, pulumi.Map{
			"name": pulumi.String(host), "type": pulumi.String("A"), "value": p.entryAddress(), "ttl": pulumi.Int(300),
		})
	}
	return out
}

func groupOutputs(cfg *config.Config) pulumi.Map {
	out := pulumi.Map{}
	for _, g := range cfg.Workloads.Groups {
		group := pulumi.Map{
			"keyspace": pulumi.String(cfg.Keyspace(g)), "throttlingKeyspace": pulumi.String(cfg.ThrottlingKeyspace(g)),
		}
		for _, h := range cfg.Hosts() {
			if h.Group == g.Name {
				group[string(h.Role)+"Url"] = pulumi.String("https://" + h.FQDN + "/")
			}
		}
		out[g.Name] = group
	}
	return out
}
