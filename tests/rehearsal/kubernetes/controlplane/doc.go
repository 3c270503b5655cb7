// Package controlplane runs a real Kubernetes control plane for one rehearsed stack: etcd, kube-apiserver and
// kube-controller-manager, as child processes that listen on 127.0.0.1 only.
//
// It plays the part of the managed cluster. A first request for a kubeconfig starts it; deleting the cluster stops it and
// wipes its store. The API server's port, the certificate authority and the client certificates are made once per stack and
// kept, because a kubeconfig that changed between two runs would make every later preview differ.
//
// There are no nodes and no scheduler: objects are admitted, defaulted, owned and garbage-collected by the real thing, but
// pods stay pending.
package controlplane
