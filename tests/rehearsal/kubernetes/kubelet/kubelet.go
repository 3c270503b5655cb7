package kubelet

import (
	"context"
	"encoding/json"
	"errors"
	"net/netip"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/kubernetes/scheme"
	typedcorev1 "k8s.io/client-go/kubernetes/typed/core/v1"
	appslisters "k8s.io/client-go/listers/apps/v1"
	listers "k8s.io/client-go/listers/core/v1"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/record"
	"k8s.io/client-go/util/workqueue"
)

// Options say what pods find.
type Options struct {
	// HasImage tells whether a registry would give out the image of that reference, as it stands in the pod. Nil: always.
	HasImage func(reference string) bool
	// Faults may be nil.
	Faults *Faults
	// TimeScale is how many simulated seconds pass in a real one; 0: nothing takes time.
	TimeScale float64
	// Log receives what goes wrong; nil drops it.
	Log func(format string, args ...any)
}

// lookAgain is the real time between two looks at a pod that can't start; the work of a look is done in memory.
const lookAgain = 200 * time.Millisecond

// kubelet stands for the kubelets of all nodes.
type kubelet struct {
	options Options
	client  kubernetes.Interface
	events  record.EventBroadcaster
	queue   workqueue.TypedRateLimitingInterface[cache.ObjectName]
	world   world

	pods        listers.PodLister
	nodes       listers.NodeLister
	replicaSets appslisters.ReplicaSetLister

	// Of the queue's only worker. What is in the API server's answer but not yet in the cache, and when an image is tried next.
	addresses map[types.UID]netip.Addr
	pulls     map[types.UID]pull
}

// pull is the next try to get a pod's images.
type pull struct {
	tries int
	next  time.Time
}

// Run decides about every pod that has, or gets, a node with a kubelet, until ctx ends. It may be started again on
// the objects of an earlier run. It fails only for a configuration that can't be used.
func Run(ctx context.Context, config *rest.Config, options Options) error {
	if options.HasImage == nil {
		options.HasImage = func(string) bool { return true }
	}
	if options.Log == nil {
		options.Log = func(string, ...any) {}
	}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	k := &kubelet{
		options: options, client: client,
		queue: workqueue.NewTypedRateLimitingQueue(
			workqueue.NewTypedItemExponentialFailureRateLimiter[cache.ObjectName](50*time.Millisecond, 2*time.Second)),
		addresses: map[types.UID]netip.Addr{}, pulls: map[types.UID]pull{},
	}
	defer k.queue.ShutDown()
	k.events = record.NewBroadcaster()
	defer k.events.Shutdown()
	k.events.StartRecordingToSink(&typedcorev1.EventSinkImpl{Interface: client.CoreV1().Events("")})

	factory := informers.NewSharedInformerFactory(client, 0)
	if err := k.watch(factory); err != nil {
		return err
	}
	factory.Start(ctx.Done())
	defer factory.Shutdown()
	factory.WaitForCacheSync(ctx.Done())
	go func() { <-ctx.Done(); k.queue.ShutDown() }()
	for k.next(ctx) {
	}
	return nil
}

// watch fills the queue with each pod that changes, or whose node does, and with the pods of a namespace where a Secret or
// ConfigMap changes.
func (k *kubelet) watch(factory informers.SharedInformerFactory) error {
	core := factory.Core().V1()
	k.pods, k.nodes = core.Pods().Lister(), core.Nodes().Lister()
	k.replicaSets = factory.Apps().V1().ReplicaSets().Lister()
	k.world = world{
		hasImage:      k.options.HasImage,
		keys:          keys(core.Secrets().Lister(), core.ConfigMaps().Lister()),
		volumeSecrets: volumeSecrets(core.PersistentVolumeClaims().Lister(), core.PersistentVolumes().Lister()),
	}
	for informer, changed := range map[cache.SharedIndexInformer]func(object metav1.Object){
		core.Pods().Informer():                       k.enqueue,
		core.Nodes().Informer():                      k.enqueueNode,
		core.Secrets().Informer():                    k.enqueueNamespace,
		core.ConfigMaps().Informer():                 k.enqueueNamespace,
		core.PersistentVolumeClaims().Informer():     func(metav1.Object) {},
		core.PersistentVolumes().Informer():          func(metav1.Object) {},
		factory.Apps().V1().ReplicaSets().Informer(): func(metav1.Object) {},
	} {
		// A missing object is one that is added; pods that go are of no interest.
		_, err := informer.AddEventHandler(cache.ResourceEventHandlerFuncs{
			AddFunc:    func(object any) { changed(object.(metav1.Object)) },
			UpdateFunc: func(_, object any) { changed(object.(metav1.Object)) },
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (k *kubelet) enqueue(object metav1.Object) { k.queue.Add(cache.MetaObjectToName(object)) }

func (k *kubelet) enqueueNamespace(object metav1.Object) {
	k.enqueueIf(object.GetNamespace(), func(pod *corev1.Pod) bool {
		return verdict(pod) == ConfigMissing || verdict(pod) == MountMissing
	})
}

func (k *kubelet) enqueueNode(object metav1.Object) {
	k.enqueueIf("", func(pod *corev1.Pod) bool { return pod.Spec.NodeName == object.GetName() && !settled(pod) })
}

func (k *kubelet) enqueueIf(namespace string, concerned func(*corev1.Pod) bool) {
	pods, err := k.pods.Pods(namespace).List(labels.Everything())
	if err != nil {
		return // a cache has no errors
	}
	for _, pod := range pods {
		if concerned(pod) {
			k.enqueue(pod)
		}
	}
}

// next works on one pod and says whether there may be another.
func (k *kubelet) next(ctx context.Context) bool {
	name, shutdown := k.queue.Get()
	if shutdown {
		return false
	}
	defer k.queue.Done(name)
	err := k.look(ctx, name)
	if err == nil || ctx.Err() != nil {
		k.queue.Forget(name)
		return true
	}
	// A conflict says that the pod changed meanwhile; and in an outage once is enough.
	if !apierrors.IsConflict(err) && !errors.Is(err, errNotYet) && k.queue.NumRequeues(name) == 0 {
		k.options.Log("the kubelet of pod %s, which tries again: %v", name, err)
	}
	k.queue.AddRateLimited(name)
	return true
}

// errNotYet: what a pod belongs to is not in the cache yet.
var errNotYet = errors.New("owner not seen yet")

// look decides about one pod, if there is something to decide.
func (k *kubelet) look(ctx context.Context, name cache.ObjectName) error {
	pod, err := k.pods.Pods(name.Namespace).Get(name.Name)
	if err != nil || pod.Spec.NodeName == "" || pod.DeletionTimestamp != nil || settled(pod) {
		return nil // a cache has no error but "not found"
	}
	node, err := k.nodes.Get(pod.Spec.NodeName)
	if err != nil || node.Labels[NodeLabel] != NodeRunning {
		return nil // its kubelet is gone; should it come back, the node changes
	}
	now := time.Now()
	if verdict(pod) == ImageMissing && now.Before(k.pulls[pod.UID].next) {
		k.queue.AddAfter(name, k.pulls[pod.UID].next.Sub(now))
		return nil
	}
	fault, struck, err := k.fault(pod, now)
	if err != nil {
		return err
	}
	d := k.world.decide(pod, fault, struck)
	if verdict(pod) == Crash && len(d.waiting) > 0 {
		d = decision{verdict: Crash} // it has run: its images are on the node
	}
	if d.verdict != verdict(pod) || d.reasons() != pod.Annotations[waitingAnnotation] {
		if err := k.annotate(ctx, pod, node, d, now); err != nil {
			return err
		}
	}
	switch d.verdict {
	case Ready, Complete, Fail:
		delete(k.pulls, pod.UID)
		return nil
	case ImageMissing:
		k.pulls[pod.UID] = k.pulls[pod.UID].again(now, k.options.TimeScale)
	}
	k.queue.AddAfter(name, lookAgain)
	return nil
}

// again is the pull after one that failed.
func (p pull) again(now time.Time, timeScale float64) pull {
	backOff := min(firstPull<<min(p.tries, 10), longestPull)
	return pull{p.tries + 1, now.Add(inReal(backOff, timeScale))}
}

// verdict is the last one about a pod, "" before the first.
func verdict(pod *corev1.Pod) Verdict { return Verdict(pod.Annotations[VerdictAnnotation]) }

// settled pods need no more decisions.
func settled(pod *corev1.Pod) bool {
	switch verdict(pod) {
	case Ready, Complete, Fail:
		return true
	}
	return pod.Status.Phase == corev1.PodSucceeded || pod.Status.Phase == corev1.PodFailed
}

// fault returns the one that holds a pod now.
func (k *kubelet) fault(pod *corev1.Pod, now time.Time) (Fault, bool, error) {
	if k.options.Faults == nil {
		return Fault{}, false, nil
	}
	owners, err := k.owners(pod)
	if err != nil {
		return Fault{}, false, err
	}
	f, since, struck := k.options.Faults.strike(pod.UID, owners, now)
	if struck && f.Code != SlowStart && f.After > 0 && now.Sub(since) >= max(inReal(f.After, k.options.TimeScale), leastBackOff) {
		return Fault{}, false, nil
	}
	return f, struck, nil
}

// owners are the pod, its controller, and for a ReplicaSet the controller of that.
func (k *kubelet) owners(pod *corev1.Pod) ([]owner, error) {
	all := []owner{{"v1", "Pod", pod.Name}}
	by := metav1.GetControllerOf(pod)
	if by == nil {
		return all, nil
	}
	all = append(all, owner{by.APIVersion, by.Kind, by.Name})
	if by.Kind != "ReplicaSet" {
		return all, nil
	}
	set, err := k.replicaSets.ReplicaSets(pod.Namespace).Get(by.Name)
	if err != nil {
		return nil, errNotYet
	}
	if by := metav1.GetControllerOf(set); by != nil {
		all = append(all, owner{by.APIVersion, by.Kind, by.Name})
	}
	return all, nil
}

// annotate tells kwok the decision, and everybody else by events.
func (k *kubelet) annotate(ctx context.Context, pod *corev1.Pod, node *corev1.Node, d decision, now time.Time) error {
	annotations := map[string]any{VerdictAnnotation: d.verdict, ReadyAfterAnnotation: nil, waitingAnnotation: nil}
	if after := inReal(d.after, k.options.TimeScale); after > 0 {
		annotations[ReadyAfterAnnotation] = now.Add(after).UTC().Format(time.RFC3339Nano)
	}
	if reasons := d.reasons(); reasons != "" {
		annotations[waitingAnnotation] = reasons
	}
	if d.verdict != MountMissing && !pod.Spec.HostNetwork { // the address comes with the sandbox, after the volumes
		address, err := k.address(pod, node)
		if err != nil {
			return err
		}
		annotations[addressAnnotation] = address.String()
	}
	patch, err := json.Marshal(map[string]any{"metadata": map[string]any{
		"uid":         pod.UID, // not another pod that got the name meanwhile
		"annotations": annotations,
	}})
	if err != nil {
		return err
	}
	_, err = k.client.CoreV1().Pods(pod.Namespace).Patch(ctx, pod.Name, types.MergePatchType, patch, metav1.PatchOptions{})
	if apierrors.IsNotFound(err) {
		return nil
	}
	if err != nil {
		return err
	}
	recorder := k.events.NewRecorder(scheme.Scheme, corev1.EventSource{Component: "kubelet", Host: node.Name})
	for _, n := range d.notes {
		recorder.Event(&corev1.ObjectReference{
			APIVersion: "v1", Kind: "Pod", Namespace: pod.Namespace, Name: pod.Name, UID: pod.UID, FieldPath: n.field,
		}, n.kind, n.reason, n.message)
	}
	return nil
}

// reasons are what containers wait for, as an annotation; "" when none does.
func (d decision) reasons() string {
	if len(d.waiting) == 0 {
		return ""
	}
	text, err := json.Marshal(d.waiting)
	if err != nil {
		panic(err) // strings
	}
	return string(text)
}
