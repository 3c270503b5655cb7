package rehearsal

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"apim-azure/tests/rehearsal/azure"
	"apim-azure/tests/rehearsal/azure/arm"
	"apim-azure/tests/rehearsal/kubernetes"
	"apim-azure/tests/rehearsal/kubernetes/kubelet"
)

// Faults are what goes wrong in a rehearsal, by whom it comes from.
type Faults struct {
	// Azure strikes requests to Azure, Objects requests to the Kubernetes API, Pods what runs on the nodes.
	Azure   []azure.Fault
	Objects []kubernetes.Fault
	Pods    []kubelet.Fault
}

// faultForm is how a fault is written on a command line.
const faultForm = "CALL:TYPE[/NAME]:CODE[:TIMES][:late|:lost][:DURATION]"

// The requests a fault can strike; start is what the pods of an object do.
var (
	calls      = []string{"create", "update", "delete", "read"}
	objectType = regexp.MustCompile(`^(([a-z0-9.-]+)/)?v[0-9][a-z0-9]*$`)
)

// Parse adds a fault written as CALL:TYPE[/NAME]:CODE[:TIMES][:late|:lost][:DURATION]. TYPE is azure-native's, such as
// network:Subnet, or Kubernetes' API version and kind, such as apps/v1:Deployment.
func (f *Faults) Parse(text string) error {
	wrong := func(format string, args ...any) error {
		return fmt.Errorf("--fault %s: %s; write %s, such as create:network:Subnet:AnotherOperationInProgress:2",
			text, fmt.Sprintf(format, args...), faultForm)
	}
	parts := strings.Split(text, ":")
	if len(parts) < 4 {
		return wrong("a call, a type and an error code are needed")
	}
	call, module, code := parts[0], parts[1], parts[3]
	kind, name, _ := strings.Cut(parts[2], "/")
	extra, err := parseExtras(parts[4:])
	if err != nil {
		return wrong("%v", err)
	}
	object := objectType.MatchString(module)
	switch {
	case call == "start" && object:
		f.Pods = append(f.Pods, kubelet.Fault{
			APIVersion: module, Kind: kind, Name: name, Code: code, Times: extra.times, After: extra.duration,
		})
	case !slices.Contains(calls, call):
		return wrong("%q is none of %s, nor start for what runs on Kubernetes", call, strings.Join(calls, ", "))
	case object:
		f.Objects = append(f.Objects, kubernetes.Fault{
			APIVersion: module, Kind: kind, Name: name, Call: call, Code: code, Times: extra.times, Late: extra.late, For: extra.duration,
		})
	default:
		t := arm.Lookup("azure-native:" + module + ":" + kind)
		if t == nil {
			return wrong("azure-native:%s:%s is no type the stand-in knows", module, kind)
		}
		f.Azure = append(f.Azure, azure.Fault{
			Token: t.Token, Name: name, Call: call, Code: code, Times: extra.times, Late: extra.late, Lost: extra.lost, For: extra.duration,
		})
	}
	return nil
}

// extras are what a fault may say besides what strikes whom.
type extras struct {
	times      int
	late, lost bool
	duration   time.Duration
}

func parseExtras(words []string) (extras, error) {
	var e extras
	for _, word := range words {
		n, err := strconv.Atoi(word)
		d, errDuration := time.ParseDuration(word)
		switch {
		case word == "late":
			e.late = true
		case word == "lost":
			e.lost = true
		case err == nil && n > 0:
			e.times = n
		case err != nil && errDuration == nil && d > 0:
			e.duration = d
		default:
			return e, fmt.Errorf("%q is neither a number of times nor late, lost or a duration such as 30s", word)
		}
	}
	return e, nil
}

// inject hands the faults to whoever they come from.
func (r *Rig) inject(f Faults) error {
	var problems []error
	for _, fault := range f.Azure {
		r.azure.Inject(fault)
	}
	for _, fault := range f.Objects {
		problems = append(problems, r.objects.Inject(fault))
	}
	for _, fault := range f.Pods {
		problems = append(problems, r.pods.Inject(fault))
	}
	return errors.Join(problems...)
}
