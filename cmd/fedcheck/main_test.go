package main

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// empty is a package with one entity, which meets no requirement.
func empty(t *testing.T) string {
	t.Helper()
	var buffer bytes.Buffer
	w := zip.NewWriter(&buffer)
	f, err := w.Create("1/PrimaryStore.xml")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Write([]byte(`<entityStoreData><entity type="Root" entityPK="0"/></entityStoreData>`)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	p := filepath.Join(t.TempDir(), "empty.fed")
	if err := os.WriteFile(p, buffer.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return p
}

func call(args ...string) (code int, out, errors string) {
	var o, e bytes.Buffer
	code = run(args, &o, &e, time.Now())
	return code, o.String(), e.String()
}

func TestAFailedRequirementExitsWithOneAndATable(t *testing.T) {
	code, out, errors := call("--host", "api.domainname.tld", "--extra-port", "8080", empty(t))
	if code != failed || !strings.Contains(out, "FAIL") || !strings.Contains(out, "the published port 8080") || errors != "" {
		t.Errorf("exit %d, %s%s", code, out, errors)
	}
}

func TestAMergeDirectoryAlonePasses(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "apigateway")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if code, out, errors := call(dir); code != passed || !strings.Contains(out, "0 requirements failed, 1 warnings") {
		t.Errorf("exit %d, %s%s", code, out, errors)
	}
}

func TestJSONIsOneDocument(t *testing.T) {
	code, out, _ := call("--json", "--role", "anm", empty(t))
	var report struct{ Pass *bool }
	if err := json.Unmarshal([]byte(out), &report); err != nil || code != failed || report.Pass == nil || *report.Pass {
		t.Errorf("exit %d, %v: %s", code, err, out)
	}
}

func TestWhatCanNotBeCheckedExitsWithTwo(t *testing.T) {
	for _, args := range [][]string{
		{}, {"missing.fed"}, {"--role", "portal", empty(t)}, {"--extra-port", "many", empty(t)}, {"--no-such-flag"},
	} {
		if code, out, errors := call(args...); code != unknown || out != "" || errors == "" {
			t.Errorf("%v: exit %d, %s%s", args, code, out, errors)
		}
	}
}
