// Package metrics serves metrics.k8s.io for a rehearsed cluster, so that real HorizontalPodAutoscalers act on made-up load.
//
// It takes the place of metrics-server: an HTTPS server of this process, which the API server's aggregation layer passes requests
// on to. The path there is the real one - an APIService, a Service, certificates both ways - but the Service names this machine
// instead of pods (type ExternalName). The figures are not measured, for nothing runs: a workload's load is what somebody set,
// spread evenly over its ready pods and capped by their limits, as a perfect load balancer and the kernel would; the rest idles.
package metrics
