package kubernetes

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/runtime/schema"
)

// rules are the kinds the real provider waits for. All others are done once they are written: among them Namespaces, ConfigMaps,
// ReplicaSets, custom resources and, since Kubernetes 1.24, ServiceAccounts.
var rules = map[string]rule{
	"apps/v1/Deployment": {
		needs: []schema.GroupVersionResource{replicaSets, pods, claims}, onRead: true, check: checkDeployment,
	},
	"apps/v1/StatefulSet": {needs: []schema.GroupVersionResource{pods}, onRead: true, check: checkStatefulSet},
	"apps/v1/DaemonSet": {
		needs: []schema.GroupVersionResource{pods}, onRead: true, check: checkDaemonSet,
		overdue: func(string) string { return "timed out waiting for the condition" },
	},
	"batch/v1/Job": {needs: []schema.GroupVersionResource{pods}, onRead: true, check: checkJob},
	"v1/Pod":       {onRead: true, check: checkPod},
	"v1/Service":   {needs: []schema.GroupVersionResource{endpoints}, onRead: true, check: checkService},
	"networking.k8s.io/v1/Ingress": {
		needs: []schema.GroupVersionResource{services, endpoints}, onRead: true, check: checkIngress, explain: classProblem,
	},
	"v1/PersistentVolume":      {limit: 5 * time.Minute, check: checkVolume, overdue: polled},
	"v1/PersistentVolumeClaim": {limit: 5 * time.Minute, check: checkClaim, overdue: polled},
	"v1/ReplicationController": {limit: 10 * time.Minute, check: checkReplicationController, overdue: polled},
	"v1/ResourceQuota":         {limit: time.Minute, check: checkQuota, overdue: polled},
	"v1/Secret":                {limit: 5 * time.Second, check: checkSecret, overdue: polled},
}

func polled(name string) string { return fmt.Sprintf("Timeout occurred polling for '%s'", name) }

// checkDeployment wants the controller to have seen the object (a refresh doesn't ask), the ReplicaSet of the current revision
// to be whole, the Deployment to be available, the rollout to be through after the first revision, and the claims of its
// volumes to be bound.
func checkDeployment(s scene) verdict {
	d := s.object
	if !s.live && !observed(d) {
		return verdict{problems: []string{"the deployment controller has not seen it yet"}}
	}
	revision := text(d, "metadata", "annotations", annotationRevision)
	var current object
	for _, rs := range s.around[replicaSets] {
		if owned(rs, d) && text(rs, "metadata", "annotations", annotationRevision) == revision {
			current = rs
		}
	}
	available, progressing := condition(d, "Available"), condition(d, "Progressing")
	wanted, ready := replicas(current, "spec", "replicas"), replicas(current, "status", "readyReplicas")
	whole := current != nil && ready >= wanted
	through := revision == "1" || progressing["status"] == "True" && progressing["reason"] == "NewReplicaSetAvailable"
	unbound := unboundClaims(d, s.around[claims])
	if available["status"] == "True" && whole && through && len(unbound) == 0 {
		return verdict{ready: true}
	}
	var problems []string
	for _, c := range []object{progressing, available} {
		if c["status"] == "False" && text(c, "message") != "" {
			problems = append(problems, fmt.Sprintf("[%s] %s", c["reason"], c["message"]))
		}
	}
	for _, name := range unbound {
		problems = append(problems, fmt.Sprintf("the PersistentVolumeClaim %s is not bound", name))
	}
	if current == nil {
		problems = append(problems, "its current revision has no ReplicaSet")
	} else if !whole {
		problems = append(problems, fmt.Sprintf("%d of %d pods of the current revision are ready", ready, wanted))
	} else if !through {
		problems = append(problems, "the pods of earlier revisions are still there")
	}
	return verdict{problems: append(problems, podProblems(s.around[pods], current)...)}
}

const annotationRevision = "deployment.kubernetes.io/revision"

// unboundClaims lists the claims of a Deployment's volumes that are there and not bound.
func unboundClaims(d object, all []object) []string {
	var names []string
	volumes, _ := field(d, "spec", "template", "spec", "volumes").([]any)
	for _, v := range volumes {
		volume, _ := v.(object)
		for _, claim := range all {
			name := text(claim, "metadata", "name")
			if name == text(volume, "persistentVolumeClaim", "claimName") && text(claim, "status", "phase") != "Bound" {
				names = append(names, name)
			}
		}
	}
	return names
}

// checkStatefulSet wants all replicas to be there, ready and, unless pods are replaced by hand, of the new revision.
func checkStatefulSet(s scene) verdict {
	set := s.object
	wanted := replicas(set, "spec", "replicas")
	have := func(key string) int64 { return replicas(set, "status", key) }
	byHand := generation(set) > 1 && text(set, "spec", "updateStrategy", "type") == "OnDelete"
	now, next := text(set, "status", "currentRevision"), text(set, "status", "updateRevision")
	there := observed(set) && have("replicas") == wanted && have("readyReplicas") == wanted &&
		(byHand || have("currentReplicas") == wanted)
	revised := observed(set) && (byHand || now != "" && now == next)
	if there && revised {
		return verdict{ready: true}
	}
	var problems []string
	if !there {
		problems = append(problems, fmt.Sprintf("%d of %d replicas are ready", have("readyReplicas"), wanted))
	}
	if !revised {
		problems = append(problems, fmt.Sprintf("the rollout from revision %q to %q is not through", now, next))
	}
	return verdict{problems: append(problems, podProblems(s.around[pods], set)...)}
}

// checkDaemonSet follows the library the real provider asks (sigs.k8s.io/cli-utils, pkg/kstatus), which wants every node that
// should have a pod to have an available one of the current template. The real provider says nothing of the pods; the rehearsal
// does.
func checkDaemonSet(s scene) verdict {
	set := s.object
	if !observed(set) || field(set, "status", "desiredNumberScheduled") == nil {
		return verdict{problems: []string{"the daemon set controller has not seen it yet"}}
	}
	wanted := replicas(set, "status", "desiredNumberScheduled")
	for _, key := range []string{"currentNumberScheduled", "updatedNumberScheduled", "numberAvailable", "numberReady"} {
		if have := replicas(set, "status", key); have < wanted {
			return verdict{problems: append([]string{fmt.Sprintf("%s is %d of %d", key, have, wanted)}, podProblems(s.around[pods], set)...)}
		}
	}
	return verdict{ready: true}
}

func checkReplicationController(s scene) verdict {
	wanted, have := field(s.object, "spec", "replicas"), field(s.object, "status", "availableReplicas")
	return verdict{ready: wanted != nil && wanted == have, problems: []string{fmt.Sprintf("%v of %v replicas are available", have, wanted)}}
}

func checkVolume(s scene) verdict {
	phase := text(s.object, "status", "phase")
	return verdict{ready: phase == "Available" || phase == "Bound", problems: []string{fmt.Sprintf("its phase is %q", phase)}}
}

// checkClaim wants a claim to be bound. A new one whose class binds with the first pod has to be pending instead.
func checkClaim(s scene) verdict {
	phase := text(s.object, "status", "phase")
	ready := phase == "Bound"
	if class := text(s.object, "spec", "storageClassName"); class != "" && s.before == nil && phase == "Pending" {
		if text(s.lookup(storage, class), "volumeBindingMode") == "WaitForFirstConsumer" {
			ready = true
		}
	}
	return verdict{ready: ready, problems: []string{fmt.Sprintf("its phase is %q", phase)}}
}

func checkQuota(s scene) verdict {
	hard, _ := field(s.object, "spec", "hard").(object)
	known, _ := field(s.object, "status", "hard").(object)
	return verdict{ready: hard != nil && reflect.DeepEqual(hard, known), problems: []string{"its limits are not in force yet"}}
}

// checkSecret wants the token of a service account to be filled in; other Secrets are done when written.
func checkSecret(s scene) verdict {
	data, _ := s.object["data"].(object)
	return verdict{
		ready:    text(s.object, "type") != "kubernetes.io/service-account-token" || len(data) > 0,
		problems: []string{"it was given no token; is its service account there?"},
	}
}

// observed tells whether the kind's controller has seen the object as it is.
func observed(o object) bool {
	seen, ok := field(o, "status", "observedGeneration").(int64)
	return ok && seen >= generation(o)
}

func generation(o object) int64 {
	n, _ := field(o, "metadata", "generation").(int64)
	return n
}

// replicas reads a count, which is left out where it is 0.
func replicas(o object, path ...string) int64 {
	n, _ := field(o, path...).(int64)
	return n
}

func condition(o object, kind string) object {
	list, _ := field(o, "status", "conditions").([]any)
	for _, item := range list {
		if c, ok := item.(object); ok && c["type"] == kind {
			return c
		}
	}
	return nil
}

func sameUID(a, b object) bool { return text(a, "metadata", "uid") == text(b, "metadata", "uid") }

// owned tells whether an object belongs to another one directly.
func owned(o, owner object) bool {
	list, _ := field(o, "metadata", "ownerReferences").([]any)
	return slices.ContainsFunc(list, func(item any) bool {
		reference, ok := item.(object)
		return ok && owner != nil && reference["uid"] == text(owner, "metadata", "uid")
	})
}

// checkService wants a load balancer to have its address, and, where the Service selects pods, its end points to have settled
// for ten seconds with none that is not ready. No pods at all are fine: the real provider looks at the pending ones only.
func checkService(s scene) verdict {
	kind := text(s.object, "spec", "type")
	addressed := kind != "LoadBalancer" || hasAddress(s.object)
	var problems []string
	if !addressed {
		problems = append(problems, "it was given no IP address by the cloud's load balancer")
	}
	selector, _ := field(s.object, "spec", "selector").(object)
	if kind == "ExternalName" || text(s.object, "spec", "clusterIP") == "None" || len(selector) == 0 {
		return verdict{ready: addressed, problems: problems}
	}
	targets := named(s.around[endpoints], text(s.object, "metadata", "name"))
	ready, pending := addresses(targets)
	switch {
	case pending > 0:
		problems = append(problems, fmt.Sprintf("%d of the pods it selects are not ready", pending))
	case ready == 0:
		problems = append(problems, fmt.Sprintf("it reaches no pod: none that is ready has the labels %s", pairs(selector)))
	}
	settled := s.settled(endpoints, 10*time.Second)
	return verdict{ready: addressed && settled && pending == 0, problems: problems}
}

func hasAddress(o object) bool {
	list, _ := field(o, "status", "loadBalancer", "ingress").([]any)
	return len(list) > 0
}

func named(list []object, name string) object {
	for _, o := range list {
		if text(o, "metadata", "name") == name {
			return o
		}
	}
	return nil
}

// addresses counts the ready and the other pods behind an Endpoints object.
func addresses(o object) (ready, pending int) {
	subsets, _ := o["subsets"].([]any)
	for _, item := range subsets {
		subset, _ := item.(object)
		yes, _ := subset["addresses"].([]any)
		no, _ := subset["notReadyAddresses"].([]any)
		ready, pending = ready+len(yes), pending+len(no)
	}
	return ready, pending
}

func pairs(labels object) string {
	var list []string
	for _, k := range slices.Sorted(maps.Keys(labels)) {
		list = append(list, fmt.Sprintf("%s=%v", k, labels[k]))
	}
	return strings.Join(list, ",")
}

// checkIngress wants an address, and every Service it routes to to have end points. One that never gets any only delays: end
// points that have been quiet for ten seconds, or were never seen in a minute, count as all there will be.
func checkIngress(s scene) verdict {
	missing := missingTargets(s.object, s.around[services], s.around[endpoints])
	patience := 10 * time.Second
	if len(s.around[endpoints]) == 0 {
		patience = time.Minute
	}
	routed := len(missing) == 0 || s.settled(endpoints, patience)
	addressed := hasAddress(s.object)
	if addressed && routed {
		return verdict{ready: true}
	}
	var problems []string
	for _, name := range missing {
		problems = append(problems, fmt.Sprintf("it routes to the Service %s, which has no end points", name))
	}
	if !addressed {
		problems = append(problems, "no ingress controller gave it an address")
	}
	return verdict{problems: problems}
}

// missingTargets lists the Services an Ingress's rules route to that have no Endpoints object. Those that stand for a name
// outside have none by nature.
func missingTargets(ingress object, allServices, allEndpoints []object) []string {
	var missing []string
	list, _ := field(ingress, "spec", "rules").([]any)
	for _, item := range list {
		r, _ := item.(object)
		paths, _ := field(r, "http", "paths").([]any)
		for _, p := range paths {
			path, _ := p.(object)
			name := text(path, "backend", "service", "name")
			outside := text(named(allServices, name), "spec", "type") == "ExternalName"
			if name != "" && !outside && named(allEndpoints, name) == nil && !slices.Contains(missing, name) {
				missing = append(missing, name)
			}
		}
	}
	return missing
}

// classProblem says why no controller serves an Ingress, as far as the objects tell. The real provider only says that it has no
// address.
func classProblem(s scene) []string {
	if hasAddress(s.object) {
		return nil
	}
	name := text(s.object, "spec", "ingressClassName")
	if name == "" {
		name = text(s.object, "metadata", "annotations", "kubernetes.io/ingress.class")
	}
	switch {
	case name == "":
		return []string{"it names no class, so no ingress controller feels responsible"}
	// AGIC's old annotation value is no class's name.
	case name == "azure/application-gateway":
		return []string{"is the ingress controller of Application Gateway installed, and does it run?"}
	}
	class := s.lookup(classes, name)
	if class == nil {
		return []string{fmt.Sprintf("there is no IngressClass %q; is its controller installed before it?", name)}
	}
	return []string{fmt.Sprintf("its class %s belongs to %s; does that run, and may it do its work?", name, text(class, "spec", "controller"))}
}
