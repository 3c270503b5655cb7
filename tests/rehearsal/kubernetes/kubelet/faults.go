package kubelet

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/types"
)

// What a fault can do to the start of a pod.
const (
	CrashLoopBackOff = "CrashLoopBackOff" // its containers end with exit code 1, again and again
	ImagePullBackOff = "ImagePullBackOff" // its images are not found
	Failed           = "Failed"           // it ends with exit code 1, for pods of a Job
	SlowStart        = "SlowStart"        // it takes Fault.After longer to become ready
)

var codes = []string{CrashLoopBackOff, ImagePullBackOff, Failed, SlowStart}

// Fault makes pods fail to start, so that recovery can be rehearsed.
type Fault struct {
	// APIVersion, Kind and Name are those of the pod or of what owns it: ReplicaSet, Deployment, StatefulSet, DaemonSet, Job.
	// Empty: any.
	APIVersion, Kind, Name string
	// Code is CrashLoopBackOff, ImagePullBackOff, Failed or SlowStart.
	Code string
	// Times is how many pods the fault strikes; 0 is one. A pod that was struck stays so.
	Times int
	// After is a simulated time: how much longer SlowStart takes, or when the others are over, counted from when the pod was
	// struck; 0 is never for these.
	After time.Duration
}

// Faults are the faults to come and those that struck. All methods may be called concurrently; the zero value is ready.
type Faults struct {
	mu   sync.Mutex
	list []*active
}

// active is a fault with the pods it struck, and when.
type active struct {
	Fault
	struck map[types.UID]time.Time
}

// Inject adds a fault; several strike in the order they were added. It fails for a code that is not known.
func (f *Faults) Inject(fault Fault) error {
	if !slices.Contains(codes, fault.Code) {
		return fmt.Errorf("the start of a pod can't fail with %q; it can with %s", fault.Code, strings.Join(codes, ", "))
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	fault.Times = max(fault.Times, 1)
	f.list = append(f.list, &active{Fault: fault, struck: map[types.UID]time.Time{}})
	return nil
}

// Clear takes all faults away; the pods they struck recover.
func (f *Faults) Clear() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.list = nil
}

// owner is the pod itself, or what it belongs to.
type owner struct{ apiVersion, kind, name string }

// strike returns the fault that holds a pod, if any, and since when.
func (f *Faults) strike(pod types.UID, owners []owner, now time.Time) (Fault, time.Time, bool) {
	if f == nil {
		return Fault{}, time.Time{}, false
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, a := range f.list {
		if since, ok := a.struck[pod]; ok {
			return a.Fault, since, true
		}
	}
	for _, a := range f.list {
		if len(a.struck) < a.Times && slices.ContainsFunc(owners, a.fits) {
			a.struck[pod] = now
			return a.Fault, now, true
		}
	}
	return Fault{}, time.Time{}, false
}

func (f Fault) fits(o owner) bool {
	fits := func(want, is string) bool { return want == "" || want == is }
	return fits(f.APIVersion, o.apiVersion) && fits(f.Kind, o.kind) && fits(f.Name, o.name)
}
