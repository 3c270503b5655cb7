package kubernetes

import (
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/structured-merge-diff/v6/fieldpath"
)

// sceneOf makes what a rule sees from JSON: the object, and what is around it. Kinds have been quiet for the time given.
func sceneOf(t *testing.T, body string, quiet time.Duration, around map[schema.GroupVersionResource]string) scene {
	t.Helper()
	s := scene{
		object: parse(t, body), around: map[schema.GroupVersionResource][]object{},
		settled: func(_ schema.GroupVersionResource, d time.Duration) bool { return quiet >= d },
		lookup: func(_ schema.GroupVersionResource, name string) object {
			return map[string]object{"late": {"volumeBindingMode": "WaitForFirstConsumer"}}[name]
		},
	}
	for kind, list := range around {
		items, _ := parse(t, `{"items":`+list+`}`)["items"].([]any)
		for _, item := range items {
			s.around[kind] = append(s.around[kind], item.(object))
		}
	}
	return s
}

func TestRulesSayWhatIsReady(t *testing.T) {
	const selecting = `{"metadata":{"name":"gw"},"spec":{"type":"ClusterIP","clusterIP":"10.0.0.1","selector":{"app":"gw"}}}`
	type cluster = map[schema.GroupVersionResource]string
	for _, test := range []struct {
		name   string
		check  func(scene) verdict
		object string
		around cluster
		quiet  time.Duration
		says   string // empty: ready
	}{
		{
			"a Service with ready pods", checkService, selecting,
			cluster{endpoints: `[{"metadata":{"name":"gw"},"subsets":[{"addresses":[{"ip":"1"}]}]}]`}, 10 * time.Second, "",
		},
		{
			"a Service whose end points haven't settled", checkService, selecting,
			cluster{endpoints: `[{"metadata":{"name":"gw"},"subsets":[{"addresses":[{"ip":"1"}]}]}]`}, 9 * time.Second, "-",
		},
		{
			"a Service with a pod that is not ready", checkService, selecting,
			cluster{endpoints: `[{"metadata":{"name":"gw"},"subsets":[{"addresses":[{"ip":"1"}],"notReadyAddresses":[{"ip":"2"}]}]}]`},
			time.Hour, "1 of the pods it selects are not ready",
		},
		{"a headless Service waits for nothing", checkService, `{"spec":{"clusterIP":"None","selector":{"app":"gw"}}}`, nil, 0, ""},
		{"a Service without selector waits for nothing", checkService, `{"spec":{"type":"ClusterIP"}}`, nil, 0, ""},
		{"a name outside waits for nothing", checkService, `{"spec":{"type":"ExternalName","selector":{"a":"b"}}}`, nil, 0, ""},
		{
			"an Ingress with an address, to a Service without end points, after a minute", checkIngress,
			`{"spec":{"rules":[{"http":{"paths":[{"backend":{"service":{"name":"gw"}}}]}}]},"status":{"loadBalancer":{"ingress":[{"ip":"1"}]}}}`,
			nil, time.Minute, "",
		},
		{
			"an Ingress with an address, to a Service without end points, before", checkIngress,
			`{"spec":{"rules":[{"http":{"paths":[{"backend":{"service":{"name":"gw"}}}]}}]},"status":{"loadBalancer":{"ingress":[{"ip":"1"}]}}}`,
			nil, 59 * time.Second, "routes to the Service gw",
		},
		{
			"an Ingress to a name outside", checkIngress,
			`{"spec":{"rules":[{"http":{"paths":[{"backend":{"service":{"name":"gw"}}}]}}]},"status":{"loadBalancer":{"ingress":[{"ip":"1"}]}}}`,
			cluster{services: `[{"metadata":{"name":"gw"},"spec":{"type":"ExternalName"}}]`}, 0, "",
		},
		{
			"a new claim whose class waits for a pod", checkClaim,
			`{"spec":{"storageClassName":"late"},"status":{"phase":"Pending"}}`, nil, 0, "",
		},
		{
			"a new claim whose class doesn't", checkClaim,
			`{"spec":{"storageClassName":"soon"},"status":{"phase":"Pending"}}`, nil, 0, `phase is "Pending"`,
		},
		{
			"a StatefulSet whose pods are replaced by hand", checkStatefulSet,
			`{"metadata":{"generation":2},"spec":{"replicas":1,"updateStrategy":{"type":"OnDelete"}},"status":{"observedGeneration":2,` +
				`"replicas":1,"readyReplicas":1,"currentRevision":"a","updateRevision":"b"}}`, nil, 0, "",
		},
		{
			"a StatefulSet in the middle of a rollout", checkStatefulSet,
			`{"metadata":{"generation":2},"spec":{"replicas":1},"status":{"observedGeneration":2,"replicas":1,"readyReplicas":1,` +
				`"currentReplicas":1,"currentRevision":"a","updateRevision":"b"}}`, nil, 0, `from revision "a" to "b"`,
		},
		{
			"a StatefulSet its controller has not seen", checkStatefulSet,
			`{"metadata":{"generation":2},"spec":{"replicas":1},"status":{"observedGeneration":1,"replicas":1,"readyReplicas":1,` +
				`"currentReplicas":1,"currentRevision":"a","updateRevision":"a"}}`, nil, 0, "not through",
		},
		{
			"a Deployment whose rollout is not through", checkDeployment,
			`{"metadata":{"uid":"d","annotations":{"deployment.kubernetes.io/revision":"2"}},"status":{"observedGeneration":0,"conditions":[` +
				`{"type":"Available","status":"True"},{"type":"Progressing","status":"True","reason":"ReplicaSetUpdated"}]}}`,
			cluster{replicaSets: `[{"metadata":{"uid":"r","annotations":{"deployment.kubernetes.io/revision":"2"},"ownerReferences":[{"uid":"d"}]},` +
				`"spec":{"replicas":1},"status":{"readyReplicas":1}}]`},
			0, "earlier revisions are still there",
		},
		{
			"a Deployment scaled to nothing", checkDeployment,
			`{"metadata":{"uid":"d","annotations":{"deployment.kubernetes.io/revision":"1"}},"status":{"observedGeneration":0,` +
				`"conditions":[{"type":"Available","status":"True"}]}}`,
			cluster{replicaSets: `[{"metadata":{"uid":"r","annotations":{"deployment.kubernetes.io/revision":"1"},"ownerReferences":[{"uid":"d"}]},` +
				`"spec":{"replicas":0}}]`},
			0, "",
		},
		{
			"a Job that fails for a reason the real provider doesn't know goes on", checkJob,
			`{"status":{"conditions":[{"type":"Failed","status":"True","reason":"PodFailurePolicy","message":"no"}]}}`, nil, 0, "[PodFailurePolicy]",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			v := test.check(sceneOf(t, test.object, test.quiet, test.around))
			if v.ready != (test.says == "") || v.failed {
				t.Errorf("%+v", v)
			}
			if test.says != "-" && !strings.Contains(strings.Join(v.problems, "\n"), test.says) {
				t.Errorf("%q, want %q", v.problems, test.says)
			}
		})
	}
}

func TestAPodThatIsTriedAgainAndAgainDoesNotKeepAWaitGoing(t *testing.T) {
	running := `{"kind":"Pod","status":{"phase":"Running","conditions":[{"type":"Ready","status":"False"}],"containerStatuses":[{"restartCount":1}]}}`
	again := strings.Replace(running, `"restartCount":1`, `"restartCount":2`, 1)
	ready := strings.Replace(running, `"False"`, `"True"`, 1)
	if moved(parse(t, running), parse(t, again)) {
		t.Error("a restart counts as a change")
	}
	if !moved(parse(t, running), parse(t, ready)) {
		t.Error("getting ready counts as none")
	}
	if d := `{"kind":"Deployment"}`; !moved(parse(t, d), parse(t, d)) {
		t.Error("a write of a Deployment counts as none")
	}
}

func TestAWaitEndsAtItsLimitOrWhenNothingMoves(t *testing.T) {
	unscheduled := parse(t, `{"metadata":{"uid":"p"},"status":{"conditions":[{"type":"PodScheduled","status":"False"}]}}`)
	for _, test := range []struct {
		name           string
		scale          float64
		elapsed, quiet time.Duration
		acting, over   bool
		object         object
	}{
		{"at rest, where nothing takes time", 0, settle, settle, false, true, nil},
		{"not at rest", 0, time.Minute, settle - 1, false, false, nil},
		{"at rest, with a controller that will go on", 0, time.Minute, time.Minute, true, false, nil},
		{"a pod that rests before the scheduler tries again", 0, time.Minute, settle + respite - 1, false, false, unscheduled},
		{"a pod that has rested", 0, time.Minute, settle + respite, false, true, unscheduled},
		{"at the limit, as it is", 0, 10 * time.Minute, 0, true, true, nil},
		{"at the scaled limit", 60, 10 * time.Second, 0, false, true, nil},
		{"before the scaled limit, at rest", 60, 10*time.Second - 1, 9 * time.Second, false, false, nil},
		{"before the least time", 6000, settle - 1, settle - 1, false, false, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := wait{server: New(Options{TimeScale: test.scale}), rule: &rule{}, limit: 10 * time.Minute}
			if got := w.over(test.elapsed, test.quiet, scene{object: test.object}, verdict{acting: test.acting}); got != test.over {
				t.Errorf("over: %v", got)
			}
		})
	}
}

func TestAManagerInheritsTheFieldsOfItsPredecessors(t *testing.T) {
	entry := func(manager string, operation metav1.ManagedFieldsOperationType, subresource, field string) metav1.ManagedFieldsEntry {
		raw, err := fieldpath.NewSet(fieldpath.MakePathOrDie("spec", field)).ToJSON()
		if err != nil {
			t.Fatal(err)
		}
		return metav1.ManagedFieldsEntry{Manager: manager, Operation: operation, Subresource: subresource, FieldsV1: metav1.NewFieldsV1(string(raw))}
	}
	const apply, update = metav1.ManagedFieldsOperationApply, metav1.ManagedFieldsOperationUpdate
	entries := []metav1.ManagedFieldsEntry{
		entry("kubectl-edit", update, "", "a"), entry("kubectl", update, "scale", "b"), entry("portal", update, "", "c"),
		entry("pulumi-kubernetes-1", apply, "", "d"), entry("pulumi-kubernetes", update, "", "e"),
	}
	merged, changed, err := inherit(entries, "pulumi-kubernetes-1")
	if err != nil || !changed || len(merged) != 3 {
		t.Fatalf("%v, changed %v, %v", merged, changed, err)
	}
	fields, err := fieldsOf(merged[2])
	if err != nil || merged[2].Manager != "pulumi-kubernetes-1" || merged[2].Operation != apply {
		t.Errorf("%+v, %v", merged[2], err)
	}
	for name, wanted := range map[string]bool{"a": true, "b": false, "c": false, "d": true, "e": true} {
		if fields.Has(fieldpath.MakePathOrDie("spec", name)) != wanted {
			t.Errorf("%s: %v", name, !wanted)
		}
	}
	if _, changed, _ := inherit(merged, "pulumi-kubernetes-1"); changed {
		t.Error("it inherits a second time")
	}
}

func TestARecordIsReadAsItWasWritten(t *testing.T) {
	r := release{name: "agic", namespace: "n", chart: "oci://mcr.microsoft.com/x/ingress-azure", version: "1.9.8", values: object{"a": object{"b": "c"}}}
	got, err := parseRecord(text(r.record(3), "data", "release"))
	if err != nil || got.Name != "agic" || got.Namespace != "n" || got.Chart != "ingress-azure" || got.Version != "1.9.8" {
		t.Errorf("%+v, %v", got, err)
	}
	if text(got.Values, "a", "b") != "c" {
		t.Errorf("values %v", got.Values)
	}
	if _, err := parseRecord("bm8="); err == nil {
		t.Error("no record is read as one")
	}
}
