package language

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/protobuf/types/known/emptypb"
	"google.golang.org/protobuf/types/known/structpb"
)

// engine keeps what is logged to it.
type engine struct {
	pulumirpc.UnimplementedEngineServer
	mu    sync.Mutex
	lines []string
}

func (e *engine) Log(_ context.Context, req *pulumirpc.LogRequest) (*emptypb.Empty, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.lines = append(e.lines, req.GetMessage())
	return &emptypb.Empty{}, nil
}

func (e *engine) text() string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return strings.Join(e.lines, "")
}

func start(t *testing.T, environment ...string) (pulumirpc.LanguageRuntimeClient, *engine) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	e, server := &engine{}, grpc.NewServer()
	pulumirpc.RegisterEngineServer(server, e)
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(server.Stop)

	s, err := Serve(environment)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	conn, err := grpc.NewClient(fmt.Sprintf("127.0.0.1:%d", s.Port()), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	client := pulumirpc.NewLanguageRuntimeClient(conn)
	if _, err := client.Handshake(t.Context(), &pulumirpc.LanguageHandshakeRequest{EngineAddress: listener.Addr().String()}); err != nil {
		t.Fatal(err)
	}
	return client, e
}

// program writes a shell script in place of a compiled program.
func program(t *testing.T, script string) *pulumirpc.RunRequest {
	t.Helper()
	path := filepath.Join(t.TempDir(), "program")
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+script), 0o700); err != nil {
		t.Fatal(err)
	}
	options, err := structpb.NewStruct(map[string]any{"binary": path})
	if err != nil {
		t.Fatal(err)
	}
	return &pulumirpc.RunRequest{
		Project: "apim", Stack: "dev", Pwd: t.TempDir(), DryRun: true, Parallel: 7, MonitorAddress: "127.0.0.1:1",
		Config: map[string]string{"apim:domain": "example.com"}, ConfigSecretKeys: []string{"apim:secrets"},
		Info: &pulumirpc.ProgramInfo{Options: options},
	}
}

func TestTheEndOfAProgramIsReportedAsTheEngineExpects(t *testing.T) {
	for name, c := range map[string]struct {
		script, failure string
		bail            bool
	}{
		"success":                      {"exit 0", "", false},
		"an error the engine knows":    {"exit 32", "", true},
		"an error the engine does not": {"exit 3", "status 3", false},
		"a program that is killed":     {"kill -9 $$", "did not run to its end", false},
	} {
		t.Run(name, func(t *testing.T) {
			client, _ := start(t, "PATH=/usr/bin:/bin")
			res, err := client.Run(t.Context(), program(t, c.script))
			if err != nil {
				t.Fatal(err)
			}
			if res.Bail != c.bail || !strings.Contains(res.Error, c.failure) || (c.failure == "") != (res.Error == "") {
				t.Errorf("bail %t, error %q, want %t, %q", res.Bail, res.Error, c.bail, c.failure)
			}
		})
	}
}

func TestAProgramLearnsItsTaskAndItsOutputReachesTheEngineOnly(t *testing.T) {
	t.Setenv("ARM_CLIENT_SECRET", "leaked")
	client, e := start(t, "PATH=/usr/bin:/bin", "MARK=kept")
	if _, err := client.Run(t.Context(), program(t, `
echo "$MARK $PULUMI_PROJECT $PULUMI_STACK $PULUMI_DRY_RUN $PULUMI_PARALLEL $PULUMI_MONITOR"
echo "$PULUMI_CONFIG $PULUMI_CONFIG_SECRET_KEYS$ARM_CLIENT_SECRET" >&2
printf 'last line without an end'`)); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"kept apim dev true 7 127.0.0.1:1\n", `{"apim:domain":"example.com"} ["apim:secrets"]` + "\n", "last line without an end\n",
	} {
		if !strings.Contains(e.text(), want) {
			t.Errorf("the log lacks %q; it is %q", want, e.text())
		}
	}
}

func TestACancelledRunEndsTheProgram(t *testing.T) {
	client, e := start(t, "PATH=/usr/bin:/bin")
	ctx, cancel := context.WithCancel(t.Context())
	request := program(t, `trap 'echo stopped > stopped; exit 1' TERM; echo started; while :; do sleep 0.05; done`)
	ended := make(chan error, 1)
	go func() { _, err := client.Run(ctx, request); ended <- err }()
	waitFor(t, "the program to start", func() bool { return strings.Contains(e.text(), "started") })
	cancel()
	if err := <-ended; err == nil {
		t.Error("a cancelled run reports success")
	}
	waitFor(t, "the program to be stopped", func() bool {
		_, err := os.Stat(filepath.Join(request.Pwd, "stopped"))
		return err == nil
	})
}

func TestAProjectWithoutACompiledProgramIsRefused(t *testing.T) {
	client, _ := start(t)
	_, err := client.Run(t.Context(), &pulumirpc.RunRequest{})
	if err == nil || !strings.Contains(err.Error(), "runtime.options.binary") {
		t.Errorf("error is %v", err)
	}
}

func waitFor(t *testing.T, what string, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !done(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain for %s", what)
		}
	}
}
