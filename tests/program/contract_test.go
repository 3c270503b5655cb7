package program_test

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"apim-azure/stack"
	"apim-azure/tests/golden"
)

// TestNamesAndOptionsOfEveryResourceAreTheOnesOnRecord compares each stack and stage with its golden list.
func TestNamesAndOptionsOfEveryResourceAreTheOnesOnRecord(t *testing.T) {
	for _, stackName := range []string{"dev", "prod"} {
		for stage, enabled := range map[string]bool{"platform": false, "workloads": true} {
			t.Run(stackName+" "+stage, func(t *testing.T) {
				r := deployed(t, stackName, map[string]any{"workloads.enabled": enabled})
				golden.Compare(t, stackName+"-"+stage+".txt", inventory(r), "A removed name deletes live infrastructure; a changed parent does too.")
			})
		}
	}
}

// inventory lists every resource with its parent and the options that decide what happens to it.
func inventory(r *recorder) string {
	var lines []string
	for _, res := range r.resources {
		line := res.Type + " " + res.Name
		if res.Options.Parent != "" {
			parts := strings.Split(res.Options.Parent, "::")
			line += " under " + parts[len(parts)-1]
		}
		if res.Options.Protect {
			line += " protect"
		}
		if res.Options.DeletedWith != "" {
			parts := strings.Split(res.Options.DeletedWith, "::")
			line += " deletedWith=" + parts[len(parts)-1]
		}
		if len(res.Options.IgnoreChanges) > 0 {
			line += " ignoreChanges=" + strings.Join(res.Options.IgnoreChanges, ",")
		}
		lines = append(lines, line)
	}
	slices.Sort(lines)
	return fmt.Sprintf("%d resources\n%s\n", len(lines), strings.Join(lines, "\n"))
}

func TestTheOutputsPageFollowsTheContract(t *testing.T) {
	const page = "../../docs/outputs.md"
	want := stack.ContractPage()
	if os.Getenv("UPDATE_GOLDEN") != "" {
		if err := os.WriteFile(page, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != want {
		t.Errorf("%s is stale: run UPDATE_GOLDEN=1 go test ./tests/program", page)
	}
}
