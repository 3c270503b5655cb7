package cassandra

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func nodeScript(t *testing.T, s Settings, index int) string {
	t.Helper()
	script, err := NodeScript(s, s.Nodes[index-1])
	if err != nil {
		t.Fatal(err)
	}
	return script
}

func keyspaceScript(t *testing.T) string {
	t.Helper()
	script, err := KeyspaceScript(settings(t).Nodes[0], Keyspace{Group: "default", Name: "Dev_1"})
	if err != nil {
		t.Fatal(err)
	}
	return script
}

func TestConfigurationOfANode(t *testing.T) {
	s := settings(t)
	for _, c := range []struct{ name, line string }{
		{"the cluster has the stack's name", "cluster_name: 'apim-dev-cassandra'"},
		{"node 2 listens to its peers on its own address", "listen_address: 10.0.3.11"},
		{"node 2 listens to clients on its own address", "rpc_address: 10.0.3.11"},
		{"the first two nodes are the seeds", `      - seeds: "10.0.3.10,10.0.3.11"`},
		{"a login is required", "authenticator: PasswordAuthenticator"},
		{"permissions are checked", "authorizer: CassandraAuthorizer"},
		{"Thrift is closed", "start_rpc: false"},
		{"CQL is on its usual port", "native_transport_port: 9042"},
		{"the rack is told by gossip", "endpoint_snitch: GossipingPropertyFileSnitch"},
		{"data lies on the data disk", "  - /var/lib/cassandra/data"},
	} {
		t.Run(c.name, func(t *testing.T) {
			hasLine(t, YAML(s, s.Nodes[1]), c.line)
		})
	}
	t.Run("the region is the data center", func(t *testing.T) { hasLine(t, RackProperties(s, s.Nodes[1]), "dc=westeurope") })
	t.Run("the zone is the rack", func(t *testing.T) { hasLine(t, RackProperties(s, s.Nodes[1]), "rack=zone-2") })
}

func hasLine(t *testing.T, text, line string) {
	t.Helper()
	for l := range strings.Lines(text) {
		if strings.TrimSuffix(l, "\n") == line {
			return
		}
	}
	t.Errorf("no line %q in:\n%s", line, text)
}

func TestTheNodeScriptCarriesWhatItIsAskedFor(t *testing.T) {
	s := settings(t)
	for _, c := range []struct {
		name   string
		change func(*Settings)
		want   string
	}{
		{"the archive by default", func(*Settings) {},
			"artifact_url='https://archive.apache.org/dist/cassandra/2.2.12/apache-cassandra-2.2.12-bin.tar.gz'"},
		{"another release from the archive", func(s *Settings) { s.Version = "2.2.19" }, "/2.2.19/apache-cassandra-2.2.19-bin.tar.gz'"},
		{"an own artifact", func(s *Settings) { s.ArtifactURL, s.ArtifactSHA512 = "https://a.example/c.tgz", sum }, "artifact_url='https://a.example/c.tgz'"},
		{"its checksum", func(s *Settings) { s.ArtifactSHA512 = sum }, "artifact_sha512='" + sum + "'"},
		{"its configuration", func(*Settings) {}, YAML(s, s.Nodes[0]) + "END_OF_YAML\n"},
		{"its rack", func(*Settings) {}, RackProperties(s, s.Nodes[0]) + "END_OF_RACK\n"},
		{"Java 8", func(*Settings) {}, "openjdk-8-jre-headless"},
		{"nodetool's way around CASSANDRA-17581", func(*Settings) {}, "-Dcom.sun.jndi.rmiURLParsing=legacy"},
	} {
		t.Run(c.name, func(t *testing.T) {
			changed := s
			c.change(&changed)
			if script := nodeScript(t, changed, 1); !strings.Contains(script, c.want) {
				t.Errorf("no %q in:\n%s", c.want, script)
			}
		})
	}
}

func TestTheNodeScriptChangesWithEverySettingAndNothingElse(t *testing.T) {
	s := settings(t)
	if first, again := nodeScript(t, s, 1), nodeScript(t, s, 1); first != again {
		t.Error("two renderings of the same settings differ")
	}
	if nodeScript(t, s, 1) == nodeScript(t, s, 2) {
		t.Error("two nodes got the same script")
	}
	for name, change := range map[string]func(*Settings){
		"version": func(s *Settings) { s.Version = "2.2.19" }, "size": func(s *Settings) { s.VMSize = "Standard_D8s_v5" },
		"disk": func(s *Settings) { s.DataDiskGB = 1024 }, "checksum": func(s *Settings) { s.ArtifactSHA512 = sum },
	} {
		changed := s
		change(&changed)
		if nodeScript(t, s, 1) == nodeScript(t, changed, 1) {
			t.Errorf("a change of %s is not sent to the machines", name)
		}
	}
}

func TestKeyspacesAreCreatedOnlyIfMissingAndReplicatedThreeTimes(t *testing.T) {
	script := keyspaceScript(t)
	for _, want := range []string{
		`CREATE KEYSPACE IF NOT EXISTS "Dev_1"`, `CREATE KEYSPACE IF NOT EXISTS "t_Dev_1"`,
		"{'class': 'SimpleStrategy', 'replication_factor': 3}",
		`GRANT ALL PERMISSIONS ON KEYSPACE "Dev_1" TO apim`, `GRANT ALL PERMISSIONS ON KEYSPACE "t_Dev_1" TO apim`,
	} {
		if !strings.Contains(script, want) {
			t.Errorf("no %q in:\n%s", want, script)
		}
	}
	for _, never := range []string{"DROP", "ALTER KEYSPACE", "TRUNCATE"} {
		if strings.Contains(script, never) {
			t.Errorf("%s in:\n%s", never, script)
		}
	}
	if _, err := KeyspaceScript(Node{}, Keyspace{Group: "g", Name: `x"; DROP`}); err == nil {
		t.Error("a keyspace name with a quote was rendered")
	}
}

func TestTheAccessScriptReadsSecretsFromTheVariablesTheProgramSets(t *testing.T) {
	script := AccessScript(settings(t).Nodes[0])
	for _, want := range []string{
		`secret("` + AdminPasswordVariable + `")`, `secret("` + ApplicationPasswordVariable + `")`,
		"CREATE ROLE IF NOT EXISTS " + ApplicationUser, "SUPERUSER = false", "ALTER KEYSPACE system_auth",
	} {
		if !strings.Contains(script, want) {
			t.Errorf("no %q in:\n%s", want, script)
		}
	}
}

func TestCloudInitIsCloudConfigWithNothingToConfigure(t *testing.T) {
	got := CloudInit()
	if !strings.HasPrefix(got, "#cloud-config\n") {
		t.Errorf("cloud-init would ignore:\n%s", got)
	}
	// Any change of this text would be ignored by living machines; if it has to change, do it in the node script instead.
	raw, err := files.ReadFile("templates/cloud-init.yaml")
	if err != nil || string(raw) != got {
		t.Errorf("cloud-init has a template action in it: %v\n%s", err, got)
	}
}

func scripts(t *testing.T) map[string]string {
	t.Helper()
	s := settings(t)
	return map[string]string{
		"node": nodeScript(t, s, 1), "access": AccessScript(s.Nodes[0]), "keyspace": keyspaceScript(t),
		"nodetool": render("nodetool.sh", nil),
	}
}

func TestScriptsAreValidShell(t *testing.T) {
	for name, script := range scripts(t) {
		t.Run(name, func(t *testing.T) {
			if out, err := run(t, script, "bash", "-n", "-"); err != nil {
				t.Errorf("%v\n%s", err, out)
			}
			if _, err := exec.LookPath("shellcheck"); err != nil {
				t.Skip("shellcheck is not installed: syntax checked, style not")
			}
			if out, err := run(t, script, "shellcheck", "-"); err != nil {
				t.Errorf("%v\n%s", err, out)
			}
		})
	}
}

func run(t *testing.T, input, command string, args ...string) (string, error) {
	t.Helper()
	cmd := exec.Command(command, args...)
	cmd.Stdin = strings.NewReader(input)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// The disk guard is the one function that can destroy data, so it runs here against the commands it asks.
func TestDisksWithAnythingOnThemAreNotFormatted(t *testing.T) {
	guard := function(t, nodeScript(t, settings(t), 1), "refuse_used_disk")
	for _, c := range []struct {
		name, wipefs, lsblk string
		content             []byte
		want                string
	}{
		{name: "a blank disk is formatted", lsblk: "sdc"},
		{name: "a foreign file system is kept", wipefs: "ext4", lsblk: "sdc", want: "carries a signature (ext4)"},
		{name: "partitions are kept", lsblk: "sdc\nsdc1", want: "has partitions"},
		{name: "raw data is kept", lsblk: "sdc", content: []byte("precious"), want: "holds data in its first 64 MiB"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			disk := filepath.Join(dir, "disk")
			if err := os.WriteFile(disk, append(make([]byte, 1<<20), c.content...), 0o600); err != nil {
				t.Fatal(err)
			}
			if err := os.Truncate(disk, 65<<20); err != nil {
				t.Fatal(err)
			}
			script := "set -euo pipefail\nfail() { echo \"FAILED: $*\"; exit 1; }\n" +
				"wipefs() { if [[ -n '" + c.wipefs + "' ]]; then echo '" + c.wipefs + "'; fi; }\n" +
				"lsblk() { echo '" + c.lsblk + "'; }\n" + guard + "\nrefuse_used_disk '" + disk + "'\necho WENT-ON\n"
			out, err := run(t, script, "bash", "-s")
			switch {
			case c.want == "" && (err != nil || !strings.Contains(out, "WENT-ON")):
				t.Errorf("refused a blank disk: %v\n%s", err, out)
			case c.want != "" && (err == nil || !strings.Contains(out, c.want) || strings.Contains(out, "WENT-ON")):
				t.Errorf("got %v, want %q in:\n%s", err, c.want, out)
			}
		})
	}
}

// A published checksum comes in three shapes; all must be understood, and a wrong one must stop the installation.
func TestDownloadsAreVerified(t *testing.T) {
	const (
		hello = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824" // sha256 of "hello"
		sha1  = "aaf4c61ddcc5e8a2dabede0f3b482cd9aea9434d"
		long  = "9b71d224bd62f3785d96d46ad3ea3d73319bfbc2890caadae2dff72519673ca72323c3d99ba5c11d7c7acc6e14b8c5da0c4663475c2e5c3adef46f73bcdec043"
	)
	verify := function(t, nodeScript(t, settings(t), 1), "verify")
	for _, c := range []struct {
		name, pinned string
		published    map[string]string
		want         string
	}{
		{"a matching pin is enough", long, nil, ""},
		{"capitals in a pin do not matter", strings.ToUpper(long), nil, ""},
		{"a wrong pin stops", strings.Repeat("0", 128), map[string]string{"sha512": long}, "cassandra.artifactSha512 asks for"},
		{"a bare published sum is understood", "", map[string]string{"sha512": long}, ""},
		{"a sum with a file name is understood", "", map[string]string{"sha256": hello + "  apache-cassandra-2.2.12-bin.tar.gz"}, ""},
		{"a sum after a file name is understood", "", map[string]string{"sha1": "c.tar.gz: " + sha1 + "\n"}, ""},
		{"the strongest published sum decides", "", map[string]string{"sha512": strings.Repeat("0", 128), "sha1": sha1}, "its publisher says 000"},
		{"a page instead of a sum is not one", "", map[string]string{"sha512": "<html>", "sha256": strings.Repeat("0", 64)}, "its publisher says 000"},
		{"no sum at all stops", "", nil, "no checksum is published"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			for kind, text := range c.published {
				if err := os.WriteFile(filepath.Join(dir, "published."+kind), []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			if err := os.WriteFile(filepath.Join(dir, "file"), []byte("hello"), 0o600); err != nil {
				t.Fatal(err)
			}
			// curl's last two arguments are the output and the address.
			script := "set -euo pipefail\nwork='" + dir + "' artifact_url=x artifact_sha512='" + c.pinned + "'\n" +
				"log() { echo \"$*\"; }\nfail() { echo \"FAILED: $*\"; exit 1; }\n" +
				"curl() { local url=${*: -1}; cp \"$work/published.${url#x.}\" \"${*: -2:1}\" 2>/dev/null; }\n" +
				verify + "\nverify \"$work/file\"\necho installed\n"
			out, err := run(t, script, "bash", "-s")
			switch {
			case c.want == "" && (err != nil || !strings.Contains(out, "installed")):
				t.Errorf("refused: %v\n%s", err, out)
			case c.want != "" && (err == nil || !strings.Contains(out, c.want) || strings.Contains(out, "installed")):
				t.Errorf("got %v, want %q in:\n%s", err, c.want, out)
			}
		})
	}
}

// An interrupted run must not lose the restart it owes.
func TestARestartIsOwedOnceAFileThatNeedsOneHasChanged(t *testing.T) {
	put := function(t, nodeScript(t, settings(t), 1), "put")
	for _, c := range []struct{ name, before, effect, want string }{
		{"a new file owes a restart", "", "restart", "owed"},
		{"a changed file owes a restart", "old", "restart", "owed"},
		{"an unchanged file owes nothing", "new", "restart", "kept"},
		{"a file the process does not read owes nothing", "old", "", "kept"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			if c.before != "" {
				if err := os.WriteFile(filepath.Join(dir, "file"), []byte(c.before), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			script := "set -euo pipefail\nwork='" + dir + "' pending='" + dir + "/pending'\nlog() { :; }\n" + put +
				"\nprintf new | put \"$work/file\" \"$(id -un):$(id -gn)\" 0600 " + c.effect +
				"\n[[ $(cat \"$work/file\") == new ]]\nif [[ -e $pending ]]; then echo owed; else echo kept; fi\n"
			if out, err := run(t, script, "bash", "-s"); err != nil || strings.TrimSpace(out) != c.want {
				t.Errorf("got %v %q, want %q", err, out, c.want)
			}
		})
	}
}

// function cuts one function out of a script, from its name to the first line that closes it.
func function(t *testing.T, script, name string) string {
	t.Helper()
	start := strings.Index(script, "\n"+name+"() {\n")
	if start < 0 {
		t.Fatalf("no function %s", name)
	}
	end := strings.Index(script[start:], "\n}\n")
	return script[start : start+end+3]
}

func TestProgramsAreValidPython(t *testing.T) {
	if _, err := exec.LookPath("python3"); err != nil {
		t.Skip("python3 is not installed")
	}
	node := settings(t).Nodes[0]
	for name, data := range map[string]map[string]any{
		"session.py":   {"Node": node, "NativePort": NativePort},
		"access.py":    {"Replicas": Replicas, "User": ApplicationUser},
		"keyspaces.py": {"Replicas": Replicas, "User": ApplicationUser, "Keyspaces": []string{"a", "t_a"}},
	} {
		t.Run(name, func(t *testing.T) {
			if out, err := run(t, render(name, data), "python3", "-c", "import ast,sys; ast.parse(sys.stdin.read())"); err != nil {
				t.Errorf("%v\n%s", err, out)
			}
		})
	}
}
