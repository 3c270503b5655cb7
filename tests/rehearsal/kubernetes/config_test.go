package kubernetes_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"
	"k8s.io/client-go/rest"

	"apim-azure/tests/rehearsal/kubernetes"
)

// kubeconfigOf writes a kubeconfig with a server, a token and a current context.
func kubeconfigOf(server, token string) string {
	return fmt.Sprintf(`{"apiVersion":"v1","kind":"Config","current-context":"c",
		"clusters":[{"name":"k","cluster":{"server":%q}}],
		"users":[{"name":"u","user":{"token":%q}}],
		"contexts":[{"name":"c","context":{"cluster":"k","user":"u"}}]}`, server, token)
}

func TestDiffConfigReplacesAProviderOnlyForAnotherCluster(t *testing.T) {
	one, renewed, other := kubeconfigOf("https://a:443", "1"), kubeconfigOf("https://a:443", "2"), kubeconfigOf("https://b:443", "1")
	unknown := resource.MakeComputed(resource.NewStringProperty(""))
	for _, test := range []struct {
		name      string
		old, news values
		changes   plugin.DiffChanges
		replaces  []resource.PropertyKey
	}{
		{"nothing changed", values{"kubeconfig": one}, values{"kubeconfig": one}, plugin.DiffNone, nil},
		{"a renewed token is an update", values{"kubeconfig": one}, values{"kubeconfig": renewed}, plugin.DiffSome, nil},
		{"another server replaces", values{"kubeconfig": one}, values{"kubeconfig": other}, plugin.DiffSome, []resource.PropertyKey{"kubeconfig"}},
		{"an unknown kubeconfig may be another cluster", values{"kubeconfig": one}, values{"kubeconfig": unknown}, plugin.DiffSome, []resource.PropertyKey{"kubeconfig"}},
		{
			"with an identifier another server is an update",
			values{"kubeconfig": one, "clusterIdentifier": "x"}, values{"kubeconfig": other, "clusterIdentifier": "x"}, plugin.DiffSome, nil,
		},
		{
			"with an identifier an unknown kubeconfig is an update",
			values{"kubeconfig": one, "clusterIdentifier": "x"}, values{"kubeconfig": unknown, "clusterIdentifier": "x"}, plugin.DiffSome, nil,
		},
		{
			"a changed identifier replaces",
			values{"kubeconfig": one, "clusterIdentifier": "x"}, values{"kubeconfig": one, "clusterIdentifier": "y"},
			plugin.DiffSome, []resource.PropertyKey{"clusterIdentifier"},
		},
		{
			"an added identifier is an update",
			values{"kubeconfig": one}, values{"kubeconfig": one, "clusterIdentifier": "x"}, plugin.DiffSome, nil,
		},
		{
			"a setting is an update",
			values{"kubeconfig": one}, values{"kubeconfig": one, "enableSecretMutable": true}, plugin.DiffSome, nil,
		},
		{
			"a kubeconfig that became secret is the same",
			values{"kubeconfig": one}, values{"kubeconfig": resource.MakeSecret(resource.NewStringProperty(one))}, plugin.DiffNone, nil,
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			p := kubernetes.New(kubernetes.Options{}).Provider()
			diff, err := p.DiffConfig(t.Context(), plugin.DiffConfigRequest{OldInputs: properties(test.old), NewInputs: properties(test.news)})
			if err != nil {
				t.Fatal(err)
			}
			if diff.Changes != test.changes || !slices.Equal(diff.ReplaceKeys, test.replaces) {
				t.Errorf("changes %v replaces %v, want %v %v", diff.Changes, diff.ReplaceKeys, test.changes, test.replaces)
			}
		})
	}
}

// elsewhere is a control plane at a given address.
type elsewhere struct{ host string }

func (e elsewhere) RESTConfig(context.Context) (*rest.Config, error) {
	return &rest.Config{Host: e.host}, nil
}

func TestAKubeconfigThatDoesNotLeadToTheStacksClusterIsUnreachable(t *testing.T) {
	const here = "https://127.0.0.1:1"
	for _, test := range []struct {
		name       string
		kubeconfig any
		says       string
	}{
		{"a kubeconfig of another cluster", kubeconfigOf("https://b:443", "1"), "points at https://b:443"},
		{"no kubeconfig", nil, "has no kubeconfig"},
		{"text that is no kubeconfig", "~/.kube/config", "is no kubeconfig"},
		{"a kubeconfig that is not known yet", resource.MakeComputed(resource.NewStringProperty("")), "not known yet"},
		{
			"a kubeconfig with another authority",
			strings.Replace(kubeconfigOf(here, "1"), `"server"`, `"certificate-authority-data":"QUJD","server"`, 1), "certificate authority",
		},
		{
			"a kubeconfig whose token comes from an unknown program",
			strings.Replace(kubeconfigOf(here, "1"), `{"token":"1"}`,
				`{"exec":{"command":"gcloud","apiVersion":"client.authentication.k8s.io/v1","interactiveMode":"Never"}}`, 1), "kubelogin",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			server := kubernetes.New(kubernetes.Options{Cluster: elsewhere{here}})
			e := engine{t, configured(t, server, values{"kubeconfig": test.kubeconfig})}
			u, o := urn("kubernetes:core/v1:ConfigMap", "x"), properties(configMap("x", nil))
			if _, err := e.tryCreate(u, o, true); err != nil {
				t.Errorf("preview: %v", err)
			}
			_, err := e.tryCreate(u, o, false)
			if err == nil || !strings.Contains(err.Error(), test.says) {
				t.Errorf("%v, want %q", err, test.says)
			}
		})
	}
}

func TestWhatIsNotRehearsedIsRefused(t *testing.T) {
	p := kubernetes.New(kubernetes.Options{}).Provider()
	for _, token := range []tokens.Type{
		"kubernetes:yaml/v2:ConfigGroup", "kubernetes:yaml:ConfigFile", "kubernetes:kustomize/v2:Directory", "kubernetes:helm.sh/v4:Chart",
		"kubernetes:core/v1:ConfigMapPatch", "kubernetes:core/v1:ConfigMapList",
	} {
		t.Run(string(token), func(t *testing.T) {
			_, err := p.Check(t.Context(), plugin.CheckRequest{URN: urn(string(token), "x"), Type: token})
			if err == nil || !strings.Contains(err.Error(), string(token)) {
				t.Errorf("%v", err)
			}
		})
	}
	t.Run("rendering YAML", func(t *testing.T) {
		response, err := p.CheckConfig(t.Context(), plugin.CheckConfigRequest{News: properties(values{"renderYamlToDirectory": "out"})})
		if err != nil || len(response.Failures) != 1 || response.Failures[0].Property != "renderYamlToDirectory" {
			t.Errorf("%v, %v", response, err)
		}
	})
	t.Run("functions", func(t *testing.T) {
		if _, err := p.Invoke(t.Context(), plugin.InvokeRequest{Tok: "kubernetes:helm:template"}); err == nil {
			t.Error("no error")
		}
	})
}

func TestAReleaseNeedsItsChartAndVersion(t *testing.T) {
	e := engine{t, kubernetes.New(kubernetes.Options{}).Provider()}
	inputs, failures := e.check(urn("kubernetes:helm.sh/v3:Release", "agic"), nil, properties(values{"namespace": "x"}))
	var missing []string
	for _, f := range failures {
		missing = append(missing, string(f.Property))
	}
	if !slices.Equal(missing, []string{"chart", "version"}) {
		t.Errorf("failures %v", failures)
	}
	if name, _ := at(t, inputs, "name").(string); !strings.HasPrefix(name, "agic-") {
		t.Errorf("name %q", name)
	}
}
