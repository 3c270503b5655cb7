package kubernetes

import (
	"context"
	"reflect"
	"sync"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/tools/cache"
	"k8s.io/klog/v2"
)

// The kinds waits look at, beside the object itself.
var (
	replicaSets = schema.GroupVersionResource{Group: "apps", Version: "v1", Resource: "replicasets"}
	classes     = schema.GroupVersionResource{Group: "networking.k8s.io", Version: "v1", Resource: "ingressclasses"}
	storage     = schema.GroupVersionResource{Group: "storage.k8s.io", Version: "v1", Resource: "storageclasses"}
	pods        = schema.GroupVersionResource{Version: "v1", Resource: "pods"}
	claims      = schema.GroupVersionResource{Version: "v1", Resource: "persistentvolumeclaims"}
	services    = schema.GroupVersionResource{Version: "v1", Resource: "services"}
	endpoints   = schema.GroupVersionResource{Version: "v1", Resource: "endpoints"}
	events      = schema.GroupVersionResource{Version: "v1", Resource: "events"}
	secrets     = schema.GroupVersionResource{Version: "v1", Resource: "secrets"}
)

// watches keeps copies of the kinds that waits look at, by namespace, as the real provider's shared informers do. They outlive an
// API server that goes away and comes back. A copy lives as long as its provider.
type watches struct {
	ctx    context.Context
	client dynamic.Interface

	mu     sync.Mutex
	copies map[place]*mirror
}

// place is a kind in a namespace; the namespace is empty for kinds that have none.
type place struct {
	resource  schema.GroupVersionResource
	namespace string
}

func newWatches(ctx context.Context, client dynamic.Interface) *watches {
	// What client-go has to say of watches that break off would land in the middle of the engine's output.
	ctx = klog.NewContext(ctx, klog.New(nil))
	return &watches{ctx: ctx, client: client, copies: map[place]*mirror{}}
}

// at returns the copy of a place, making it on first use.
func (w *watches) at(where place) *mirror {
	w.mu.Lock()
	defer w.mu.Unlock()
	if m, ok := w.copies[where]; ok {
		return m
	}
	m := newMirror(w.client.Resource(where.resource).Namespace(where.namespace))
	w.copies[where] = m
	go m.informer.RunWithContext(w.ctx)
	return m
}

// mirror is the copy of one place.
type mirror struct {
	informer cache.SharedIndexInformer

	mu      sync.Mutex
	changed time.Time // when something last changed
	gone    bool      // the server didn't answer the last time it was asked
	back    time.Time // when it came back from that, zero if it was never away
}

// recovery is how long the controllers may take to notice that the API server is back: client-go's watches are tried again after
// up to 30 s (client-go 0.36, tools/cache/reflector.go).
const recovery = 30 * time.Second

func newMirror(client dynamic.ResourceInterface) *mirror {
	m := &mirror{changed: time.Now()}
	m.informer = cache.NewSharedIndexInformer(&cache.ListWatch{
		ListWithContextFunc: func(ctx context.Context, o metav1.ListOptions) (runtime.Object, error) {
			list, err := client.List(ctx, o)
			m.asked(err)
			return list, err
		},
		WatchFuncWithContext: func(ctx context.Context, o metav1.ListOptions) (watch.Interface, error) {
			w, err := client.Watch(ctx, o)
			m.asked(err)
			return w, err
		},
	}, &unstructured.Unstructured{}, 0, cache.Indexers{})
	// Both fail only once the informer runs, which it doesn't yet. Errors are the server's absence, which asked has noted:
	// without a handler they would be printed into the middle of the engine's output.
	_ = m.informer.SetWatchErrorHandlerWithContext(func(context.Context, *cache.Reflector, error) {})
	_, _ = m.informer.AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc: func(any) { m.touch() },
		UpdateFunc: func(before, now any) {
			if moved(before.(*unstructured.Unstructured).Object, now.(*unstructured.Unstructured).Object) {
				m.touch()
			}
		},
		DeleteFunc: func(any) { m.touch() },
	})
	return m
}

// moved tells whether a change brings an object forward. That a container was started again, or an image tried again, doesn't:
// a pod could go on with that for ever. Of anything but pods every change counts.
func moved(before, now object) bool {
	return text(now, "kind") != "Pod" || !reflect.DeepEqual(stage(before), stage(now))
}

// stage is how far a pod is in its life.
func stage(pod object) map[string]string {
	s := map[string]string{
		"node": text(pod, "spec", "nodeName"), "phase": text(pod, "status", "phase"), "deleted": text(pod, "metadata", "deletionTimestamp"),
	}
	conditions, _ := field(pod, "status", "conditions").([]any)
	for _, item := range conditions {
		c, _ := item.(object)
		s[text(c, "type")] = text(c, "status")
	}
	return s
}

func (m *mirror) touch() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.changed = time.Now()
}

// asked notes whether the server answered.
func (m *mirror) asked(err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.gone && err == nil {
		m.back = time.Now()
	}
	m.gone = err != nil
}

// quiet returns for how long nothing has changed, in real time. That says nothing, and is 0, while the copy is not made yet,
// and while the server is away or those who would change something may not have found it again.
func (m *mirror) quiet() time.Duration {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.gone || !m.informer.HasSynced() || time.Since(m.back) < recovery {
		return 0
	}
	return time.Since(m.changed)
}

// list returns the objects of the copy. They are shared: nobody may change them.
func (m *mirror) list() []object {
	var list []object
	for _, item := range m.informer.GetStore().List() {
		list = append(list, item.(*unstructured.Unstructured).Object)
	}
	return list
}
