package cloud

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/kubernetes/scheme"
	typedcorev1 "k8s.io/client-go/kubernetes/typed/core/v1"
	listers "k8s.io/client-go/listers/core/v1"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/record"
	"k8s.io/client-go/util/workqueue"

	"apim-azure/tests/rehearsal/azure"
)

// Options say where the controllers run.
type Options struct {
	Subscription *azure.Subscription
	// ClusterID is the resource ID of the cluster whose API server this is; "" while there is none.
	ClusterID func() string
	// TimeScale is the number of simulated seconds in a real one. At 0 nothing takes time, and retries come sixty times as fast.
	TimeScale float64
	// Log receives one line per address given and per failure; nil drops them.
	Log func(format string, args ...any)
}

const (
	// finalizer keeps a Service until its address is given back.
	finalizer = "service.kubernetes.io/load-balancer-cleanup"
	// Retries of the real service controller double between these.
	minRetry, maxRetry = 5 * time.Second, 5 * time.Minute
	// balancerTime is what a change of a load balancer takes in Azure (assumed; some tens of seconds are usual).
	balancerTime = 20 * time.Second
)

// real is how long a simulated pause between attempts takes.
func (o Options) real(d time.Duration) time.Duration {
	if o.TimeScale == 0 {
		return d / 60
	}
	return time.Duration(float64(d) / o.TimeScale)
}

// Run gives Services and Ingresses their addresses until ctx ends. It returns an error only if config is unusable.
func Run(ctx context.Context, config *rest.Config, o Options) error {
	if o.Log == nil {
		o.Log = func(string, ...any) {}
	}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	objects, err := dynamic.NewForConfig(config)
	if err != nil {
		return err
	}
	// client-go's limit, 25 events about an object and then one in five minutes, would drop the reasons of quick retries.
	broadcaster := record.NewBroadcasterWithCorrelatorOptions(record.CorrelatorOptions{BurstSize: 1000})
	broadcaster.StartRecordingToSink(&typedcorev1.EventSinkImpl{Interface: client.CoreV1().Events("")})
	defer broadcaster.Shutdown()
	watched := informers.NewSharedInformerFactory(client, 0)
	retries := workqueue.NewTypedItemExponentialFailureRateLimiter[string](o.real(minRetry), o.real(maxRetry))
	s := &services{
		client: client, options: o, queue: workqueue.NewTypedRateLimitingQueue(retries), lister: watched.Core().V1().Services().Lister(), nodes: watched.Core().V1().Nodes().Lister(),
		events: broadcaster.NewRecorder(scheme.Scheme, corev1.EventSource{Component: "service-controller"}), done: map[string]string{},
	}
	defer s.queue.ShutDown()
	_, _ = watched.Core().V1().Services().Informer().AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc: s.enqueue, UpdateFunc: func(_, now any) { s.enqueue(now) }, DeleteFunc: s.enqueue,
	})
	publisher := newTraefik(client, objects, watched, o.Log)
	watched.Start(ctx.Done())
	watched.WaitForCacheSync(ctx.Done())
	context.AfterFunc(ctx, s.queue.ShutDown)
	finished := make(chan struct{})
	go func() {
		defer close(finished)
		publisher.run(ctx)
	}()
	for s.next(ctx) {
	}
	<-finished
	return nil
}

// services is the service controller: one Service at a time, failures again later.
type services struct {
	client  kubernetes.Interface
	options Options
	lister  listers.ServiceLister
	nodes   listers.NodeLister // their addresses are in use
	events  record.EventRecorder
	queue   workqueue.TypedRateLimitingInterface[string]
	// done holds what was last ensured, by UID: a Service whose spec and annotations are as they were is left alone. It starts
	// empty, so a restart goes over all of them, as the real controller's does.
	done map[string]string
}

func (s *services) enqueue(o any) {
	if key, err := cache.DeletionHandlingMetaNamespaceKeyFunc(o); err == nil {
		s.queue.Add(key)
	}
}

func (s *services) next(ctx context.Context) bool {
	key, quit := s.queue.Get()
	if quit {
		return false
	}
	defer s.queue.Done(key)
	if err := s.sync(ctx, key); err != nil && ctx.Err() == nil {
		s.queue.AddRateLimited(key)
	} else {
		s.queue.Forget(key)
	}
	return true
}

func (s *services) sync(ctx context.Context, key string) error {
	namespace, name, _ := cache.SplitMetaNamespaceKey(key)
	service, err := s.lister.Services(namespace).Get(name)
	if apierrors.IsNotFound(err) {
		return nil // its finalizer has let it go
	}
	if err != nil {
		return err
	}
	service = service.DeepCopy()
	if service.Spec.Type == corev1.ServiceTypeLoadBalancer && service.Spec.LoadBalancerClass == nil && service.DeletionTimestamp == nil {
		return s.ensure(ctx, service)
	}
	return s.release(ctx, service)
}

// ensure gives a Service its address.
func (s *services) ensure(ctx context.Context, service *corev1.Service) error {
	text, err := json.Marshal([]any{service.Spec, service.Annotations})
	if err != nil {
		return err
	}
	wanted := string(text)
	if s.done[string(service.UID)] == wanted {
		return nil
	}
	if !slices.Contains(service.Finalizers, finalizer) {
		service.Finalizers = append(service.Finalizers, finalizer)
		updated, err := s.client.CoreV1().Services(service.Namespace).Update(ctx, service, metav1.UpdateOptions{})
		if err != nil {
			return err // a conflict: its change is on its way here
		}
		service = updated
	}
	s.events.Event(service, corev1.EventTypeNormal, "EnsuringLoadBalancer", "Ensuring load balancer")
	if err := s.takeTime(ctx); err != nil {
		return err
	}
	address, err := s.balance(service)
	if err != nil {
		s.options.Log("load balancer of service %s/%s: %v", service.Namespace, service.Name, err)
		s.fail(service, fmt.Errorf("failed to ensure load balancer: %w", err))
		return err
	}
	if err := s.publish(ctx, service, []corev1.LoadBalancerIngress{{IP: address}}); err != nil {
		return err
	}
	s.events.Event(service, corev1.EventTypeNormal, "EnsuredLoadBalancer", "Ensured load balancer")
	s.options.Log("service %s/%s has address %s", service.Namespace, service.Name, address)
	s.done[string(service.UID)] = wanted
	return nil
}

// release takes the address of a Service that is going or is no longer to be balanced. One without our finalizer never had any.
func (s *services) release(ctx context.Context, service *corev1.Service) error {
	delete(s.done, string(service.UID))
	at := slices.Index(service.Finalizers, finalizer)
	if at < 0 {
		return nil
	}
	s.events.Event(service, corev1.EventTypeNormal, "DeletingLoadBalancer", "Deleting load balancer")
	if err := s.takeTime(ctx); err != nil {
		return err
	}
	if err := s.withdraw(service); err != nil {
		s.fail(service, fmt.Errorf("failed to delete load balancer: %w", err))
		return err
	}
	if service.DeletionTimestamp == nil {
		if err := s.publish(ctx, service, nil); err != nil {
			return err
		}
	}
	service.Finalizers = slices.Delete(service.Finalizers, at, at+1)
	_, err := s.client.CoreV1().Services(service.Namespace).Update(ctx, service, metav1.UpdateOptions{})
	if apierrors.IsNotFound(err) {
		return nil
	}
	if err == nil {
		s.events.Event(service, corev1.EventTypeNormal, "DeletedLoadBalancer", "Deleted load balancer")
	}
	return err
}

func (s *services) fail(service *corev1.Service, err error) {
	s.events.Eventf(service, corev1.EventTypeWarning, "SyncLoadBalancerFailed", "Error syncing load balancer: %v", err)
}

// publish writes the addresses into the Service's status. The API server adds the mode, VIP.
func (s *services) publish(ctx context.Context, service *corev1.Service, points []corev1.LoadBalancerIngress) error {
	service.Status.LoadBalancer.Ingress = points
	updated, err := s.client.CoreV1().Services(service.Namespace).UpdateStatus(ctx, service, metav1.UpdateOptions{})
	if err == nil {
		*service = *updated
	}
	return err
}

func (s *services) takeTime(ctx context.Context) error {
	if s.options.TimeScale == 0 {
		return ctx.Err()
	}
	timer := time.NewTimer(s.options.real(balancerTime))
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
