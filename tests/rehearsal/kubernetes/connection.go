package kubernetes

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/discovery/cached/memory"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/restmapper"
	"k8s.io/client-go/tools/clientcmd"
	clientapi "k8s.io/client-go/tools/clientcmd/api"

	"apim-azure/tests/rehearsal/kubernetes/controlplane"
)

// connection is access to the API server with one provider's credentials.
type connection struct {
	dynamic dynamic.Interface
	mapper  *restmapper.DeferredDiscoveryRESTMapper
	watches *watches
}

// unreachable is why there is no cluster behind a provider. Previews go on without one; everything else fails, unless the
// provider is told to let go of what it can't reach.
type unreachable struct{ reason error }

func (u *unreachable) Error() string {
	return fmt.Sprintf("the provider's Kubernetes cluster is unreachable: %v", u.reason)
}

func (u *unreachable) Unwrap() error { return u.reason }

func isUnreachable(err error) bool {
	var u *unreachable
	return errors.As(err, &u)
}

// connect returns the provider's connection, making it on first use. A failure is not kept: the cluster may come up later in
// the same run. Apart from unreachable, an error is the rehearsal's own and always surfaces.
func (p *provider) connect(ctx context.Context) (*connection, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.conn != nil {
		return p.conn, nil
	}
	if p.settings.unknown {
		return nil, &unreachable{errors.New("its kubeconfig is not known yet")}
	}
	config, active, err := p.settings.load()
	if err != nil {
		return nil, &unreachable{err}
	}
	plane, err := p.server.options.Cluster.RESTConfig(ctx)
	if errors.Is(err, controlplane.ErrNoCluster) {
		return nil, &unreachable{err}
	}
	if err != nil {
		return nil, err
	}
	if err := samePlace(config.Clusters[active.Cluster], plane); err != nil {
		return nil, &unreachable{err}
	}
	access, err := credentials(config, active, plane)
	if err != nil {
		return nil, &unreachable{err}
	}
	p.conn, err = p.dial(access)
	return p.conn, err
}

// samePlace refuses a kubeconfig of another cluster, which is what a stale one is.
func samePlace(cluster *clientapi.Cluster, plane *rest.Config) error {
	switch {
	case cluster == nil:
		return errors.New("the kubeconfig's context names a cluster it doesn't describe")
	case cluster.Server != plane.Host:
		return fmt.Errorf("the kubeconfig points at %s, and the stack's control plane is %s", cluster.Server, plane.Host)
	case !bytes.Equal(bytes.TrimSpace(cluster.CertificateAuthorityData), bytes.TrimSpace(plane.CAData)):
		return fmt.Errorf("the kubeconfig's certificate authority is not that of the control plane at %s", plane.Host)
	}
	return nil
}

// credentials turns the kubeconfig's user into access. kubelogin needs Entra and a person or an identity, none of which a
// rehearsal has, so for its users the administrator's certificate takes over: what Entra would let them do is unrehearsed.
func credentials(config *clientapi.Config, active *clientapi.Context, plane *rest.Config) (*rest.Config, error) {
	user := config.AuthInfos[active.AuthInfo]
	if user == nil {
		return nil, errors.New("the kubeconfig's context names a user it doesn't describe")
	}
	if user.Exec != nil {
		if user.Exec.Command != "kubelogin" {
			return nil, fmt.Errorf("the kubeconfig gets its token from %q; AKS's comes from kubelogin", user.Exec.Command)
		}
		return rest.CopyConfig(plane), nil
	}
	overrides := &clientcmd.ConfigOverrides{Context: *active}
	access, err := clientcmd.NewDefaultClientConfig(*config, overrides).ClientConfig()
	if err != nil {
		return nil, err
	}
	access.QPS, access.Burst = plane.QPS, plane.Burst
	return access, nil
}

func (p *provider) dial(config *rest.Config) (*connection, error) {
	config.WarningHandler = rest.NoWarnings{} // strict validation turns the ones that matter into errors
	config.Wrap(func(next http.RoundTripper) http.RoundTripper { return wire{p.server, next} })
	client, err := dynamic.NewForConfig(config)
	if err != nil {
		return nil, err
	}
	disco, err := discovery.NewDiscoveryClientForConfig(config)
	if err != nil {
		return nil, err
	}
	return &connection{
		dynamic: client,
		mapper:  restmapper.NewDeferredDiscoveryRESTMapper(memory.NewMemCacheClient(disco)),
		watches: newWatches(p.cancelled, client),
	}, nil
}

// mapping finds the REST resource of an object. A kind that is not there may have been defined since discovery was cached.
func (c *connection) mapping(o object) (*meta.RESTMapping, error) {
	gvk := wrap(o).GroupVersionKind()
	found, err := c.mapper.RESTMapping(gvk.GroupKind(), gvk.Version)
	if meta.IsNoMatchError(err) {
		c.mapper.Reset()
		found, err = c.mapper.RESTMapping(gvk.GroupKind(), gvk.Version)
	}
	return found, err
}

// client returns the REST client for an object's kind and namespace.
func (c *connection) client(o object) (dynamic.ResourceInterface, error) {
	found, err := c.mapping(o)
	if err != nil {
		return nil, err
	}
	if found.Scope.Name() == meta.RESTScopeNameNamespace {
		namespace := wrap(o).GetNamespace()
		if namespace == "" {
			namespace = "default"
		}
		return c.dynamic.Resource(found.Resource).Namespace(namespace), nil
	}
	return c.dynamic.Resource(found.Resource), nil
}

// wrap gives an object the accessors of apimachinery. It shares the object's content.
func wrap(o object) *unstructured.Unstructured { return &unstructured.Unstructured{Object: o} }
