package agic

import (
	"context"
	"reflect"
	"time"

	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"apim-azure/tests/rehearsal/azure"
	records "apim-azure/tests/rehearsal/kubernetes"
)

// Options say where the controller runs.
type Options struct {
	Subscription *azure.Subscription
	// ClusterID is the resource ID of the cluster whose API server this is; "" while there is none.
	ClusterID func() string
	// TimeScale is the number of simulated seconds in a real one. At 0 nothing takes time; periods and retries, which must come
	// round all the same, are then a sixtieth of what they are in Azure.
	TimeScale float64
	// Log receives what the controller's own log would say of errors, once each; nil drops it.
	Log func(format string, args ...any)
}

// Times of the real controller: cmd/appgw-ingress/main.go and pkg/worker/worker.go.
const (
	signInPause   = 10 * time.Second // between attempts to reach the gateway
	errorPause    = 5 * time.Second  // after an event that failed
	betweenEvents = time.Second
)

// real is how long a simulated duration takes.
func (o Options) real(d time.Duration) time.Duration {
	scale := o.TimeScale
	if scale == 0 {
		scale = 60
	}
	return time.Duration(float64(d) / scale)
}

// Run plays the controller of every release of its chart until ctx ends. It returns an error only if config is unusable.
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
	cluster := watch(ctx, client)
	running := map[string]*installation{}
	defer func() {
		for _, i := range running {
			i.stop()
		}
	}()
	said := ""
	for {
		wanted, err := installed(ctx, objects)
		if err == nil {
			said = ""
			update(ctx, running, wanted, func(ctx context.Context, s settings) { newController(client, cluster, o, s).run(ctx) })
		} else if ctx.Err() == nil && said != err.Error() {
			said = err.Error()
			o.Log("AGIC: %v", err)
		}
		if !wait(ctx, cluster.released, retry(err)) {
			return nil
		}
		pause(ctx, debounce)
	}
}

// debounce gathers changes that come together, in real time.
const debounce = 20 * time.Millisecond

func retry(err error) time.Duration {
	if err != nil {
		return time.Second
	}
	return 0
}

// installation is a controller that runs.
type installation struct {
	settings settings
	stop     func()
}

// update starts and stops controllers. A release whose values changed restarts its own, as Helm restarts the pod.
func update(ctx context.Context, running map[string]*installation, wanted map[string]settings, run func(context.Context, settings)) {
	for name, i := range running {
		if s, there := wanted[name]; !there || !reflect.DeepEqual(s, i.settings) {
			i.stop()
			delete(running, name)
		}
	}
	for name, s := range wanted {
		if running[name] != nil {
			continue
		}
		ctx, cancel := context.WithCancel(ctx)
		done := make(chan struct{})
		go func() {
			defer close(done)
			run(ctx, s)
		}()
		running[name] = &installation{settings: s, stop: func() { cancel(); <-done }}
	}
}

// installed lists the releases of AGIC's chart.
func installed(ctx context.Context, objects dynamic.Interface) (map[string]settings, error) {
	releases, err := records.Releases(ctx, objects)
	if err != nil {
		return nil, err
	}
	found := map[string]settings{}
	for _, r := range releases {
		if r.Chart == "ingress-azure" {
			found[r.Namespace+"/"+r.Name] = readSettings(r)
		}
	}
	return found, nil
}

// wait returns at a change or, if it isn't 0, after d; false when ctx has ended.
func wait(ctx context.Context, changed <-chan struct{}, d time.Duration) bool {
	var timeout <-chan time.Time
	if d > 0 {
		timer := time.NewTimer(d)
		defer timer.Stop()
		timeout = timer.C
	}
	select {
	case <-ctx.Done():
		return false
	case <-changed:
	case <-timeout:
	}
	return true
}

func pause(ctx context.Context, d time.Duration) bool {
	return wait(ctx, nil, max(d, time.Microsecond))
}
