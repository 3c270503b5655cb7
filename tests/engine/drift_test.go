package engine_test

import (
	"slices"
	"strings"
	"testing"

	"apim-azure/tests/rehearsal/azure"
)

// TestDriftIsSeenAndPutRight changes resources behind the program's back: a refresh names them, an update puts them right.
func TestDriftIsSeenAndPutRight(t *testing.T) {
	t.Parallel()
	r := newRig(t, "dev", platform)
	r.up()
	r.pulumi("refresh", "--yes", "--skip-preview")
	changed := map[string]func(properties map[string]any){
		"/storageAccounts/apimdevevents": func(p map[string]any) { p["minimumTlsVersion"] = "TLS1_0" },
		"/networkSecurityGroups/apim-dev-nsg-data": func(p map[string]any) {
			p["securityRules"] = p["securityRules"].([]any)[1:]
		},
		"/virtualNetworks/apim-dev-vnet": func(p map[string]any) { p["tags"].(map[string]any)["stack"] = "someone else's" },
	}
	live := func(part string) azure.Resource {
		t.Helper()
		for _, res := range r.Subscription().Resources() {
			if i := strings.Index(res.ID, part); i >= 0 && !strings.Contains(res.ID[i+len(part):], "/") {
				return res
			}
		}
		t.Fatalf("there is no resource *%s*", part)
		return azure.Resource{}
	}
	for part, change := range changed {
		if err := r.Subscription().Modify(live(part).ID, change); err != nil {
			t.Fatal(err)
		}
	}
	var seen []string
	for _, s := range r.steps("refresh", "--preview-only", "--json") {
		seen = append(seen, s.name())
	}
	slices.Sort(seen)
	if want := []string{"events", "network-nsg-data", "network-vnet"}; !slices.Equal(seen, want) {
		t.Errorf("the refresh sees drift of %v, want %v", seen, want)
	}
	r.pulumi("up", "--yes", "--skip-preview", "--refresh")
	if tls := live("/storageAccounts/apimdevevents").Properties["minimumTlsVersion"]; tls != "TLS1_2" {
		t.Errorf("the events account still takes %v", tls)
	}
	if tag := live("/virtualNetworks/apim-dev-vnet").Properties["tags"].(map[string]any)["stack"]; tag != "dev" {
		t.Errorf("the network's tag stays %v", tag)
	}
	r.pulumi("refresh", "--yes", "--skip-preview", "--expect-no-changes")
	r.pulumi("preview", "--expect-no-changes")
}
