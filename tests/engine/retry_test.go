package engine_test

import (
	"context"
	"strings"
	"testing"

	"apim-azure/tests/rehearsal/azure"
)

// TestErrorsThatGoAwayAreOutlasted lets Azure refuse for a while what it takes later: one update and one destroy get through.
func TestErrorsThatGoAwayAreOutlasted(t *testing.T) {
	t.Parallel()
	r := newRig(t, "dev", platform,
		azure.Fault{Token: "azure-native:authorization:RoleAssignment", Call: "create", Code: "PrincipalNotFound", Times: 2},
		azure.Fault{Token: "azure-native:network:Subnet", Call: "create", Code: "AnotherOperationInProgress", Times: azure.Tries + 1},
		azure.Fault{Token: "azure-native:containerservice:ManagedCluster", Call: "create", Code: "TooManyRequests"},
		azure.Fault{Token: "azure-native:dbformysql:Configuration", Call: "create", Code: "ServerBusy"},
		azure.Fault{Token: "azure-native:containerservice:ManagedCluster", Call: "update", Code: "OperationNotAllowed"},
		azure.Fault{Token: "azure-native:network:Subnet", Call: "delete", Code: "AnotherOperationInProgress", Times: 2},
	)
	r.up()
	if text := r.printed.String(); !strings.Contains(text, "create of network-subnet-aks failed with AnotherOperationInProgress") {
		t.Errorf("the update does not say that it tries again:\n%s", tail(text))
	}
	r.pulumi("preview", "--expect-no-changes")
	r.configure(platform.with(stage{"azure.tags.owner": "platform"}))
	r.up()
	r.destroy()
}

// TestAnErrorThatStaysEndsTheUpdateWithAzuresWords fails once for good; the next update goes on from there.
func TestAnErrorThatStaysEndsTheUpdateWithAzuresWords(t *testing.T) {
	t.Parallel()
	r := newRig(t, "dev", platform,
		azure.Fault{Token: "azure-native:dbformysql:Server", Call: "create", Code: "InvalidParameterValue"},
	)
	if code, err := r.Up(context.Background()); err != nil || code == 0 || !strings.Contains(r.printed.String(), "InvalidParameterValue") {
		t.Fatalf("exit code %d, %v:\n%s", code, err, tail(r.printed.String()))
	}
	r.up()
	r.pulumi("preview", "--expect-no-changes")
}
