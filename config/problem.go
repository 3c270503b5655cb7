package config

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// Problem is one thing that is wrong with a configuration.
type Problem struct {
	// Key is the full path of the key, such as `network.subnets.data`.
	Key string
	// Value is the offending value as the message shows it; empty when it is absent or secret.
	Value string
	// Rule is what the value breaks.
	Rule string
	// WayOut is what to do about it.
	WayOut string
}

// Error is the whole message on one line: key, value, rule; way out.
func (p *Problem) Error() string {
	parts := []string{p.Key}
	if p.Value != "" {
		parts = append(parts, p.Value)
	}
	return strings.Join(append(parts, p.Rule+"; "+p.WayOut), ": ")
}

// findings collects problems and warnings while a configuration is read and checked.
type findings struct {
	problems []*Problem
	warnings []string
}

// refuse records a problem. A nil value is left out of the message.
func (f *findings) refuse(key string, value any, rule, wayOut string) {
	f.problems = append(f.problems, &Problem{key, display(value), rule, wayOut})
}

func (f *findings) warn(key string, value any, text string) {
	f.warnings = append(f.warnings, fmt.Sprintf("%s: %s: %s", key, display(value), text))
}

// refused says whether something is already wrong with a key or with a section around it, so that rules that need several keys
// don't report it again.
func (f *findings) refused(key string) bool {
	return slices.ContainsFunc(f.problems, func(p *Problem) bool {
		rest, within := strings.CutPrefix(key, p.Key)
		return within && (rest == "" || rest[0] == '.' || rest[0] == '[')
	})
}

// anyRefused is refused for several keys of a section.
func (f *findings) anyRefused(section string, names ...string) bool {
	return slices.ContainsFunc(names, func(name string) bool { return f.refused(section + "." + name) })
}

// err is all problems sorted by key, or nil. Two rules may find the same fault; it is reported once.
func (f *findings) err() error {
	slices.SortStableFunc(f.problems, func(a, b *Problem) int { return cmp.Compare(a.Key, b.Key) })
	var all []error
	for i, p := range f.problems {
		if i == 0 || *p != *f.problems[i-1] {
			all = append(all, p)
		}
	}
	return errors.Join(all...)
}

// longestValue is how much of a value a message shows, in characters.
const longestValue = 80

func display(value any) string {
	if value == nil {
		return ""
	}
	shown := fmt.Sprint(value)
	if strings.Contains(shown, "-----BEGIN") {
		return "[PEM, not shown]" // a key pasted in the wrong place
	}
	if r := []rune(shown); len(r) > longestValue {
		shown = string(r[:longestValue]) + "..."
	}
	if shown == "" || strings.ContainsFunc(shown, func(r rune) bool { return !unicode.IsPrint(r) || r == '"' }) || strings.TrimSpace(shown) != shown {
		return strconv.Quote(shown)
	}
	return shown
}

// nearest is the candidate with the smallest edit distance to word; candidates must not be empty.
func nearest(word string, candidates []string) string {
	return slices.MinFunc(candidates, func(a, b string) int {
		return cmp.Or(cmp.Compare(distance(word, a), distance(word, b)), cmp.Compare(a, b))
	})
}

// distance is the Levenshtein distance of two words, ignoring case.
func distance(a, b string) int {
	from, to := []rune(strings.ToLower(a)), []rune(strings.ToLower(b))
	row := make([]int, len(to)+1)
	for j := range row {
		row[j] = j
	}
	for i, r := range from {
		diagonal := row[0]
		row[0] = i + 1
		for j, s := range to {
			substituted := diagonal
			if r != s {
				substituted++
			}
			diagonal = row[j+1]
			row[j+1] = min(row[j]+1, row[j+1]+1, substituted)
		}
	}
	return row[len(to)]
}
