package rehearsal

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"apim-azure/tests/rehearsal/azure/arm"
)

func TestThePageOfWhatToConfirmIsTrue(t *testing.T) {
	const page = "../../docs/confirm.md"
	want := confirmPage()
	if os.Getenv("UPDATE_GOLDEN") != "" {
		if err := os.WriteFile(page, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != want {
		t.Errorf("%s is stale: run UPDATE_GOLDEN=1 go test ./tests/rehearsal -run Confirm", page)
	}
}

func TestEverythingAssumedSaysHowToConfirmIt(t *testing.T) {
	seen := map[string]bool{}
	for _, b := range behaviours() {
		if seen[b.ID] {
			t.Errorf("%s is listed twice", b.ID)
		}
		seen[b.ID] = true
		if b.Text == "" || b.Source == "" || (b.Provenance == arm.Assumed) != (b.Confirm != "") {
			t.Errorf("%s: text %q, source %q, %s, confirm %q", b.ID, b.Text, b.Source, b.Provenance, b.Confirm)
		}
	}
	for _, r := range arm.Rules() {
		if (r.Provenance == arm.Assumed) != (r.Confirm != "") {
			t.Errorf("rule %s is %s and says %q about confirming it", r.ID, r.Provenance, r.Confirm)
		}
	}
}

func TestFidelityCountsRulesAndBehaviours(t *testing.T) {
	var out bytes.Buffer
	if err := Fidelity(&out); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	if last := lines[len(lines)-1]; !strings.Contains(last, "behaviours: ") || !strings.Contains(lines[len(lines)-2], "rules for") {
		t.Errorf("the end is %q", lines[len(lines)-2:])
	}
	if len(arm.Rules()) < 120 {
		t.Errorf("%d rules", len(arm.Rules()))
	}
}
