package rehearsal

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"apim-azure/tests/rehearsal/azure"
	"apim-azure/tests/rehearsal/azure/arm"
)

// calls are the requests a fault can strike.
var calls = []string{"create", "update", "delete", "read"}

// ParseFault reads a fault as it is written on a command line: CALL:TYPE[/NAME]:CODE[:TIMES][:late], for example
// create:network:Subnet:AnotherOperationInProgress:2 or update:containerservice:ManagedCluster/apim-dev-aks:TooManyRequests:late.
// Late lets Azure finish the request before the answer is lost.
func ParseFault(text string) (azure.Fault, error) {
	wrong := func(rule string) (azure.Fault, error) {
		return azure.Fault{}, fmt.Errorf("--fault %s: %s; write CALL:TYPE[/NAME]:CODE[:TIMES][:late], such as "+
			"create:network:Subnet:AnotherOperationInProgress:2", text, rule)
	}
	parts := strings.Split(text, ":")
	if len(parts) < 4 {
		return wrong("a call, a type and an error code are needed")
	}
	call, module := parts[0], parts[1]
	if !slices.Contains(calls, call) {
		return wrong(fmt.Sprintf("%q is none of %s", call, strings.Join(calls, ", ")))
	}
	kind, name, _ := strings.Cut(parts[2], "/")
	token := "azure-native:" + module + ":" + kind
	if arm.Lookup(token) == nil {
		return wrong(token + " is no type the stand-in knows")
	}
	fault := azure.Fault{Token: arm.Lookup(token).Token, Name: name, Call: call, Code: parts[3]}
	for _, extra := range parts[4:] {
		if extra == "late" {
			fault.Late = true
		} else if n, err := strconv.Atoi(extra); err == nil && n > 0 {
			fault.Times = n
		} else {
			return wrong(fmt.Sprintf("%q is neither a number of times nor late", extra))
		}
	}
	return fault, nil
}
