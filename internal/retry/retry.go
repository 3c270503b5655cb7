// Package retry decides which of Azure's errors go away by themselves, and how long to wait for that. It imports nothing of
// Pulumi.
package retry

import (
	"regexp"
	"strings"
	"sync"
	"time"
)

// Rule is an error code that is worth another try.
type Rule struct {
	// Code is ARM's error code.
	Code string
	// Deadline is how long after the first failure it is still worth one.
	Deadline time.Duration
	// Why says what Azure is busy with.
	Why string
	// Unless are words in the message that make the same code final.
	Unless []string
}

// propagation is the longest a role assignment or a new identity takes to be known everywhere, as Azure documents it, and some.
const propagation = 12 * time.Minute

// Rules are the codes. An operation on a cluster or a database may hold others up for as long as it takes itself.
var Rules = []Rule{
	{Code: "PrincipalNotFound", Deadline: propagation, Why: "a new identity is not known everywhere yet"},
	{Code: "CustomKubeletIdentityMissingPermissionError", Deadline: propagation, Why: "the role on the kubelet identity has not propagated yet"},
	{Code: "LinkedAuthorizationFailed", Deadline: propagation, Why: "a role on a linked resource has not propagated yet"},
	{Code: "MissingRoleAssignment", Deadline: propagation, Why: "a role has not propagated yet"},
	{Code: "AnotherOperationInProgress", Deadline: 30 * time.Minute, Why: "Azure changes one thing of this resource at a time"},
	{Code: "OperationNotAllowed", Deadline: 30 * time.Minute, Why: "the cluster is busy with another operation", Unless: []string{"quota", "not supported"}},
	{Code: "ReferencedResourceNotProvisioned", Deadline: 10 * time.Minute, Why: "something this resource refers to is still being set up"},
	{Code: "ServerBusy", Deadline: 15 * time.Minute, Why: "the database server is busy with another operation"},
	{Code: "ServerIsBusy", Deadline: 15 * time.Minute, Why: "the database server is busy with another operation"},
	{Code: "StorageAccountOperationInProgress", Deadline: 5 * time.Minute, Why: "the storage account is busy with another operation"},
	{Code: "RetryableError", Deadline: 10 * time.Minute, Why: "Azure asks for another try"},
	{Code: "TooManyRequests", Deadline: 15 * time.Minute, Why: "Azure throttles this subscription"},
	{Code: "InternalServerError", Deadline: 5 * time.Minute, Why: "Azure failed by itself"},
	{Code: "ServiceUnavailable", Deadline: 10 * time.Minute, Why: "the service is away for a moment"},
	{Code: "GatewayTimeout", Deadline: 10 * time.Minute, Why: "the service answered too late"},
}

// code finds the error code in the ways ARM, its SDKs and the provider spell it: Code="X", "code": "X", code: X.
var code = regexp.MustCompile(`(?i)\bcode"?\s*[=:]\s*"?([A-Za-z]+)`)

// Find returns the rule for an error message. ok is false for errors that stay.
func Find(message string) (rule Rule, ok bool) {
	for _, match := range code.FindAllStringSubmatch(message, -1) {
		for _, r := range Rules {
			if strings.EqualFold(r.Code, match[1]) && !containsAny(message, r.Unless) {
				return r, true
			}
		}
	}
	return Rule{}, false
}

func containsAny(text string, words []string) bool {
	for _, word := range words {
		if strings.Contains(strings.ToLower(text), word) {
			return true
		}
	}
	return false
}

// The pauses between tries: doubling, so that a short trouble costs seconds, and bounded, so that a long one is noticed to be
// over. Pulumi allows 100 tries, which at the longest pause outlast every deadline.
const (
	firstPause = time.Second
	mostPause  = 30 * time.Second
)

// Policy remembers when each operation first failed.
type Policy struct {
	now   func() time.Time
	pause func(time.Duration)

	mu    sync.Mutex
	since map[string]time.Time
}

// New returns a policy on the given clock.
func New(now func() time.Time, pause func(time.Duration)) *Policy {
	return &Policy{now: now, pause: pause, since: map[string]time.Time{}}
}

// Again tells whether an operation that failed, newest error first, should be tried again, after pausing for as long as that
// makes sense. An operation is named by its resource and verb.
func (p *Policy) Again(operation string, errors []string) (Rule, bool) {
	if len(errors) == 0 {
		return Rule{}, false
	}
	rule, ok := Find(errors[0])
	if !ok {
		return Rule{}, false
	}
	p.mu.Lock()
	if len(errors) == 1 { // the first failure of this attempt, whatever an earlier one was
		p.since[operation] = p.now()
	}
	since := p.since[operation]
	p.mu.Unlock()
	pause := min(firstPause<<min(len(errors)-1, 10), mostPause)
	if p.now().Add(pause).Sub(since) > rule.Deadline {
		return rule, false
	}
	p.pause(pause)
	return rule, true
}
