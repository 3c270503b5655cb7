package faults_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
)

// console takes what the CLI prints: the engine's events, one JSON object per line, and anything else as text.
type console struct {
	mu     sync.Mutex
	rest   []byte // of a line that isn't complete yet
	events []event
	text   bytes.Buffer
	// hook sees every event as it comes.
	hook func(event)
}

// event is what is read of an engine event; all but one part is nil.
type event struct {
	Begun  *stepEvent  `json:"resourcePreEvent"`
	Done   *stepEvent  `json:"resOutputsEvent"`
	Failed *stepEvent  `json:"resOpFailedEvent"`
	Said   *diagnostic `json:"diagnosticEvent"`
}

type stepEvent struct {
	Metadata step `json:"metadata"`
}

// step is one step of the engine.
type step struct {
	Op           string         `json:"op"`
	URN          string         `json:"urn"`
	Type         string         `json:"type"`
	DetailedDiff map[string]any `json:"detailedDiff"`
	// NewState is in previews only.
	NewState resource `json:"newState"`
}

func (s step) name() string { return nameOf(s.URN) }

// changes tells steps that touch something from those that only look.
func (s step) changes() bool {
	return !slices.Contains([]string{"same", "refresh", "read", "discard", "discard-replaced"}, s.Op)
}

type diagnostic struct {
	URN      string `json:"urn"`
	Message  string `json:"message"`
	Severity string `json:"severity"`
}

func (c *console) Write(p []byte) (int, error) {
	c.mu.Lock()
	var fresh []event
	c.rest = append(c.rest, p...)
	for {
		line, rest, complete := bytes.Cut(c.rest, []byte("\n"))
		if !complete {
			break
		}
		var e event
		if bytes.HasPrefix(line, []byte("{")) && json.Unmarshal(line, &e) == nil {
			fresh = append(fresh, e)
		} else {
			c.text.Write(append(slices.Clone(line), '\n'))
		}
		c.rest = slices.Clone(rest)
	}
	c.events = append(c.events, fresh...)
	hook := c.hook
	c.mu.Unlock()
	if hook != nil {
		for _, e := range fresh {
			hook(e)
		}
	}
	return len(p), nil
}

// aside takes what is text only. It has no part in the lines of events.
type aside struct{ *console }

func (a aside) Write(p []byte) (int, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.text.Write(p)
}

// take empties the console.
func (c *console) take() (events []event, text string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	events, text = c.events, c.text.String()+string(c.rest)
	c.events, c.rest = nil, nil
	c.text.Reset()
	return events, text
}

func (c *console) watch(hook func(event)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.hook = hook
}

// act is one command of a trial: how it ended and what the engine reported.
type act struct {
	code   int
	err    error
	events []event
	text   string
}

func (a act) ok() bool { return a.err == nil && a.code == 0 }

// killed tells that a signal ended the CLI.
func (a act) killed() bool { return a.err != nil && strings.Contains(a.err.Error(), "killed") }

// said is everything a reader would have been shown.
func (a act) said() string {
	out := a.text
	for _, e := range a.events {
		if e.Said != nil && e.Said.Severity != "debug" {
			out += e.Said.Severity + ": " + nameOf(e.Said.URN) + ": " + strings.TrimSpace(e.Said.Message) + "\n"
		}
	}
	if a.err != nil {
		out += a.err.Error() + "\n"
	}
	return out
}

// errors are the error messages alone, few and short enough for a table.
func (a act) errors() string {
	var out []string
	for _, e := range a.events {
		if e.Said != nil && e.Said.Severity == "error" && !strings.Contains(e.Said.URN, "pulumi:pulumi:Stack") {
			out = append(out, nameOf(e.Said.URN)+": "+strings.TrimSpace(e.Said.Message))
		}
	}
	for line := range strings.Lines(a.text) { // a resume's progress is text
		if message := strings.TrimSpace(line); strings.HasPrefix(message, "error: ") || strings.HasPrefix(message, "panic: ") {
			out = append(out, message)
		}
	}
	if a.err != nil {
		out = append(out, tail(a.err.Error(), 600))
	}
	if len(out) == 0 {
		return tail(a.said(), 1500)
	}
	for i, message := range out {
		out[i] = head(message, 600)
	}
	if most := 6; len(out) > most { // the last are those it ended with
		out = append([]string{fmt.Sprintf("after %d more", len(out)-most)}, out[len(out)-most:]...)
	}
	return strings.Join(out, "\n")
}

// head keeps the beginning of a text.
func head(text string, most int) string {
	if len(text) > most {
		return text[:most] + "[...]"
	}
	return text
}

// steps are the steps that changed something.
func (a act) steps() []step {
	var out []step
	for _, e := range a.events {
		if e.Done != nil && e.Done.Metadata.changes() {
			out = append(out, e.Done.Metadata)
		}
	}
	return out
}

// nameOf is the logical name in a URN.
func nameOf(urn string) string {
	if at := strings.LastIndex(urn, "::"); at >= 0 {
		return urn[at+len("::"):]
	}
	return urn
}

// tail keeps the end of a text, where the errors are.
func tail(text string, most int) string {
	if len(text) > most {
		return "[...]" + text[len(text)-most:]
	}
	return text
}

// planned are the steps of a preview that would change something.
func (a act) planned(t *testing.T) []step {
	t.Helper()
	var digest struct {
		Steps []step `json:"steps"`
	}
	if err := json.Unmarshal([]byte(a.text), &digest); err != nil {
		t.Fatalf("%v in %s", err, tail(a.text, 2000))
	}
	return slices.DeleteFunc(digest.Steps, func(s step) bool { return !s.changes() })
}
