package config_test

import (
	"errors"
	"maps"
	"reflect"
	"slices"
	"sort"
	"strings"
	"testing"
	"time"

	"apim-azure/config"
	"apim-azure/config/badconfig"
)

func load(t *testing.T, stack string, raw map[string]string) *config.Config {
	t.Helper()
	c, _, err := config.Load(badconfig.Project, stack, raw)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestProductionsConfigurationIsAcceptedWithoutWarnings(t *testing.T) {
	c, warnings, err := config.Load(badconfig.Project, badconfig.Stack, badconfig.Base())
	if err != nil {
		t.Fatal(err)
	}
	if len(warnings) != 0 {
		t.Errorf("warnings: %q", warnings)
	}
	if c.Environment != "production" || !c.Protect || c.AKS.APIMPool.Max != 6 || c.Workloads.Groups[0].Gateway.MaxReplicas != 12 {
		t.Error("production does not run on the reference's figures")
	}
}

// developmentBase is the dev stack's configuration with a certificate for its hosts.
func developmentBase(t *testing.T) map[string]string {
	t.Helper()
	raw, err := badconfig.FromFile("Pulumi.dev.yaml")
	if err != nil {
		t.Fatal(err)
	}
	chain, key := badconfig.Certificate("*.dev.apim.example.com")
	return badconfig.Apply(raw, badconfig.Case{Set: map[string]any{"secrets.certificate": chain, "secrets.privateKey": key}})
}

func TestDevelopmentsConfigurationIsAcceptedWithoutWarnings(t *testing.T) {
	_, warnings, err := config.Load(badconfig.Project, "dev", developmentBase(t))
	if err != nil {
		t.Fatal(err)
	}
	if len(warnings) != 0 {
		t.Errorf("warnings: %q", warnings)
	}
}

func TestBadConfigurationsAreRefused(t *testing.T) {
	base, cases := badconfig.Base(), badconfig.Cases()
	if len(cases) < 80 {
		t.Fatalf("only %d cases", len(cases))
	}
	seen := map[string]bool{}
	for _, c := range cases {
		t.Run(c.Name, func(t *testing.T) {
			if seen[c.Name] {
				t.Error("two cases share this name")
			}
			seen[c.Name] = true
			stack := badconfig.Stack
			if c.Stack != "" {
				stack = c.Stack
			}
			got, _, err := config.Load(badconfig.Project, stack, badconfig.Apply(base, c))
			if err == nil || got != nil {
				t.Fatal("accepted")
			}
			for _, want := range c.Want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("the message does not contain %q:\n%v", want, err)
				}
			}
			checkMessage(t, err)
			for _, line := range strings.Split(err.Error(), "\n") {
				if !slices.ContainsFunc(c.Want, func(want string) bool { return strings.Contains(line, want) }) {
					t.Errorf("one fault is reported a second time: %q", line)
				}
			}
		})
	}
}

// checkMessage holds every message to the common form and keeps secrets out of it.
func checkMessage(t *testing.T, err error) {
	t.Helper()
	lines := strings.Split(err.Error(), "\n")
	for _, line := range lines {
		key, rest, _ := strings.Cut(line, ": ")
		if key == "" || !strings.Contains(rest, "; ") {
			t.Errorf("not of the form `key: value: rule; way out`: %q", line)
		}
		for _, secret := range []string{"hunter2", "BEGIN", "PRIVATE KEY"} {
			if strings.Contains(line, secret) {
				t.Errorf("the message shows a secret: %q", line)
			}
		}
	}
	if !sort.SliceIsSorted(lines, func(i, j int) bool { return keyOf(lines[i]) < keyOf(lines[j]) }) {
		t.Errorf("the problems are not sorted by key:\n%v", err)
	}
}

func keyOf(line string) string {
	key, _, _ := strings.Cut(line, ": ")
	return key
}

func TestEveryProblemIsReportedAsOne(t *testing.T) {
	_, _, err := config.Load(badconfig.Project, badconfig.Stack, badconfig.Apply(badconfig.Base(), badconfig.Case{
		Set: map[string]any{"network.subnets.data": "10.0.3.0/29", "environment": "development"},
	}))
	var p *config.Problem
	if !errors.As(err, &p) {
		t.Fatalf("%v is no *Problem", err)
	}
	want := config.Problem{
		Key: "network.subnets.data", Value: "10.0.3.0/29",
		Rule:   "holds 3 usable addresses, 4 needed (3 Cassandra nodes, 1 MySQL endpoint; Azure keeps 5 more)",
		WayOut: "use a /28 or larger",
	}
	if *p != want {
		t.Errorf("got %+v, want %+v", *p, want)
	}
}

func TestValuesComeInAnyFormPulumiStoresThemIn(t *testing.T) {
	base := badconfig.Base()
	for _, c := range []struct {
		what, path string
		value      any
		read       func(*config.Config) any
		want       any
	}{
		{"a number as text", "aks.maxPods", "32", func(c *config.Config) any { return c.AKS.MaxPods }, 32},
		{"a boolean as text", "jumpHost.publicIp", "true", func(c *config.Config) any { return c.JumpHost.PublicIP }, true},
		{"a top-level boolean", "protect", "true", func(c *config.Config) any { return c.Protect }, true},
		{"a version YAML took for a number", "mysql.version", 8.4, func(c *config.Config) any { return c.MySQL.Version }, "8.4"},
		{"cores as a number", "workloads.anm.cpu", 2, func(c *config.Config) any { return c.Workloads.ANM.CPU }, "2"},
		{"a section with nothing in it", "monitoring", "", func(c *config.Config) any { return c.Monitoring.RetentionDays }, 30},
		{"a section that is null", "monitoring", "null", func(c *config.Config) any { return c.Monitoring.RetentionDays }, 30},
		{"a nested section that is null", "aks.maintenance", nil, func(c *config.Config) any { return c.AKS.Maintenance.Day }, "Sunday"},
		{"a list that is null", "workloads.groups[0].backends", nil, func(c *config.Config) any { return len(c.Workloads.Groups[0].Backends) }, 0},
		{"an empty value stands for its default", "aks.maxPods", nil, func(c *config.Config) any { return c.AKS.MaxPods }, 30},
		{"an address without a mask in the registry's firewall", "registry.allowedIps", []string{"203.0.113.9"}, func(c *config.Config) any { return c.Registry.AllowedIPs[0] }, "203.0.113.9"},
	} {
		t.Run(c.what, func(t *testing.T) {
			got := c.read(load(t, badconfig.Stack, badconfig.Apply(base, badconfig.Case{Set: map[string]any{c.path: c.value}})))
			if got != c.want {
				t.Errorf("got %v, want %v", got, c.want)
			}
		})
	}
}

func TestAKeyPastedInTheWrongPlaceIsNotShown(t *testing.T) {
	_, key := badconfig.Certificate("a.example.com")
	for _, path := range []string{"domain", "workloads.anm.image", "aks.maxPods"} {
		_, _, err := config.Load(badconfig.Project, badconfig.Stack, badconfig.Apply(badconfig.Base(), badconfig.Case{Set: map[string]any{path: key}}))
		if err == nil || !strings.Contains(err.Error(), path+": [PEM, not shown]: ") {
			t.Errorf("%s: %v", path, err)
		}
	}
}

func TestKeysOfOtherNamespacesAreIgnored(t *testing.T) {
	raw := badconfig.Base()
	raw["pulumi:disable-default-providers"], raw["aws:region"] = `["*"]`, "nowhere"
	load(t, badconfig.Stack, raw)
}

func TestThePlatformStageNeedsNoSecretsNorGroups(t *testing.T) {
	load(t, badconfig.Stack, badconfig.Apply(badconfig.Base(), badconfig.Case{
		Set: map[string]any{"secrets": badconfig.Remove, "workloads": badconfig.Remove},
	}))
}

func TestWarningsSayWhatIsAgeingOrUnguarded(t *testing.T) {
	base := badconfig.Base()
	chain, key := badconfig.CertificateUntil(time.Now().AddDate(0, 0, 10), "*.apim.example.com")
	for _, c := range []struct {
		what string
		set  map[string]any
		want string
	}{
		{"the reference's worker size", map[string]any{"aks.apimPool.vmSize": "Standard_DS3_v2"}, "aks.apimPool.vmSize: Standard_DS3_v2: it retires on 2028-05-01 and new subscriptions may not get it; use a v5 size"},
		{"the reference's infrastructure size", map[string]any{"aks.infraPool.vmSize": "Standard_D2_v3"}, "aks.infraPool.vmSize: Standard_D2_v3: it is of a previous generation"},
		{"the reference's database machine", map[string]any{"cassandra.vmSize": "Standard_D4s_v3"}, "cassandra.vmSize: Standard_D4s_v3: it is of a previous generation"},
		{"an old MySQL", map[string]any{"mysql.version": "8.0.21"}, "mysql.version: 8.0.21: standard support ends"},
		{"protection lifted", map[string]any{"protect": false}, "protect: false: nothing guards"},
		{"a jump host nobody reaches", map[string]any{"jumpHost.adminCidrs": []string{"203.0.113.0/24"}}, "jumpHost.adminCidrs: [203.0.113.0/24]: are Internet addresses"},
		{"payloads in the logs", map[string]any{"workloads.traceLevel": "DATA"}, "workloads.traceLevel: DATA: writes the payloads"},
		{"a public administration console", map[string]any{"ingress.anmExposure": "public"}, "ingress.anmExposure: public: Admin Node Manager"},
		{"a certificate near its end", map[string]any{"secrets.certificate": chain, "secrets.privateKey": key}, "secrets.certificate: expires on 20"},
		{"a pair that is opened on request", map[string]any{"azure.location": "francecentral"}, "registry.geoReplication: true: the paired region, francesouth"},
	} {
		t.Run(c.what, func(t *testing.T) {
			_, warnings, err := config.Load(badconfig.Project, badconfig.Stack, badconfig.Apply(base, badconfig.Case{Set: c.set}))
			if err != nil {
				t.Fatal(err)
			}
			if len(warnings) != 1 || !strings.HasPrefix(warnings[0], c.want) {
				t.Errorf("got %q, want one starting with %q", warnings, c.want)
			}
		})
	}
}

func TestRegionsWithoutAPairMayDoWithoutGeoRedundancyInProduction(t *testing.T) {
	load(t, badconfig.Stack, badconfig.Apply(badconfig.Base(), badconfig.Case{
		Set: map[string]any{"azure.location": "italynorth", "registry.geoReplication": false, "mysql.geoRedundantBackup": false},
	}))
}

func TestSecretKeysAreThoseOfTheSecretsSection(t *testing.T) {
	want := []string{"secrets.adminUsers", "secrets.certificate", "secrets.license", "secrets.privateKey", "secrets.registryPassword", "secrets.registryUsername"}
	if got := config.SecretKeys(); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if n := reflect.TypeFor[config.Secrets]().NumField(); n != len(want) {
		t.Errorf("%d secrets are declared, %d are tagged", n, len(want))
	}
}

func TestApplyLeavesTheBaseAlone(t *testing.T) {
	base := badconfig.Base()
	before := maps.Clone(base)
	for _, c := range badconfig.Cases() {
		badconfig.Apply(base, c)
	}
	if !maps.Equal(base, before) {
		t.Error("a case changed the base")
	}
}
