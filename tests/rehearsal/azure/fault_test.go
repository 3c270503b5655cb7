package azure

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"

	"apim-azure/tests/rehearsal/azure/arm"
)

// tryCreate asks for a resource and returns what the engine gets to see.
func (s session) tryCreate(token string, inputs object) (plugin.CreateResponse, error) {
	s.Helper()
	return s.Create(s.Context(), plugin.CreateRequest{URN: urn(token, "x"), Properties: s.checked(token, inputs)})
}

func TestErrorsThatAzureNativeOutlastsDontReachTheProgram(t *testing.T) {
	for _, c := range []struct {
		code    string
		times   int
		reaches bool
	}{
		{"TooManyRequests", Tries - 1, false},
		{"TooManyRequests", Tries, true},
		{"InternalServerError", Tries - 1, false},
		{"ServiceUnavailable", Tries, true},
		{"GatewayTimeout", 1, false},
		{"RetryableError", Tries - 1, false},
		{"AnotherOperationInProgress", Tries - 1, false},
		{"AnotherOperationInProgress", Tries, true},
		{"StorageAccountOperationInProgress", 1, false},
		{ConnectionReset, Tries - 1, false},
		{ConnectionReset, Tries, true},
		{"OperationNotAllowed", 1, true},
		{"ServerBusy", 1, true},
		{"PrincipalNotFound", 1, true},
	} {
		s := start(t, Options{})
		s.subscription.Inject(Fault{Token: groupToken, Name: "rg", Call: "create", Code: c.code, Times: c.times})
		res, err := s.tryCreate(groupToken, group())
		if (err != nil) != c.reaches {
			t.Errorf("%s struck %d times: error %v", c.code, c.times, err)
		}
		if c.reaches && (initFailure(err) != nil || res.ID != "" || len(s.subscription.Resources()) != 0) {
			t.Errorf("%s struck %d times and left something: %v", c.code, c.times, res)
		}
		if c.code != ConnectionReset && c.reaches && arm.CodeOf(err) != c.code {
			t.Errorf("%s came out as %v", c.code, err)
		}
		if s.subscription.Lift() != 0 {
			t.Errorf("%s struck less than %d times", c.code, c.times)
		}
	}
}

func TestALostAnswerIsMadeGoodByTheNextTry(t *testing.T) {
	s := start(t, Options{})
	s.subscription.Inject(Fault{Token: groupToken, Call: "create", Code: ConnectionReset, Lost: true})
	if _, err := s.tryCreate(groupToken, group()); err != nil {
		t.Errorf("the second try meets what the first made: %v", err)
	}
}

func TestAConnectionThatStaysAwayLeavesAResourceNobodyKnows(t *testing.T) {
	s := start(t, Options{})
	s.subscription.Inject(Fault{Token: groupToken, Call: "create", Code: ConnectionReset, Lost: true, Times: Tries})
	res, err := s.tryCreate(groupToken, group())
	if err == nil || !strings.Contains(err.Error(), "connection reset by peer") || initFailure(err) != nil || res.ID != "" {
		t.Fatalf("the engine learns %q and %v", res.ID, err)
	}
	if len(s.subscription.Resources()) != 1 {
		t.Fatal("Azure didn't do what was asked")
	}
	if _, err := s.tryCreate(groupToken, group()); err == nil || !strings.Contains(err.Error(), "cannot create already existing resource") {
		t.Errorf("the next update gets %v", err)
	}
}

func TestALostAnswerToALongRequestMeetsItselfAgain(t *testing.T) {
	s := start(t, Options{Latency: 200 * time.Millisecond})
	s.subscription.Inject(Fault{Token: groupToken, Call: "create", Code: ConnectionReset, Lost: true})
	begun := time.Now()
	if _, err := s.tryCreate(groupToken, group()); err != nil {
		t.Errorf("the tries that met the first one under way weren't outlasted: %v", err)
	}
	if took := time.Since(begun); took < 400*time.Millisecond {
		t.Errorf("took %v, less than the two requests", took)
	}
}

func TestALostAnswerToADeleteIsNoTrouble(t *testing.T) {
	s := start(t, Options{})
	g := s.create(groupToken, group())
	s.subscription.Inject(Fault{Call: "delete", Code: ConnectionReset, Lost: true})
	if _, err := s.Delete(t.Context(), plugin.DeleteRequest{URN: urn(groupToken, "x"), ID: g.id}); err != nil || len(s.subscription.Resources()) != 0 {
		t.Errorf("%v, %d resources left", err, len(s.subscription.Resources()))
	}
}

func TestAFailureAfterAcceptanceLeavesACheckpoint(t *testing.T) {
	for _, code := range []string{"InternalServerError", ConnectionReset} {
		s := start(t, Options{})
		s.subscription.Inject(Fault{Token: groupToken, Call: "create", Code: code, Late: true})
		_, err := s.tryCreate(groupToken, group())
		detail := initFailure(err)
		if detail == nil || !strings.HasSuffix(detail.Id, "/resourceGroups/rg") || detail.Properties.Fields["name"].GetStringValue() != "rg" {
			t.Fatalf("error %v with detail %v", err, detail)
		}
		if len(s.subscription.Resources()) != 1 {
			t.Error("the resource isn't there")
		}
	}
}

func TestAnEarlyFaultLeavesNothingAndStrikesOnce(t *testing.T) {
	s := start(t, Options{})
	s.subscription.Inject(Fault{Token: groupToken, Name: "rg", Code: "ServerBusy"})
	if _, err := s.tryCreate(groupToken, group()); arm.CodeOf(err) != "ServerBusy" || len(s.subscription.Resources()) != 0 {
		t.Fatalf("error %v, %d resources", err, len(s.subscription.Resources()))
	}
	if _, err := s.tryCreate(groupToken, group()); err != nil {
		t.Errorf("struck twice: %v", err)
	}
}

func TestAKillGivesNoAnswer(t *testing.T) {
	for _, c := range []struct {
		says  string
		fault Fault
		there int
	}{
		{"before the request is sent", Fault{Code: Kill}, 0},
		{"while Azure carries it out", Fault{Code: Kill, Late: true}, 1},
		{"before the answer to it", Fault{Code: Kill, Lost: true}, 1},
	} {
		t.Run(c.says, func(t *testing.T) {
			cli, killed := context.WithCancel(t.Context())
			kills := 0
			s := start(t, Options{Kill: func() { kills++; killed() }})
			s.subscription.Inject(c.fault)
			in := s.checked(groupToken, group())
			if _, err := s.Create(cli, plugin.CreateRequest{URN: urn(groupToken, "x"), Properties: in}); err == nil || cli.Err() == nil {
				t.Errorf("answered %v to a CLI that is gone: %v", err, cli.Err())
			}
			if kills != 1 || len(s.subscription.Resources()) != c.there {
				t.Errorf("%d kills, %d resources; want 1 and %d", kills, len(s.subscription.Resources()), c.there)
			}
		})
	}
}

func TestAKillThatNobodyCanDoIsAnError(t *testing.T) {
	s := start(t, Options{})
	s.subscription.Inject(Fault{Code: Kill})
	if _, err := s.tryCreate(groupToken, group()); err == nil || !strings.Contains(err.Error(), "nobody said how") {
		t.Errorf("got %v", err)
	}
}

const identityToken = "azure-native:managedidentity:UserAssignedIdentity"

func TestADelayedPropagationEndsByItself(t *testing.T) {
	const assignmentToken = "azure-native:authorization:RoleAssignment"
	const reader = "acdd72a7-3385-48ef-bd42-f606fba81ae7"
	s := start(t, Options{})
	s.subscription.Inject(Fault{Token: assignmentToken, Code: PropagationDelay, For: 50 * time.Millisecond})
	g := s.create(groupToken, group())
	identity := s.create(identityToken, object{"resourceGroupName": "rg", "resourceName": "identity"})
	principal := identity.outputs["principalId"].StringValue()
	s.create(assignmentToken, object{
		"scope": string(g.id), "roleAssignmentName": "6b1a3c3e-0000-4000-8000-000000000001", "principalId": principal, "principalType": "ServicePrincipal",
		"roleDefinitionId": "/subscriptions/" + subscriptionID + "/providers/Microsoft.Authorization/roleDefinitions/" + reader,
	})
	if s.subscription.Granted(principal, string(g.id), reader) {
		t.Fatal("the role counts at once")
	}
	for deadline := time.Now().Add(10 * time.Second); !s.subscription.Granted(principal, string(g.id)+"/providers/x/y/z", reader); {
		if time.Now().After(deadline) {
			t.Fatal("the role never counts")
		}
		time.Sleep(5 * time.Millisecond)
	}
}

func TestPropagationTakesTheSameTimeInEveryRun(t *testing.T) {
	t1, t2 := start(t, Options{TimeScale: 60}), start(t, Options{TimeScale: 60})
	assignment := arm.Lookup("azure-native:authorization:RoleAssignment")
	for _, id := range []string{"/a", "/b", "/c"} {
		first, second := t1.subscription.propagation(assignment, id), t2.subscription.propagation(assignment, id)
		if first != second || first < 500*time.Millisecond || first > 2*time.Second {
			t.Errorf("%s: %v and %v, want the same between half a second and two", id, first, second)
		}
	}
	if d := start(t, Options{}).subscription.propagation(assignment, "/a"); d != 0 {
		t.Errorf("%v where nothing takes time", d)
	}
}

func TestTwoAtOnceCollideWithLatency(t *testing.T) {
	s := start(t, Options{Latency: 30 * time.Millisecond})
	s.create(groupToken, group())
	s.create("azure-native:dbformysql:Server", object{"resourceGroupName": "rg", "serverName": "mysql-x", "location": "westeurope", "version": "8.4",
		"administratorLogin": "apimadmin", "administratorLoginPassword": "Abcdefgh-12345678", "sku": object{"name": "Standard_D4ads_v5", "tier": "GeneralPurpose"}})
	var requests sync.WaitGroup
	errs := make([]error, 2)
	for i, name := range []string{"one", "two"} {
		in := s.checked("azure-native:dbformysql:Database", object{"resourceGroupName": "rg", "serverName": "mysql-x", "databaseName": name})
		requests.Go(func() {
			_, errs[i] = s.Create(t.Context(), plugin.CreateRequest{URN: urn("azure-native:dbformysql:Database", name), Properties: in})
		})
	}
	requests.Wait()
	if codes := arm.CodeOf(errs[0]) + arm.CodeOf(errs[1]); codes != "ServerBusy" {
		t.Errorf("%v and %v; one should have found the server busy", errs[0], errs[1])
	}
}

func TestCancellationEndsThePausesBetweenTries(t *testing.T) {
	s := start(t, Options{TimeScale: 0.001}) // a pause would take hours
	s.subscription.Inject(Fault{Code: "TooManyRequests"})
	in := s.checked(groupToken, group())
	done := make(chan error)
	go func() {
		_, err := s.Create(context.Background(), plugin.CreateRequest{URN: urn(groupToken, "x"), Properties: in})
		done <- err
	}()
	if err := s.SignalCancellation(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestAReadIsTriedAgainToo(t *testing.T) {
	s := start(t, Options{})
	g := s.create(groupToken, group())
	s.subscription.Inject(Fault{Call: "read", Code: "ServiceUnavailable", Times: Tries - 1})
	if res := s.read(g); res.ID != g.id {
		t.Errorf("read %v", res.ID)
	}
	s.subscription.Inject(Fault{Call: "read", Code: "ServiceUnavailable", Times: Tries})
	if _, err := s.Read(t.Context(), plugin.ReadRequest{URN: urn(groupToken, "x"), ID: g.id, Inputs: g.inputs, State: resource.PropertyMap{}}); arm.CodeOf(err) != "ServiceUnavailable" {
		t.Errorf("got %v", err)
	}
}
