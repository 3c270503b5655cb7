package kubernetes

import (
	"context"
	"fmt"
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	"k8s.io/client-go/tools/clientcmd"
	clientapi "k8s.io/client-go/tools/clientcmd/api"
)

// settings are the arguments of a provider resource that change its behaviour. Environment variables are not read, unlike in
// the real provider: a rehearsal must not depend on the shell it runs in.
type settings struct {
	kubeconfig string
	unknown    bool // the kubeconfig is not known yet, during a preview
	context    string
	cluster    string
	namespace  string

	serverSideApply, secretMutable, configMapMutable  bool
	patchForce, upsert, dropUnreachable, leaveUnreach bool
}

func readSettings(inputs resource.PropertyMap) settings {
	text := func(key resource.PropertyKey) string {
		if v := plain(inputs[key]); v.IsString() {
			return v.StringValue()
		}
		return ""
	}
	// Provider configuration is text on its way to a plugin, so a boolean may arrive as "true".
	truth := func(key resource.PropertyKey, otherwise bool) bool {
		switch v := plain(inputs[key]); {
		case v.IsBool():
			return v.BoolValue()
		case v.IsString():
			return v.StringValue() == "true"
		}
		return otherwise
	}
	return settings{
		kubeconfig:       text("kubeconfig"),
		unknown:          plain(inputs["kubeconfig"]).IsComputed(),
		context:          text("context"),
		cluster:          text("cluster"),
		namespace:        text("namespace"),
		serverSideApply:  truth("enableServerSideApply", true),
		secretMutable:    truth("enableSecretMutable", false),
		configMapMutable: truth("enableConfigMapMutable", false),
		patchForce:       truth("enablePatchForce", false),
		upsert:           truth("upsertExistingObjects", false),
		dropUnreachable:  truth("deleteUnreachable", false),
		leaveUnreach:     truth("skipUpdateUnreachable", false),
	}
}

// plain strips secrets and known outputs from a value; what is unknown stays a computed value.
func plain(v resource.PropertyValue) resource.PropertyValue {
	switch {
	case v.IsSecret():
		return plain(v.SecretValue().Element)
	case v.IsOutput():
		if !v.OutputValue().Known {
			return resource.MakeComputed(resource.NewStringProperty(""))
		}
		return plain(v.OutputValue().Element)
	}
	return v
}

// DiffConfig decides whether a provider is updated in place or replaced, which replaces every object it made. With a
// clusterIdentifier only that decides; without one, a change of the active cluster in the kubeconfig does, and an unknown
// kubeconfig counts as a change.
func (p *provider) DiffConfig(_ context.Context, req plugin.DiffConfigRequest) (plugin.DiffConfigResponse, error) {
	const identifier = resource.PropertyKey("clusterIdentifier")
	olds, news := req.OldInputs, req.NewInputs
	if olds == nil {
		olds = req.OldOutputs
	}
	changed := changedKeys(olds, news)
	if len(changed) == 0 {
		return plugin.DiffConfigResponse{Changes: plugin.DiffNone}, nil
	}
	result := plugin.DiffConfigResponse{Changes: plugin.DiffSome, ChangedKeys: changed}
	oldIdentifier, newIdentifier := plain(olds[identifier]), plain(news[identifier])
	if newIdentifier.HasValue() && oldIdentifier.HasValue() {
		if slices.Contains(changed, identifier) {
			result.ReplaceKeys = []resource.PropertyKey{identifier}
		}
		return result, nil
	}
	for _, key := range []resource.PropertyKey{"kubeconfig", "context", "cluster"} {
		if plain(news[key]).IsComputed() {
			result.ReplaceKeys = append(result.ReplaceKeys, key)
		}
	}
	if len(result.ReplaceKeys) > 0 {
		return result, nil
	}
	oldCluster, err := readSettings(olds).activeCluster()
	if err != nil {
		return plugin.DiffConfigResponse{}, err
	}
	newCluster, err := readSettings(news).activeCluster()
	if err != nil {
		return plugin.DiffConfigResponse{}, err
	}
	if oldCluster != nil && newCluster != nil && !sameCluster(oldCluster, newCluster) {
		for _, key := range []resource.PropertyKey{"kubeconfig", "context", "cluster"} {
			if slices.Contains(changed, key) {
				result.ReplaceKeys = append(result.ReplaceKeys, key)
			}
		}
	}
	return result, nil
}

func changedKeys(olds, news resource.PropertyMap) []resource.PropertyKey {
	var keys []resource.PropertyKey
	if diff := withoutSecrets(olds).Diff(withoutSecrets(news)); diff != nil {
		keys = diff.ChangedKeys()
	}
	slices.Sort(keys)
	return keys
}

// withoutSecrets compares values alone: whether a value is marked secret is no change of a provider's configuration.
func withoutSecrets(m resource.PropertyMap) resource.PropertyMap {
	bare := resource.PropertyMap{}
	for k, v := range m {
		bare[k] = plain(v)
	}
	return bare
}

func sameCluster(a, b *clientapi.Cluster) bool {
	return a.Server == b.Server && a.TLSServerName == b.TLSServerName && a.ProxyURL == b.ProxyURL &&
		a.InsecureSkipTLSVerify == b.InsecureSkipTLSVerify && a.CertificateAuthority == b.CertificateAuthority &&
		string(a.CertificateAuthorityData) == string(b.CertificateAuthorityData)
}

// load parses the kubeconfig and returns the names in force. A kubeconfig must be text: a path would depend on the machine.
func (s settings) load() (*clientapi.Config, *clientapi.Context, error) {
	if s.kubeconfig == "" {
		return nil, nil, fmt.Errorf("the provider has no kubeconfig, and a rehearsal never uses the one of the machine it runs on")
	}
	config, err := clientcmd.Load([]byte(s.kubeconfig))
	if err != nil {
		return nil, nil, fmt.Errorf("the provider's kubeconfig is no kubeconfig: %w", err)
	}
	name := config.CurrentContext
	if s.context != "" {
		name = s.context
	}
	active, ok := config.Contexts[name]
	if !ok {
		return nil, nil, fmt.Errorf("the provider's kubeconfig has no context %q", name)
	}
	active = active.DeepCopy()
	if s.cluster != "" {
		active.Cluster = s.cluster
	}
	return config, active, nil
}

// activeCluster returns the cluster the kubeconfig points at, or nil when there is no kubeconfig.
func (s settings) activeCluster() (*clientapi.Cluster, error) {
	if s.kubeconfig == "" {
		return nil, nil
	}
	config, active, err := s.load()
	if err != nil {
		return nil, err
	}
	return config.Clusters[active.Cluster], nil
}

// defaultNamespace is where a namespaced object goes that names none: the provider's, the context's, or "default".
func (s settings) defaultNamespace() string {
	if s.namespace != "" {
		return s.namespace
	}
	if _, active, err := s.load(); err == nil && active.Namespace != "" {
		return active.Namespace
	}
	return "default"
}
