package fed

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
)

// Level says how much a requirement weighs.
type Level string

// A broken Must makes the image unusable on the platform; a broken Should is worth a look.
const (
	Must   Level = "must"
	Should Level = "should"
)

// Result says whether a requirement is met.
type Result string

// Unknown is what can't be told from the package.
const (
	Met     Result = "met"
	Broken  Result = "broken"
	Unknown Result = "unknown"
)

// Basis says what the reading of the format behind a finding rests on.
type Basis string

// See the package's comment.
const (
	Observed   Basis = "observed"
	Documented Basis = "documented"
	Assumed    Basis = "assumed"
)

// Finding is one requirement and what the package says about it. It never holds a secret.
type Finding struct {
	// ID names the requirement for machines, such as `listener.8065.certificate`.
	ID string `json:"id"`
	// Requirement says what is asked for.
	Requirement string `json:"requirement"`
	Level       Level  `json:"level"`
	Result      Result `json:"result"`
	// Found is what is there, Where the store and the entity.
	Found string `json:"found"`
	Where string `json:"where,omitempty"`
	Basis Basis  `json:"basis"`
	// WayOut says what to do, if the requirement isn't met.
	WayOut string `json:"wayOut,omitempty"`
}

// Report is all findings about one configuration.
type Report struct {
	Role     Role      `json:"role"`
	Files    []string  `json:"files"`
	Findings []Finding `json:"findings"`
}

// Fails tells whether a Must is broken.
func (r Report) Fails() bool { return r.count(Must, Broken) > 0 }

func (r Report) count(level Level, result Result) int {
	n := 0
	for _, f := range r.Findings {
		if f.Level == level && f.Result == result {
			n++
		}
	}
	return n
}

// WriteJSON writes the report for machines.
func (r Report) WriteJSON(w io.Writer) error {
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	return encoder.Encode(struct {
		Report
		Pass bool `json:"pass"`
	}{r, !r.Fails()})
}

// mark is a finding's result as the table shows it.
func (f Finding) mark() string {
	switch {
	case f.Result == Met:
		return "ok"
	case f.Result == Unknown:
		return "not checked"
	case f.Level == Must:
		return "FAIL"
	default:
		return "warning"
	}
}

// WriteTable writes the report for people: all findings, then what to do about those that aren't met.
func (r Report) WriteTable(w io.Writer) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "RESULT\tREQUIREMENT\tFOUND\tWHERE\tFORMAT")
	for _, f := range r.Findings {
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\n", f.mark(), f.Requirement, f.Found, f.Where, f.Basis)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	var text strings.Builder
	for _, f := range r.Findings {
		if f.Result != Met && f.WayOut != "" {
			fmt.Fprintf(&text, "%s: %s: %s\n", f.mark(), f.Requirement, f.WayOut)
		}
	}
	fmt.Fprintf(&text, "\n%s as %s: %d requirements failed, %d warnings, %d not checked\n", strings.Join(r.Files, ", "), r.Role,
		r.count(Must, Broken), r.count(Should, Broken), r.count(Must, Unknown)+r.count(Should, Unknown))
	if slices.ContainsFunc(r.Findings, func(f Finding) bool { return f.Basis == Assumed }) {
		text.WriteString("assumed: how the package is read there is published nowhere and was not observed; check it in Policy Studio\n")
	}
	_, err := io.WriteString(w, "\n"+text.String())
	return err
}

// longestValue is how much of a value a report shows, in characters.
const longestValue = 60

// shorten keeps a value on one line.
func shorten(text string) string {
	runes := []rune(strings.Join(strings.Fields(text), " "))
	for i, r := range runes {
		if r < ' ' || r == 0x7f {
			runes[i] = '?' // no escape sequences on somebody's terminal
		}
	}
	if len(runes) > longestValue {
		return string(runes[:longestValue]) + "..."
	}
	return string(runes)
}
