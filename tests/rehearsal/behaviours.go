package rehearsal

import "apim-azure/tests/rehearsal/azure/arm"

// aroundTheCluster is what the rehearsal knows or assumes about what runs around Kubernetes: nodes, kubelets, load balancers,
// AGIC, and how the provider waits. The packages that play it name the sources of their figures.
var aroundTheCluster = []arm.Behaviour{
	{ID: "nodes/labels", Text: "nodes are named, labelled, tainted, zoned and sized as AKS does", Source: "listings of nodes of public AKS clusters; Microsoft's reference of reserved labels", Provenance: arm.Observed},
	{ID: "nodes/reserved", Text: "of a node's memory and CPU AKS keeps what its formula says; the largest sizes follow the same formula",
		Source: "learn: aks/node-resource-reservations", Provenance: arm.Assumed, Confirm: "kubectl get nodes -o yaml: compare capacity and allocatable with the rehearsal's"},
	{ID: "nodes/boot", Text: "a node is there 2 minutes after it was asked for", Source: "1 to 3 minutes are usual", Provenance: arm.Assumed,
		Confirm: "raise the load until a node is added, and read the time between TriggeredScaleUp and the node's Ready"},
	{ID: "nodes/drain", Text: "a pool that is deleted is drained, with 30 minutes for disruption budgets", Source: "the default of AKS for upgrades", Provenance: arm.Assumed,
		Confirm: "replace a pool while a budget allows no disruption, and see for how long the deletion waits"},
	{ID: "autoscaler/grows", Text: "a pool grows by one node for pods that fit on it and nowhere else, up to its largest size, and shrinks after the profile's time",
		Source: "cluster-autoscaler's FAQ; the real one weighs pools by its expander", Provenance: arm.Documented},
	{ID: "autoscaler/lost-zone", Text: "the autoscaler adds nodes in the zones that are left and does not wait for a lost one", Source: "scale sets balance zones as far as they can", Provenance: arm.Assumed,
		Confirm: "only a real zone failure shows it; a capacity error in one zone is the nearest thing"},
	{ID: "nodes/system-pods", Text: "what AKS runs in kube-system takes about this much of every node", Source: "requests of AKS's daemon sets; Cilium's are guessed", Provenance: arm.Assumed,
		Confirm: "kubectl describe node: compare the requests of kube-system's pods"},
	{ID: "pods/start", Text: "a container with a startup probe is ready after 60 s, any other after 2 s; an init container takes 1 s", Source: "nobody measured the product on these sizes", Provenance: arm.Assumed,
		Confirm: "kubectl get events: the time between Started and Ready of ANM, API Manager UI and a gateway"},
	{ID: "pods/stop", Text: "a process ends 2 s after SIGTERM, within the grace period", Source: "planned", Provenance: arm.Assumed, Confirm: "delete a gateway and see how long it stays Terminating"},
	{ID: "pods/reasons", Text: "missing images, secrets, keys and crashes show with the kubelet's reasons and messages", Source: "kubelet and containerd 1.36", Provenance: arm.Observed},
	{ID: "metrics/idle", Text: "an idle container uses a twentieth of its CPU request and half of its memory", Source: "planned", Provenance: arm.Assumed, Confirm: "kubectl top pods before any traffic"},
	{ID: "cloud/balancer", Text: "a load balancer gives an address after 20 s; what refuses it shows as SyncLoadBalancerFailed, in words put together from Azure's error codes",
		Source: "cloud-provider-azure; the time is planned", Provenance: arm.Assumed, Confirm: "kubectl describe service of the internal balancer: the events and their times"},
	{ID: "agic/routes", Text: "AGIC writes the whole gateway, when something changes and every reconcile period, and puts back what a full PUT by Pulumi wiped", Source: "AGIC's source, 1.9", Provenance: arm.Observed},
	{ID: "agic/roles", Text: "AGIC needs its federated identity, Contributor on the gateway, Reader on its group and the right to join its subnet; without them it starts over until it has them",
		Source: "AGIC's documentation and issues", Provenance: arm.Observed},
	{ID: "provider/awaits", Text: "the Kubernetes provider waits for rollouts, end points, addresses and jobs, and reports what the pods' conditions and events say", Source: "pulumi-kubernetes 4.30", Provenance: arm.Observed},
	{ID: "provider/order-of-deadlines", Text: "a rollout without any progress reaches progressDeadlineSeconds before the provider's own timeout", Source: "the order of two clocks is ours", Provenance: arm.Assumed,
		Confirm: "roll out a tag that is not in the registry and read which of the two deadlines the error names"},
}
