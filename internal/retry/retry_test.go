package retry

import (
	"testing"
	"time"
)

func TestOnlyErrorsThatGoAwayAreFound(t *testing.T) {
	for _, c := range []struct{ says, message, want string }{
		{"azure-native's form", `Status=400 Code="PrincipalNotFound" Message="Principal 1 does not exist"`, "PrincipalNotFound"},
		{"ARM's JSON", `{"error": {"code": "AnotherOperationInProgress", "message": "Another operation on this or dependent resource"}}`, "AnotherOperationInProgress"},
		{"a nested code behind an outer one", `code: DeploymentFailed, details: code: TooManyRequests`, "TooManyRequests"},
		{"another case", `code="serverbusy"`, "ServerBusy"},
		{"a busy cluster", `Code="OperationNotAllowed" Message="Another agentpool operation is in progress"`, "OperationNotAllowed"},
		{"a quota that is used up stays", `Code="OperationNotAllowed" Message="exceeding approved Total Regional Cores quota"`, ""},
		{"a bad request stays", `Code="InvalidParameter" Message="no AnotherOperationInProgress here"`, ""},
		{"a missing permission of the deployer stays", `Code="AuthorizationFailed" Message="does not have authorization"`, ""},
		{"no code at all", "connection reset by peer", ""},
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

func TestEveryDeadlineFitsIntoTheTriesPulumiAllows(t *testing.T) {
	const tries = 100
	for _, rule := range Rules {
		if longest := tries * mostPause; rule.Deadline > longest-10*mostPause {
			t.Errorf("%s: %v is longer than %d tries take", rule.Code, rule.Deadline, tries)
		}
	}
}
