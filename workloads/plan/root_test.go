package plan

import (
	"slices"
	"strings"
	"testing"
)

func TestAReadOnlyRootHasEveryWritablePathInAVolumeOfLimitedSize(t *testing.T) {
	for _, spec := range []Spec{anmSpec(), managerSpec(), gatewaySpec()} {
		pod := spec.Pod(settings())
		if !pod.ReadOnlyRoot {
			t.Errorf("%s writes into its image", pod.Component)
		}
		writable := map[string]int{}
		for _, v := range pod.Volumes {
			if v.Secret == "" && v.Claim == "" {
				writable[v.Path] = v.SizeMB
			}
		}
		if len(writable) != 2 || writable[installDir] != 4096 || writable["/tmp"] != 1024 {
			t.Errorf("%s may write to %v", pod.Component, writable)
		}
		sum := outputMB
		for _, size := range writable {
			sum += size
		}
		if sum > pod.Resources.StorageLimit {
			t.Errorf("%s is evicted at %d MiB, before its volumes are full at %d", pod.Component, pod.Resources.StorageLimit, sum)
		}
	}
}

func TestTheProductIsCopiedFromItsOwnImageToWhereItRuns(t *testing.T) {
	pod := gatewaySpec().Pod(settings())
	copying := byName(t, pod, "copy-product")
	if copying.Image != pod.Image || !slices.Equal(copying.Command, []string{"cp", "-a", "/opt/Axway/apigateway", "/copy/apigateway"}) {
		t.Errorf("%s: %v", copying.Image, copying.Command)
	}
	seen := pod.Volumes[0]
	if seen.Path != installDir || seen.SubPath != "apigateway" || seen.Name != copying.Volumes[0].Name || copying.Volumes[0].Path != "/copy" {
		t.Errorf("copied to %+v, seen at %+v", copying.Volumes[0], seen)
	}
	if len(copying.Env) > 0 {
		t.Errorf("a copy needs no %v", copying.Env)
	}
}

func TestWithoutAReadOnlyRootTheImageIsLeftAloneAndTheReasonIsGiven(t *testing.T) {
	s := settings()
	s.ReadOnlyRoot = false
	pod := gatewaySpec().Pod(s)
	if pod.ReadOnlyRoot || len(pod.Init) != 1 {
		t.Errorf("read-only %v, init containers %+v", pod.ReadOnlyRoot, pod.Init)
	}
	for _, v := range pod.Volumes {
		if v.SizeMB > 0 || v.Path == installDir {
			t.Errorf("%+v hides a part of the image", v)
		}
	}
	annotations := Annotations(pod.Exceptions)
	const check = "container-security-context-readonlyrootfilesystem"
	if !strings.Contains(annotations["kube-score/ignore"], check) || annotations["apim.io/why-"+check] == "" {
		t.Errorf("%v", annotations)
	}
}

func TestEveryExceptionHasAReason(t *testing.T) {
	for _, exceptions := range [][]Exception{anmSpec().Pod(settings()).Exceptions, gatewaySpec().Pod(settings()).Exceptions, HeadroomExceptions()} {
		ignored := strings.Split(Annotations(exceptions)["kube-score/ignore"], ",")
		if len(ignored) != len(exceptions) {
			t.Errorf("%v of %v", ignored, exceptions)
		}
		for _, e := range exceptions {
			// A name of an annotation has 63 characters at most.
			if e.Reason == "" || len("why-"+e.Check) > 63 {
				t.Errorf("%+v", e)
			}
		}
	}
	if got := Annotations(nil); len(got) > 0 {
		t.Errorf("nothing is ignored, and yet %v", got)
	}
}
