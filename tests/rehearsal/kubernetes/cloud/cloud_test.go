package cloud_test

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"apim-azure/tests/rehearsal/kubernetes/cloud"
	"apim-azure/tests/rehearsal/kubernetes/cloud/cloudtest"
)

var (
	config  *rest.Config
	restart func() error
)

func TestMain(m *testing.M) {
	os.Exit(cloudtest.ControlPlane(func(c *rest.Config, again func() error) int {
		config, restart = c, again
		return m.Run()
	}))
}

const (
	beta     = "service.beta.kubernetes.io/"
	internal = beta + "azure-load-balancer-internal"
	balancer = "/subscriptions/" + cloudtest.SubscriptionID + "/resourceGroups/MC_rg_cluster_westeurope/providers/Microsoft.Network/loadBalancers/kubernetes"
)

// bench is one test's world, with the controllers at work in it.
type bench struct {
	cloudtest.World
	client    kubernetes.Interface
	namespace string
	stop      func()
}

func start(t *testing.T, timeScale float64) *bench {
	t.Helper()
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	b := &bench{World: cloudtest.New(t, 0), client: client, namespace: cloudtest.Namespace(t, client)}
	b.run(timeScale)
	t.Cleanup(func() {
		// Services of one test are no business of the next one's controllers.
		services, err := client.CoreV1().Services(b.namespace).List(context.Background(), metav1.ListOptions{})
		if err != nil {
			t.Error(err)
		}
		for _, s := range services.Items {
			b.delete(s.Name)
		}
		b.stop()
	})
	return b
}

func (b *bench) run(timeScale float64) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() {
		done <- cloud.Run(ctx, config, cloud.Options{
			Subscription: b.Subscription, ClusterID: func() string { return cloudtest.ClusterID }, TimeScale: timeScale,
		})
	}()
	b.stop = func() {
		cancel()
		if err := <-done; err != nil {
			b.T.Error(err)
		}
	}
}

func (b *bench) service(name string, annotations map[string]string, change ...func(*corev1.Service)) *corev1.Service {
	b.T.Helper()
	s := &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Name: name, Annotations: annotations},
		Spec:       corev1.ServiceSpec{Type: corev1.ServiceTypeLoadBalancer, Ports: []corev1.ServicePort{{Port: 443}}},
	}
	for _, c := range change {
		c(s)
	}
	created, err := b.client.CoreV1().Services(b.namespace).Create(b.T.Context(), s, metav1.CreateOptions{})
	if err != nil {
		b.T.Fatal(err)
	}
	return created
}

func (b *bench) get(name string) *corev1.Service {
	b.T.Helper()
	s, err := b.client.CoreV1().Services(b.namespace).Get(context.Background(), name, metav1.GetOptions{})
	if err != nil {
		b.T.Fatal(err)
	}
	return s
}

// address waits for a Service's address.
func (b *bench) address(name string) (address string) {
	b.T.Helper()
	cloudtest.Eventually(b.T, "address of "+name, func() error {
		points := b.get(name).Status.LoadBalancer.Ingress
		if len(points) != 1 {
			return fmt.Errorf("%d addresses", len(points))
		}
		if mode := points[0].IPMode; mode == nil || *mode != corev1.LoadBalancerIPModeVIP {
			return fmt.Errorf("mode %v", mode)
		}
		address = points[0].IP
		return nil
	})
	return address
}

func (b *bench) delete(name string) {
	b.T.Helper()
	err := b.client.CoreV1().Services(b.namespace).Delete(context.Background(), name, metav1.DeleteOptions{})
	if err != nil && !apierrors.IsNotFound(err) {
		b.T.Error(err)
	}
	cloudtest.Eventually(b.T, "end of "+name, func() error {
		_, err := b.client.CoreV1().Services(b.namespace).Get(context.Background(), name, metav1.GetOptions{})
		if !apierrors.IsNotFound(err) {
			return fmt.Errorf("still there: %v", err)
		}
		return nil
	})
}

// refused waits for the event that says why a Service has no address.
func (b *bench) refused(name, want string) {
	b.T.Helper()
	message := cloudtest.Event(b.T, b.client, b.namespace, name, "SyncLoadBalancerFailed")
	if !strings.HasPrefix(message, "Error syncing load balancer: failed to ensure load balancer: ") || !strings.Contains(message, want) {
		b.T.Errorf("the event says %q, want %q", message, want)
	}
	if points := b.get(name).Status.LoadBalancer.Ingress; len(points) > 0 {
		b.T.Errorf("it has an address all the same: %v", points)
	}
}

func property(b *bench, id, name string) string {
	b.T.Helper()
	r, found := b.Find(id)
	if !found {
		b.T.Fatalf("there is no %s", id)
	}
	value, _ := r.Properties[name].(string)
	return value
}

func named(ip string) map[string]string {
	return map[string]string{beta + "azure-load-balancer-resource-group": "rg", beta + "azure-pip-name": ip}
}

func TestAServiceGetsThePublicAddressItNamesOnceEverythingIsThere(t *testing.T) {
	b := start(t, 0)
	b.service("web", named("ingress-ip"))
	b.refused("web", "AuthorizationFailed")

	b.Grant("control-plane", cloudtest.Group, cloudtest.Reader)
	cloudtest.Eventually(t, "the missing address is named", func() error {
		events, err := b.client.CoreV1().Events(b.namespace).List(t.Context(), metav1.ListOptions{FieldSelector: "reason=SyncLoadBalancerFailed"})
		for _, e := range events.Items {
			if strings.Contains(e.Message, "PublicIP from annotation azure-pip-name(-IPv6)=ingress-ip for service "+b.namespace+"/web doesn't exist") {
				return nil
			}
		}
		return fmt.Errorf("not in %d events: %v", len(events.Items), err)
	})

	id := b.Address("ingress-ip")
	cloudtest.Eventually(t, "the missing role is named", func() error {
		events, err := b.client.CoreV1().Events(b.namespace).List(t.Context(), metav1.ListOptions{FieldSelector: "reason=SyncLoadBalancerFailed"})
		for _, e := range events.Items {
			if strings.Contains(e.Message, "publicIPAddresses/join/action' on the linked scope '"+id) {
				return nil
			}
		}
		return fmt.Errorf("not in %d events: %v", len(events.Items), err)
	})

	b.Grant("control-plane", id, cloudtest.NetworkContributor)
	if got, want := b.address("web"), property(b, id, "ipAddress"); got != want || got == "" {
		t.Errorf("address %q, want that of the public address, %q", got, want)
	}
	cloudtest.Event(t, b.client, b.namespace, "web", "EnsuredLoadBalancer")
	if err := b.Remove(t.Context(), id); err == nil || !strings.Contains(err.Error(), "PublicIPAddressCannotBeDeleted") {
		t.Errorf("the address in use could be deleted: %v", err)
	}

	b.delete("web")
	if _, found := b.Find(balancer); found {
		t.Error("the load balancer stayed without a frontend")
	}
	if err := b.Remove(t.Context(), id); err != nil {
		t.Errorf("the address is still held: %v", err)
	}
}

func TestAPublicAddressInUseIsRefused(t *testing.T) {
	b := start(t, 0)
	b.Grant("control-plane", cloudtest.Group, cloudtest.NetworkContributor)
	b.service("web", named("gateway-ip"))
	b.refused("web", "PublicIPAddressInUse")
}

func TestAPublicServiceWithoutAWishGetsAnAddressOfItsOwnAndGivesItBack(t *testing.T) {
	b := start(t, 0)
	b.service("web", nil)
	address := b.address("web")
	var own string
	for _, r := range b.Resources() {
		if r.Type == "Microsoft.Network/publicIPAddresses" && r.Properties["ipAddress"] == address {
			own = r.ID
			if r.Token != "" || !strings.EqualFold(r.Owner, cloudtest.ClusterID) {
				t.Errorf("%s should be Azure's own, gone with the cluster: token %q, owner %q", r.ID, r.Token, r.Owner)
			}
		}
	}
	if own == "" {
		t.Fatalf("no public address is %s", address)
	}
	b.delete("web")
	if _, found := b.Find(own); found {
		t.Error("its address stayed")
	}
}

func TestAnInternalServiceGetsAnAddressOfTheClustersSubnet(t *testing.T) {
	b := start(t, 0)
	annotations := func(address string) map[string]string {
		out := map[string]string{internal: "true"}
		if address != "" {
			out[beta+"azure-load-balancer-ipv4"] = address
		}
		return out
	}
	b.service("chosen", annotations("10.0.1.250"))
	if got := b.address("chosen"); got != "10.0.1.250" {
		t.Errorf("address %s, want the one asked for", got)
	}
	for name, c := range map[string]struct{ address, want string }{
		"outside":  {"10.0.2.20", "PrivateIPAddressNotInSubnet"},
		"reserved": {"10.0.0.3", "PrivateIPAddressInReservedRange"},
		"last":     {"10.0.1.255", "PrivateIPAddressInReservedRange"},
		"taken":    {"10.0.1.250", "PrivateIPAddressIsAllocated"},
	} {
		b.service(name, annotations(c.address))
		b.refused(name, c.want)
	}
	b.service("old-field", map[string]string{internal: "true"}, func(s *corev1.Service) { s.Spec.LoadBalancerIP = "10.0.1.251" })
	if got := b.address("old-field"); got != "10.0.1.251" {
		t.Errorf("address %s, want that of loadBalancerIP", got)
	}
	b.service("any", annotations(""))
	first := b.address("any")
	if first != "10.0.0.4" {
		t.Errorf("address %s, want the first free one", first)
	}
	b.service("another", annotations(""))
	if got := b.address("another"); got != "10.0.0.5" {
		t.Errorf("address %s, want the next free one", got)
	}
	b.delete("chosen")
	if got := b.address("taken"); got != "10.0.1.250" {
		t.Errorf("address %s, want the one given back", got)
	}

	// Started again, the controllers leave everybody where they are.
	b.stop()
	b.run(0)
	b.service("latest", annotations(""))
	if got := b.address("latest"); got != "10.0.0.6" || b.address("any") != first {
		t.Errorf("after a restart: %s and %s", got, b.address("any"))
	}
}

func TestAServiceThatStopsBeingBalancedGivesItsAddressBack(t *testing.T) {
	b := start(t, 0)
	b.service("web", map[string]string{internal: "true"})
	b.address("web")
	s := b.get("web")
	s.Spec.Type = corev1.ServiceTypeClusterIP
	if _, err := b.client.CoreV1().Services(b.namespace).Update(t.Context(), s, metav1.UpdateOptions{}); err != nil {
		t.Fatal(err)
	}
	cloudtest.Eventually(t, "the address is gone", func() error {
		if s := b.get("web"); len(s.Status.LoadBalancer.Ingress)+len(s.Finalizers) > 0 {
			return fmt.Errorf("%v, finalizers %v", s.Status.LoadBalancer, s.Finalizers)
		}
		return nil
	})
	if _, found := b.Find(balancer + "-internal"); found {
		t.Error("the load balancer stayed without a frontend")
	}
}

func TestAServiceThatBecomesInternalMoves(t *testing.T) {
	b := start(t, 0)
	b.service("web", nil)
	public := b.address("web")
	s := b.get("web")
	s.Annotations = map[string]string{internal: "true"}
	if _, err := b.client.CoreV1().Services(b.namespace).Update(t.Context(), s, metav1.UpdateOptions{}); err != nil {
		t.Fatal(err)
	}
	cloudtest.Eventually(t, "the address has changed", func() error {
		if b.address("web") == public {
			return fmt.Errorf("still %s", public)
		}
		return nil
	})
	cloudtest.Eventually(t, "nothing public is left", func() error {
		for _, r := range b.Resources() {
			if r.Properties["ipAddress"] == public || r.ID == balancer {
				return fmt.Errorf("%s is there", r.ID)
			}
		}
		return nil
	})
}

func TestAnAddressTakesItsTime(t *testing.T) {
	const scale = 40 // 20 simulated seconds in half a real one
	b := start(t, scale)
	began := time.Now()
	b.service("web", map[string]string{internal: "true"})
	b.address("web")
	if took := time.Since(began); took < 500*time.Millisecond {
		t.Errorf("it took %s", took)
	}
}

func TestTraefiksAddressIsWrittenIntoTheIngressesItServes(t *testing.T) {
	b := start(t, 0)
	ingress := func(name, class string) {
		t.Helper()
		i := &networkingv1.Ingress{ObjectMeta: metav1.ObjectMeta{Name: name}, Spec: networkingv1.IngressSpec{
			IngressClassName: &class,
			DefaultBackend:   &networkingv1.IngressBackend{Service: &networkingv1.IngressServiceBackend{Name: "web", Port: networkingv1.ServiceBackendPort{Number: 443}}},
		}}
		if _, err := b.client.NetworkingV1().Ingresses(b.namespace).Create(t.Context(), i, metav1.CreateOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	for name, controller := range map[string]string{"nginx": "k8s.io/ingress-nginx", "own": "traefik.io/ingress-controller", "other": "example.com/other"} {
		class := &networkingv1.IngressClass{ObjectMeta: metav1.ObjectMeta{Name: name}, Spec: networkingv1.IngressClassSpec{Controller: controller}}
		if _, err := b.client.NetworkingV1().IngressClasses().Create(t.Context(), class, metav1.CreateOptions{}); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			_ = b.client.NetworkingV1().IngressClasses().Delete(context.Background(), name, metav1.DeleteOptions{})
		})
		ingress(name, name)
	}
	b.service("traefik", map[string]string{internal: "true"}, func(s *corev1.Service) { s.Labels = map[string]string{"app.kubernetes.io/name": "traefik"} })
	address := b.address("traefik")
	status := func(name string) []networkingv1.IngressLoadBalancerIngress {
		t.Helper()
		i, err := b.client.NetworkingV1().Ingresses(b.namespace).Get(t.Context(), name, metav1.GetOptions{})
		if err != nil {
			t.Fatal(err)
		}
		return i.Status.LoadBalancer.Ingress
	}
	if s := status("nginx"); s != nil {
		t.Errorf("without Traefik: %v", s)
	}
	cloudtest.Install(t, b.client, b.namespace, "traefik", map[string]any{"providers": map[string]any{
		"kubernetesIngress":      map[string]any{"enabled": false},
		"kubernetesIngressNGINX": map[string]any{"enabled": true, "publishService": map[string]any{"enabled": true}},
	}})
	cloudtest.Eventually(t, "the Ingress of the nginx class has Traefik's address", func() error {
		if s := status("nginx"); len(s) != 1 || s[0].IP != address {
			return fmt.Errorf("%v, want %s", s, address)
		}
		return nil
	})
	for _, name := range []string{"own", "other"} {
		if s := status(name); s != nil {
			t.Errorf("the Ingress of class %s, which this release doesn't serve, has %v", name, s)
		}
	}
}

func TestARestartOfTheAPIServerIsSurvived(t *testing.T) {
	b := start(t, 0)
	b.service("before", map[string]string{internal: "true"})
	first := b.address("before")
	if err := restart(); err != nil {
		t.Fatal(err)
	}
	b.service("after", map[string]string{internal: "true"})
	if second := b.address("after"); second == first || b.address("before") != first {
		t.Errorf("%s before, %s after", first, second)
	}
}
