package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"apim-azure/tests/rehearsal"
	"apim-azure/tests/rehearsal/azure"
)

const usage = `rehearse runs this project through Pulumi with no cloud account.

  rehearse VERB [--stack STACK] [flags] [-- arguments for pulumi]

Verbs
  preview     what an update would do
  up          bring the stack up, without asking
  refresh     read everything back
  outputs     the stack's outputs as JSON; secrets are shown as [secret]
  export      the engine's deployment JSON, secrets encrypted
  manifests   the Kubernetes objects as YAML; secrets are shown as [secret]
  destroy     what an operator does: lift the protection, update, destroy
  resume      bring back a stack whose update was killed, and go on with it
  pulumi      any command: rehearse pulumi --stack prod -- stack history
  fidelity    the rules requests to Azure are held to, with their sources and how sure they are
  tools       find or build the CLI and the control plane

Flags, before or after the verb
  --stack STACK        a stack that has a Pulumi.STACK.yaml; dev unless you say another
  --stage STAGE        platform: run with workloads.enabled=false
                       workloads: run with workloads.enabled=true
                       without it, the stack's file decides; destroy and resume keep what the last up had
  --time-scale N       let N simulated seconds pass in a second; 0 (the default) does not wait
  --stand-ins LIST     what is played here: azure,kubernetes,random,tls (all of them by default);
                       plugins in ~/.pulumi or PULUMI_HOME serve the rest, nothing is downloaded
  --fault FAULT        let a request to Azure fail, CALL:TYPE[/NAME]:CODE[:TIMES][:late]; as often as you like. late: Azure does
                       it and the answer is lost. --fault create:network:Subnet:AnotherOperationInProgress:2
  --help               this page

Everything a rehearsal keeps is in .rehearsal/STACK; delete that to begin afresh. After a Ctrl-C Pulumi winds down and the next
up goes on from there; a second Ctrl-C kills it, see resume. The exit code is Pulumi's; go run makes 1 of every failure.
`

var verbs = []string{
	"preview", "up", "refresh", "outputs", "export", "manifests", "destroy", "resume", "pulumi", "fidelity", "tools",
}

var flags = []string{"stack", "stage", "time-scale", "stand-ins", "fault"}

// defaultStack is the Makefile's too.
const defaultStack = "dev"

var stages = map[string]bool{"platform": false, "workloads": true}

// command is what was asked for.
type command struct {
	verb, stack, stage string
	timeScale          float64
	standIns           []string
	faults             []azure.Fault
	rest               []string
}

// overrides are the stage's configuration.
func (c command) overrides() map[string]any {
	if c.stage == "" {
		return nil
	}
	return map[string]any{"workloads.enabled": stages[c.stage]}
}

func help(args []string) bool {
	if end := slices.Index(args, "--"); end >= 0 {
		args = args[:end]
	}
	return len(args) == 0 || slices.ContainsFunc(args, func(a string) bool { return a == "--help" || a == "-h" || a == "help" })
}

// parse reads the arguments. The stacks are the ones there are.
func parse(args, stacks []string) (command, error) {
	var c command
	if end := slices.Index(args, "--"); end >= 0 {
		args, c.rest = args[:end], args[end+1:]
	}
	for len(args) > 0 {
		word := args[0]
		args = args[1:]
		if !strings.HasPrefix(word, "-") {
			if c.verb != "" {
				return c, fmt.Errorf("%q comes after the verb %s; arguments for pulumi go after --", word, c.verb)
			}
			c.verb = word
			continue
		}
		name, value, given := strings.Cut(strings.TrimLeft(word, "-"), "=")
		if !slices.Contains(flags, name) {
			return c, fmt.Errorf("there is no flag --%s; see --help; flags for pulumi go after --", name)
		}
		if !given {
			if len(args) == 0 {
				return c, fmt.Errorf("--%s needs a value; see --help", name)
			}
			value, args = args[0], args[1:]
		}
		if err := c.set(name, value); err != nil {
			return c, err
		}
	}
	return c, c.check(stacks)
}

func (c *command) set(name, value string) error {
	switch name {
	case "stack":
		c.stack = value
	case "stage":
		c.stage = value
	case "time-scale":
		scale, err := strconv.ParseFloat(value, 64)
		if err != nil || !(scale >= 0) {
			return fmt.Errorf("--time-scale %s: it must be a number, 0 or more", value)
		}
		c.timeScale = scale
	case "fault":
		fault, err := rehearsal.ParseFault(value)
		if err != nil {
			return err
		}
		c.faults = append(c.faults, fault)
	case "stand-ins":
		c.standIns = strings.FieldsFunc(value, func(r rune) bool { return r == ',' || r == ' ' })
		if len(c.standIns) == 0 {
			return fmt.Errorf("--stand-ins names none; there are %s", strings.Join(rehearsal.AllStandIns, ", "))
		}
	}
	return nil
}

func (c *command) check(stacks []string) error {
	if !slices.Contains(verbs, c.verb) {
		return fmt.Errorf("there is no verb %q; the verbs are %s", c.verb, strings.Join(verbs, ", "))
	}
	if c.stack == "" {
		c.stack = defaultStack
	}
	if err := rehearsal.CheckStandIns(c.standIns); err != nil {
		return fmt.Errorf("--stand-ins: %w", err)
	}
	if _, known := stages[c.stage]; c.stage != "" && !known {
		return fmt.Errorf("--stage %s: it must be platform or workloads", c.stage)
	}
	switch {
	case c.verb == "tools" || c.verb == "fidelity":
		return nil
	case !slices.Contains(stacks, c.stack):
		return fmt.Errorf("--stack %s: there is no Pulumi.%s.yaml; the stacks are %s", c.stack, c.stack, strings.Join(stacks, ", "))
	case c.verb == "pulumi" && len(c.rest) == 0:
		return fmt.Errorf("rehearse pulumi needs a command after --, such as: rehearse pulumi --stack %s -- stack history", c.stack)
	case (c.verb == "manifests" || c.verb == "resume") && len(c.rest) > 0:
		return fmt.Errorf("%s takes no arguments for pulumi: %s", c.verb, strings.Join(c.rest, " "))
	}
	return nil
}
