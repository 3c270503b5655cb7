package workloads

import (
	"errors"
	"strconv"

	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"apim-azure/workloads/plan"
)

// EventsVolumeToken is the type of EventsVolume.
const EventsVolumeToken = "apim:workloads:EventsVolume"

// EventsVolumeArgs describes the share the volume stands for.
type EventsVolumeArgs struct {
	Namespace *Namespace
	// Secrets hold the share's account key.
	Secrets *Secrets
	// ResourceGroup is the group of the account.
	ResourceGroup string
	// Account and Share are names. They end up in a field that can't be changed, so the account should be known in previews.
	Account, Share pulumi.StringInput
}

// Validate reports all problems.
func (a *EventsVolumeArgs) Validate() error {
	if a == nil {
		return errors.New("events volume: no arguments")
	}
	errs := []error{requireNamespace(a.Namespace)}
	if a.Secrets == nil {
		errs = append(errs, errors.New("events volume: the secrets are required, the nodes mount the share with them"))
	}
	if a.ResourceGroup == "" || a.Account == nil || a.Share == nil {
		errs = append(errs, errors.New("events volume: resource group, account and share are all required"))
	}
	return errors.Join(errs...)
}

// EventsVolume is the volume ANM and all gateways share: an existing Azure Files share, many readers and writers.
type EventsVolume struct {
	pulumi.ResourceState

	// ClaimName is what pods mount.
	ClaimName pulumi.StringOutput `pulumi:"claimName"`
}

// NewEventsVolume creates the volume and the claim that is bound to it and to no other. Deleting them leaves the share alone.
func NewEventsVolume(ctx *pulumi.Context, name string, args *EventsVolumeArgs, opts ...pulumi.ResourceOption) (*EventsVolume, error) {
	if err := args.Validate(); err != nil {
		return nil, err
	}
	v := &EventsVolume{ClaimName: pulumi.String(plan.EventsClaim).ToStringOutput()}
	kids, err := args.Namespace.register(ctx, EventsVolumeToken, name, v, []pulumi.Resource{args.Secrets}, opts...)
	if err != nil {
		return nil, err
	}
	// Volumes are not in a namespace, so the name says whose it is.
	volumeName := args.Namespace.name + "-" + plan.EventsClaim
	volume, err := corev1.NewPersistentVolume(ctx, name+"-volume", &corev1.PersistentVolumeArgs{
		Metadata: &metav1.ObjectMetaArgs{Name: pulumi.String(volumeName)},
		Spec:     args.volumeSpec(),
	}, kids.opts()...)
	if err != nil {
		return nil, err
	}
	_, err = corev1.NewPersistentVolumeClaim(ctx, name+"-claim", &corev1.PersistentVolumeClaimArgs{
		Metadata: args.Namespace.meta(plan.EventsClaim, nil),
		Spec: &corev1.PersistentVolumeClaimSpecArgs{
			AccessModes: pulumi.StringArray{pulumi.String("ReadWriteMany")},
			Resources:   &corev1.VolumeResourceRequirementsArgs{Requests: volumeSize()},
			// Empty rather than absent: absent would ask the default class for a new share.
			StorageClassName: pulumi.String(""),
			VolumeName:       pulumi.String(volumeName),
		},
	}, kids.opts(pulumi.DependsOn([]pulumi.Resource{volume}))...)
	if err != nil {
		return nil, err
	}
	return v, ctx.RegisterResourceOutputs(v, pulumi.Map{"claimName": v.ClaimName})
}

func (a *EventsVolumeArgs) volumeSpec() *corev1.PersistentVolumeSpecArgs {
	handle := pulumi.All(a.Account, a.Share).ApplyT(func(names []any) string {
		return plan.VolumeHandle(a.ResourceGroup, names[0].(string), names[1].(string))
	}).(pulumi.StringOutput)
	return &corev1.PersistentVolumeSpecArgs{
		AccessModes: pulumi.StringArray{pulumi.String("ReadWriteMany")},
		Capacity:    volumeSize(),
		// The volume takes no other claim either: one that asks for no class and is quicker would get the share.
		ClaimRef:                      &corev1.ObjectReferenceArgs{Namespace: pulumi.String(a.Namespace.name), Name: pulumi.String(plan.EventsClaim)},
		MountOptions:                  pulumi.ToStringArray(plan.VolumeMountOptions()),
		PersistentVolumeReclaimPolicy: pulumi.String("Retain"),
		Csi: &corev1.CSIPersistentVolumeSourceArgs{
			Driver:       pulumi.String("file.csi.azure.com"),
			VolumeHandle: handle,
			VolumeAttributes: pulumi.StringMap{
				"resourceGroup":  pulumi.String(a.ResourceGroup),
				"storageAccount": a.Account,
				"shareName":      a.Share,
				"protocol":       pulumi.String("smb"),
			},
			NodeStageSecretRef: &corev1.SecretReferenceArgs{
				Name:      pulumi.String(string(plan.EventsShare)),
				Namespace: pulumi.String(a.Namespace.name),
			},
		},
	}
}

func volumeSize() pulumi.StringMap {
	return pulumi.StringMap{"storage": pulumi.String(strconv.Itoa(plan.VolumeSizeGB) + "Gi")}
}
