package rehearsal

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	client "k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"apim-azure/tests/rehearsal/kubernetes/controlplane"
	"apim-azure/tests/rehearsal/kubernetes/metrics"
	"apim-azure/tests/rehearsal/kubernetes/nodes"
)

// Cluster gives administrator access to the stack's Kubernetes API. It starts the control plane if it has to, and with it what
// Azure runs around one.
func (r *Rig) Cluster(ctx context.Context) (*rest.Config, error) {
	config, err := r.cluster.RESTConfig(ctx)
	if errors.Is(err, controlplane.ErrNoCluster) {
		return nil, fmt.Errorf("there is no cluster: bring it up first, rehearse up %s", r.flags())
	}
	return config, err
}

// Drain empties a node as an upgrade of it does, and shows where its pods went.
func (r *Rig) Drain(ctx context.Context, node string) error {
	return r.onCluster(ctx, func(config *rest.Config) error { return nodes.Drain(ctx, config, node, r.say) })
}

// Uncordon lets pods onto a node again.
func (r *Rig) Uncordon(ctx context.Context, node string) error {
	return r.onCluster(ctx, func(config *rest.Config) error { return nodes.Uncordon(ctx, config, node) })
}

// LoseZone takes the machines of an availability zone away, and shows what becomes of their pods.
func (r *Rig) LoseZone(ctx context.Context, zone string) error {
	return r.onCluster(ctx, func(config *rest.Config) error { return nodes.LoseZone(ctx, config, zone) })
}

// RestoreZone has them back.
func (r *Rig) RestoreZone(ctx context.Context, zone string) error {
	return r.onCluster(ctx, func(config *rest.Config) error { return nodes.RestoreZone(ctx, config, zone) })
}

// Pods shows what runs where.
func (r *Rig) Pods(ctx context.Context) error {
	return r.onCluster(ctx, func(*rest.Config) error { return nil })
}

// onCluster does something to the cluster, waits until it has settled, and shows nodes and pods.
func (r *Rig) onCluster(ctx context.Context, do func(*rest.Config) error) error {
	config, err := r.Cluster(ctx)
	if err != nil {
		return err
	}
	if err := do(config); err != nil {
		return err
	}
	if err := r.Settle(ctx); err != nil {
		return err
	}
	return nodes.Table(ctx, config, r.options.Stdout)
}

// loadFile holds what the workloads do, see Load.
const loadFile = "load.json"

// Load sets what workloads use, written as WORKLOAD=CORES[,MEBIBYTES], and shows the autoscalers' answer. Without any it only shows.
func (r *Rig) Load(ctx context.Context, loads ...string) error {
	for _, text := range loads {
		workload, demand, err := metrics.ParseDemand(text)
		if err != nil {
			return err
		}
		if err := metrics.Load(r.path(loadFile)).Set(workload, demand); err != nil {
			return err
		}
	}
	return r.Pods(ctx)
}

// Serve keeps the cluster running until the rehearsal is interrupted.
func (r *Rig) Serve(ctx context.Context) error {
	if _, err := r.Cluster(ctx); err != nil {
		return err
	}
	kubeconfig, err := r.cluster.Kubeconfig(ctx, r.clusterID(), true)
	if err != nil {
		return err
	}
	path := r.path("kubeconfig")
	if err := os.WriteFile(path, []byte(kubeconfig), 0o600); err != nil {
		return err
	}
	r.say("The cluster of %s runs until Ctrl-C. In another terminal:\n\n  export KUBECONFIG=%s\n", r.options.Stack, path)
	select {
	case <-r.options.Signals:
	case <-ctx.Done():
	}
	return nil
}

// stopAPIServer takes the API server away for a while.
func (r *Rig) stopAPIServer(down time.Duration) {
	back, err := r.cluster.Interrupt()
	if err != nil {
		return // there is none to take away
	}
	time.AfterFunc(down, func() {
		if err := back(context.Background()); err != nil {
			r.say("The API server did not come back: %v", err)
		}
	})
}

const (
	// settleFor is how long nothing may change for the cluster to count as settled, settleWithin how long to wait for that.
	settleFor    = 2 * time.Second
	settleWithin = 2 * time.Minute
)

// Settle waits until nothing has changed about the pods for a moment, and none is left to be evicted from a dead node: what has not
// come up by then won't by itself.
func (r *Rig) Settle(ctx context.Context) error {
	config, err := r.Cluster(ctx)
	if err != nil {
		return err
	}
	api, err := client.NewForConfig(config)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, settleWithin)
	defer cancel()
	last, since := "", time.Now()
	for time.Since(since) < settleFor {
		now, moving, err := state(ctx, api)
		if err != nil {
			return err
		}
		if now != last || moving {
			last, since = now, time.Now()
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("the cluster has not settled within %v", settleWithin)
		case <-time.After(100 * time.Millisecond):
		}
	}
	return nil
}

// state is what counts when a cluster settles: which pods there are, where, and how they are. It is moving while pods are still bound to
// a node that is not ready.
func state(ctx context.Context, api client.Interface) (now string, moving bool, err error) {
	nodes, err := api.CoreV1().Nodes().List(ctx, metav1.ListOptions{})
	if err != nil {
		return "", false, err
	}
	pods, err := api.CoreV1().Pods("").List(ctx, metav1.ListOptions{})
	if err != nil {
		return "", false, err
	}
	dead := map[string]bool{}
	for _, node := range nodes.Items {
		dead[node.Name] = !slices.ContainsFunc(node.Status.Conditions, func(c corev1.NodeCondition) bool {
			return c.Type == corev1.NodeReady && c.Status == corev1.ConditionTrue
		})
	}
	var b strings.Builder
	for _, pod := range pods.Items {
		moving = moving || dead[pod.Spec.NodeName] && pod.DeletionTimestamp == nil
		fmt.Fprintln(&b, pod.Name, pod.Spec.NodeName, pod.Status.Phase, pod.DeletionTimestamp != nil, ready(pod))
	}
	return b.String(), moving, nil
}

func ready(pod corev1.Pod) bool {
	for _, condition := range pod.Status.Conditions {
		if condition.Type == corev1.PodReady {
			return condition.Status == corev1.ConditionTrue
		}
	}
	return false
}
