// Package controlplane runs a real Kubernetes control plane for one rehearsed stack: etcd, kube-apiserver,
// kube-controller-manager and kube-scheduler, and kwok for the nodes, as child processes that listen on 127.0.0.1 only.
//
// It plays the part of the managed cluster. A first request for a kubeconfig starts it; deleting the cluster stops it and
// wipes its store. The API server's port, the certificate authorities and the client certificates are made once per stack and
// kept, because a kubeconfig that changed between two runs would make every later preview differ.
//
// Objects are admitted, defaulted, owned, garbage-collected and scheduled by the real thing. Nodes are objects that kwok keeps
// alive; what their kubelets would do with a pod is decided by package kubelet, and kwok follows the Stages of that package.
// What runs beside the processes, because Azure would run it, is started by Options.Started.
package controlplane
