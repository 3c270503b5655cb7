package workloads

import (
	"errors"
	"fmt"
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"apim-azure/workloads/plan"
)

// Platform is what ANM, API Manager UI and the gateways have in common.
type Platform struct {
	Namespace *Namespace
	Secrets   *Secrets
	Events    *EventsVolume
	// Policies open the namespace to the pods.
	Policies *Policies
	// Registry is the login server the images are pulled from. It should be known in previews.
	Registry pulumi.StringInput
	// NodeSelector picks the nodes of the API management pool by our own label, which survives a new pool under another name.
	NodeSelector map[string]string
	// Zonal tells that the nodes are in availability zones.
	Zonal bool
	// TraceLevel is INFO, DEBUG or DATA.
	TraceLevel string
	// CassandraHost is the one name of all Cassandra nodes.
	CassandraHost string
	// PreflightImage is repository:tag of the image that waits for what pods need and applies SQL.
	PreflightImage string
	// ReadOnlyRoot keeps containers from writing into their own file system.
	ReadOnlyRoot bool
	// MetricsSchema tells that a job applies the metrics database's schema before any component starts.
	MetricsSchema bool
	// ANMHost is ANM's public host, and ANMProbe what differs about its health check: the gateways wait for it.
	ANMHost  string
	ANMProbe plan.ProbeSpec
	// AcceptGeneralConditions is the acceptance of Axway's licence terms, without which the images refuse to start.
	AcceptGeneralConditions bool
}

func (p Platform) validate() error {
	errs := []error{requireNamespace(p.Namespace)}
	if p.Secrets == nil || p.Events == nil {
		errs = append(errs, errors.New("platform: the secrets and the events volume are both required"))
	}
	if p.Policies == nil {
		errs = append(errs, errors.New("platform: the network policies are required; pods must not start unprotected"))
	}
	if p.Registry == nil {
		errs = append(errs, errors.New("platform: the registry the images are pulled from is required"))
	}
	if len(p.NodeSelector) == 0 {
		errs = append(errs, errors.New("platform: a node selector is required, else pods land on the pools of other components"))
	}
	if levels := []string{"INFO", "DEBUG", "DATA"}; !slices.Contains(levels, p.TraceLevel) {
		errs = append(errs, fmt.Errorf("workloads.traceLevel: %q; use one of %v", p.TraceLevel, levels))
	}
	if p.CassandraHost == "" {
		errs = append(errs, errors.New("platform: the host name of Cassandra is required"))
	}
	if p.ANMHost == "" {
		errs = append(errs, errors.New("platform: ANM's host name is required, its certificate is checked by it"))
	}
	errs = append(errs, plan.CheckImage("workloads.preflightImage", p.PreflightImage))
	if !p.AcceptGeneralConditions {
		errs = append(errs, errors.New("workloads.acceptGeneralConditions: false; the images refuse to start until you accept Axway's licence terms, set it to true"))
	}
	return errors.Join(errs...)
}

// settings are what the plans need to know of the platform. Valid platforms have secrets.
func (p Platform) settings() plan.Settings {
	return plan.Settings{
		TraceLevel: p.TraceLevel, CassandraHost: p.CassandraHost, CassandraTLS: plan.CassandraSpeaksTLS,
		RegistryLogin: p.Secrets.has(plan.RegistryLogin), License: p.Secrets.has(plan.License),
		AdminUsers: p.Secrets.has(plan.AdminUsers), ListenerCertificates: p.Secrets.has(plan.ListenerCertificate),
		ReadOnlyRoot: p.ReadOnlyRoot, PreflightImage: p.PreflightImage, MetricsSchema: p.MetricsSchema,
		ANMHost: p.ANMHost, ANMProbe: p.ANMProbe,
	}
}

// pod plans the pods of a component on this platform.
func (p Platform) pod(spec plan.Spec) plan.Pod { return spec.Pod(p.settings()) }

// register registers a component whose pods need the platform's secrets, volume and network policies, and wait for after.
func (p Platform) register(ctx *pulumi.Context, token, name string, component pulumi.ComponentResource,
	after []pulumi.Resource, opts ...pulumi.ResourceOption,
) (children, error) {
	return p.Namespace.register(ctx, token, name, component, append([]pulumi.Resource{p.Secrets, p.Events, p.Policies}, after...), opts...)
}
