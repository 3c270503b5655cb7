package cassandra

import (
	"net/netip"
	"strings"
	"testing"
)

func settings(t *testing.T) Settings {
	t.Helper()
	nodes, err := Plan(names, netip.MustParsePrefix("10.0.3.0/27"), []string{"1", "2", "3"})
	if err != nil {
		t.Fatal(err)
	}
	return Settings{
		ClusterName: "apim-dev-cassandra", Datacenter: "westeurope", Version: "2.2.12",
		VMSize: "Standard_D4s_v5", DataDiskGB: 64, Nodes: nodes,
	}
}

var sum = strings.Repeat("0a", 64)

func TestSettingsAreAccepted(t *testing.T) {
	for name, change := range map[string]func(*Settings){
		"the defaults":                          func(*Settings) {},
		"a P30 disk":                            func(s *Settings) { s.DataDiskGB = 1024 },
		"another 2.2 release":                   func(s *Settings) { s.Version = "2.2.19" },
		"a pinned checksum for the archive":     func(s *Settings) { s.ArtifactSHA512 = sum },
		"a pinned artifact on a private server": func(s *Settings) { s.ArtifactURL, s.ArtifactSHA512 = "https://files.example.com/c.tar.gz", sum },
	} {
		t.Run(name, func(t *testing.T) {
			s := settings(t)
			change(&s)
			if err := s.Validate(); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestBadSettingsAreRefusedWithKeyValueAndWayOut(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*Settings)
		want   string
	}{
		{"a release of another line", func(s *Settings) { s.Version = "3.11.16" }, `cassandra.version: "3.11.16" is not a 2.2 release`},
		{"a version that is a command", func(s *Settings) { s.Version = "2.2.1'; reboot" }, "cassandra.version"},
		{"a disk between the tiers", func(s *Settings) { s.DataDiskGB = 128 }, "cassandra.dataDiskGB: 128 is neither 64 (P6) nor 1024 (P30)"},
		{"an artifact over plain http", func(s *Settings) { s.ArtifactURL, s.ArtifactSHA512 = "http://a.example/c.tgz", sum }, "is not an https URL"},
		{"an artifact URL with a quote", func(s *Settings) { s.ArtifactURL, s.ArtifactSHA512 = "https://a.example/'x'", sum }, "is not an https URL"},
		{"an artifact nobody vouches for", func(s *Settings) { s.ArtifactURL = "https://a.example/c.tgz" }, "cassandra.artifactSha512: empty"},
		{"a checksum of the wrong length", func(s *Settings) { s.ArtifactSHA512 = "0a" }, "is not 128 hexadecimal digits"},
		{"a checksum that is not one", func(s *Settings) { s.ArtifactSHA512 = strings.Repeat("zz", 64) }, "is not 128 hexadecimal digits"},
		{"a VM size with a blank", func(s *Settings) { s.VMSize = "D4s v5" }, "cassandra.vmSize"},
		{"a cluster name with a quote", func(s *Settings) { s.ClusterName = "a'b" }, "cluster name"},
		{"a data center with a dash", func(s *Settings) { s.Datacenter = "west-europe" }, "data center"},
		{"two nodes", func(s *Settings) { s.Nodes = s.Nodes[:2] }, "2 nodes planned, 3 needed"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := settings(t)
			c.change(&s)
			err := s.Validate()
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("got %v, want %q", err, c.want)
			}
			if _, err := NodeScript(s, Node{}); err == nil {
				t.Error("a script was rendered from refused settings")
			}
		})
	}
}

func TestAllProblemsAreReportedAtOnce(t *testing.T) {
	err := Settings{DataDiskGB: 1, Version: "4.1.0", ArtifactURL: "ftp://x"}.Validate()
	for _, want := range []string{"dataDiskGB", "version", "artifactUrl", "artifactSha512", "vmSize", "cluster name", "data center", "nodes"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("no word about %s in %v", want, err)
		}
	}
}

func TestKeyspaceNames(t *testing.T) {
	for _, c := range []struct {
		name      string
		keyspaces []Keyspace
		want      string
	}{
		{"two groups with a pair each are fine", []Keyspace{{"a", "dev_a"}, {"b", "dev_b"}}, ""},
		{"46 characters leave room for t_", []Keyspace{{"a", strings.Repeat("k", 46)}}, ""},
		{"47 characters do not", []Keyspace{{"a", strings.Repeat("k", 47)}}, "1 to 46 letters, digits and underscores"},
		{"a dash is not Cassandra's", []Keyspace{{"a", "dev-a"}}, `workloads.groups[a].keyspace: "dev-a"`},
		{"a group name has no capitals", []Keyspace{{"A", "a"}}, `name "A"`},
		{"a group is there once", []Keyspace{{"a", "x"}, {"a", "y"}}, "used twice"},
		{"two groups can't share a keyspace", []Keyspace{{"a", "x"}, {"b", "x"}}, "already a keyspace of group a"},
		{"one group's throttling keyspace is not another's general one", []Keyspace{{"a", "x"}, {"b", "t_x"}}, `"t_x" is already a keyspace of group a`},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := ValidateKeyspaces(c.keyspaces)
			if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}
