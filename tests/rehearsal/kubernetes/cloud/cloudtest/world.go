// Package cloudtest gives the tests of the cloud's controllers something to control: a control plane, and a simulated subscription
// with a cluster, a gateway and the identities of both.
package cloudtest

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"apim-azure/tests/rehearsal/azure"
	"apim-azure/tests/rehearsal/kubernetes/controlplane"
	"apim-azure/tests/rehearsal/tools"
)

// The world's IDs.
const (
	SubscriptionID = "00000000-0000-4000-8000-000000000001"
	Group          = "/subscriptions/" + SubscriptionID + "/resourceGroups/rg"
	Network        = Group + "/providers/Microsoft.Network/"
	ClusterID      = Group + "/providers/Microsoft.ContainerService/managedClusters/cluster"
	GatewayID      = Network + "applicationGateways/gateway"
	AKSSubnet      = Network + "virtualNetworks/vnet/subnets/aks"
	GatewaySubnet  = Network + "virtualNetworks/vnet/subnets/gateway"
	identities     = Group + "/providers/Microsoft.ManagedIdentity/userAssignedIdentities/"
)

// Roles, by the GUIDs they have in every tenant.
const (
	Contributor             = "b24988ac-6180-42a0-ab88-20f7382dd24c"
	Reader                  = "acdd72a7-3385-48ef-bd42-f606fba81ae7"
	NetworkContributor      = "4d97b98b-1d4f-4787-a291-c67834d212e7"
	managedIdentityOperator = "f1a07417-d97a-45cb-824c-7a7467783830"
)

// ControlPlane runs a package's tests against one API server and returns their exit code. restart stops the server and starts it
// again, at the same address and with the same content.
func ControlPlane(run func(config *rest.Config, restart func() error) int) int {
	dir, err := os.MkdirTemp("", "controlplane")
	if err != nil {
		panic(err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	plane := controlplane.New(controlplane.Options{Dir: filepath.Join(dir, "cluster"), Binaries: func(ctx context.Context) (controlplane.Binaries, error) {
		return tools.Kubernetes(ctx, os.Stderr)
	}})
	defer func() { _ = plane.Stop() }()
	if _, err := plane.Kubeconfig(context.Background(), ClusterID, true); err != nil {
		panic(err)
	}
	config, err := plane.RESTConfig(context.Background())
	if err != nil {
		panic(err)
	}
	config.WarningHandler = rest.NoWarnings{} // that Endpoints are deprecated is no news
	return run(config, func() error {
		if err := plane.Stop(); err != nil {
			return err
		}
		_, err := plane.RESTConfig(context.Background())
		return err
	})
}

// World is a simulated subscription. Its methods fail the test when Azure refuses.
type World struct {
	*azure.Subscription
	T *testing.T
}

// Object is a resource's inputs, or part of them.
type Object = map[string]any

// New returns a subscription that holds a cluster and a gateway with a public and a private frontend. timeScale is that of
// azure.Options; what the test itself puts takes no time.
func New(t *testing.T, timeScale float64) World {
	t.Helper()
	s, err := azure.NewSubscription(azure.Options{TimeScale: timeScale, SubscriptionID: SubscriptionID, TenantID: "00000000-0000-4000-8000-00000000000a"})
	if err != nil {
		t.Fatal(err)
	}
	w := World{s, t}
	w.Put("resources:ResourceGroup", Object{})
	w.Put("network:VirtualNetwork", Object{"virtualNetworkName": "vnet", "addressSpace": Object{"addressPrefixes": []any{"10.0.0.0/22"}}})
	w.Address("nat-ip")
	w.Address("gateway-ip")
	w.Put("network:NatGateway", Object{"natGatewayName": "nat", "sku": Object{"name": "Standard"}, "publicIpAddresses": []any{ref(Network + "publicIPAddresses/nat-ip")}})
	w.subnet("aks", Object{"addressPrefix": "10.0.0.0/23", "natGateway": ref(Network + "natGateways/nat")})
	w.subnet("gateway", Object{"addressPrefix": "10.0.2.0/24"})
	for _, name := range []string{"control-plane", "kubelet", "agic"} {
		w.Put("managedidentity:UserAssignedIdentity", Object{"resourceName": name})
	}
	w.Grant("control-plane", AKSSubnet, NetworkContributor)
	w.Grant("control-plane", identities+"kubelet", managedIdentityOperator)
	w.Put("containerservice:ManagedCluster", Object{
		"resourceName": "cluster", "dnsPrefix": "cluster", "kubernetesVersion": "1.36", "nodeResourceGroup": "MC_rg_cluster_westeurope",
		"sku": Object{"name": "Base", "tier": "Standard"}, "oidcIssuerProfile": Object{"enabled": true}, "enableRBAC": true,
		"identity":          Object{"type": "UserAssigned", "userAssignedIdentities": []any{identities + "control-plane"}},
		"identityProfile":   Object{"kubeletidentity": Object{"resourceId": identities + "kubelet"}},
		"securityProfile":   Object{"workloadIdentity": Object{"enabled": true}},
		"networkProfile":    Object{"networkPlugin": "azure", "outboundType": "userAssignedNATGateway", "serviceCidr": "10.240.0.0/16", "dnsServiceIP": "10.240.0.10"},
		"agentPoolProfiles": []any{Object{"name": "system", "mode": "System", "vmSize": "Standard_D4s_v5", "count": 2.0, "maxPods": 30.0, "vnetSubnetID": AKSSubnet, "type": "VirtualMachineScaleSets"}},
	})
	w.Gateway()
	return w
}

// Gateway puts the gateway as a program would: with one listener that leads nowhere. Again, it wipes what others made of it.
func (w World) Gateway() {
	w.T.Helper()
	own := func(collection, name string) Object { return ref("$self/" + collection + "/" + name) }
	w.Put("network:ApplicationGateway", Object{
		"applicationGatewayName": "gateway", "sku": Object{"name": "Standard_v2", "tier": "Standard_v2", "capacity": 2.0}, "tags": Object{"project": "apim"},
		"gatewayIPConfigurations": []any{Object{"name": "ip", "subnet": ref(GatewaySubnet)}},
		"frontendIPConfigurations": []any{
			Object{"name": "public", "publicIPAddress": ref(Network + "publicIPAddresses/gateway-ip")},
			Object{"name": "private", "subnet": ref(GatewaySubnet), "privateIPAddress": "10.0.2.10", "privateIPAllocationMethod": "Static"},
		},
		"frontendPorts": []any{Object{"name": "bootstrap", "port": 80.0}}, "backendAddressPools": []any{Object{"name": "bootstrap"}},
		"backendHttpSettingsCollection": []any{Object{"name": "bootstrap", "port": 80.0, "protocol": "Http", "cookieBasedAffinity": "Disabled", "requestTimeout": 30.0}},
		"httpListeners":                 []any{Object{"name": "bootstrap", "protocol": "Http", "frontendIPConfiguration": own("frontendIPConfigurations", "public"), "frontendPort": own("frontendPorts", "bootstrap")}},
		"requestRoutingRules": []any{Object{"name": "bootstrap", "ruleType": "Basic", "priority": 20000.0, "httpListener": own("httpListeners", "bootstrap"),
			"backendAddressPool": own("backendAddressPools", "bootstrap"), "backendHttpSettings": own("backendHttpSettingsCollection", "bootstrap")}},
		"sslPolicy": Object{"policyType": "Predefined", "policyName": "AppGwSslPolicy20220101"},
	})
}

// Put creates or updates a resource of the group; token lacks its `azure-native:`.
func (w World) Put(token string, inputs Object) (id string) {
	w.T.Helper()
	for name, value := range map[string]any{"resourceGroupName": "rg", "location": "westeurope"} {
		if _, set := inputs[name]; !set {
			inputs[name] = value
		}
	}
	return w.put(token, inputs)
}

func (w World) put(token string, inputs Object) string {
	w.T.Helper()
	id, err := w.Seed(context.Background(), "azure-native:"+token, inputs)
	if err != nil {
		w.T.Fatalf("%s: %v", token, err)
	}
	return id
}

func (w World) subnet(name string, inputs Object) {
	w.T.Helper()
	inputs["virtualNetworkName"], inputs["subnetName"], inputs["resourceGroupName"], inputs["defaultOutboundAccess"] = "vnet", name, "rg", false
	w.put("network:Subnet", inputs)
}

// Address makes a public address in the group and returns its ID.
func (w World) Address(name string) string {
	w.T.Helper()
	return w.Put("network:PublicIPAddress", Object{"publicIpAddressName": name, "sku": Object{"name": "Standard"}, "publicIPAllocationMethod": "Static"})
}

// Identity returns a property of one of the identities control-plane, kubelet and agic.
func (w World) Identity(name, property string) string {
	w.T.Helper()
	r, found := w.Find(identities + name)
	if !found {
		w.T.Fatalf("there is no identity %s", name)
	}
	value, _ := r.Properties[property].(string)
	return value
}

// Grant gives an identity a role, waits until Azure knows it everywhere, and returns the assignment's ID.
func (w World) Grant(identity, scope, role string) string {
	w.T.Helper()
	grants++
	id := w.put("authorization:RoleAssignment", Object{
		"scope": scope, "roleAssignmentName": fmt.Sprintf("00000000-0000-4000-8000-%012d", grants), "principalType": "ServicePrincipal",
		"roleDefinitionId": "/subscriptions/" + SubscriptionID + "/providers/Microsoft.Authorization/roleDefinitions/" + role,
		"principalId":      w.Identity(identity, "principalId"),
	})
	Eventually(w.T, "propagation of a role", func() error {
		if !w.Granted(w.Identity(identity, "principalId"), scope, role) {
			return errors.New("not yet")
		}
		return nil
	})
	return id
}

var grants int

// Federate lets a ServiceAccount of the cluster act as the agic identity.
func (w World) Federate(namespace, account string) {
	w.T.Helper()
	cluster, _ := w.Find(ClusterID)
	issuer, _ := cluster.Properties["oidcIssuerProfile"].(Object)["issuerURL"].(string)
	w.put("managedidentity:FederatedIdentityCredential", Object{
		"resourceGroupName": "rg", "resourceName": "agic", "federatedIdentityCredentialResourceName": "agic",
		"issuer": issuer, "subject": "system:serviceaccount:" + namespace + ":" + account, "audiences": []any{"api://AzureADTokenExchange"},
	})
}

func ref(id string) Object { return Object{"id": id} }

// Namespace makes a namespace of the test's own, and removes what is in it after the test.
func Namespace(t *testing.T, client kubernetes.Interface) string {
	t.Helper()
	namespace, err := client.CoreV1().Namespaces().Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "test-"}}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, all, now := context.Background(), metav1.ListOptions{}, metav1.DeleteOptions{}
		err := errors.Join(
			client.CoreV1().Secrets(namespace.Name).DeleteCollection(ctx, now, all),
			client.NetworkingV1().Ingresses(namespace.Name).DeleteCollection(ctx, now, all),
			client.CoreV1().Namespaces().Delete(ctx, namespace.Name, now),
		)
		if err != nil {
			t.Error(err)
		}
	})
	return namespace.Name
}

// Install leaves the record Helm would leave of a release.
func Install(t *testing.T, client kubernetes.Interface, namespace, chart string, values Object) {
	t.Helper()
	record := Object{
		"name": chart, "namespace": namespace, "version": 1, "info": Object{"status": "deployed"}, "config": values,
		"chart": Object{"metadata": Object{"name": chart, "version": "1.0.0"}},
	}
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	if err := errors.Join(json.NewEncoder(w).Encode(record), w.Close()); err != nil {
		t.Fatal(err)
	}
	secret := &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Name: "sh.helm.release.v1." + chart + ".v1", Labels: map[string]string{"owner": "helm", "name": chart, "status": "deployed", "version": "1"}},
		Type:       "helm.sh/release.v1",
		Data:       map[string][]byte{"release": []byte(base64.StdEncoding.EncodeToString(packed.Bytes()))},
	}
	if _, err := client.CoreV1().Secrets(namespace).Create(t.Context(), secret, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
}

// Eventually waits, up to ten seconds, until check has nothing to object to.
func Eventually(t *testing.T, what string, check func() error) {
	t.Helper()
	deadline := time.Now().Add(10 * time.Second)
	for {
		err := check()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s: %v", what, err)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// Event waits for an event about an object, by the object's name and the event's reason, and returns its message.
func Event(t *testing.T, client kubernetes.Interface, namespace, name, reason string) (message string) {
	t.Helper()
	Eventually(t, "event "+reason+" about "+name, func() error {
		events, err := client.CoreV1().Events(namespace).List(t.Context(), metav1.ListOptions{FieldSelector: "involvedObject.name=" + name + ",reason=" + reason})
		if err != nil {
			return err
		}
		if len(events.Items) == 0 {
			return errors.New("there is none")
		}
		message = events.Items[len(events.Items)-1].Message
		return nil
	})
	return message
}
