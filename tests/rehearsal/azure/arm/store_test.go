package arm

import (
	"context"
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"apim-azure/tests/rehearsal/azure/schema"
)

func TestEveryFixtureIsAccepted(t *testing.T) {
	s := build(t, "")
	if len(s.All()) < len(fixtures) {
		t.Fatalf("%d resources for %d fixtures", len(s.All()), len(fixtures))
	}
}

func TestEveryTypeHasAFixture(t *testing.T) {
	have := firstOf()
	for _, token := range Tokens() {
		if _, ok := have[token]; !ok {
			t.Errorf("no fixture for %s", token)
		}
	}
}

func TestFixturesFitTheSDK(t *testing.T) {
	shapes, err := schema.Load()
	if err != nil {
		t.Fatal(err)
	}
	s := build(t, "")
	for _, f := range fixtures {
		for _, failure := range shapes.Check(f.token, f.inputs(s), func(any) bool { return false }) {
			t.Errorf("%s: %s", f.name, failure.Reason)
		}
	}
}

func TestEveryTypeIsInTheSchemaWithItsSettings(t *testing.T) {
	shapes, err := schema.Load()
	if err != nil {
		t.Fatal(err)
	}
	for _, token := range Tokens() {
		inputs := shapes.Resources[token].Inputs
		for _, path := range slices.Concat(Lookup(token).Parameters(), Lookup(token).ForceNew, Lookup(token).Immutable, Lookup(token).Required, Lookup(token).WriteOnly, Lookup(token).Keep) {
			top, _, _ := strings.Cut(path, ".")
			if _, known := inputs[top]; !known {
				t.Errorf("%s has no input %s", token, top)
			}
		}
	}
}

func TestEveryFixtureCanBeSentAgain(t *testing.T) {
	s := build(t, "")
	for _, f := range fixtures {
		before := mustGet(t, s, mustID(t, Lookup(f.token), f.inputs(s)))
		put(t, s, f)
		after := mustGet(t, s, before.ID)
		if !same(before.Properties, after.Properties) {
			t.Errorf("%s changes when it is sent again:\n%v\n%v", f.name, before.Properties, after.Properties)
		}
	}
}

func mustGet(t *testing.T, s *Store, id string) Resource {
	t.Helper()
	r, err := s.Get(id)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestIDsMatchTheirTypesPath(t *testing.T) {
	s := build(t, "")
	for _, f := range fixtures {
		typ, inputs := Lookup(f.token), f.inputs(s)
		found := typ.Match(strings.ToUpper(mustID(t, typ, inputs)))
		for _, name := range typ.Parameters() {
			if !strings.EqualFold(found[name], text(inputs, name)) {
				t.Errorf("%s: %s is %q, want %q", f.name, name, found[name], text(inputs, name))
			}
		}
	}
}

func remove(t *testing.T, s *Store, name string) []Resource {
	t.Helper()
	f := byName(t, name)
	removed, err := s.Delete(context.Background(), Lookup(f.token), mustID(t, Lookup(f.token), f.inputs(s)), atOnce)
	if err != nil {
		t.Fatalf("deleting %s: %v", name, err)
	}
	return removed
}

func TestFixturesCanBeDeletedInReverseOrder(t *testing.T) {
	s := build(t, "")
	ids := make([]string, len(fixtures))
	for i, f := range fixtures { // role assignments name principals that go first
		ids[i] = mustID(t, Lookup(f.token), f.inputs(s))
	}
	for i, f := range slices.Backward(fixtures) {
		if _, err := s.Delete(context.Background(), Lookup(f.token), ids[i], atOnce); err != nil {
			t.Fatalf("deleting %s: %v", f.name, err)
		}
	}
	if left := s.All(); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestDeletingTheGroupDeletesEverything(t *testing.T) {
	s := build(t, "")
	removed := remove(t, s, "group")
	if left := s.All(); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
	if !slices.ContainsFunc(removed, func(r Resource) bool { return r.ID == clusterID }) {
		t.Error("the cluster isn't among what was removed")
	}
}

func TestAClusterBringsItsGroupAndPools(t *testing.T) {
	s := build(t, "")
	cluster := mustGet(t, s, clusterID)
	var names []string
	for _, pool := range objects(cluster.Properties, "agentPoolProfiles") {
		names = append(names, text(pool, "name"))
	}
	if !slices.Equal(names, []string{"system", "apim0a1b2c"}) {
		t.Errorf("the cluster shows pools %v", names)
	}
	if text(cluster.Properties, "currentKubernetesVersion") != "1.36.3" || !strings.HasPrefix(text(cluster.Properties, "oidcIssuerProfile.issuerURL"), "https://westeurope.oic.") {
		t.Errorf("version %v, issuer %v", cluster.Properties["currentKubernetesVersion"], cluster.Properties["oidcIssuerProfile"])
	}
	for _, name := range []string{"maintenance", "pool", "cluster"} {
		remove(t, s, name)
	}
	if _, err := s.Get("/subscriptions/" + subscription + "/resourceGroups/rg-nodes"); CodeOf(err) != "ResourceNotFound" {
		t.Errorf("the node resource group outlives its cluster: %v", err)
	}
}

func TestAPoolLeftOutOfARequestStays(t *testing.T) {
	s := build(t, "")
	put(t, s, byName(t, "cluster"))
	if _, err := s.Get(clusterID + "/agentPools/apim0a1b2c"); err != nil {
		t.Error(err)
	}
}

func TestAStalePoolListIsRefusedOnceAPoolIsGone(t *testing.T) {
	s := build(t, "")
	inputs := byName(t, "cluster").inputs(s)
	inputs["agentPoolProfiles"] = mustGet(t, s, clusterID).Properties["agentPoolProfiles"]
	remove(t, s, "pool")
	// azure-native re-sends ignored lists in full.
	_, _, err := s.Put(context.Background(), Lookup("azure-native:containerservice:ManagedCluster"), subscription, inputs, atOnce)
	if err == nil || !strings.Contains(err.Error(), "A new agent pool was introduced: 'apim0a1b2c'") {
		t.Errorf("got %v", err)
	}
}

func TestAnEndpointTakesAnAddressAndNamesItsTarget(t *testing.T) {
	s := build(t, "")
	endpoint := mustGet(t, s, netID+"privateEndpoints/mysql-endpoint")
	names := objects(endpoint.Properties, "customDnsConfigs")
	if len(names) != 1 || text(names[0], "fqdn") != "mysql-abc123.mysql.database.azure.com" || texts(names[0], "ipAddresses")[0] != "10.0.3.4" {
		t.Errorf("names: %v", names)
	}
	configs := objects(mustGet(t, s, endpoint.ID+"/privateDnsZoneGroups/default").Properties, "privateDnsZoneConfigs")
	record := objects(configs[0], "recordSets")[0]
	if text(record, "fqdn") != "mysql-abc123.privatelink.mysql.database.azure.com" || texts(record, "ipAddresses")[0] != "10.0.3.4" {
		t.Errorf("record: %v", record)
	}
}

func TestARegistryEndpointTakesAnAddressPerRegion(t *testing.T) {
	s := build(t, "")
	also("endpoint", Object{"privateEndpointName": "images", "privateLinkServiceConnections.0": Object{"name": "r", "privateLinkServiceId": registryID, "groupIds": []any{"registry"}}})(t, s)
	var seen []string
	for _, name := range objects(mustGet(t, s, netID+"privateEndpoints/images").Properties, "customDnsConfigs") {
		seen = append(seen, text(name, "fqdn")+" "+texts(name, "ipAddresses")[0])
	}
	want := []string{"registryabc123.azurecr.io 10.0.3.5", "registryabc123.westeurope.data.azurecr.io 10.0.3.6", "registryabc123.northeurope.data.azurecr.io 10.0.3.7"}
	if !slices.Equal(seen, want) {
		t.Errorf("got %v", seen)
	}
}

func TestSecretsAreNeverShown(t *testing.T) {
	s := build(t, "")
	for _, r := range s.All() {
		typ := Lookup(r.Token)
		if typ == nil {
			continue
		}
		for _, path := range typ.WriteOnly {
			if has(r.Properties, path) {
				t.Errorf("%s shows %s", r.ID, path)
			}
		}
	}
}

func TestAnOSDiskStaysUnlessToldToGo(t *testing.T) {
	disk := group + "/providers/" + typeDisk + "/vm-os"
	for _, c := range []struct {
		option string
		gone   bool
	}{{"Delete", true}, {"Detach", false}} {
		s := build(t, "vm")
		also("vm", Object{"storageProfile.osDisk.deleteOption": c.option})(t, s)
		mustGet(t, s, disk)
		remove(t, s, "vm")
		if _, err := s.Get(disk); (err != nil) != c.gone {
			t.Errorf("deleteOption %s: %v", c.option, err)
		}
	}
}

func TestADiskShowsWhoHasIt(t *testing.T) {
	s := build(t, "")
	p := mustGet(t, s, group+"/providers/"+typeDisk+"/data").Properties
	if text(p, "diskState") != "Attached" || text(p, "managedBy") != vmID {
		t.Errorf("state %v, managed by %v", p["diskState"], p["managedBy"])
	}
}

func TestARecreatedIdentityIsAnotherPrincipal(t *testing.T) {
	s := build(t, "")
	also("kubelet-identity", Object{"resourceName": "spare"})(t, s)
	before := principal(s, "spare")
	if _, err := s.Delete(context.Background(), Lookup("azure-native:managedidentity:UserAssignedIdentity"), group+"/providers/"+typeIdentity+"/spare", atOnce); err != nil {
		t.Fatal(err)
	}
	also("kubelet-identity", Object{"resourceName": "spare"})(t, s)
	if principal(s, "spare") == before {
		t.Error("the principal stayed")
	}
	if again := build(t, ""); principal(again, "kubelet-identity") != principal(s, "kubelet-identity") {
		t.Error("two rehearsals of the same thing differ")
	}
}

func TestPublicAddressesAreDocumentationOnes(t *testing.T) {
	s := build(t, "")
	a, b := text(mustGet(t, s, netID+"publicIPAddresses/nat-ip").Properties, "ipAddress"), text(mustGet(t, s, netID+"publicIPAddresses/gateway-ip").Properties, "ipAddress")
	if a == b || !strings.HasPrefix(a, "203.0.113.") || !strings.HasPrefix(b, "203.0.113.") {
		t.Errorf("got %s and %s", a, b)
	}
}

func TestGatewayPartsGetIDs(t *testing.T) {
	s := build(t, "")
	p := mustGet(t, s, gatewayID).Properties
	if got := text(objects(p, "httpListeners")[0], "frontendPort.id"); got != gatewayID+"/frontendPorts/http" {
		t.Errorf("$self became %s", got)
	}
	if got := text(objects(p, "frontendPorts")[0], "id"); got != gatewayID+"/frontendPorts/http" {
		t.Errorf("the port's ID is %s", got)
	}
}

// held lets requests wait until they are let go, and tells when one has begun.
type held struct {
	begun   chan struct{}
	release chan struct{}
}

func newHeld() held { return held{make(chan struct{}, 8), make(chan struct{})} }

func (h held) wait(context.Context, float64) error {
	h.begun <- struct{}{}
	<-h.release
	return nil
}

func TestRequestsRunIntoEachOther(t *testing.T) {
	for _, c := range []struct {
		says          string
		first, second string
		changes       Object // of the second
		code          string // "" where both go through
	}{
		{"two subnets of a network", "data-subnet", "gateway-subnet", nil, "AnotherOperationInProgress"},
		{"a network and its subnet", "vnet", "data-subnet", nil, "AnotherOperationInProgress"},
		{"a resource and itself", "nsg", "nsg", nil, "AnotherOperationInProgress"},
		{"two children of a server", "database", "configuration", nil, "ServerBusy"},
		{"a server and its child", "mysql", "database", nil, "ServerBusy"},
		{"a private endpoint to a server and its child", "endpoint", "configuration", nil, "ServerBusy"},
		{"two private endpoints to one target", "endpoint", "endpoint", Object{"privateEndpointName": "two", "subnet.id": vnetID + "/subnets/gateway"}, "ServerBusy"},
		{"two private endpoints in a subnet", "endpoint", "endpoint", Object{"privateEndpointName": "two",
			"privateLinkServiceConnections.0.privateLinkServiceId": registryID, "privateLinkServiceConnections.0.groupIds.0": "registry"}, "RetryableError"},
		{"a private endpoint in a changing subnet", "data-subnet", "endpoint", nil, "RetryableError"},
		{"an interface in a network of which another subnet changes", "gateway-subnet", "nic", nil, "RetryableError"},
		{"a gateway while its address changes", "gateway-ip", "gateway", nil, "RetryableError"},
		{"a gateway and another writer of it", "gateway", "gateway", nil, "AnotherOperationInProgress"},
		{"a share while its account changes", "account", "share", nil, "StorageAccountOperationInProgress"},
		{"two shares of an account", "share", "share", Object{"shareName": "other"}, ""},
		{"an extension while its machine changes", "vm", "extension", nil, "OperationNotAllowed"},
		{"an extension beside a run command", "extension", "command", nil, ""},
		{"two replications of a registry", "replication", "replication", Object{"replicationName": "uksouth", "location": "uksouth"}, "AnotherOperationInProgress"},
		{"two credentials of an identity", "federation", "federation", Object{"federatedIdentityCredentialResourceName": "two", "subject": "x"}, "ConcurrentFederatedIdentityCredentialsWritesForSingleManagedIdentity"},
		{"a pool while its cluster changes", "cluster", "pool", nil, "OperationNotAllowed"},
		{"a cluster while its pool changes", "pool", "cluster", nil, "OperationNotAllowed"},
		{"two pools side by side", "pool", "pool", Object{"agentPoolName": "other"}, ""},
		{"two unrelated resources", "nsg", "vnet", nil, ""},
	} {
		t.Run(c.says, func(t *testing.T) {
			s, h := build(t, ""), newHeld()
			first := byName(t, c.first)
			inputs := first.inputs(s)
			var group sync.WaitGroup
			group.Go(func() {
				if _, _, err := s.Put(context.Background(), Lookup(first.token), subscription, inputs, h.wait); err != nil {
					t.Errorf("the first request: %v", err)
					h.begun <- struct{}{}
				}
			})
			<-h.begun
			second := byName(t, c.second)
			inputs = second.inputs(s)
			for path, to := range c.changes {
				change(inputs, path, to)
			}
			_, _, err := s.Put(context.Background(), Lookup(second.token), subscription, inputs, atOnce)
			close(h.release)
			group.Wait()
			if CodeOf(err) != c.code {
				t.Errorf("the second request: %v, want code %q", err, c.code)
			}
		})
	}
}

func TestAnAbandonedRequestIsStillCarriedOut(t *testing.T) {
	s := build(t, "nsg")
	f := byName(t, "nsg")
	gone := errors.New("client gone")
	id, accepted, err := s.Put(context.Background(), Lookup(f.token), subscription, f.inputs(s), func(context.Context, float64) error { return gone })
	if !accepted || !errors.Is(err, gone) {
		t.Fatalf("accepted %v, error %v", accepted, err)
	}
	if r := mustGet(t, s, id); r.State != "Succeeded" {
		t.Errorf("state %s", r.State)
	}
}

func TestAKilledProcessLeavesAzureToFinish(t *testing.T) {
	path := filepath.Join(t.TempDir(), "deep", "state.json")
	s, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	s.Subscription = subscription
	for _, f := range fixtures[:3] {
		put(t, s, f)
	}
	h := newHeld()
	var requests sync.WaitGroup
	defer requests.Wait()
	defer close(h.release)
	ip, nsg := byName(t, "nat-ip"), byName(t, "nsg")
	inputs := ip.inputs(s)
	requests.Go(func() { _, _, _ = s.Put(context.Background(), Lookup(ip.token), subscription, inputs, h.wait) })
	<-h.begun
	requests.Go(func() {
		_, _ = s.Delete(context.Background(), Lookup(nsg.token), netID+"networkSecurityGroups/nsg", h.wait)
	})
	<-h.begun
	reopened, err := Open(path) // as a new process would, with the two requests under way
	if err != nil {
		t.Fatal(err)
	}
	if r := mustGet(t, reopened, netID+"publicIPAddresses/nat-ip"); r.State != "Succeeded" {
		t.Errorf("what was being created is %s", r.State)
	}
	if _, err := reopened.Get(netID + "networkSecurityGroups/nsg"); CodeOf(err) != "ResourceNotFound" {
		t.Errorf("what was being deleted: %v", err)
	}
}

func TestAWholeSubscriptionSurvivesItsFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.json")
	s := build(t, "")
	s.file = path
	if err := s.Modify(vnetID, func(Object) {}); err != nil { // any change saves
		t.Fatal(err)
	}
	again, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	a, b := s.All(), again.All()
	if len(a) != len(b) {
		t.Fatalf("%d resources became %d", len(a), len(b))
	}
	for i := range a {
		if a[i].ID != b[i].ID || !same(a[i].Properties, b[i].Properties) {
			t.Errorf("%s changed on the way:\n%v\n%v", a[i].ID, a[i].Properties, b[i].Properties)
		}
	}
}
