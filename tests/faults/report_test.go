package faults_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"text/tabwriter"
	"time"
)

// report collects what became of a campaign's trials.
type report struct {
	campaign string
	mu       sync.Mutex
	trials   []*record
}

// record is one trial: when it was struck, what was under way, and its way back.
type record struct {
	name, moment, underWay string
	path                   []string
	problems               []string
	took                   time.Duration

	// What became of requests that failed, by call and logical name, over a number of runs of the CLI.
	retries, failures map[string]int
	runs              int
}

// trial runs one trial as a subtest and keeps its record.
func (r *report) trial(t *testing.T, name string, play func(t *testing.T, rec *record)) bool {
	t.Helper()
	return t.Run(name, func(t *testing.T) {
		rec := &record{name: strings.TrimPrefix(t.Name(), r.campaign+"/")}
		r.mu.Lock()
		r.trials = append(r.trials, rec)
		r.mu.Unlock()
		begun := time.Now()
		defer func() { // a trial that ends early has its record too
			rec.took = time.Since(begun)
			if t.Failed() && len(rec.problems) == 0 {
				rec.problems = []string{"it ended early"}
			}
			t.Log(rec.line())
			if t.Failed() {
				t.Log("again: " + repeat(t))
			}
		}()
		play(t, rec)
		for _, problem := range rec.problems {
			t.Error(problem)
		}
	})
}

func (rec *record) step(format string, args ...any) {
	rec.path = append(rec.path, fmt.Sprintf(format, args...))
}

func (rec *record) problem(problems ...string) { rec.problems = append(rec.problems, problems...) }

func (rec *record) line() string {
	outcome := "converged"
	if len(rec.problems) > 0 {
		outcome = "FAILED"
	}
	return strings.Join([]string{rec.name, rec.moment, rec.underWay, strings.Join(rec.path, " > "), rec.took.Round(time.Second / 10).String(), outcome}, "\t")
}

// print writes the table and the count: how many of the trials ended well.
func (r *report) print(t *testing.T) {
	t.Helper()
	var b strings.Builder
	table := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(table, "trial\tmoment\tunder way\tpath\ttook\toutcome")
	well := 0
	for _, rec := range r.trials {
		_, _ = fmt.Fprintln(table, rec.line())
		if len(rec.problems) == 0 {
			well++
		}
	}
	_ = table.Flush()
	t.Logf("seed %d\n%s%s: %d of %d converged", *seed, b.String(), r.campaign, well, len(r.trials))
	if len(r.trials) == 0 && !t.Failed() {
		t.Error("no trial was played: this campaign is not testing anything")
	}
}
