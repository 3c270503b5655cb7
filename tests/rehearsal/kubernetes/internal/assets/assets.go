// Package assets finds the control plane's programs for tests.
package assets

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"apim-azure/tests/rehearsal/kubernetes/controlplane"
)

// Binaries looks in KUBEBUILDER_ASSETS, then where the rig's builds go. A program in neither is an error that says how to
// get it: a control plane test without a control plane proves nothing, so there is no skipping.
func Binaries(context.Context) (controlplane.Binaries, error) {
	var b controlplane.Binaries
	var problems []error
	for _, program := range []struct {
		name string
		into *string
	}{{"etcd", &b.Etcd}, {"kube-apiserver", &b.APIServer}, {"kube-controller-manager", &b.ControllerManager}} {
		path, err := find(program.name)
		*program.into = path
		problems = append(problems, err)
	}
	return b, errors.Join(problems...)
}

func find(name string) (string, error) {
	folders := []string{os.Getenv("KUBEBUILDER_ASSETS")}
	if cache, err := os.UserCacheDir(); err == nil {
		folders = append(folders, filepath.Join(cache, "apim-azure", "build"))
	}
	for _, folder := range folders {
		if folder == "" {
			continue
		}
		path := filepath.Join(folder, name)
		if info, err := os.Stat(path); err == nil && !info.IsDir() {
			return path, nil
		}
	}
	return "", fmt.Errorf("%s: in none of %q; run `make tools`, or set KUBEBUILDER_ASSETS to a folder that holds it", name, folders)
}
