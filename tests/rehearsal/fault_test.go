package rehearsal

import (
	"strings"
	"testing"

	"apim-azure/tests/rehearsal/azure"
)

func TestFaultsAreWrittenAsCallTypeAndCode(t *testing.T) {
	for text, want := range map[string]azure.Fault{
		"create:network:Subnet:AnotherOperationInProgress":           {Token: "azure-native:network:Subnet", Call: "create", Code: "AnotherOperationInProgress"},
		"update:containerservice:ManagedCluster/aks:TooManyRequests": {Token: "azure-native:containerservice:ManagedCluster", Name: "aks", Call: "update", Code: "TooManyRequests"},
		"delete:network:Subnet:ServerBusy:3:late":                    {Token: "azure-native:network:Subnet", Call: "delete", Code: "ServerBusy", Times: 3, Late: true},
	} {
		if got, err := ParseFault(text); err != nil || got != want {
			t.Errorf("%s: %+v, %v; want %+v", text, got, err, want)
		}
	}
	for text, want := range map[string]string{
		"create:network:Subnet":                  "an error code are needed",
		"make:network:Subnet:ServerBusy":         `"make" is none of create, update, delete, read`,
		"create:network:Subnetwork:ServerBusy":   "azure-native:network:Subnetwork is no type",
		"create:network:Subnet:ServerBusy:often": `"often" is neither a number of times nor late`,
		"create:network:Subnet:ServerBusy:0":     `"0" is neither`,
	} {
		if _, err := ParseFault(text); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "write CALL:TYPE") {
			t.Errorf("%s: error is %v, want one with %q", text, err, want)
		}
	}
}
