package rehearsal

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"

	"apim-azure/config"
	"apim-azure/tests/rehearsal/azure"
	"apim-azure/tests/rehearsal/kubernetes"
	"apim-azure/tests/rehearsal/kubernetes/controlplane"
	"apim-azure/tests/rehearsal/kubernetes/kubelet"
	"apim-azure/tests/rehearsal/process"
	"apim-azure/tests/rehearsal/tools"
)

// Options say what is rehearsed.
type Options struct {
	// Root is the project's folder. Empty: found from the working directory upwards.
	Root string
	// Stack is the stack; Root has a Pulumi.<stack>.yaml.
	Stack string
	// Dir is where the rehearsal keeps everything. Empty: .rehearsal/<stack> in Root, or .rehearsal/kubernetes-next/<stack>.
	Dir string
	// NextKubernetes runs the control plane of the next minor, to see whether it takes the same objects. The stack's
	// configuration is left alone: aks.kubernetesVersion stays what it is.
	NextKubernetes bool
	// Program is the package to compile, relative to Root. Empty: Root itself.
	Program string
	// Binary is where the compiled program is kept. Empty: in Dir. Rehearsals of one program can share it: what is up to date is
	// not linked again.
	Binary string
	// TimeScale is how many simulated seconds pass in a second; 0 does not wait at all.
	TimeScale float64
	// StandIns are the stand-ins to use; nil is all of AllStandIns. For the others, installed plugins serve.
	StandIns []string
	// Faults are what goes wrong.
	Faults Faults
	// PushImages has a pipeline push the configuration's images: as soon as the registry is there, and before each Up. Without it,
	// and without Push, no node finds them.
	PushImages bool
	// Config overrides the stack's configuration: values by path ("workloads.enabled"), nil takes one out.
	Config map[string]any
	// Stdin, Stdout and Stderr are the CLI's. The rig's own messages go to Stderr. Nil Stdout and Stderr drop the output.
	Stdin          io.Reader
	Stdout, Stderr io.Writer
	// Interactive says that a terminal delivers its interrupts to the CLI as well as to this process. Otherwise the CLI gets
	// a process group of its own.
	Interactive bool
	// Signals are passed on to the CLI that runs. When Interactive, interrupts are not: the terminal has delivered them.
	Signals <-chan os.Signal
}

// Rig is a rehearsal of one stack, ready for commands. Close it.
type Rig struct {
	options     Options
	project     *project
	cli         string
	environment []string
	overrides   map[string]any
	azure       *azure.Subscription
	objects     *kubernetes.Server
	pods        kubelet.Faults
	cluster     *controlplane.ControlPlane
	lock        *process.Lock
	log         *os.File
	closers     []func()

	mu      sync.Mutex     // guards what follows: the stand-ins' goroutines look at it too
	values  map[string]any // the stack's configuration, secrets encrypted; replaced as a whole
	running *os.Process    // the CLI, while it runs
}

// New prepares a rehearsal: it takes the stack's lock, finds or builds the tools, compiles the program, writes the
// generated project and starts the servers. It fails when another rehearsal of the stack is running.
func New(ctx context.Context, options Options) (*Rig, error) {
	r := &Rig{options: options}
	if err := r.prepare(ctx); err != nil {
		r.Close()
		return nil, err
	}
	return r, nil
}

func (r *Rig) prepare(ctx context.Context) error {
	if err := r.complete(); err != nil {
		return err
	}
	var err error
	if r.project, err = readProject(r.options.Root, r.options.Stack); err != nil {
		return err
	}
	if err := r.occupy(); err != nil {
		return err
	}
	values, err := r.write(r.options.Config)
	if err != nil {
		return err
	}
	if err := r.installedPlugins(); err != nil {
		return err
	}
	if r.cli, err = tools.Pulumi(ctx, r.options.Stderr); err != nil {
		return err
	}
	if err := r.compile(ctx); err != nil {
		return err
	}
	addresses, err := r.serve(ctx, values)
	if err != nil {
		return err
	}
	r.environment = slices.Concat(scrub(os.Environ()), r.settings(), addresses)
	r.tellOfKilled()
	return r.createStack(ctx)
}

// tellOfKilled says how to go on from a killed update. Pulumi's lock can't be a running update's: this rehearsal has the
// stack. It is not lifted here, because an update after that would fail on what the killed one created.
func (r *Rig) tellOfKilled() {
	locks, _ := filepath.Glob(r.path("backend", ".pulumi", "locks", "organization", r.project.name, r.options.Stack, "*.json"))
	if len(locks) > 0 {
		r.say("A killed update left %s locked. Bring the stack back with `rehearse resume %s` (a real one with `make resume STACK=%s`), "+
			"or delete %s and begin afresh.", r.options.Stack, r.flags(), r.options.Stack, r.options.Dir)
	}
}

func (r *Rig) complete() error {
	o := &r.options
	if o.Stdout == nil {
		o.Stdout = io.Discard
	}
	if o.Stderr == nil {
		o.Stderr = io.Discard
	}
	var err error
	if o.Root == "" {
		if o.Root, err = tools.Root(); err != nil {
			return err
		}
	}
	if o.Dir == "" {
		o.Dir = filepath.Join(o.Root, ".rehearsal", o.Stack)
		if o.NextKubernetes { // what a newer API server stored, an older one need not read
			o.Dir = filepath.Join(o.Root, ".rehearsal", "kubernetes-next", o.Stack)
		}
	}
	if o.Dir, err = filepath.Abs(o.Dir); err != nil {
		return err
	}
	if o.TimeScale < 0 {
		return fmt.Errorf("the time scale is %v, it must be 0 (no waiting) or more", o.TimeScale)
	}
	if o.StandIns == nil {
		o.StandIns = AllStandIns
	}
	return CheckStandIns(o.StandIns)
}

// occupy makes the folders, takes the lock and opens the log.
func (r *Rig) occupy() error {
	for _, dir := range []string{"backend", "bin", "cluster", "home", "project"} {
		if err := os.MkdirAll(r.path(dir), 0o700); err != nil {
			return err
		}
	}
	lock, err := process.Take(r.path("lock"))
	if errors.Is(err, process.ErrLocked) {
		return fmt.Errorf("another rehearsal of %s is running (%s); wait for it or stop it", r.options.Stack, lock.Holder)
	}
	if err != nil {
		return err
	}
	r.lock = lock
	if lock.Holder != "" {
		r.say("The last rehearsal of %s (%s) did not end by itself; taking over.", r.options.Stack, lock.Holder)
	}
	r.log, err = os.OpenFile(r.path("log"), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	return err
}

// compile compiles the program into the rehearsal's folder.
func (r *Rig) compile(ctx context.Context) error {
	if _, err := os.Stat(r.program()); err != nil {
		r.say("Compiling the program. The very first time this takes about 15 CPU-minutes, most of it for the Azure SDK.")
	}
	pkg := "."
	if r.options.Program != "" {
		pkg = "./" + filepath.ToSlash(r.options.Program)
	}
	// Without symbols the linker is done in half the time, and after an edit it is what one waits for.
	cmd := exec.CommandContext(ctx, "go", "build", "-ldflags=-s -w", "-o", r.program(), pkg)
	cmd.Dir = r.options.Root
	return tools.Run(r.options.Stderr, "compiling the program", cmd)
}

// Subscription is the simulated subscription, to look at or to change behind the program's back.
func (r *Rig) Subscription() *azure.Subscription { return r.azure }

// Objects is the Kubernetes stand-in, to have requests fail.
func (r *Rig) Objects() *kubernetes.Server { return r.objects }

// PodFaults are what pods do wrong.
func (r *Rig) PodFaults() *kubelet.Faults { return &r.pods }

// Configure changes the overrides for the commands that follow. It replaces those of Options.
func (r *Rig) Configure(overrides map[string]any) error {
	_, err := r.write(overrides)
	return err
}

// write writes the generated project and returns the stack's configuration without its secrets.
func (r *Rig) write(overrides map[string]any) (map[string]any, error) {
	r.overrides = overrides
	values, found, err := r.project.configuration(overrides)
	if err != nil {
		return nil, err
	}
	secrets, err := openVault(r.path("secrets.json"))
	if err != nil {
		return nil, err
	}
	for _, path := range r.secrets(values, found) {
		if strings.HasPrefix(path, certificateKey) {
			if err := secrets.certify(r.hosts(values)); err != nil {
				return nil, err
			}
		}
		value, err := secrets.made(path)
		if err != nil {
			return nil, err
		}
		if err := r.project.set(values, path, value); err != nil {
			return nil, err
		}
	}
	for _, path := range config.SecretKeys() { // Pulumi refuses clear text where the project says that it is secret
		if clear, ok := r.project.lookup(values, path).(string); ok {
			value, err := secrets.given(path, clear)
			if err != nil {
				return nil, err
			}
			if err := r.project.set(values, path, value); err != nil {
				return nil, err
			}
		}
	}
	if err := secrets.save(); err != nil {
		return nil, err
	}
	r.mu.Lock()
	r.values = values
	r.mu.Unlock()
	stack := map[string]any{"encryptionsalt": secrets.Salt, "config": values}
	if err := writeYAML(r.path("project", "Pulumi."+r.options.Stack+".yaml"), stack); err != nil {
		return nil, err
	}
	return values, writeYAML(r.path("project", "Pulumi.yaml"), r.project.projectFile(r.program()))
}

// secrets are the paths to make up values for: what the real file has encrypted, and what this configuration requires. An
// override of a secret wins.
func (r *Rig) secrets(values map[string]any, found []string) []string {
	paths := slices.Clone(found)
	required := map[string]bool{
		certificateKey:             r.project.lookup(values, "workloads.enabled") == true,
		privateKeyKey:              r.project.lookup(values, "workloads.enabled") == true,
		"secrets.registryUsername": hasText(r.project.lookup(values, "registry.external")),
		"secrets.registryPassword": hasText(r.project.lookup(values, "registry.external")),
	}
	for _, path := range config.SecretKeys() {
		if required[path] {
			paths = append(paths, path)
		}
	}
	slices.Sort(paths)
	return slices.DeleteFunc(slices.Compact(paths), func(path string) bool { return r.project.lookup(values, path) != nil })
}

func hasText(v any) bool { s, ok := v.(string); return ok && s != "" }

// hosts are the names the made-up certificate covers: every host of a stack is one label below its domain.
func (r *Rig) hosts(values map[string]any) []string {
	domain, _ := r.project.lookup(values, "domain").(string)
	return []string{domain, "*." + domain}
}

// createStack creates the stack in the backend unless it is there.
func (r *Rig) createStack(ctx context.Context) error {
	state := r.path("backend", ".pulumi", "stacks", r.project.name, r.options.Stack+".json")
	if _, err := os.Stat(state); err == nil {
		return nil
	}
	result, err := r.Capture(ctx, "stack", "init", r.options.Stack)
	if err == nil && result.Code != 0 {
		err = fmt.Errorf("pulumi stack init %s: %s", r.options.Stack, strings.TrimSpace(result.Stderr))
	}
	return err
}

// Close stops everything the rig started. What it keeps between calls stays.
func (r *Rig) Close() {
	for _, closer := range slices.Backward(r.closers) {
		closer()
	}
	r.closers = nil
	if r.log != nil {
		_ = r.log.Close()
	}
	if r.lock != nil {
		r.lock.Release()
		r.lock = nil
	}
}

// Pulumi runs the CLI and returns its exit code. An error means that it could not run.
func (r *Rig) Pulumi(ctx context.Context, args ...string) (int, error) {
	return r.run(ctx, args, r.options.Stdin, r.options.Stdout, r.options.Stderr)
}

// Result is what a captured command left.
type Result struct {
	Code           int
	Stdout, Stderr string
}

// Capture runs the CLI and returns what it printed.
func (r *Rig) Capture(ctx context.Context, args ...string) (Result, error) {
	var stdout, stderr bytes.Buffer
	code, err := r.run(ctx, args, nil, &stdout, &stderr)
	return Result{code, stdout.String(), stderr.String()}, err
}

func (r *Rig) run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) (int, error) {
	cmd := exec.CommandContext(ctx, r.cli, args...)
	process.Follow(cmd, !r.options.Interactive)
	cmd.Dir, cmd.Env = r.path("project"), r.environment
	cmd.Stdin, cmd.Stdout, cmd.Stderr = stdin, stdout, stderr
	// The CLI answers an interrupt by finishing what is under way and giving the stack's lock back; it is left the time.
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGINT) }
	if err := cmd.Start(); err != nil {
		return 0, fmt.Errorf("pulumi: %w", err)
	}
	r.runs(cmd.Process)
	ended := make(chan struct{})
	go r.passSignals(cmd.Process, ended)
	err := cmd.Wait()
	close(ended)
	r.runs(nil)
	var exit *exec.ExitError
	switch {
	case err == nil:
		return 0, nil
	case errors.As(err, &exit) && exit.Exited():
		return exit.ExitCode(), nil
	}
	r.tellOfKilled()
	return 0, fmt.Errorf("pulumi %s: %w", strings.Join(args, " "), err)
}

func (r *Rig) runs(cli *os.Process) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.running = cli
}

// kill kills the CLI if it runs.
func (r *Rig) kill() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.running != nil {
		_ = r.running.Kill()
	}
}

func (r *Rig) passSignals(to *os.Process, ended <-chan struct{}) {
	for {
		select {
		case <-ended:
			return
		case s, open := <-r.options.Signals:
			if !open {
				return
			}
			if s != os.Interrupt || !r.options.Interactive {
				_ = to.Signal(s)
			}
		}
	}
}

// Up brings the stack up, without asking and without a preview. It keeps the overrides, for Destroy.
func (r *Rig) Up(ctx context.Context, args ...string) (int, error) {
	content, err := json.Marshal(r.overrides)
	if err != nil {
		return 0, err
	}
	if err := os.WriteFile(r.path("overrides.json"), content, 0o600); err != nil {
		return 0, err
	}
	if r.options.PushImages {
		r.pushMissing()
	}
	code, err := r.Pulumi(ctx, append([]string{"up", "--yes", "--skip-preview"}, args...)...)
	if code != 0 {
		r.tellOfKilled()
	}
	return code, err
}

// Preview shows what an update would do.
func (r *Rig) Preview(ctx context.Context, args ...string) (int, error) {
	return r.Pulumi(ctx, append([]string{"preview"}, args...)...)
}

// Refresh reads everything back from the stand-ins.
func (r *Rig) Refresh(ctx context.Context, args ...string) (int, error) {
	return r.Pulumi(ctx, append([]string{"refresh", "--yes", "--skip-preview"}, args...)...)
}

// Outputs prints the stack's outputs as JSON; secrets are shown as [secret].
func (r *Rig) Outputs(ctx context.Context, args ...string) (int, error) {
	return r.Pulumi(ctx, append([]string{"stack", "output", "--json"}, args...)...)
}

// Export returns the engine's deployment JSON; secrets stay encrypted unless shown.
func (r *Rig) Export(ctx context.Context, showSecrets bool) ([]byte, error) {
	args := []string{"stack", "export"}
	if showSecrets {
		args = append(args, "--show-secrets")
	}
	result, err := r.Capture(ctx, args...)
	if err == nil && result.Code != 0 {
		err = fmt.Errorf("pulumi stack export: %s", strings.TrimSpace(result.Stderr))
	}
	return []byte(result.Stdout), err
}

// Resources is the number of resources in the stack's state.
func (r *Rig) Resources(ctx context.Context) (int, error) {
	content, err := r.Export(ctx, false)
	if err != nil {
		return 0, err
	}
	var exported struct {
		Deployment struct{ Resources []json.RawMessage }
	}
	err = json.Unmarshal(content, &exported)
	return len(exported.Deployment.Resources), err
}

// Destroy does what an operator must: it lifts the protection by configuration, brings that up, and destroys. The rest of
// the configuration is as it was for the last Up, so that lifting the protection brings up nothing new.
func (r *Rig) Destroy(ctx context.Context, args ...string) (int, error) {
	n, err := r.Resources(ctx)
	if err != nil {
		return 0, err
	}
	if n == 0 {
		r.say("There is nothing to destroy.")
		return 0, nil
	}
	lifted, err := r.lastOverrides()
	if err != nil {
		return 0, err
	}
	lifted["protect"] = false
	if err := r.Configure(lifted); err != nil {
		return 0, err
	}
	r.say("Lifting the protection: protect is false, and an update writes that into the state.")
	if code, err := r.Up(ctx); err != nil || code != 0 {
		r.say("That update did not succeed, so nothing was destroyed. Put its cause right, or delete %s.", r.options.Dir)
		return code, err
	}
	r.say("Destroying.")
	// With the program, so that its retries serve deletes too.
	code, err := r.Pulumi(ctx, append([]string{"destroy", "--yes", "--skip-preview", "--run-program"}, args...)...)
	if err != nil || code != 0 {
		return code, err
	}
	if n, err = r.Resources(ctx); err == nil && n == 0 { // a target or --help leaves some
		r.say("The stack %s is destroyed. Its rehearsal stays in %s until you delete that.", r.options.Stack, r.options.Dir)
	}
	return code, err
}

// lastOverrides are the overrides of the last Up.
func (r *Rig) lastOverrides() (map[string]any, error) {
	overrides := map[string]any{}
	content, err := os.ReadFile(r.path("overrides.json"))
	switch {
	case errors.Is(err, os.ErrNotExist):
		return overrides, nil
	case err != nil:
		return nil, err
	}
	if err := json.Unmarshal(content, &overrides); err != nil {
		return nil, fmt.Errorf("%s: %w", r.path("overrides.json"), err)
	}
	if overrides == nil { // the last Up had none
		overrides = map[string]any{}
	}
	return overrides, nil
}

func (r *Rig) path(elements ...string) string {
	return filepath.Join(append([]string{r.options.Dir}, elements...)...)
}

// flags are what leads the command line to this rehearsal.
func (r *Rig) flags() string {
	flags := "--stack " + r.options.Stack
	if r.options.NextKubernetes {
		flags += " --kubernetes next"
	}
	return flags
}

func (r *Rig) program() string {
	if r.options.Binary != "" {
		return r.options.Binary
	}
	return r.path("bin", "program")
}

func (r *Rig) say(format string, args ...any) {
	_, _ = fmt.Fprintf(r.options.Stderr, format+"\n", args...)
}

// logger writes what the stand-ins have to tell into the rehearsal's log.
func (r *Rig) logger() func(string, ...any) {
	return log.New(r.log, "", log.LstdFlags|log.Lmicroseconds).Printf
}
