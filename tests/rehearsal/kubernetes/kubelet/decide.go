package kubelet

import (
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
)

// Verdict is what becomes of a pod.
type Verdict string

const (
	Ready         Verdict = "ready"          // it runs
	Complete      Verdict = "complete"       // it ends well, as pods of Jobs do
	Fail          Verdict = "fail"           // it ends with exit code 1
	Crash         Verdict = "crash"          // its containers end and are started again
	ImageMissing  Verdict = "image-missing"  // an image is not in its registry
	ConfigMissing Verdict = "config-missing" // a container refers to a Secret or ConfigMap, or a key of one, that is not there
	MountMissing  Verdict = "mount-missing"  // the same for a volume: no container starts
)

// Times a pod takes until it is ready, or ends, in simulated time. Assumed: nobody measured them. The first is for pods with a
// startup probe, which here are JVMs that load the product's configuration; the chart of the product's vendor has its probes
// wait for 30 to 60 s.
const (
	slowStart  = time.Minute
	quickStart = 2 * time.Second
)

// pullBackOff bounds the simulated time between two tries to get an image, which starts at 10 s and doubles
// (kubernetes.io, Images, "ImagePullBackOff").
const firstPull, longestPull = 10 * time.Second, 5 * time.Minute

// wait is what a container waits for, in the kubelet's words.
type wait struct {
	Reason  string `json:"reason"`
	Message string `json:"message,omitempty"`
}

// decision is what becomes of a pod, and when.
type decision struct {
	verdict Verdict
	after   time.Duration   // simulated
	waiting map[string]wait // by container
	notes   []note
}

// note is an event about a pod, or about one of its containers.
type note struct {
	kind, reason, message string
	field                 string // such as spec.containers{anm}; empty: the pod
}

// world is what a decision depends on besides the pod.
type world struct {
	hasImage func(reference string) bool
	// keys are those of a Secret or ConfigMap; nil: it is not there.
	keys func(k kind, namespace, name string) map[string]bool
	// volumeSecrets are the Secrets that mounting a claim takes.
	volumeSecrets func(namespace, claim string) []corev1.SecretReference
}

// kind is Secret or ConfigMap, in the words of the kubelet's messages about a missing object, a missing variable and a
// missing file.
type kind struct{ object, variable, file string }

var (
	secret    = kind{"secret", "Secret", "secret"}
	configMap = kind{"configmap", "ConfigMap", "config"}
)

// decide does what a kubelet does first to last: mount the volumes, get each image, put each container's configuration
// together. A fault takes effect on a pod that would start otherwise.
func (w world) decide(pod *corev1.Pod, fault Fault, struck bool) decision {
	if problem := w.mounts(pod); problem != nil {
		return w.unmounted(pod, *problem)
	}
	noImage := struck && fault.Code == ImagePullBackOff
	d := decision{waiting: map[string]wait{}}
	for _, c := range pod.Spec.InitContainers {
		if w.container(&d, pod, c, "initContainers", noImage); len(d.waiting) > 0 {
			return d // the next one is not looked at before this one has ended
		}
	}
	for _, c := range pod.Spec.Containers {
		w.container(&d, pod, c, "containers", noImage)
	}
	if len(d.waiting) > 0 {
		return d
	}
	return start(pod, fault, struck)
}

// start is for pods that lack nothing.
func start(pod *corev1.Pod, fault Fault, struck bool) decision {
	d := decision{verdict: Ready, after: quickStart}
	for _, c := range pod.Spec.Containers {
		if c.StartupProbe != nil {
			d.after = slowStart
		}
	}
	if pod.Spec.RestartPolicy != corev1.RestartPolicyAlways {
		d.verdict = Complete
	}
	if !struck {
		return d
	}
	switch fault.Code {
	case SlowStart:
		d.after += fault.After
	case Failed:
		d.verdict = Fail
	case CrashLoopBackOff:
		d.verdict, d.after = Crash, 0
		for _, c := range pod.Spec.Containers {
			d.notes = append(d.notes, note{corev1.EventTypeWarning, "BackOff", fmt.Sprintf(
				"Back-off restarting failed container %s in pod %s_%s(%s)", c.Name, pod.Name, pod.Namespace, pod.UID),
				"spec.containers{" + c.Name + "}"})
		}
	}
	return d
}

// container adds what keeps one from starting. The messages are those of containerd and of the kubelet of 1.36.
func (w world) container(d *decision, pod *corev1.Pod, c corev1.Container, list string, noImage bool) {
	field := fmt.Sprintf("spec.%s{%s}", list, c.Name)
	warn := func(reason, message string) {
		d.notes = append(d.notes, note{corev1.EventTypeWarning, reason, message, field})
	}
	if noImage || !w.hasImage(c.Image) {
		d.verdict = ImageMissing
		cause := fmt.Sprintf("rpc error: code = NotFound desc = failed to pull and unpack image %q: "+
			"failed to resolve reference %q: %s: not found", c.Image, c.Image, c.Image)
		backOff := fmt.Sprintf("Back-off pulling image %q", c.Image)
		d.waiting[c.Name] = wait{"ImagePullBackOff", backOff + ": ErrImagePull: " + cause}
		warn("Failed", fmt.Sprintf("Failed to pull image %q: %s", c.Image, cause))
		warn("Failed", "Error: ErrImagePull")
		d.notes = append(d.notes, note{corev1.EventTypeNormal, "BackOff", backOff, field})
		warn("Failed", "Error: ImagePullBackOff")
		return
	}
	if problem := w.environment(pod.Namespace, c); problem != "" {
		if d.verdict == "" { // a missing image is tried again by the clock, which finds this as well
			d.verdict = ConfigMissing
		}
		d.waiting[c.Name] = wait{"CreateContainerConfigError", problem}
		warn("Failed", "Error: "+problem)
	}
}

// environment returns what a container's variables refer to and is not there, or "".
func (w world) environment(namespace string, c corev1.Container) string {
	for _, from := range c.EnvFrom {
		problem := ""
		if r := from.SecretRef; r != nil {
			problem = w.missing(secret, namespace, r.Name, r.Optional)
		} else if r := from.ConfigMapRef; r != nil {
			problem = w.missing(configMap, namespace, r.Name, r.Optional)
		}
		if problem != "" {
			return problem
		}
	}
	for _, v := range c.Env {
		if v.ValueFrom == nil {
			continue
		}
		problem := ""
		if r := v.ValueFrom.SecretKeyRef; r != nil {
			problem = w.missingKey(secret, namespace, r.Name, r.Key, r.Optional)
		} else if r := v.ValueFrom.ConfigMapKeyRef; r != nil {
			problem = w.missingKey(configMap, namespace, r.Name, r.Key, r.Optional)
		}
		if problem != "" {
			return problem
		}
	}
	return ""
}

// missing says that an object is, unless it may be.
func (w world) missing(k kind, namespace, name string, optional *bool) string {
	if (optional != nil && *optional) || w.keys(k, namespace, name) != nil {
		return ""
	}
	return fmt.Sprintf("%s %q not found", k.object, name)
}

func (w world) missingKey(k kind, namespace, name, key string, optional *bool) string {
	if problem := w.missing(k, namespace, name, optional); problem != "" {
		return problem
	}
	if (optional != nil && *optional) || w.keys(k, namespace, name)[key] {
		return ""
	}
	return fmt.Sprintf("couldn't find key %s in %s %s/%s", key, k.variable, namespace, name)
}

func (w world) missingFile(k kind, namespace, name string, items []corev1.KeyToPath, optional *bool) string {
	if problem := w.missing(k, namespace, name, optional); problem != "" {
		return problem
	}
	for _, item := range items {
		if (optional == nil || !*optional) && !w.keys(k, namespace, name)[item.Key] {
			return fmt.Sprintf("references non-existent %s key: %s", k.file, item.Key)
		}
	}
	return ""
}

// mount is a volume that can't be.
type mount struct{ volume, problem string }

// mounts returns the first volume that can't be mounted, or nil.
func (w world) mounts(pod *corev1.Pod) *mount {
	for _, v := range pod.Spec.Volumes {
		if problem := w.volume(pod, v); problem != "" {
			return &mount{v.Name, problem}
		}
	}
	return nil
}

func (w world) volume(pod *corev1.Pod, v corev1.Volume) string {
	switch {
	case v.Secret != nil:
		return w.missingFile(secret, pod.Namespace, v.Secret.SecretName, v.Secret.Items, v.Secret.Optional)
	case v.ConfigMap != nil:
		return w.missingFile(configMap, pod.Namespace, v.ConfigMap.Name, v.ConfigMap.Items, v.ConfigMap.Optional)
	case v.PersistentVolumeClaim != nil:
		for _, r := range w.volumeSecrets(pod.Namespace, v.PersistentVolumeClaim.ClaimName) {
			if w.keys(secret, r.Namespace, r.Name) == nil {
				return fmt.Sprintf("kubernetes.io/csi: failed to find the secret %s in the namespace %s with error: secrets %q not found",
					r.Name, r.Namespace, r.Name)
			}
		}
	case v.Projected != nil:
		for _, source := range v.Projected.Sources {
			problem := ""
			if s := source.Secret; s != nil {
				problem = w.missingFile(secret, pod.Namespace, s.Name, s.Items, s.Optional)
			} else if m := source.ConfigMap; m != nil {
				problem = w.missingFile(configMap, pod.Namespace, m.Name, m.Items, m.Optional)
			}
			if problem != "" {
				return problem
			}
		}
	}
	return ""
}

// unmounted: the kubelet shows no reason on the pod, only in an event.
func (w world) unmounted(pod *corev1.Pod, m mount) decision {
	d := decision{verdict: MountMissing, waiting: map[string]wait{}, notes: []note{{
		kind: corev1.EventTypeWarning, reason: "FailedMount",
		message: fmt.Sprintf("MountVolume.SetUp failed for volume %q : %s", m.volume, m.problem),
	}}}
	for _, c := range pod.Spec.InitContainers {
		d.waiting[c.Name] = wait{Reason: "PodInitializing"}
	}
	for _, c := range pod.Spec.Containers {
		d.waiting[c.Name] = wait{Reason: "ContainerCreating"}
	}
	return d
}
