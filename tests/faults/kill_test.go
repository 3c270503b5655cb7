package faults_test

import (
	"fmt"
	"math/rand/v2"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"apim-azure/tests/rehearsal"
)

// killScale lets requests to Azure take real time, so that a kill finds some accepted and not yet answered: a cluster of five
// minutes takes half a second.
const killScale = 600

// A resume takes about this long; some are killed at any moment of it.
const resumeTime = 12 * time.Second

// TestKilledUpdatesAreResumed kills the CLI at random moments of an update that brings everything up, of changes of a stack that
// is up, and of a destroy. A plain update is then refused; a resume, some of which are killed too, brings the stack back whole:
// nothing is missing, nothing is there twice, and no data-bearing resource was made again.
func TestKilledUpdatesAreResumed(t *testing.T) {
	t.Parallel()
	r := &report{campaign: t.Name()}
	defer r.print(t)
	if !*full { // one world lives through both
		w := open(t, stackPlayed(), killed)
		r.trial(t, "first update", func(t *testing.T, rec *record) { w.in(t).killFirstUpdate(rec, 0) })
		w.killChanges(r, 1)
		return
	}
	t.Run("first update", func(t *testing.T) {
		for i := range *kills {
			r.trial(t, fmt.Sprint(i+1), func(t *testing.T, rec *record) { open(t, stackPlayed(), killed).killFirstUpdate(rec, i) })
		}
	})
	t.Run("change", func(t *testing.T) { openUp(t, killed).killChanges(r, (*kills+4)/5) })
	t.Run("destroy", func(t *testing.T) { openUp(t, killed).killDestroys(r, (*kills+9)/10) })
}

// killed is the world in which things are killed.
var killed = rehearsal.Options{Config: workloads, TimeScale: killScale}

// openUp opens a world in which the stack is up.
func openUp(t *testing.T, options rehearsal.Options) *world {
	t.Helper()
	w := open(t, stackPlayed(), options)
	w.must(w.up())
	return w
}

func (w *world) killFirstUpdate(rec *record, i int) {
	w.t.Helper()
	expected := len(declared(w.t, w.options.Stack, "workloads"))
	if w.killAndResume(rec, chances(w.t), expected, i, func() act { return w.up() }) {
		rec.problem(w.check("workloads")...)
		rec.problem(madeAgain(identities(w.Subscription().Resources()))...)
	}
}

// changes are what a stack that is up is changed to, in turn; each n-th is different from the one before.
var changes = []struct {
	name  string
	stage string
	set   func(n int) settings
}{
	{"another tag", "workloads", func(n int) settings { return workloads.with(settings{"azure.tags.owner": fmt.Sprint("owner-", n)}) }},
	{"another pool", "workloads", func(n int) settings { return workloads.with(settings{"aks.apimPool.osDiskGB": 128 + n}) }},
	{"no workloads", "platform", func(int) settings { return platform }},
	{"workloads again", "workloads", func(int) settings { return workloads }},
}

// plan finds the numbers in the summary of a preview.
var plan = regexp.MustCompile(`(?m)^\s+[-+~]+ (\d+) to `)

// planned is the number of operations a preview announces.
func planned(preview string) int {
	sum := 0
	for _, match := range plan.FindAllStringSubmatch(preview, -1) {
		n, _ := strconv.Atoi(match[1])
		sum += n
	}
	return sum
}

// killChanges kills one change after the other of the same stack, so that what an earlier one left behind would be found.
func (w *world) killChanges(r *report, trials int) {
	for i := range trials {
		change := changes[i%len(changes)]
		whole := r.trial(w.t, fmt.Sprintf("%d %s", i+1, change.name), func(t *testing.T, rec *record) {
			w := w.in(t)
			before := identities(w.Subscription().Resources())
			w.configure(change.set(i + 1))
			steps := planned(w.must(w.pulumi("preview")).text)
			if steps == 0 {
				t.Fatal("there is nothing to change: this trial is not testing anything")
			}
			if w.killAndResume(rec, chances(t), steps, i, func() act { return w.up() }) {
				rec.problem(w.check(change.stage)...)
				rec.problem(replaced(before, identities(w.Subscription().Resources()))...)
			}
		})
		if !whole { // the next ones would only say so again
			return
		}
	}
}

// killDestroys kills destroys of the stack, once it isn't protected any more. The resume brings up again what the destroy had taken down.
func (w *world) killDestroys(r *report, trials int) {
	w.configure(workloads.with(settings{"protect": false}))
	w.must(w.up())
	for i := range trials {
		whole := r.trial(w.t, fmt.Sprintf("destroy %d", i+1), func(t *testing.T, rec *record) {
			w := w.in(t)
			steps := len(w.state().Deployment.Resources)
			if w.killAndResume(rec, chances(t), steps, i, func() act { return w.destroy() }) {
				rec.problem(w.check("workloads")...)
			}
		})
		if !whole {
			return
		}
	}
}

// killAndResume kills a command at a random operation, sees a plain update refused, and resumes, every fifth time with a kill of
// the resume as well. It returns false when the stack could not be brought back.
func (w *world) killAndResume(rec *record, chance *rand.Rand, operations, i int, run func() act) bool {
	w.t.Helper()
	after, pause := 1+chance.IntN(operations), time.Duration(chance.IntN(300))*time.Millisecond
	rec.moment = fmt.Sprintf("%s after operation %d of %d", pause, after, operations)
	if a := w.killAfter(after, pause, run); !a.killed() {
		w.must(a)
		rec.step("it was over before the kill")
		return true
	}
	rec.underWay = w.state().underWay()
	rec.step("kill")
	if chance.IntN(2) == 0 {
		w.restart()
		rec.step("rehearsal restarted")
	}
	if a := w.up(); a.ok() || !strings.Contains(a.said(), "locked") || !strings.Contains(a.said(), "make resume STACK=") {
		rec.problem(fmt.Sprintf("a plain update after the kill ended with %d: %s", a.code, tail(a.said(), 1000)))
		return false
	}
	rec.step("refused")
	if i%5 == 4 {
		pause := time.Duration(chance.Int64N(int64(resumeTime)))
		if a := w.killWithin(pause, w.resume); a.killed() {
			rec.step("resume killed after %s", pause.Round(time.Millisecond))
		} else if a.ok() {
			rec.step("resumed before a second kill")
			return true
		}
	}
	if a := w.resume(); !a.ok() {
		rec.step("resume failed")
		rec.problem("the resume failed: " + a.errors())
		return false
	}
	rec.step("resumed")
	return true
}
