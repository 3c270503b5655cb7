package nodes

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
)

// Table writes what an operator asks first: the nodes with their pools, zones and load, and the pods with their nodes and what
// they wait for.
func Table(ctx context.Context, config *rest.Config, w io.Writer) error {
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	nodes, err := client.CoreV1().Nodes().List(ctx, metav1.ListOptions{})
	if err != nil {
		return err
	}
	pods, err := client.CoreV1().Pods("").List(ctx, metav1.ListOptions{})
	if err != nil {
		return err
	}
	return writeTable(w, nodes.Items, pods.Items)
}

func writeTable(w io.Writer, nodes []corev1.Node, pods []corev1.Pod) error {
	tab := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	zones, count := map[string]string{}, map[string]int{}
	for _, p := range pods {
		if !ended(&p) {
			count[p.Spec.NodeName]++
		}
	}
	slices.SortFunc(nodes, func(a, b corev1.Node) int { return strings.Compare(a.Name, b.Name) })
	_, _ = fmt.Fprintln(tab, "NODE\tPOOL\tZONE\tSIZE\tSTATE\tPODS")
	for _, n := range nodes {
		zones[n.Name] = n.Labels[labelZone]
		_, _ = fmt.Fprintf(tab, "%s\t%s\t%s\t%s\t%s\t%d\n", n.Name, n.Labels[labelPool], zones[n.Name],
			n.Labels["node.kubernetes.io/instance-type"], nodeState(&n), count[n.Name])
	}
	slices.SortFunc(pods, func(a, b corev1.Pod) int {
		return cmp.Or(strings.Compare(a.Namespace, b.Namespace), strings.Compare(a.Name, b.Name))
	})
	_, _ = fmt.Fprintln(tab, "\nPOD\tNODE\tZONE\tRESTARTS\tSTATUS")
	for _, p := range pods {
		status, restarts := podState(&p)
		_, _ = fmt.Fprintf(tab, "%s/%s\t%s\t%s\t%d\t%s\n", p.Namespace, p.Name, cmp.Or(p.Spec.NodeName, "-"),
			cmp.Or(zones[p.Spec.NodeName], "-"), restarts, status)
	}
	return tab.Flush()
}

// nodeState is what kubectl shows in its STATUS column.
func nodeState(n *corev1.Node) string {
	state := "NotReady"
	if ready(n) {
		state = "Ready"
	}
	if n.Spec.Unschedulable {
		state += ",SchedulingDisabled"
	}
	return state
}

// podState is the reason a pod is where it is, most telling first: it goes, a container waits or died, the scheduler found no node;
// else its phase. restarts are those of all containers.
func podState(p *corev1.Pod) (state string, restarts int32) {
	state = string(p.Status.Phase)
	unready := false
	for _, c := range p.Status.Conditions {
		if c.Type == corev1.PodScheduled && c.Status == corev1.ConditionFalse {
			state = c.Reason + ": " + c.Message
		}
		unready = unready || c.Type == corev1.PodReady && c.Status != corev1.ConditionTrue
	}
	if p.Status.Phase == corev1.PodRunning && unready {
		state = "Running, not ready"
	}
	for _, c := range slices.Concat(p.Status.InitContainerStatuses, p.Status.ContainerStatuses) {
		restarts += c.RestartCount
		switch {
		case c.State.Waiting != nil && c.State.Waiting.Reason != "":
			state = c.State.Waiting.Reason
		case c.State.Terminated != nil && c.State.Terminated.ExitCode != 0:
			state = c.State.Terminated.Reason
		}
	}
	if p.DeletionTimestamp != nil {
		state = "Terminating"
	}
	return state, restarts
}
