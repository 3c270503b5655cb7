package main

import (
	"bytes"
	"os"
	"strings"
	"testing"
)

func TestTheConfigurationPageFollowsTheTypes(t *testing.T) {
	want, err := render("../types.go")
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile("../../docs/configuration.md")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Error("docs/configuration.md is stale: run `go generate ./config`")
	}
}

func TestThePageNamesKeysTheWayTheyAreWritten(t *testing.T) {
	page, err := render("../types.go")
	if err != nil {
		t.Fatal(err)
	}
	for what, want := range map[string]string{
		"a required key":          "| `azure.location` | text | **required** |",
		"a figure with its range": "30 to 250.",
		"allowed values":          "One of `Free`, `Standard`, `Premium`. | lower in development |",
		"a nested list":           "| `workloads.groups[].backends[].ports` | list of numbers | **required** |",
		"a floor":                 "| floor |",
		"a secret":                "Secret.",
	} {
		t.Run(what, func(t *testing.T) {
			if !strings.Contains(string(page), want) {
				t.Errorf("the page does not contain %q", want)
			}
		})
	}
}

func TestAFieldWithoutACommentIsRefused(t *testing.T) {
	file := t.TempDir() + "/types.go"
	source := "package p\n\ntype Config struct {\n\tBare string `key:\"bare\"`\n}\n"
	if err := os.WriteFile(file, []byte(source), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := render(file); err == nil || !strings.Contains(err.Error(), "Config.Bare has no comment") {
		t.Errorf("got %v", err)
	}
}
