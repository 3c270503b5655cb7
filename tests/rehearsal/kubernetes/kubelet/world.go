package kubelet

import (
	"fmt"
	"net/netip"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"
	listers "k8s.io/client-go/listers/core/v1"
)

// keys looks Secrets and ConfigMaps up.
func keys(secrets listers.SecretLister, configMaps listers.ConfigMapLister) func(kind, string, string) map[string]bool {
	return func(k kind, namespace, name string) map[string]bool {
		all := map[string]bool{}
		if k == secret {
			s, err := secrets.Secrets(namespace).Get(name)
			if err != nil {
				return nil
			}
			for key := range s.Data {
				all[key] = true
			}
			return all
		}
		m, err := configMaps.ConfigMaps(namespace).Get(name)
		if err != nil {
			return nil
		}
		for key := range m.Data {
			all[key] = true
		}
		for key := range m.BinaryData {
			all[key] = true
		}
		return all
	}
}

// volumeSecrets looks up what a CSI driver needs to mount the volume behind a claim.
func volumeSecrets(
	claims listers.PersistentVolumeClaimLister, volumes listers.PersistentVolumeLister,
) func(namespace, claim string) []corev1.SecretReference {
	return func(namespace, name string) []corev1.SecretReference {
		claim, err := claims.PersistentVolumeClaims(namespace).Get(name)
		if err != nil {
			return nil
		}
		volume, err := volumes.Get(claim.Spec.VolumeName)
		if err != nil || volume.Spec.CSI == nil {
			return nil
		}
		var all []corev1.SecretReference
		for _, r := range []*corev1.SecretReference{volume.Spec.CSI.NodeStageSecretRef, volume.Spec.CSI.NodePublishSecretRef} {
			if r != nil {
				all = append(all, *r)
			}
		}
		return all
	}
}

// podRange has the addresses of pods whose node has no range of its own, the default of AKS's overlay network.
var podRange = netip.MustParsePrefix("10.244.0.0/16")

// address returns the pod's address, or one nobody else has. kwok could give addresses too, but forgets them when it is
// started again.
func (k *kubelet) address(pod *corev1.Pod, node *corev1.Node) (netip.Addr, error) {
	if address, err := netip.ParseAddr(pod.Annotations[addressAnnotation]); err == nil {
		return address, nil
	}
	from := podRange
	if node.Spec.PodCIDR != "" {
		own, err := netip.ParsePrefix(node.Spec.PodCIDR)
		if err != nil {
			return netip.Addr{}, fmt.Errorf("the pod range of node %s: %w", node.Name, err)
		}
		from = own.Masked()
	}
	used, err := k.used()
	if err != nil {
		return netip.Addr{}, err
	}
	for a := from.Addr().Next(); from.Contains(a); a = a.Next() {
		if !used[a.String()] {
			k.addresses[pod.UID] = a
			return a, nil
		}
	}
	return netip.Addr{}, fmt.Errorf("no address is left in %s, the pod range of node %s", from, node.Name)
}

// used are the addresses of all nodes and of all pods, also of those given a moment ago.
func (k *kubelet) used() (map[string]bool, error) {
	used := map[string]bool{}
	nodes, err := k.nodes.List(labels.Everything())
	if err != nil {
		return nil, err
	}
	for _, node := range nodes {
		for _, a := range node.Status.Addresses {
			used[a.Address] = true
		}
	}
	pods, err := k.pods.List(labels.Everything())
	if err != nil {
		return nil, err
	}
	there := map[types.UID]bool{}
	for _, pod := range pods {
		if pod.Status.Phase == corev1.PodSucceeded || pod.Status.Phase == corev1.PodFailed {
			continue // it has given its address back
		}
		there[pod.UID] = true
		used[pod.Annotations[addressAnnotation]] = true
	}
	for uid, a := range k.addresses {
		if !there[uid] {
			delete(k.addresses, uid)
			continue
		}
		used[a.String()] = true
	}
	return used, nil
}
