package engine_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	client "k8s.io/client-go/kubernetes"

	"apim-azure/tests/rehearsal/azure/gateway"
)

// TestTheWorkloadsOutliveNodesAndZones runs prod on the simulated nodes: every host is routed to ready pods, and is so again after a
// change of the gateway, a drained node and a lost zone.
func TestTheWorkloadsOutliveNodesAndZones(t *testing.T) {
	t.Parallel()
	r := newRig(t, "prod", workloads)
	r.up()
	tagged := workloads.with(stage{"azure.tags.owner": "platform"})
	t.Run("every host is routed to the pods it stands for", func(t *testing.T) { checkRoutes(r.in(t)) })
	t.Run("a change of tags leaves the gateway alone, and every route working", func(t *testing.T) {
		r := r.in(t)
		since := len(r.requests(0))
		r.configure(tagged)
		r.up()
		changed := r.requests(since)
		if slices.ContainsFunc(changed, changesGateway) || len(changed) == 0 {
			t.Errorf("of %d requests some went to the gateway", len(changed))
		}
		if err := r.routes(); err != nil {
			t.Error(err)
		}
	})
	t.Run("a change of the gateway wipes the routes, and they are back within the reconcile time", func(t *testing.T) {
		r := r.in(t)
		var wiped atomic.Bool
		r.Subscription().OnChange(func() {
			if _, err := gateway.Route(r.gateway(), gateway.Request{Frontend: "public", Scheme: "https", Host: apiHost}); err != nil {
				wiped.Store(true)
			}
		})
		since := len(r.requests(0))
		r.configure(tagged.with(stage{"ingress.capacity": 3}))
		r.up()
		if !slices.ContainsFunc(r.requests(since), changesGateway) || !wiped.Load() {
			t.Error("the gateway was not updated, or kept its routes: this test is not testing anything")
		}
		checkRoutes(r)
	})
	t.Run("a drained node's pods run elsewhere", func(t *testing.T) {
		r := r.in(t)
		gateways := r.ready("traffic-default")
		if len(gateways) < 3 {
			t.Fatalf("%d gateways are ready, prod has 3", len(gateways))
		}
		node := gateways[0].Spec.NodeName
		if err := r.Drain(context.Background(), node); err != nil {
			t.Fatal(err)
		}
		after := r.ready("traffic-default")
		if len(after) != len(gateways) {
			t.Errorf("%d gateways are ready after the drain, %d were", len(after), len(gateways))
		}
		for _, pod := range append(after, append(r.ready("anm"), r.ready("api-manager-default")...)...) {
			if pod.Spec.NodeName == node {
				t.Errorf("%s still runs on the drained node", pod.Name)
			}
		}
		if err := r.Uncordon(context.Background(), node); err != nil {
			t.Fatal(err)
		}
		checkRoutes(r)
	})
	t.Run("what ran in a lost zone comes up in the others", func(t *testing.T) {
		r := r.in(t)
		if err := r.LoseZone(context.Background(), "2"); err != nil {
			t.Fatal(err)
		}
		for name, want := range map[string]int{"traffic-default": 3, "anm": 1, "api-manager-default": 1} {
			pods := r.ready(name)
			if len(pods) < want {
				t.Errorf("%d pods of %s are ready, want %d", len(pods), name, want)
			}
		}
		checkRoutes(r)
		if err := r.RestoreZone(context.Background(), "2"); err != nil {
			t.Fatal(err)
		}
	})
}

// ready are the ready pods of a Deployment of the workloads' namespace, without those that are on their way out.
func (r rig) ready(deployment string) []corev1.Pod {
	r.t.Helper()
	config, err := r.Cluster(context.Background())
	if err != nil {
		r.t.Fatal(err)
	}
	api, err := client.NewForConfig(config)
	if err != nil {
		r.t.Fatal(err)
	}
	all, err := api.CoreV1().Pods("apim").List(context.Background(), metav1.ListOptions{})
	if err != nil {
		r.t.Fatal(err)
	}
	return slices.DeleteFunc(all.Items, func(pod corev1.Pod) bool {
		return !strings.HasPrefix(pod.Name, deployment+"-") || pod.DeletionTimestamp != nil ||
			!slices.ContainsFunc(pod.Status.Conditions, func(c corev1.PodCondition) bool {
				return c.Type == corev1.PodReady && c.Status == corev1.ConditionTrue
			})
	})
}

// reconciled is how long AGIC may take to put its routes back: twice its period, which is 30 seconds in Azure and a sixtieth of
// that where nothing takes time; the rest is for a busy machine.
const reconciled = 20 * time.Second

// checkRoutes waits until every public host is routed.
func checkRoutes(r rig) {
	r.t.Helper()
	end := time.Now().Add(reconciled)
	for {
		err := r.routes()
		if err == nil {
			return
		}
		if time.Now().After(end) {
			r.t.Fatal(err)
		}
		time.Sleep(100 * time.Millisecond)
	}
}

const (
	apiHost     = "api.apim.example.com"
	managerHost = "api-manager.apim.example.com"
)

// routes sends a request for every public host through the gateway's configuration: it must reach exactly the ready pods, over
// HTTPS, and plain HTTP must be sent there.
func (r rig) routes() error {
	return errors.Join(r.route(apiHost, "traffic-default", 8065, false), r.route(managerHost, "api-manager-default", 8075, true))
}

func (r rig) route(host, deployment string, port int, affinity bool) error {
	request := gateway.Request{Frontend: "public", Scheme: "https", Host: host, Path: "/healthcheck"}
	answer, err := gateway.Route(r.gateway(), request)
	if err != nil {
		return fmt.Errorf("https://%s: %w", host, err)
	}
	var want []string
	for _, pod := range r.ready(deployment) {
		want = append(want, fmt.Sprintf("%s:%d", pod.Status.PodIP, port))
	}
	slices.Sort(want)
	slices.Sort(answer.Backends)
	if !slices.Equal(answer.Backends, want) || len(want) == 0 {
		return fmt.Errorf("https://%s goes to %v, the ready pods are %v", host, answer.Backends, want)
	}
	if answer.Protocol != "Https" || answer.HostHeader != host || answer.DrainSeconds != 30 || answer.CookieAffinity != affinity {
		return fmt.Errorf("https://%s is passed on as %+v", host, answer)
	}
	request.Scheme = "http"
	redirect, err := gateway.Route(r.gateway(), request)
	if err != nil || redirect.Status != 301 || !strings.HasPrefix(redirect.Location, "https://") {
		return fmt.Errorf("http://%s is answered with %+v, %v", host, redirect, err)
	}
	return nil
}

// gateway are the properties of the simulated Application Gateway.
func (r rig) gateway() map[string]any {
	for _, resource := range r.Subscription().Resources() {
		if resource.Type == "Microsoft.Network/applicationGateways" {
			return resource.Properties
		}
	}
	return nil
}

func changesGateway(request string) bool {
	return strings.HasPrefix(request, "update azure-native:network:ApplicationGateway")
}
