package rehearsal

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"apim-azure/tests/rehearsal/azure"
	"apim-azure/tests/rehearsal/kubernetes"
	"apim-azure/tests/rehearsal/kubernetes/kubelet"
)

func TestFaultsAreWrittenAsCallTypeAndCode(t *testing.T) {
	for text, want := range map[string]Faults{
		"create:network:Subnet:AnotherOperationInProgress": {Azure: []azure.Fault{
			{Token: "azure-native:network:Subnet", Call: "create", Code: "AnotherOperationInProgress"},
		}},
		"update:containerservice:ManagedCluster/aks:TooManyRequests": {Azure: []azure.Fault{
			{Token: "azure-native:containerservice:ManagedCluster", Name: "aks", Call: "update", Code: "TooManyRequests"},
		}},
		"delete:network:Subnet:ServerBusy:3:late": {Azure: []azure.Fault{
			{Token: "azure-native:network:Subnet", Call: "delete", Code: "ServerBusy", Times: 3, Late: true},
		}},
		"create:authorization:RoleAssignment:PropagationDelay:45s": {Azure: []azure.Fault{
			{Token: "azure-native:authorization:RoleAssignment", Call: "create", Code: "PropagationDelay", For: 45 * time.Second},
		}},
		"create:storage:StorageAccount:ConnectionReset:lost": {Azure: []azure.Fault{
			{Token: "azure-native:storage:StorageAccount", Call: "create", Code: "ConnectionReset", Lost: true},
		}},
		"create:apps/v1:Deployment/anm:APIServerGone:5s": {Objects: []kubernetes.Fault{
			{APIVersion: "apps/v1", Kind: "Deployment", Name: "anm", Call: "create", Code: "APIServerGone", For: 5 * time.Second},
		}},
		"update:v1:Secret:ServiceUnavailable:2": {Objects: []kubernetes.Fault{
			{APIVersion: "v1", Kind: "Secret", Call: "update", Code: "ServiceUnavailable", Times: 2},
		}},
		"start:apps/v1:Deployment/anm:CrashLoopBackOff:1": {Pods: []kubelet.Fault{
			{APIVersion: "apps/v1", Kind: "Deployment", Name: "anm", Code: "CrashLoopBackOff", Times: 1},
		}},
	} {
		var got Faults
		if err := got.Parse(text); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %+v, %v; want %+v", text, got, err, want)
		}
	}
	for text, want := range map[string]string{
		"create:network:Subnet":                  "an error code are needed",
		"make:network:Subnet:ServerBusy":         `"make" is none of create, update, delete, read`,
		"start:network:Subnet:ServerBusy":        `"start" is none of`,
		"create:network:Subnetwork:ServerBusy":   "azure-native:network:Subnetwork is no type",
		"create:network:Subnet:ServerBusy:often": `"often" is neither a number of times nor late`,
		"create:network:Subnet:ServerBusy:0":     `"0" is neither`,
	} {
		if err := new(Faults).Parse(text); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "write CALL:TYPE") {
			t.Errorf("%s: error is %v, want one with %q", text, err, want)
		}
	}
}
