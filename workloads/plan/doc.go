// Package plan decides, without any cloud or cluster, what the workloads look like: pod sizes and the heaps that fit them,
// names, labels and ports, environment variables, who reads which secret, probes, autoscaling, how each host is published,
// and the values of the ingress controllers' charts.
//
// The figures are the reference architecture's ("API Management implementation details", "Kubernetes considerations"); the
// names of variables, paths and ports are what Axway's container images read. The components of the parent package turn these
// plans into Kubernetes objects and decide nothing.
package plan
