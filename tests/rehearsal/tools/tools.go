// Package tools finds the programs a rehearsal runs - the Pulumi CLI, etcd, the Kubernetes control plane and kwok - and builds
// those that are not there.
//
// Each is pinned by a Go module of its own under tests/tools, so that a build gets what was tried and nothing else. A build
// happens once: the binaries live in the user's cache directory, in a folder named after everything they depend on.
package tools

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/blang/semver"

	"apim-azure/tests/rehearsal/kubernetes/controlplane"
)

// assetsVariable names a folder with etcd and kube-apiserver, as controller-runtime's test environments have it.
const assetsVariable = "KUBEBUILDER_ASSETS"

// findTimeout is how long an installed CLI may take to tell its version.
const findTimeout = 30 * time.Second

// oldestCLI is the first CLI that attaches to running language plugins and providers as the rig needs it.
var oldestCLI = semver.MustParse("3.250.0")

// The CPU-minutes are what the builds took on a two-core machine with empty caches.
var (
	pulumi = tool{
		binary: "pulumi", module: "pulumi", pkg: "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi",
		pinned: "github.com/pulumi/pulumi/pkg/v3", minutes: 10,
		flags: func(version string) string {
			return "-X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=" + version
		},
	}
	etcd = tool{
		binary: "etcd", module: "etcd", pkg: "go.etcd.io/etcd/server/v3", pinned: "go.etcd.io/etcd/server/v3", minutes: 2,
	}
	current = release("kubernetes")
	next    = release("kubernetes-next")
	kwok    = tool{
		binary: "kwok", module: "kwok", pkg: "sigs.k8s.io/kwok/cmd/kwok", pinned: "sigs.k8s.io/kwok", minutes: 2,
		// As kwok's own releases are stamped (hack/releases.sh there); the source may still name the version before.
		flags: func(version string) string {
			return "-X sigs.k8s.io/kwok/pkg/consts.Version=" + strings.TrimPrefix(version, "v")
		},
	}
)

// controlPlane are the programs of one Kubernetes release.
type controlPlane struct{ apiServer, controllerManager, scheduler tool }

// release are the programs of the release a module pins.
func release(module string) controlPlane {
	return controlPlane{
		apiServer:         kubernetes(module, "kube-apiserver", 9),
		controllerManager: kubernetes(module, "kube-controller-manager", 3),
		scheduler:         kubernetes(module, "kube-scheduler", 1),
	}
}

// kubernetes is a program of a Kubernetes release. Without these flags it calls itself v0.0.0-master.
func kubernetes(module, binary string, minutes int) tool {
	return tool{
		binary: binary, module: module, pkg: "k8s.io/kubernetes/cmd/" + binary, pinned: "k8s.io/kubernetes",
		minutes: minutes,
		flags: func(version string) string {
			numbers := strings.SplitN(strings.TrimPrefix(version, "v"), ".", 3)
			const at = "-X k8s.io/component-base/version."
			return at + "gitVersion=" + version + " " + at + "gitMajor=" + numbers[0] + " " + at + "gitMinor=" + numbers[1]
		},
	}
}

// Pulumi returns the path of the CLI: the installed one when it is new enough, else one that is built once. What it does,
// and why, goes to progress.
func Pulumi(ctx context.Context, progress io.Writer) (string, error) {
	path, why := installedCLI(ctx)
	if why == "" {
		return path, nil
	}
	return pulumi.get(ctx, progress, why)
}

// installedCLI returns the CLI on PATH, or why it can't be used.
func installedCLI(ctx context.Context) (path, why string) {
	path, err := exec.LookPath("pulumi")
	if err != nil {
		return "", "no pulumi on PATH"
	}
	ctx, cancel := context.WithTimeout(ctx, findTimeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, path, "version")
	cmd.Env = append(os.Environ(), "PULUMI_SKIP_UPDATE_CHECK=true")
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Sprintf("%s does not tell its version (%v)", path, err)
	}
	version, err := semver.ParseTolerant(strings.TrimSpace(string(out)))
	if err != nil || version.LT(oldestCLI) {
		return "", fmt.Sprintf("%s is %s, the rehearsal needs %s or newer", path, strings.TrimSpace(string(out)), oldestCLI)
	}
	return path, ""
}

// Kubernetes returns the paths of the programs of a cluster: those of KUBEBUILDER_ASSETS when etcd and kube-apiserver are
// there, the rest built once. What it does, and why, goes to progress.
func Kubernetes(ctx context.Context, progress io.Writer) (controlplane.Binaries, error) {
	assets := os.Getenv(assetsVariable)
	why := assetsVariable + " is not set"
	complete := assets != ""
	for _, t := range []tool{etcd, current.apiServer} {
		if assets != "" && !executable(filepath.Join(assets, t.binary)) {
			complete, why = false, fmt.Sprintf("%s=%s holds no %s", assetsVariable, assets, t.binary)
		}
	}
	find := func(t tool) (string, error) {
		if path := filepath.Join(assets, t.binary); complete && executable(path) {
			return path, nil
		}
		reason := why
		if complete {
			reason = fmt.Sprintf("%s=%s holds no %s", assetsVariable, assets, t.binary)
		}
		return t.get(ctx, progress, reason)
	}
	return current.binaries(find)
}

// NextKubernetes returns the paths of the programs of a cluster one minor ahead, built once. KUBEBUILDER_ASSETS holds another
// version and is not looked at.
func NextKubernetes(ctx context.Context, progress io.Writer) (controlplane.Binaries, error) {
	return next.binaries(func(t tool) (string, error) {
		return t.get(ctx, progress, "the next Kubernetes minor is asked for")
	})
}

// binaries finds a cluster's programs, one by one. etcd and kwok serve every release.
func (p controlPlane) binaries(find func(tool) (string, error)) (controlplane.Binaries, error) {
	var b controlplane.Binaries
	for _, want := range []struct {
		tool tool
		path *string
	}{
		{etcd, &b.Etcd}, {p.apiServer, &b.APIServer}, {p.controllerManager, &b.ControllerManager}, {p.scheduler, &b.Scheduler},
		{kwok, &b.Kwok},
	} {
		path, err := find(want.tool)
		if err != nil {
			return controlplane.Binaries{}, err
		}
		*want.path = path
	}
	return b, nil
}

func executable(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0
}
