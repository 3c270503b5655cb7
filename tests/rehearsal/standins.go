package rehearsal

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"

	"apim-azure/tests/rehearsal/attach"
	"apim-azure/tests/rehearsal/azure"
	"apim-azure/tests/rehearsal/kubernetes"
	"apim-azure/tests/rehearsal/kubernetes/controlplane"
	"apim-azure/tests/rehearsal/language"
	"apim-azure/tests/rehearsal/random"
	"apim-azure/tests/rehearsal/tls"
	"apim-azure/tests/rehearsal/tools"
)

// AllStandIns are the stand-ins there are.
var AllStandIns = []string{"azure", "kubernetes", "random", "tls"}

// packages are the stand-ins whose provider package has another name.
var packages = map[string]string{"azure": "azure-native"}

// CheckStandIns refuses names that are none.
func CheckStandIns(names []string) error {
	for _, name := range names {
		if !slices.Contains(AllStandIns, name) {
			return fmt.Errorf("there is no stand-in %q; there are %s", name, strings.Join(AllStandIns, ", "))
		}
	}
	return nil
}

// serve starts the servers the engine attaches to and returns the variables that tell it where.
func (r *Rig) serve(ctx context.Context, config map[string]any) ([]string, error) {
	providers, err := r.providers(ctx, config)
	if err != nil {
		return nil, err
	}
	var addresses []string
	for _, name := range r.options.StandIns {
		server, err := attach.Provider(providers[name])
		if err != nil {
			return nil, err
		}
		r.closers = append(r.closers, server.Close)
		pkg := name
		if packages[name] != "" {
			pkg = packages[name]
		}
		addresses = append(addresses, fmt.Sprintf("%s:%d", pkg, server.Port()))
	}
	runtime, err := language.Serve(scrub(os.Environ()))
	if err != nil {
		return nil, err
	}
	r.closers = append(r.closers, runtime.Close)
	return []string{
		"PULUMI_DEBUG_PROVIDERS=" + strings.Join(addresses, ","),
		fmt.Sprintf("PULUMI_DEBUG_LANGUAGES=go:%d", runtime.Port()),
	}, nil
}

// providers are the stand-ins' factories: what they share lives as long as the rig, what is configured as long as a
// connection.
func (r *Rig) providers(ctx context.Context, config map[string]any) (map[string]func() plugin.Provider, error) {
	log := r.logger()
	find := tools.Kubernetes
	if r.options.NextKubernetes {
		find = tools.NextKubernetes
	}
	cluster := controlplane.New(controlplane.Options{
		Dir:       r.path("cluster"),
		TimeScale: r.options.TimeScale,
		Started:   r.controllers(log),
		Log:       log,
		Binaries: func(ctx context.Context) (controlplane.Binaries, error) {
			return find(ctx, io.Discard) // they are there: see below
		},
	})
	if slices.Contains(r.options.StandIns, "azure") || slices.Contains(r.options.StandIns, "kubernetes") {
		// Found or built now: once the engine runs, its progress fills the terminal, and a cluster that takes minutes to
		// appear for want of a program would be a riddle.
		if _, err := find(ctx, r.options.Stderr); err != nil {
			return nil, err
		}
	}
	r.cluster = cluster
	r.closers = append(r.closers, func() { _ = cluster.Stop() })
	text := func(path string) string { s, _ := r.project.lookup(config, path).(string); return s }
	subscription, err := azure.NewSubscription(azure.Options{
		StatePath:      r.path("subscription.json"),
		SubscriptionID: text("azure.subscriptionId"),
		TenantID:       text("azure.tenantId"),
		TimeScale:      r.options.TimeScale,
		Clusters:       cluster,
		Kill:           r.kill,
		Log:            log,
	})
	if err != nil {
		return nil, err
	}
	r.azure = subscription
	r.closers = append(r.closers, subscription.Close)
	if r.options.PushImages {
		r.azure.OnChange(r.pushMissing)
	}
	r.objects = kubernetes.New(kubernetes.Options{
		Cluster: cluster, TimeScale: r.options.TimeScale, Kill: r.kill, StopAPIServer: r.stopAPIServer, Log: log,
	})
	if err := r.inject(r.options.Faults); err != nil {
		return nil, err
	}
	return map[string]func() plugin.Provider{
		"azure":      func() plugin.Provider { return subscription.Provider() },
		"kubernetes": func() plugin.Provider { return r.objects.Provider() },
		"random":     func() plugin.Provider { return random.New() },
		"tls":        func() plugin.Provider { return tls.New() },
	}, nil
}

// installedPlugins lets a rehearsal with fewer stand-ins find the plugins the caller has installed.
func (r *Rig) installedPlugins() error {
	if len(r.options.StandIns) == len(AllStandIns) {
		return nil
	}
	home := os.Getenv("PULUMI_HOME")
	if home == "" {
		user, err := os.UserHomeDir()
		if err != nil {
			return err
		}
		home = filepath.Join(user, ".pulumi")
	}
	link := filepath.Join(r.path("home"), "plugins")
	if err := os.Symlink(filepath.Join(home, "plugins"), link); err != nil && !os.IsExist(err) {
		return err
	}
	return nil
}
