// Package language is the Go language runtime of a rehearsal: it starts the compiled program for the engine.
//
// The runtime that ships with Pulumi would look for the program's plugins and try to download them; this one requires
// none, because the rehearsal serves them.
package language

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strconv"
	"strings"
	"sync"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/protobuf/types/known/emptypb"

	"apim-azure/tests/rehearsal/attach"
	"apim-azure/tests/rehearsal/process"
)

const (
	// version is what the runtime calls itself: the SDK's version the programs are written for.
	version = "3.250.0"
	// exitLogged is a program's exit status when it has told the engine its error already.
	exitLogged = 32
	// longestLine is the longest line of a program's output that is passed on whole, in bytes.
	longestLine = 1 << 20
)

// Serve serves the runtime. Programs are started with the given environment and the engine's variables, and with nothing
// else of this process's environment.
func Serve(environment []string) (*attach.Server, error) {
	return attach.Serve(&pulumirpc.LanguageRuntime_ServiceDesc, func() attach.Instance {
		return attach.Instance{Server: &runtime{environment: environment}}
	})
}

// runtime serves one connection: the engine of one command.
type runtime struct {
	pulumirpc.UnimplementedLanguageRuntimeServer
	environment []string

	mu     sync.Mutex
	engine string
}

// Handshake keeps the engine's address, where programs send their log.
func (r *runtime) Handshake(
	_ context.Context, req *pulumirpc.LanguageHandshakeRequest,
) (*pulumirpc.LanguageHandshakeResponse, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.engine = req.GetEngineAddress()
	return &pulumirpc.LanguageHandshakeResponse{}, nil
}

// GetPluginInfo tells the runtime's version.
func (r *runtime) GetPluginInfo(context.Context, *emptypb.Empty) (*pulumirpc.PluginInfo, error) {
	return &pulumirpc.PluginInfo{Version: version}, nil
}

// GetRequiredPackages requires nothing, so that nothing is looked for.
func (r *runtime) GetRequiredPackages(
	context.Context, *pulumirpc.GetRequiredPackagesRequest,
) (*pulumirpc.GetRequiredPackagesResponse, error) {
	return &pulumirpc.GetRequiredPackagesResponse{}, nil
}

// GetRequiredPlugins requires nothing, as GetRequiredPackages.
func (r *runtime) GetRequiredPlugins(
	context.Context, *pulumirpc.GetRequiredPluginsRequest,
) (*pulumirpc.GetRequiredPluginsResponse, error) {
	return &pulumirpc.GetRequiredPluginsResponse{}, nil
}

// InstallDependencies has nothing to install: the program is compiled.
func (r *runtime) InstallDependencies(
	*pulumirpc.InstallDependenciesRequest, grpc.ServerStreamingServer[pulumirpc.InstallDependenciesResponse],
) error {
	return nil
}

// RuntimeOptionsPrompts has no questions.
func (r *runtime) RuntimeOptionsPrompts(
	context.Context, *pulumirpc.RuntimeOptionsRequest,
) (*pulumirpc.RuntimeOptionsResponse, error) {
	return &pulumirpc.RuntimeOptionsResponse{}, nil
}

// About tells what `pulumi about` shows.
func (r *runtime) About(context.Context, *pulumirpc.AboutRequest) (*pulumirpc.AboutResponse, error) {
	return &pulumirpc.AboutResponse{Executable: "rehearse", Version: version}, nil
}

// GetProgramDependencies lists nothing: a compiled program carries its dependencies in itself.
func (r *runtime) GetProgramDependencies(
	context.Context, *pulumirpc.GetProgramDependenciesRequest,
) (*pulumirpc.GetProgramDependenciesResponse, error) {
	return &pulumirpc.GetProgramDependenciesResponse{}, nil
}

// Cancel does nothing: the engine cancels the call to Run, which ends the program.
func (r *runtime) Cancel(context.Context, *emptypb.Empty) (*emptypb.Empty, error) {
	return &emptypb.Empty{}, nil
}

// Run runs the program to its end. A program that told the engine its error makes the engine bail out quietly.
func (r *runtime) Run(ctx context.Context, req *pulumirpc.RunRequest) (*pulumirpc.RunResponse, error) {
	r.mu.Lock()
	engine := r.engine
	r.mu.Unlock()
	if engine == "" {
		return nil, errors.New("the engine must shake hands before it runs a program")
	}
	binary := req.GetInfo().GetOptions().GetFields()["binary"].GetStringValue()
	if binary == "" {
		return nil, errors.New("runtime.options.binary in Pulumi.yaml is empty; it must name the compiled program")
	}
	variables, err := variables(req, engine)
	if err != nil {
		return nil, err
	}
	conn, err := grpc.NewClient(engine, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return nil, fmt.Errorf("the engine's log at %s: %w", engine, err)
	}
	defer func() { _ = conn.Close() }()

	cmd := exec.CommandContext(ctx, binary)
	process.Own(cmd)
	cmd.Dir = req.GetPwd()
	cmd.Env = append(append([]string{}, r.environment...), variables...)
	output, done := logTo(ctx, pulumirpc.NewEngineClient(conn))
	cmd.Stdout, cmd.Stderr = output, output
	err = cmd.Run()
	_ = output.Close()
	<-done
	return response(err), nil
}

// response turns the end of a program into what the engine is told.
func response(err error) *pulumirpc.RunResponse {
	var exit *exec.ExitError
	switch {
	case err == nil:
		return &pulumirpc.RunResponse{}
	case errors.As(err, &exit) && exit.ExitCode() == exitLogged:
		return &pulumirpc.RunResponse{Bail: true}
	case errors.As(err, &exit) && exit.Exited():
		return &pulumirpc.RunResponse{Error: fmt.Sprintf("the program exited with status %d", exit.ExitCode())}
	}
	return &pulumirpc.RunResponse{Error: fmt.Sprintf("the program did not run to its end: %v", err)}
}

// variables are what a Go program learns its task from.
func variables(req *pulumirpc.RunRequest, engine string) ([]string, error) {
	config, err := json.Marshal(req.GetConfig())
	if err != nil {
		return nil, err
	}
	secrets, err := json.Marshal(append([]string{}, req.GetConfigSecretKeys()...))
	if err != nil {
		return nil, err
	}
	return []string{
		pulumi.EnvOrganization + "=" + req.GetOrganization(),
		pulumi.EnvProject + "=" + req.GetProject(),
		pulumi.EnvPulumiRootDirectory + "=" + req.GetInfo().GetRootDirectory(),
		pulumi.EnvStack + "=" + req.GetStack(),
		pulumi.EnvConfig + "=" + string(config),
		pulumi.EnvConfigSecretKeys + "=" + string(secrets),
		pulumi.EnvDryRun + "=" + strconv.FormatBool(req.GetDryRun()),
		pulumi.EnvParallel + "=" + strconv.Itoa(int(req.GetParallel())),
		pulumi.EnvMonitor + "=" + req.GetMonitorAddress(),
		pulumi.EnvEngine + "=" + engine,
	}, nil
}

// logTo returns a writer whose lines go to the engine's log: a program's output is shown with the rest of the progress and
// never mixes with what the command prints itself.
func logTo(ctx context.Context, engine pulumirpc.EngineClient) (io.WriteCloser, <-chan struct{}) {
	reader, writer := io.Pipe()
	done := make(chan struct{})
	go func() {
		defer close(done)
		lines := bufio.NewScanner(reader)
		lines.Buffer(nil, longestLine)
		for lines.Scan() {
			_, _ = engine.Log(ctx, &pulumirpc.LogRequest{
				Severity: pulumirpc.LogSeverity_INFO, Message: strings.TrimRight(lines.Text(), "\r") + "\n",
			})
		}
		_, _ = io.Copy(io.Discard, reader) // a line beyond the limit must not block the program
	}()
	return writer, done
}
