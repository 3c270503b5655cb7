package kubernetes

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/blang/semver"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	"k8s.io/client-go/rest"
)

// version is the release of pulumi-kubernetes whose behaviour this package follows.
var version = semver.MustParse("4.30.0")

// Cluster is the control plane behind the kubeconfigs of a stack.
type Cluster interface {
	// RESTConfig gives administrator access, starting the control plane if it has to.
	RESTConfig(ctx context.Context) (*rest.Config, error)
}

// Options configure the stand-in.
type Options struct {
	Cluster Cluster
	// TimeScale is the number of simulated seconds in a real one, for the time waits may take; 0 means that nothing takes time.
	TimeScale float64
	// Kill kills the CLI, for faults with code Kill. nil: such a fault is refused.
	Kill func()
	// StopAPIServer takes the API server away and returns; it has to come back by itself after so much real time. For faults with
	// code APIServerGone. nil: such a fault is refused.
	StopAPIServer func(down time.Duration)
	// Log receives what a reader of the rehearsal should know; nil drops it.
	Log func(format string, args ...any)
}

// Server is what the provider instances of one rehearsal share.
type Server struct {
	options Options

	mu     sync.Mutex
	said   map[string]bool
	faults []*Fault
}

// New returns a stand-in for one stack's cluster.
func New(options Options) *Server {
	if options.Log == nil {
		options.Log = func(string, ...any) {}
	}
	return &Server{options: options, said: map[string]bool{}}
}

// Provider returns a new instance, to be used for one engine connection: an old and a new provider of the same package live
// side by side while the engine replaces one by the other, each with its own configuration.
func (s *Server) Provider() plugin.Provider {
	ctx, cancel := context.WithCancel(context.Background())
	return &provider{server: s, cancelled: ctx, cancel: cancel}
}

// once logs a message the first time it comes up in a rehearsal.
func (s *Server) once(format string, args ...any) {
	message := fmt.Sprintf(format, args...)
	s.mu.Lock()
	seen := s.said[message]
	s.said[message] = true
	s.mu.Unlock()
	if !seen {
		s.options.Log("%s", message)
	}
}
