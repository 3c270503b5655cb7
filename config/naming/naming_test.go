package naming

import (
	"regexp"
	"strings"
	"testing"
)

var (
	short = Names{Project: "apim", Stack: "dev", Location: "westeurope"}
	long  = Names{
		Project:  "apim",
		Stack:    "a-stack-that-somebody-named-after-the-whole-of-their-organisation-and-its-department",
		Location: "germanywestcentral",
	}
)

func TestShortStacksGetReadableNames(t *testing.T) {
	for _, c := range []struct{ what, got, want string }{
		{"a resource is project, stack and role", short.Of("vnet"), "apim-dev-vnet"},
		{"a resource group ends in the region", short.ResourceGroup(), "apim-dev-westeurope"},
		{"the node resource group says so", short.NodeResourceGroup(), "apim-dev-westeurope-nodes"},
		{"the DNS prefix is project and stack", short.DNSPrefix(), "apim-dev"},
		{"a storage account prefix has no dashes", short.StorageAccountPrefix("events"), "apimdevevents"},
		{"a registry prefix has no dashes", short.RegistryPrefix(), "apimdev"},
		{"a database server prefix ends in mysql", short.MySQLServerPrefix(), "apim-dev-mysql"},
		{"upper case and dots are made legal", Names{"apim", "My.Dev", "westeurope"}.Of("vnet"), "apim-my-dev-vnet"},
		{"an underscore never ends up in a DNS prefix", Names{"apim", "dev_2", "westeurope"}.DNSPrefix(), "apim-dev-2"},
	} {
		t.Run(c.what, func(t *testing.T) {
			if c.got != c.want {
				t.Errorf("got %q, want %q", c.got, c.want)
			}
		})
	}
}

func TestEveryNameKeepsItsAzureRule(t *testing.T) {
	rules := []struct {
		what string
		rule string
		of   func(Names) string
	}{
		{"a resource", `^[a-z0-9][a-z0-9-]{0,61}[a-z0-9]$`, func(n Names) string { return n.Of("application-gateway") }},
		{"a resource group", `^[a-z0-9][a-z0-9-]{0,88}[a-z0-9]$`, Names.ResourceGroup},
		{"a node resource group", `^[a-z0-9][a-z0-9-]{0,78}[a-z0-9]$`, Names.NodeResourceGroup},
		{"a DNS prefix", `^[a-z0-9][a-z0-9-]{0,52}[a-z0-9]$`, Names.DNSPrefix},
		{"a storage account with its suffix", `^[a-z0-9]{3,24}$`, func(n Names) string { return n.StorageAccountPrefix("events") + "x1y2z3" }},
		{"a registry with its suffix", `^[a-z0-9]{5,50}$`, func(n Names) string { return n.RegistryPrefix() + "x1y2z3" }},
		{"a database server with its suffix", `^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$`, func(n Names) string { return n.MySQLServerPrefix() + "-x1y2z3" }},
		{"a node pool", `^[a-z][a-z0-9]{0,11}$`, func(n Names) string { return n.AgentPool("infrapool", "Standard_D2s_v5/128/1,2,3") }},
	}
	for _, r := range rules {
		for _, n := range []Names{short, long} {
			t.Run(r.what+" of stack "+n.Stack, func(t *testing.T) {
				name := r.of(n)
				if !regexp.MustCompile(r.rule).MatchString(name) || strings.Contains(name, "--") {
					t.Errorf("%q (%d characters) does not match %s", name, len(name), r.rule)
				}
			})
		}
	}
}

func TestLongNamesThatDifferOnlyAtTheEndStayDistinct(t *testing.T) {
	other := long
	other.Stack += "-2"
	for what, of := range map[string]func(Names) string{
		"resource": func(n Names) string { return n.Of("vnet") }, "resource group": Names.ResourceGroup,
		"DNS prefix": Names.DNSPrefix, "registry": Names.RegistryPrefix, "database server": Names.MySQLServerPrefix,
		"storage account": func(n Names) string { return n.StorageAccountPrefix("logs") },
	} {
		t.Run(what, func(t *testing.T) {
			if of(long) == of(other) {
				t.Errorf("both stacks get %q", of(long))
			}
		})
	}
	if long.Of("vnet") == long.Of("bastion") || long.StorageAccountPrefix("logs") == long.StorageAccountPrefix("events") {
		t.Error("two roles of a long stack share a name")
	}
}

func TestAPoolIsRenamedOnlyWhenItsFingerprintChanges(t *testing.T) {
	first, same, other := short.AgentPool("apimpool", "D4s_v5"), short.AgentPool("apimpool", "D4s_v5"), short.AgentPool("apimpool", "D8s_v5")
	if first != same {
		t.Errorf("the same settings gave %q and %q", first, same)
	}
	if first == other {
		t.Errorf("another VM size kept the name %q", first)
	}
	if !strings.HasPrefix(first, "apimpo") {
		t.Errorf("%q does not start with the role's letters", first)
	}
}

func TestARoleAssignmentIsNamedByScopeRoleAndIdentityName(t *testing.T) {
	const scope, role = "/subscriptions/s/resourceGroups/g", "7f951dda-4ed3-4680-a7ca-43fe172d538d"
	name := short.RoleAssignment(scope, role, "apim-dev-kubelet")
	// A version 5 UUID has a 5 in front of the third group and 8, 9, a or b in front of the fourth.
	if !regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`).MatchString(name) {
		t.Errorf("%q is not a version 5 UUID", name)
	}
	if again := short.RoleAssignment(strings.ToUpper(scope), role, "apim-dev-kubelet"); again != name {
		t.Error("resource IDs are case-insensitive, but another case gave another name")
	}
	for what, other := range map[string]string{
		"scope":    short.RoleAssignment(scope+"2", role, "apim-dev-kubelet"),
		"role":     short.RoleAssignment(scope, "acdd72a7-3385-48ef-bd42-f606fba81ae7", "apim-dev-kubelet"),
		"identity": short.RoleAssignment(scope, role, "apim-dev-control-plane"),
	} {
		if other == name {
			t.Errorf("another %s kept the name", what)
		}
	}
}
