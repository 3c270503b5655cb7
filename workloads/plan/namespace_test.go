package plan

import (
	"maps"
	"testing"
)

func TestANamespaceRefusesPodsByTheClustersOwnVersionOfTheRules(t *testing.T) {
	want := map[string]string{
		"pod-security.kubernetes.io/enforce": "restricted", "pod-security.kubernetes.io/enforce-version": "v1.36",
		"pod-security.kubernetes.io/warn": "restricted", "pod-security.kubernetes.io/warn-version": "v1.36",
		"pod-security.kubernetes.io/audit": "restricted", "pod-security.kubernetes.io/audit-version": "v1.36",
	}
	if got := PodSecurity(Restricted, "1.36"); !maps.Equal(got, want) {
		t.Errorf("got %v\nwant %v", got, want)
	}
}

func TestWhatMayBreakTheRulesIsStillWarnedAbout(t *testing.T) {
	got := PodSecurity(Privileged, "1.36")
	if got["pod-security.kubernetes.io/enforce"] != "privileged" || got["pod-security.kubernetes.io/warn"] != "restricted" {
		t.Errorf("got %v", got)
	}
}

func TestOnlyMinorVersionsNameRules(t *testing.T) {
	for version, ok := range map[string]bool{"1.36": true, "": false, "1.36.3": false, "latest": false, "v1.36": false} {
		if err := CheckKubernetesVersion(version); (err == nil) != ok {
			t.Errorf("%q: %v", version, err)
		}
	}
}
