package faults_test

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"apim-azure/tests/rehearsal/azure"
	"apim-azure/tests/rehearsal/tools"
)

// dataBearing are the types whose loss or replacement loses data, or everything that runs.
var dataBearing = []string{
	"azure-native:compute:Disk", "azure-native:compute:VirtualMachine",
	"azure-native:dbformysql:Server", "azure-native:dbformysql:Database",
	"azure-native:storage:StorageAccount", "azure-native:storage:FileShare", "azure-native:storage:BlobContainer",
	"azure-native:containerregistry:Registry", "azure-native:containerservice:ManagedCluster",
}

// identities tell of each data-bearing resource, by ID, how often it was made.
func identities(live []azure.Resource) map[string]int {
	out := map[string]int{}
	for _, r := range live {
		if slices.Contains(dataBearing, r.Token) {
			out[r.ID] = r.Generation
		}
	}
	return out
}

// replaced compares identities: what is gone or was made again.
func replaced(before, after map[string]int) []string {
	var out []string
	for _, id := range slices.Sorted(maps.Keys(before)) {
		switch now, there := after[id]; {
		case !there:
			out = append(out, id+" is gone")
		case now != before[id]:
			out = append(out, fmt.Sprintf("%s was replaced: it was made %d times, now %d", id, before[id], now))
		}
	}
	return out
}

// madeAgain lists the data-bearing resources of a stack that only ever came up, of which each must have been made once.
func madeAgain(after map[string]int) []string {
	once := map[string]int{}
	for id := range after {
		once[id] = 1
	}
	return replaced(once, after)
}

// object is a Kubernetes object that the Kubernetes provider made.
type object struct{ Kind, Namespace, Name, UID string }

func (o object) String() string {
	return o.Kind + " " + strings.TrimPrefix(o.Namespace+"/"+o.Name, "/")
}

// inconsistencies compares the three records of a stack: what the program declares (type and name of each resource), what the
// state holds, and what exists. Nothing may be missing, there twice, left over, or half done.
func inconsistencies(declared map[string]bool, s state, live []azure.Resource, objects []object) []string {
	var out []string
	add := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	seen := map[string]int{}
	for _, r := range s.Deployment.Resources {
		if r.Type != "pulumi:pulumi:Stack" {
			seen[r.Type+" "+r.name()]++
		}
		if r.Delete {
			add("%s still waits for its deletion", r.URN)
		}
		for _, reason := range r.InitErrors {
			add("%s is half done: %s", r.URN, reason)
		}
	}
	for _, o := range s.Deployment.Pending {
		add("%s of %s is still under way", o.Type, o.Resource.URN)
	}
	for _, key := range slices.Sorted(maps.Keys(seen)) {
		if !declared[key] {
			add("the state holds %s, which the program doesn't declare", key)
		} else if seen[key] > 1 {
			add("the state holds %s %d times", key, seen[key])
		}
	}
	for _, key := range slices.Sorted(maps.Keys(declared)) {
		if seen[key] == 0 {
			add("the state lacks %s", key)
		}
	}
	known := map[string]int{}
	for _, r := range s.of("azure-native") {
		known[strings.ToLower(r.ID)]++
	}
	for _, r := range live {
		id := strings.ToLower(r.ID)
		if n := known[id]; r.Token != "" && n != 1 {
			add("the subscription holds %s, which the state holds %d times", r.ID, n)
		}
		delete(known, id)
	}
	for _, id := range slices.Sorted(maps.Keys(known)) {
		add("the state holds %s, which the subscription lacks", id)
	}
	return append(out, strayObjects(s, objects)...)
}

// strayObjects compares the state's Kubernetes resources with the cluster's, by UID: an object of the same name may be another one.
func strayObjects(s state, objects []object) []string {
	var out []string
	known := map[string]string{}
	for _, r := range s.of("kubernetes") {
		metadata, _ := r.Outputs["metadata"].(map[string]any)
		uid, _ := metadata["uid"].(string)
		if uid == "" {
			continue // a Helm release is no object of its own
		}
		if other := known[uid]; other != "" {
			out = append(out, fmt.Sprintf("%s and %s are the same object", other, r.name()))
		}
		known[uid] = r.name()
	}
	for _, o := range objects {
		if known[o.UID] == "" {
			out = append(out, fmt.Sprintf("the cluster holds %s, which the state doesn't know", o))
		}
		delete(known, o.UID)
	}
	for _, uid := range slices.Sorted(maps.Keys(known)) {
		out = append(out, fmt.Sprintf("the state holds %s with UID %s, which the cluster lacks", known[uid], uid))
	}
	return out
}

// declared reads what the program declares of a stack at a stage from the list on record: "TYPE NAME" each.
func declared(t *testing.T, stack, stage string) map[string]bool {
	t.Helper()
	root, err := tools.Root()
	if err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(filepath.Join(root, "tests", "program", "testdata", stack+"-"+stage+".txt"))
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]bool{}
	for line := range strings.Lines(string(content)) {
		if fields := strings.Fields(line); len(fields) > 2 {
			out[fields[0]+" "+fields[1]] = true
		}
	}
	if len(out) < 50 {
		t.Fatalf("%s at stage %s declares %d resources: the list has another form", stack, stage, len(out))
	}
	return out
}

// check holds the world to what a stack at a stage must be, and to a preview with nothing to do.
func (w *world) check(stage string) []string {
	w.t.Helper()
	var out []string
	if a := w.pulumi("preview", "--expect-no-changes", "--json"); !a.ok() {
		out = append(out, "a preview finds something to do: "+tail(a.said(), 2000))
	}
	return append(out, inconsistencies(declared(w.t, w.options.Stack, stage), w.state(), w.Subscription().Resources(), w.objects())...)
}
