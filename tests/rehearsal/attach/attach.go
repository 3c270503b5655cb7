// Package attach serves the plugins of a rehearsal to the engine.
//
// The engine can be told to attach to a plugin that is already running instead of starting one. It then makes a connection
// for every instance it wants: two providers of one package, or the old and the new configuration of one provider during an
// update, all reach the same port. A started plugin would be a process each, with its configuration in memory. So a server
// of this package gives every connection an instance of its own, and drops it when the connection ends.
package attach

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/stats"
	"google.golang.org/grpc/status"
)

// maxMessage is the engine's own limit for a message: 400 MiB.
const maxMessage = 400 << 20

// closeTimeout is how long Close waits for calls under way before it cuts them off.
const closeTimeout = 2 * time.Second

// Instance is what serves one connection.
type Instance struct {
	// Server implements the service's gRPC server interface.
	Server any
	// Closer is closed when the connection ends. It may be nil.
	Closer io.Closer
}

// Server is a listening plugin.
type Server struct {
	listener net.Listener
	grpc     *grpc.Server
}

// Provider serves a provider: open makes an instance for each connection of the engine. The instance needs no Attach, and a
// Handshake only when it wants the engine's address.
func Provider(open func() plugin.Provider) (*Server, error) {
	return Serve(&pulumirpc.ResourceProvider_ServiceDesc, func() Instance {
		p := attachable{open()}
		return Instance{Server: detailed{plugin.NewProviderServer(p)}, Closer: p}
	})
}

// detailed says of a detailed diff that it is one, which the SDK's server forgets: the engine would drop it, and updates would
// be shown without the properties that change.
type detailed struct {
	pulumirpc.ResourceProviderServer
}

func (d detailed) Diff(ctx context.Context, req *pulumirpc.DiffRequest) (*pulumirpc.DiffResponse, error) {
	return withDetails(d.ResourceProviderServer.Diff(ctx, req))
}

func (d detailed) DiffConfig(ctx context.Context, req *pulumirpc.DiffRequest) (*pulumirpc.DiffResponse, error) {
	return withDetails(d.ResourceProviderServer.DiffConfig(ctx, req))
}

func withDetails(res *pulumirpc.DiffResponse, err error) (*pulumirpc.DiffResponse, error) {
	if res != nil {
		res.HasDetailedDiff = len(res.GetDetailedDiff()) > 0
	}
	return res, err
}

// Serve serves any gRPC service on a free port of 127.0.0.1, with an instance for each connection.
func Serve(service *grpc.ServiceDesc, open func() Instance) (*Server, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("no port of 127.0.0.1 to serve %s on: %w", service.ServiceName, err)
	}
	s := &Server{
		listener: listener,
		grpc: grpc.NewServer(
			grpc.StatsHandler(connections{open}),
			grpc.MaxRecvMsgSize(maxMessage), grpc.MaxSendMsgSize(maxMessage),
		),
	}
	desc := perConnection(*service)
	s.grpc.RegisterService(&desc, nil)
	go func() { _ = s.grpc.Serve(listener) }()
	return s, nil
}

// Port is the port of 127.0.0.1 the server listens on.
func (s *Server) Port() int { return s.listener.Addr().(*net.TCPAddr).Port }

// Close stops the server. Calls under way get two seconds to finish.
func (s *Server) Close() {
	done := make(chan struct{})
	go func() { s.grpc.GracefulStop(); close(done) }()
	select {
	case <-done:
	case <-time.After(closeTimeout):
		s.grpc.Stop()
	}
}

// perConnection returns the service with handlers that call the connection's instance instead of the registered one.
func perConnection(service grpc.ServiceDesc) grpc.ServiceDesc {
	service.HandlerType = nil // Nothing is registered: the instances come with the connections.
	methods := make([]grpc.MethodDesc, len(service.Methods))
	for i, m := range service.Methods {
		methods[i] = grpc.MethodDesc{
			MethodName: m.MethodName,
			Handler: func(_ any, ctx context.Context, dec func(any) error, in grpc.UnaryServerInterceptor) (any, error) {
				return m.Handler(instance(ctx).Server, ctx, dec, in)
			},
		}
	}
	service.Methods = methods
	streams := make([]grpc.StreamDesc, len(service.Streams))
	for i, d := range service.Streams {
		handler := d.Handler
		d.Handler = func(_ any, stream grpc.ServerStream) error {
			return handler(instance(stream.Context()).Server, stream)
		}
		streams[i] = d
	}
	service.Streams = streams
	return service
}

type instanceKey struct{}

func instance(ctx context.Context) Instance { return ctx.Value(instanceKey{}).(Instance) }

// connections opens an instance when a connection begins and closes it when it ends. The context given to a connection is
// the parent of the contexts of its calls.
type connections struct{ open func() Instance }

func (c connections) TagConn(ctx context.Context, _ *stats.ConnTagInfo) context.Context {
	return context.WithValue(ctx, instanceKey{}, c.open())
}

func (c connections) HandleConn(ctx context.Context, event stats.ConnStats) {
	if _, ended := event.(*stats.ConnEnd); !ended {
		return
	}
	if closer := instance(ctx).Closer; closer != nil {
		_ = closer.Close()
	}
}

func (connections) TagRPC(ctx context.Context, _ *stats.RPCTagInfo) context.Context { return ctx }
func (connections) HandleRPC(context.Context, stats.RPCStats)                       {}

// attachable adds what the engine asks of a provider it attaches to.
type attachable struct{ plugin.Provider }

// Attach accepts the engine.
func (attachable) Attach(string) error { return nil }

// Handshake answers for providers that have no answer: they take secrets as such, and so does every plugin of a rehearsal.
func (a attachable) Handshake(
	ctx context.Context, req plugin.ProviderHandshakeRequest,
) (*plugin.ProviderHandshakeResponse, error) {
	res, err := a.Provider.Handshake(ctx, req)
	if errors.Is(err, plugin.ErrNotYetImplemented) || status.Code(err) == codes.Unimplemented {
		return &plugin.ProviderHandshakeResponse{AcceptSecrets: true, AcceptResources: true}, nil
	}
	return res, err
}
