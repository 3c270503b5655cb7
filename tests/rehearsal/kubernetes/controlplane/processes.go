package controlplane

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientapi "k8s.io/client-go/tools/clientcmd/api"

	"apim-azure/tests/rehearsal/process"
)

const (
	// readyWithin bounds a start. It takes 2 to 4 seconds on two idle cores; a loaded CI worker may take ten times that.
	readyWithin = 90 * time.Second
	// stopWithin is how long a process may take to end after SIGTERM before it is killed.
	stopWithin = 5 * time.Second
	// serviceRange holds the Services' cluster IPs, the default of AKS. Nothing routes to them here.
	serviceRange = "10.0.0.0/16"
)

// child is one running process.
type child struct {
	name string
	log  string // path
	cmd  *exec.Cmd
	done chan struct{} // closed once it has ended
	err  error         // how it ended; read after done
}

// processes are the children in the order they were started.
type processes struct {
	dir string
	all []*child
}

// startProcesses brings the three up and returns when the API server says it is ready. On failure nothing stays behind.
func startProcesses(ctx context.Context, dir string, binaries Binaries, id *identity) (_ *processes, err error) {
	ps := &processes{dir: dir}
	defer func() {
		if err != nil {
			err = errors.Join(err, ps.stop())
		}
	}()
	if err := ps.checkPort(id.Port); err != nil {
		return nil, err
	}
	// etcd's port is nobody else's business and changes with every start.
	etcdPort, err := freePort()
	if err != nil {
		return nil, err
	}
	etcdAddress := fmt.Sprintf("https://127.0.0.1:%d", etcdPort)
	if err := ps.start("etcd", binaries.Etcd, etcdArgs(dir, id, etcdAddress)); err != nil {
		return nil, err
	}
	if err := ps.start("kube-apiserver", binaries.APIServer, apiServerArgs(dir, id, etcdAddress)); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, readyWithin)
	defer cancel()
	if err := ps.waitReady(ctx, id); err != nil {
		return nil, err
	}
	kubeconfig, err := id.controllerManagerConfig()
	if err != nil {
		return nil, err
	}
	if err := ps.start("kube-controller-manager", binaries.ControllerManager, controllerManagerArgs(id, kubeconfig)); err != nil {
		return nil, err
	}
	return ps, nil
}

func etcdArgs(dir string, id *identity, address string) []string {
	return []string{
		"--name=rehearsal",
		"--data-dir=" + filepath.Join(dir, "etcd"),
		"--listen-client-urls=" + address,
		"--advertise-client-urls=" + address,
		"--listen-peer-urls=http://127.0.0.1:0",
		"--cert-file=" + id.file("etcd.crt"),
		"--key-file=" + id.file("etcd.key"),
		"--trusted-ca-file=" + id.file("ca.crt"),
		"--client-cert-auth", // other users of the machine must not read the Secrets in it
		"--unsafe-no-fsync",  // survives the end of the process, which is all a rehearsal needs; halves the start
		"--log-level=warn",
	}
}

func apiServerArgs(dir string, id *identity, etcdAddress string) []string {
	return []string{
		"--bind-address=127.0.0.1",
		"--advertise-address=127.0.0.1",
		"--endpoint-reconciler-type=none", // loopback is no valid endpoint of the kubernetes Service
		"--secure-port=" + strconv.Itoa(id.Port),
		"--cert-dir=" + filepath.Join(dir, "apiserver"),
		"--tls-cert-file=" + id.file("apiserver.crt"),
		"--tls-private-key-file=" + id.file("apiserver.key"),
		"--client-ca-file=" + id.file("ca.crt"),
		"--etcd-servers=" + etcdAddress,
		"--etcd-cafile=" + id.file("ca.crt"),
		"--etcd-certfile=" + id.file("etcd.crt"),
		"--etcd-keyfile=" + id.file("etcd.key"),
		"--service-account-issuer=https://kubernetes.default.svc",
		"--service-account-key-file=" + id.file("service-accounts.key"),
		"--service-account-signing-key-file=" + id.file("service-accounts.key"),
		"--service-cluster-ip-range=" + serviceRange,
		"--authorization-mode=Node,RBAC",
		"--allow-privileged=true",
		"--anonymous-auth=false",
		"--profiling=false",
	}
}

func controllerManagerArgs(id *identity, kubeconfig string) []string {
	return []string{
		"--kubeconfig=" + kubeconfig,
		"--leader-elect=false",
		"--bind-address=127.0.0.1",
		"--secure-port=0",
		"--service-account-private-key-file=" + id.file("service-accounts.key"),
		"--root-ca-file=" + id.file("ca.crt"),
		"--profiling=false",
	}
}

// controllerManagerConfig writes the controller manager's kubeconfig and returns its path.
func (id *identity) controllerManagerConfig() (string, error) {
	config := clientapi.NewConfig()
	config.Clusters["rehearsal"] = &clientapi.Cluster{Server: id.server(), CertificateAuthority: id.file("ca.crt")}
	config.AuthInfos["rehearsal"] = &clientapi.AuthInfo{
		ClientCertificate: id.file("controller-manager.crt"), ClientKey: id.file("controller-manager.key"),
	}
	config.Contexts["rehearsal"] = &clientapi.Context{Cluster: "rehearsal", AuthInfo: "rehearsal"}
	config.CurrentContext = "rehearsal"
	text, err := clientcmd.Write(*config)
	if err != nil {
		return "", err
	}
	file := id.file("controller-manager.kubeconfig")
	return file, writeFile(file, text)
}

// checkPort refuses a port somebody else listens on. The port is part of every kubeconfig handed out, so it can't move.
func (ps *processes) checkPort(port int) error {
	listener, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	if err == nil {
		return listener.Close()
	}
	holder := "another program; find it with `lsof -i :" + strconv.Itoa(port) + "` and stop it"
	if pid := ps.recordedPID("kube-apiserver"); pid > 0 {
		holder = fmt.Sprintf("probably a kube-apiserver left by an earlier rehearsal; end it with `kill %d`", pid)
	}
	return fmt.Errorf("the API server's port 127.0.0.1:%d, fixed for this stack in %s, is taken by %s: %w",
		port, filepath.Join(ps.dir, "identity.json"), holder, err)
}

// recordedPID returns the process an earlier run recorded, if it still lives, else 0.
func (ps *processes) recordedPID(name string) int {
	text, err := os.ReadFile(ps.pidFile(name))
	if err != nil {
		return 0
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil || pid <= 0 {
		return 0
	}
	if p, err := os.FindProcess(pid); err != nil || p.Signal(syscall.Signal(0)) != nil {
		return 0
	}
	return pid
}

func (ps *processes) pidFile(name string) string { return filepath.Join(ps.dir, "run", name+".pid") }

// start runs one program with its output in a log file of its own.
func (ps *processes) start(name, binary string, args []string) error {
	p := &child{name: name, log: filepath.Join(ps.dir, "logs", name+".log"), done: make(chan struct{})}
	if err := os.MkdirAll(filepath.Dir(p.log), 0o700); err != nil {
		return err
	}
	log, err := os.OpenFile(p.log, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	// It outlives the call that started it; and Ctrl-C must not reach it, since pulumi needs the API server to wind down.
	p.cmd = exec.CommandContext(context.Background(), binary, args...)
	p.cmd.Stdout, p.cmd.Stderr = log, log
	process.Own(p.cmd)
	started := make(chan error)
	go func() {
		// The kernel ends the child with the thread that started it, so that thread waits for it.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := p.cmd.Start()
		started <- err
		if err == nil {
			p.err = p.cmd.Wait()
		}
		_ = log.Close()
		close(p.done)
	}()
	if err := <-started; err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	ps.all = append(ps.all, p)
	return writeFile(ps.pidFile(name), []byte(strconv.Itoa(p.cmd.Process.Pid)))
}

// waitReady polls /readyz until it answers 200, a process ends, or the context does.
func (ps *processes) waitReady(ctx context.Context, id *identity) error {
	client, err := rest.HTTPClientFor(id.restConfig())
	if err != nil {
		return err
	}
	defer client.CloseIdleConnections()
	client.Timeout = 2 * time.Second
	for {
		if err := ps.alive(); err != nil {
			return err
		}
		last := ready(ctx, client, id.server()+"/readyz")
		if last == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("kube-apiserver did not become ready within %s (%w); its log is %s",
				readyWithin, last, filepath.Join(ps.dir, "logs", "kube-apiserver.log"))
		case <-time.After(50 * time.Millisecond):
		}
	}
}

func ready(ctx context.Context, client *http.Client, url string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	_ = response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s", url, response.Status)
	}
	return nil
}

// alive reports the first process that has ended, with the end of its log.
func (ps *processes) alive() error {
	for _, p := range ps.all {
		select {
		case <-p.done:
			return fmt.Errorf("%s ended (%v); the end of %s:\n%s", p.name, p.err, p.log, tail(p.log, 12))
		default:
		}
	}
	return nil
}

// stop ends the processes in the reverse of the order they started, so that each still finds what it depends on.
func (ps *processes) stop() error {
	var problems []error
	for i := len(ps.all) - 1; i >= 0; i-- {
		p := ps.all[i]
		_ = p.cmd.Process.Signal(syscall.SIGTERM) // fails only when it has ended already
		select {
		case <-p.done:
		case <-time.After(stopWithin):
			_ = p.cmd.Process.Kill()
			<-p.done
		}
		if err := os.Remove(ps.pidFile(p.name)); err != nil && !errors.Is(err, os.ErrNotExist) {
			problems = append(problems, err)
		}
	}
	ps.all = nil
	return errors.Join(problems...)
}

// tail returns the last lines of a file.
func tail(file string, lines int) []byte {
	content, err := os.ReadFile(file)
	if err != nil {
		return []byte(err.Error())
	}
	all := bytes.Split(bytes.TrimSpace(content), []byte("\n"))
	return bytes.Join(all[max(0, len(all)-lines):], []byte("\n"))
}
