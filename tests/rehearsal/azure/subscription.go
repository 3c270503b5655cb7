package azure

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"

	"apim-azure/tests/rehearsal/azure/arm"
	"apim-azure/tests/rehearsal/azure/schema"
)

// Options say how a simulated subscription behaves.
type Options struct {
	// StatePath is the JSON file the subscription is kept in, written after every change; empty keeps it in memory.
	StatePath string
	// SubscriptionID and TenantID are the GUIDs of the subscription played. Empty: whatever the provider's configuration says.
	SubscriptionID, TenantID string
	// TimeScale is the number of simulated seconds in a real one; 0 means that nothing takes time. Timeouts are simulated too.
	TimeScale float64
	// Clusters runs the control planes behind managed clusters. nil: there are none, and no credentials.
	Clusters ClusterHost
	// Log receives one line per request; nil is silent.
	Log func(format string, args ...any)
}

// ClusterHost runs the Kubernetes control planes behind managed clusters.
type ClusterHost interface {
	// Kubeconfig returns a cluster's credentials as YAML, starting its control plane if need be.
	Kubeconfig(ctx context.Context, clusterID string, admin bool) (string, error)
	// Delete stops a cluster's control plane and wipes its store.
	Delete(ctx context.Context, clusterID string) error
}

// Resource is one resource of the subscription.
type Resource = arm.Resource

// Subscription is a simulated Azure subscription. One serves every provider instance of a rehearsal.
type Subscription struct {
	options Options
	store   *arm.Store
	schema  *schema.Schema

	mu       sync.Mutex
	faults   []Fault
	watchers []func()
}

// NewSubscription opens the subscription, with what its file holds from earlier.
func NewSubscription(options Options) (*Subscription, error) {
	if options.TimeScale < 0 {
		return nil, fmt.Errorf("time scale %v: must be 0 (no waiting) or positive", options.TimeScale)
	}
	if options.Log == nil {
		options.Log = func(string, ...any) {}
	}
	store, err := arm.Open(options.StatePath)
	if err != nil {
		return nil, err
	}
	store.Subscription, store.Tenant = options.SubscriptionID, options.TenantID
	loaded, err := schema.Load()
	if err != nil {
		return nil, err
	}
	return &Subscription{options: options, store: store, schema: loaded}, nil
}

// Provider returns a provider for one engine connection; its configuration is its own.
func (s *Subscription) Provider() plugin.Provider { return newProvider(s) }

// Resources returns copies of all resources, sorted by ID.
func (s *Subscription) Resources() []Resource { return s.store.All() }

// Modify changes a resource behind Pulumi's back: what an ingress controller does to a gateway, or drift.
func (s *Subscription) Modify(id string, change func(properties map[string]any)) error {
	defer s.changed()
	return s.store.Modify(id, change)
}

// Seed creates a resource nobody's program made, such as an existing resource group or DNS zone. It is held to all rules.
func (s *Subscription) Seed(ctx context.Context, token string, inputs map[string]any) (id string, err error) {
	t := arm.Lookup(token)
	if t == nil {
		return "", unknownToken(token)
	}
	subscription := s.options.SubscriptionID
	if given, ok := inputs["subscriptionId"].(string); ok {
		subscription = given
		delete(inputs, "subscriptionId")
	}
	defer s.changed()
	id, _, err = s.store.Put(ctx, t, subscription, inputs, func(context.Context, float64) error { return nil })
	return id, err
}

// Remove deletes a resource behind Pulumi's back, by the same rules as any delete. Deleting what doesn't exist is no error.
func (s *Subscription) Remove(ctx context.Context, id string) error {
	r, err := s.store.Get(id)
	if err != nil {
		return nil
	}
	t := arm.Lookup(r.Token)
	if t == nil {
		return fmt.Errorf("%s belongs to %s and can only be deleted with it", id, r.Owner)
	}
	return s.delete(ctx, t, id, 0)
}

// OnChange calls notify after every change, from the goroutine that made it and without locks.
func (s *Subscription) OnChange(notify func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.watchers = append(s.watchers, notify)
}

func (s *Subscription) changed() {
	s.mu.Lock()
	watchers := slices.Clone(s.watchers)
	s.mu.Unlock()
	for _, notify := range watchers {
		notify()
	}
}

// Push puts an image into a simulated registry; image is repository:tag.
func (s *Subscription) Push(loginServer, image string) error {
	registry, err := s.registry(loginServer)
	if err != nil {
		return err
	}
	return s.store.Modify(registry.ID, func(properties map[string]any) {
		images, _ := properties["images"].([]any)
		if !slices.Contains(images, any(image)) {
			properties["images"] = append(images, image)
		}
	})
}

// HasImage tells whether a reference, registry/repository:tag, names an image that was pushed.
func (s *Subscription) HasImage(reference string) bool {
	server, image, _ := strings.Cut(reference, "/")
	registry, err := s.registry(server)
	if err != nil {
		return false
	}
	images, _ := registry.Properties["images"].([]any)
	return slices.Contains(images, any(image))
}

func (s *Subscription) registry(loginServer string) (Resource, error) {
	for _, r := range s.store.All() {
		if server, ok := r.Properties["loginServer"].(string); ok && strings.EqualFold(server, loginServer) {
			return r, nil
		}
	}
	return Resource{}, fmt.Errorf("there is no registry with login server %s", loginServer)
}

// Fault makes a request fail, so that recovery can be rehearsed.
type Fault struct {
	Token string // the Pulumi type; empty: any
	Name  string // the resource's Azure name; empty: any
	Call  string // create, update, delete or read; empty: any
	// Code is the error code, such as TooManyRequests or PrincipalNotFound.
	Code string
	// Times is how often the fault strikes; 0 is once.
	Times int
	// Late lets Azure accept and finish the request before the client sees the failure.
	Late bool
}

// Inject adds a fault; several strike in the order they were added.
func (s *Subscription) Inject(f Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f.Times = max(f.Times, 1)
	s.faults = append(s.faults, f)
}

// strike returns the error of the first fault that fits, and uses it up.
func (s *Subscription) strike(token, name, call string, late bool) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, f := range s.faults {
		if f.Late != late || (f.Token != "" && f.Token != token) || (f.Name != "" && f.Name != name) || (f.Call != "" && f.Call != call) {
			continue
		}
		if s.faults[i].Times--; s.faults[i].Times == 0 {
			s.faults = slices.Delete(s.faults, i, i+1)
		}
		return &arm.Error{Status: faultStatus(f.Code), Code: f.Code, Message: fmt.Sprintf("injected fault on %s of '%s'", call, name)}
	}
	return nil
}

func faultStatus(code string) int {
	switch code {
	case "TooManyRequests":
		return 429
	case "InternalServerError", "ServiceUnavailable":
		return 500
	case "PrincipalNotFound", "BadRequest":
		return 400
	}
	return 409
}

// delete removes a resource and the control planes of clusters that went with it.
func (s *Subscription) delete(ctx context.Context, t *arm.Type, id string, timeout float64) error {
	defer s.changed()
	removed, err := s.store.Delete(ctx, t, id, s.wait(timeout))
	if s.options.Clusters == nil {
		return err
	}
	for _, r := range removed {
		if r.Type == "Microsoft.ContainerService/managedClusters" {
			err = errors.Join(err, s.options.Clusters.Delete(ctx, r.ID))
		}
	}
	return err
}

// defaultTimeout is how long azure-native waits for a request without customTimeouts, in seconds.
const defaultTimeout = 2 * 60 * 60

// wait lets a request take its simulated time. A timeout, in simulated seconds, that is too short for it fails as it would
// against Azure.
func (s *Subscription) wait(timeout float64) arm.Wait {
	if timeout <= 0 {
		timeout = defaultTimeout
	}
	return func(ctx context.Context, minutes float64) error {
		seconds := minutes * 60
		if err := s.sleep(ctx, min(seconds, timeout)); err != nil {
			return err
		}
		if seconds > timeout {
			return fmt.Errorf("the request takes about %v of simulated time and the timeout is %v: %w",
				time.Duration(seconds)*time.Second, time.Duration(timeout)*time.Second, context.DeadlineExceeded)
		}
		return nil
	}
}

func (s *Subscription) sleep(ctx context.Context, seconds float64) error {
	if s.options.TimeScale == 0 || seconds == 0 {
		return ctx.Err()
	}
	timer := time.NewTimer(time.Duration(seconds / s.options.TimeScale * float64(time.Second)))
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func unknownToken(token string) error {
	return fmt.Errorf("the azure stand-in doesn't know '%s'; it knows %s", token, strings.Join(arm.Tokens(), ", "))
}

func encode(text string) string { return base64.StdEncoding.EncodeToString([]byte(text)) }
