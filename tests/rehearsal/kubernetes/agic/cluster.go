package agic

import (
	"cmp"
	"context"
	"slices"
	"sync"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"
)

// cluster is what the controller watches. Informers outlive a restart of the API server.
type cluster struct {
	informers informers.SharedInformerFactory
	// released holds a signal once Helm has written a record since it was last read.
	released chan struct{}

	mu          sync.Mutex
	subscribers map[chan struct{}]bool
}

// watch starts the informers and waits for their first lists, or for the end of ctx.
func watch(ctx context.Context, client kubernetes.Interface) *cluster {
	c := &cluster{informers: informers.NewSharedInformerFactory(client, 0), subscribers: map[chan struct{}]bool{}, released: make(chan struct{}, 1)}
	handler := cache.ResourceEventHandlerFuncs{
		AddFunc: func(any) { c.notify() }, UpdateFunc: func(any, any) { c.notify() }, DeleteFunc: func(any) { c.notify() },
	}
	helm := cache.FilteringResourceEventHandler{
		FilterFunc: func(o any) bool {
			if gone, is := o.(cache.DeletedFinalStateUnknown); is {
				o = gone.Obj
			}
			secret, is := o.(*corev1.Secret)
			return is && secret.Labels["owner"] == "helm"
		},
		Handler: cache.ResourceEventHandlerFuncs{
			AddFunc: func(any) { signal(c.released) }, UpdateFunc: func(any, any) { signal(c.released) }, DeleteFunc: func(any) { signal(c.released) },
		},
	}
	core, networking := c.informers.Core().V1(), c.informers.Networking().V1()
	_, _ = core.Secrets().Informer().AddEventHandler(helm)
	for _, informer := range []cache.SharedIndexInformer{
		networking.Ingresses().Informer(), networking.IngressClasses().Informer(), core.Services().Informer(), core.Secrets().Informer(),
		core.Pods().Informer(), core.ServiceAccounts().Informer(), c.informers.Discovery().V1().EndpointSlices().Informer(),
	} {
		_, _ = informer.AddEventHandler(handler) // fails only once the informer has stopped
	}
	c.informers.Start(ctx.Done())
	c.informers.WaitForCacheSync(ctx.Done())
	return c
}

// subscribe returns a channel that holds a signal once something has changed since it was last read.
func (c *cluster) subscribe(ctx context.Context) <-chan struct{} {
	changed := make(chan struct{}, 1)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.subscribers[changed] = true
	context.AfterFunc(ctx, func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		delete(c.subscribers, changed)
	})
	return changed
}

func (c *cluster) notify() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for changed := range c.subscribers {
		signal(changed)
	}
}

// signal leaves a signal unless there is one.
func signal(to chan<- struct{}) {
	select {
	case to <- struct{}{}:
	default:
	}
}

// snapshot is the cluster as the configuration is built from it. Nothing in it may be written to.
type snapshot struct {
	ingresses []*networkingv1.Ingress
	services  map[string]*corev1.Service
	slices    map[string][]*discoveryv1.EndpointSlice // by namespace/service
	secrets   map[string]*corev1.Secret
	pods      []*corev1.Pod
}

// snapshot lists what concerns a controller, sorted, so that the same cluster gives the same configuration.
func (c *cluster) snapshot(s settings) snapshot {
	core, networking := c.informers.Core().V1(), c.informers.Networking().V1()
	all := labels.Everything()
	// Listing from a cache fails for objects of another kind only.
	ingresses, _ := networking.Ingresses().Lister().List(all)
	classes, _ := networking.IngressClasses().Lister().List(all)
	services, _ := core.Services().Lister().List(all)
	endpoints, _ := c.informers.Discovery().V1().EndpointSlices().Lister().List(all)
	secrets, _ := core.Secrets().Lister().List(all)
	pods, _ := core.Pods().Lister().List(all)
	snap := snapshot{
		services: byKey(services), secrets: byKey(secrets), pods: sorted(pods),
		slices: map[string][]*discoveryv1.EndpointSlice{},
	}
	for _, slice := range sorted(endpoints) {
		service := slice.Namespace + "/" + slice.Labels[discoveryv1.LabelServiceName]
		snap.slices[service] = append(snap.slices[service], slice)
	}
	for _, ingress := range sorted(ingresses) {
		if (s.watched == "" || s.watched == ingress.Namespace) && s.serves(ingress, classes) && hasHTTP(ingress) {
			snap.ingresses = append(snap.ingresses, ingress)
		}
	}
	return snap
}

// account returns the ServiceAccount a release's pods run as, or nil.
func (c *cluster) account(s settings) *corev1.ServiceAccount {
	found, _ := c.informers.Core().V1().ServiceAccounts().Lister().ServiceAccounts(s.namespace).List(labels.SelectorFromSet(labels.Set{
		"app.kubernetes.io/instance": s.release, "app.kubernetes.io/name": "ingress-azure",
	}))
	if len(found) == 0 {
		return nil
	}
	return found[0]
}

// serves tells whether an Ingress is this controller's. The old annotation outranks the field, and holds the controller's name,
// not the class's.
func (s settings) serves(ingress *networkingv1.Ingress, classes []*networkingv1.IngressClass) bool {
	if old := ingress.Annotations["kubernetes.io/ingress.class"]; old != "" {
		return old == s.controller
	}
	if !s.classes {
		return false
	}
	if ingress.Spec.IngressClassName == nil {
		return s.isDefault
	}
	return *ingress.Spec.IngressClassName == s.class && slices.ContainsFunc(classes, func(c *networkingv1.IngressClass) bool {
		return c.Name == s.class && c.Spec.Controller == s.controller
	})
}

func hasHTTP(ingress *networkingv1.Ingress) bool {
	return len(ingress.Spec.Rules) == 0 || slices.ContainsFunc(ingress.Spec.Rules, func(r networkingv1.IngressRule) bool { return r.HTTP != nil })
}

func key(o metav1.Object) string { return o.GetNamespace() + "/" + o.GetName() }

func byKey[T metav1.Object](list []T) map[string]T {
	out := map[string]T{}
	for _, o := range list {
		out[key(o)] = o
	}
	return out
}

func sorted[T metav1.Object](list []T) []T {
	slices.SortFunc(list, func(a, b T) int { return cmp.Compare(key(a), key(b)) })
	return list
}
