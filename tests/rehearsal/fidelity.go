package rehearsal

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"text/tabwriter"

	"apim-azure/tests/rehearsal/azure/arm"
)

// Fidelity prints every rule the azure stand-in holds requests to, with its source and how sure it is, and the counts.
func Fidelity(w io.Writer) error {
	rules := slices.SortedFunc(slices.Values(arm.Rules()), func(a, b arm.Rule) int { return cmp.Compare(a.ID, b.ID) })
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(table, "RULE\tERROR CODE\tPROVENANCE\tSOURCE")
	counts := map[arm.Provenance]int{}
	for _, rule := range rules {
		counts[rule.Provenance]++
		_, _ = fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", rule.ID, rule.Code, rule.Provenance, rule.Source)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(w, "\n%d rules for %d resource types: %d observed, %d documented, %d assumed\n",
		len(rules), len(arm.Tokens()), counts[arm.Observed], counts[arm.Documented], counts[arm.Assumed])
	return err
}
