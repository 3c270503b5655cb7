package plan

import (
	"strings"
	"testing"
)

func TestSettingsTheRegistryTakesAreAccepted(t *testing.T) {
	for name, r := range map[string]Registry{
		"nothing but a region":        {Location: "westeurope"},
		"a worker by address":         {AllowedIPs: []string{"203.0.113.7"}},
		"workers by range":            {AllowedIPs: []string{"203.0.113.0/24"}, UntaggedRetentionDays: 365},
		"a copy in the paired region": {Location: "westeurope", Replica: Replica{Location: "northeurope", ZoneRedundant: true}},
	} {
		t.Run(name, func(t *testing.T) {
			if err := r.Validate(); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestSettingsTheRegistryRefusesAreNamedWithTheirKey(t *testing.T) {
	for name, test := range map[string]struct {
		registry Registry
		want     string
	}{
		"retention below nothing":          {Registry{UntaggedRetentionDays: -1}, "registry.untaggedRetentionDays: -1"},
		"retention beyond a year":          {Registry{UntaggedRetentionDays: 366}, "registry.untaggedRetentionDays: 366"},
		"a copy beside the original":       {Registry{Location: "westeurope", Replica: Replica{Location: "WestEurope"}}, "registry.geoReplication"},
		"a worker by its name":             {Registry{AllowedIPs: []string{"ci.example.com"}}, `registry.allowedIps: "ci.example.com"`},
		"an IPv6 worker":                   {Registry{AllowedIPs: []string{"2001:db8::1"}}, "IPv4 only"},
		"a range with host bits":           {Registry{AllowedIPs: []string{"203.0.113.7/24"}}, "use 203.0.113.0/24"},
		"everyone":                         {Registry{AllowedIPs: []string{"0.0.0.0/0"}}, "opens the registry to everyone"},
		"a worker inside the network":      {Registry{AllowedIPs: []string{"10.0.0.4"}}, "private endpoint"},
		"more rules than a registry holds": {Registry{AllowedIPs: make([]string, 201)}, "registry.allowedIps: 201 entries"},
	} {
		t.Run(name, func(t *testing.T) {
			err := test.registry.Validate()
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("%v does not say %q", err, test.want)
			}
		})
	}
}

func TestAllProblemsOfTheRegistryAreReportedAtOnce(t *testing.T) {
	err := Registry{
		Location:              "westeurope",
		AllowedIPs:            []string{"office", "10.0.0.0/8"},
		UntaggedRetentionDays: 400,
		Replica:               Replica{Location: "westeurope"},
	}.Validate()
	for _, want := range []string{`"office"`, `"10.0.0.0/8"`, "untaggedRetentionDays", "geoReplication"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s is missing from: %v", want, err)
		}
	}
}
