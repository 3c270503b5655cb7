package agic

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/kubernetes/scheme"
	typedcorev1 "k8s.io/client-go/kubernetes/typed/core/v1"
	"k8s.io/client-go/tools/record"

	"apim-azure/tests/rehearsal/azure"
)

// controller is one installation of AGIC.
type controller struct {
	client   kubernetes.Interface
	cluster  *cluster
	options  Options
	settings settings
	events   record.EventRecorder
	stop     func()

	// applied is the configuration it applied last; "" before the first, and after a failure.
	applied string
	// said is the last thing its log said, so that it is said once.
	said string
}

func newController(client kubernetes.Interface, cluster *cluster, o Options, s settings) *controller {
	// client-go's limit, 25 events about an object and then one in five minutes, would drop the reasons of quick retries.
	broadcaster := record.NewBroadcasterWithCorrelatorOptions(record.CorrelatorOptions{BurstSize: 1000})
	broadcaster.StartRecordingToSink(&typedcorev1.EventSinkImpl{Interface: client.CoreV1().Events("")})
	return &controller{
		client: client, cluster: cluster, options: o, settings: s,
		events: broadcaster.NewRecorder(scheme.Scheme, corev1.EventSource{Component: s.controller}), stop: broadcaster.Shutdown,
	}
}

// run is the life of the controller's pod: it signs in, over and over while that fails, and then works through changes of the
// cluster and its own periodic reconcile.
func (c *controller) run(ctx context.Context) {
	defer c.stop()
	changed := c.cluster.subscribe(ctx)
	for {
		err := c.start()
		if err == nil {
			break
		}
		_ = c.complain("ARMAuthFailure", fmt.Errorf("failed getting Application Gateway: %w", err))
		if !pause(ctx, c.options.real(signInPause)) {
			return
		}
	}
	period, end := c.every(c.settings.period)
	defer end()
	err := c.process(ctx, false)
	for {
		if err != nil && !pause(ctx, c.options.real(errorPause)) {
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-changed:
			err = c.process(ctx, false)
		case <-period:
			err = c.process(ctx, true)
		}
		if !pause(ctx, min(c.options.real(betweenEvents), time.Second)) {
			return
		}
	}
}

// every ticks with a simulated period; 0 is never.
func (c *controller) every(period time.Duration) (ticks <-chan time.Time, stop func()) {
	if period <= 0 {
		return nil, func() {}
	}
	ticker := time.NewTicker(max(c.options.real(period), time.Millisecond))
	return ticker.C, ticker.Stop
}

// start is what the controller checks before it works: credentials, and a look at the gateway.
func (c *controller) start() error {
	if c.settings.shared {
		return fmt.Errorf("appgw.shared is not rehearsed: it needs AzureIngressProhibitedTargets")
	}
	principal, err := c.signIn()
	if err != nil {
		return err
	}
	_, err = c.look(principal)
	return err
}

// look is a GET of the gateway.
func (c *controller) look(principal string) (azure.Resource, error) {
	if err := c.mayRead(principal); err != nil {
		return azure.Resource{}, err
	}
	gateway, found := c.options.Subscription.Find(c.settings.gatewayID)
	if !found {
		return gateway, fmt.Errorf("ErrorApplicationGatewayNotFound: unexpected status code '404' while performing a GET on Application Gateway '%s'",
			c.settings.gateway)
	}
	return gateway, nil
}

// process deals with a change of the cluster, or with the periodic reconcile: addresses first, then the gateway.
func (c *controller) process(ctx context.Context, periodic bool) error {
	principal, err := c.signIn()
	if err != nil {
		return c.complain("ARMAuthFailure", err)
	}
	gateway, err := c.look(principal)
	if err != nil {
		return c.complain("UnableToFetchAppGw", err)
	}
	if state := text(gateway.Properties, "operationalState"); state != "Running" && state != "Starting" {
		return nil // stopped by somebody
	}
	wanted, served, warnings := build(c.settings, gateway.ID, gateway.Properties, c.cluster.snapshot(c.settings))
	for _, w := range warnings {
		c.events.Event(w.ingress, corev1.EventTypeWarning, w.reason, w.message)
	}
	c.publish(ctx, principal, gateway, served)
	c.tag(wanted)
	now := fingerprint(wanted)
	if fingerprint(shown(gateway.Properties)) == fingerprint(shown(wanted)) {
		c.applied = now // a PUT would change nothing, and only keep the gateway busy
		return nil
	}
	if c.applied == now && !periodic {
		return nil // a change of the cluster doesn't look at what others have done to the gateway
	}
	c.applied = ""
	if err := c.mayWrite(principal, gateway); err != nil {
		return c.complain("FailedApplyingAppGwConfig", err)
	}
	err = c.options.Subscription.Replace(ctx, gateway.ID, func(properties map[string]any) { maps.Copy(properties, owned(wanted)) })
	if err != nil {
		if ctx.Err() != nil {
			return nil
		}
		return c.complain("FailedApplyingAppGwConfig", err)
	}
	c.applied, c.said = now, ""
	return nil
}

// owned are the properties the controller writes. The rest of its PUT is what it has read a moment before; a change in between
// by somebody else would be lost in Azure.
func owned(wanted object) object {
	out := object{}
	for _, name := range []string{
		"backendAddressPools", "backendHttpSettingsCollection", "frontendPorts", "httpListeners", "probes", "redirectConfigurations",
		"requestRoutingRules", "sslCertificates", "tags", "urlPathMaps",
	} {
		out[name] = wanted[name]
	}
	return out
}

// shown is a configuration without what a GET doesn't show.
func shown(properties object) object {
	out := maps.Clone(properties)
	var certificates []any
	for _, c := range list(properties, "sslCertificates") {
		c = maps.Clone(c)
		delete(c, "data")
		delete(c, "password")
		certificates = append(certificates, c)
	}
	out["sslCertificates"] = certificates
	return out
}

// fingerprint is a configuration as text, without what changes by itself and without what isn't compared (pkg/controller/helpers.go).
func fingerprint(properties object) string {
	out := maps.Clone(properties)
	for name, value := range out {
		items, ok := value.([]any)
		switch {
		case slices.Contains([]string{"etag", "tags", "provisioningState", "resourceGuid", "location"}, name), ok && len(items) == 0:
			delete(out, name)
		case ok:
			out[name] = withoutState(items)
		}
	}
	text, _ := json.Marshal(out) // properties come from JSON
	return string(text)
}

func withoutState(items []any) []any {
	out := make([]any, len(items))
	for i, item := range items {
		if o, ok := item.(object); ok {
			o = maps.Clone(o)
			delete(o, "provisioningState")
			delete(o, "etag")
			item = o
		}
		out[i] = item
	}
	return out
}

// tag marks the gateway. The cluster's tag is left out where the node resource group doesn't have AKS's own form of name, from
// which the controller guesses the cluster.
func (c *controller) tag(wanted object) {
	tags := maps.Clone(part(wanted, "tags"))
	if tags == nil {
		tags = object{}
	}
	tags["managed-by-k8s-ingress"] = "1.9.8/rehearsal"
	if aks, found := c.options.Subscription.Find(c.options.ClusterID()); found {
		if group := strings.Split(text(aks.Properties, "nodeResourceGroup"), "_"); len(group) == 4 && strings.EqualFold(group[0], "MC") {
			tags["ingress-for-aks-cluster-id"] = fmt.Sprintf("/subscriptions/%s/resourcegroups/%s/providers/Microsoft.ContainerService/managedClusters/%s",
				c.settings.subscription, group[1], group[2])
		}
	}
	wanted["tags"] = tags
}

// publish gives the Ingresses served their address: the frontend's, whether or not their routes are in the gateway yet.
func (c *controller) publish(ctx context.Context, principal string, gateway azure.Resource, served []*networkingv1.Ingress) {
	for _, ingress := range served {
		private := c.settings.private || annotation(ingress, "use-private-ip") == "true"
		address, err := c.address(principal, gateway, private)
		if err != nil {
			_ = c.complain("", err)
			continue
		}
		has := func(point networkingv1.IngressLoadBalancerIngress) bool { return point.IP == address }
		if slices.ContainsFunc(ingress.Status.LoadBalancer.Ingress, has) {
			continue
		}
		changed := ingress.DeepCopy()
		changed.Status.LoadBalancer.Ingress = []networkingv1.IngressLoadBalancerIngress{{IP: address}}
		if _, err := c.client.NetworkingV1().Ingresses(ingress.Namespace).UpdateStatus(ctx, changed, metav1.UpdateOptions{}); err != nil && ctx.Err() == nil {
			// Mostly a conflict: the change it is about brings us back.
			c.events.Event(ingress, corev1.EventTypeWarning, "UnableToUpdateIngressStatus", err.Error())
		}
	}
}

// address is a frontend's: the private one stands in the gateway, the public one has to be read, which needs a role on the
// public address or above it.
func (c *controller) address(principal string, gateway azure.Resource, private bool) (string, error) {
	for _, f := range list(gateway.Properties, "frontendIPConfigurations") {
		id := reference(f, "publicIPAddress")
		if (id == "") != private {
			continue
		}
		if private {
			return text(f, "privateIPAddress"), nil
		}
		ip, found := c.options.Subscription.Find(id)
		if !found || !c.options.Subscription.Granted(principal, id, roleReader, roleNetworkContributor) {
			return "", fmt.Errorf("unable to get Public IP Address %s", id)
		}
		return text(ip.Properties, "ipAddress"), nil
	}
	return "", fmt.Errorf("no IP config for App Gwy: %s", gateway.Name)
}

// complain logs an error, once while it lasts, with an event on the account AGIC runs as, and returns it.
func (c *controller) complain(reason string, err error) error {
	if c.said == err.Error() {
		return err
	}
	c.said = err.Error()
	c.options.Log("AGIC %s: %v", c.settings.release, err)
	if account := c.cluster.account(c.settings); account != nil && reason != "" {
		c.events.Event(runtime.Object(account), corev1.EventTypeWarning, reason, err.Error())
	}
	return err
}
