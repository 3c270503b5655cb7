package workloads

import (
	"errors"

	batchv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/batch/v1"
	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"apim-azure/workloads/plan"
)

// SchemaJobToken is the type of SchemaJob.
const SchemaJobToken = "apim:workloads:SchemaJob"

const (
	// schemaTries is how often the job's pod is tried again. What a pod applied, the next one leaves alone.
	schemaTries = 3
	// schemaDeadline is how long, in seconds, all tries may take together; a node may have to come up first.
	schemaDeadline = 1800
)

// SchemaJobArgs describes the job that brings the metrics database to the product's schema.
type SchemaJobArgs struct {
	Platform Platform
	Spec     plan.SchemaSpec
	// After is what must be there first: the database and its users.
	After []pulumi.Resource
}

// Validate reports all problems.
func (a *SchemaJobArgs) Validate() error {
	if a == nil {
		return errors.New("schema job: no arguments")
	}
	return errors.Join(a.Platform.validate(), a.Spec.Validate())
}

// SchemaJob is a job that ran once for the SQL it was given.
type SchemaJob struct {
	pulumi.ResourceState

	// JobName is the job's, which changes with what it does.
	JobName pulumi.StringOutput `pulumi:"jobName"`

	// Ready is the job, which is there once it has succeeded.
	Ready pulumi.Resource
}

// NewSchemaJob creates the job and waits for it. Changed SQL is another job; one that failed is made anew by the next update, since
// a job that gave up tries nothing more.
func NewSchemaJob(ctx *pulumi.Context, name string, args *SchemaJobArgs, opts ...pulumi.ResourceOption) (*SchemaJob, error) {
	if err := args.Validate(); err != nil {
		return nil, err
	}
	job := args.Spec.Job(args.Platform.settings())
	j := &SchemaJob{JobName: pulumi.String(job.Name()).ToStringOutput()}
	kids, err := args.Platform.register(ctx, SchemaJobToken, name, j, args.After, opts...)
	if err != nil {
		return nil, err
	}
	account, err := newServiceAccount(ctx, name, args.Platform, plan.Pod{Component: job.Component}, kids)
	if err != nil {
		return nil, err
	}
	if j.Ready, err = batchv1.NewJob(ctx, name+"-job", args.job(job),
		kids.opts(rollout(1), pulumi.DependsOn([]pulumi.Resource{account}))...); err != nil {
		return nil, err
	}
	return j, ctx.RegisterResourceOutputs(j, pulumi.Map{"jobName": j.JobName})
}

func (a *SchemaJobArgs) job(job plan.Job) *batchv1.JobArgs {
	labels := plan.Labels(job.Component, "")
	annotations := plan.Annotations(job.Exceptions)
	annotations["pulumi.com/replaceUnready"] = "true"
	meta := a.Platform.Namespace.meta(job.Name(), labels)
	meta.Annotations = pulumi.ToStringMap(annotations)
	spec := restrictedSpec(a.Platform, string(job.Component), job.PullSecret)
	spec.RestartPolicy = pulumi.String("Never")
	spec.InitContainers = corev1.ContainerArray{helperContainer(a.Platform, job.Init)}
	spec.Containers = corev1.ContainerArray{helperContainer(a.Platform, job.Main)}
	spec.Volumes = podVolumes(append(job.Init.Volumes, job.Main.Volumes...))
	return &batchv1.JobArgs{
		Metadata: meta,
		Spec: &batchv1.JobSpecArgs{
			// No time to live: a job that is gone would be created, and run, again.
			BackoffLimit:          pulumi.Int(schemaTries),
			ActiveDeadlineSeconds: pulumi.Int(schemaDeadline),
			Template: &corev1.PodTemplateSpecArgs{
				Metadata: &metav1.ObjectMetaArgs{Labels: pulumi.ToStringMap(labels)},
				Spec:     spec,
			},
		},
	}
}
