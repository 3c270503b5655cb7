package program_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// kubeScore builds kube-score in the version its own module pins.
func kubeScore(t *testing.T) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "kube-score")
	build := exec.Command("go", "build", "-o", program, "github.com/zegl/kube-score/cmd/kube-score")
	build.Dir = "../tools/kubescore"
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return program
}

// manifests are the Kubernetes objects as a list, in JSON, which is YAML too. Charts bring theirs themselves.
func manifests(t *testing.T, r *recorder) []byte {
	t.Helper()
	var all bytes.Buffer
	for _, res := range r.custom() {
		if !strings.HasPrefix(res.Type, "kubernetes:") || strings.Contains(res.Type, "helm.sh") {
			continue
		}
		text, err := json.Marshal(plain(resource.NewObjectProperty(res.Inputs)))
		if err != nil {
			t.Fatal(err)
		}
		all.Write(text)
		all.WriteString("\n---\n")
	}
	return all.Bytes()
}

func TestKubeScoreFindsNothingCritical(t *testing.T) {
	program := kubeScore(t)
	for name, changes := range map[string]map[string]any{
		"as it is": nil, "with everything": everything(), "with a second group": secondGroup(),
		"with more headroom":       {"workloads.headroomPods": 2},
		"with writable roots":      {"workloads.readOnlyRoot": false},
		"with issued certificates": {"ingress.certificates": "acme", "ingress.acmeEmail": "team@example.com"},
		"with a load balancer":     {"ingress.controller": "loadBalancer"},
	} {
		t.Run(name, func(t *testing.T) {
			score := exec.Command(program, "score", "--output-format=json", "--kubernetes-version=v1.36", "-")
			score.Stdin = bytes.NewReader(manifests(t, deployed(t, "prod", changes)))
			out, err := score.Output()
			if failed := new(exec.ExitError); err != nil && !errors.As(err, &failed) {
				t.Fatal(err)
			}
			var objects []struct {
				Name   string `json:"object_name"`
				Checks []struct {
					Check    struct{ ID string }
					Grade    int
					Skipped  bool
					Comments []struct{ Path, Summary string }
				}
			}
			if err := json.Unmarshal(out, &objects); err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			if len(objects) < 10 {
				t.Fatalf("%d objects were judged: this test is not testing anything", len(objects))
			}
			const critical = 1
			for _, o := range objects {
				for _, c := range o.Checks {
					if c.Grade <= critical && !c.Skipped {
						t.Errorf("%s: %s %v", o.Name, c.Check.ID, c.Comments)
					}
				}
			}
		})
	}
}
