package workloads

import (
	helmv3 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/helm/v3"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"apim-azure/workloads/plan"
)

// releaseSeconds is how long a chart may take to come up.
const releaseSeconds = 1800

// newRelease installs a chart. One that fails leaves nothing behind that the next attempt would trip over.
func newRelease(ctx *pulumi.Context, name, namespace string, chart plan.Chart, values pulumi.Map, opts []pulumi.ResourceOption,
) (*helmv3.Release, error) {
	return helmv3.NewRelease(ctx, name, &helmv3.ReleaseArgs{
		Name:          pulumi.String(chart.Release),
		Namespace:     pulumi.String(namespace),
		Chart:         pulumi.String(chart.Reference),
		Version:       pulumi.String(chart.Version),
		Values:        values,
		Timeout:       pulumi.Int(releaseSeconds),
		Atomic:        pulumi.Bool(true),
		CleanupOnFail: pulumi.Bool(true),
		MaxHistory:    pulumi.Int(5),
	}, opts...)
}
