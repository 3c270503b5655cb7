package kubelet

import (
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

// testWorld has image "there", Secret "s" and ConfigMap "m" with key "k", and a claim "files" that needs Secret "account".
var testWorld = world{
	hasImage: func(reference string) bool { return reference == "there" },
	keys: func(k kind, namespace, name string) map[string]bool {
		if namespace == "ns" && (k == secret && name == "s" || k == configMap && name == "m") {
			return map[string]bool{"k": true}
		}
		return nil
	},
	volumeSecrets: func(_, claim string) []corev1.SecretReference {
		if claim == "files" {
			return []corev1.SecretReference{{Namespace: "ns", Name: "account"}}
		}
		return nil
	},
}

func testPod(change func(*corev1.PodSpec)) *corev1.Pod {
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: "pod", UID: "uid"},
		Spec:       corev1.PodSpec{RestartPolicy: corev1.RestartPolicyAlways, Containers: []corev1.Container{{Name: "main", Image: "there"}}},
	}
	if change != nil {
		change(&pod.Spec)
	}
	return pod
}

func named(name string) corev1.LocalObjectReference { return corev1.LocalObjectReference{Name: name} }

func env(source corev1.EnvVarSource) func(*corev1.PodSpec) {
	return func(s *corev1.PodSpec) { s.Containers[0].Env = []corev1.EnvVar{{Name: "V", ValueFrom: &source}} }
}

func volume(source corev1.VolumeSource) func(*corev1.PodSpec) {
	return func(s *corev1.PodSpec) { s.Volumes = []corev1.Volume{{Name: "v", VolumeSource: source}} }
}

func TestWhatKeepsAPodFromStartingIsToldInTheKubeletsWords(t *testing.T) {
	maybe := true
	for name, c := range map[string]struct {
		change  func(*corev1.PodSpec)
		verdict Verdict
		says    string // in the reason or message of container main, or in an event
	}{
		"nothing": {nil, Ready, ""},
		"a pod that ends": {
			func(s *corev1.PodSpec) { s.RestartPolicy = corev1.RestartPolicyNever }, Complete, "",
		},
		"an image": {func(s *corev1.PodSpec) { s.Containers[0].Image = "r/i:1" }, ImageMissing, `failed to resolve reference "r/i:1": r/i:1: not found`},
		"an image and a Secret, of which the image is looked for first": {
			func(s *corev1.PodSpec) {
				s.Containers[0].Image = "r/i:1"
				s.Containers[0].EnvFrom = []corev1.EnvFromSource{{SecretRef: &corev1.SecretEnvSource{LocalObjectReference: named("none")}}}
			}, ImageMissing, "ImagePullBackOff",
		},
		"all of a Secret": {
			func(s *corev1.PodSpec) {
				s.Containers[0].EnvFrom = []corev1.EnvFromSource{{SecretRef: &corev1.SecretEnvSource{LocalObjectReference: named("none")}}}
			}, ConfigMissing, `secret "none" not found`,
		},
		"all of a ConfigMap": {
			func(s *corev1.PodSpec) {
				s.Containers[0].EnvFrom = []corev1.EnvFromSource{{ConfigMapRef: &corev1.ConfigMapEnvSource{LocalObjectReference: named("none")}}}
			}, ConfigMissing, `configmap "none" not found`,
		},
		"a key of a Secret": {
			env(corev1.EnvVarSource{SecretKeyRef: &corev1.SecretKeySelector{LocalObjectReference: named("s"), Key: "x"}}),
			ConfigMissing, "couldn't find key x in Secret ns/s",
		},
		"a key of a ConfigMap": {
			env(corev1.EnvVarSource{ConfigMapKeyRef: &corev1.ConfigMapKeySelector{LocalObjectReference: named("m"), Key: "x"}}),
			ConfigMissing, "couldn't find key x in ConfigMap ns/m",
		},
		"an optional key": {
			env(corev1.EnvVarSource{SecretKeyRef: &corev1.SecretKeySelector{LocalObjectReference: named("s"), Key: "x", Optional: &maybe}}), Ready, "",
		},
		"a key that is there": {
			env(corev1.EnvVarSource{SecretKeyRef: &corev1.SecretKeySelector{LocalObjectReference: named("s"), Key: "k"}}), Ready, "",
		},
		"a field of the pod": {env(corev1.EnvVarSource{FieldRef: &corev1.ObjectFieldSelector{FieldPath: "metadata.name"}}), Ready, ""},
		"a Secret to mount": {
			volume(corev1.VolumeSource{Secret: &corev1.SecretVolumeSource{SecretName: "none"}}),
			MountMissing, `MountVolume.SetUp failed for volume "v" : secret "none" not found`,
		},
		"a file of a ConfigMap": {
			volume(corev1.VolumeSource{ConfigMap: &corev1.ConfigMapVolumeSource{LocalObjectReference: named("m"), Items: []corev1.KeyToPath{{Key: "x"}}}}),
			MountMissing, "references non-existent config key: x",
		},
		"a part of a projected volume": {
			volume(corev1.VolumeSource{Projected: &corev1.ProjectedVolumeSource{Sources: []corev1.VolumeProjection{
				{ConfigMap: &corev1.ConfigMapProjection{LocalObjectReference: named("m")}},
				{Secret: &corev1.SecretProjection{LocalObjectReference: named("none")}},
			}}}),
			MountMissing, `secret "none" not found`,
		},
		"the Secret of a volume's driver": {
			volume(corev1.VolumeSource{PersistentVolumeClaim: &corev1.PersistentVolumeClaimVolumeSource{ClaimName: "files"}}),
			MountMissing, `secrets "account" not found`,
		},
		"a claim that needs no Secret": {
			volume(corev1.VolumeSource{PersistentVolumeClaim: &corev1.PersistentVolumeClaimVolumeSource{ClaimName: "other"}}), Ready, "",
		},
	} {
		t.Run(name, func(t *testing.T) {
			d := testWorld.decide(testPod(c.change), Fault{}, false)
			said := d.waiting["main"].Reason + " " + d.waiting["main"].Message
			for _, n := range d.notes {
				said += "\n" + n.message
			}
			if d.verdict != c.verdict || !strings.Contains(said, c.says) || (c.says == "") != (len(d.waiting) == 0) {
				t.Errorf("verdict %s: %s", d.verdict, said)
			}
		})
	}
}

func TestAPodWithAStartupProbeTakesLonger(t *testing.T) {
	quick := testWorld.decide(testPod(nil), Fault{}, false).after
	jvm := testPod(func(s *corev1.PodSpec) { s.Containers[0].StartupProbe = &corev1.Probe{} })
	slow := testWorld.decide(jvm, Fault{}, false).after
	slower := testWorld.decide(jvm, Fault{Code: SlowStart, After: time.Hour}, true).after
	if !(0 < quick && quick < slow && slower == slow+time.Hour) {
		t.Errorf("%s, %s, %s", quick, slow, slower)
	}
}

func TestAFaultWaitsForWhatThePodLacks(t *testing.T) {
	pod := testPod(func(s *corev1.PodSpec) { s.Containers[0].Image = "r/i:1" })
	if d := testWorld.decide(pod, Fault{Code: CrashLoopBackOff}, true); d.verdict != ImageMissing {
		t.Errorf("verdict %s", d.verdict)
	}
}

func TestPullsAreTriedAtGrowingDistances(t *testing.T) {
	now := time.Now()
	var p pull
	var got []time.Duration
	for range 7 {
		p = p.again(now, 10)
		got = append(got, p.next.Sub(now))
	}
	want := []time.Duration{1, 2, 4, 8, 16, 30, 30}
	for i := range want {
		if got[i] != want[i]*time.Second {
			t.Errorf("try %d after %s, want %d s", i+1, got[i], want[i])
		}
	}
	if next := (pull{}).again(now, 0).next; !next.Equal(now) {
		t.Errorf("the next try is %s away although nothing takes time", next.Sub(now))
	}
}

func TestAFaultKeepsToThePodsItStruck(t *testing.T) {
	var f Faults
	if err := f.Inject(Fault{Kind: "Deployment", Name: "d", Code: CrashLoopBackOff, Times: 2}); err != nil {
		t.Fatal(err)
	}
	deployment := []owner{{"v1", "Pod", "p"}, {"apps/v1", "ReplicaSet", "d-1"}, {"apps/v1", "Deployment", "d"}}
	strikes := func(uid types.UID, owners []owner) bool {
		_, _, struck := f.strike(uid, owners, time.Now())
		return struck
	}
	for i, c := range []struct {
		uid    types.UID
		owners []owner
		want   bool
	}{
		{"a", []owner{{"v1", "Pod", "d"}}, false},
		{"b", deployment, true}, {"c", deployment, true}, {"e", deployment, false}, {"b", deployment, true},
	} {
		if strikes(c.uid, c.owners) != c.want {
			t.Errorf("%d: pod %s struck: %t", i, c.uid, !c.want)
		}
	}
	f.Clear()
	if strikes("b", deployment) {
		t.Error("struck by a fault that is gone")
	}
}
