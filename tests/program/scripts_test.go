package program_test

import (
	"os/exec"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// TestEveryScriptThatRunsOnAMachineIsSound asks bash about the syntax of every Run Command, and shellcheck, where it is
// installed, about the rest.
func TestEveryScriptThatRunsOnAMachineIsSound(t *testing.T) {
	_, err := exec.LookPath("shellcheck")
	checked := err == nil
	for _, res := range deployed(t, "prod", nil).ofType(t, "azure-native:compute:VirtualMachineRunCommandByVirtualMachine") {
		source := plain(resource.NewObjectProperty(res.Inputs)).(map[string]any)["source"].(map[string]any)
		script, _ := source["script"].(string)
		if first, _, _ := strings.Cut(script, "\n"); first != "#!/bin/bash" && first != "#!/usr/bin/env bash" {
			t.Errorf("%s is no bash script: %.40q", res.Name, script)
			continue
		}
		tools := [][]string{{"bash", "-n"}}
		if checked {
			tools = append(tools, []string{"shellcheck", "-"})
		}
		for _, tool := range tools {
			cmd := exec.Command(tool[0], tool[1:]...)
			cmd.Stdin = strings.NewReader(script)
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("%s: %s: %v\n%s", res.Name, tool[0], err, out)
			}
		}
	}
	if !checked {
		t.Log("shellcheck is not installed: syntax was checked, style was not")
	}
}
