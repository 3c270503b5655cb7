package controlplane

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientapi "k8s.io/client-go/tools/clientcmd/api"

	"apim-azure/tests/rehearsal/kubernetes/kubelet"
	"apim-azure/tests/rehearsal/process"
)

// The names of the two that others depend on.
const (
	etcd      = "etcd"
	apiServer = "kube-apiserver"
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

// processes are the children in the order they were started, and what it takes to start one again.
type processes struct {
	dir       string
	binaries  Binaries
	id        *identity
	timeScale float64
	etcd      string // its address
	all       []*child
}

// startProcesses brings the five up and returns when the API server says it is ready. On failure nothing stays behind.
func startProcesses(ctx context.Context, options Options, binaries Binaries, id *identity) (_ *processes, err error) {
	ps := &processes{dir: options.Dir, binaries: binaries, id: id, timeScale: options.TimeScale}
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
	ps.etcd = fmt.Sprintf("https://127.0.0.1:%d", etcdPort)
	if err := ps.start(etcd, binaries.Etcd, etcdArgs(ps.dir, id, ps.etcd)); err != nil {
		return nil, err
	}
	if err := ps.startAPIServer(ctx); err != nil {
		return nil, err
	}
	return ps, ps.startClients(ctx)
}

// startAPIServer returns when the API server is ready.
func (ps *processes) startAPIServer(ctx context.Context) error {
	if err := ps.start(apiServer, ps.binaries.APIServer, apiServerArgs(ps.dir, ps.id, ps.etcd, ps.timeScale)); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, readyWithin)
	defer cancel()
	return ps.waitReady(ctx)
}

// startClients starts those that only need the API server. Nobody waits for them: what they do shows in the objects.
func (ps *processes) startClients(ctx context.Context) error {
	if err := ps.dropLeases(ctx); err != nil {
		return err
	}
	stages := filepath.Join(ps.dir, "stages.yaml")
	if err := writeFile(stages, kubelet.Stages(ps.timeScale)); err != nil {
		return err
	}
	for _, c := range []struct {
		name, binary, identity string
		args                   []string
	}{
		{"kube-controller-manager", ps.binaries.ControllerManager, "controller-manager", controllerManagerArgs(ps.id, ps.timeScale)},
		{"kube-scheduler", ps.binaries.Scheduler, "scheduler", schedulerArgs()},
		{"kwok", ps.binaries.Kwok, "kwok", kwokArgs(stages, ps.timeScale)},
	} {
		kubeconfig, err := ps.id.clientConfig(c.identity)
		if err != nil {
			return err
		}
		if err := ps.start(c.name, c.binary, append(c.args, "--kubeconfig="+kubeconfig)); err != nil {
			return err
		}
	}
	return nil
}

// dropLeases deletes the nodes' leases. kwok takes over a node only when the lease of the kwok before it has run out, so
// without this pods would wait for seconds after every start of the control plane.
func (ps *processes) dropLeases(ctx context.Context) error {
	client, err := rest.HTTPClientFor(ps.id.restConfig())
	if err != nil {
		return err
	}
	defer client.CloseIdleConnections()
	return request(ctx, client, http.MethodDelete, ps.id.server()+"/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases")
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

func apiServerArgs(dir string, id *identity, etcdAddress string, timeScale float64) []string {
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
		// The aggregation layer: the server passes requests of extension APIs on, and says on whose behalf.
		"--requestheader-client-ca-file=" + id.file(frontProxyAuthority+".crt"),
		"--requestheader-allowed-names=" + frontProxyName,
		"--requestheader-username-headers=X-Remote-User",
		"--requestheader-group-headers=X-Remote-Group",
		"--requestheader-extra-headers-prefix=X-Remote-Extra-",
		"--proxy-client-cert-file=" + id.file("front-proxy.crt"),
		"--proxy-client-key-file=" + id.file("front-proxy.key"),
		// How long a pod stays on a node that has gone silent.
		"--default-not-ready-toleration-seconds=" + seconds(scaled(300*time.Second, timeScale, 2*time.Second)),
		"--default-unreachable-toleration-seconds=" + seconds(scaled(300*time.Second, timeScale, 2*time.Second)),
	}
}

// controllerManagerArgs hold the controllers' periods, which are Kubernetes' defaults in simulated time. The job controller's
// waits before it tries again (10 s, doubling) and the 20 s after which pods of a deleted node are collected can't be set.
func controllerManagerArgs(id *identity, timeScale float64) []string {
	period := func(d, least time.Duration) string { return scaled(d, timeScale, least).String() }
	return []string{
		"--leader-elect=false",
		"--bind-address=127.0.0.1",
		"--secure-port=0",
		"--service-account-private-key-file=" + id.file("service-accounts.key"),
		"--root-ca-file=" + id.file("ca.crt"),
		"--profiling=false",
		"--node-monitor-period=" + period(5*time.Second, time.Second),
		"--node-monitor-grace-period=" + silence(50*time.Second, timeScale, leastGrace).String(),
		"--node-startup-grace-period=" + silence(time.Minute, timeScale, leastGrace).String(),
		// Nodes per second from which pods are evicted once a node is lost.
		"--node-eviction-rate=" + strconv.FormatFloat(1/scaled(10*time.Second, timeScale, 100*time.Millisecond).Seconds(), 'f', 3, 64),
		"--horizontal-pod-autoscaler-sync-period=" + period(15*time.Second, time.Second),
		"--horizontal-pod-autoscaler-initial-readiness-delay=" + period(30*time.Second, 100*time.Millisecond),
		"--horizontal-pod-autoscaler-cpu-initialization-period=" + period(5*time.Minute, 100*time.Millisecond),
		"--horizontal-pod-autoscaler-downscale-stabilization=" + period(5*time.Minute, time.Second),
	}
}

func schedulerArgs() []string {
	return []string{
		"--leader-elect=false",
		"--bind-address=127.0.0.1",
		"--secure-port=0",
		"--profiling=false",
	}
}

func kwokArgs(stages string, timeScale float64) []string {
	return []string{
		"--config=" + stages,
		"--manage-nodes-with-label-selector=" + kubelet.NodeLabel + "=" + kubelet.NodeRunning,
		// It renews a lease four times as often as it runs out, as a kubelet does.
		"--node-lease-duration-seconds=" + seconds(silence(40*time.Second, timeScale, leastLease)),
		"--v=WARN",
	}
}

// silence scales the periods of nodes' heartbeats. They are the defaults when nothing takes time: a loss is then marked by
// whoever makes it, and short periods on a busy machine would only lose nodes by mistake.
func silence(d time.Duration, timeScale float64, least time.Duration) time.Duration {
	if timeScale == 0 {
		return d
	}
	return scaled(d, timeScale, least)
}

const (
	// leastGrace is the shortest silence after which a node counts as lost. A machine that is busy with other work delays
	// heartbeats by seconds, and a node that is lost by mistake would have its pods evicted.
	leastGrace = 10 * time.Second
	// leastLease makes kwok renew every 2 seconds, five times within leastGrace.
	leastLease = 8 * time.Second
)

// scaled returns the real time that a simulated duration takes, or the least that makes sense if that is more; at a time scale
// of 0 always the least. No period gets longer than its default, as it would at a scale below 1.
func scaled(d time.Duration, timeScale float64, least time.Duration) time.Duration {
	if timeScale == 0 {
		return least
	}
	return min(d, max(least, time.Duration(float64(d)/timeScale)))
}

// seconds is for flags that take whole ones; a part counts as one.
func seconds(d time.Duration) string { return strconv.Itoa(int(math.Ceil(d.Seconds()))) }

// clientConfig writes the kubeconfig of the program with that certificate and returns its path.
func (id *identity) clientConfig(name string) (string, error) {
	config := clientapi.NewConfig()
	config.Clusters["rehearsal"] = &clientapi.Cluster{Server: id.server(), CertificateAuthority: id.file("ca.crt")}
	config.AuthInfos["rehearsal"] = &clientapi.AuthInfo{
		ClientCertificate: id.file(name + ".crt"), ClientKey: id.file(name + ".key"),
	}
	config.Contexts["rehearsal"] = &clientapi.Context{Cluster: "rehearsal", AuthInfo: "rehearsal"}
	config.CurrentContext = "rehearsal"
	text, err := clientcmd.Write(*config)
	if err != nil {
		return "", err
	}
	file := id.file(name + ".kubeconfig")
	return file, writeFile(file, text)
}

// checkPort refuses a port somebody else listens on. The port is part of every kubeconfig handed out, so it can't move.
func (ps *processes) checkPort(port int) error {
	listener, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	if err == nil {
		return listener.Close()
	}
	holder := "another program; find it with `lsof -i :" + strconv.Itoa(port) + "` and stop it"
	if pid := ps.recordedPID(apiServer); pid > 0 {
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
func (ps *processes) waitReady(ctx context.Context) error {
	client, err := rest.HTTPClientFor(ps.id.restConfig())
	if err != nil {
		return err
	}
	defer client.CloseIdleConnections()
	client.Timeout = 2 * time.Second
	for {
		if err := ps.alive(); err != nil {
			return err
		}
		last := request(ctx, client, http.MethodGet, ps.id.server()+"/readyz")
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

// request sends one without a body and wants the answer 200.
func request(ctx context.Context, client *http.Client, method, url string) error {
	request, err := http.NewRequestWithContext(ctx, method, url, nil)
	if err != nil {
		return err
	}
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	_ = response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s %s: %s", method, url, response.Status)
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

func (ps *processes) has(name string) bool {
	return slices.ContainsFunc(ps.all, func(p *child) bool { return p.name == name })
}

// kill ends one process the hard way, as a crash would, and forgets it. One that is not there is no error.
func (ps *processes) kill(name string) {
	ps.all = slices.DeleteFunc(ps.all, func(p *child) bool {
		if p.name != name {
			return false
		}
		_ = p.cmd.Process.Kill() // fails only when it has ended already
		<-p.done
		return true
	})
}

// stop ends the processes: those that depend on the API server all at once, then the API server, then etcd, so that each
// still finds what it depends on.
func (ps *processes) stop() error {
	for _, p := range ps.all {
		if p.name != etcd && p.name != apiServer {
			p.terminate()
		}
	}
	var problems []error
	for _, p := range slices.Backward(ps.all) {
		p.terminate()
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

func (p *child) terminate() { _ = p.cmd.Process.Signal(syscall.SIGTERM) } // fails only when it has ended already

// tail returns the last lines of a file.
func tail(file string, lines int) []byte {
	content, err := os.ReadFile(file)
	if err != nil {
		return []byte(err.Error())
	}
	all := bytes.Split(bytes.TrimSpace(content), []byte("\n"))
	return bytes.Join(all[max(0, len(all)-lines):], []byte("\n"))
}
