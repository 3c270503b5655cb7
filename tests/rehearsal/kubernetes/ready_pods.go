package kubernetes

import (
	"fmt"
	"strings"
)

// checkPod wants a pod to be ready, or to have done its work.
func checkPod(s scene) verdict {
	problem := podProblem(s.object)
	if problem == "" {
		return verdict{ready: true}
	}
	return verdict{problems: []string{problem}}
}

// checkJob wants a Job to be complete. It fails at once where the Job has, though only for the two reasons the real provider
// knows: a Job that failed by a pod failure policy is waited for until the time is up.
func checkJob(s scene) verdict {
	failed := condition(s.object, "Failed")
	if failed["status"] == "True" {
		v := verdict{problems: []string{fmt.Sprintf("[%s] %s", failed["reason"], failed["message"])}}
		v.failed = failed["reason"] == "BackoffLimitExceeded" || failed["reason"] == "DeadlineExceeded"
		v.problems = append(podProblems(s.around[pods], s.object), v.problems...)
		return v
	}
	if condition(s.object, "Complete")["status"] == "True" && text(s.object, "status", "startTime") != "" {
		return verdict{ready: true}
	}
	// After a failure the job controller waits before it tries again, for ten seconds and then twice as long each time.
	retrying := replicas(s.object, "status", "failed") > 0 && replicas(s.object, "status", "active") == 0
	return verdict{acting: retrying, problems: podProblems(s.around[pods], s.object)}
}

// podProblems says what keeps the pods of an owner from being ready, once for the same words.
func podProblems(all []object, owner object) []string {
	var problems []string
	said := map[string]bool{}
	for _, pod := range all {
		problem := podProblem(pod)
		if problem == "" || !owned(pod, owner) || said[problem] {
			continue
		}
		said[problem] = true
		problems = append(problems, fmt.Sprintf("[Pod %s] %s", objectID(pod), problem))
	}
	return problems
}

// podProblem says what a pod waits for, in the order of its life; nothing when it is ready or done. The real provider shows the
// scheduler's words while it waits, and leaves them out of the failure; and it doesn't look at init containers.
func podProblem(pod object) string {
	ready := condition(pod, "Ready")
	if ready["status"] == "True" || text(pod, "status", "phase") == "Succeeded" {
		return ""
	}
	scheduled := condition(pod, "PodScheduled")
	switch {
	case scheduled == nil:
		return "it has not been looked at by the scheduler"
	case scheduled["status"] != "True":
		return "not scheduled: " + text(scheduled, "message")
	}
	var parts []string
	if m := text(pod, "status", "message"); m != "" {
		parts = append(parts, m)
	}
	for _, c := range []object{condition(pod, "Initialized"), ready} {
		if m := text(c, "message"); c["status"] != "True" && m != "" {
			parts = append(parts, m)
			break
		}
	}
	for _, key := range []string{"initContainerStatuses", "containerStatuses"} {
		statuses, _ := field(pod, "status", key).([]any)
		for _, item := range statuses {
			if status, ok := item.(object); ok {
				parts = append(parts, containerProblems(status)...)
			}
		}
	}
	if len(parts) == 0 {
		return "it is not ready; its kubelet doesn't say why"
	}
	return strings.Join(parts, "; ")
}

// containerProblems says why a container doesn't run, and how it ended before.
func containerProblems(status object) []string {
	if status["ready"] == true {
		return nil
	}
	var parts []string
	if waiting, ok := field(status, "state", "waiting").(object); ok {
		if reason := text(waiting, "reason"); reason != "" && reason != "ContainerCreating" && reason != "PodInitializing" {
			parts = append(parts, strings.TrimSpace(fmt.Sprintf("[%s] %s", reason, text(waiting, "message"))))
		}
	}
	if ended, ok := field(status, "state", "terminated").(object); ok && replicas(ended, "exitCode") != 0 {
		parts = append(parts, ending(status, ended))
	}
	if ended, ok := field(status, "lastState", "terminated").(object); ok {
		parts = append(parts, "before, "+ending(status, ended))
	}
	return parts
}

func ending(status, ended object) string {
	words := fmt.Sprintf("container %s ended with exit code %d (%s)", text(status, "name"), replicas(ended, "exitCode"), text(ended, "reason"))
	if m := text(ended, "message"); m != "" {
		words += ": " + m
	}
	return words
}
