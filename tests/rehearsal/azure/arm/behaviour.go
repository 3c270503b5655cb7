package arm

import (
	"fmt"
	"slices"
	"strings"
)

// Behaviour is something the simulation knows or assumes besides the rules of requests.
type Behaviour struct {
	ID         string // subject/what
	Text       string
	Source     string
	Provenance Provenance
	// Confirm says how a first real deployment turns it from assumed into observed; empty where nothing is assumed.
	Confirm string
}

// Behaviours returns them all, sorted by ID. Those of other stand-ins than this one are theirs to list.
func Behaviours() []Behaviour {
	out := slices.Concat(contract, propagating(), busyBehaviours(), leaving(), durations())
	slices.SortFunc(out, func(a, b Behaviour) int { return strings.Compare(a.ID, b.ID) })
	return out
}

// contract is azure-native's behaviour, and the kinds of Azure's that no type of its own declares.
var contract = []Behaviour{
	{"provider/create-refuses-what-exists",
		"a create looks first, and refuses a resource that is there; services and parameters that come with their parent " +
			"are adopted",
		"azure-native: CanCreate in its client", Observed, ""},
	{"provider/checkpoint",
		"a request that fails after Azure accepted it leaves the resource in the state with what a read shows; one that " +
			"fails before, or whose answer is lost, leaves nothing",
		"azure-native: the client reports whether a request was accepted", Observed, ""},
	{"provider/sends-again",
		"connection errors and the answers 408, 429, 500, 502, 503 and 504 are sent again three times, after 20, 60 and " +
			"120 seconds; so are the conflicts AnotherOperationInProgress and StorageAccountOperationInProgress; no other " +
			"refusal is",
		"azcore's retry policy with azure-native's settings; azure-native pull requests 3653 and 4497", Observed, ""},
	{"provider/retry-after",
		"the pause Azure asks for in Retry-After takes the place of azure-native's own; the rehearsal's Azure never asks",
		"azcore's retry policy", Assumed, "the provider's log at level 9 shows the pauses after a 429"},
	{"provider/full-put",
		"an update is a full PUT: what the program leaves out goes back to Azure's default, and what it ignores is sent " +
			"with the old value",
		"azure-native issues 1280 and 993", Observed, ""},
	{"provider/sub-resources-kept",
		"lists with resources of their own, such as a network's subnets or security rules, are carried over from Azure " +
			"when the program leaves them out",
		"azure-native: subresources that are maintained if unset", Observed, ""},
	{"provider/update-preview",
		"the preview of an update knows the inputs, the name and the location; every other output is unknown",
		"azure-native's Update", Observed, ""},
	{"provider/delete-first", "a replacement deletes first, unless the provider made the name up", "azure-native's Diff",
		Observed, ""},
	{"provider/refresh-inputs", "a refresh changes inputs only where Azure's answer differs from the earlier one",
		"azure-native's Read", Observed, ""},
	{"arm/write-only",
		"passwords, protected parameters and settings are never shown, so changes of them behind Pulumi's back can't be seen",
		"REST API", Documented, ""},
	{"arm/accepted-is-done",
		"Azure carries an accepted request out whether or not the client waits for it, and then it succeeds",
		"ARM's asynchronous operations; a failure after acceptance comes only from an injected fault", Assumed,
		"resume after the first interrupted deployment and look at the resources' provisioning states"},
	{"arm/references-settled", "a network resource can't refer to one that is changing (429 RetryableError, " +
		"ReferencedResourceNotProvisioned)", "azurerm issue 21293; azure-native issues 699 and 1024", Observed, ""},
	{"arm/delete-waits-for-users", "a delete is refused while something else depends on the resource; order matters",
		"ARM common errors", Observed, ""},
	{"arm/roles-go-at-once", "a deleted role assignment stops counting at once; Azure documents up to ten minutes",
		"learn: role-based-access-control/troubleshooting", Assumed,
		"delete a spare assignment and see for how long its holder still gets through"},
	{"arm/orphaned-assignments",
		"a role assignment outlives its principal, and a new identity of the same name isn't covered by it",
		"learn: role-based-access-control/troubleshooting", Documented, ""},
	{"arm/names-free-at-once",
		"the name of a deleted storage account, registry or database server can be used again at once, in this subscription",
		"learn: storage/common/storage-account-recover, for accounts", Assumed,
		"destroy and create the development stack under the same names and read the answers"},
	{"arm/new-address", "a public IP address that is created again has another address",
		"learn: virtual-network/ip-services/public-ip-addresses", Documented, ""},
	{"arm/no-limits", "there is no quota, capacity, policy or lock, and every size is offered everywhere", "left out", Assumed,
		"compare the subscription's usage and quotas with the program's sizes before the first update"},
}

func propagating() []Behaviour {
	var out []Behaviour
	for _, token := range Tokens() {
		t := Lookup(token)
		if t.Propagation == [2]float64{} {
			continue
		}
		out = append(out, Behaviour{"propagation/" + t.family(), fmt.Sprintf("a new one is known everywhere after %v to %v minutes", t.Propagation[0], t.Propagation[1]),
			"learn: role-based-access-control/troubleshooting names up to ten minutes; the figure is ours", Assumed,
			"the update's log shows how often it tried again after PrincipalNotFound or a missing permission, and for how long"})
	}
	return out
}

func busyBehaviours() []Behaviour {
	var out []Behaviour
	for armType, b := range busyTypes {
		what := "any"
		if armType != "" {
			what = strings.ToLower(armType[strings.LastIndex(armType, "/")+1:])
		}
		out = append(out, Behaviour{"one-at-a-time/" + what, b.text + " (" + b.code + ")", b.source, b.provenance, b.confirm})
	}
	return out
}

func leaving() []Behaviour {
	var out []Behaviour
	for _, token := range Tokens() {
		if t := Lookup(token); t.Remains != nil {
			out = append(out, Behaviour{"deleted/" + t.family(), t.Remains.Text, t.Remains.Source, t.Remains.Provenance, t.Remains.Confirm})
		}
	}
	return out
}

// durations are the minutes of every type. One is documented; the others are planned from public test runs of other tools.
func durations() []Behaviour {
	var out []Behaviour
	for _, token := range Tokens() {
		t := Lookup(token)
		b := Behaviour{
			ID:         "minutes/" + t.family(),
			Text:       fmt.Sprintf("creating takes %v minutes, updating %v, deleting %v", t.Minutes.Create, t.Minutes.Update, t.Minutes.Delete),
			Source:     "planned from the durations of azurerm's acceptance tests",
			Provenance: Assumed,
			Confirm:    "pulumi up prints how long each resource took; put the figure of the first deployment here",
		}
		if t.ARM == typeGateway {
			b.Source = "learn: application-gateway/application-gateway-faq, about six minutes to create; the others are planned"
		}
		out = append(out, b)
	}
	return out
}
