package retry

import (
	"strings"
	"testing"
	"time"
)

func TestOnlyErrorsThatGoAwayAreFound(t *testing.T) {
	for _, c := range []struct{ says, message, want string }{
		{"azure-native's form", `Status=400 Code="PrincipalNotFound" Message="Principal 1 does not exist"`, "PrincipalNotFound"},
		{"ARM's JSON",
			`{"error": {"code": "AnotherOperationInProgress", "message": "Another operation on this or dependent resource"}}`,
			"AnotherOperationInProgress"},
		{"a nested code behind an outer one", `code: DeploymentFailed, details: code: TooManyRequests`, "TooManyRequests"},
		{"another case", `code="serverbusy"`, "ServerBusy"},
		{"a busy cluster", `Code="OperationNotAllowed" Message="Another agentpool operation is in progress"`,
			"OperationNotAllowed"},
		{"a quota that is used up stays", `Code="OperationNotAllowed" Message="exceeding approved Total Regional Cores quota"`,
			""},
		{"a bad request stays", `Code="InvalidParameter" Message="no AnotherOperationInProgress here"`, ""},
		{"a missing permission of the deployer stays", `Code="AuthorizationFailed" Message="does not have authorization"`, ""},
		{"a broken connection to Azure",
			`Put "https://management.azure.com/x": read tcp 10.0.0.4:40312->4.150.240.10:443: read: connection reset by peer`,
			"ConnectionLost"},
		{"an API server that is away",
			`Post "https://127.0.0.1:6443/api/v1/namespaces": dial tcp 127.0.0.1:6443: connect: connection refused`,
			"ConnectionLost"},
		{"an answer that ends early", `Patch "https://127.0.0.1:6443/x": unexpected EOF`, "ConnectionLost"},
		{"an answer that never comes", `Get "https://127.0.0.1:6443/x": EOF`, "ConnectionLost"},
		{"a slow dial", `Post "https://x": dial tcp: i/o timeout`, "ConnectionLost"},
		{"an HTTP/2 connection", `Post "https://x": http2: client connection lost`, "ConnectionLost"},
		{"a handshake", `Post "https://x": net/http: TLS handshake timeout`, "ConnectionLost"},
		{"an API server that isn't ready",
			`resource "urn:x" was not successfully created by the Kubernetes API server: the server is currently unable to handle the request (post deployments.apps anm)`,
			"ServiceUnavailable"},
		{"a throttling API server", "the server has received too many requests and has asked us to try again later",
			"TooManyRequests"},
		{"a webhook", `Internal error occurred: failed calling webhook "x": context deadline exceeded`, "InternalServerError"},
		{"a proxy's words", `an error on the server ("<html>") has prevented the request from succeeding`,
			"InternalServerError"},
		{"etcd", "etcdserver: leader changed", "ServiceUnavailable"},
		{"slow etcd", "etcdserver: request timed out", "GatewayTimeout"},
		{"a slow API server", "Timeout: request did not complete within requested timeout - context deadline exceeded",
			"GatewayTimeout"},
		{"two writers",
			`Operation cannot be fulfilled on deployments.apps "anm": the object has been modified; please apply your changes to the latest version and try again`,
			"Conflict"},
		{"a code decides, not the words around it", `Code="InvalidParameter" Message="too many requests"`, ""},
		{"what exists stays", `deployments.apps "anm" already exists`, ""},
		{"what exists in Azure stays", "cannot create already existing resource '/subscriptions/x'", ""},
		{"a field of another manager stays",
			`Apply failed with 1 conflict: conflict with "kubectl" using apps/v1: .spec.replicas`, ""},
		{"a rollout that never ends stays", "timed out waiting for the condition", ""},
		{"a job that failed stays", "Resource 'schema' was created but failed to initialize", ""},
	} {
		if rule, ok := Find(c.message); rule.Code != c.want || ok != (c.want != "") {
			t.Errorf("%s: found %q, want %q", c.says, rule.Code, c.want)
		}
	}
}

// clock is a time that passes only in pauses.
type clock struct {
	at     time.Time
	pauses []time.Duration
}

func (c *clock) now() time.Time        { return c.at }
func (c *clock) pause(d time.Duration) { c.at, c.pauses = c.at.Add(d), append(c.pauses, d) }

func TestPausesDoubleUpToHalfAMinuteUntilTheDeadline(t *testing.T) {
	c := &clock{}
	p := New(c.now, c.pause)
	var errors []string
	for {
		errors = append([]string{`Code="InternalServerError"`}, errors...)
		if _, again := p.Again("create x", errors); !again {
			break
		}
	}
	for i, want := range []time.Duration{1, 2, 4, 8, 16, 30, 30} {
		if c.pauses[i] != want*time.Second {
			t.Errorf("pause %d is %v, want %vs", i, c.pauses[i], int(want))
		}
	}
	if waited := c.at.Sub(time.Time{}); waited > 5*time.Minute || waited < 4*time.Minute {
		t.Errorf("gave up after %v, the deadline is 5m", waited)
	}
}

func TestADifferentErrorEndsTheRetries(t *testing.T) {
	c := &clock{}
	p := New(c.now, c.pause)
	if _, again := p.Again("create x", []string{`Code="ServerBusy"`}); !again {
		t.Error("ServerBusy was not retried")
	}
	if _, again := p.Again("create x", []string{`Code="InvalidParameter"`, `Code="ServerBusy"`}); again {
		t.Error("InvalidParameter was retried")
	}
}

func TestACreateThatLeftSomethingIsNotTriedAgain(t *testing.T) {
	const reasons = "1 error occurred:\n\t* Status=500 Code=\"InternalServerError\" Message=\"x\"\n\n"
	const kubernetes = `resource "urn:x" was successfully created, but the Kubernetes API server reported that it failed to fully initialize or become live: Get "https://x": EOF`
	for _, c := range []struct {
		operation, message string
		again              bool
	}{
		{"create urn:x", reasons, false},
		{"create urn:x", kubernetes, false},
		{"update urn:x", reasons, true},
		{"delete urn:x", reasons, true},
		{"create urn:x", `Code="InternalServerError"`, true},
	} {
		clock := &clock{}
		if _, again := New(clock.now, clock.pause).Again(c.operation, []string{c.message}); again != c.again {
			t.Errorf("%s after %q: tried again is %v", c.operation, c.message, again)
		}
	}
}

func TestTextsAreLowerCaseAndCodesAreThereOnce(t *testing.T) {
	seen := map[string]bool{}
	for _, rule := range Rules {
		if seen[rule.Code] || rule.Code == "" || rule.Why == "" {
			t.Errorf("%q is there twice, or lacks a name or a reason", rule.Code)
		}
		seen[rule.Code] = true
		for _, text := range append(rule.Texts, rule.Unless...) {
			if text != strings.ToLower(text) {
				t.Errorf("%s: %q can't be found, messages are compared in lower case", rule.Code, text)
			}
		}
	}
}

func TestEveryDeadlineFitsIntoTheTriesPulumiAllows(t *testing.T) {
	const tries = 100
	for _, rule := range Rules {
		if longest := tries * mostPause; rule.Deadline > longest-10*mostPause {
			t.Errorf("%s: %v is longer than %d tries take", rule.Code, rule.Deadline, tries)
		}
	}
}
