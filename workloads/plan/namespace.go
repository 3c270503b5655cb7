package plan

import (
	"fmt"
	"regexp"
)

// SecurityLevel is a profile of Kubernetes' Pod Security Standards.
type SecurityLevel string

// The two levels this platform uses. Source: Kubernetes, Pod Security Standards (documented).
const (
	// Restricted is the strictest: no root, no privileges, no host paths, a seccomp profile.
	Restricted SecurityLevel = "restricted"
	// Privileged refuses nothing.
	Privileged SecurityLevel = "privileged"
)

var minorVersion = regexp.MustCompile(`^1\.\d+$`)

// PodSecurity are the labels by which a namespace refuses pods below a level, and warns about and records what falls below the
// strictest. The level is read as Kubernetes 1.x defined it, the cluster's own version: a later one may ask more of pods, and
// should be met by a change of this platform, not by an upgrade of the control plane.
func PodSecurity(enforced SecurityLevel, kubernetesVersion string) map[string]string {
	const prefix = "pod-security.kubernetes.io/"
	labels := map[string]string{}
	for mode, level := range map[string]SecurityLevel{"enforce": enforced, "warn": Restricted, "audit": Restricted} {
		labels[prefix+mode] = string(level)
		labels[prefix+mode+"-version"] = "v" + kubernetesVersion
	}
	return labels
}

// CheckKubernetesVersion refuses what is not a minor version.
func CheckKubernetesVersion(version string) error {
	if !minorVersion.MatchString(version) {
		return fmt.Errorf("aks.kubernetesVersion: %q is not a minor version; write it as 1.36", version)
	}
	return nil
}
