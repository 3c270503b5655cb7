package kubernetes

import (
	"context"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"net/netip"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
)

const (
	// Annotations of Azure's cloud provider (kubernetes-sigs/cloud-provider-azure, load balancer).
	annotationInternal = "service.beta.kubernetes.io/azure-load-balancer-internal"
	annotationIPv4     = "service.beta.kubernetes.io/azure-load-balancer-ipv4"
	// AGIC's annotation for a listener on the gateway's private frontend.
	annotationUsePrivateIP = "appgw.ingress.kubernetes.io/use-private-ip"

	annotationSkipAwait = "pulumi.com/skipAwait"
)

// Addresses the program didn't choose come from ranges nobody routes: TEST-NET-3 (RFC 5737) for public ones, the benchmarking
// range (RFC 2544) for private ones.
var (
	publicRange  = netip.MustParsePrefix("203.0.113.0/24")
	privateRange = netip.MustParsePrefix("198.18.0.0/16")
)

var services = schema.GroupVersionResource{Version: "v1", Resource: "services"}

// afterWrite does what controllers of a real cluster would before the real provider calls an object ready, as far as that is
// rehearsed, and returns the object as it is then.
func (p *provider) afterWrite(ctx context.Context, conn *connection, live object) (object, error) {
	switch text(live, "apiVersion") + "/" + text(live, "kind") {
	case "v1/Service":
		return p.serveService(ctx, conn, live)
	case "networking.k8s.io/v1/Ingress":
		return p.serveIngress(ctx, conn, live)
	case "apps/v1/Deployment", "apps/v1/StatefulSet", "apps/v1/DaemonSet", "batch/v1/Job", "v1/Pod":
		p.server.once("Pods are not run: the rehearsal's control plane has no nodes, so rollouts and jobs count as done once the API server has taken them")
	}
	return live, nil
}

// serveService plays the cloud's load balancer for one Service.
func (p *provider) serveService(ctx context.Context, conn *connection, live object) (object, error) {
	current := balancerAddress(live)
	if text(live, "spec", "type") != "LoadBalancer" {
		if current == "" {
			return live, nil
		}
		return setBalancer(ctx, conn, live, nil)
	}
	p.server.addresses.Lock()
	defer p.server.addresses.Unlock()
	wanted := staticAddress(live)
	if wanted == "" {
		pool := publicRange
		if text(live, "metadata", "annotations", annotationInternal) == "true" {
			pool = privateRange
		}
		if a, err := netip.ParseAddr(current); err == nil && pool.Contains(a) {
			return live, nil
		}
		taken, err := takenAddresses(ctx, conn)
		if err != nil {
			return live, err
		}
		wanted = pick(pool, string(objectID(live)), taken)
	}
	if wanted == current {
		return live, nil
	}
	return setBalancer(ctx, conn, live, []any{object{"ip": wanted, "ipMode": "VIP"}})
}

// staticAddress is the address the program asked for.
func staticAddress(service object) string {
	if a := text(service, "metadata", "annotations", annotationIPv4); a != "" {
		return a
	}
	return text(service, "spec", "loadBalancerIP")
}

func takenAddresses(ctx context.Context, conn *connection) (map[string]bool, error) {
	list, err := conn.dynamic.Resource(services).List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, err
	}
	taken := map[string]bool{}
	for _, s := range list.Items {
		taken[balancerAddress(s.Object)] = true
	}
	return taken, nil
}

// pick chooses an address by name, so that it is the same in every rehearsal, and the next free one where it is taken. The
// first four and the last are left out, as Azure does.
func pick(pool netip.Prefix, name string, taken map[string]bool) string {
	hash := fnv.New32a()
	_, _ = hash.Write([]byte(name))
	size := uint32(1)<<(32-pool.Bits()) - 5
	base := pool.Addr().As4()
	first := uint32(base[0])<<24 | uint32(base[1])<<16 | uint32(base[2])<<8 | uint32(base[3])
	for i := range size {
		n := first + 4 + (hash.Sum32()%size+i)%size
		a := netip.AddrFrom4([4]byte{byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)}).String()
		if !taken[a] {
			return a
		}
	}
	return pool.Addr().String() // more Services than addresses: no rehearsal gets there
}

// serveIngress plays the ingress controllers: they answer for an Ingress whose class exists, and for no other.
func (p *provider) serveIngress(ctx context.Context, conn *connection, live object) (object, error) {
	if text(live, "metadata", "annotations", annotationSkipAwait) == "true" {
		return live, nil
	}
	name := text(live, "spec", "ingressClassName")
	if name == "" {
		name = text(live, "metadata", "annotations", "kubernetes.io/ingress.class")
	}
	if name == "" {
		return live, fmt.Errorf("ingress %s names no class, so no controller would ever give it an address", objectID(live))
	}
	// AGIC's old annotation value stands for its class.
	if name == "azure/application-gateway" {
		name = agicClass
	}
	classes := object{"apiVersion": "networking.k8s.io/v1", "kind": "IngressClass"}
	client, err := conn.client(classes)
	if err != nil {
		return live, err
	}
	class, err := client.Get(ctx, name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return live, fmt.Errorf("ingress %s: there is no IngressClass %q, so no controller would ever give it an address; is the ingress controller installed before it?",
			objectID(live), name)
	}
	if err != nil {
		return live, err
	}
	address, err := controllerAddress(ctx, conn, class.Object, live)
	if err != nil {
		return live, err
	}
	if balancerAddress(live) == address {
		return live, nil
	}
	return setBalancer(ctx, conn, live, []any{object{"ip": address}})
}

// controllerAddress is the gateway's for AGIC - its real frontends are known to the Azure stand-in alone, so one stands for
// them - and that of the controller's own Service for Traefik.
func controllerAddress(ctx context.Context, conn *connection, class, ingress object) (string, error) {
	switch controller := text(class, "spec", "controller"); controller {
	case agicController:
		pool := publicRange
		if text(ingress, "metadata", "annotations", annotationUsePrivateIP) == "true" {
			pool = privateRange
		}
		return pick(pool, agicController, nil), nil
	case traefikController, nginxController:
		list, err := conn.dynamic.Resource(services).List(ctx, metav1.ListOptions{LabelSelector: labelName + "=traefik"})
		if err != nil {
			return "", err
		}
		for _, s := range list.Items {
			if a := balancerAddress(s.Object); a != "" {
				return a, nil
			}
		}
		return "", fmt.Errorf("ingress %s: no Traefik with a load-balancer Service serves its class yet; is the controller's chart installed before it?",
			objectID(ingress))
	default:
		return "", fmt.Errorf("ingress %s: its class names the controller %q; the rehearsal plays %s, %s and %s",
			objectID(ingress), controller, agicController, traefikController, nginxController)
	}
}

// balancerAddress returns the first address in an object's status.
func balancerAddress(o object) string {
	list, _ := field(o, "status", "loadBalancer", "ingress").([]any)
	if len(list) == 0 {
		return ""
	}
	first, _ := list[0].(object)
	return text(first, "ip")
}

// setBalancer writes the ingress points of status.loadBalancer, as a controller does, and returns the object then; nil clears
// them.
func setBalancer(ctx context.Context, conn *connection, live object, points []any) (object, error) {
	client, err := conn.client(live)
	if err != nil {
		return live, err
	}
	// A merge patch: an update of the whole status would lose against controllers that write the object meanwhile.
	patch, err := json.Marshal(object{"status": object{"loadBalancer": object{"ingress": points}}})
	if err != nil {
		return live, err
	}
	updated, err := client.Patch(ctx, text(live, "metadata", "name"), types.MergePatchType, patch,
		metav1.PatchOptions{FieldManager: "rehearsal-cloud"}, "status")
	if err != nil {
		return live, fmt.Errorf("address of %s %s: %w", text(live, "kind"), objectID(live), err)
	}
	return updated.Object, nil
}
