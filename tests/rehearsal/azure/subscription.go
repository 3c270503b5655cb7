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
	// Latency is the least real time an accepted request stays in flight. With the default, 0, and no time scale, requests hardly
	// ever overlap; a few milliseconds are enough for two at a time to collide.
	Latency time.Duration
	// Propagation is the real time after which new role assignments and identities are known everywhere, on top of what the time
	// scale says.
	Propagation time.Duration
	// Kill kills the CLI, for faults with code Kill. nil: such a fault is an error.
	Kill func()
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

	open       context.Context // ends with Close
	close      context.CancelFunc
	operations sync.WaitGroup // what Azure is carrying out

	mu       sync.Mutex
	faults   []*Fault
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
	store.SetTime(options.TimeScale)
	loaded, err := schema.Load()
	if err != nil {
		return nil, err
	}
	s := &Subscription{options: options, store: store, schema: loaded}
	s.open, s.close = context.WithCancel(context.Background())
	store.Propagation = s.propagation
	return s, nil
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
	operation, err := s.store.StartDelete(t, id, s.stopClusters)
	if err != nil || operation == nil {
		return err
	}
	defer s.changed()
	return operation.Finish(ctx, s.wait(0))
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

// Granted tells whether a principal holds one of the roles (built-in role GUIDs) on a scope or above it, and the assignment has
// propagated. Contributor and Owner count as any of them: they hold every management right of narrower roles.
func (s *Subscription) Granted(principalID, scope string, roles ...string) bool {
	return s.store.Granted(principalID, scope, roles...)
}

// Pass lets simulated time go by: what Azure keeps of deleted resources expires.
func (s *Subscription) Pass(d time.Duration) error { return s.store.Pass(d) }

func (s *Subscription) registry(loginServer string) (Resource, error) {
	for _, r := range s.store.All() {
		if server, ok := r.Properties["loginServer"].(string); ok && strings.EqualFold(server, loginServer) {
			return r, nil
		}
	}
	return Resource{}, fmt.Errorf("there is no registry with login server %s", loginServer)
}

// delete asks for a resource to be removed, with the control planes of clusters that go with it. ctx is the client's; waiting is how
// long it waits for what Azure accepted.
func (s *Subscription) delete(ctx, waiting context.Context, t *arm.Type, id string, timeout float64, r request) error {
	var operation *arm.Operation
	err := s.send(ctx, r, func() (_ *arm.Operation, err error) {
		operation, err = s.store.StartDelete(t, id, s.stopClusters)
		return operation, err
	})
	if err != nil || operation == nil {
		return err
	}
	return s.await(waiting, operation, timeout)
}

// stopClusters wipes the control planes of clusters among deleted resources.
func (s *Subscription) stopClusters(removed []Resource) error {
	if s.options.Clusters == nil {
		return nil
	}
	var errs []error
	for _, r := range removed {
		if r.Type == "Microsoft.ContainerService/managedClusters" {
			errs = append(errs, s.options.Clusters.Delete(context.Background(), r.ID))
		}
	}
	return errors.Join(errs...)
}

func unknownToken(token string) error {
	return fmt.Errorf("the azure stand-in doesn't know '%s'; it knows %s", token, strings.Join(arm.Tokens(), ", "))
}

func encode(text string) string { return base64.StdEncoding.EncodeToString([]byte(text)) }
