package program_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"apim-azure/stack"
)

// registered is one resource as the program registered it: what it asked for, and under which options.
type registered struct {
	Type, Name string
	Inputs     resource.PropertyMap
	Options    options
}

// options are the resource options that decide what happens to live infrastructure.
type options struct {
	Parent        string
	Provider      string
	Protect       bool
	IgnoreChanges []string
	DeletedWith   string
	Dependencies  []string
	CreateTimeout string
}

// recorder is the engine's stand-in of the mock ring: it keeps every registration and answers with the outputs the program
// reads, so that no Apply waits for ever.
type recorder struct {
	mu        sync.Mutex
	resources []registered
}

func (r *recorder) NewResource(args pulumi.MockResourceArgs) (string, resource.PropertyMap, error) {
	rpc := args.RegisterRPC
	reg := registered{Type: args.TypeToken, Name: args.Name, Inputs: args.Inputs}
	if rpc != nil {
		reg.Options = options{
			Parent: rpc.GetParent(), Provider: rpc.GetProvider(), Protect: rpc.GetProtect(),
			IgnoreChanges: rpc.GetIgnoreChanges(), DeletedWith: rpc.GetDeletedWith(), Dependencies: rpc.GetDependencies(),
			CreateTimeout: rpc.GetCustomTimeouts().GetCreate(),
		}
	}
	r.mu.Lock()
	r.resources = append(r.resources, reg)
	r.mu.Unlock()
	if !args.Custom {
		return "", args.Inputs, nil
	}
	outputs := args.Inputs.Copy()
	for key, value := range computedOutputs(args) {
		outputs[key] = value
	}
	return "/mock/" + args.TypeToken + "/" + args.Name, outputs, nil
}

// computedOutputs are the outputs a provider adds and the program reads.
func computedOutputs(args pulumi.MockResourceArgs) resource.PropertyMap {
	text := func(s string) resource.PropertyValue { return resource.NewStringProperty(s) }
	out := resource.PropertyMap{"name": text(args.Name)}
	if physical, named := args.Inputs[namedBy[args.TypeToken]]; named {
		out["name"] = physical
	}
	switch args.TypeToken {
	case "random:index/randomString:RandomString":
		out["result"] = text("abc123")
	case "random:index/randomPassword:RandomPassword":
		out["result"] = resource.MakeSecret(text("Mock-" + args.Name))
	case "tls:index/privateKey:PrivateKey":
		out["privateKeyPem"] = resource.MakeSecret(text("key of " + args.Name))
		out["publicKeyOpenssh"] = text("ssh-rsa mock")
	case "tls:index/selfSignedCert:SelfSignedCert", "tls:index/locallySignedCert:LocallySignedCert":
		out["certPem"] = text("certificate " + args.Name)
	case "tls:index/certRequest:CertRequest":
		out["certRequestPem"] = text("request " + args.Name)
	case "azure-native:network:PublicIPAddress":
		out["ipAddress"] = text("203.0.113.7")
	case "azure-native:operationalinsights:Workspace":
		out["customerId"] = text("00000000-0000-4000-8000-000000000003")
	}
	return out
}

// namedBy is the input a resource takes its name from.
var namedBy = map[string]resource.PropertyKey{
	"azure-native:resources:ResourceGroup":         "resourceGroupName",
	"azure-native:containerregistry:Registry":      "registryName",
	"azure-native:storage:StorageAccount":          "accountName",
	"azure-native:dbformysql:Server":               "serverName",
	"azure-native:containerservice:ManagedCluster": "resourceName",
}

func (r *recorder) Call(args pulumi.MockCallArgs) (resource.PropertyMap, error) {
	text := func(s string) resource.PropertyValue { return resource.NewStringProperty(s) }
	switch args.Token {
	case "azure-native:storage:listStorageAccountKeys":
		return resource.PropertyMap{"keys": resource.NewArrayProperty([]resource.PropertyValue{
			resource.NewObjectProperty(resource.PropertyMap{"keyName": text("key1"), "permissions": text("FULL"), "value": text("a2V5"), "creationTime": text("")}),
		})}, nil
	case "azure-native:containerservice:listManagedClusterUserCredentials",
		"azure-native:containerservice:listManagedClusterAdminCredentials":
		return resource.PropertyMap{"kubeconfigs": resource.NewArrayProperty([]resource.PropertyValue{
			resource.NewObjectProperty(resource.PropertyMap{"name": text("clusterUser"), "value": text("YXBpVmVyc2lvbjogdjE=")}),
		})}, nil
	case "azure-native:managedidentity:getUserAssignedIdentity":
		return resource.PropertyMap{
			"principalId": text("00000000-0000-4000-8000-000000000001"), "clientId": text("00000000-0000-4000-8000-000000000002"),
		}, nil
	case "azure-native:containerservice:getManagedCluster":
		return resource.PropertyMap{
			"fqdn": text("mock.azmk8s.io"), "nodeResourceGroup": text("mock-nodes"),
			"oidcIssuerProfile": resource.NewObjectProperty(resource.PropertyMap{"issuerURL": text("https://issuer.example/")}),
			"agentPoolProfiles": resource.NewArrayProperty(nil),
		}, nil
	}
	return nil, fmt.Errorf("the program called %s, which the recorder doesn't answer", args.Token)
}

// run deploys a stack with the given raw configuration against the recorder.
func run(t *testing.T, stackName string, raw map[string]string) (*recorder, error) {
	t.Helper()
	text, err := json.Marshal(raw)
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv(pulumi.EnvConfig, string(text))
	t.Setenv(pulumi.EnvConfigSecretKeys, `["apim:secrets"]`)
	r := &recorder{}
	err = pulumi.RunErr(stack.Deploy, pulumi.WithMocks("apim", stackName, r))
	return r, err
}

// custom are the recorded resources that exist outside Pulumi.
func (r *recorder) custom() []registered {
	var out []registered
	for _, res := range r.resources {
		if !strings.HasPrefix(res.Type, "apim:") && !strings.HasPrefix(res.Type, "pulumi:") {
			out = append(out, res)
		}
	}
	return out
}

// ofType are the recorded resources of a type; a type that matches nothing fails the test, which would otherwise assert nothing.
func (r *recorder) ofType(t *testing.T, token string) []registered {
	t.Helper()
	var out []registered
	for _, res := range r.resources {
		if res.Type == token {
			out = append(out, res)
		}
	}
	if len(out) == 0 {
		t.Fatalf("no resource of type %s was registered: this test is not testing anything", token)
	}
	return out
}

// named is the one recorded resource of a type whose logical name ends as given.
func (r *recorder) named(t *testing.T, token, suffix string) registered {
	t.Helper()
	for _, res := range r.ofType(t, token) {
		if strings.HasSuffix(res.Name, suffix) {
			return res
		}
	}
	t.Fatalf("no %s is named *%s", token, suffix)
	return registered{}
}
