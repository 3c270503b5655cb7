package program_test

import (
	"errors"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
)

// secretKeys are values as the secrets' keys hold them.
var secretKeys = map[string]string{
	"url": "jdbc:mysql://127.0.0.1:9/metrics?sslMode=VERIFY_IDENTITY", "username": "user", "password": "open-sesame",
}

// TestThePreflightUnderstandsWhatPodsAskOfIt runs the real program with the arguments and variables of every container that is
// made from it. Nothing is there to be found, so it fails; but it must know what to look for.
func TestThePreflightUnderstandsWhatPodsAskOfIt(t *testing.T) {
	program := filepath.Join(t.TempDir(), "preflight")
	if out, err := exec.Command("go", "build", "-o", program, "apim-azure/cmd/preflight").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	asked := 0
	for _, template := range templates(t, deployed(t, "prod", everything())) {
		for _, c := range template.containers() {
			if !strings.Contains(c.Image, "/apim/preflight:") {
				continue
			}
			asked++
			run := exec.CommandContext(t.Context(), program, atOnce(c.Args)...)
			run.Env = variables(c)
			run.WaitDelay = time.Minute
			out, err := run.CombinedOutput()
			const notThere = 1
			if failed := new(exec.ExitError); !errors.As(err, &failed) || failed.ExitCode() != notThere {
				t.Errorf("%s: %s %v: %v\n%s", template.owner, c.Name, c.Args, err, out)
			}
			if strings.Contains(string(out), "open-sesame") {
				t.Errorf("%s: %s shows a password:\n%s", template.owner, c.Name, out)
			}
		}
	}
	if asked != 4 {
		t.Errorf("%d containers were asked, want those of ANM, UI, gateways and the schema job", asked)
	}
}

// atOnce gives up after the first try, and soon.
func atOnce(args []string) []string {
	quick := []string{args[0], "--timeout=2s"}
	for _, arg := range args[1:] {
		if strings.HasPrefix(arg, "--deadline=") {
			arg = "--deadline=0s"
		}
		quick = append(quick, arg)
	}
	return quick
}

func variables(c corev1.Container) (env []string) {
	for _, v := range c.Env {
		value := v.Value
		switch {
		case v.Name == "CASS_HOST":
			value = "127.0.0.1"
		case v.ValueFrom != nil:
			value = secretKeys[v.ValueFrom.SecretKeyRef.Key]
		}
		env = append(env, v.Name+"="+value)
	}
	return env
}
