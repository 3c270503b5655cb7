package plan

import (
	"slices"
	"strconv"
	"strings"
)

// CassandraSpeaksTLS tells whether the Cassandra nodes do. They have no certificates yet.
const CassandraSpeaksTLS = false

// PreflightMinutes is how long, in minutes, a pod's preflight waits before it says what is missing and is started again.
const PreflightMinutes = 10

// leastNodes is how many of the three Cassandra nodes have to answer. All three would keep gateways from starting just when they
// are needed most, after a zone was lost; two are the quorum the product's data is written with.
const leastNodes = 2

// preflightResources are those of a Go program that opens a handful of connections.
var preflightResources = Resources{
	CPURequest: 50, CPULimit: 500, MemoryRequest: 32, MemoryLimit: 128, StorageRequest: 16, StorageLimit: 64,
}

// after adds the init container that waits for what the component needs: it asks as the component will, with its logins, and
// ends with the reason if something is missing. It comes before the others, which would work in vain. ANM has no group.
func (p Pod) after(s Settings, group GroupSpec, checks ...string) Pod {
	waiting := Helper{Name: "preflight", Image: s.PreflightImage, Resources: preflightResources}
	args := []string{"wait", "--deadline=" + strconv.Itoa(PreflightMinutes) + "m"}
	for _, check := range checks {
		switch check {
		case "mysql":
			waiting.Env = append(waiting.Env, p.envOf("METRICS_DB_")...)
			if s.MetricsSchema {
				args = append(args, "--schema=any")
			}
		case "cassandra":
			waiting.Env = append(waiting.Env, p.envOf("CASS_")...)
			args = append(args, "--cassandra-least="+strconv.Itoa(leastNodes))
			if s.CassandraTLS {
				args = append(args, "--cassandra-certs="+cassandraTLSPath)
				waiting.Volumes = append(waiting.Volumes, p.volume("cassandra-tls"))
			} else {
				args = append(args, "--cassandra-tls=false")
			}
		case "anm":
			// The second listener: the first one's certificate is the topology's own, which nothing can check.
			args = append(args, at(check, ObjectName(ANM, ""), PortANMUI, s.ANMProbe.or(loginPath, 0).Path, s.ANMHost)...)
		case "manager":
			args = append(args, at(check, ObjectName(Manager, group.Name), PortManager, group.ManagerProbe.or(healthPath, 0).Path, group.ManagerHost)...)
		}
	}
	waiting.Args = append(args, checks...)
	p.Init = append([]Helper{waiting}, p.Init...)
	return p
}

// at says where a server of this namespace is asked, and by which public name its certificate is checked.
func at(check, service string, port int, path, host string) []string {
	return []string{"--" + check + "=https://" + service + ":" + strconv.Itoa(port) + path, "--" + check + "-name=" + host}
}

// envOf are the container's variables of one kind.
func (p Pod) envOf(prefix string) (vars []EnvVar) {
	for _, v := range p.Env {
		if strings.HasPrefix(v.Name, prefix) {
			vars = append(vars, v)
		}
	}
	return vars
}

// volume is one of the container's volumes, by name; it must be there.
func (p Pod) volume(name string) Volume {
	return p.Volumes[slices.IndexFunc(p.Volumes, func(v Volume) bool { return v.Name == name })]
}
