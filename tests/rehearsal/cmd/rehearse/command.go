package main

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"apim-azure/tests/rehearsal"
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
  push        push images into the simulated registry, those of the configuration or IMAGE...
  pods        what runs where: nodes and pods as a table
  drain       empty a node, as an upgrade of it does: rehearse drain NODE
  uncordon    let pods onto a node again: rehearse uncordon NODE
  lose        lose an availability zone: rehearse lose ZONE
  restore     have it back: rehearse restore ZONE
  load        what a Deployment's pods use in all, in cores: rehearse load traffic-internal=6; shown without operand
  serve       keep the cluster running for kubectl until Ctrl-C
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
  --kubernetes next    with the control plane of the next Kubernetes minor, which is built the first time
  --push               with up: a pipeline pushes the configuration's images as soon as the registry is there
  --fault FAULT        let something fail, CALL:TYPE[/NAME]:CODE[:TIMES][:late|:lost][:DURATION]; as often as you like
                         create:network:Subnet:AnotherOperationInProgress:2      Azure refuses twice
                         create:network:VirtualNetwork:InternalServerError:late  it fails after Azure took it
                         create:storage:StorageAccount:ConnectionReset:lost:9    Azure's answers get lost, nine times
                         create:authorization:RoleAssignment:PropagationDelay:30s
                         create:dbformysql:Server:Kill                           the CLI is killed at that moment
                         create:apps/v1:Deployment/anm:APIServerGone:5s          the API server is away mid-rollout
                         start:apps/v1:Deployment/anm:CrashLoopBackOff           what the pods do
  --help               this page

Everything a rehearsal keeps is in .rehearsal/STACK, with --kubernetes next in .rehearsal/kubernetes-next/STACK; delete that to
begin afresh. After a Ctrl-C Pulumi winds down and the next up goes on from there; a second Ctrl-C kills it, see resume. The exit
code is Pulumi's; go run makes 1 of every failure.
`

var verbs = []string{
	"preview", "up", "refresh", "outputs", "export", "manifests", "destroy", "resume", "pulumi", "push", "pods", "drain", "uncordon",
	"lose", "restore", "load", "serve", "fidelity", "tools",
}

// operands are the verbs that take words of their own, with what these are and how many there may be; -1: any number.
var operands = map[string]struct {
	what      string
	min, most int
}{
	"push": {"IMAGE", 0, -1}, "drain": {"NODE", 1, 1}, "uncordon": {"NODE", 1, 1}, "lose": {"ZONE", 1, 1}, "restore": {"ZONE", 1, 1},
	"load": {"DEPLOYMENT=CORES", 0, -1},
}

// withoutPulumi are the verbs that hand no arguments to Pulumi.
var withoutPulumi = []string{"manifests", "resume", "push", "pods", "drain", "uncordon", "lose", "restore", "load", "serve"}

var flags = []string{"stack", "stage", "time-scale", "stand-ins", "fault", "push", "kubernetes"}

// defaultStack is the Makefile's too.
const defaultStack = "dev"

var stages = map[string]bool{"platform": false, "workloads": true}

// command is what was asked for.
type command struct {
	verb, stack, stage string
	timeScale          float64
	standIns           []string
	faults             rehearsal.Faults
	push               bool
	nextKubernetes     bool
	words              []string // the verb's own
	rest               []string // Pulumi's
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
			if c.verb == "" {
				c.verb = word
			} else if _, takes := operands[c.verb]; takes {
				c.words = append(c.words, word)
			} else {
				return c, fmt.Errorf("%q comes after the verb %s; arguments for pulumi go after --", word, c.verb)
			}
			continue
		}
		name, value, given := strings.Cut(strings.TrimLeft(word, "-"), "=")
		if !slices.Contains(flags, name) {
			return c, fmt.Errorf("there is no flag --%s; see --help; flags for pulumi go after --", name)
		}
		if name == "push" {
			if given {
				return c, errors.New("--push takes no value")
			}
			c.push = true
			continue
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
		return c.faults.Parse(value)
	case "kubernetes":
		if value != "next" {
			return fmt.Errorf("--kubernetes %s: it must be next; without the flag it is the rehearsal's own version", value)
		}
		c.nextKubernetes = true
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
	if o, takes := operands[c.verb]; takes && (len(c.words) < o.min || o.most >= 0 && len(c.words) > o.most) {
		return fmt.Errorf("rehearse %s takes %d %s, %d are given", c.verb, o.min, o.what, len(c.words))
	}
	switch {
	case c.verb == "tools" || c.verb == "fidelity":
		return nil
	case !slices.Contains(stacks, c.stack):
		return fmt.Errorf("--stack %s: there is no Pulumi.%s.yaml; the stacks are %s", c.stack, c.stack, strings.Join(stacks, ", "))
	case c.verb == "pulumi" && len(c.rest) == 0:
		return fmt.Errorf("rehearse pulumi needs a command after --, such as: rehearse pulumi --stack %s -- stack history", c.stack)
	case slices.Contains(withoutPulumi, c.verb) && len(c.rest) > 0:
		return fmt.Errorf("%s takes no arguments for pulumi: %s", c.verb, strings.Join(c.rest, " "))
	}
	return nil
}
