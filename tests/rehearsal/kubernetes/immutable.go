package kubernetes

import "strings"

// immutableFields are the fields the real provider (pulumi-kubernetes 4.30, provider/pkg/provider/diff.go) knows the server
// won't change, by group and kind. A field missing here is updated, and the server's refusal surfaces: a PriorityClass's
// value, for one. The fields of a Pod and of a volume's source are given in general terms here.
var immutableFields = map[string][]string{
	"apps/Deployment":                       {"spec.selector"},
	"apps/DaemonSet":                        {"spec.selector"},
	"apps/StatefulSet":                      {"spec.podManagementPolicy", "spec.revisionHistoryLimit", "spec.selector", "spec.serviceName", "spec.volumeClaimTemplates"},
	"batch/Job":                             {"spec.completions", "spec.parallelism", "spec.selector", "spec.template"},
	"rbac.authorization.k8s.io/RoleBinding": {"roleRef"},
	"rbac.authorization.k8s.io/ClusterRoleBinding": {"roleRef"},
	"storage.k8s.io/StorageClass":                  {"parameters", "provisioner"},
	"/PersistentVolume":                            {"spec.azureDisk", "spec.azureFile", "spec.csi", "spec.hostPath", "spec.local", "spec.nfs"},
	"/PersistentVolumeClaim":                       {"spec.accessModes", "spec.selector", "spec.storageClassName", "spec.volumeName"},
	"/Pod":                                         {"spec"},
	"/ResourceQuota":                               {"spec.scopes"},
	"/Secret":                                      {"type"},
	"/Service":                                     {"spec.clusterIP"},
}

// immutable returns the paths whose change replaces an object.
func (s settings) immutable(o object) [][]string {
	fields := []string{"kind", "metadata.name", "metadata.namespace"}
	fields = append(fields, immutableFields[wrap(o).GroupVersionKind().Group+"/"+text(o, "kind")]...)
	frozen := o["immutable"] == true
	if isSecret(o) && (frozen || !s.secretMutable) {
		fields = append(fields, "data", "stringData")
	}
	if isConfigMap(o) && (frozen || !s.configMapMutable) {
		fields = append(fields, "data", "binaryData")
	}
	paths := make([][]string, 0, len(fields))
	for _, f := range fields {
		paths = append(paths, strings.Split(f, "."))
	}
	return paths
}
