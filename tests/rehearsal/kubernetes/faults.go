package kubernetes

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
)

// Codes of faults. The first five are answers of an API server, with the words client-go makes of them.
const (
	// ServiceUnavailable is a 503 without a status object, as a proxy before the API server gives it.
	ServiceUnavailable = "ServiceUnavailable"
	// TooManyRequests is a 429 of the API server's priority and fairness, which asks for another try after a second. client-go
	// tries Tries times before it reports it (observed: client-go 0.36, rest/with_retry.go).
	TooManyRequests = "TooManyRequests"
	// InternalError is a 500: etcd or a webhook failed.
	InternalError = "InternalError"
	// Conflict is a 409: the object changed between a read and a write.
	Conflict = "Conflict"
	// Timeout is a 504: the API server gave up on a request it had begun.
	Timeout = "Timeout"
	// ConnectionReset takes the connection away. client-go sends a read again by itself, a write never.
	ConnectionReset = "ConnectionReset"
	// Kill kills the CLI by Options.Kill. The request gets no answer.
	Kill = "Kill"
	// APIServerGone takes the API server away for Fault.For, by Options.StopAPIServer, once the request went through: what
	// waits for the object then has to outlive it.
	APIServerGone = "APIServerGone"
)

// Tries is how often client-go sends a request that the API server asks it to send again: ten times after the first.
const Tries = 11

var (
	faultCodes = []string{
		ServiceUnavailable, TooManyRequests, InternalError, Conflict, Timeout, ConnectionReset, Kill, APIServerGone,
	}
	faultCalls = []string{"create", "update", "delete", "read"}
)

// Fault makes requests fail on the wire between the provider and the API server, so that client-go and the provider react as they
// would. It strikes real runs only: previews send dry runs.
type Fault struct {
	// APIVersion and Kind are the object's, such as apps/v1 and Deployment, or helm.sh/v3 and Release. Empty: any.
	APIVersion, Kind string
	Name             string // the object's name; empty: any
	Call             string // create, update, delete or read; empty: any
	Code             string // one of the codes above
	// Times is how often the fault strikes, counted in requests on the wire; 0 is once.
	Times int
	// Late lets the API server do what was asked before the answer is lost.
	Late bool
	// For is how long the API server is gone with APIServerGone, in real time: a real process starts again.
	For time.Duration
}

// Inject adds a fault; several strike in the order they were added. It refuses a code or a call there is none of, and one that
// needs an option the server doesn't have.
func (s *Server) Inject(f Fault) error {
	switch {
	case !slices.Contains(faultCodes, f.Code):
		return fmt.Errorf("there is no fault %q; there are %s", f.Code, strings.Join(faultCodes, ", "))
	case f.Call != "" && !slices.Contains(faultCalls, f.Call):
		return fmt.Errorf("there is no call %q; there are %s", f.Call, strings.Join(faultCalls, ", "))
	case f.Code == Kill && s.options.Kill == nil:
		return errors.New("nothing here can kill the CLI")
	case f.Code == APIServerGone && s.options.StopAPIServer == nil:
		return errors.New("nothing here can stop the API server")
	}
	f.Times = max(f.Times, 1)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = append(s.faults, &f)
	return nil
}

// Lift takes all faults away that haven't struck yet, and returns how many strikes there were left.
func (s *Server) Lift() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	left := 0
	for _, f := range s.faults {
		left += f.Times
	}
	s.faults = nil
	return left
}

// target is what a request of the engine is about. It travels with the context of the API requests made for it.
type target struct{ call, apiVersion, kind, name string }

type targetKey struct{}

func withTarget(ctx context.Context, call string, o object) context.Context {
	return context.WithValue(ctx, targetKey{}, target{call, text(o, "apiVersion"), text(o, "kind"), text(o, "metadata", "name")})
}

// struck reports whether a request on the wire is the one that does what the engine asked. Others made on the way are spared: a
// look before a write, or the transfer of managed fields before an update.
func (t target) struck(r *http.Request) bool {
	if r.URL.Query().Has("dryRun") {
		return false
	}
	switch t.call {
	case "create":
		return r.Method == http.MethodPost || r.Method == http.MethodPatch
	case "update":
		return r.Method == http.MethodPut ||
			r.Method == http.MethodPatch && r.Header.Get("Content-Type") != string(types.JSONPatchType)
	case "delete":
		return r.Method == http.MethodDelete
	}
	return r.Method == http.MethodGet
}

// take returns the fault that strikes a target now, if any, and counts it.
func (s *Server) take(t target) *Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	fits := func(rule, value string) bool { return rule == "" || rule == value }
	for i, f := range s.faults {
		if !fits(f.Call, t.call) || !fits(f.APIVersion, t.apiVersion) || !fits(f.Kind, t.kind) || !fits(f.Name, t.name) {
			continue
		}
		if f.Times--; f.Times == 0 {
			s.faults = slices.Delete(s.faults, i, i+1)
		}
		taken := *f
		return &taken
	}
	return nil
}

// wire is the way of one provider's requests to the API server.
type wire struct {
	server *Server
	next   http.RoundTripper
}

func (w wire) RoundTrip(r *http.Request) (*http.Response, error) {
	t, ok := r.Context().Value(targetKey{}).(target)
	if !ok || !t.struck(r) {
		return w.next.RoundTrip(r)
	}
	f := w.server.take(t)
	if f == nil {
		return w.next.RoundTrip(r)
	}
	w.server.options.Log("fault %s strikes: %s %s %s", f.Code, t.call, t.kind, t.name)
	if f.Code == APIServerGone {
		return w.outage(r, f.For)
	}
	if f.Late {
		response, err := w.next.RoundTrip(r)
		if err != nil {
			return nil, err
		}
		_, _ = io.Copy(io.Discard, response.Body)
		_ = response.Body.Close()
	}
	return w.fail(r, t, f.Code)
}

// outage lets a request through and takes the API server away behind it.
func (w wire) outage(r *http.Request, down time.Duration) (*http.Response, error) {
	response, err := w.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	// The answer has to be whole before its sender goes.
	body, err := io.ReadAll(response.Body)
	_ = response.Body.Close()
	if err != nil {
		return nil, err
	}
	response.Body = io.NopCloser(bytes.NewReader(body))
	w.server.options.StopAPIServer(down)
	return response, nil
}

func (w wire) fail(r *http.Request, t target, code string) (*http.Response, error) {
	resource := schema.GroupResource{Group: groupOf(t.apiVersion), Resource: resourceOf(r.URL.Path, t.call)}
	switch code {
	case ServiceUnavailable:
		return refusal(r, http.StatusServiceUnavailable, nil), nil
	case TooManyRequests:
		// Priority and fairness says when to come again, in whole seconds, and sends no status object (apiserver 1.36,
		// pkg/server/filters/priority-and-fairness.go).
		response := refusal(r, http.StatusTooManyRequests, nil)
		response.Header.Set("Retry-After", strconv.Itoa(int(math.Round(w.server.real(time.Second).Seconds()))))
		return response, nil
	case InternalError:
		return refusal(r, 0, apierrors.NewInternalError(errors.New("etcdserver: leader changed"))), nil
	case Conflict:
		return refusal(r, 0, apierrors.NewConflict(resource, t.name,
			errors.New("the object has been modified; please apply your changes to the latest version and try again"))), nil
	case Timeout:
		return refusal(r, 0, apierrors.NewTimeoutError("request did not complete within requested timeout - context deadline exceeded", 0)), nil
	case Kill:
		w.server.options.Kill()
		<-r.Context().Done()
		return nil, r.Context().Err()
	}
	return nil, &net.OpError{Op: "read", Net: "tcp", Err: os.NewSyscallError("read", syscall.ECONNRESET)}
}

// refusal makes the answer of an API server, with a status object or, without a reason, of something before it.
func refusal(r *http.Request, status int, reason *apierrors.StatusError) *http.Response {
	body, header := []byte(http.StatusText(status)+"\n"), http.Header{"Content-Type": {"text/plain; charset=utf-8"}}
	if reason != nil {
		answer := reason.Status()
		answer.TypeMeta = metav1.TypeMeta{APIVersion: "v1", Kind: "Status"}
		body, _ = json.Marshal(answer) // a status is made of text and numbers
		header.Set("Content-Type", "application/json")
		status = int(answer.Code)
	}
	return &http.Response{
		Status: fmt.Sprintf("%d %s", status, http.StatusText(status)), StatusCode: status,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: header, Body: io.NopCloser(bytes.NewReader(body)), ContentLength: int64(len(body)), Request: r,
	}
}

func groupOf(apiVersion string) string {
	group, _, found := strings.Cut(apiVersion, "/")
	if !found {
		return ""
	}
	return group
}

// resourceOf finds the resource in the path of a request, which ends with it when something is created and goes on with the
// object's name otherwise.
func resourceOf(path, call string) string {
	parts := strings.Split(strings.Trim(path, "/"), "/")
	if call != "create" && len(parts) > 1 {
		return parts[len(parts)-2]
	}
	return parts[len(parts)-1]
}
