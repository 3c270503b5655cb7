package azure

import (
	"context"
	"errors"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"
	"github.com/pulumi/pulumi/sdk/v3/go/common/util/rpcutil/rpcerror"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"

	"apim-azure/tests/rehearsal/azure/arm"
)

const subscriptionID = "00000000-0000-4000-8000-000000000001"

// session drives a provider the way an engine does.
type session struct {
	*testing.T
	subscription *Subscription
	plugin.Provider
}

type object = map[string]any

func start(t *testing.T, options Options) session {
	t.Helper()
	options.SubscriptionID = subscriptionID
	s, err := NewSubscription(options)
	if err != nil {
		t.Fatal(err)
	}
	p := s.Provider()
	if _, err := p.Configure(t.Context(), plugin.ConfigureRequest{}); err != nil {
		t.Fatal(err)
	}
	return session{t, s, p}
}

func urn(token, name string) resource.URN {
	return resource.NewURN("dev", "apim", "", tokens.Type(token), name)
}

// checked runs Check and returns the inputs it made; failures end the test.
func (s session) checked(token string, inputs object) resource.PropertyMap {
	s.Helper()
	res, err := s.Check(s.Context(), plugin.CheckRequest{URN: urn(token, "x"), News: resource.NewPropertyMapFromMap(inputs)})
	if err != nil || len(res.Failures) > 0 {
		s.Fatalf("check %s: %v %v", token, err, res.Failures)
	}
	return res.Properties
}

// made is a created resource as the state file has it.
type made struct {
	token   string
	id      resource.ID
	inputs  resource.PropertyMap
	outputs resource.PropertyMap
}

func (s session) create(token string, inputs object) made {
	s.Helper()
	in := s.checked(token, inputs)
	res, err := s.Create(s.Context(), plugin.CreateRequest{URN: urn(token, "x"), Properties: in})
	if err != nil {
		s.Fatalf("create %s: %v", token, err)
	}
	return made{token, res.ID, in, res.Properties}
}

func (s session) diff(m made, inputs object) plugin.DiffResult {
	s.Helper()
	res, err := s.Diff(s.Context(), plugin.DiffRequest{URN: urn(m.token, "x"), ID: m.id, OldInputs: m.inputs, OldOutputs: m.outputs, NewInputs: s.checked(m.token, inputs)})
	if err != nil {
		s.Fatal(err)
	}
	return res
}

func (s session) read(m made) plugin.ReadResponse {
	s.Helper()
	res, err := s.Read(s.Context(), plugin.ReadRequest{URN: urn(m.token, "x"), ID: m.id, Inputs: m.inputs, State: m.outputs})
	if err != nil {
		s.Fatal(err)
	}
	return res
}

const (
	groupToken = "azure-native:resources:ResourceGroup"
	vnetToken  = "azure-native:network:VirtualNetwork"
	natIPToken = "azure-native:network:PublicIPAddress"
)

func group() object { return object{"resourceGroupName": "rg", "location": "westeurope"} }

func address() object {
	return object{"resourceGroupName": "rg", "publicIpAddressName": "ip", "sku": object{"name": "Standard"}, "publicIPAllocationMethod": "Static", "tags": object{"stack": "dev"}}
}

func network() object {
	return object{"resourceGroupName": "rg", "virtualNetworkName": "vnet", "addressSpace": object{"addressPrefixes": []any{"10.0.0.0/22"}}}
}

func TestCheckFillsInLocationAndVersion(t *testing.T) {
	s := start(t, Options{})
	s.create(groupToken, group())
	in := s.checked(natIPToken, address())
	if in["location"].StringValue() != "westeurope" || in["azureApiVersion"].StringValue() != "2024-05-01" {
		t.Errorf("got %v", in)
	}
}

func TestCheckReportsEveryProperty(t *testing.T) {
	s := start(t, Options{})
	res, err := s.Check(t.Context(), plugin.CheckRequest{URN: urn(natIPToken, "x"), News: resource.NewPropertyMapFromMap(object{
		"zones": "1", "idleTimeoutInMinutes": 4.5, "adress": "x", "sku": object{"nme": "Standard"}, "tags": resource.Computed{Element: resource.NewStringProperty("")},
	})})
	if err != nil {
		t.Fatal(err)
	}
	var reasons []string
	for _, f := range res.Failures {
		reasons = append(reasons, f.Reason)
	}
	all := strings.Join(reasons, "\n")
	for _, want := range []string{
		"missing required property 'resourceGroupName'", "'zones' should be of type 'array' but got a string", "'idleTimeoutInMinutes' should be of type 'integer' but got the number 4.5",
		"'adress' is not a property", "'sku.nme' is not a property",
	} {
		if !strings.Contains(all, want) {
			t.Errorf("missing %q in\n%s", want, all)
		}
	}
}

func TestUnknownTypesAreRefused(t *testing.T) {
	s := start(t, Options{})
	_, err := s.Check(t.Context(), plugin.CheckRequest{URN: urn("azure-native:web:WebApp", "x")})
	if err == nil || !strings.Contains(err.Error(), "doesn't know 'azure-native:web:WebApp'") {
		t.Errorf("got %v", err)
	}
}

func TestACreatePreviewKnowsInputsOnly(t *testing.T) {
	s := start(t, Options{})
	s.create(groupToken, group())
	res, err := s.Create(t.Context(), plugin.CreateRequest{URN: urn(natIPToken, "x"), Properties: s.checked(natIPToken, address()), Preview: true})
	if err != nil {
		t.Fatal(err)
	}
	if got := res.Properties["publicIPAllocationMethod"]; !got.IsString() || got.StringValue() != "Static" {
		t.Errorf("an input became %v", got)
	}
	for _, output := range []resource.PropertyKey{"ipAddress", "name", "provisioningState"} {
		if !res.Properties[output].IsComputed() {
			t.Errorf("%s is %v, want unknown", output, res.Properties[output])
		}
	}
	if !res.Properties["sku"].ObjectValue()["tier"].IsComputed() {
		t.Errorf("sku.tier is %v, want unknown", res.Properties["sku"])
	}
	if len(s.subscription.Resources()) != 1 {
		t.Error("a preview created something")
	}
}

func TestAnUpdatePreviewKnowsNameAndLocationBesides(t *testing.T) {
	s := start(t, Options{})
	s.create(groupToken, group())
	ip := s.create(natIPToken, address())
	res, err := s.Update(t.Context(), plugin.UpdateRequest{URN: urn(natIPToken, "x"), ID: ip.id, OldInputs: ip.inputs, OldOutputs: ip.outputs, NewInputs: ip.inputs, Preview: true})
	if err != nil {
		t.Fatal(err)
	}
	if res.Properties["name"].StringValue() != "ip" || res.Properties["location"].StringValue() != "westeurope" {
		t.Errorf("name and location: %v", res.Properties)
	}
	if !res.Properties["ipAddress"].IsComputed() {
		t.Errorf("ipAddress is %v, want unknown", res.Properties["ipAddress"])
	}
}

func TestCreateRefusesWhatExists(t *testing.T) {
	s := start(t, Options{})
	g := s.create(groupToken, group())
	_, err := s.Create(t.Context(), plugin.CreateRequest{URN: urn(groupToken, "x"), Properties: g.inputs})
	if err == nil || !strings.Contains(err.Error(), "cannot create already existing resource '/subscriptions/"+subscriptionID+"/resourceGroups/rg'") {
		t.Errorf("got %v", err)
	}
}

func TestDiffTellsUpdatesFromReplacements(t *testing.T) {
	s := start(t, Options{})
	s.create(groupToken, group())
	ip := s.create(natIPToken, address())
	with := func(key string, value any) object {
		o := address()
		o[key] = value
		return o
	}
	for _, c := range []struct {
		name     string
		inputs   object
		changes  plugin.DiffChanges
		replaces []resource.PropertyKey
	}{
		{"the same inputs are no change", address(), plugin.DiffNone, nil},
		{"a tag is an update", with("tags", object{"stack": "prod"}), plugin.DiffSome, nil},
		{"a location spelt otherwise is no change", with("location", "West Europe"), plugin.DiffNone, nil},
		{"a resource group spelt otherwise is no change", with("resourceGroupName", "RG"), plugin.DiffNone, nil},
		{"a name is a replacement", with("publicIpAddressName", "other"), plugin.DiffSome, []resource.PropertyKey{"publicIpAddressName"}},
		{"a create-only object is a replacement", with("sku", object{"name": "Basic"}), plugin.DiffSome, []resource.PropertyKey{"sku"}},
		{"zones aren't create-only to azure-native", with("zones", []any{"1"}), plugin.DiffSome, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := s.diff(ip, c.inputs)
			if got.Changes != c.changes || !slices.Equal(got.ReplaceKeys, c.replaces) {
				t.Errorf("changes %v, replaces %v", got.Changes, got.ReplaceKeys)
			}
			if got.DeleteBeforeReplace != (c.replaces != nil) {
				t.Errorf("deleteBeforeReplace is %v", got.DeleteBeforeReplace)
			}
		})
	}
}

func TestAMadeUpNameIsReplacedBeforeDeleting(t *testing.T) {
	s := start(t, Options{})
	s.create(groupToken, group())
	inputs := address()
	delete(inputs, "publicIpAddressName")
	ip := s.create(natIPToken, inputs)
	if name := ip.outputs["name"].StringValue(); !strings.HasPrefix(name, "x") || len(name) != 9 {
		t.Errorf("name %q", name)
	}
	changed := address()
	changed["sku"] = object{"name": "Basic"}
	if got := s.diff(ip, changed); got.DeleteBeforeReplace {
		t.Error("deletes before replacing a resource whose name it made up")
	}
}

func TestUpdateKeepsWhatTheProgramDoesNotSet(t *testing.T) {
	s := start(t, Options{})
	s.create(groupToken, group())
	nsg := s.create("azure-native:network:NetworkSecurityGroup", object{"resourceGroupName": "rg", "networkSecurityGroupName": "nsg"})
	if err := s.subscription.Modify(string(nsg.id), func(p object) {
		p["securityRules"] = []any{object{"name": "byHand", "priority": 100.0, "direction": "Inbound", "access": "Allow", "protocol": "*", "sourcePortRange": "*",
			"destinationPortRange": "22", "sourceAddressPrefix": "*", "destinationAddressPrefix": "*"}}
	}); err != nil {
		t.Fatal(err)
	}
	in := maps.Clone(nsg.inputs)
	in["tags"] = resource.NewObjectProperty(resource.PropertyMap{"a": resource.NewStringProperty("b")})
	res, err := s.Update(t.Context(), plugin.UpdateRequest{URN: urn(nsg.token, "x"), ID: nsg.id, OldInputs: nsg.inputs, OldOutputs: nsg.outputs, NewInputs: in})
	if err != nil {
		t.Fatal(err)
	}
	if rules := res.Properties["securityRules"].ArrayValue(); len(rules) != 1 {
		t.Errorf("the update wiped the rules: %v", rules)
	}
}

func TestRefreshWithoutDriftChangesNothing(t *testing.T) {
	s := start(t, Options{})
	s.create(groupToken, group())
	for _, m := range []made{s.create(natIPToken, address()), s.create(vnetToken, network())} {
		res := s.read(m)
		if d := m.inputs.Diff(res.Inputs); d != nil {
			t.Errorf("%s: inputs drift by %v", m.token, d)
		}
		if d := m.outputs.Diff(res.Outputs); d != nil {
			t.Errorf("%s: outputs drift by %v", m.token, d)
		}
	}
}

func TestRefreshCarriesDriftIntoTheInputs(t *testing.T) {
	s := start(t, Options{})
	s.create(groupToken, group())
	ip := s.create(natIPToken, address())
	if err := s.subscription.Modify(string(ip.id), func(p object) {
		p["tags"] = object{"stack": "dev", "by": "hand"}
		p["idleTimeoutInMinutes"] = 10.0
	}); err != nil {
		t.Fatal(err)
	}
	res := s.read(ip)
	if res.Inputs["idleTimeoutInMinutes"].NumberValue() != 10 || !res.Inputs["tags"].ObjectValue().HasValue("by") {
		t.Errorf("inputs after drift: %v", res.Inputs)
	}
	if res.Inputs.HasValue("ipAddress") {
		t.Error("an output Azure chose became an input")
	}
}

func TestReadOfAMissingResourceHasNoID(t *testing.T) {
	s := start(t, Options{})
	g := s.create(groupToken, group())
	if _, err := s.Delete(t.Context(), plugin.DeleteRequest{URN: urn(groupToken, "x"), ID: g.id}); err != nil {
		t.Fatal(err)
	}
	if res := s.read(g); res.ID != "" {
		t.Errorf("got ID %s", res.ID)
	}
	if _, err := s.Delete(t.Context(), plugin.DeleteRequest{URN: urn(groupToken, "x"), ID: g.id}); err != nil {
		t.Errorf("deleting what is gone: %v", err)
	}
}

func TestImportReadsInputsFromTheResource(t *testing.T) {
	s := start(t, Options{})
	s.create(groupToken, group())
	vnet := s.create(vnetToken, network())
	res, err := s.Read(t.Context(), plugin.ReadRequest{URN: urn(vnetToken, "x"), ID: vnet.id})
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range []resource.PropertyKey{"resourceGroupName", "virtualNetworkName", "addressSpace", "location"} {
		if !res.Inputs[key].DeepEquals(vnet.inputs[key]) {
			t.Errorf("%s: %v, want %v", key, res.Inputs[key], vnet.inputs[key])
		}
	}
}

func initFailure(err error) *pulumirpc.ErrorResourceInitFailed {
	status, ok := rpcerror.FromError(err)
	if !ok {
		return nil
	}
	for _, d := range status.Details() {
		if detail, ok := d.(*pulumirpc.ErrorResourceInitFailed); ok {
			return detail
		}
	}
	return nil
}

func TestATimeoutShorterThanTheRequestFails(t *testing.T) {
	s := start(t, Options{})
	in := s.checked(groupToken, group())
	_, err := s.Create(t.Context(), plugin.CreateRequest{URN: urn(groupToken, "x"), Properties: in, Timeout: 1})
	if initFailure(err) == nil || !strings.Contains(err.Error(), "the timeout is 1s") {
		t.Errorf("got %v", err)
	}
}

func TestStateSurvivesTheProcess(t *testing.T) {
	path := filepath.Join(t.TempDir(), "subscription.json")
	first := start(t, Options{StatePath: path})
	first.create(groupToken, group())
	second := start(t, Options{StatePath: path})
	if all := second.subscription.Resources(); len(all) != 1 || all[0].Name != "rg" {
		t.Errorf("got %v", all)
	}
}

func TestTwoProvidersKeepTheirOwnConfiguration(t *testing.T) {
	s, err := NewSubscription(Options{})
	if err != nil {
		t.Fatal(err)
	}
	ids := map[string]bool{}
	for _, id := range []string{"a", "b"} {
		p := s.Provider()
		if _, err := p.Configure(t.Context(), plugin.ConfigureRequest{Inputs: resource.PropertyMap{"subscriptionId": resource.NewStringProperty(id)}}); err != nil {
			t.Fatal(err)
		}
		res, err := p.Create(t.Context(), plugin.CreateRequest{URN: urn(groupToken, "x"), Properties: resource.NewPropertyMapFromMap(group())})
		if err != nil {
			t.Fatal(err)
		}
		ids[string(res.ID)] = true
	}
	if len(ids) != 2 {
		t.Errorf("got %v", ids)
	}
	if _, err := s.Provider().Configure(t.Context(), plugin.ConfigureRequest{}); err == nil {
		t.Error("a provider without a subscription was accepted")
	}
}

func TestSecretsAreDeclinedAndUnwrapped(t *testing.T) {
	s := start(t, Options{})
	hello, err := s.Handshake(t.Context(), plugin.ProviderHandshakeRequest{})
	if err != nil || hello.AcceptSecrets {
		t.Fatalf("%v %v", hello, err)
	}
	in := resource.NewPropertyMapFromMap(group())
	in["location"] = resource.MakeSecret(in["location"])
	res, err := s.Create(t.Context(), plugin.CreateRequest{URN: urn(groupToken, "x"), Properties: in})
	if err != nil || res.Properties["location"].StringValue() != "westeurope" {
		t.Errorf("%v %v", res.Properties, err)
	}
}

func TestVersionIsTheProgramsSDK(t *testing.T) {
	info, err := start(t, Options{}).GetPluginInfo(t.Context())
	if err != nil || info.Version.String() != "3.16.0" {
		t.Errorf("%v %v", info, err)
	}
}

// host is a cluster host that remembers what it was asked.
type host struct{ deleted []string }

func (h *host) Kubeconfig(_ context.Context, id string, admin bool) (string, error) {
	if admin {
		return "admin of " + id, nil
	}
	return "user of " + id, nil
}

func (h *host) Delete(_ context.Context, id string) error {
	h.deleted = append(h.deleted, id)
	return nil
}

func (s session) call(token string, args object) (object, error) {
	res, err := s.Invoke(s.Context(), plugin.InvokeRequest{Tok: tokens.ModuleMember(token), Args: resource.NewPropertyMapFromMap(args)})
	return res.Properties.Mappable(), err
}

func TestCredentialsComeFromTheClusterHost(t *testing.T) {
	h := &host{}
	s := start(t, Options{Clusters: h})
	g := s.create(groupToken, group())
	s.create(vnetToken, network())
	subnet := s.create("azure-native:network:Subnet", object{"resourceGroupName": "rg", "virtualNetworkName": "vnet", "subnetName": "aks", "addressPrefix": "10.0.0.0/23"})
	cluster := object{
		"resourceGroupName": "rg", "resourceName": "cluster", "dnsPrefix": "cluster", "disableLocalAccounts": true, "aadProfile": object{"managed": true},
		"identity":          object{"type": "SystemAssigned"},
		"agentPoolProfiles": []any{object{"name": "system", "mode": "System", "vmSize": "Standard_D4s_v5", "count": 2.0, "vnetSubnetID": string(subnet.id)}},
		"networkProfile":    object{"serviceCidr": "10.240.0.0/16", "dnsServiceIP": "10.240.0.10"},
	}
	const user, admin = "azure-native:containerservice:listManagedClusterUserCredentials", "azure-native:containerservice:listManagedClusterAdminCredentials"
	names := object{"resourceGroupName": "rg", "resourceName": "cluster"}
	if _, err := s.call(user, names); arm.CodeOf(err) != "ResourceNotFound" {
		t.Errorf("credentials of a missing cluster: %v", err)
	}
	made := s.create("azure-native:containerservice:ManagedCluster", cluster)
	got, err := s.call(user, names)
	if err != nil {
		t.Fatal(err)
	}
	first := got["kubeconfigs"].([]any)[0].(object)
	if first["name"] != "clusterUser" || first["value"] != encode("user of "+string(made.id)) {
		t.Errorf("got %v", first)
	}
	if _, err := s.call(admin, names); arm.CodeOf(err) != "BadRequest" {
		t.Errorf("admin credentials without local accounts: %v", err)
	}
	if _, err := s.Delete(t.Context(), plugin.DeleteRequest{URN: urn(groupToken, "x"), ID: g.id}); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(h.deleted, []string{string(made.id)}) {
		t.Errorf("control planes deleted: %v", h.deleted)
	}
	if left := s.subscription.Resources(); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestAccountKeysStayTheSame(t *testing.T) {
	s := start(t, Options{})
	s.create(groupToken, group())
	s.create("azure-native:storage:StorageAccount", object{"resourceGroupName": "rg", "accountName": "files123", "kind": "StorageV2", "sku": object{"name": "Standard_LRS"}})
	args := object{"resourceGroupName": "rg", "accountName": "files123"}
	one, err := s.call("azure-native:storage:listStorageAccountKeys", args)
	if err != nil {
		t.Fatal(err)
	}
	two, _ := s.call("azure-native:storage:listStorageAccountKeys", args)
	key := one["keys"].([]any)[0].(object)["value"].(string)
	if len(key) != 88 || two["keys"].([]any)[0].(object)["value"] != key || one["keys"].([]any)[1].(object)["value"] == key {
		t.Errorf("keys %v then %v", one, two)
	}
}

func TestUnknownCallsAreRefused(t *testing.T) {
	s := start(t, Options{})
	if _, err := s.call("azure-native:web:getWebApp", nil); err == nil || !strings.Contains(err.Error(), "doesn't know the call 'azure-native:web:getWebApp'") {
		t.Errorf("got %v", err)
	}
	config, err := s.call("azure-native:authorization:getClientConfig", nil)
	if err != nil || config["subscriptionId"] != subscriptionID {
		t.Errorf("%v %v", config, err)
	}
}

func TestGettersReadTheLiveResource(t *testing.T) {
	s := start(t, Options{})
	s.create(groupToken, group())
	ip := s.create(natIPToken, address())
	names := object{"resourceGroupName": "rg", "publicIpAddressName": "ip"}
	got, err := s.call("azure-native:network:getPublicIPAddress", names)
	if err != nil || got["id"] != string(ip.id) || got["ipAddress"] != ip.outputs["ipAddress"].StringValue() {
		t.Errorf("%v %v", got, err)
	}
	names["publicIpAddressName"] = "other"
	if _, err := s.call("azure-native:network:getPublicIPAddress", names); arm.CodeOf(err) != "ResourceNotFound" {
		t.Errorf("a missing resource: %v", err)
	}
}

func TestImagesExistOncePushed(t *testing.T) {
	s := start(t, Options{})
	s.create(groupToken, group())
	s.create("azure-native:containerregistry:Registry", object{"resourceGroupName": "rg", "registryName": "registry123", "sku": object{"name": "Premium"}})
	const image = "registry123.azurecr.io/apim/gateway:1"
	if s.subscription.HasImage(image) {
		t.Error("there before the push")
	}
	if err := s.subscription.Push("registry123.azurecr.io", "apim/gateway:1"); err != nil {
		t.Fatal(err)
	}
	if !s.subscription.HasImage(image) || s.subscription.HasImage("registry123.azurecr.io/apim/gateway:2") {
		t.Error("the pushed tag, and only it, should exist")
	}
	if err := s.subscription.Push("other.azurecr.io", "x:1"); err == nil {
		t.Error("pushed to a registry that doesn't exist")
	}
}

func TestSeedRemoveAndWatchers(t *testing.T) {
	s := start(t, Options{})
	changes := 0
	s.subscription.OnChange(func() { changes++ })
	id, err := s.subscription.Seed(t.Context(), groupToken, group())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.subscription.Seed(t.Context(), groupToken, object{"resourceGroupName": "bad.", "location": "westeurope"}); err == nil {
		t.Error("seeding skips the rules")
	}
	if err := s.subscription.Remove(t.Context(), id); err != nil || len(s.subscription.Resources()) != 0 {
		t.Errorf("removing: %v", err)
	}
	if changes < 2 {
		t.Errorf("%d notifications", changes)
	}
}

func TestCancellationEndsWaiting(t *testing.T) {
	s := start(t, Options{TimeScale: 0.001})
	in := s.checked(groupToken, group())
	done := make(chan error)
	go func() {
		_, err := s.Create(context.Background(), plugin.CreateRequest{URN: urn(groupToken, "x"), Properties: in})
		done <- err
	}()
	if err := s.SignalCancellation(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err == nil || errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
}

// TestAzureGoesOnWhenTheClientHasGone: what was accepted is under way until its time is over, and others run into it.
func TestAzureGoesOnWhenTheClientHasGone(t *testing.T) {
	s := start(t, Options{TimeScale: 0.001}) // it would take hours
	in := s.checked(groupToken, group())
	request := plugin.CreateRequest{URN: urn(groupToken, "x"), Properties: in}
	done := make(chan error)
	go func() {
		_, err := s.Create(context.Background(), request)
		done <- err
	}()
	for len(s.subscription.Resources()) == 0 {
		time.Sleep(time.Millisecond)
	}
	if err := s.SignalCancellation(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err == nil {
		t.Error("the client that was cancelled got an answer")
	}
	if state := s.subscription.Resources()[0].State; state != "Creating" {
		t.Errorf("the resource is %s", state)
	}
	if err := s.subscription.Remove(t.Context(), s.subscription.Resources()[0].ID); err == nil || !strings.Contains(err.Error(), "in progress") {
		t.Errorf("a delete meanwhile got %v", err)
	}
	s.subscription.Close()
	if state := s.subscription.Resources()[0].State; state != "Succeeded" {
		t.Errorf("after the end the resource is %s", state)
	}
}
