package rehearsal

import (
	"slices"
	"strings"
)

// withheld are the prefixes of the variables that lead to a cloud, to a cluster, or to the caller's own Pulumi.
var withheld = []string{"ARM_", "AZURE_", "KUBECONFIG=", "KUBERNETES_", "PULUMI_"}

// scrub returns the environment without what a rehearsal must not reach.
func scrub(environment []string) []string {
	return slices.DeleteFunc(slices.Clone(environment), func(variable string) bool {
		return slices.ContainsFunc(withheld, func(prefix string) bool { return strings.HasPrefix(variable, prefix) })
	})
}

// settings are the CLI's own variables of a rehearsal.
func (r *Rig) settings() []string {
	return []string{
		"PULUMI_HOME=" + r.path("home"),
		// Without the files next to each file that hold its type: unlike the files themselves they are not written in one go, and a
		// kill in between leaves a state that can't be read.
		"PULUMI_BACKEND_URL=file://" + r.path("backend") + "?metadata=skip",
		"PULUMI_STACK=" + r.options.Stack,
		"PULUMI_CONFIG_PASSPHRASE=" + passphrase,
		"PULUMI_SKIP_UPDATE_CHECK=true",
		// A plugin that is missing must be an error at once, not a download.
		"PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION=true",
		"PULUMI_DISABLE_REGISTRY_RESOLVE=true",
		// The state of a rehearsal is worth no history.
		"PULUMI_DIY_BACKEND_DISABLE_CHECKPOINT_BACKUPS=true",
	}
}
