// Package golden compares what a test got with what is on record.
package golden

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// Compare fails the test when got is not what testdata/<name> says, line by line, with a warning of what a difference means.
// UPDATE_GOLDEN=1 puts got on record instead.
func Compare(t *testing.T, name, got, warning string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if os.Getenv("UPDATE_GOLDEN") != "" {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v (UPDATE_GOLDEN=1 writes it)", err)
	}
	if got == string(want) {
		return
	}
	t.Fatalf("%s changed. %s If that is meant, run the tests with UPDATE_GOLDEN=1.\n%s",
		path, warning, lines("- ", string(want), got)+lines("+ ", got, string(want)))
}

// lines lists the lines of a text that another lacks.
func lines(mark, text, other string) string {
	others := strings.Split(other, "\n")
	var b strings.Builder
	for line := range strings.Lines(text) {
		if line = strings.TrimSuffix(line, "\n"); !slices.Contains(others, line) {
			b.WriteString(mark + line + "\n")
		}
	}
	return b.String()
}
