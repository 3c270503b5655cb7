package plan

import (
	"errors"
	"fmt"
)

// Bounds of the autoscaler's figures.
const (
	maxReplicas      = 100
	minTargetPercent = 10
	maxTargetPercent = 95
)

// Metric is one figure the autoscaler keeps: the average use of a resource, in percent of the request.
type Metric struct {
	// Resource is cpu or memory.
	Resource string
	// Percent is 10 to 95.
	Percent int
}

// Metrics are what the gateways are scaled by. The reference's 75 percent is meant of its CPU limit; Kubernetes counts in
// percent of the request, which is why half the limit is requested by default.
func (s GatewaySpec) Metrics() []Metric {
	metrics := []Metric{{Resource: "cpu", Percent: s.TargetCPUPercent}}
	if s.TargetMemoryPercent > 0 {
		metrics = append(metrics, Metric{Resource: "memory", Percent: s.TargetMemoryPercent})
	}
	return metrics
}

func (s GatewaySpec) checkScaling(key string) error {
	var errs []error
	if s.MinReplicas < 1 || s.MinReplicas > maxReplicas {
		errs = append(errs, fmt.Errorf("%s.minReplicas: %d; use 1 to %d", key, s.MinReplicas, maxReplicas))
	}
	if s.MaxReplicas < s.MinReplicas || s.MaxReplicas > maxReplicas {
		errs = append(errs, fmt.Errorf("%s.maxReplicas: %d; use minReplicas (%d) to %d", key, s.MaxReplicas, s.MinReplicas, maxReplicas))
	}
	if s.TargetCPUPercent < minTargetPercent || s.TargetCPUPercent > maxTargetPercent {
		errs = append(errs, fmt.Errorf("%s.targetCPUPercent: %d; use %d to %d percent of the request", key, s.TargetCPUPercent, minTargetPercent, maxTargetPercent))
	}
	if m := s.TargetMemoryPercent; m != 0 && (m < minTargetPercent || m > maxTargetPercent) {
		errs = append(errs, fmt.Errorf("%s.targetMemoryPercent: %d; use %d to %d percent of the request, or 0 to leave memory out", key, m, minTargetPercent, maxTargetPercent))
	}
	return errors.Join(errs...)
}
