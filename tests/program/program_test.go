// Package program_test runs the whole program against a recorder: every component at once, no engine, no cloud.
package program_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"apim-azure/config/badconfig"
	"apim-azure/stack"
)

// deployed runs a stack file, with changes by configuration path, and fails the test when the program refuses it.
func deployed(t *testing.T, stackName string, changes map[string]any) *recorder {
	t.Helper()
	raw, err := badconfig.FromFile("Pulumi." + stackName + ".yaml")
	if err != nil {
		t.Fatal(err)
	}
	raw["apim:secrets"] = secrets(t, raw)
	r, err := run(t, stackName, badconfig.Apply(raw, badconfig.Case{Set: changes}))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// secrets covers every host the tests use with one certificate.
func secrets(t *testing.T, raw map[string]string) string {
	t.Helper()
	var hosts []string
	for _, label := range []string{"anm", "api", "api-manager", "api-partners", "api-manager-partners"} {
		hosts = append(hosts, label+"."+raw["apim:domain"])
	}
	chain, key := badconfig.Certificate(hosts...)
	text, err := json.Marshal(map[string]string{"certificate": chain, "privateKey": key})
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// largeNodes have room for two groups at their largest.
const largeNodes = "Standard_D8s_v5"

// secondGroup adds a gateway group.
func secondGroup() map[string]any {
	return map[string]any{
		"workloads.groups[1].name": "partners", "workloads.groups[1].image": "apim/partners:7.7.20260831-1",
		"aks.apimPool.vmSize": largeNodes,
	}
}

func TestABadConfigurationRegistersNothing(t *testing.T) {
	base := badconfig.Base()
	cases := badconfig.Cases()
	if len(cases) < 60 {
		t.Fatalf("%d bad configurations: the table lost some", len(cases))
	}
	for _, c := range cases {
		t.Run(c.Name, func(t *testing.T) {
			stackName := c.Stack
			if stackName == "" {
				stackName = badconfig.Stack
			}
			r, err := run(t, stackName, badconfig.Apply(base, c))
			if err == nil {
				t.Fatal("the program accepted it")
			}
			for _, want := range c.Want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("the message lacks %q:\n%v", want, err)
				}
			}
			if len(r.resources) > 0 {
				t.Errorf("%d resources were registered before it was refused, the first is %s", len(r.resources), r.resources[0].Name)
			}
		})
	}
}

func TestSecretsInClearAreRefusedWithoutShowingThem(t *testing.T) {
	t.Setenv("PULUMI_CONFIG_SECRET_KEYS", "")
	raw := badconfig.Base()
	text, err := json.Marshal(raw)
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv(pulumi.EnvConfig, string(text))
	r := &recorder{}
	err = pulumi.RunErr(stack.Deploy, pulumi.WithMocks("apim", "prod", r))
	if err == nil || !strings.Contains(err.Error(), "secrets: [not shown]: is stored in clear") || strings.Contains(err.Error(), "BEGIN") {
		t.Errorf("got %v", err)
	}
	if len(r.resources) > 0 {
		t.Errorf("%d resources were registered", len(r.resources))
	}
}

func TestEveryResourceHasAnExplicitProviderOfItsPackage(t *testing.T) {
	for _, stackName := range []string{"dev", "prod"} {
		for _, res := range deployed(t, stackName, nil).custom() {
			pkg, _, _ := strings.Cut(res.Type, ":")
			if want := "pulumi:providers:" + pkg + "::"; !strings.Contains(res.Options.Provider, want) {
				t.Errorf("%s: %s %s has provider %q, want one of %s", stackName, res.Type, res.Name, res.Options.Provider, pkg)
			}
		}
	}
}

// alone are the resources that belong to the stack itself rather than to a component.
var alone = []string{"resource-group", "admin-ssh"}

func TestEveryResourceIsUnderAComponentThatItsNameStartsWith(t *testing.T) {
	for _, stackName := range []string{"dev", "prod"} {
		for _, res := range deployed(t, stackName, nil).custom() {
			if slices.Contains(alone, res.Name) {
				continue
			}
			parts := strings.Split(res.Options.Parent, "::")
			parentType, parentName := parts[len(parts)-2], parts[len(parts)-1]
			if !strings.Contains(parentType, "apim:") {
				t.Errorf("%s: %s %s is under %s, not under a component", stackName, res.Type, res.Name, parentType)
			}
			if !strings.HasPrefix(res.Name, parentName) {
				t.Errorf("%s: %s %s does not carry the name of its component %s", stackName, res.Type, res.Name, parentName)
			}
		}
	}
}

// untaggable are the resource types Azure keeps no tags for.
var untaggable = []string{
	"network:Subnet", "network:PrivateDnsZoneGroup", "privatedns:PrivateRecordSet", "dns:RecordSet",
	"containerservice:MaintenanceConfiguration", "authorization:RoleAssignment", "storage:FileShare", "storage:BlobContainer",
	"storage:ManagementPolicy", "managedidentity:FederatedIdentityCredential", "dbformysql:Configuration", "dbformysql:Database",
}

func TestEveryResourceThatTakesTagsCarriesTheStacks(t *testing.T) {
	want := map[string]string{"managed-by": "pulumi", "project": "apim", "stack": "prod", "cost-centre": "integration"}
	tagged := 0
	for _, res := range deployed(t, "prod", nil).custom() {
		token, azure := strings.CutPrefix(res.Type, "azure-native:")
		if !azure || slices.Contains(untaggable, token) {
			continue
		}
		tags := res.Inputs["tags"]
		if !tags.IsObject() {
			t.Errorf("%s %s has no tags", res.Type, res.Name)
			continue
		}
		for key, value := range want {
			if got := tags.ObjectValue()[resource.PropertyKey(key)]; !got.IsString() || got.StringValue() != value {
				t.Errorf("%s %s: tag %s is %v, want %s", res.Type, res.Name, key, got, value)
			}
		}
		tagged++
	}
	if tagged < 30 {
		t.Fatalf("%d tagged resources: this test is not testing anything", tagged)
	}
}

// guarded are the types that hold data or whose loss takes the platform down.
var guarded = []string{
	"azure-native:resources:ResourceGroup", "azure-native:containerservice:ManagedCluster",
	"azure-native:compute:Disk", "azure-native:dbformysql:Server", "azure-native:dbformysql:Database",
	"azure-native:storage:StorageAccount", "azure-native:storage:FileShare", "azure-native:storage:BlobContainer",
	"azure-native:containerregistry:Registry", "tls:index/selfSignedCert:SelfSignedCert",
	// A password that is made anew locks everybody out of the database that knows the old one; a suffix that is made anew names
	// another account.
	"random:index/randomPassword:RandomPassword", "random:index/randomString:RandomString",
}

func TestWhatHoldsDataIsProtectedUntilTheConfigurationLiftsIt(t *testing.T) {
	protected, lifted := deployed(t, "prod", nil), deployed(t, "prod", map[string]any{"protect": false})
	for _, token := range guarded {
		for _, res := range protected.ofType(t, token) {
			if !res.Options.Protect {
				t.Errorf("%s %s is not protected", token, res.Name)
			}
		}
	}
	for _, res := range protected.custom() {
		if strings.HasSuffix(res.Type, ":VirtualMachine") && strings.HasPrefix(res.Name, "cassandra") && !res.Options.Protect {
			t.Errorf("Cassandra machine %s is not protected", res.Name)
		}
	}
	for _, res := range lifted.custom() {
		if res.Options.Protect {
			t.Errorf("%s %s stays protected with protect: false, so the stack can't be destroyed", res.Type, res.Name)
		}
	}
}

func TestKubernetesObjectsGoWithTheCluster(t *testing.T) {
	objects := 0
	for _, res := range deployed(t, "prod", nil).custom() {
		if !strings.HasPrefix(res.Type, "kubernetes:") {
			continue
		}
		objects++
		if !strings.HasSuffix(res.Options.DeletedWith, "::cluster") {
			t.Errorf("%s %s is deleted with %q, want the cluster: deleting it from a cluster that is gone hangs", res.Type, res.Name, res.Options.DeletedWith)
		}
	}
	if objects < 20 {
		t.Fatalf("%d Kubernetes objects: this test is not testing anything", objects)
	}
}

// secretValues are what the recorder hands out as secrets, and what the configuration brings.
var secretValues = regexp.MustCompile(`^Mock-|key of |a2V5|PRIVATE KEY`)

func TestNoSecretIsAPlainInput(t *testing.T) {
	found := 0
	for _, stackName := range []string{"dev", "prod"} {
		for _, res := range deployed(t, stackName, nil).custom() {
			walk(resource.NewObjectProperty(res.Inputs), false, "", func(path, text string, secret bool) {
				if !secretValues.MatchString(text) {
					return
				}
				found++
				if !secret {
					t.Errorf("%s: %s %s%s holds a secret in clear", stackName, res.Type, res.Name, path)
				}
			})
		}
	}
	if found < 20 {
		t.Fatalf("%d secrets found in inputs: this test is not testing anything", found)
	}
}

// walk visits every text of a value and tells whether it is inside a secret.
func walk(v resource.PropertyValue, secret bool, path string, visit func(path, text string, secret bool)) {
	switch {
	case v.IsSecret():
		walk(v.SecretValue().Element, true, path, visit)
	case v.IsOutput():
		walk(v.OutputValue().Element, secret || v.OutputValue().Secret, path, visit)
	case v.IsString():
		visit(path, v.StringValue(), secret)
	case v.IsArray():
		for i, e := range v.ArrayValue() {
			walk(e, secret, path+"["+strconv.Itoa(i)+"]", visit)
		}
	case v.IsObject():
		for k, e := range v.ObjectValue() {
			walk(e, secret, path+"."+string(k), visit)
		}
	}
}

func TestSubnetsAreChangedOneAfterAnother(t *testing.T) {
	r := deployed(t, "prod", nil)
	chain := []string{"aks", "gateway", "data", "private-endpoints", "bastion"}
	for i, subnet := range chain[1:] {
		res := r.named(t, "azure-native:network:Subnet", "subnet-"+subnet)
		if !slices.ContainsFunc(res.Options.Dependencies, func(urn string) bool { return strings.HasSuffix(urn, "subnet-"+chain[i]) }) {
			t.Errorf("subnet %s does not wait for %s: Azure changes one subnet of a network at a time", subnet, chain[i])
		}
	}
	for _, res := range r.ofType(t, "azure-native:network:Subnet") {
		if v := res.Inputs["defaultOutboundAccess"]; !v.IsBool() || v.BoolValue() {
			t.Errorf("subnet %s lets machines out without the NAT gateway", res.Name)
		}
	}
}

func TestSlowResourcesMayTakeAnHour(t *testing.T) {
	r := deployed(t, "prod", nil)
	for _, token := range []string{
		"azure-native:containerservice:ManagedCluster", "azure-native:network:ApplicationGateway", "azure-native:dbformysql:Server",
	} {
		for _, res := range r.ofType(t, token) {
			if limit, err := time.ParseDuration(res.Options.CreateTimeout); err != nil || limit < time.Hour {
				t.Errorf("%s %s gives up after %q", token, res.Name, res.Options.CreateTimeout)
			}
		}
	}
}

func TestRoleAssignmentsAreNamedAndTypedForNewIdentities(t *testing.T) {
	guid := regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)
	seen := map[string]string{}
	for _, res := range deployed(t, "prod", nil).ofType(t, "azure-native:authorization:RoleAssignment") {
		name := res.Inputs["roleAssignmentName"].StringValue()
		if !guid.MatchString(name) {
			t.Errorf("%s is named %s, not by a name-based GUID", res.Name, name)
		}
		if other := seen[name]; other != "" {
			t.Errorf("%s and %s have the same name", res.Name, other)
		}
		seen[name] = res.Name
		if !res.Inputs["principalType"].IsString() {
			t.Errorf("%s has no principalType: Azure refuses principals it has not replicated yet", res.Name)
		}
	}
}

func TestPodsRunPinnedImagesOnTheirPool(t *testing.T) {
	for _, res := range deployed(t, "prod", nil).ofType(t, "kubernetes:apps/v1:Deployment") {
		text := fmt.Sprint(plain(resource.NewObjectProperty(res.Inputs)))
		if strings.Contains(text, ":latest") || !strings.Contains(text, "image:") {
			t.Errorf("%s runs an unpinned image: %s", res.Name, text)
		}
		if !strings.Contains(text, "apim.io/pool:apimpool") {
			t.Errorf("%s does not select the API management pool", res.Name)
		}
	}
}

func TestTheGatewaysDeploymentLeavesReplicasToItsAutoscaler(t *testing.T) {
	r := deployed(t, "prod", nil)
	gateway := r.named(t, "kubernetes:apps/v1:Deployment", "traffic-default-deployment")
	spec := plain(gateway.Inputs["spec"]).(map[string]any)
	if replicas, set := spec["replicas"]; set {
		t.Errorf("replicas is %v: every update would undo the autoscaler", replicas)
	}
	hpa := plain(r.named(t, "kubernetes:autoscaling/v2:HorizontalPodAutoscaler", "default-autoscaler").Inputs["spec"]).(map[string]any)
	if hpa["minReplicas"] != 3.0 || hpa["maxReplicas"] != 12.0 {
		t.Errorf("the autoscaler keeps %v to %v gateways, want 3 to 12", hpa["minReplicas"], hpa["maxReplicas"])
	}
}

// plain strips secrets and output wrappers.
func plain(v resource.PropertyValue) any {
	switch {
	case v.IsSecret():
		return plain(v.SecretValue().Element)
	case v.IsOutput():
		return plain(v.OutputValue().Element)
	case v.IsArray():
		out := make([]any, 0, len(v.ArrayValue()))
		for _, e := range v.ArrayValue() {
			out = append(out, plain(e))
		}
		return out
	case v.IsObject():
		out := map[string]any{}
		for k, e := range v.ObjectValue() {
			out[string(k)] = plain(e)
		}
		return out
	}
	return v.V
}

func TestARegionWithoutZonesGetsAnAvailabilitySet(t *testing.T) {
	r := deployed(t, "prod", map[string]any{"azure.location": "northcentralus"})
	set := r.ofType(t, "azure-native:compute:AvailabilitySet")[0]
	if plain(set.Inputs["platformFaultDomainCount"]) != 3.0 || plain(set.Inputs["platformUpdateDomainCount"]) != 3.0 {
		t.Errorf("the availability set has %v fault and %v update domains, want 3 and 3",
			set.Inputs["platformFaultDomainCount"], set.Inputs["platformUpdateDomainCount"])
	}
	for _, res := range r.custom() {
		for _, key := range []resource.PropertyKey{"zones", "availabilityZones", "availabilityZone"} {
			if v, ok := res.Inputs[key]; ok && !v.IsNull() {
				t.Errorf("%s %s has %s %v in a region without zones", res.Type, res.Name, key, plain(v))
			}
		}
		if sku := fmt.Sprint(plain(res.Inputs["sku"])); strings.Contains(sku, "ZRS") {
			t.Errorf("%s %s wants zone-redundant storage: %s", res.Type, res.Name, sku)
		}
	}
	server := plain(r.ofType(t, "azure-native:dbformysql:Server")[0].Inputs["highAvailability"]).(map[string]any)
	if server["mode"] != "SameZone" {
		t.Errorf("MySQL's standby is %v, want SameZone", server["mode"])
	}
	for _, res := range r.ofType(t, "azure-native:compute:VirtualMachine") {
		if strings.HasPrefix(res.Name, "cassandra") && plain(res.Inputs["availabilitySet"]) == nil {
			t.Errorf("%s is not in the availability set", res.Name)
		}
	}
}

func TestAnExistingResourceGroupIsUsedRatherThanCreated(t *testing.T) {
	r := deployed(t, "prod", map[string]any{"azure.resourceGroup": "shared-group"})
	placed := 0
	for _, res := range r.custom() {
		if res.Type == "azure-native:resources:ResourceGroup" {
			t.Errorf("the group %s is registered: destroying the stack would delete it", res.Name)
		}
		if group, ok := res.Inputs["resourceGroupName"]; ok {
			placed++
			if plain(group) != "shared-group" {
				t.Errorf("%s goes into %v", res.Name, plain(group))
			}
		}
	}
	if placed < 40 {
		t.Fatalf("%d resources are in a resource group: this test is not testing anything", placed)
	}
}

func TestCassandraNodesAreOneInEachZoneWithTheirDisks(t *testing.T) {
	r := deployed(t, "prod", nil)
	for i := range 3 {
		zone := []any{strconv.Itoa(i + 1)}
		for _, token := range []string{"VirtualMachine", "Disk"} {
			suffix := map[string]string{"VirtualMachine": "vm", "Disk": "disk"}[token]
			res := r.named(t, "azure-native:compute:"+token, fmt.Sprintf("cassandra-%d-%s", i+1, suffix))
			if got := plain(res.Inputs["zones"]); !reflect.DeepEqual(got, zone) {
				t.Errorf("%s is in zones %v, want %v", res.Name, got, zone)
			}
		}
	}
}

func TestTheLoadBalancerVariantBringsItsOwnAddressAndController(t *testing.T) {
	r := deployed(t, "prod", map[string]any{"ingress.controller": "loadBalancer"})
	for _, res := range r.custom() {
		if res.Type == "azure-native:network:ApplicationGateway" {
			t.Errorf("%s is registered next to the load balancer", res.Name)
		}
	}
	address := r.named(t, "azure-native:network:PublicIPAddress", "load-balancer-ip")
	release := r.ofType(t, "kubernetes:helm.sh/v3:Release")[0]
	if text := fmt.Sprint(plain(resource.NewObjectProperty(release.Inputs))); !strings.Contains(text, address.Inputs["publicIpAddressName"].StringValue()) {
		t.Errorf("Traefik's service does not ask for the address %v: %s", address.Inputs["publicIpAddressName"], text)
	}
	for _, res := range r.ofType(t, "kubernetes:networking.k8s.io/v1:Ingress") {
		if class := plain(res.Inputs["spec"]).(map[string]any)["ingressClassName"]; class != "nginx" {
			t.Errorf("%s is of class %v", res.Name, class)
		}
	}
}

func TestAnEntirelyPrivateStackPublishesAllThreeHostsByIngress(t *testing.T) {
	r := deployed(t, "dev", nil)
	var hosts []string
	for _, res := range r.ofType(t, "kubernetes:networking.k8s.io/v1:Ingress") {
		rules := plain(res.Inputs["spec"]).(map[string]any)["rules"].([]any)
		hosts = append(hosts, rules[0].(map[string]any)["host"].(string))
	}
	slices.Sort(hosts)
	if want := []string{"anm.dev.apim.example.com", "api-manager.dev.apim.example.com", "api.dev.apim.example.com"}; !slices.Equal(hosts, want) {
		t.Errorf("ingresses for %v, want %v", hosts, want)
	}
}

func TestAddingAGroupTouchesNothingOfTheOthers(t *testing.T) {
	before, after := byName(deployed(t, "prod", map[string]any{"aks.apimPool.vmSize": largeNodes})), byName(deployed(t, "prod", secondGroup()))
	added := 0
	for name, res := range after {
		old, existed := before[name]
		switch {
		case !existed && !strings.Contains(name, "partners"):
			t.Errorf("%s appeared, but does not belong to the new group", name)
		case !existed:
			added++
		case !reflect.DeepEqual(plain(resource.NewObjectProperty(old.Inputs)), plain(resource.NewObjectProperty(res.Inputs))):
			t.Errorf("%s changed:\n%v\n%v", name, plain(resource.NewObjectProperty(old.Inputs)), plain(resource.NewObjectProperty(res.Inputs)))
		}
	}
	for name := range before {
		if _, ok := after[name]; !ok {
			t.Errorf("%s went away", name)
		}
	}
	if added < 8 {
		t.Errorf("the new group brought %d resources", added)
	}
}

func byName(r *recorder) map[string]registered {
	out := map[string]registered{}
	for _, res := range r.custom() {
		// The ingress certificate is generated for each run of the test.
		if strings.HasSuffix(res.Name, "-certificate") {
			res.Inputs = nil
		}
		out[res.Type+" "+res.Name] = res
	}
	return out
}

func TestANewCassandraVersionChangesRunCommandsOnly(t *testing.T) {
	mirror := func(version string) map[string]any {
		return map[string]any{
			"cassandra.version": version, "cassandra.artifactUrl": "https://mirror.example.com/cassandra-" + version + ".tar.gz",
			"cassandra.artifactSha512": strings.Repeat("ab", 64),
		}
	}
	before, after := byName(deployed(t, "prod", mirror("2.2.12"))), byName(deployed(t, "prod", mirror("2.2.13")))
	if !slices.Equal(slices.Sorted(maps.Keys(before)), slices.Sorted(maps.Keys(after))) {
		t.Fatal("resources appeared or went away")
	}
	changed := 0
	for name, res := range after {
		if reflect.DeepEqual(plain(resource.NewObjectProperty(before[name].Inputs)), plain(resource.NewObjectProperty(res.Inputs))) {
			continue
		}
		changed++
		if !strings.Contains(name, "VirtualMachineRunCommandByVirtualMachine cassandra-") {
			t.Errorf("%s changed with Cassandra's version", name)
		}
	}
	if changed != 3 {
		t.Errorf("%d resources changed, want the three nodes' configuration", changed)
	}
}
