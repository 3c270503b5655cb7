// Package kubelet decides what a kubelet and its container runtime would make of each pod that has a node: start it, or not,
// and why. There are no containers. kwok, a process of its own, writes the pods' status by the Stages of this package, which
// go by what the decision leaves on the pod as annotations.
//
// Decided are: whether each image can be had, whether the Secrets and ConfigMaps are there that a container or a volume needs,
// how long a pod takes until it is ready, and what faults make of it. A pod that can't start is looked at again, as a kubelet
// does, and starts once what it lacks is there. What runs is left alone.
//
// Not modelled: probes that fail later, memory limits, evictions for want of disk, image pull policies and pull secrets, hooks
// other than a preStop sleep, and restartPolicy OnFailure, whose failed pods are not started again in place.
package kubelet
