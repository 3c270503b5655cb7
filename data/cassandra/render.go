package cassandra

import (
	"embed"
	"fmt"
	"strings"
	"text/template"
)

//go:embed templates
var files embed.FS

var templates = template.Must(template.New("").Option("missingkey=error").ParseFS(files, "templates/*"))

// apacheArchive keeps every release for good, unlike the mirrors.
const apacheArchive = "https://archive.apache.org/dist/cassandra"

// CloudInit is what a machine is born with. It is the same for all stacks and must stay so: Azure refuses to change it, and
// replacing the machine is the only other way.
func CloudInit() string { return render("cloud-init.yaml", nil) }

// NodeScript renders the script that turns a machine into the given node, or brings an existing node up to date. Two calls
// with equal arguments give equal scripts. It fails on settings Validate refuses.
func NodeScript(s Settings, node Node) (string, error) {
	if err := s.Validate(); err != nil {
		return "", err
	}
	return render("node.sh", map[string]any{
		"Settings":    s,
		"Node":        node,
		"ArtifactURL": s.artifactURL(),
		"LUN":         DiskLUN,
		"NativePort":  NativePort,
		"YAML":        YAML(s, node),
		"Rack":        RackProperties(s, node),
		"Unit":        render("cassandra.service", nil),
		"Sysctl":      render("sysctl.conf", nil),
		"Limits":      render("hugepages.conf", nil),
		"Nodetool":    render("nodetool.sh", nil),
	}), nil
}

// YAML renders a node's cassandra.yaml.
func YAML(s Settings, node Node) string {
	var seeds []string
	for _, n := range s.Nodes {
		if n.Seed {
			seeds = append(seeds, n.Address.String())
		}
	}
	return render("cassandra.yaml", map[string]any{
		"Settings":          s,
		"Node":              node,
		"Seeds":             strings.Join(seeds, ","),
		"NativePort":        NativePort,
		"StoragePort":       StoragePort,
		"SecureStoragePort": SecureStoragePort,
	})
}

// RackProperties renders a node's cassandra-rackdc.properties: the region is the data center, the zone is the rack.
func RackProperties(s Settings, node Node) string {
	return render("cassandra-rackdc.properties", map[string]any{"Settings": s, "Node": node})
}

// Names of the environment variables the CQL scripts take secrets from.
const (
	AdminPasswordVariable       = "CASSANDRA_ADMIN_PASSWORD"
	ApplicationPasswordVariable = "CASSANDRA_APPLICATION_PASSWORD"
)

// AccessScript renders the script that closes the default login: it replicates the roles to all nodes, gives the built-in
// superuser the password in AdminPasswordVariable, and creates the product's role with the one in ApplicationPasswordVariable.
// It runs on a node, after all nodes have joined.
func AccessScript(node Node) string {
	return cql(node, render("access.py", map[string]any{"Replicas": Replicas, "User": ApplicationUser}))
}

// KeyspaceScript renders the script that creates a group's two keyspaces where they don't exist and grants them to the product's
// role. It never alters or drops one. It runs on a node, after AccessScript. It fails on names ValidateKeyspaces refuses.
func KeyspaceScript(node Node, k Keyspace) (string, error) {
	if err := ValidateKeyspaces([]Keyspace{k}); err != nil {
		return "", err
	}
	return cql(node, render("keyspaces.py", map[string]any{
		"Replicas": Replicas, "User": ApplicationUser, "Keyspaces": []string{k.Name, k.ThrottlingName()},
	})), nil
}

// cql wraps statements written in Python: cqlsh of the 2.2 line needs Python 2, which the machines don't have.
func cql(node Node, program string) string {
	return render("cql.sh", map[string]any{
		"Node": node, "NativePort": NativePort, "Program": program, "Session": render("session.py", map[string]any{
			"Node": node, "NativePort": NativePort,
		}),
	})
}

func (s Settings) artifactURL() string {
	if s.ArtifactURL != "" {
		return s.ArtifactURL
	}
	return fmt.Sprintf("%s/%s/apache-cassandra-%s-bin.tar.gz", apacheArchive, s.Version, s.Version)
}

// render panics on a template error, which only a mistake in this package can cause; the tests render every template.
func render(name string, data any) string {
	var b strings.Builder
	if err := templates.ExecuteTemplate(&b, name, data); err != nil {
		panic(err)
	}
	return b.String()
}
