package engine_test

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"apim-azure/tests/golden"
)

// TestTheWholeLifeOfAStack takes dev and prod from nothing to nothing: each stage up, an empty second preview, a refresh that
// finds no drift, a destroy that is refused while the stack is protected, and one that succeeds.
func TestTheWholeLifeOfAStack(t *testing.T) {
	for _, stack := range []string{"dev", "prod"} {
		t.Run(stack, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, stack, platform)
			for _, s := range r.preview() {
				if s.Op != "create" {
					t.Errorf("the first preview wants to %s %s", s.Op, s.name())
				}
			}
			if n, err := r.Resources(context.Background()); err != nil || n > 0 {
				t.Fatalf("the preview left %d resources behind (%v)", n, err)
			}
			for _, s := range []stage{platform, workloads} {
				r.configure(s)
				r.up()
				r.pulumi("preview", "--expect-no-changes")
				checkNoDrift(r)
				r.pulumi("preview", "--expect-no-changes")
			}
			golden.Compare(t, stack+"-outputs.json", outputs(r), "CI reads these outputs: a changed name or shape breaks pipelines.")
			stored := r.export(false)
			checkSecrets(t, r.export(true), stored)
			checkKubernetesSecrets(t, stored)

			refused := r.try("destroy", "--yes")
			if text := refused.Stdout + refused.Stderr; refused.Code == 0 || !strings.Contains(text, "because it is protected") || !strings.Contains(text, "`protect` flag") {
				t.Fatalf("destroying a protected stack ended with %d:\n%s", refused.Code, tail(text))
			}
			r.pulumi("preview", "--expect-no-changes")

			r.destroy()
		})
	}
}

// othersOwn are the properties that others write and the program leaves to them: once the pools are there, AKS lists all of them on
// the cluster too; AGIC writes the gateway's routes.
var othersOwn = map[string][]string{
	"cluster": {"agentPoolProfiles"},
	"gateway-gateway": {
		"backendAddressPools", "backendHttpSettingsCollection", "frontendPorts", "httpListeners", "probes", "redirectConfigurations",
		"requestRoutingRules", "rewriteRuleSets", "sslCertificates", "tags", "trustedRootCertificates", "urlPathMaps",
	},
}

// checkNoDrift refreshes: nothing may have changed but what others own, and a second refresh finds nothing at all.
func checkNoDrift(r rig) {
	r.t.Helper()
	for _, s := range r.steps("refresh", "--preview-only", "--json") {
		for property := range s.DetailedDiff {
			if !slices.ContainsFunc(othersOwn[s.name()], func(owned string) bool { return strings.HasPrefix(property, owned) }) {
				r.t.Errorf("the refresh finds drift: %s of %s", property, s.name())
			}
		}
		if len(s.DetailedDiff) == 0 {
			r.t.Errorf("the refresh wants to %s %s and does not say what changed", s.Op, s.name())
		}
	}
	r.pulumi("refresh", "--yes", "--skip-preview")
	r.pulumi("refresh", "--yes", "--skip-preview", "--expect-no-changes")
}

// outputs are the stack's outputs with what differs between runs blanked.
func outputs(r rig) string {
	r.t.Helper()
	var values map[string]any
	if err := json.Unmarshal([]byte(r.pulumi("stack", "output", "--json").Stdout), &values); err != nil {
		r.t.Fatal(err)
	}
	text, err := json.MarshalIndent(values, "", "  ")
	if err != nil {
		r.t.Fatal(err)
	}
	for pattern, blank := range map[string]string{
		`(apim-?(?:dev|prod)-?(?:mysql-|events|logs|))[a-z0-9]{6}\b`: `${1}SUFFIX`,
		`https://[^"]*prod-aks[^"]*`:                                 "OIDC-ISSUER",
	} {
		text = regexp.MustCompile(pattern).ReplaceAll(text, []byte(blank))
	}
	return string(text) + "\n"
}

// checkSecrets compares the state with secrets shown with the state as it is stored: no secret value may be in the latter.
func checkSecrets(t *testing.T, revealed, stored string) {
	t.Helper()
	var shown struct {
		Deployment struct {
			Resources []struct {
				Type    string
				Outputs map[string]any
			}
		}
	}
	if err := json.Unmarshal([]byte(revealed), &shown); err != nil {
		t.Fatal(err)
	}
	found := map[string]int{}
	for _, res := range shown.Deployment.Resources {
		for _, property := range secretOutputs[res.Type] {
			for _, secret := range texts(reveal(res.Outputs[property])) {
				found[res.Type]++
				quoted, _ := json.Marshal(secret)
				if strings.Contains(stored, strings.Trim(string(quoted), `"`)) {
					t.Errorf("%s of a %s is in the state in clear: %.8s...", property, res.Type, secret)
				}
			}
		}
	}
	for resourceType := range secretOutputs {
		if found[resourceType] == 0 {
			t.Errorf("no secret of type %s is in the state: this test is not testing anything", resourceType)
		}
	}
}

// checkKubernetesSecrets looks at the stored state: all contents of a Kubernetes Secret must be inside an envelope.
func checkKubernetesSecrets(t *testing.T, stored string) {
	t.Helper()
	var state struct {
		Deployment struct {
			Resources []struct {
				Type, URN       string
				Inputs, Outputs map[string]any
			}
		}
	}
	if err := json.Unmarshal([]byte(stored), &state); err != nil {
		t.Fatal(err)
	}
	const signature = "4dabf18193072939515e22adb298388d"
	contents := 0
	for _, res := range state.Deployment.Resources {
		if res.Type != "kubernetes:core/v1:Secret" {
			continue
		}
		for _, side := range []map[string]any{res.Inputs, res.Outputs} {
			for _, field := range []string{"stringData", "data"} {
				values, present := side[field].(map[string]any)
				if !present || values[signature] != nil {
					contents++
					continue
				}
				for key, value := range values {
					if envelope, ok := value.(map[string]any); !ok || envelope[signature] == nil {
						t.Errorf("%s: %s.%s is in the state in clear", res.URN, field, key)
					}
				}
			}
		}
	}
	if contents == 0 {
		t.Error("there is no Kubernetes Secret in the state: this test is not testing anything")
	}
}

// secretOutputs are the outputs whose every text is a secret.
var secretOutputs = map[string][]string{
	"random:index/randomPassword:RandomPassword": {"result", "bcryptHash"},
	"tls:index/privateKey:PrivateKey":            {"privateKeyPem", "privateKeyOpenssh", "privateKeyPemPkcs8"},
	"pulumi:pulumi:Stack":                        {"kubeconfig", "adminSshKey"},
	"pulumi:providers:kubernetes":                {"kubeconfig"},
}

// reveal opens the engine's secret envelopes.
func reveal(v any) any {
	if envelope, ok := v.(map[string]any); ok {
		if text, ok := envelope["plaintext"].(string); ok {
			var inner any
			if json.Unmarshal([]byte(text), &inner) == nil {
				return inner
			}
		}
	}
	return v
}

// texts are all texts inside a value.
func texts(v any) []string {
	var out []string
	switch v := reveal(v).(type) {
	case string:
		if v != "" {
			out = append(out, v)
		}
	case map[string]any:
		for _, e := range v {
			out = append(out, texts(e)...)
		}
	case []any:
		for _, e := range v {
			out = append(out, texts(e)...)
		}
	}
	return out
}

// TestTheOtherTopologyLivesToo takes a region without zones, the load balancer and a second gateway group from nothing to nothing.
func TestTheOtherTopologyLivesToo(t *testing.T) {
	t.Parallel()
	r := newRig(t, "prod", workloads.with(stage{
		"azure.location": "northcentralus", "ingress.controller": "loadBalancer",
		"aks.apimPool.vmSize":      "Standard_D8s_v5",
		"workloads.groups[1].name": "partners", "workloads.groups[1].image": "apim/partners:7.7.20260831-1",
	}))
	r.up()
	r.pulumi("preview", "--expect-no-changes")
	r.destroy()
}

// TestChangesTouchWhatTheyMust previews changes of a running stack.
func TestChangesTouchWhatTheyMust(t *testing.T) {
	t.Parallel()
	r := newRig(t, "prod", workloads)
	r.up()

	t.Run("a tag updates and replaces nothing", func(t *testing.T) {
		r := r.in(t)
		r.configure(workloads.with(stage{"azure.tags.owner": "platform"}))
		steps := r.preview()
		for _, s := range steps {
			if s.Op != "update" {
				t.Errorf("a tag change wants to %s %s", s.Op, s.name())
			}
		}
		if len(steps) < 30 {
			t.Errorf("%d resources get the new tag", len(steps))
		}
		r.up()
		r.pulumi("preview", "--expect-no-changes")
	})

	tagged := workloads.with(stage{"azure.tags.owner": "platform"})
	for _, change := range []struct {
		name string
		set  stage
	}{
		{"another VM size", stage{"aks.apimPool.vmSize": "Standard_D8s_v5"}},
		{"another disk", stage{"aks.apimPool.osDiskGB": 256}},
	} {
		t.Run("a pool with "+change.name+" comes up before the old one goes", func(t *testing.T) {
			r := r.in(t)
			r.configure(tagged.with(change.set))
			for _, s := range r.preview() {
				if s.name() != "cluster-apimpool" || s.Op != "replace" {
					t.Errorf("the change wants to %s %s", s.Op, s.name())
				}
			}
			since := len(r.requests(0))
			r.up()
			var order []string
			for _, request := range r.requests(since) {
				verb, rest, _ := strings.Cut(request, " ")
				if strings.HasPrefix(rest, "azure-native:containerservice:") {
					order = append(order, verb)
				}
			}
			if want := []string{"create", "delete"}; !slices.Equal(order, want) {
				t.Errorf("the cluster's service got %v, want %v", order, want)
			}
			r.pulumi("preview", "--expect-no-changes")
		})
	}

	t.Run("another Cassandra release updates the nodes' configuration only", func(t *testing.T) {
		r := r.in(t)
		r.configure(tagged.with(stage{
			"aks.apimPool.osDiskGB": 256,
			"cassandra.artifactUrl": "https://mirror.example.com/cassandra.tar.gz", "cassandra.artifactSha512": strings.Repeat("ab", 64),
		}))
		var names []string
		for _, s := range r.preview() {
			if s.Op != "update" {
				t.Errorf("the change wants to %s %s", s.Op, s.name())
			}
			names = append(names, s.name())
		}
		slices.Sort(names)
		if want := []string{"cassandra-1-configure", "cassandra-2-configure", "cassandra-3-configure"}; !slices.Equal(names, want) {
			t.Errorf("the change touches %v, want %v", names, want)
		}
		r.up()
	})
}

// TestBadConfigurationsAreRefusedByTheEngineBeforeAnythingIsRegistered runs a few of the program ring's cases for real.
func TestBadConfigurationsAreRefusedByTheEngineBeforeAnythingIsRegistered(t *testing.T) {
	t.Parallel()
	r := newRig(t, "prod", platform)
	for _, bad := range []struct {
		set  stage
		want []string
	}{
		{stage{"aks.maxPod": 30}, []string{"aks.maxPod", "aks.maxPods"}},
		{stage{"azure.location": "westeurop"}, []string{"azure.location: westeurop", "westeurope"}},
		{stage{"jumpHost.adminCidrs": []any{"0.0.0.0/0"}, "network.addressSpace": "10.0.0.0/25"}, []string{"jumpHost.adminCidrs", "network.addressSpace"}},
	} {
		t.Run(fmt.Sprint(bad.set), func(t *testing.T) {
			r := r.in(t)
			r.configure(platform.with(bad.set))
			result := r.try("preview")
			for _, want := range bad.want {
				if result.Code == 0 || !strings.Contains(result.Stdout+result.Stderr, want) {
					t.Errorf("exit code %d, and %q should be in the message:\n%s", result.Code, want, tail(result.Stdout+result.Stderr))
				}
			}
			if n, err := r.Resources(context.Background()); err != nil || n > 0 {
				t.Errorf("%d resources were registered (%v)", n, err)
			}
		})
	}
}
