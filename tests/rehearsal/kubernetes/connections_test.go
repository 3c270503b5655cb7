package kubernetes_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/protobuf/types/known/structpb"

	"apim-azure/tests/rehearsal/attach"
	"apim-azure/tests/rehearsal/kubernetes"
)

// line is one connection of an engine, as it is over the wire.
type line struct {
	pulumirpc.ResourceProviderClient
}

func marshalled(o values) *structpb.Struct {
	s, err := plugin.MarshalProperties(properties(o), plugin.MarshalOptions{KeepSecrets: true})
	if err != nil {
		panic(err)
	}
	return s
}

func connected(t *testing.T, port int, config values) line {
	t.Helper()
	conn, err := grpc.NewClient(fmt.Sprintf("127.0.0.1:%d", port), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	l := line{pulumirpc.NewResourceProviderClient(conn)}
	if _, err := l.Configure(t.Context(), &pulumirpc.ConfigureRequest{Args: marshalled(config), AcceptSecrets: true}); err != nil {
		t.Fatal(err)
	}
	return l
}

// make checks and creates an object.
func (l line) make(ctx context.Context, o values) (*pulumirpc.CreateResponse, error) {
	u := string(urnOf(o))
	checked, err := l.Check(ctx, &pulumirpc.CheckRequest{Urn: u, News: marshalled(o), RandomSeed: []byte("seed")})
	if err != nil {
		return nil, err
	}
	return l.Create(ctx, &pulumirpc.CreateRequest{Urn: u, Properties: checked.GetInputs()})
}

func TestTwoConfigurationsAtOnceDoNotMix(t *testing.T) {
	t.Parallel()
	admin, err := shared.plane.Kubeconfig(t.Context(), clusterID, true)
	if err != nil {
		t.Fatal(err)
	}
	server, err := attach.Provider(kubernetes.New(kubernetes.Options{Cluster: shared.plane}).Provider)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Close)
	first, second := shared.namespace(t), shared.namespace(t)
	lines := map[string]line{
		first:  connected(t, server.Port(), values{"kubeconfig": admin, "namespace": first, "enableSecretMutable": "true"}),
		second: connected(t, server.Port(), values{"kubeconfig": shared.kubeconfig, "namespace": second}),
	}
	const many = 20
	failures := make(chan error)
	for ns, l := range lines {
		go func() {
			failures <- func() error {
				for i := range many {
					o := values{
						"apiVersion": "v1", "kind": "Secret", "metadata": values{"name": fmt.Sprintf("s-%d", i)}, "stringData": values{"a": "1"},
					}
					made, err := l.make(t.Context(), o)
					if err != nil {
						return err
					}
					if !strings.HasPrefix(made.GetId(), ns+"/") {
						return fmt.Errorf("%s was asked for, and %s made", ns, made.GetId())
					}
					replaces, err := l.replaces(t.Context(), o, made)
					if err != nil {
						return err
					}
					if mutable := ns == first; replaces == mutable {
						return fmt.Errorf("mutable %v: a change of data replaces: %v", mutable, replaces)
					}
				}
				return nil
			}()
		}()
	}
	for range lines {
		if err := <-failures; err != nil {
			t.Error(err)
		}
	}
}

// replaces tells whether other data would replace a Secret.
func (l line) replaces(ctx context.Context, o values, made *pulumirpc.CreateResponse) (bool, error) {
	o["stringData"] = values{"a": "2"}
	u := string(urnOf(o))
	checked, err := l.Check(ctx, &pulumirpc.CheckRequest{Urn: u, News: marshalled(o), RandomSeed: []byte("seed")})
	if err != nil {
		return false, err
	}
	diff, err := l.Diff(ctx, &pulumirpc.DiffRequest{
		Id: made.GetId(), Urn: u, Olds: made.GetProperties(), OldInputs: checked.GetInputs(), News: checked.GetInputs(),
	})
	if err != nil {
		return false, err
	}
	if diff.GetChanges() != pulumirpc.DiffResponse_DIFF_SOME {
		return false, fmt.Errorf("other data is no change: %v", diff)
	}
	return len(diff.GetReplaces()) > 0, nil
}

func TestTheStateOfAFailedObjectReachesTheEngine(t *testing.T) {
	t.Parallel()
	server, err := attach.Provider(kubernetes.New(kubernetes.Options{Cluster: shared.plane}).Provider)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Close)
	ns := shared.namespace(t)
	l := connected(t, server.Port(), values{"kubeconfig": shared.kubeconfig})
	_, err = l.make(t.Context(), workload(ns, "Deployment", "gw", "missing:1", 1))
	detail := initFailed(t, err)
	state, err := plugin.UnmarshalProperties(detail.GetProperties(), plugin.MarshalOptions{KeepSecrets: true})
	if err != nil {
		t.Fatal(err)
	}
	if detail.GetId() != ns+"/gw" || at(t, state, "kind") != "Deployment" || len(detail.GetReasons()) < 2 {
		t.Errorf("ID %q, reasons %q, state %v", detail.GetId(), detail.GetReasons(), resource.NewObjectProperty(state))
	}
}
