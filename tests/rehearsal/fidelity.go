package rehearsal

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"apim-azure/tests/rehearsal/azure/arm"
)

// behaviours are everything the stand-ins know or assume besides the rules of requests to Azure, sorted by ID.
func behaviours() []arm.Behaviour {
	all := slices.Concat(arm.Behaviours(), aroundTheCluster)
	slices.SortFunc(all, func(a, b arm.Behaviour) int { return cmp.Compare(a.ID, b.ID) })
	return all
}

// rules are the rules requests to Azure are held to, sorted by ID.
func rules() []arm.Rule {
	return slices.SortedFunc(slices.Values(arm.Rules()), func(a, b arm.Rule) int { return cmp.Compare(a.ID, b.ID) })
}

// count counts by provenance, in words.
func count(provenances []arm.Provenance) string {
	n := map[arm.Provenance]int{}
	for _, p := range provenances {
		n[p]++
	}
	return fmt.Sprintf("%d observed, %d documented, %d assumed", n[arm.Observed], n[arm.Documented], n[arm.Assumed])
}

// Fidelity prints every rule the azure stand-in holds requests to, and every other behaviour the stand-ins play, with their
// sources and how sure they are, and the counts.
func Fidelity(w io.Writer) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(table, "RULE\tERROR CODE\tPROVENANCE\tSOURCE")
	var ofRules, ofBehaviours []arm.Provenance
	for _, r := range rules() {
		ofRules = append(ofRules, r.Provenance)
		_, _ = fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", r.ID, r.Code, r.Provenance, r.Source)
	}
	_, _ = fmt.Fprintln(table, "\t\t\t\nBEHAVIOUR\t\tPROVENANCE\tSOURCE")
	for _, b := range behaviours() {
		ofBehaviours = append(ofBehaviours, b.Provenance)
		_, _ = fmt.Fprintf(table, "%s\t\t%s\t%s\n", b.ID, b.Provenance, b.Source)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(w, "\n%d rules for %d resource types: %s\n%d behaviours: %s\n",
		len(ofRules), len(arm.Tokens()), count(ofRules), len(ofBehaviours), count(ofBehaviours))
	return err
}

// confirmPage is docs/confirm.md: what a first real deployment should confirm.
func confirmPage() string {
	var b strings.Builder
	b.WriteString(`# What a first real deployment should confirm

<!-- Written by the tests of tests/rehearsal: UPDATE_GOLDEN=1 go test ./tests/rehearsal -run Confirm -->

The rehearsal holds the program to rules of Azure and plays behaviours of Azure and AKS. Each has a source: it was observed (an
error on record, a provider's source), is documented, or is assumed. ` + "`rehearse fidelity`" + ` prints all of them. This page lists what is
assumed, and how the first deployment to a subscription turns it into something observed: look, and put what you saw into the source
of the rule or behaviour.

## Behaviours

| assumed | how to confirm it |
|---|---|
`)
	minutes := 0
	for _, v := range behaviours() {
		switch {
		case v.Provenance != arm.Assumed:
		case strings.HasPrefix(v.ID, "minutes/"):
			minutes++
		default:
			fmt.Fprintf(&b, "| %s: %s | %s |\n", "`"+v.ID+"`", v.Text, v.Confirm)
		}
	}
	fmt.Fprintf(&b, "| `minutes/*`: how long creating, updating and deleting takes, %d types | `pulumi up` prints how long each resource took |\n", minutes)
	b.WriteString("\n## Rules\n\n| Azure refuses | with | how to confirm it |\n|---|---|---|\n")
	for _, r := range rules() {
		if r.Provenance == arm.Assumed {
			fmt.Fprintf(&b, "| `%s`: %s | `%s` | %s |\n", r.ID, r.Source, r.Code, r.Confirm)
		}
	}
	return b.String()
}
