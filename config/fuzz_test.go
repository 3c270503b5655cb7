package config_test

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"apim-azure/aks/plan"
	"apim-azure/config"
	"apim-azure/config/badconfig"
	"apim-azure/data/cassandra"
	"apim-azure/data/mysql"
	network "apim-azure/network/plan"
	registry "apim-azure/registry/plan"
	storage "apim-azure/storage/plan"
	workloads "apim-azure/workloads/plan"
)

// hostile are values that get past careless code.
var hostile = []any{
	nil, true, false, 0, 1, -1, 2, 3, 7, 30, 100, 251, 1e6, 1e300, 0.5, "9223372036854775807", "-9223372036854775808", "1e9", "0x10", "",
	" ", "null", "[]", "{}", "[", "{\"a\"", "\x00", "ü", "a.b", "*", strings.Repeat("x", 500), "0.0.0.0/0", "0.0.0.0/1", "10.0.0.0/8",
	"10.0.0.0/30", "10.0.0.0/29", "10.0.3.0/28", "255.255.255.255/32", "::/0", "fe80::1%eth0/64", "203.0.113.0/24", "1.36", "Standard_D8s_v5",
	"Standard_B2ms", "westus", "italynorth", "private", "loadBalancer", "development", "apim/anm:1", "a", "a_b", "kube-system", "2",
	"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
	[]any{}, []any{nil}, []any{"a", "a"}, []any{map[string]any{}}, []any{443, 443}, map[string]any{}, map[string]any{"": nil}, map[string]any{"name": "x"},
}

// mutate changes one value somewhere below node: it replaces, removes or adds, and returns the new node.
func mutate(random *rand.Rand, node any) any {
	switch v := node.(type) {
	case map[string]any:
		if len(v) == 0 || random.IntN(8) == 0 {
			v[anyKey[random.IntN(len(anyKey))]] = hostile[random.IntN(len(hostile))]
			return v
		}
		keys := slices.Sorted(maps.Keys(v))
		key := keys[random.IntN(len(keys))]
		if random.IntN(12) == 0 {
			delete(v, key)
		} else {
			v[key] = mutate(random, v[key])
		}
		return v
	case []any:
		if len(v) == 0 || random.IntN(6) == 0 {
			return append(v, hostile[random.IntN(len(hostile))])
		}
		i := random.IntN(len(v))
		if random.IntN(6) == 0 {
			return append(v, v[i])
		}
		v[i] = mutate(random, v[i])
		return v
	}
	return hostile[random.IntN(len(hostile))]
}

// anyKey are keys of all sections, to be put where they belong or not.
var anyKey = strings.Fields(`domain environment azure location tags network addressSpace subnets aks gateway data bastion publicDnsZoneId
	tier maxPods adminGroups authorizedIpRanges serviceCidr systemPool apimPool infraPool min max vmSize count osDiskGB maintenance
	cassandra version artifactUrl mysql sku storageGB highAvailability storage eventsShareGB logs registry geoReplication allowedIps
	external ingress controller exposure anmExposure capacity sourceRanges jumpHost adminCidrs monitoring dailyQuotaGB workloads groups
	name image keyspace maxEventsGB hosts manager api minReplicas maxReplicas cpu cpuRequest memoryMB heapMB extraPorts allowedNamespaces
	backends namespace cidr ports headroomPods anm secrets certificate privateKey nonsense`)

// decode reads a stored configuration into values that can be changed, encode writes it back the way Pulumi stores it.
func decode(raw map[string]string) map[string]any {
	tree := map[string]any{}
	for key, text := range raw {
		var value any
		if json.Unmarshal([]byte(text), &value) != nil {
			value = text
		}
		tree[strings.TrimPrefix(key, badconfig.Project+":")] = value
	}
	return tree
}

func encode(tree map[string]any) map[string]string {
	raw := map[string]string{}
	for key, value := range tree {
		text, plain := value.(string)
		if !plain {
			encoded, _ := json.Marshal(value)
			text = string(encoded)
		}
		raw[badconfig.Project+":"+key] = text
	}
	return raw
}

// The same mutations every time: a failure can be run again.
func TestNoConfigurationMakesLoadPanicAndWhatItAcceptsThePlannersAccept(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	chain, key := badconfig.Certificate("*.apim.example.com")
	bases := []map[string]string{badconfig.Base(), developmentBase(t), badconfig.Apply(badconfig.Base(), badconfig.Case{Set: map[string]any{
		"ingress.controller": "loadBalancer", "ingress.exposure": "private", "ingress.sourceRanges": []string{"10.0.0.0/8"},
		"azure.location": "northcentralus", "aks.apimPool.vmSize": "Standard_D8s_v5", "secrets.certificate": chain, "secrets.privateKey": key,
		"workloads.groups[1].name": "second", "workloads.groups[1].image": "apim/second:1",
		"workloads.groups[1].backends": []any{map[string]any{"cidr": "10.9.0.0/24", "ports": []int{443}}},
	}})}
	accepted, refused := 0, 0
	for i := range rounds {
		tree := decode(bases[i%len(bases)])
		for range 1 + random.IntN(3) {
			mutate(random, tree)
		}
		raw := encode(tree)
		c, err := tryLoad(t, raw)
		if err != nil {
			refused++
			checkMessage(t, err)
		} else if c != nil {
			accepted++
			if err := plans(c); err != nil {
				delete(raw, badconfig.Project+":secrets") // long, and not at fault
				t.Errorf("Load accepts what a planner refuses: %v\n%v", err, raw)
			}
		}
		if t.Failed() {
			return
		}
	}
	if accepted < rounds/50 || refused < rounds/2 {
		t.Errorf("%d accepted and %d refused: the mutations are too wild or too tame", accepted, refused)
	}
}

const rounds = 1500

func tryLoad(t *testing.T, raw map[string]string) (c *config.Config, err error) {
	t.Helper()
	defer func() {
		if r := recover(); r != nil {
			t.Errorf("panic: %v\n%v", r, raw)
		}
	}()
	c, _, err = config.Load(badconfig.Project, badconfig.Stack, raw)
	return c, err
}

// plans hands an accepted configuration to the planners the components validate with. What they refuse would stop a deployment
// half way, after resources were registered.
func plans(c *config.Config) error {
	rules := network.RuleInputs{
		Addresses: c.Addresses(), Location: c.Azure.Location, Controller: network.Controller(c.Ingress.Controller),
		Exposure: network.Exposure(c.Ingress.Exposure), AdminCIDRs: c.JumpHost.AdminCIDRs, SourceRanges: c.Ingress.SourceRanges,
		Frontend: network.FromEnd(c.Addresses().AKS, 3), HTTP: true,
	}
	var keyspaces []cassandra.Keyspace
	var problems []error
	specs := []workloads.Spec{}
	if c.Workloads.Enabled {
		a := c.Workloads.ANM
		specs = append(specs, workloads.ANMSpec{
			Image: a.Image, CPU: a.CPU, MemoryMB: a.MemoryMB, HeapMB: a.HeapMB, Probe: workloads.ProbeSpec(a.Probe),
		})
		if s := c.Workloads.MetricsSchema; len(s.Files) > 0 {
			problems = append(problems, workloads.SchemaSpec{Image: cmp.Or(s.Image, a.Image), Files: s.Files}.Validate())
		}
		problems = append(problems, workloads.CheckLicenseFile("workloads.licenseFile", c.Workloads.LicenseFile))
	}
	for _, g := range c.Workloads.Groups {
		group := workloads.GroupSpec{Name: g.Name, Image: g.Image, Keyspace: c.Keyspace(g),
			ManagerHost: c.Host(config.RoleManager, g.Name).FQDN, ManagerProbe: workloads.ProbeSpec(g.Manager.Probe)}
		keyspaces = append(keyspaces, cassandra.Keyspace{Group: g.Name, Name: group.Keyspace})
		m, w := g.Manager, g.Gateway
		specs = append(specs,
			workloads.ManagerSpec{Group: group, CPURequest: m.CPURequest, CPU: m.CPU, MemoryRequestMB: m.MemoryRequestMB, MemoryMB: m.MemoryMB, HeapMB: m.HeapMB},
			workloads.GatewaySpec{
				Group: group, MinReplicas: w.MinReplicas, MaxReplicas: w.MaxReplicas, TargetCPUPercent: w.TargetCPUPercent,
				TargetMemoryPercent: w.TargetMemoryPercent, CPURequest: w.CPURequest, CPU: w.CPU, MemoryMB: w.MemoryMB, HeapMB: w.HeapMB, ExtraPorts: w.ExtraPorts,
				Probe: workloads.ProbeSpec(w.Probe),
			})
		for _, b := range g.Backends {
			if b.CIDR != "" {
				rules.Backends = append(rules.Backends, network.Backend{CIDR: b.CIDR, Ports: b.Ports})
			}
		}
	}
	for _, s := range specs {
		problems = append(problems, s.Validate())
	}
	_, err := network.Rules(rules)
	_, dns := clusterPlan(c).DNSServiceIP()
	nodes, noNodes := cassandra.Plan(c.Names(), c.Addresses().Data, c.Zones())
	return errors.Join(append(problems, err, dns, noNodes, clusterPlan(c).Validate(), cassandra.ValidateKeyspaces(keyspaces),
		cassandra.Settings{
			ClusterName: c.Names().Of("cassandra"), Datacenter: c.Azure.Location, Version: c.Cassandra.Version, ArtifactURL: c.Cassandra.ArtifactURL,
			ArtifactSHA512: c.Cassandra.ArtifactSHA512, VMSize: c.Cassandra.VMSize, DataDiskGB: c.Cassandra.DataDiskGB, Nodes: nodes,
		}.Validate(),
		registry.Registry{Location: c.Azure.Location, AllowedIPs: c.Registry.AllowedIPs, UntaggedRetentionDays: c.Registry.UntaggedRetentionDays}.Validate(),
		storage.Events{ShareGB: c.EventsShareGB()}.Validate(), storage.Logs{RetentionDays: c.Storage.Logs.RetentionDays}.Validate(),
		mysql.Settings{
			SKU: c.MySQL.SKU, Version: c.MySQL.Version, StorageGB: c.MySQL.StorageGB, BackupRetentionDays: c.MySQL.BackupRetentionDays,
			GeoRedundantBackup: c.MySQL.GeoRedundantBackup, HighAvailability: c.MySQL.HighAvailability, AdminLogin: c.MySQL.AdminLogin, Zones: c.Zones(),
		}.Validate(), distinctZones(c))...)
}

func clusterPlan(c *config.Config) plan.Cluster {
	return plan.Cluster{
		KubernetesVersion: c.AKS.KubernetesVersion, Tier: c.AKS.Tier, NetworkPolicy: c.AKS.NetworkPolicy, MaxPods: c.AKS.MaxPods,
		TenantID: c.Azure.TenantID, AdminGroups: c.AKS.AdminGroups, LocalAccounts: c.AKS.LocalAccounts, AuthorizedIPRanges: c.AKS.AuthorizedIPRanges,
		ServiceCIDR: c.AKS.ServiceCIDR, Zones: c.Zones(), SubnetID: "/subnets/aks", System: plan.SystemPool(c.AKS.SystemPool),
		APIM: plan.UserPool(c.AKS.APIMPool), Infra: plan.UserPool(c.AKS.InfraPool), Maintenance: plan.Maintenance(c.AKS.Maintenance),
	}
}

// distinctZones: every private host gets a zone named after it, and a network links a zone's name once.
func distinctZones(c *config.Config) error {
	seen := map[string]bool{c.InternalZone(): true}
	for _, h := range c.Hosts() {
		if seen[h.FQDN] {
			return fmt.Errorf("zone %s twice", h.FQDN)
		}
		seen[h.FQDN] = true
	}
	return nil
}
