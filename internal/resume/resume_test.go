package resume

import (
	"context"
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

const killed = `{"version": 3, "deployment": {"manifest": {"magic": 12345678901234567890},
  "resources": [{"type": "pulumi:providers:azure-native", "urn": "provider", "inputs": {"subscriptionId": "11111111-2222-3333-4444-555555555555"}}],
  "pending_operations": [
    {"type": "creating", "resource": {"urn": "subnet", "type": "azure-native:network:Subnet", "custom": true,
      "inputs": {"resourceGroupName": "group", "virtualNetworkName": "net", "subnetName": "aks"}}},
    {"type": "updating", "resource": {"urn": "vnet", "type": "azure-native:network:VirtualNetwork", "inputs": {}}},
    {"type": "creating", "resource": {"urn": "anm", "type": "kubernetes:apps/v1:Deployment",
      "inputs": {"metadata": {"name": "anm", "namespace": "apim"}}}},
    {"type": "creating", "resource": {"urn": "namespace", "type": "kubernetes:core/v1:Namespace", "inputs": {"metadata": {"name": "apim"}}}},
    {"type": "creating", "resource": {"urn": "release", "type": "kubernetes:helm.sh/v3:Release", "inputs": {"name": "agic", "namespace": "ingress"}}},
    {"type": "creating", "resource": {"urn": "password", "type": "random:index/randomPassword:RandomPassword", "inputs": {"length": 32}}}
  ]}}`

// cli plays the CLI on one state; refresh is what a refresh makes of it, and ups are what the updates end with: "" is a success, as is
// any after the last.
type cli struct {
	state    string
	refresh  func(*state)
	ups      []string
	failing  int // refreshes that fail
	fails    string
	events   string // of an update in JSON, which ends like the others
	kept     string
	commands []string
}

func (c *cli) run(_ context.Context, input []byte, args ...string) (string, int, error) {
	c.commands = append(c.commands, strings.Join(args, " "))
	switch strings.Join(args[:min(2, len(args))], " ") {
	case "stack export":
		return c.state, 0, nil
	case "stack import":
		c.state = string(input)
	case "up --yes":
		if len(c.ups) > 0 {
			said := c.ups[0]
			c.ups = c.ups[1:]
			if said != "" && slices.Contains(args, "--json") {
				return c.events + diagnostic(said), 255, nil
			}
			if said != "" {
				return said, 255, nil
			}
		}
	case "refresh --yes":
		if c.failing--; c.failing >= 0 {
			return c.fails, 255, nil
		}
		s, err := readState([]byte(c.state))
		if err != nil {
			return err.Error(), 1, nil
		}
		c.refresh(s)
		changed, err := s.write()
		c.state = string(changed)
		return "", 0, err
	}
	return "", 0, nil
}

// diagnostic is an error among the events of an update.
func diagnostic(said string) string {
	line, _ := json.Marshal(map[string]any{"diagnosticEvent": map[string]any{"severity": "error", "message": said + "\n"}})
	return string(line) + "\n"
}

// resume runs the package on the CLI without waiting.
func (c *cli) resume(t *testing.T) error {
	t.Helper()
	keep := func(state []byte) (string, error) { c.kept = string(state); return "a file", nil }
	return (&resumption{c.run, keep, t.Logf, func(context.Context, time.Duration) error { return nil }}).run(t.Context())
}

// exist lets a refresh find these and give them outputs; what else was adopted is dropped.
func exist(live map[string]map[string]any) func(*state) {
	return func(s *state) {
		s.deployment["resources"] = slices.DeleteFunc(s.resources(), func(entry any) bool {
			r := entry.(map[string]any)
			if r["outputs"] != nil || r["type"] == "pulumi:providers:azure-native" {
				return false
			}
			outputs, found := live[r["urn"].(string)]
			if found {
				r["outputs"], r["inputs"] = outputs, map[string]any{"addedByAzure": true, "password": "kept"}
			}
			return !found
		})
	}
}

func (c *cli) resources(t *testing.T) map[string]map[string]any {
	t.Helper()
	var stack struct {
		Deployment struct {
			Resources []map[string]any
			Pending   []any `json:"pending_operations"`
		}
	}
	if err := json.Unmarshal([]byte(c.state), &stack); err != nil {
		t.Fatal(err)
	}
	if len(stack.Deployment.Pending) > 0 {
		t.Errorf("%d operations are still under way", len(stack.Deployment.Pending))
	}
	out := map[string]map[string]any{}
	for _, r := range stack.Deployment.Resources {
		out[r["urn"].(string)] = r
	}
	return out
}

func TestCreationsUnderWayAreLookedUpByTheIDsTheirInputsLeadTo(t *testing.T) {
	c := &cli{state: killed, refresh: func(*state) {}}
	if err := c.resume(t); err != nil {
		t.Fatal(err)
	}
	got := map[string]any{}
	for urn, r := range c.resources(t) {
		got[urn] = r["id"]
	}
	want := map[string]any{
		"provider":  nil,
		"subnet":    "/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/group/providers/Microsoft.Network/virtualNetworks/net/subnets/aks",
		"anm":       "apim/anm",
		"namespace": "apim",
		"release":   "ingress/agic",
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("looked up %v, want %v", got, want)
	}
	steps := []string{"cancel --yes", "stack export", "stack export", "stack import", "refresh --yes --skip-preview", "stack export", "stack import", "up --yes --skip-preview"}
	if !slices.Equal(c.commands, steps) {
		t.Errorf("ran %v, want %v", c.commands, steps)
	}
	if !strings.Contains(c.state, "12345678901234567890") {
		t.Error("a large number lost digits on the way")
	}
	if c.kept != killed {
		t.Errorf("the copy that is kept is %s", c.kept)
	}
}

func TestOnlyWhatCameUpWholeGetsItsOwnInputsBack(t *testing.T) {
	for provisioned, restored := range map[string]bool{"Succeeded": true, "Failed": false, "": true} {
		c := &cli{state: killed, refresh: func(s *state) {
			for _, entry := range s.deployment["resources"].([]any) {
				if r := entry.(map[string]any); r["urn"] == "subnet" {
					r["inputs"] = map[string]any{"addedByAzure": true}
					if provisioned != "" {
						r["outputs"] = map[string]any{"provisioningState": provisioned}
					}
				}
			}
		}}
		if err := c.resume(t); err != nil {
			t.Fatal(err)
		}
		inputs := c.resources(t)["subnet"]["inputs"].(map[string]any)
		if _, own := inputs["subnetName"]; own != restored {
			t.Errorf("provisioningState %q: the inputs are %v", provisioned, inputs)
		}
	}
}

func TestAFailedStepEndsTheResumeWithWhatPulumiSaid(t *testing.T) {
	failing := func(context.Context, []byte, ...string) (string, int, error) {
		return "error: no stack selected\n", 255, nil
	}
	keep := func([]byte) (string, error) { return "", nil }
	err := Run(t.Context(), failing, keep, t.Logf)
	if err == nil || !strings.Contains(err.Error(), "pulumi stack ended with exit code 255: error: no stack selected") {
		t.Errorf("got %v", err)
	}
}

const subnetID = "/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/group/providers/Microsoft.Network/virtualNetworks/net/subnets/aks"

const poolID = "/subscriptions/s/resourceGroups/group/providers/Microsoft.ContainerService/managedClusters/cluster/agentPools/"

// replacing is a stack killed while it created a pool in place of another, which a cluster role depends on.
func replacing(mark string) string {
	return `{"version": 3, "deployment": {"resources": [
    {"type": "pulumi:providers:azure-native", "urn": "provider", "id": "p", "inputs": {"subscriptionId": "s"}},
    {"urn": "pool", "id": "` + poolID + `old", "type": "azure-native:containerservice:AgentPool", "custom": true, "outputs": {}` + mark + `},
    {"urn": "user", "id": "u", "outputs": {}, "dependencies": ["pool"]}],
  "pending_operations": [{"type": "creating", "resource": {"urn": "pool", "type": "azure-native:containerservice:AgentPool", "custom": true,
    "inputs": {"resourceGroupName": "group", "resourceName": "cluster", "agentPoolName": "new", "tags": {"stack": "dev"}}}}]}}`
}

func TestAReplacementThatWasUnderWayStandsBesideWhatItReplaces(t *testing.T) {
	old, created := poolID+"old", poolID+"new"
	for _, c := range []struct {
		says, mark string
		live       map[string]map[string]any
		want       []any // the IDs, in order; marked for deletion with !
		fails      bool
	}{
		{"it was created", "", map[string]map[string]any{"pool": {"tags": map[string]any{"stack": "dev"}}}, []any{"p", created, "!" + old, "u"}, false},
		{"it wasn't", "", nil, []any{"p", old, "u"}, false},
		{"it is somebody else's", "", map[string]map[string]any{"pool": {}}, []any{"p", old, "u"}, true},
		{"the old one was deleted first and it was created", `, "pendingReplacement": true`, map[string]map[string]any{"pool": {"tags": map[string]any{"stack": "dev"}}}, []any{"p", created, "u"}, false},
		{"the old one was deleted first and it wasn't", `, "pendingReplacement": true`, nil, []any{"p", "u"}, false},
		{"the old one was deleted first and somebody else's is there", `, "pendingReplacement": true`, map[string]map[string]any{"pool": {}}, []any{"p", old, "u"}, true},
	} {
		t.Run(c.says, func(t *testing.T) {
			cli := &cli{state: replacing(c.mark), refresh: exist(c.live)}
			if err := cli.resume(t); (err != nil) != c.fails {
				t.Fatal(err)
			}
			s, err := readState([]byte(cli.state))
			if err != nil {
				t.Fatal(err)
			}
			var got []any
			for _, entry := range s.resources() {
				r := entry.(map[string]any)
				if id := r["id"]; r["delete"] == true {
					got = append(got, "!"+id.(string))
				} else {
					got = append(got, id)
				}
			}
			if !reflect.DeepEqual(got, c.want) {
				t.Errorf("the state has %v, want %v", got, c.want)
			}
		})
	}
}

func TestWhatTheStateHasIsNotAdoptedTwice(t *testing.T) {
	cli := &cli{state: strings.ReplaceAll(replacing(""), poolID+"old", strings.ToUpper(poolID+"new")), refresh: exist(nil)}
	if err := cli.resume(t); err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(cli.state, `"urn":"pool"`); n != 1 {
		t.Errorf("the pool is there %d times", n)
	}
}

// lost is a stack whose update ran into what an earlier one had created without learning of it.
const lost = `{"version": 3, "deployment": {"resources": [
  {"type": "pulumi:providers:azure-native", "urn": "provider", "id": "p", "inputs": {"subscriptionId": "11111111-2222-3333-4444-555555555555"}}]}}`

// wanted are the events of creations that failed.
const wanted = `{"preludeEvent": {}}
{"resOpFailedEvent": {"metadata": {"op": "create", "new": {"urn": "subnet", "type": "azure-native:network:Subnet", "custom": true, "provider": "provider::p", "outputs": {"id": "x"}, "inputs": {"resourceGroupName": "group", "virtualNetworkName": "net", "subnetName": "aks", "password": {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "ciphertext": "[secret]"}, "natGateway": {"id": "04da6b54-80e4-46f7-96ec-b56ff0331ba9"}, "tags": {"stack": "dev"}}}}}}
{"resOpFailedEvent": {"metadata": {"op": "create", "new": {"urn": "other", "type": "azure-native:network:Subnet", "custom": true, "provider": "provider::p", "inputs": {"resourceGroupName": "group", "virtualNetworkName": "net", "subnetName": "data"}}}}}
{"resOpFailedEvent": {"metadata": {"op": "create", "new": {"urn": "anm", "type": "kubernetes:apps/v1:Deployment", "custom": true, "provider": "provider::p", "inputs": {"metadata": {"name": "anm", "namespace": "apim", "labels": {"app": "anm"}}}}}}}
{"resOpFailedEvent": {"metadata": {"op": "create", "new": {"urn": "anm-service", "type": "kubernetes:core/v1:Service", "custom": true, "provider": "provider::p", "inputs": {"metadata": {"name": "anm", "namespace": "apim"}}}}}}
{"resOpFailedEvent": {"metadata": {"op": "create", "new": {"urn": "policy", "type": "kubernetes:networking.k8s.io/v1:NetworkPolicy", "custom": true, "provider": "later::04da6b54-80e4-46f7-96ec-b56ff0331ba9", "inputs": {"metadata": {"name": "anm", "namespace": "apim"}}}}}}
Resources: none of the events
`

const ranInto = `  azure-native:network:Subnet (aks):
    error: cannot create already existing resource '` + subnetID + `'
  kubernetes:apps/v1:Deployment (anm):
    error: resource "urn" was not successfully created by the Kubernetes API server: deployments.apps "anm" already exists
    error: networkpolicies.networking.k8s.io "anm" already exists`

func TestWhatAnUpdateRunsIntoIsTakenInIfItIsTheStacksOwn(t *testing.T) {
	c := &cli{state: lost, events: wanted, ups: []string{ranInto, ranInto, ""}, refresh: exist(map[string]map[string]any{
		"subnet": {"tags": map[string]any{"stack": "dev", "by": "policy"}, "provisioningState": "Succeeded"},
		"anm":    {"metadata": map[string]any{"labels": map[string]any{"app": "anm"}}},
	})}
	if err := c.resume(t); err != nil {
		t.Fatal(err)
	}
	got := c.resources(t)
	if len(got) != 3 || got["subnet"]["id"] != subnetID || got["anm"]["id"] != "apim/anm" {
		t.Errorf("the state has %v", got)
	}
	want := map[string]any{"resourceGroupName": "group", "virtualNetworkName": "net", "subnetName": "aks", "password": "kept", "tags": map[string]any{"stack": "dev"}}
	if !reflect.DeepEqual(got["subnet"]["inputs"], want) {
		t.Errorf("the subnet's inputs are %v, want %v", got["subnet"]["inputs"], want)
	}
	if strings.Contains(c.state, hidden) || strings.Contains(c.state, unknown) {
		t.Error("what a plan writes for hidden values is in the state")
	}
	if !slices.Contains(c.commands, "refresh --yes --skip-preview --target subnet --target anm") {
		t.Errorf("ran %v", c.commands)
	}
}

func TestWhatBelongsToSomebodyElseIsLeftAloneAndNamed(t *testing.T) {
	c := &cli{state: lost, events: wanted, ups: []string{ranInto, ranInto, ranInto}, refresh: exist(map[string]map[string]any{
		"subnet": {"tags": map[string]any{"stack": "prod"}},
		"anm":    {"metadata": map[string]any{"labels": map[string]any{"app": "other"}}},
	})}
	err := c.resume(t)
	if err == nil || !strings.Contains(err.Error(), subnetID) || !strings.Contains(err.Error(), "apim/anm") || !strings.Contains(err.Error(), "somebody else's") {
		t.Errorf("got %v", err)
	}
	if got := c.resources(t); len(got) != 1 {
		t.Errorf("the state has %v", got)
	}
}

func TestAnUpdateThatFailsForAnotherReasonEndsTheResume(t *testing.T) {
	for _, said := range []string{
		`error: Status=400 Code="InvalidParameter"`,
		"error: cannot create already existing resource '/subscriptions/somewhere/else'",
	} {
		c := &cli{state: lost, events: wanted, ups: []string{said, said}, refresh: exist(nil)}
		if err := c.resume(t); err == nil || !strings.Contains(err.Error(), said) {
			t.Errorf("got %v, want %s", err, said)
		}
	}
}

func TestAnUpdateThatRunsIntoThingsNobodyFindsEndsTheResume(t *testing.T) {
	c := &cli{state: lost, events: wanted, ups: []string{ranInto, ranInto, ranInto}, refresh: exist(nil)}
	if err := c.resume(t); err == nil || !strings.Contains(err.Error(), "already exists") || len(c.ups) != 1 {
		t.Errorf("got %v, with %d updates to go", err, len(c.ups))
	}
}

func TestARefreshOutlastsAnAPIServerThatIsAway(t *testing.T) {
	for _, c := range []struct {
		says    string
		failing int
		fails   bool
	}{
		{"the server is currently unable to handle the request", tries - 1, false},
		{"the server is currently unable to handle the request", tries, true},
		{"configured Kubernetes cluster is unreachable: unable to load schema information from the API server", 1, false},
		{"Status=403 Code=\"AuthorizationFailed\"", 1, true},
	} {
		cli := &cli{state: lost, refresh: exist(nil), failing: c.failing, fails: "error: " + c.says + "\n"}
		if err := cli.resume(t); (err != nil) != c.fails {
			t.Errorf("after %d times %q: %v", c.failing, c.says, err)
		}
	}
}

func TestQuietCommandsAreThoseForThisPackageOnly(t *testing.T) {
	for command, quiet := range map[string]bool{"stack export": true, "stack import": true, "up --yes --json": true, "up --yes": false, "refresh --yes": false, "cancel --yes": false} {
		if Quiet(strings.Fields(command)) != quiet {
			t.Errorf("%s is quiet: %v", command, !quiet)
		}
	}
}

func TestAReplacementThatWasLostStandsBesideWhatItReplaces(t *testing.T) {
	const state = `{"version": 3, "deployment": {"resources": [
    {"type": "pulumi:providers:azure-native", "urn": "provider", "id": "p", "inputs": {"subscriptionId": "s"}},
    {"urn": "pool", "id": "` + poolID + `old", "type": "azure-native:containerservice:AgentPool", "custom": true, "outputs": {}}]}}`
	const events = `{"resOpFailedEvent": {"metadata": {"op": "create-replacement", "new": {"urn": "pool", "id": "", "type": "azure-native:containerservice:AgentPool", "custom": true, ` +
		`"provider": "provider::p", "inputs": {"resourceGroupName": "group", "resourceName": "cluster", "agentPoolName": "new"}}}}}` + "\n"
	said := "error: cannot create already existing resource '" + poolID + "new'"
	c := &cli{state: state, events: events, ups: []string{said, said}, refresh: exist(map[string]map[string]any{"pool": {}})}
	if err := c.resume(t); err != nil {
		t.Fatal(err)
	}
	s, err := readState([]byte(c.state))
	if err != nil {
		t.Fatal(err)
	}
	created, old := s.resources()[1].(map[string]any), s.resources()[2].(map[string]any)
	if created["id"] != poolID+"new" || created["delete"] == true || old["id"] != poolID+"old" || old["delete"] != true {
		t.Errorf("the state has %v and %v", created, old)
	}
}

func TestAReleaseThatHelmAlreadyHasIsTakenIn(t *testing.T) {
	const said = "error: cannot re-use a name that is still in use"
	const events = `{"resOpFailedEvent": {"metadata": {"op": "create", "new": {"urn": "controller", "type": "kubernetes:helm.sh/v3:Release", "custom": true, ` +
		`"provider": "provider::p", "inputs": {"name": "agic", "namespace": "ingress", "values": {}}}}}}` + "\n"
	c := &cli{state: lost, events: events, ups: []string{said, said, ""}, refresh: exist(map[string]map[string]any{"controller": {}})}
	if err := c.resume(t); err != nil {
		t.Fatal(err)
	}
	if got := c.resources(t); got["controller"]["id"] != "ingress/agic" {
		t.Errorf("the state has %v", got)
	}
}
