package nodes

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"apim-azure/tests/rehearsal/kubernetes/kubelet"
)

// The ConfigMap that remembers the lost zones, so that they stay lost from one command to the next.
const zonesNamespace, zonesName, zonesKey = "kube-system", "rehearsal-lost-zones", "zones"

// LoseZone cuts the power of an availability zone: the kubelets of its nodes fall silent and no new node comes up there until
// RestoreZone. The rest is Kubernetes' own: the nodes turn NotReady after the grace period of kube-controller-manager, are tainted, and
// their pods are deleted and made anew elsewhere once their tolerations run out. The old pods stay Terminating: nobody is left to
// say that they ended. zone is a number, such as 1, or a label's value, such as westeurope-1; one without nodes is an error.
func LoseZone(ctx context.Context, config *rest.Config, zone string) error {
	return setZone(ctx, config, zone, true)
}

// RestoreZone brings a lost zone's kubelets back. Restoring a zone that isn't lost is no error.
func RestoreZone(ctx context.Context, config *rest.Config, zone string) error {
	return setZone(ctx, config, zone, false)
}

func setZone(ctx context.Context, config *rest.Config, zone string, lose bool) error {
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	zone = zone[strings.LastIndex(zone, "-")+1:]
	list, err := client.CoreV1().Nodes().List(ctx, metav1.ListOptions{})
	if err != nil {
		return err
	}
	var there []string
	patch := zonePatch(lose)
	for _, n := range list.Items {
		there = append(there, zoneOf(&n))
	}
	if lose && !slices.Contains(there, zone) {
		slices.Sort(there)
		return fmt.Errorf("no node is in zone %q; there are zones %s", zone, strings.Join(slices.Compact(there), ", "))
	}
	// First remembered, then done: a node that comes up in between must not survive.
	if err := rememberZone(ctx, client, zone, lose); err != nil {
		return err
	}
	var problems []error
	for _, n := range list.Items {
		if zoneOf(&n) == zone {
			_, err := client.CoreV1().Nodes().Patch(ctx, n.Name, types.MergePatchType, patch, metav1.PatchOptions{})
			problems = append(problems, ignoreRaces(err))
		}
	}
	return errors.Join(problems...)
}

// silence sees to it that no node of a lost zone has a kubelet, one that was just joining included. Where nothing takes time it also
// writes what the node controller would find after its grace period.
func (c *controller) silence(ctx context.Context, nodes []corev1.Node, lost []string) error {
	var problems []error
	for i := range nodes {
		n := &nodes[i]
		if !slices.Contains(lost, zoneOf(n)) || zoneOf(n) == "" {
			continue
		}
		if n.Labels[kubelet.NodeLabel] != "" {
			_, err := c.client.CoreV1().Nodes().Patch(ctx, n.Name, types.MergePatchType, zonePatch(true), metav1.PatchOptions{})
			problems = append(problems, ignoreRaces(err))
		}
		if c.TimeScale == 0 && ready(n) {
			patch := fmt.Appendf(nil, `{"status":{"conditions":[{"type":"Ready","status":"Unknown","reason":"NodeStatusUnknown",`+
				`"message":"Kubelet stopped posting node status.","lastTransitionTime":%q}]}}`, time.Now().UTC().Format(time.RFC3339))
			_, err := c.client.CoreV1().Nodes().Patch(ctx, n.Name, types.StrategicMergePatchType, patch, metav1.PatchOptions{}, "status")
			problems = append(problems, ignoreRaces(err))
		}
	}
	return errors.Join(problems...)
}

// zonePatch takes a node away from its kubelet, or gives it back.
func zonePatch(lose bool) []byte {
	label := any(kubelet.NodeRunning)
	if lose {
		label = nil
	}
	patch, _ := json.Marshal(map[string]any{"metadata": map[string]any{"labels": map[string]any{kubelet.NodeLabel: label}}}) // can't fail
	return patch
}

func rememberZone(ctx context.Context, client kubernetes.Interface, zone string, lose bool) error {
	lost, err := lostZones(ctx, client)
	if err != nil {
		return err
	}
	lost = slices.DeleteFunc(lost, func(z string) bool { return z == zone })
	if lose {
		lost = append(lost, zone)
	}
	maps := client.CoreV1().ConfigMaps(zonesNamespace)
	m := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: zonesName}, Data: map[string]string{zonesKey: strings.Join(lost, ",")}}
	if _, err = maps.Update(ctx, m, metav1.UpdateOptions{}); apierrors.IsNotFound(err) {
		_, err = maps.Create(ctx, m, metav1.CreateOptions{})
	}
	return err
}

// lostZones are the numbers of the zones that are lost.
func lostZones(ctx context.Context, client kubernetes.Interface) ([]string, error) {
	m, err := client.CoreV1().ConfigMaps(zonesNamespace).Get(ctx, zonesName, metav1.GetOptions{})
	if apierrors.IsNotFound(err) || err == nil && m.Data[zonesKey] == "" {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return strings.Split(m.Data[zonesKey], ","), nil
}
