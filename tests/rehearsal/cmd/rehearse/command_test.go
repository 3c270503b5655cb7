package main

import (
	"bytes"
	"os"
	"reflect"
	"strings"
	"testing"
)

var stacks = []string{"dev", "prod"}

func TestFlagsMayStandBeforeOrAfterTheVerb(t *testing.T) {
	want := command{
		verb: "up", stack: "prod", stage: "platform", timeScale: 60, standIns: []string{"azure", "tls"}, rest: []string{"--diff", "up"},
	}
	for name, line := range map[string]string{
		"before":           "--stack prod --stage platform --time-scale 60 --stand-ins azure,tls up -- --diff up",
		"after":            "up --stack prod --stage platform --time-scale 60 --stand-ins azure,tls -- --diff up",
		"on both sides":    "--stack prod up --stage=platform --time-scale=60 --stand-ins=azure,tls -- --diff up",
		"with one hyphen":  "-stack prod up -stage platform -time-scale 60 -stand-ins azure,tls -- --diff up",
		"in another order": "--stand-ins azure,tls --time-scale 60 up --stage platform --stack=prod -- --diff up",
	} {
		t.Run(name, func(t *testing.T) {
			got, err := parse(strings.Fields(line), stacks)
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(got, want) {
				t.Errorf("got %+v", got)
			}
		})
	}
}

func TestTheStageDecidesAboutTheWorkloadsAndElseTheFileDoes(t *testing.T) {
	for line, want := range map[string]map[string]any{
		"up --stack dev":                   nil,
		"up --stack dev --stage platform":  {"workloads.enabled": false},
		"up --stack dev --stage workloads": {"workloads.enabled": true},
	} {
		c, err := parse(strings.Fields(line), stacks)
		if err != nil {
			t.Fatal(err)
		}
		if got := c.overrides(); !reflect.DeepEqual(got, want) {
			t.Errorf("%s: overrides are %v", line, got)
		}
	}
}

func TestMistakesAreNamedWithTheWayOut(t *testing.T) {
	for line, want := range map[string]string{
		"--stack dev":                        "the verbs are preview, up",
		"upp --stack dev":                    `no verb "upp"`,
		"up --stack test":                    "no Pulumi.test.yaml; the stacks are dev, prod",
		"up --stack":                         "--stack needs a value",
		"up --stack dev --stage all":         "platform or workloads",
		"up --stack dev --time-scale fast":   "0 or more",
		"up --stack dev --time-scale -1":     "0 or more",
		"up --stack dev --time-scale NaN":    "0 or more",
		"up --stack dev --kubernetes 1.37":   "it must be next",
		"up --stack dev --stand-ins aws":     "azure, kubernetes, random, tls",
		"up --stack dev --stand-ins=":        "azure, kubernetes, random, tls",
		"up --stack dev --fault create":      "write CALL:TYPE",
		"up --stack dev --diff x":            "flags for pulumi go after --",
		"preview --stack dev --diff":         "no flag --diff; see --help; flags for pulumi go after --",
		"up preview --stack dev":             "after the verb up",
		"pulumi --stack dev":                 "needs a command after --",
		"manifests --stack dev -- --verbose": "takes no arguments",
		"resume --stack dev -- --diff":       "takes no arguments",
	} {
		t.Run(line, func(t *testing.T) {
			_, err := parse(strings.Fields(line), stacks)
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("error is %v, want one with %q", err, want)
			}
		})
	}
}

func TestTheNextKubernetesMinorIsOnlyRunWhenAskedFor(t *testing.T) {
	for line, want := range map[string]bool{
		"up": false, "tools": false, "up --kubernetes next": true, "tools --kubernetes=next": true, "--kubernetes next pods": true,
	} {
		c, err := parse(strings.Fields(line), stacks)
		if err != nil || c.nextKubernetes != want {
			t.Errorf("%s: %v, %v; want %v", line, c.nextKubernetes, err, want)
		}
	}
}

func TestHelpNamesEveryVerbAndIsNotTakenFromPulumisArguments(t *testing.T) {
	var out bytes.Buffer
	if code, err := run([]string{"up", "--help"}, os.Stdin, &out, &out); code != 0 || err != nil {
		t.Fatal(code, err)
	}
	for _, verb := range verbs {
		if !strings.Contains(out.String(), "\n  "+verb+" ") {
			t.Errorf("--help does not explain %s", verb)
		}
	}
	if help(strings.Fields("pulumi --stack dev -- up --help")) {
		t.Error("pulumi's --help is taken for ours")
	}
}

func TestTheStackIsDevUnlessSaidOtherwise(t *testing.T) {
	stacks := []string{"dev", "prod"}
	for line, want := range map[string]string{"up": "dev", "pulumi -- stack ls": "dev", "up --stack prod": "prod"} {
		c, err := parse(strings.Fields(line), stacks)
		if err != nil || c.stack != want {
			t.Errorf("%s: stack %q, %v; want %s", line, c.stack, err, want)
		}
	}
	if _, err := parse([]string{"up"}, []string{"prod"}); err == nil || !strings.Contains(err.Error(), "the stacks are prod") {
		t.Errorf("without a dev stack: %v", err)
	}
}
