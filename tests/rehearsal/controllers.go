package rehearsal

import (
	"context"
	"io"
	"strings"
	"sync"

	"k8s.io/client-go/rest"
	"k8s.io/klog/v2"

	"apim-azure/tests/rehearsal/kubernetes/agic"
	"apim-azure/tests/rehearsal/kubernetes/cloud"
	"apim-azure/tests/rehearsal/kubernetes/kubelet"
	"apim-azure/tests/rehearsal/kubernetes/metrics"
	"apim-azure/tests/rehearsal/kubernetes/nodes"
)

// Outages are rehearsed: what client-go would print about each lost connection is no news. The controllers report by themselves.
func init() {
	klog.LogToStderr(false)
	klog.SetOutput(io.Discard)
}

// controllers returns what starts everything that Azure runs around a cluster, each time its API server has come up, and that
// returns the way to stop it.
func (r *Rig) controllers(log func(format string, args ...any)) func(*rest.Config) func() {
	scale := r.options.TimeScale
	running := map[string]func(context.Context, *rest.Config) error{
		"nodes": func(ctx context.Context, config *rest.Config) error {
			return nodes.Run(ctx, config, nodes.Options{Subscription: r.azure, ClusterID: r.clusterID, TimeScale: scale, Log: log})
		},
		"kubelets": func(ctx context.Context, config *rest.Config) error {
			return kubelet.Run(ctx, config, kubelet.Options{HasImage: r.hasImage, Faults: &r.pods, TimeScale: scale, Log: log})
		},
		"metrics": func(ctx context.Context, config *rest.Config) error {
			return metrics.Start(ctx, config, metrics.Options{File: r.path(loadFile), TimeScale: scale, Log: log})
		},
		"cloud provider": func(ctx context.Context, config *rest.Config) error {
			return cloud.Run(ctx, config, cloud.Options{Subscription: r.azure, ClusterID: r.clusterID, TimeScale: scale, Log: log})
		},
		"AGIC": func(ctx context.Context, config *rest.Config) error {
			return agic.Run(ctx, config, agic.Options{Subscription: r.azure, ClusterID: r.clusterID, TimeScale: scale, Log: log})
		},
	}
	return func(config *rest.Config) func() {
		ctx, cancel := context.WithCancel(context.Background())
		var group sync.WaitGroup
		for name, run := range running {
			group.Go(func() {
				if err := run(ctx, config); err != nil && ctx.Err() == nil {
					log("%s: %v", name, err)
				}
			})
		}
		return func() {
			cancel()
			group.Wait()
		}
	}
}

// clusterID is the ID of the stack's cluster, empty while there is none.
func (r *Rig) clusterID() string {
	for _, resource := range r.azure.Resources() {
		if strings.EqualFold(resource.Type, "Microsoft.ContainerService/managedClusters") {
			return resource.ID
		}
	}
	return ""
}
