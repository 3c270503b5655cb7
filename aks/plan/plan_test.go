package plan

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

const tenant = "11111111-2222-3333-4444-555555555555"

func valid() Cluster {
	return Cluster{
		KubernetesVersion:  "1.36",
		Tier:               "Standard",
		NetworkPolicy:      Cilium,
		MaxPods:            30,
		TenantID:           tenant,
		AdminGroups:        []string{tenant},
		AuthorizedIPRanges: []string{"203.0.113.7", "198.51.100.0/24"},
		ServiceCIDR:        "10.240.0.0/16",
		Zones:              []string{"1", "2", "3"},
		SubnetID:           "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/virtualNetworks/v/subnets/aks",
		System:             SystemPool{VMSize: "Standard_D4s_v5", Count: 2},
		APIM:               UserPool{VMSize: "Standard_D4s_v5", Min: 3, Max: 6, OSDiskGB: 128},
		Infra:              UserPool{VMSize: "Standard_D2s_v5", Min: 2, Max: 3, OSDiskGB: 128},
		Maintenance:        Maintenance{Day: "Sunday", StartTime: "01:00", DurationHours: 4, UTCOffset: "+00:00"},
	}
}

func TestTheReferenceClusterIsValid(t *testing.T) {
	if err := valid().Validate(); err != nil {
		t.Fatal(err)
	}
}

func TestEachSettingAKSRefusesIsReportedUnderItsKey(t *testing.T) {
	for name, test := range map[string]struct {
		breakIt func(*Cluster)
		want    []string
	}{
		"a patch version": {func(c *Cluster) { c.KubernetesVersion = "1.36.2" }, []string{`aks.kubernetesVersion: "1.36.2"`, "1.36"}},
		"an unknown tier": {func(c *Cluster) { c.Tier = "Gold" }, []string{`aks.tier: "Gold"`, "Free, Standard, Premium"}},
		"Azure's retiring policy engine": {
			func(c *Cluster) { c.NetworkPolicy = "azure" },
			[]string{`aks.networkPolicy: "azure"`, "cilium, calico"},
		},
		"too few pods on a node":  {func(c *Cluster) { c.MaxPods = 29 }, []string{`aks.maxPods: "29"`, "30 to 250"}},
		"too many pods on a node": {func(c *Cluster) { c.MaxPods = 251 }, []string{`aks.maxPods: "251"`}},
		"a tenant that is no GUID": {
			func(c *Cluster) { c.TenantID = "contoso" },
			[]string{`azure.tenantId: "contoso"`, "az account show"},
		},
		"no administrators": {func(c *Cluster) { c.AdminGroups = nil }, []string{"aks.adminGroups", "at least one"}},
		"a group by its name": {
			func(c *Cluster) { c.AdminGroups = []string{"admins"} },
			[]string{`aks.adminGroups: "admins"`, "az ad group show"},
		},
		"a group listed twice": {
			func(c *Cluster) { c.AdminGroups = []string{tenant, tenant} },
			[]string{"aks.adminGroups", "listed twice"},
		},
		"viewers by their name": {
			func(c *Cluster) { c.UserGroups = []string{"viewers"} },
			[]string{`access: "viewers"`, "az ad group show"},
		},
		"administrators who are users too": {
			func(c *Cluster) { c.UserGroups = []string{tenant} },
			[]string{"access", "in aks.adminGroups too"},
		},
		"an authorised range that is none": {
			func(c *Cluster) { c.AuthorizedIPRanges = []string{"office"} },
			[]string{"aks.authorizedIpRanges", "office/32"},
		},
		"an authorised IPv6 range": {
			func(c *Cluster) { c.AuthorizedIPRanges = []string{"2001:db8::/32"} },
			[]string{"aks.authorizedIpRanges", "IPv4"},
		},
		"an authorised range with host bits": {
			func(c *Cluster) { c.AuthorizedIPRanges = []string{"203.0.113.7/24"} },
			[]string{"use 203.0.113.0/24"},
		},
		"more authorised ranges than AKS takes": {
			func(c *Cluster) {
				c.AuthorizedIPRanges = nil
				for i := range 200 {
					c.AuthorizedIPRanges = append(c.AuthorizedIPRanges, fmt.Sprintf("203.0.%d.0/24", i))
				}
			},
			[]string{"aks.authorizedIpRanges", "200 ranges"},
		},
		"a service range that is none": {func(c *Cluster) { c.ServiceCIDR = "10.240" }, []string{`aks.serviceCidr: "10.240"`}},
		"too wide a service range":     {func(c *Cluster) { c.ServiceCIDR = "10.0.0.0/8" }, []string{"/12 or smaller"}},
		"too small a service range":    {func(c *Cluster) { c.ServiceCIDR = "10.240.0.0/28" }, []string{"more than a /27"}},
		"services on a reserved range": {func(c *Cluster) { c.ServiceCIDR = "172.16.0.0/12" }, []string{"172.30.0.0/16", "172.31.0.0/16"}},
		"no subnet":                    {func(c *Cluster) { c.SubnetID = "" }, []string{"network.subnets.aks"}},
		"no size for the system pool":  {func(c *Cluster) { c.System.VMSize = "" }, []string{"aks.systemPool.vmSize"}},
		"a single system node":         {func(c *Cluster) { c.System.Count = 1 }, []string{`aks.systemPool.count: "1"`, "2 to 10"}},
		"no size for a user pool":      {func(c *Cluster) { c.Infra.VMSize = "" }, []string{"aks.infraPool.vmSize"}},
		"an empty user pool":           {func(c *Cluster) { c.APIM.Min = 0 }, []string{`aks.apimPool.min: "0"`}},
		"a minimum above the maximum":  {func(c *Cluster) { c.APIM.Min = 7 }, []string{`aks.apimPool.min: "7"`, "aks.apimPool.max, 6"}},
		"too small a node disk":        {func(c *Cluster) { c.Infra.OSDiskGB = 29 }, []string{`aks.infraPool.osDiskGB: "29"`, "30 to 2048"}},
		"an abbreviated day":           {func(c *Cluster) { c.Maintenance.Day = "Sun" }, []string{`aks.maintenance.day: "Sun"`}},
		"an hour that does not exist":  {func(c *Cluster) { c.Maintenance.StartTime = "24:00" }, []string{`aks.maintenance.startTime: "24:00"`}},
		"too short a window":           {func(c *Cluster) { c.Maintenance.DurationHours = 3 }, []string{`aks.maintenance.durationHours: "3"`, "4 to 24"}},
		"a time zone by its name":      {func(c *Cluster) { c.Maintenance.UTCOffset = "CET" }, []string{`aks.maintenance.utcOffset: "CET"`}},
	} {
		t.Run(name, func(t *testing.T) {
			c := valid()
			test.breakIt(&c)
			err := c.Validate()
			if err == nil {
				t.Fatal("accepted")
			}
			for _, want := range test.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%q does not say %q", err, want)
				}
			}
		})
	}
}

func TestAllProblemsAreReportedAtOnce(t *testing.T) {
	err := Cluster{}.Validate()
	for _, key := range []string{
		"aks.kubernetesVersion", "aks.tier", "aks.networkPolicy", "aks.maxPods", "azure.tenantId", "aks.adminGroups",
		"aks.serviceCidr", "network.subnets.aks", "aks.systemPool.vmSize", "aks.systemPool.count", "aks.apimPool.vmSize",
		"aks.infraPool.max", "aks.maintenance.day",
	} {
		if err == nil || !strings.Contains(err.Error(), key+":") {
			t.Errorf("%s is missing from: %v", key, err)
		}
	}
}

func TestThePoolsFingerprintChangesWithWhatAKSCannotChange(t *testing.T) {
	base := valid().Pools()[0]
	for name, test := range map[string]struct {
		change func(*Pool)
		same   bool
	}{
		"another size":                      {func(p *Pool) { p.VMSize = "Standard_D8s_v5" }, false},
		"another disk size":                 {func(p *Pool) { p.OSDiskGB = 256 }, false},
		"fewer zones":                       {func(p *Pool) { p.Zones = []string{"1", "2"} }, false},
		"another number of pods":            {func(p *Pool) { p.MaxPods = 50 }, false},
		"another subnet":                    {func(p *Pool) { p.SubnetID += "2" }, false},
		"the same zones in another order":   {func(p *Pool) { p.Zones = []string{"3", "1", "2"} }, true},
		"the same size in another case":     {func(p *Pool) { p.VMSize = "standard_d4s_V5" }, true},
		"another minimum and maximum count": {func(p *Pool) { p.Min, p.Max = 1, 9 }, true},
	} {
		t.Run(name, func(t *testing.T) {
			changed := base
			test.change(&changed)
			if same := changed.Fingerprint() == base.Fingerprint(); same != test.same {
				t.Errorf("same fingerprint: %t, want %t", same, test.same)
			}
		})
	}
}

func TestPoolsAreLabelledWithTheirRole(t *testing.T) {
	var roles []string
	for _, p := range valid().Pools() {
		roles = append(roles, p.Labels()[PoolLabel])
	}
	if want := []string{"apimpool", "infrapool"}; !slices.Equal(roles, want) {
		t.Errorf("labels %v, want %v", roles, want)
	}
}

func TestThePolicyEngineDecidesTheDataplane(t *testing.T) {
	for policy, want := range map[string]string{Cilium: "cilium", Calico: "azure"} {
		if got := (Cluster{NetworkPolicy: policy}).Dataplane(); got != want {
			t.Errorf("%s runs on %s, want %s", policy, got, want)
		}
	}
}

func TestOnlyThePremiumTierHasLongTermSupport(t *testing.T) {
	for tier, want := range map[string]string{
		"Free": "KubernetesOfficial", "Standard": "KubernetesOfficial", "Premium": "AKSLongTermSupport",
	} {
		if got := (Cluster{Tier: tier}).SupportPlan(); got != want {
			t.Errorf("%s has %s, want %s", tier, got, want)
		}
	}
}

func TestTheDNSServiceIsTheTenthAddressOfTheServiceRange(t *testing.T) {
	for cidr, want := range map[string]string{"10.240.0.0/16": "10.240.0.10", "10.240.3.7/24": "10.240.3.10"} {
		if got, err := (Cluster{ServiceCIDR: cidr}).DNSServiceIP(); err != nil || got != want {
			t.Errorf("%s gives %s, %v; want %s", cidr, got, err, want)
		}
	}
	for _, cidr := range []string{"", "10.240.0.0/29"} {
		if got, err := (Cluster{ServiceCIDR: cidr}).DNSServiceIP(); err == nil {
			t.Errorf("%q gives %s, want an error", cidr, got)
		}
	}
}

func TestSingleAddressesBecomeRangesAndNoRangeIsListedTwice(t *testing.T) {
	c := Cluster{AuthorizedIPRanges: []string{"203.0.113.7", "198.51.100.0/24", "203.0.113.7/32"}}
	if got, want := c.AuthorizedRanges(), []string{"203.0.113.7/32", "198.51.100.0/24"}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

func TestDriftOfTheSystemPoolIsNamedWithItsWayOut(t *testing.T) {
	pool := SystemPool{VMSize: "Standard_D4s_v5", Count: 3}
	for name, test := range map[string]struct {
		size  string
		count int
		want  []string
	}{
		"nothing differs":               {"Standard_D4s_v5", 3, nil},
		"Azure writes the size its way": {"standard_d4s_V5", 3, nil},
		"another size":                  {"Standard_D8s_v5", 3, []string{"aks.systemPool: 3 x Standard_D4s_v5", "runs 3 x Standard_D8s_v5", "set vmSize back"}},
		"another count":                 {"Standard_D4s_v5", 2, []string{"aks.systemPool: 3 x Standard_D4s_v5", "runs 2 x Standard_D4s_v5", "--node-count 3"}},
	} {
		t.Run(name, func(t *testing.T) {
			got := pool.Drift(test.size, test.count)
			if test.want == nil && got != "" {
				t.Errorf("%q, want nothing", got)
			}
			for _, want := range test.want {
				if !strings.Contains(got, want) {
					t.Errorf("%q does not say %q", got, want)
				}
			}
		})
	}
}
