package advice_test

import (
	"os"
	"strings"
	"testing"

	"apim-azure/internal/advice"
	"apim-azure/internal/retry"
)

func TestAnErrorLeadsToTheAdviceForIt(t *testing.T) {
	for message, want := range map[string]string{
		"cannot create already existing resource '/subscriptions/1/resourceGroups/g'":               "make resume",
		`Status=403 Code="AuthorizationFailed" Message="The client does not have authorization"`:    "Role Based Access Control Administrator",
		`Code="RegistryNameNotAvailable"`:                                                           "Wait until the name is free",
		`[Pod traffic-x]: containers with unready status: [gateway] -- [ImagePullBackOff] Back-off`: "Push the tag",
		`code: "OperationNotAllowed" ... exceeding approved standardDSv5Family Cores quota`:         "Ask for more",
		`0/5 nodes are available: 3 Insufficient cpu, 2 node(s) didn't match Pod's node affinity`:   "aks.apimPool.max",
		`Code="LinkedAuthorizationFailed" Message="has permission to perform ... join/action"`:      "Contributor",
		`AADSTS700082: The refresh token has expired due to inactivity`:                             "Sign in again",
		`Code="MissingSubscriptionRegistration" ... 'Microsoft.DBforMySQL'`:                         "az provider register",
		`dial tcp 10.1.2.3:443: connect: connection refused`:                                        "aks.authorizedIpRanges",
		`Code="ZonalAllocationFailed" Message="We do not have sufficient capacity"`:                 "another size",
		`Code="ScopeLocked"`: "Remove the lock",
	} {
		if e, ok := advice.Find(message); !ok || !strings.Contains(e.Do, want) {
			t.Errorf("%s\nleads to %q, want advice with %q", message, e.Do, want)
		}
	}
	for _, message := range []string{"", "InvalidParameter", `Code="AuthorizationFailedness"`} {
		if e, ok := advice.Find(message); ok {
			t.Errorf("%q leads to %q, there is no advice for it", message, e.Do)
		}
	}
}

// TestNoAdviceIsHiddenByAMoreGeneralOne: each sign leads to its own entry.
func TestNoAdviceIsHiddenByAMoreGeneralOne(t *testing.T) {
	for _, entry := range advice.Entries {
		for _, sign := range entry.Signs {
			if found, _ := advice.Find(sign); found.Do != entry.Do {
				t.Errorf("%q leads to %q, want %q", sign, found.Do, entry.Do)
			}
		}
		if !strings.HasSuffix(entry.Do, ".") || entry.Means == "" {
			t.Errorf("%v: %q is no sentence, or the meaning is missing", entry.Signs, entry.Do)
		}
	}
}

func TestThePageOfErrorsIsTrue(t *testing.T) {
	const page = "../../docs/errors.md"
	want := advice.Page()
	if len(retry.Rules) == 0 || len(advice.Entries) == 0 {
		t.Fatal("nothing to write about")
	}
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
		t.Errorf("%s is stale: run UPDATE_GOLDEN=1 go test ./internal/advice", page)
	}
}
