package stack

import (
	"cmp"

	"github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	aksplan "apim-azure/aks/plan"
	"apim-azure/config"
	"apim-azure/data/mysql"
	"apim-azure/workloads"
	workloadplan "apim-azure/workloads/plan"
)

// newWorkloads registers what runs on the cluster: ANM first, then each group's API Manager UI, then its gateways.
func newWorkloads(ctx *pulumi.Context, cfg *config.Config, p *platform) error {
	w, err := newFoundation(ctx, cfg, p)
	if err != nil {
		return err
	}
	if err := w.newController(ctx, cfg, p); err != nil {
		return err
	}
	// The users come first, then the tables, then who writes into them.
	database := []pulumi.Resource{p.mysql}
	if w.platform.MetricsSchema {
		schema, err := workloads.NewSchemaJob(ctx, "metrics-schema", &workloads.SchemaJobArgs{
			Platform: w.platform, Spec: schemaSpec(cfg), After: database,
		})
		if err != nil {
			return err
		}
		database = append(database, schema.Ready)
	}
	anm, err := workloads.NewANM(ctx, "anm", &workloads.ANMArgs{
		Platform: w.platform, Spec: anmSpec(cfg), InternalAddress: addressText(p.entry.ANM), After: database,
	})
	if err != nil {
		return err
	}
	published := map[hostKey]pulumi.Resource{{config.RoleANM, ""}: anm.Ready}
	var specs []workloadplan.GatewaySpec
	for _, group := range cfg.Workloads.Groups {
		manager, err := workloads.NewManager(ctx, "api-manager-"+group.Name, &workloads.ManagerArgs{
			Platform: w.platform, Spec: managerSpec(cfg, group), After: []pulumi.Resource{anm.Ready, p.cassandra},
		})
		if err != nil {
			return err
		}
		spec := gatewaySpec(cfg, group)
		gateway, err := workloads.NewGateway(ctx, "traffic-"+group.Name, &workloads.GatewayArgs{
			Platform: w.platform, Spec: spec, After: []pulumi.Resource{manager.Ready},
		})
		if err != nil {
			return err
		}
		specs = append(specs, spec)
		published[hostKey{config.RoleManager, group.Name}] = manager.Ready
		published[hostKey{config.RoleAPI, group.Name}] = gateway.Ready
	}
	if cfg.Workloads.HeadroomPods > 0 {
		if _, err := workloads.NewHeadroom(ctx, "headroom", &workloads.HeadroomArgs{
			Namespace: w.platform.Namespace, NodeSelector: w.platform.NodeSelector,
			Pods: cfg.Workloads.HeadroomPods, Gateways: specs,
		}); err != nil {
			return err
		}
	}
	return w.newIngresses(ctx, cfg, p, published)
}

// hostKey is what a host leads to.
type hostKey struct {
	role  config.Role
	group string
}

// foundation is what all pods and ingresses share.
type foundation struct {
	cluster    workloads.Cluster
	platform   workloads.Platform
	controller *workloads.IngressController
	// issuer gets the hosts' certificates; nil when they are supplied.
	issuer *workloads.CertManager
}

func newFoundation(ctx *pulumi.Context, cfg *config.Config, p *platform) (*foundation, error) {
	name := cfg.Names().Of("aks")
	provider, err := kubernetes.NewProvider(ctx, "kubernetes", &kubernetes.ProviderArgs{
		Kubeconfig: p.cluster.Kubeconfig,
		// Credentials change, the cluster stays: without a fixed identifier a new kubeconfig would replace every object.
		ClusterIdentifier:     pulumi.String(p.placement.ResourceGroup + "/" + name),
		EnableServerSideApply: pulumi.Bool(true),
		// What the program declares is the program's: without force, a field that anything but kubectl has changed meanwhile would
		// fail every update. Fields others own, such as the replicas an autoscaler sets, are not declared.
		EnablePatchForce:       pulumi.Bool(true),
		EnableConfigMapMutable: pulumi.Bool(true),
		EnableSecretMutable:    pulumi.Bool(true),
	}, pulumi.DependsOn(p.cluster.Pools))
	if err != nil {
		return nil, err
	}
	w := &foundation{cluster: workloads.Cluster{
		Provider: provider, Resource: p.cluster.Managed, KubernetesVersion: cfg.AKS.KubernetesVersion, Retry: p.placement.Retry,
	}}
	namespace, err := workloads.NewNamespace(ctx, "namespace", &workloads.NamespaceArgs{Cluster: w.cluster, Name: cfg.Workloads.Namespace})
	if err != nil {
		return nil, err
	}
	policies, err := workloads.NewPolicies(ctx, "policies", &workloads.PoliciesArgs{Namespace: namespace, Site: policySite(cfg, p.entry)})
	if err != nil {
		return nil, err
	}
	if access := accessArgs(cfg, namespace); !access.Empty() {
		if _, err := workloads.NewAccess(ctx, "access", access); err != nil {
			return nil, err
		}
	}
	secrets, err := workloads.NewSecrets(ctx, "secrets", secretsArgs(cfg, p, namespace))
	if err != nil {
		return nil, err
	}
	events, err := workloads.NewEventsVolume(ctx, "events-volume", &workloads.EventsVolumeArgs{
		Namespace: namespace, Secrets: secrets, ResourceGroup: p.placement.ResourceGroup,
		Account: p.events.AccountName, Share: p.events.ShareName,
	})
	if err != nil {
		return nil, err
	}
	w.platform = workloads.Platform{
		Namespace: namespace, Secrets: secrets, Events: events, Policies: policies, Registry: p.registry.LoginServer,
		NodeSelector: map[string]string{aksplan.PoolLabel: aksplan.APIMRole}, Zonal: len(cfg.Zones()) > 0,
		TraceLevel: cfg.Workloads.TraceLevel, CassandraHost: p.cassandraHost(cfg),
		PreflightImage: cfg.Workloads.PreflightImage, ReadOnlyRoot: cfg.Workloads.ReadOnlyRoot,
		MetricsSchema: len(cfg.Workloads.MetricsSchema.Files) > 0,
		ANMHost:       cfg.Host(config.RoleANM, "").FQDN, ANMProbe: workloadplan.ProbeSpec(cfg.Workloads.ANM.Probe),
		AcceptGeneralConditions: cfg.Workloads.AcceptGeneralConditions,
	}
	if cfg.Registry.External != "" {
		w.platform.Registry = pulumi.String(cfg.Registry.External)
	}
	return w, nil
}

func secretsArgs(cfg *config.Config, p *platform, namespace *workloads.Namespace) *workloads.SecretsArgs {
	args := &workloads.SecretsArgs{
		Namespace: namespace,
		Cassandra: workloads.CassandraAccess{
			Login: workloads.Login{Username: p.cassandra.Username, Password: p.cassandra.Password},
			CA:    p.certificates.AuthorityCertificate, ClientCertificate: p.certificates.ClientCertificate, ClientKey: p.certificates.ClientKey,
		},
		Metrics: workloads.MetricsAccess{
			Host: p.mysql.HostName, Database: mysql.Database,
			ANM: metricsLogin(p, "anm"), Manager: metricsLogin(p, "ui"), Gateway: metricsLogin(p, "gateway"),
		},
		Share: workloads.ShareAccess{Account: p.events.AccountName, Key: p.events.Key},
	}
	if cfg.Secrets.License != "" {
		args.License = pulumi.ToSecret(pulumi.String(cfg.Secrets.License)).(pulumi.StringOutput)
		args.LicenseFile = cfg.Workloads.LicenseFile
	}
	if cfg.Secrets.AdminUsers != "" {
		args.AdminUsers = pulumi.ToSecret(pulumi.String(cfg.Secrets.AdminUsers)).(pulumi.StringOutput)
	}
	if cfg.Workloads.ListenerCertificates {
		args.Listener = &workloads.ListenerCertificate{
			Chain: pulumi.ToSecret(pulumi.String(cfg.Secrets.Certificate)).(pulumi.StringOutput),
			Key:   pulumi.ToSecret(pulumi.String(cfg.Secrets.PrivateKey)).(pulumi.StringOutput),
		}
	}
	if cfg.Registry.External != "" {
		args.Registry = &workloads.RegistryLogin{Server: cfg.Registry.External, Login: workloads.Login{
			Username: pulumi.String(cfg.Secrets.RegistryUsername),
			Password: pulumi.ToSecret(pulumi.String(cfg.Secrets.RegistryPassword)).(pulumi.StringOutput),
		}}
	}
	return args
}

// newController registers the ingress controller of the variant. Its roles come first: AGIC does nothing without them.
func (w *foundation) newController(ctx *pulumi.Context, cfg *config.Config, p *platform) (err error) {
	args := &workloads.IngressControllerArgs{
		Cluster: w.cluster, NodeSelector: map[string]string{aksplan.PoolLabel: aksplan.InfraRole},
	}
	if p.gateway != nil {
		args.AGIC = &workloads.AGIC{
			Site: workloadplan.GatewaySite{
				SubscriptionID: p.placement.SubscriptionID, ResourceGroup: p.placement.ResourceGroup,
				Name: cfg.Names().Of("gateway"), Private: p.entry.Private.IsValid(),
			},
			ClientID: p.identities.AGICClientID,
		}
		args.After = []pulumi.Resource{p.identities, p.cluster, p.gateway}
	} else {
		args.Traefik = &workloads.Traefik{PrivateAddress: addressText(p.entry.Private), Zonal: len(cfg.Zones()) > 0}
		args.After = []pulumi.Resource{p.identities, p.cluster}
		if p.loadBalancer != nil {
			args.Traefik.PublicIP, args.Traefik.PublicIPResourceGroup = cfg.Names().Of("ingress-ip"), p.placement.ResourceGroup
		}
	}
	w.controller, err = workloads.NewIngressController(ctx, "ingress-controller", args)
	if err != nil || cfg.Ingress.Certificates != config.ACME {
		return err
	}
	return w.newIssuer(ctx, cfg, p)
}

// newIssuer registers cert-manager. Private hosts are proved by records, which takes an identity that may write them.
func (w *foundation) newIssuer(ctx *pulumi.Context, cfg *config.Config, p *platform) (err error) {
	args := &workloads.CertManagerArgs{
		Namespace: w.platform.Namespace, NodeSelector: map[string]string{aksplan.PoolLabel: aksplan.InfraRole},
		Issuer: workloadplan.Issuer{
			Server: cfg.Ingress.ACMEServer, Email: cfg.Ingress.ACMEEmail, Controller: workloadplan.Controller(cfg.Ingress.Controller),
			NodeSelector: map[string]string{aksplan.PoolLabel: aksplan.InfraRole},
		},
		After: []pulumi.Resource{w.controller},
	}
	if cfg.ProvesByRecord() {
		group, zone := cfg.PublicZone()
		args.Issuer.Zone = &workloadplan.PublicZone{SubscriptionID: cfg.Azure.SubscriptionID, ResourceGroup: group, Name: zone}
		args.ClientID = p.identities.CertManagerClientID
		args.After = append(args.After, p.identities, p.cluster)
	}
	w.issuer, err = workloads.NewCertManager(ctx, "cert-manager", args)
	return err
}

// newIngresses publishes every host that shares the entry point.
func (w *foundation) newIngresses(ctx *pulumi.Context, cfg *config.Config, p *platform, published map[hostKey]pulumi.Resource) error {
	var certificate, key pulumi.StringInput
	if w.issuer == nil {
		certificate = pulumi.ToSecret(pulumi.String(cfg.Secrets.Certificate)).(pulumi.StringOutput)
		key = pulumi.ToSecret(pulumi.String(cfg.Secrets.PrivateKey)).(pulumi.StringOutput)
	}
	components := map[config.Role]workloadplan.Component{
		config.RoleANM: workloadplan.ANM, config.RoleManager: workloadplan.Manager, config.RoleAPI: workloadplan.Gateway,
	}
	for _, host := range cfg.Hosts() {
		if host.Role == config.RoleANM && p.entry.ANM.IsValid() {
			continue // ANM has an internal load balancer of its own
		}
		name := "ingress-" + string(host.Role)
		if host.Group != "" {
			name += "-" + host.Group
		}
		if _, err := workloads.NewIngress(ctx, name, &workloads.IngressArgs{
			Namespace: w.platform.Namespace, Component: components[host.Role], Group: host.Group,
			Publication: workloadplan.Publication{
				Controller: workloadplan.Controller(cfg.Ingress.Controller), Host: host.FQDN, Private: host.Private,
				UI: host.Role != config.RoleAPI, SourceRanges: cfg.Ingress.SourceRanges,
			},
			Certificate: certificate, PrivateKey: key, Issuer: w.issuer,
			After: []pulumi.Resource{w.controller, published[hostKey{host.Role, host.Group}]},
		}); err != nil {
			return err
		}
	}
	return nil
}

// metricsLogin is the database user of one component.
func metricsLogin(p *platform, component string) workloads.Login {
	return workloads.Login{
		Username: p.mysql.Usernames.MapIndex(pulumi.String(component)), Password: p.mysql.Passwords.MapIndex(pulumi.String(component)),
	}
}

func anmSpec(cfg *config.Config) workloadplan.ANMSpec {
	a := cfg.Workloads.ANM
	return workloadplan.ANMSpec{
		Image: a.Image, CPU: a.CPU, MemoryMB: a.MemoryMB, HeapMB: a.HeapMB, Probe: workloadplan.ProbeSpec(a.Probe),
	}
}

// schemaSpec takes the SQL from ANM's image unless another one is named.
func schemaSpec(cfg *config.Config) workloadplan.SchemaSpec {
	s := cfg.Workloads.MetricsSchema
	return workloadplan.SchemaSpec{Image: cmp.Or(s.Image, cfg.Workloads.ANM.Image), Files: s.Files}
}

func groupSpec(cfg *config.Config, g config.Group) workloadplan.GroupSpec {
	return workloadplan.GroupSpec{
		Name: g.Name, Image: g.Image, Keyspace: cfg.Keyspace(g),
		ManagerHost: cfg.Host(config.RoleManager, g.Name).FQDN, ManagerProbe: workloadplan.ProbeSpec(g.Manager.Probe),
	}
}

func managerSpec(cfg *config.Config, g config.Group) workloadplan.ManagerSpec {
	return workloadplan.ManagerSpec{
		Group: groupSpec(cfg, g), CPURequest: g.Manager.CPURequest, CPU: g.Manager.CPU,
		MemoryRequestMB: g.Manager.MemoryRequestMB, MemoryMB: g.Manager.MemoryMB, HeapMB: g.Manager.HeapMB,
	}
}

func gatewaySpec(cfg *config.Config, g config.Group) workloadplan.GatewaySpec {
	return workloadplan.GatewaySpec{
		Group: groupSpec(cfg, g), MinReplicas: g.Gateway.MinReplicas, MaxReplicas: g.Gateway.MaxReplicas,
		TargetCPUPercent: g.Gateway.TargetCPUPercent, TargetMemoryPercent: g.Gateway.TargetMemoryPercent,
		CPURequest: g.Gateway.CPURequest, CPU: g.Gateway.CPU,
		MemoryMB: g.Gateway.MemoryMB, HeapMB: g.Gateway.HeapMB, ExtraPorts: g.Gateway.ExtraPorts,
		Probe: workloadplan.ProbeSpec(g.Gateway.Probe),
	}
}
