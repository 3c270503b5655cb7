package controlplane

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"k8s.io/client-go/rest"
)

// Binaries are the paths of the five programs.
type Binaries struct{ Etcd, APIServer, ControllerManager, Scheduler, Kwok string }

// Options say where a control plane keeps its files and where its programs come from.
type Options struct {
	// Dir holds everything the control plane keeps; it must be one stack's own.
	Dir string
	// Binaries finds or builds the programs. It is called when the control plane first starts, not before.
	Binaries func(ctx context.Context) (Binaries, error)
	// Started is called with administrator access each time the API server has become ready after a start, and the function
	// it returns, if any, before the processes stop. What it starts must live through a Restart of the API server. It must
	// not call the ControlPlane, which waits for it. Nil: nothing.
	Started func(config *rest.Config) (stop func())
	// TimeScale is how many simulated seconds pass in a real one; 0: nothing takes time.
	TimeScale float64
	// Log receives progress; nil drops it.
	Log func(format string, args ...any)
}

// ControlPlane is the control plane of one stack. All methods may be called concurrently.
type ControlPlane struct {
	options Options

	mu       sync.Mutex // guards everything below, and makes a second caller wait for the first one's start
	identity *identity
	running  *processes
	stopped  func() // what Options.Started returned
}

// ErrNoCluster is returned where a control plane is asked for and no cluster owns one: none was created, or it was deleted.
var ErrNoCluster = errors.New("the rehearsed subscription holds no cluster: its control plane was never asked for, or was deleted")

// New returns a control plane that is not running yet; nothing is written before it is asked for.
func New(options Options) *ControlPlane {
	if options.Log == nil {
		options.Log = func(string, ...any) {}
	}
	return &ControlPlane{options: options}
}

// Kubeconfig returns the credentials of the cluster with the given Azure resource ID, starting its control plane on demand.
// With admin it is the local administrator's, a client certificate; without, it has the form AKS gives to Entra users, whose
// token comes from kubelogin. It fails when the control plane does not become ready, and when it belongs to another cluster.
func (c *ControlPlane) Kubeconfig(ctx context.Context, clusterID string, admin bool) (string, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	owner, err := c.owner()
	if err != nil {
		return "", err
	}
	if owner != "" && !strings.EqualFold(owner, clusterID) { // Azure's IDs ignore case
		return "", fmt.Errorf("%s: the rehearsal runs one cluster per stack and %s is there already; delete that one first",
			clusterID, owner)
	}
	if owner == "" {
		if err := c.setOwner(clusterID); err != nil {
			return "", err
		}
	}
	if err := c.start(ctx); err != nil {
		return "", err
	}
	return c.identity.kubeconfig(clusterID, admin)
}

// RESTConfig returns administrator access for the stand-ins, starting the control plane on demand. It returns ErrNoCluster
// when no cluster owns it, so that a provider left with a deleted cluster's credentials finds nothing behind them.
func (c *ControlPlane) RESTConfig(ctx context.Context) (*rest.Config, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	owner, err := c.owner()
	if err != nil {
		return nil, err
	}
	if owner == "" {
		return nil, ErrNoCluster
	}
	if err := c.start(ctx); err != nil {
		return nil, err
	}
	return c.identity.restConfig(), nil
}

// Delete stops the control plane and wipes its store. Port and certificates stay, so that the next cluster of the stack has
// the same address. Deleting a cluster that is not there is no error.
func (c *ControlPlane) Delete(_ context.Context, clusterID string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	owner, err := c.owner()
	if err != nil {
		return err
	}
	if !strings.EqualFold(owner, clusterID) {
		return nil
	}
	if err := c.stop(); err != nil {
		return err
	}
	if err := os.RemoveAll(c.path("etcd")); err != nil {
		return err
	}
	return os.Remove(c.path("cluster.json"))
}

// Stop ends the processes and keeps the store.
func (c *ControlPlane) Stop() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.stop()
}

// Restart kills the API server and brings it back, with everything it knew, after it was away for the real time given. It
// returns when the server is ready again, or at once with ErrNoCluster if none runs. Meanwhile requests fail as they do in an
// outage: the connection is refused. The other programs keep running; their watches come back after about as long again as the
// outage took, a minute at most, because clients wait longer after each failure. A context that ends cuts the outage short.
func (c *ControlPlane) Restart(ctx context.Context, down time.Duration) error {
	back, err := c.Interrupt()
	if err != nil {
		return err
	}
	select {
	case <-ctx.Done():
	case <-time.After(down):
	}
	return back(context.WithoutCancel(ctx))
}

// Interrupt kills the API server and returns when it is gone. Calling back brings it back and returns when it is ready; that
// does nothing if the control plane was stopped or started anew meanwhile.
func (c *ControlPlane) Interrupt() (back func(context.Context) error, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	interrupted := c.running
	if interrupted == nil {
		return nil, ErrNoCluster
	}
	interrupted.kill(apiServer)
	c.options.Log("the API server is gone")
	return func(ctx context.Context) error {
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.running != interrupted || interrupted.has(apiServer) {
			return nil
		}
		if err := interrupted.startAPIServer(ctx); err != nil {
			return err
		}
		c.options.Log("the API server is back")
		return nil
	}, nil
}

func (c *ControlPlane) start(ctx context.Context) error {
	if c.running != nil {
		err := c.running.alive()
		if err == nil {
			return nil
		}
		// One of the five died on its own: the others are useless without it.
		c.options.Log("the control plane is restarted: %v", err)
		if err := c.stop(); err != nil {
			return err
		}
	}
	if c.identity == nil {
		id, err := loadIdentity(c.options.Dir)
		if err != nil {
			return err
		}
		c.identity = id
	}
	binaries, err := c.options.Binaries(ctx)
	if err != nil {
		return fmt.Errorf("the control plane's programs: %w", err)
	}
	running, err := startProcesses(ctx, c.options, binaries, c.identity)
	if err != nil {
		return err
	}
	c.running = running
	c.options.Log("control plane ready at %s", c.identity.server())
	if c.options.Started != nil {
		c.stopped = c.options.Started(c.identity.restConfig())
	}
	return nil
}

func (c *ControlPlane) stop() error {
	if c.running == nil {
		return nil
	}
	if c.stopped != nil {
		c.stopped()
		c.stopped = nil
	}
	err := c.running.stop()
	c.running = nil
	return err
}

func (c *ControlPlane) path(name string) string { return filepath.Join(c.options.Dir, name) }

type ownership struct {
	ID string `json:"id"`
}

func (c *ControlPlane) owner() (string, error) {
	text, err := os.ReadFile(c.path("cluster.json"))
	if errors.Is(err, os.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	var o ownership
	if err := json.Unmarshal(text, &o); err != nil {
		return "", fmt.Errorf("%s: %w", c.path("cluster.json"), err)
	}
	return o.ID, nil
}

func (c *ControlPlane) setOwner(id string) error {
	text, err := json.Marshal(ownership{ID: id})
	if err != nil {
		return err
	}
	return writeFile(c.path("cluster.json"), text)
}

// writeFile replaces a file in one step, readable by its owner alone: half a key is worse than none.
func writeFile(path string, content []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	temporary := path + ".new"
	if err := os.WriteFile(temporary, content, 0o600); err != nil {
		return err
	}
	return os.Rename(temporary, path)
}
