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
	gone, added := difference(string(want), got)
	t.Fatalf("%s changed. %s If that is meant, run the tests with UPDATE_GOLDEN=1.\n- %s\n+ %s",
		path, warning, strings.Join(gone, "\n- "), strings.Join(added, "\n+ "))
}

func difference(want, got string) (gone, added []string) {
	wantLines, gotLines := strings.Split(want, "\n"), strings.Split(got, "\n")
	without := func(lines, others []string) []string {
		return slices.DeleteFunc(slices.Clone(lines), func(line string) bool { return slices.Contains(others, line) })
	}
	return without(wantLines, gotLines), without(gotLines, wantLines)
}
