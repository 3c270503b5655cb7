package attach

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/protobuf/types/known/structpb"
)

// remembering keeps its configuration in a field, as a provider that expects to be a process of its own does.
type remembering struct {
	plugin.UnimplementedProvider
	region string
	closed *atomic.Int32
}

func (p *remembering) Configure(_ context.Context, req plugin.ConfigureRequest) (plugin.ConfigureResponse, error) {
	p.region = req.Inputs["region"].StringValue()
	return plugin.ConfigureResponse{}, nil
}

func (p *remembering) Invoke(context.Context, plugin.InvokeRequest) (plugin.InvokeResponse, error) {
	return plugin.InvokeResponse{Properties: resource.PropertyMap{"region": resource.NewStringProperty(p.region)}}, nil
}

func (p *remembering) Close() error { p.closed.Add(1); return nil }

func connect(t *testing.T, s *Server) (pulumirpc.ResourceProviderClient, *grpc.ClientConn) {
	t.Helper()
	conn, err := grpc.NewClient(fmt.Sprintf("127.0.0.1:%d", s.Port()), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return pulumirpc.NewResourceProviderClient(conn), conn
}

func TestEveryConnectionHasItsOwnInstanceUntilItEnds(t *testing.T) {
	var closed atomic.Int32
	s, err := Provider(func() plugin.Provider { return &remembering{closed: &closed} })
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()

	old, oldConn := connect(t, s)
	replacement, _ := connect(t, s)
	for region, client := range map[string]pulumirpc.ResourceProviderClient{"west": old, "north": replacement} {
		args, err := structpb.NewStruct(map[string]any{"region": region})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := client.Configure(t.Context(), &pulumirpc.ConfigureRequest{Args: args}); err != nil {
			t.Fatal(err)
		}
	}
	for want, client := range map[string]pulumirpc.ResourceProviderClient{"west": old, "north": replacement} {
		res, err := client.Invoke(t.Context(), &pulumirpc.InvokeRequest{Tok: "test:index:region"})
		if err != nil {
			t.Fatal(err)
		}
		if got := res.Return.Fields["region"].GetStringValue(); got != want {
			t.Errorf("the connection configured with %q answers %q", want, got)
		}
	}

	_ = oldConn.Close()
	for deadline := time.Now().Add(5 * time.Second); closed.Load() != 1; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%d instances closed after one connection ended, want 1", closed.Load())
		}
	}
}

func TestAProviderWithoutHandshakeAndAttachIsAccepted(t *testing.T) {
	s, err := Provider(func() plugin.Provider { return &remembering{closed: new(atomic.Int32)} })
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	client, _ := connect(t, s)
	res, err := client.Handshake(t.Context(), &pulumirpc.ProviderHandshakeRequest{EngineAddress: "127.0.0.1:1"})
	if err != nil {
		t.Fatal(err)
	}
	if !res.AcceptSecrets {
		t.Error("secrets would reach the provider unmarked, and come back so")
	}
	if _, err := client.Attach(t.Context(), &pulumirpc.PluginAttach{Address: "127.0.0.1:1"}); err != nil {
		t.Errorf("Attach refused: %v", err)
	}
}
