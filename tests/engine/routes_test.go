package engine_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"apim-azure/tests/rehearsal/azure/gateway"
)

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
