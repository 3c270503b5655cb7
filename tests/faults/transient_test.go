package faults_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"

	"apim-azure/tests/rehearsal"
	"apim-azure/tests/rehearsal/azure"
	"apim-azure/tests/rehearsal/azure/arm"
	"apim-azure/tests/rehearsal/kubernetes"
)

// mostUpdates is how many updates a stack gets to come up while requests fail once each. An update that fails stops before it has
// made all its requests, so each may meet new failures.
const mostUpdates = 8

// TestRequestsThatFailOnceConverge lets each create, update and delete fail with an error that passes. Each must get through by the
// provider's or the program's own retries, or in the update after. Where the answer to a request is lost, a resume is allowed.
func TestRequestsThatFailOnceConverge(t *testing.T) {
	t.Parallel()
	r := &report{campaign: t.Name()}
	defer r.print(t)
	r.trial(t, "every create at once", failCreates)
	if !*full {
		return
	}
	r.trial(t, "every update at once", failUpdates)
	r.trial(t, "every delete at once", failDeletes)
	for i := range 10 {
		r.trial(t, fmt.Sprintf("one create %d", i+1), failOneCreate)
	}
	for i := range 10 {
		r.trial(t, fmt.Sprintf("lost answers %d", i+1), loseAnswers)
	}
}

// request is a kind of request that one resource makes once.
type request struct {
	call string
	// kind is the Pulumi type; name what Azure or Kubernetes calls the resource, empty where that is known only once it exists;
	// logical the name in the program.
	kind, name, logical string
}

func (r request) inAzure() bool { return strings.HasPrefix(r.kind, "azure-native:") }

// sentAgain are the codes of errors after which azure-native sends a request again by itself. To reach the program, one of these has
// to strike each of its tries.
var sentAgain = []string{"TooManyRequests", "InternalServerError", "ServiceUnavailable", "GatewayTimeout", "AnotherOperationInProgress",
	"StorageAccountOperationInProgress", azure.ConnectionReset}

// passing are error codes that go away by themselves, of which some belong to a family of types.
func passing(r request, chance *rand.Rand) string {
	codes := []string{"TooManyRequests", "InternalServerError", "ServiceUnavailable", "GatewayTimeout", "RetryableError", azure.ConnectionReset}
	switch family := strings.Split(r.kind, ":")[1]; {
	case !r.inAzure():
		codes = []string{kubernetes.ServiceUnavailable, kubernetes.TooManyRequests, kubernetes.InternalError, kubernetes.Timeout, kubernetes.ConnectionReset}
	case r.kind == "azure-native:authorization:RoleAssignment" && r.call == "create":
		codes = append(codes, "PrincipalNotFound")
	case family == "dbformysql":
		codes = append(codes, "ServerBusy")
	case family == "containerservice":
		codes = append(codes, "OperationNotAllowed")
	case family == "storage":
		codes = append(codes, "StorageAccountOperationInProgress")
	default:
		codes = append(codes, "AnotherOperationInProgress")
	}
	return codes[chance.IntN(len(codes))]
}

// inject lets each request fail, half of those that are sent again until the program sees it.
func (w *world) inject(requests []request, chance *rand.Rand) {
	w.t.Helper()
	for _, r := range requests {
		code, times := passing(r, chance), 1
		if r.inAzure() {
			if slices.Contains(sentAgain, code) && chance.IntN(2) == 0 {
				times = azure.Tries
			}
			w.Subscription().Inject(azure.Fault{Token: r.kind, Name: r.name, Call: r.call, Code: code, Times: times})
			continue
		}
		w.injectObject(r, code, false)
	}
}

func (w *world) injectObject(r request, code string, late bool) {
	w.t.Helper()
	apiVersion, kind, _ := strings.Cut(strings.TrimPrefix(r.kind, "kubernetes:"), ":")
	fault := kubernetes.Fault{APIVersion: strings.TrimPrefix(apiVersion, "core/"), Kind: kind, Name: r.name, Call: r.call, Code: code, Late: late}
	if err := w.Objects().Inject(fault); err != nil {
		w.t.Fatal(err)
	}
}

// lift takes back what has not struck, and returns how many faults that is.
func (w *world) lift() int { return w.Subscription().Lift() + w.Objects().Lift() }

func failCreates(t *testing.T, rec *record) {
	w := open(t, stackPlayed(), rehearsal.Options{Config: workloads})
	requests := w.creations()
	w.inject(requests, chances(t))
	w.converge(rec, requests, func() act { return w.up() })
	rec.problem(w.check("workloads")...)
	rec.problem(madeAgain(identities(w.Subscription().Resources()))...)
}

func failOneCreate(t *testing.T, rec *record) {
	chance := chances(t)
	w := open(t, stackPlayed(), rehearsal.Options{Config: workloads})
	requests := w.creations()
	one := requests[chance.IntN(len(requests))]
	w.inject([]request{one}, chance)
	w.converge(rec, []request{one}, func() act { return w.up() })
	rec.problem(w.check("workloads")...)
}

// loseAnswers lets Azure and Kubernetes do what a few creates ask for, and the answers get lost.
func loseAnswers(t *testing.T, rec *record) {
	chance := chances(t)
	w := open(t, stackPlayed(), rehearsal.Options{Config: workloads})
	requests := w.creations()
	chance.Shuffle(len(requests), func(i, j int) { requests[i], requests[j] = requests[j], requests[i] })
	few := requests[:5]
	for _, r := range few {
		if r.inAzure() {
			// Lost to every try: else the provider's next one would find what the first made, and update it.
			fault := azure.Fault{Token: r.kind, Name: r.name, Call: r.call, Code: azure.ConnectionReset, Lost: true, Times: azure.Tries}
			if chance.IntN(2) == 0 {
				fault.Lost, fault.Late, fault.Times = false, true, 1
			}
			w.Subscription().Inject(fault)
		} else {
			w.injectObject(r, kubernetes.ConnectionReset, true)
		}
		rec.underWay += r.logical + " "
	}
	rec.moment = fmt.Sprintf("%d answers", len(few))
	if a := w.up(); a.ok() {
		rec.step("up")
	} else {
		rec.step("failed: %s", firstLine(a.errors()))
		w.lift()
		if a := w.resume(); !a.ok() {
			rec.problem("the resume failed: " + a.errors())
			return
		}
		rec.step("resumed")
	}
	rec.problem(w.check("workloads")...)
	rec.problem(madeAgain(identities(w.Subscription().Resources()))...)
}

// failUpdates makes something to update of every resource that can be updated: one value of each is changed behind the program's back.
func failUpdates(t *testing.T, rec *record) {
	chance := chances(t)
	w := openUp(t, rehearsal.Options{Config: workloads})
	all := w.leaves()
	before := w.properties()
	round := oneEach(all[declaredHere], chance)
	w.drift(round)
	w.must(w.refresh())
	var requests []request
	for _, l := range round {
		requests = append(requests, requestFor("update", l.resource))
	}
	w.inject(requests, chance)
	w.converge(rec, requests, func() act { return w.up() })
	rec.problem(differences(before, w.properties())...)
	rec.problem(w.check("workloads")...)
}

// failDeletes takes a stack down in three steps, because a destroy leaves out what goes with something else: what runs in the
// cluster, what goes with other resources, and the rest.
func failDeletes(t *testing.T, rec *record) {
	w := openUp(t, rehearsal.Options{Config: workloads.with(settings{"protect": false})})
	var requests []request
	var going []string
	s := w.state()
	for _, r := range append(s.of("azure-native"), s.of("kubernetes")...) {
		requests = append(requests, requestFor("delete", r))
		if r.DeletedWith != "" && strings.HasPrefix(r.Type, "azure-native:") {
			going = append(going, "--target", r.URN)
		}
	}
	w.inject(requests, chances(t))
	w.configure(platform.with(settings{"protect": false}))
	w.converge(rec, nil, func() act { return w.up() })
	w.converge(rec, nil, func() act { return w.destroy(append(going, "--target-dependents")...) })
	w.converge(rec, requests, func() act { return w.destroy() })
	if left := w.state().Deployment.Resources; len(left) > 0 {
		rec.problem(fmt.Sprintf("%d resources are left in the state", len(left)))
	}
	for _, left := range w.Subscription().Resources() {
		rec.problem(left.ID + " is left in the subscription")
	}
}

// unknown stands in a preview for a value that is known only later.
const unknown = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"

// creations are the requests of the first update: Azure's from the preview of the platform, and the objects of the workloads from the
// list on record, without their names. A preview of those as JSON can't be had: they hold secrets that are known already, at which
// the CLI panics (panicCrypter, 3.250).
func (w *world) creations() []request {
	w.t.Helper()
	w.configure(platform)
	defer w.configure(workloads)
	var out []request
	for _, s := range w.must(w.pulumi("preview", "--json")).planned(w.t) {
		if t := arm.Lookup(s.NewState.Type); t != nil && s.Op == "create" {
			name, _ := s.NewState.Inputs[t.NameParameter()].(string)
			if strings.Contains(name, unknown) {
				name = ""
			}
			out = append(out, request{"create", t.Token, name, s.name()})
		}
	}
	for _, key := range slices.Sorted(maps.Keys(declared(w.t, w.options.Stack, "workloads"))) {
		kind, logical, _ := strings.Cut(key, " ")
		if strings.HasPrefix(kind, "kubernetes:") {
			out = append(out, request{"create", kind, "", logical})
		}
	}
	if len(out) < 100 {
		w.t.Fatalf("the first update makes %d requests: this trial is not testing much", len(out))
	}
	return out
}

func requestFor(call string, r resource) request {
	return request{call, r.Type, r.ID[strings.LastIndex(r.ID, "/")+1:], r.name()}
}

// oneEach picks one leaf of each resource.
func oneEach(all []leaf, chance *rand.Rand) []leaf {
	chance.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	seen := map[string]bool{}
	var out []leaf
	for _, l := range all {
		if !seen[l.resource.URN] {
			seen[l.resource.URN] = true
			out = append(out, l)
		}
	}
	return out
}

// retried is what the program says when it tries again.
var retried = regexp.MustCompile(`(create|update|delete) of (\S+) failed with (\w+)`)

// converge runs a command until it succeeds, and counts for the requests how often each failed and what got it through.
func (w *world) converge(rec *record, requests []request, run func() act) {
	w.t.Helper()
	for n := 1; ; n++ {
		a := run()
		rec.tally(a)
		if a.ok() {
			break
		}
		if n == mostUpdates {
			rec.problem(fmt.Sprintf("it still fails the %dth time: %s", n, a.errors()))
			break
		}
	}
	if requests != nil {
		rec.settle(requests, w.lift())
	}
}

// tally notes which requests failed and were tried again, and which failed for good.
func (rec *record) tally(a act) {
	if rec.retries == nil {
		rec.retries, rec.failures = map[string]int{}, map[string]int{}
	}
	for _, e := range a.events {
		if e.Said != nil {
			for _, match := range retried.FindAllStringSubmatch(e.Said.Message, -1) {
				rec.retries[match[1]+" "+match[2]]++
			}
		}
		if e.Failed != nil {
			call := e.Failed.Metadata.Op
			for _, plain := range []string{"create", "update", "delete"} {
				if strings.HasPrefix(call, plain) {
					call = plain
				}
			}
			rec.failures[call+" "+e.Failed.Metadata.name()]++
		}
	}
	rec.runs++
}

// settle puts the count on the record. What failed and was neither the program's nor an update's to try again, the provider did.
func (rec *record) settle(requests []request, left int) {
	byProgram, byRun := 0, 0
	for _, r := range requests {
		key := r.call + " " + r.logical
		switch {
		case rec.failures[key] > 1:
			rec.problem(fmt.Sprintf("%s took %d more runs", key, rec.failures[key]))
		case rec.failures[key] == 1:
			byRun++
		case rec.retries[key] > 0:
			byProgram++
		}
	}
	struck := len(requests) - left
	rec.moment = fmt.Sprintf("%d requests", len(requests))
	rec.step("%s: %d of %d struck and through in %d runs: %d by the program's retry, %d by one more run, %d by the provider's", requests[0].call,
		struck, len(requests), rec.runs, byProgram, byRun, struck-byProgram-byRun)
	if struck*10 < len(requests)*9 {
		rec.problem(fmt.Sprintf("%d of %d faults didn't strike: this trial is not testing much", left, len(requests)))
	}
}
