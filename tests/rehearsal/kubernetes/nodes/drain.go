package nodes

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
)

// drainWithin bounds a Drain whose context has no deadline, in real time.
const drainWithin = time.Minute

// Drain cordons a node and evicts its pods through the eviction API, as `kubectl drain --ignore-daemonsets --delete-emptydir-data`
// does: disruption budgets are honoured, and what they hold up is tried again until the context's deadline, a minute without one.
// The error then names the pods that are left and the budgets that keep them. The node stays cordoned either way.
func Drain(ctx context.Context, config *rest.Config, node string, log func(format string, args ...any)) error {
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	if log == nil {
		log = func(string, ...any) {}
	}
	if _, ok := ctx.Deadline(); !ok {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, drainWithin)
		defer cancel()
	}
	if err := cordon(ctx, client, node, true); err != nil {
		return fmt.Errorf("cordoning node %s: %w", node, err)
	}
	log("node %s is cordoned", node)
	var left leftover
	said := ""
	for {
		// Whatever fails is tried again, as a budget that is spent is: the API server may be away for a moment.
		now, err := evictPods(ctx, client, node)
		if err == nil {
			left = now
		}
		if err == nil && len(left) == 0 {
			log("node %s is drained", node)
			return nil
		}
		if text := strings.Join(left.describe(), "; "); text != said {
			said = text
			log("node %s still has %s", node, text)
		}
		select {
		case <-ctx.Done():
			if len(left) == 0 && err != nil {
				said = err.Error()
			}
			return fmt.Errorf("node %s is not drained: %s: %w", node, said, ctx.Err())
		case <-time.After(busy):
		}
	}
}

// Uncordon lets pods be scheduled to a node again.
func Uncordon(ctx context.Context, config *rest.Config, node string) error {
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	return cordon(ctx, client, node, false)
}

func cordon(ctx context.Context, client kubernetes.Interface, node string, on bool) error {
	n, err := client.CoreV1().Nodes().Get(ctx, node, metav1.GetOptions{})
	if err != nil || n.Spec.Unschedulable == on {
		return err
	}
	patch := fmt.Appendf(nil, `{"spec":{"unschedulable":%t}}`, on)
	_, err = client.CoreV1().Nodes().Patch(ctx, node, types.MergePatchType, patch, metav1.PatchOptions{})
	return err
}

// leftover are the pods still on a node, with what keeps each; empty: it is on its way out.
type leftover []struct {
	pod *corev1.Pod
	why string
}

func (l leftover) describe() []string {
	out := make([]string, len(l))
	for i, p := range l {
		why := p.why
		if why == "" {
			why = "is terminating"
		}
		out[i] = fmt.Sprintf("pod %s/%s: %s", p.pod.Namespace, p.pod.Name, why)
	}
	return out
}

// evictPods asks once for the eviction of every pod of a node that isn't a DaemonSet's or a static one, and returns those still
// there. Pods that have ended don't count.
func evictPods(ctx context.Context, client kubernetes.Interface, node string) (leftover, error) {
	pods, err := client.CoreV1().Pods("").List(ctx, metav1.ListOptions{FieldSelector: "spec.nodeName=" + node})
	if err != nil {
		return nil, err
	}
	var left leftover
	for i := range pods.Items {
		pod := &pods.Items[i]
		if staysWithNode(pod) || ended(pod) {
			continue
		}
		why := ""
		if pod.DeletionTimestamp == nil {
			err := client.CoreV1().Pods(pod.Namespace).EvictV1(ctx, &policyv1.Eviction{
				ObjectMeta:    metav1.ObjectMeta{Name: pod.Name, Namespace: pod.Namespace},
				DeleteOptions: &metav1.DeleteOptions{Preconditions: &metav1.Preconditions{UID: &pod.UID}},
			})
			switch {
			case apierrors.IsTooManyRequests(err):
				why = heldBy(err)
			case err != nil && ignoreRaces(err) != nil:
				return nil, err
			}
		}
		left = append(left, struct {
			pod *corev1.Pod
			why string
		}{pod, why})
	}
	return left, nil
}

// heldBy is what the API server says about a refused eviction; its cause names the disruption budget.
func heldBy(err error) string {
	text := err.Error()
	var status *apierrors.StatusError
	if errors.As(err, &status) && status.ErrStatus.Details != nil {
		for _, cause := range status.ErrStatus.Details.Causes {
			text += " " + cause.Message
		}
	}
	return text
}

// staysWithNode tells which pods no drain moves.
func staysWithNode(pod *corev1.Pod) bool {
	owner := metav1.GetControllerOf(pod)
	return owner != nil && owner.Kind == "DaemonSet" || pod.Annotations[corev1.MirrorPodAnnotationKey] != ""
}

func ended(pod *corev1.Pod) bool {
	return pod.Status.Phase == corev1.PodSucceeded || pod.Status.Phase == corev1.PodFailed
}

// removeOrphans deletes the pods that were on a node when it went. The pod garbage collector would, a minute later.
func removeOrphans(ctx context.Context, client kubernetes.Interface, pods leftover) error {
	var problems []error
	for _, p := range pods {
		now := int64(0)
		err := client.CoreV1().Pods(p.pod.Namespace).Delete(ctx, p.pod.Name, metav1.DeleteOptions{
			GracePeriodSeconds: &now, Preconditions: &metav1.Preconditions{UID: &p.pod.UID},
		})
		problems = append(problems, ignoreRaces(err))
	}
	return errors.Join(problems...)
}
