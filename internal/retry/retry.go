// Package retry decides which errors of Azure and of Kubernetes go away by themselves, and how long to wait for that. It imports
// nothing of Pulumi.
package retry

import (
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"
)

// Rule is an error that is worth another try.
type Rule struct {
	// Code is ARM's error code; for an error that has none, the name it is reported by.
	Code string
	// Texts are lower-case words by which the error is recognised where the message carries no code: errors of Kubernetes and of
	// the network do not.
	Texts []string
	// Deadline is how long after the first failure it is still worth one.
	Deadline time.Duration
	// Why says what there is to wait for.
	Why string
	// Unless are words in the message that make the same error final.
	Unless []string
}

// propagation is the longest a role assignment or a new identity takes to be known everywhere, as Azure documents it, and some.
const propagation = 12 * time.Minute

// Rules are the errors. An operation on a cluster or a database may hold others up for as long as it takes itself. Azure's provider
// outlasts some of them for a few minutes itself before it reports them.
var Rules = []Rule{
	{Code: "PrincipalNotFound", Deadline: propagation, Why: "a new identity is not known everywhere yet"},
	{Code: "CustomKubeletIdentityMissingPermissionError", Deadline: propagation,
		Why: "the role on the kubelet identity has not propagated yet"},
	{Code: "LinkedAuthorizationFailed", Deadline: propagation, Why: "a role on a linked resource has not propagated yet"},
	{Code: "MissingRoleAssignment", Deadline: propagation, Why: "a role has not propagated yet"},
	{Code: "AnotherOperationInProgress", Deadline: 30 * time.Minute, Why: "Azure changes one thing of this resource at a time"},
	{Code: "OperationNotAllowed", Deadline: 30 * time.Minute, Why: "the cluster is busy with another operation",
		Unless: []string{"quota", "not supported"}},
	{Code: "ReferencedResourceNotProvisioned", Deadline: 10 * time.Minute,
		Why: "something this resource refers to is still being set up"},
	{Code: "ServerBusy", Deadline: 15 * time.Minute, Why: "the database server is busy with another operation"},
	{Code: "ServerIsBusy", Deadline: 15 * time.Minute, Why: "the database server is busy with another operation"},
	{Code: "StorageAccountOperationInProgress", Deadline: 5 * time.Minute,
		Why: "the storage account is busy with another operation"},
	{Code: "ConcurrentFederatedIdentityCredentialsWritesForSingleManagedIdentity", Deadline: 5 * time.Minute,
		Why: "Azure writes one credential of an identity at a time"},
	{Code: "ContainerBeingDeleted", Deadline: 5 * time.Minute, Why: "the container of that name is still being deleted"},
	{Code: "ShareBeingDeleted", Deadline: 5 * time.Minute, Why: "the share of that name is still being deleted"},
	{Code: "RetryableError", Deadline: 10 * time.Minute, Why: "Azure asks for another try"},
	{Code: "TooManyRequests", Texts: []string{"too many requests"}, Deadline: 15 * time.Minute, Why: "requests are throttled"},
	{Code: "InternalServerError", Texts: []string{"internal error occurred", "has prevented the request from succeeding"},
		Deadline: 5 * time.Minute, Why: "the service failed by itself"},
	{Code: "ServiceUnavailable",
		Texts:    []string{"currently unable to handle the request", "etcdserver: leader changed", "failed to fetch openapi schema"},
		Deadline: 10 * time.Minute, Why: "the service is away for a moment"},
	{Code: "GatewayTimeout",
		Texts: []string{"etcdserver: request timed out", "timeout: request did not complete",
			"return a response in the time allotted"},
		Deadline: 10 * time.Minute, Why: "the service answered too late"},
	{Code: "Conflict", Texts: []string{"the object has been modified; please apply your changes"}, Deadline: 2 * time.Minute,
		Why: "somebody else changed the object at the same moment"},
	{Code: "ConnectionLost",
		Texts: []string{"connection reset by peer", "connection refused", ": eof", "unexpected eof", "i/o timeout",
			"tls handshake timeout", "client connection lost"},
		Deadline: 10 * time.Minute, Why: "the connection broke"},
}

// code finds the error code in the ways ARM, its SDKs and the provider spell it: Code="X", "code": "X", code: X.
var code = regexp.MustCompile(`(?i)\bcode"?\s*[=:]\s*"?([A-Za-z]+)`)

// Find returns the rule for an error message: by its code if it has one, else by its words. ok is false for errors that stay.
func Find(message string) (rule Rule, ok bool) {
	message = strings.ToLower(message)
	codes := code.FindAllStringSubmatch(message, -1)
	fits := func(r Rule) bool {
		byCode := slices.ContainsFunc(codes, func(match []string) bool { return strings.EqualFold(r.Code, match[1]) })
		return (byCode || len(codes) == 0 && containsAny(message, r.Texts)) && !containsAny(message, r.Unless)
	}
	if i := slices.IndexFunc(Rules, fits); i >= 0 {
		return Rules[i], true
	}
	return Rule{}, false
}

func containsAny(text string, words []string) bool {
	return slices.ContainsFunc(words, func(word string) bool { return strings.Contains(text, word) })
}

// leftSomething recognises a create that failed after the resource was there: Pulumi lists the reasons, or the Kubernetes provider
// says so.
var leftSomething = regexp.MustCompile(`^\d+ errors? occurred:|was successfully created, but`)

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
// makes sense. An operation is named by its verb and resource: "create urn:...".
//
// A create that left something is never tried again here: it would be refused because the resource exists, and the engine would
// forget it. As it is, the state has it, and the next update goes on.
func (p *Policy) Again(operation string, errors []string) (Rule, bool) {
	if len(errors) == 0 {
		return Rule{}, false
	}
	rule, ok := Find(errors[0])
	if !ok || strings.HasPrefix(operation, "create ") && leftSomething.MatchString(errors[0]) {
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
