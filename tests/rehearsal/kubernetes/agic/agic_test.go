package agic

import (
	"context"
	"errors"
	"fmt"
	"os"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"apim-azure/tests/rehearsal/azure/gateway"
	"apim-azure/tests/rehearsal/kubernetes/cloud/cloudtest"
)

var config *rest.Config

func TestMain(m *testing.M) {
	os.Exit(cloudtest.ControlPlane(func(c *rest.Config, _ func() error) int {
		config = c
		return m.Run()
	}))
}

const chart = "ingress-azure"

// bench is one test's world: a release of AGIC that may do its work, and a Service api with one pod.
type bench struct {
	cloudtest.World
	client    kubernetes.Interface
	namespace string

	mu  sync.Mutex
	log []string
}

// start installs AGIC with a reconcile period in simulated seconds (0 is none), without any right in Azure, and runs it.
func start(t *testing.T, timeScale float64, period int, more ...string) *bench {
	t.Helper()
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	b := &bench{World: cloudtest.New(t, timeScale), client: client, namespace: cloudtest.Namespace(t, client)}
	labels := map[string]string{"app.kubernetes.io/instance": chart, "app.kubernetes.io/name": chart}
	if _, err := client.CoreV1().ServiceAccounts(b.namespace).Create(t.Context(), &corev1.ServiceAccount{
		ObjectMeta: metav1.ObjectMeta{Name: chart, Labels: labels},
	}, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	// A class of the test's own: the tests before it may still have Ingresses.
	if _, err := client.NetworkingV1().IngressClasses().Create(t.Context(), &networkingv1.IngressClass{
		ObjectMeta: metav1.ObjectMeta{Name: b.namespace}, Spec: networkingv1.IngressClassSpec{Controller: "azure/application-gateway"},
	}, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	cloudtest.Install(t, client, b.namespace, chart, map[string]any{
		"reconcilePeriodSeconds": period,
		"appgw": map[string]any{
			"subscriptionId": cloudtest.SubscriptionID, "resourceGroup": "rg", "name": "gateway", "shared": false, "usePrivateIP": len(more) > 0 && more[0] == "private",
		},
		"armAuth":    map[string]any{"type": "workloadIdentity", "identityClientID": b.Identity("agic", "clientId")},
		"kubernetes": map[string]any{"ingressClassResource": map[string]any{"name": b.namespace, "enabled": true}, "watchNamespace": b.namespace},
	})
	b.service("10.0.0.20")
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() {
		done <- Run(ctx, config, Options{
			Subscription: b.Subscription, ClusterID: func() string { return cloudtest.ClusterID }, TimeScale: timeScale, Log: b.note,
		})
	}()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		_ = client.NetworkingV1().IngressClasses().Delete(context.Background(), b.namespace, metav1.DeleteOptions{})
	})
	return b
}

// allowed is start with everything AGIC needs in Azure.
func allowed(t *testing.T, timeScale float64, period int, more ...string) *bench {
	t.Helper()
	b := start(t, timeScale, period, more...)
	b.Federate(b.namespace, chart)
	b.Grant("agic", cloudtest.GatewayID, cloudtest.Contributor)
	b.Grant("agic", cloudtest.Group, cloudtest.Reader)
	b.Grant("agic", cloudtest.GatewaySubnet, cloudtest.NetworkContributor)
	return b
}

func (b *bench) note(format string, args ...any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.log = append(b.log, fmt.Sprintf(format, args...))
}

// logged waits until the log has said something.
func (b *bench) logged(want string) {
	b.T.Helper()
	cloudtest.Eventually(b.T, "log", func() error {
		b.mu.Lock()
		defer b.mu.Unlock()
		if all := strings.Join(b.log, "\n"); !strings.Contains(all, want) {
			return fmt.Errorf("no %q in:\n%s", want, all)
		}
		return nil
	})
}

// service makes Service api with pods at the addresses, whose EndpointSlice the test writes itself.
func (b *bench) service(addresses ...string) {
	b.T.Helper()
	_, err := b.client.CoreV1().Services(b.namespace).Create(b.T.Context(), &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Name: "api"}, Spec: corev1.ServiceSpec{Ports: []corev1.ServicePort{{Name: "https", Port: 8065}}},
	}, metav1.CreateOptions{})
	if err != nil {
		b.T.Fatal(err)
	}
	if _, err := b.client.DiscoveryV1().EndpointSlices(b.namespace).Create(b.T.Context(), b.slice(addresses...), metav1.CreateOptions{}); err != nil {
		b.T.Fatal(err)
	}
}

func (b *bench) slice(addresses ...string) *discoveryv1.EndpointSlice {
	tcp := corev1.ProtocolTCP
	s := &discoveryv1.EndpointSlice{
		ObjectMeta:  metav1.ObjectMeta{Name: "api-1", Labels: map[string]string{discoveryv1.LabelServiceName: "api"}},
		AddressType: discoveryv1.AddressTypeIPv4, Ports: []discoveryv1.EndpointPort{{Name: new("https"), Port: new(int32(8065)), Protocol: &tcp}},
	}
	for _, a := range addresses {
		s.Endpoints = append(s.Endpoints, discoveryv1.Endpoint{Addresses: []string{a}, Conditions: discoveryv1.EndpointConditions{Ready: new(true)}})
	}
	return s
}

// scale sets the pods' addresses.
func (b *bench) scale(addresses ...string) {
	b.T.Helper()
	if _, err := b.client.DiscoveryV1().EndpointSlices(b.namespace).Update(b.T.Context(), b.slice(addresses...), metav1.UpdateOptions{}); err != nil {
		b.T.Fatal(err)
	}
}

func (b *bench) secret() {
	b.T.Helper()
	if _, err := b.client.CoreV1().Secrets(b.namespace).Create(b.T.Context(), pairOf(b.namespace, "tls"), metav1.CreateOptions{}); err != nil {
		b.T.Fatal(err)
	}
}

// publish makes an Ingress of the test's class for a host; it returns its name.
func (b *bench) publish(host string, annotations map[string]string) string {
	b.T.Helper()
	i := ingress(strings.ReplaceAll(host, ".", "-"), host, annotations)
	i.Namespace, i.Spec.IngressClassName = b.namespace, &b.namespace
	if _, err := b.client.NetworkingV1().Ingresses(b.namespace).Create(b.T.Context(), i, metav1.CreateOptions{}); err != nil {
		b.T.Fatal(err)
	}
	return i.Name
}

// ask routes a request through the gateway as it is now.
func (b *bench) ask(frontend, scheme, host string) (gateway.Answer, error) {
	g, found := b.Find(cloudtest.GatewayID)
	if !found {
		return gateway.Answer{}, errors.New("there is no gateway")
	}
	return gateway.Route(g.Properties, gateway.Request{Frontend: frontend, Scheme: scheme, Host: host})
}

// routed waits until a host is led to exactly the pods at the addresses.
func (b *bench) routed(frontend, host string, addresses ...string) (answer gateway.Answer) {
	b.T.Helper()
	var want []string
	for _, a := range addresses {
		want = append(want, a+":8065")
	}
	cloudtest.Eventually(b.T, "route of "+host, func() (err error) {
		if answer, err = b.ask(frontend, "https", host); err == nil && !reflect.DeepEqual(answer.Backends, want) {
			err = fmt.Errorf("it goes to %v, want %v", answer.Backends, want)
		}
		return err
	})
	return answer
}

// unrouted waits until a host isn't served.
func (b *bench) unrouted(host string) {
	b.T.Helper()
	cloudtest.Eventually(b.T, "end of the route of "+host, func() error {
		if answer, err := b.ask("public", "https", host); err == nil {
			return fmt.Errorf("it goes to %v", answer.Backends)
		}
		return nil
	})
}

// status waits until an Ingress has an address.
func (b *bench) status(name, want string) {
	b.T.Helper()
	cloudtest.Eventually(b.T, "address of "+name, func() error {
		i, err := b.client.NetworkingV1().Ingresses(b.namespace).Get(b.T.Context(), name, metav1.GetOptions{})
		if err != nil {
			return err
		}
		if points := i.Status.LoadBalancer.Ingress; len(points) != 1 || points[0].IP != want {
			return fmt.Errorf("%v, want %s", points, want)
		}
		return nil
	})
}

func (b *bench) publicAddress() string {
	ip, _ := b.Find(cloudtest.Network + "publicIPAddresses/gateway-ip")
	return text(ip.Properties, "ipAddress")
}

func TestAGICDoesNothingWithoutItsRightsAndWorksAsSoonAsItHasThem(t *testing.T) {
	b := start(t, 0, 30)
	b.secret()
	name := b.publish("api.example.com", nil)
	b.logged("AADSTS700211") // no federated credential at all
	b.Federate(b.namespace, chart)
	b.logged("ErrorApplicationGatewayForbidden")
	cloudtest.Event(t, b.client, b.namespace, chart, "ARMAuthFailure")

	b.Grant("agic", cloudtest.GatewayID, cloudtest.Reader)
	b.logged("AuthorizationFailed")
	b.logged("unable to get Public IP Address")
	b.Grant("agic", cloudtest.GatewayID, cloudtest.Contributor)
	b.logged(`LinkedAuthorizationFailed": the client '` + b.Identity("agic", "principalId"))
	cloudtest.Event(t, b.client, b.namespace, chart, "FailedApplyingAppGwConfig")

	// The address is there although the routes can't be: it is read from the gateway, not from what was applied.
	b.Grant("agic", cloudtest.Group, cloudtest.Reader)
	b.status(name, b.publicAddress())
	if answer, err := b.ask("public", "https", "api.example.com"); err == nil {
		t.Fatalf("it wrote without the right to: %+v", answer)
	}
	b.Grant("agic", cloudtest.GatewaySubnet, cloudtest.NetworkContributor)
	b.routed("public", "api.example.com", "10.0.0.20")
}

func TestACredentialForAnotherAccountIsNone(t *testing.T) {
	b := start(t, 0, 30)
	b.Federate(b.namespace, "default")
	b.logged("AADSTS700213: No matching federated identity record found for presented assertion subject 'system:serviceaccount:" + b.namespace + ":" + chart)
}

func TestRoutesFollowTheCluster(t *testing.T) {
	b := allowed(t, 0, 0)
	b.secret()
	before, _ := b.Find(cloudtest.GatewayID)
	api := b.publish("api.example.com", map[string]string{"ssl-redirect": "true"})
	if answer := b.routed("public", "api.example.com", "10.0.0.20"); answer.Certificate != "cert-"+b.namespace+"-tls" {
		t.Errorf("certificate %q", answer.Certificate)
	}
	b.status(api, b.publicAddress())
	if answer, err := b.ask("public", "http", "api.example.com"); err != nil || answer.Location != "https://api.example.com/" {
		t.Errorf("over http: %+v, %v", answer, err)
	}
	after, _ := b.Find(cloudtest.GatewayID)
	for _, kept := range []string{"sku", "gatewayIPConfigurations", "frontendIPConfigurations", "sslPolicy", "enableHttp2", "resourceGuid"} {
		if !reflect.DeepEqual(after.Properties[kept], before.Properties[kept]) {
			t.Errorf("%s was %v and is %v", kept, before.Properties[kept], after.Properties[kept])
		}
	}
	tags := part(after.Properties, "tags")
	if tags["project"] != "apim" || tags["managed-by-k8s-ingress"] == nil ||
		!strings.EqualFold(text(tags, "ingress-for-aks-cluster-id"), cloudtest.ClusterID) {
		t.Errorf("tags %v", tags)
	}
	if after.Properties["etag"] == before.Properties["etag"] {
		t.Error("the write left the etag as it was")
	}

	b.scale("10.0.0.20", "10.0.0.21", "10.0.0.22")
	b.routed("public", "api.example.com", "10.0.0.20", "10.0.0.21", "10.0.0.22")
	b.scale("10.0.0.22")
	b.routed("public", "api.example.com", "10.0.0.22")
	b.publish("manager.example.com", nil)
	b.routed("public", "manager.example.com", "10.0.0.22")

	for _, gone := range []string{api, "manager-example-com"} {
		if err := b.client.NetworkingV1().Ingresses(b.namespace).Delete(t.Context(), gone, metav1.DeleteOptions{}); err != nil {
			t.Fatal(err)
		}
		b.unrouted(strings.ReplaceAll(gone, "-", "."))
	}
	if _, err := b.ask("public", "http", "anything"); err == nil || !strings.Contains(err.Error(), "defaultaddresspool is empty") {
		t.Errorf("the last Ingress left more than the default listener: %v", err)
	}
}

func TestWipedRoutesComeBackAtThePeriodicReconcile(t *testing.T) {
	b := allowed(t, 0, 30)
	b.secret()
	b.publish("api.example.com", nil)
	b.routed("public", "api.example.com", "10.0.0.20")
	b.Gateway() // as Pulumi does when a tag changes
	if _, err := b.ask("public", "https", "api.example.com"); err == nil {
		t.Fatal("the full PUT wiped nothing, so this test proves nothing")
	}
	began := time.Now()
	b.routed("public", "api.example.com", "10.0.0.20")
	t.Logf("restored after %s; a period is %s", time.Since(began), (Options{}).real(30*time.Second))
}

func TestWithoutAPeriodWipedRoutesStayAwayUntilSomethingChanges(t *testing.T) {
	b := allowed(t, 0, 0)
	b.secret()
	name := b.publish("api.example.com", nil)
	b.routed("public", "api.example.com", "10.0.0.20")
	b.status(name, b.publicAddress())
	b.Gateway()
	// A change that leads to the same configuration: compared with what was applied last, there is nothing to do.
	i, err := b.client.NetworkingV1().Ingresses(b.namespace).Get(t.Context(), name, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	i.Labels = map[string]string{"some": "label"}
	if _, err := b.client.NetworkingV1().Ingresses(b.namespace).Update(t.Context(), i, metav1.UpdateOptions{}); err != nil {
		t.Fatal(err)
	}
	time.Sleep(300 * time.Millisecond) // many times what a change takes
	if answer, err := b.ask("public", "https", "api.example.com"); err == nil {
		t.Errorf("it came back by itself: %+v", answer)
	}
	b.scale("10.0.0.21")
	b.routed("public", "api.example.com", "10.0.0.21")
}

func TestAnIngressIsServedOverHTTPUntilItsSecretIsThere(t *testing.T) {
	b := allowed(t, 0, 0)
	name := b.publish("api.example.com", map[string]string{"ssl-redirect": "true"})
	cloudtest.Eventually(t, "plain http", func() error {
		answer, err := b.ask("public", "http", "api.example.com")
		if err == nil && answer.Status != 0 {
			err = fmt.Errorf("redirected to %s", answer.Location)
		}
		return err
	})
	cloudtest.Event(t, b.client, b.namespace, name, "SecretNotFound")
	b.secret()
	b.routed("public", "api.example.com", "10.0.0.20")
}

func TestARenewedCertificateReachesTheGateway(t *testing.T) {
	b := allowed(t, 0, 0)
	b.secret()
	b.publish("api.example.com", nil)
	b.routed("public", "api.example.com", "10.0.0.20")
	shown := func() string {
		g, _ := b.Find(cloudtest.GatewayID)
		c := list(g.Properties, "sslCertificates")[0]
		if c["data"] != nil || c["password"] != nil {
			t.Errorf("the gateway shows a private key: %v", c)
		}
		return text(c, "publicCertData")
	}
	old := shown()
	renewed := pairOf(b.namespace, "tls")
	if _, err := b.client.CoreV1().Secrets(b.namespace).Update(t.Context(), renewed, metav1.UpdateOptions{}); err != nil {
		t.Fatal(err)
	}
	cloudtest.Eventually(t, "the new certificate", func() error {
		if shown() == old {
			return errors.New("still the old one")
		}
		return nil
	})
}

func TestPrivateHostsListenOnThePrivateFrontend(t *testing.T) {
	b := allowed(t, 0, 0, "private")
	b.secret()
	name := b.publish("api.example.com", nil)
	b.routed("private", "api.example.com", "10.0.0.20")
	b.status(name, "10.0.2.10")
	b.unrouted("api.example.com")
}

func TestABusyGatewayIsTriedAgain(t *testing.T) {
	const scale = 360 // an update's 3 minutes in half a second, a period's 30 s in a twelfth
	b := allowed(t, scale, 30)
	busy := make(chan error, 1)
	go func() {
		busy <- b.Replace(context.Background(), cloudtest.GatewayID, func(p map[string]any) { p["enableHttp2"] = true })
	}()
	cloudtest.Eventually(t, "the other write", func() error {
		if g, _ := b.Find(cloudtest.GatewayID); g.State != "Updating" {
			return errors.New("not yet")
		}
		return nil
	})
	b.secret()
	b.publish("api.example.com", nil)
	b.logged("AnotherOperationInProgress")
	b.routed("public", "api.example.com", "10.0.0.20")
	if err := <-busy; err != nil {
		t.Error(err)
	}
	if g, _ := b.Find(cloudtest.GatewayID); g.Properties["enableHttp2"] != true {
		t.Error("the other write was lost")
	}
}

func TestAReleaseThatIsGoneServesNothingMore(t *testing.T) {
	b := allowed(t, 0, 30)
	b.secret()
	b.publish("api.example.com", nil)
	b.routed("public", "api.example.com", "10.0.0.20")
	if err := b.client.CoreV1().Secrets(b.namespace).Delete(t.Context(), "sh.helm.release.v1."+chart+".v1", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	time.Sleep(200 * time.Millisecond) // for the end of what is under way
	b.Gateway()
	time.Sleep(700 * time.Millisecond) // more than a period
	b.unrouted("api.example.com")
}
