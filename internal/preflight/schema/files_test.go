package schema

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestAFolderIsReadInTheOrderOfItsNames(t *testing.T) {
	// Kubernetes mounts a config map as links into a folder beside them.
	dir := folder(t, map[string]string{"..data/2.sql": "SELECT 2;", "1.sql": "SELECT 1;", "10.sql": "SELECT 10;", "README.md": "no; sql"})
	if err := os.Symlink("..data/2.sql", filepath.Join(dir, "2.sql")); err != nil {
		t.Fatal(err)
	}
	files, err := Read(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, f := range files {
		names = append(names, f.Name)
	}
	if got := strings.Join(names, " "); got != "1.sql 10.sql 2.sql" {
		t.Errorf("read %s", got)
	}
}

func TestAFolderThatCantBeAppliedIsRefused(t *testing.T) {
	for name, c := range map[string]struct {
		files map[string]string
		want  string
	}{
		"empty":       {map[string]string{"schema.txt": "SELECT 1;"}, "holds no .sql file: mount"},
		"only words":  {map[string]string{"a.sql": "-- to be done\n"}, "a.sql holds no statement"},
		"two at once": {map[string]string{"a.sql": "SELECT 'a", "b.sql": "\n/*"}, "a.sql: line 1: the ' has no end\nb.sql: line 2: the comment"},
	} {
		if _, err := Read(folder(t, c.files)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, not %q", name, err, c.want)
		}
	}
	if _, err := Read(filepath.Join(t.TempDir(), "none")); err == nil {
		t.Error("a folder that isn't there was read")
	}
}

func TestTheFingerprintTellsContentAndNamesApart(t *testing.T) {
	of := func(files map[string]string) string {
		read, err := Read(folder(t, files))
		if err != nil {
			t.Fatal(err)
		}
		return Fingerprint(read)
	}
	first := of(map[string]string{"a.sql": "SELECT 1;", "b.sql": "SELECT 2;"})
	if again := of(map[string]string{"b.sql": "SELECT 2;", "a.sql": "SELECT 1;"}); again != first || len(first) != 64 {
		t.Errorf("the same files have %s and %s", first, again)
	}
	for _, other := range []map[string]string{
		{"a.sql": "SELECT 1;"},
		{"a.sql": "SELECT 1;", "b.sql": "SELECT 2; "},
		{"a.sql": "SELECT 1;", "c.sql": "SELECT 2;"},
		{"a.sql": "SELECT 2;", "b.sql": "SELECT 1;"},
	} {
		if of(other) == first {
			t.Errorf("%v has the fingerprint of other files", other)
		}
	}
}

// folder writes files into a new folder.
func folder(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}
