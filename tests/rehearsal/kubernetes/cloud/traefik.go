package cloud

import (
	"context"
	"fmt"
	"reflect"
	"time"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"

	records "apim-azure/tests/rehearsal/kubernetes"
)

// traefik writes the addresses of an installed Traefik's Service into the Ingresses it serves. Its routes are its own business.
type traefik struct {
	client  kubernetes.Interface
	objects dynamic.Interface
	watched informers.SharedInformerFactory
	log     func(string, ...any)
	changed chan struct{}
}

func newTraefik(client kubernetes.Interface, objects dynamic.Interface, watched informers.SharedInformerFactory, log func(string, ...any)) *traefik {
	t := &traefik{client: client, objects: objects, watched: watched, log: log, changed: make(chan struct{}, 1)}
	notify := func() {
		select {
		case t.changed <- struct{}{}:
		default:
		}
	}
	handler := cache.ResourceEventHandlerFuncs{
		AddFunc: func(any) { notify() }, UpdateFunc: func(any, any) { notify() }, DeleteFunc: func(any) { notify() },
	}
	for _, informer := range []cache.SharedIndexInformer{
		watched.Networking().V1().Ingresses().Informer(), watched.Networking().V1().IngressClasses().Informer(),
		watched.Core().V1().Services().Informer(), watched.Core().V1().Secrets().Informer(), // releases are Secrets
	} {
		_, _ = informer.AddEventHandler(handler)
	}
	watched.Core().V1().Nodes().Informer() // for the addresses in use
	return t
}

func (t *traefik) run(ctx context.Context) {
	said := ""
	for {
		again := time.Duration(1<<62 - 1) // at the next change
		if err := t.sync(ctx); err == nil {
			said = ""
		} else if again = time.Second; said != err.Error() && ctx.Err() == nil {
			said = err.Error()
			t.log("Traefik: %v", err)
		}
		timer := time.NewTimer(again)
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-t.changed:
			time.Sleep(20 * time.Millisecond) // changes come together
		case <-timer.C:
		}
		timer.Stop()
	}
}

func (t *traefik) sync(ctx context.Context) error {
	releases, err := records.Releases(ctx, t.objects)
	if err != nil {
		return err
	}
	for _, r := range releases {
		if r.Chart != "traefik" {
			continue
		}
		if points := t.addresses(r.Namespace); points != nil {
			if err := t.publish(ctx, servedBy(r.Values), points); err != nil {
				return err
			}
		}
	}
	return nil
}

// addresses are those of Traefik's own Service; nil while it has none.
func (t *traefik) addresses(namespace string) (points []networkingv1.IngressLoadBalancerIngress) {
	own := labels.SelectorFromSet(labels.Set{"app.kubernetes.io/name": "traefik"})
	services, _ := t.watched.Core().V1().Services().Lister().Services(namespace).List(own)
	for _, s := range services {
		if s.Spec.Type != corev1.ServiceTypeLoadBalancer {
			continue
		}
		for _, i := range s.Status.LoadBalancer.Ingress {
			points = append(points, networkingv1.IngressLoadBalancerIngress{IP: i.IP})
		}
	}
	return points
}

// servedBy maps the controllers, named by IngressClasses, that a release answers for and publishes addresses of, to the old class
// annotation's value. Defaults are the chart's: Ingresses of its own class with addresses, those of ingress-nginx not at all.
func servedBy(v map[string]any) map[string]string {
	providers, _ := v["providers"].(map[string]any)
	value := func(otherwise string, path ...string) string {
		var at any = providers
		for _, key := range path {
			m, _ := at.(map[string]any)
			at = m[key]
		}
		if at == nil {
			return otherwise
		}
		return fmt.Sprint(at)
	}
	served := map[string]string{}
	const plain, nginx = "kubernetesIngress", "kubernetesIngressNGINX"
	if value("true", plain, "enabled") == "true" && value("true", plain, "publishedService", "enabled") == "true" {
		served["traefik.io/ingress-controller"] = "traefik"
	}
	if value("false", nginx, "enabled") == "true" && value("false", nginx, "publishService", "enabled") == "true" {
		served[value("k8s.io/ingress-nginx", nginx, "controllerClass")] = value("nginx", nginx, "ingressClass")
	}
	return served
}

func (t *traefik) publish(ctx context.Context, served map[string]string, points []networkingv1.IngressLoadBalancerIngress) error {
	classes, _ := t.watched.Networking().V1().IngressClasses().Lister().List(labels.Everything())
	names, old := map[string]bool{}, map[string]bool{}
	for _, c := range classes {
		_, is := served[c.Spec.Controller]
		names[c.Name] = is
	}
	for _, annotation := range served {
		old[annotation] = true
	}
	ingresses, _ := t.watched.Networking().V1().Ingresses().Lister().List(labels.Everything())
	for _, ingress := range ingresses {
		class := ingress.Spec.IngressClassName
		mine := class != nil && names[*class] || class == nil && old[ingress.Annotations["kubernetes.io/ingress.class"]]
		if !mine || reflect.DeepEqual(ingress.Status.LoadBalancer.Ingress, points) {
			continue
		}
		changed := ingress.DeepCopy()
		changed.Status.LoadBalancer.Ingress = points
		if _, err := t.client.NetworkingV1().Ingresses(ingress.Namespace).UpdateStatus(ctx, changed, metav1.UpdateOptions{}); err != nil {
			return err
		}
	}
	return nil
}
