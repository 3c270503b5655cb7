package kubernetes

import (
	"context"
	"fmt"
	"strings"
	"sync"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"
)

// provider is one configured instance.
type provider struct {
	plugin.UnimplementedProvider

	server    *Server
	settings  settings
	cancelled context.Context
	cancel    context.CancelFunc

	mu   sync.Mutex
	conn *connection
}

func (p *provider) Handshake(context.Context, plugin.ProviderHandshakeRequest) (*plugin.ProviderHandshakeResponse, error) {
	return &plugin.ProviderHandshakeResponse{AcceptSecrets: true, SupportsAutonamingConfiguration: true}, nil
}

func (p *provider) GetPluginInfo(context.Context) (plugin.PluginInfo, error) {
	v := version
	return plugin.PluginInfo{Version: &v}, nil
}

func (p *provider) GetSchema(context.Context, plugin.GetSchemaRequest) (plugin.GetSchemaResponse, error) {
	return plugin.GetSchemaResponse{Schema: []byte(`{"name":"kubernetes","version":"` + version.String() + `"}`)}, nil
}

func (p *provider) SignalCancellation(context.Context) error {
	p.cancel()
	return nil
}

func (p *provider) Close() error {
	p.cancel()
	return nil
}

func (p *provider) Construct(_ context.Context, req plugin.ConstructRequest) (plugin.ConstructResponse, error) {
	return plugin.ConstructResponse{}, fmt.Errorf("%s is not rehearsed: declare the objects as resources of their own types", req.Type)
}

func (p *provider) Invoke(_ context.Context, req plugin.InvokeRequest) (plugin.InvokeResponse, error) {
	return plugin.InvokeResponse{}, fmt.Errorf("the function %s of the Kubernetes provider is not rehearsed", req.Tok)
}

// operation returns a context that ends with the caller's and with the provider's cancellation.
func (p *provider) operation(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	stop := context.AfterFunc(p.cancelled, cancel)
	return ctx, func() { stop(); cancel() }
}

const releaseType = tokens.Type("kubernetes:helm.sh/v3:Release")

// refuse reports the types the stand-in can't play.
func refuse(t tokens.Type) error {
	module, name := string(t.Module().Name()), string(t.Name())
	switch {
	case t == releaseType:
		return nil
	case strings.HasPrefix(module, "yaml"), strings.HasPrefix(module, "kustomize"), strings.HasPrefix(module, "helm.sh"):
		return fmt.Errorf("%s is not rehearsed: declare the objects as resources of their own types, or the chart as %s", t, releaseType)
	case strings.HasSuffix(name, "Patch"):
		return fmt.Errorf("%s is not rehearsed: Patch resources share an object with its owner", t)
	case strings.HasSuffix(name, "List"):
		return fmt.Errorf("%s can't be created: declare the items as resources of their own types", t)
	}
	return nil
}

// CheckConfig accepts the configuration as it is, like the real provider outside strict mode, except for what the stand-in
// can't play.
func (p *provider) CheckConfig(_ context.Context, req plugin.CheckConfigRequest) (plugin.CheckConfigResponse, error) {
	response := plugin.CheckConfigResponse{Properties: req.News}
	for _, key := range []resource.PropertyKey{"renderYamlToDirectory", "alwaysRender"} {
		if plain(req.News[key]).HasValue() {
			response.Failures = append(response.Failures, plugin.CheckFailure{
				Property: key, Reason: "rendering YAML instead of creating objects is not rehearsed",
			})
		}
	}
	return response, nil
}

// Configure only notes the settings. The cluster is contacted when it is first needed, and again later if it wasn't there: a
// provider whose cluster is gone must still load, so that its resources can be dropped.
func (p *provider) Configure(_ context.Context, req plugin.ConfigureRequest) (plugin.ConfigureResponse, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.settings = readSettings(req.Inputs)
	p.conn = nil
	return plugin.ConfigureResponse{}, nil
}
