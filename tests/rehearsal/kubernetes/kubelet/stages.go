package kubelet

import (
	"bytes"
	_ "embed"
	"fmt"
	"text/template"
	"time"
)

// NodeLabel marks, with the value NodeRunning, the nodes that have a kubelet: kwok keeps them alive. Without it a node falls
// silent, as in the loss of its machine. It is a label and not kwok's usual annotation because only a watch by label is told
// when an object stops to match; kwok would go on renewing the lease.
const NodeLabel, NodeRunning = "rehearsal.apim/kubelet", "running"

// The annotations by which a decision about a pod gets to kwok.
const (
	// VerdictAnnotation holds a Verdict.
	VerdictAnnotation = "rehearsal.apim/verdict"
	// ReadyAfterAnnotation is when the pod is ready, or ends, in RFC 3339; without it that takes no time. A Go duration, which
	// counts from the last change of the pod, works too.
	ReadyAfterAnnotation = "rehearsal.apim/ready-after"
	// waitingAnnotation is a JSON object: what each container that can't start waits for, by its name.
	waitingAnnotation = "rehearsal.apim/waiting"
	// addressAnnotation is the pod's IP address.
	addressAnnotation = "rehearsal.apim/pod-ip"
)

//go:embed stages.yaml
var stages string

const (
	// initTime is how long an init container runs. Assumed: those of this kind of pod copy a file or probe a port.
	initTime = time.Second
	// stopTime is how long a process takes to end after SIGTERM. Assumed; the grace period bounds it.
	stopTime = 2 * time.Second
	// crashTime is how long a crashing container runs. Assumed.
	crashTime = time.Second
	// A kubelet waits 10 s before it starts a crashed container again, twice as long each time, at most 5 minutes
	// (kubernetes.io, Pod Lifecycle, "container restart policy").
	firstBackOff, longestBackOff = 10 * time.Second, 5 * time.Minute
	// leastBackOff is the real time between restarts when nothing takes time: a loop without end must not be a busy one.
	leastBackOff = time.Second
)

// Stages are the definitions that kwok follows, as a file for its --config. timeScale is how many simulated seconds pass in a
// real one; 0: nothing takes time.
func Stages(timeScale float64) []byte {
	milliseconds := func(d time.Duration) int64 { return inReal(d, timeScale).Milliseconds() }
	text := template.Must(template.New("stages").Delims("[[", "]]").Parse(stages))
	var out bytes.Buffer
	err := text.Execute(&out, map[string]any{
		"init":    milliseconds(initTime),
		"crash":   milliseconds(crashTime),
		"backOff": max(milliseconds(firstBackOff), leastBackOff.Milliseconds()),
		"longest": max(milliseconds(longestBackOff), leastBackOff.Milliseconds()),
		"stop":    stopTime.Seconds(),
		// What one simulated second takes, in real milliseconds.
		"second": inReal(time.Second, timeScale).Seconds() * 1000,
	})
	if err != nil {
		panic(fmt.Sprintf("the embedded stages: %v", err)) // only a mistake in stages.yaml leads here
	}
	return out.Bytes()
}

// inReal is how long a simulated duration takes: none at a time scale of 0.
func inReal(d time.Duration, timeScale float64) time.Duration {
	if timeScale == 0 {
		return 0
	}
	return time.Duration(float64(d) / timeScale)
}
