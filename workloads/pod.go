package workloads

import (
	"strconv"

	appsv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/apps/v1"
	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"apim-azure/workloads/plan"
)

const (
	// axwayUser is the user and group of Axway's images.
	axwayUser = 1000
	// progressDeadline is in seconds.
	progressDeadline = plan.RolloutMinutes * 60
	// rolloutMinutes is above the deadline, so that the cluster's own reason is what the operator reads.
	rolloutMinutes = 40
	// podMinutes is how long each further pod may take: they are replaced one after the other, each JVM starting in minutes.
	podMinutes = 5
	// secretsRevision is the annotation by which pods follow the content of their secrets.
	secretsRevision = "apim.io/secrets-revision"
	// secretMode lets user and group of the image read a mounted secret, and nobody write it.
	secretMode = 0o440
)

// rollout are the options of an object that takes as long as its pods, of which there are at least one.
func rollout(pods int) pulumi.ResourceOption {
	timeout := strconv.Itoa(rolloutMinutes+podMinutes*(pods-1)) + "m"
	return pulumi.Timeouts(&pulumi.CustomTimeouts{Create: timeout, Update: timeout, Delete: timeout})
}

// newServiceAccount gives a component an identity of its own without a token: nothing in the images calls the Kubernetes API.
func newServiceAccount(ctx *pulumi.Context, name string, platform Platform, pod plan.Pod, kids children) (pulumi.Resource, error) {
	return corev1.NewServiceAccount(ctx, name+"-account", &corev1.ServiceAccountArgs{
		Metadata:                     platform.Namespace.meta(pod.Name(), plan.Labels(pod.Component, pod.Group)),
		AutomountServiceAccountToken: pulumi.Bool(false),
	}, kids.opts()...)
}

// newService offers a component's published ports inside the cluster.
func newService(ctx *pulumi.Context, name string, platform Platform, pod plan.Pod, kids children) (pulumi.Resource, error) {
	ports := make(corev1.ServicePortArray, len(pod.Published))
	for i, p := range pod.Published {
		ports[i] = servicePort(p.Name, p.Number, p.Number)
	}
	return corev1.NewService(ctx, name+"-service", &corev1.ServiceArgs{
		Metadata: platform.Namespace.meta(pod.Name(), plan.Labels(pod.Component, pod.Group)),
		Spec: &corev1.ServiceSpecArgs{
			Type:     pulumi.String("ClusterIP"),
			Selector: pulumi.ToStringMap(plan.Selector(pod.Component, pod.Group)),
			Ports:    ports,
		},
	}, kids.opts()...)
}

func servicePort(name string, port, target int) corev1.ServicePortArgs {
	return corev1.ServicePortArgs{
		Name: pulumi.String(name), Port: pulumi.Int(port), TargetPort: pulumi.Int(target), Protocol: pulumi.String("TCP"),
	}
}

// deploymentArgs describes a component's Deployment. Replicas are left out when nil: an autoscaler owns them.
func deploymentArgs(platform Platform, pod plan.Pod, replicas pulumi.IntPtrInput, strategy *appsv1.DeploymentStrategyArgs) *appsv1.DeploymentArgs {
	meta := platform.Namespace.meta(pod.Name(), plan.Labels(pod.Component, pod.Group))
	meta.Annotations = pulumi.ToStringMap(plan.Annotations(pod.Exceptions))
	return &appsv1.DeploymentArgs{
		Metadata: meta,
		Spec: &appsv1.DeploymentSpecArgs{
			Replicas:                replicas,
			ProgressDeadlineSeconds: pulumi.Int(progressDeadline),
			Strategy:                strategy,
			Selector:                selector(pod),
			Template: &corev1.PodTemplateSpecArgs{
				Metadata: &metav1.ObjectMetaArgs{
					Labels: pulumi.ToStringMap(plan.Labels(pod.Component, pod.Group)),
					// Kubernetes restarts no pod whose secrets change, and the images read them once.
					Annotations: pulumi.StringMap{secretsRevision: platform.Secrets.revision(pod.Secrets())},
				},
				Spec: podSpec(platform, pod),
			},
		},
	}
}

// oneMore starts a new pod before an old one stops.
func oneMore() *appsv1.DeploymentStrategyArgs {
	return &appsv1.DeploymentStrategyArgs{
		Type:          pulumi.String("RollingUpdate"),
		RollingUpdate: &appsv1.RollingUpdateDeploymentArgs{MaxSurge: pulumi.Int(1), MaxUnavailable: pulumi.Int(0)},
	}
}

func selector(pod plan.Pod) *metav1.LabelSelectorArgs {
	return &metav1.LabelSelectorArgs{MatchLabels: pulumi.ToStringMap(plan.Selector(pod.Component, pod.Group))}
}

func podSpec(platform Platform, pod plan.Pod) *corev1.PodSpecArgs {
	spec := restrictedSpec(platform, pod.Name(), pod.PullSecret)
	spec.TerminationGracePeriodSeconds = pulumi.Int(pod.Grace)
	volumes := pod.Volumes
	var init corev1.ContainerArray
	for _, helper := range pod.Init {
		init = append(init, helperContainer(platform, helper))
		volumes = append(volumes, helper.Volumes...)
	}
	spec.InitContainers, spec.Volumes = init, podVolumes(volumes)
	spec.Containers = corev1.ContainerArray{container(platform, pod)}
	if pod.Component == plan.Gateway {
		spec.Affinity = apart(pod)
		spec.TopologySpreadConstraints = corev1.TopologySpreadConstraintArray{spread(platform.Zonal, pod)}
	}
	return spec
}

// restrictedSpec is what all pods of the images have in common; with container's and helperContainer's it fits the restricted pod
// security profile.
func restrictedSpec(platform Platform, account, pullSecret string) *corev1.PodSpecArgs {
	spec := &corev1.PodSpecArgs{
		ServiceAccountName:           pulumi.String(account),
		AutomountServiceAccountToken: pulumi.Bool(false),
		// Variables named after Services could be mistaken for the images' own.
		EnableServiceLinks: pulumi.Bool(false),
		NodeSelector:       pulumi.ToStringMap(platform.NodeSelector),
		SecurityContext: &corev1.PodSecurityContextArgs{
			RunAsNonRoot: pulumi.Bool(true), RunAsUser: pulumi.Int(axwayUser), RunAsGroup: pulumi.Int(axwayUser),
			FsGroup: pulumi.Int(axwayUser), FsGroupChangePolicy: pulumi.String("OnRootMismatch"),
			SeccompProfile: &corev1.SeccompProfileArgs{Type: pulumi.String("RuntimeDefault")},
		},
	}
	if pullSecret != "" {
		spec.ImagePullSecrets = corev1.LocalObjectReferenceArray{&corev1.LocalObjectReferenceArgs{Name: pulumi.String(pullSecret)}}
	}
	return spec
}

// apart keeps the gateways of a group on different nodes while there are enough: preferred, so that a small cluster still runs
// them all.
func apart(pod plan.Pod) *corev1.AffinityArgs {
	return &corev1.AffinityArgs{PodAntiAffinity: &corev1.PodAntiAffinityArgs{
		PreferredDuringSchedulingIgnoredDuringExecution: corev1.WeightedPodAffinityTermArray{&corev1.WeightedPodAffinityTermArgs{
			Weight: pulumi.Int(100),
			PodAffinityTerm: &corev1.PodAffinityTermArgs{
				LabelSelector: selector(pod), TopologyKey: pulumi.String(plan.SpreadKey(false)),
			},
		}},
	}}
}

// spread shares the gateways of a group out between the zones, counting those of the new version only: else the old ones decide
// where the new ones go and the result is lopsided once they are gone.
func spread(zonal bool, pod plan.Pod) *corev1.TopologySpreadConstraintArgs {
	return &corev1.TopologySpreadConstraintArgs{
		MaxSkew: pulumi.Int(1), TopologyKey: pulumi.String(plan.SpreadKey(zonal)),
		WhenUnsatisfiable: pulumi.String("ScheduleAnyway"), LabelSelector: selector(pod),
		MatchLabelKeys: pulumi.StringArray{pulumi.String("pod-template-hash")},
	}
}

func container(platform Platform, pod plan.Pod) *corev1.ContainerArgs {
	ports := make(corev1.ContainerPortArray, len(pod.Ports))
	for i, p := range pod.Ports {
		ports[i] = &corev1.ContainerPortArgs{Name: pulumi.String(p.Name), ContainerPort: pulumi.Int(p.Number), Protocol: pulumi.String("TCP")}
	}
	c := &corev1.ContainerArgs{
		Name:            pulumi.String(string(pod.Component)),
		Image:           pulumi.Sprintf("%s/%s", platform.Registry, pod.Image),
		ImagePullPolicy: pulumi.String("IfNotPresent"),
		Args:            pulumi.ToStringArray(pod.Args),
		Ports:           ports,
		Env:             environment(pod.Env),
		Resources:       resources(pod.Resources),
		StartupProbe:    probe(pod.Startup), ReadinessProbe: probe(pod.Readiness), LivenessProbe: probe(pod.Liveness),
		VolumeMounts:    mounts(pod.Volumes),
		SecurityContext: confined(pod.ReadOnlyRoot),
	}
	if pod.PreStop > 0 {
		c.Lifecycle = &corev1.LifecycleArgs{PreStop: &corev1.LifecycleHandlerArgs{Sleep: &corev1.SleepActionArgs{Seconds: pulumi.Int(pod.PreStop)}}}
	}
	return c
}

// helperContainer runs a helper. Its last words become the pod's status, where `kubectl describe` shows them.
func helperContainer(platform Platform, helper plan.Helper) *corev1.ContainerArgs {
	c := &corev1.ContainerArgs{
		Name:                     pulumi.String(helper.Name),
		Image:                    pulumi.Sprintf("%s/%s", platform.Registry, helper.Image),
		ImagePullPolicy:          pulumi.String("IfNotPresent"),
		Resources:                resources(helper.Resources),
		VolumeMounts:             mounts(helper.Volumes),
		TerminationMessagePolicy: pulumi.String("FallbackToLogsOnError"),
		SecurityContext:          confined(true),
	}
	if len(helper.Command) > 0 {
		c.Command = pulumi.ToStringArray(helper.Command)
	}
	if len(helper.Args) > 0 {
		c.Args = pulumi.ToStringArray(helper.Args)
	}
	if len(helper.Env) > 0 {
		c.Env = environment(helper.Env)
	}
	return c
}

// confined takes from a container what it never needs.
func confined(readOnlyRoot bool) *corev1.SecurityContextArgs {
	return &corev1.SecurityContextArgs{
		AllowPrivilegeEscalation: pulumi.Bool(false),
		ReadOnlyRootFilesystem:   pulumi.Bool(readOnlyRoot),
		Capabilities:             &corev1.CapabilitiesArgs{Drop: pulumi.StringArray{pulumi.String("ALL")}},
	}
}

func resources(r plan.Resources) *corev1.ResourceRequirementsArgs {
	return &corev1.ResourceRequirementsArgs{Requests: pulumi.ToStringMap(r.Requests()), Limits: pulumi.ToStringMap(r.Limits())}
}

func environment(vars []plan.EnvVar) corev1.EnvVarArray {
	env := make(corev1.EnvVarArray, len(vars))
	for i, v := range vars {
		arg := &corev1.EnvVarArgs{Name: pulumi.String(v.Name)}
		switch {
		case v.Secret != "":
			arg.ValueFrom = &corev1.EnvVarSourceArgs{SecretKeyRef: &corev1.SecretKeySelectorArgs{Name: pulumi.String(v.Secret), Key: pulumi.String(v.Key)}}
		case v.Field != "":
			// The version is the server's default, stated because server-side apply owns the reference as a whole: without it, the
			// object differs from what the server keeps.
			arg.ValueFrom = &corev1.EnvVarSourceArgs{FieldRef: &corev1.ObjectFieldSelectorArgs{ApiVersion: pulumi.String("v1"), FieldPath: pulumi.String(v.Field)}}
		default:
			arg.Value = pulumi.String(v.Value)
		}
		env[i] = arg
	}
	return env
}

func probe(p plan.Probe) *corev1.ProbeArgs {
	return &corev1.ProbeArgs{
		HttpGet:       &corev1.HTTPGetActionArgs{Path: pulumi.String(p.Path), Port: pulumi.Int(p.Port), Scheme: pulumi.String(p.Scheme)},
		PeriodSeconds: pulumi.Int(p.Period), TimeoutSeconds: pulumi.Int(p.Timeout), FailureThreshold: pulumi.Int(p.Failures),
	}
}

// podVolumes declares each volume once, however many containers see it.
func podVolumes(seen []plan.Volume) (volumes corev1.VolumeArray) {
	declared := map[string]bool{}
	for _, v := range seen {
		if declared[v.Name] {
			continue
		}
		declared[v.Name] = true
		volume := &corev1.VolumeArgs{Name: pulumi.String(v.Name)}
		switch {
		case v.Secret != "":
			volume.Secret = &corev1.SecretVolumeSourceArgs{SecretName: pulumi.String(v.Secret), DefaultMode: pulumi.Int(secretMode)}
		case v.Claim != "":
			volume.PersistentVolumeClaim = &corev1.PersistentVolumeClaimVolumeSourceArgs{ClaimName: pulumi.String(v.Claim)}
		default:
			volume.EmptyDir = &corev1.EmptyDirVolumeSourceArgs{SizeLimit: pulumi.String(plan.MemoryQuantity(v.SizeMB))}
		}
		volumes = append(volumes, volume)
	}
	return volumes
}

// mounts are where one container sees its volumes.
func mounts(seen []plan.Volume) (mounts corev1.VolumeMountArray) {
	for _, v := range seen {
		mount := &corev1.VolumeMountArgs{Name: pulumi.String(v.Name), MountPath: pulumi.String(v.Path)}
		if v.SubPath != "" {
			mount.SubPath = pulumi.String(v.SubPath)
		}
		if v.Secret != "" {
			mount.ReadOnly = pulumi.Bool(true)
		}
		mounts = append(mounts, mount)
	}
	return mounts
}
