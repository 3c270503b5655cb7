package plan

import "strconv"

// portCassandra is the port of Cassandra's native protocol.
const portCassandra = 9042

// topologyTTL is how long, in seconds, ANM keeps a silent gateway in the topology: Axway's default, four times the 30 seconds
// between two registrations.
const topologyTTL = 120

// EnvVar is an environment variable: a literal value, a key of a secret, or a field of the pod.
type EnvVar struct {
	Name string
	// Value is the literal, when the other two are empty.
	Value string
	// Secret and Key name what the value is read from.
	Secret, Key string
	// Field is the path of a field of the pod.
	Field string
}

// Settings are the figures all components share.
type Settings struct {
	// TraceLevel is INFO, DEBUG or DATA.
	TraceLevel string
	// CassandraHost is the one name behind which all Cassandra nodes are found; the product takes a single name.
	CassandraHost string
	// RegistryLogin tells that the images need a pull secret.
	RegistryLogin bool
	// License tells that the licence is mounted rather than part of the images.
	License bool
	// AdminUsers tells that ANM's administrators are mounted rather than part of its image.
	AdminUsers bool
	// ListenerCertificates tells that the listeners' certificates are mounted rather than part of the images' configuration.
	ListenerCertificates bool
	// ReadOnlyRoot tells that the containers write into volumes only.
	ReadOnlyRoot bool
	// PreflightImage is repository:tag of the image that waits and applies SQL.
	PreflightImage string
	// CassandraTLS tells that the Cassandra nodes speak TLS.
	CassandraTLS bool
	// MetricsSchema tells that a job applies the metrics database's schema, so that pods can insist on it.
	MetricsSchema bool
	// ANMHost is ANM's public host, which the certificate of its second listener is for.
	ANMHost string
	// ANMProbe is ANM's health check.
	ANMProbe ProbeSpec
}

// commonEnv is what every image reads. Traces go to standard output as JSON and not to files, so that one log pipeline sees
// them all and no pod fills its disk. Deployment to a running pod is off: it would be lost with the pod.
func commonEnv(c Component, s Settings, heapMB int) []EnvVar {
	metrics := MetricsSecret(c)
	return []EnvVar{
		{Name: "ACCEPT_GENERAL_CONDITIONS", Value: "yes"},
		{Name: "APIGW_LOG_TRACE_JSON_TO_STDOUT", Value: "true"},
		{Name: "APIGW_LOG_TRACE_TO_FILE", Value: "false"},
		{Name: "EMT_DEPLOYMENT_ENABLED", Value: "false"},
		{Name: "EMT_HEAP_SIZE_MB", Value: strconv.Itoa(heapMB)},
		// The node, so that the topology shows which machine an instance runs on.
		{Name: "EMT_PARENT_HOST", Field: "spec.nodeName"},
		{Name: "EMT_TRACE_LEVEL", Value: s.TraceLevel},
		{Name: "METRICS_DB_PASS", Secret: metrics, Key: KeyPassword},
		{Name: "METRICS_DB_URL", Secret: metrics, Key: KeyURL},
		{Name: "METRICS_DB_USERNAME", Secret: metrics, Key: KeyUsername},
	}
}

// anmEnv is the Admin Node Manager's environment.
func anmEnv(s Settings, heapMB int) []EnvVar {
	return append(commonEnv(ANM, s, heapMB), EnvVar{Name: "EMT_TOPOLOGY_TTL", Value: strconv.Itoa(topologyTTL)})
}

// instanceEnv is the environment of API Manager UI and the gateways: the same image, so the same variables. The probe is where
// health checks arrive.
func instanceEnv(c Component, s Settings, group GroupSpec, heapMB int, probe ProbeSpec) []EnvVar {
	keyspace := group.Keyspace
	return append(commonEnv(c, s, heapMB),
		EnvVar{Name: "APIGW_LOG_OPENTRAFFIC_OUTPUT", Value: "stdout"},
		EnvVar{Name: "CASS_HOST", Value: s.CassandraHost},
		EnvVar{Name: "CASS_KEYSPACE", Value: keyspace},
		EnvVar{Name: "CASS_PASS", Secret: string(CassandraUser), Key: KeyPassword},
		EnvVar{Name: "CASS_PORT", Value: strconv.Itoa(portCassandra)},
		EnvVar{Name: "CASS_TKEYSPACE", Value: ThrottlingKeyspace(keyspace)},
		EnvVar{Name: "CASS_USERNAME", Secret: string(CassandraUser), Key: KeyUsername},
		EnvVar{Name: "EMT_ANM_HOSTS", Value: ObjectName(ANM, "") + ":" + strconv.Itoa(PortANM)},
		// Calls of this path on this port are left out of Axway's usage tracking. Its default port is 8080; the checks of the
		// kubelet and of Application Gateway come in elsewhere, every few seconds, and would be billed as API calls.
		EnvVar{Name: "EMT_HEALTHCHECK_PATH", Value: probe.Path},
		EnvVar{Name: "EMT_HEALTHCHECK_PORT", Value: strconv.Itoa(probe.Port)},
	)
}

// listenerEnv names the files of the listeners' certificates for the module of Axway's demo images that reads them there. The
// product alone knows none of these variables: its listeners present what the FED holds. UI and gateways run the same FED, so
// both have both listeners.
func listenerEnv(c Component) []EnvVar {
	listeners := []string{"manager", "traffic"}
	if c == ANM {
		listeners = []string{"anmui"}
	}
	var vars []EnvVar
	for _, name := range listeners {
		vars = append(vars,
			EnvVar{Name: "listenercacert_" + name, Value: listenerPath + "/" + KeyChain},
			EnvVar{Name: "listenercert_" + name, Value: listenerPath + "/" + KeyCertificate},
			EnvVar{Name: "listenerkey_" + name, Value: listenerPath + "/" + KeyPrivateKey})
	}
	return vars
}

// ThrottlingKeyspace names the keyspace a group counts its quotas in.
func ThrottlingKeyspace(keyspace string) string { return "t_" + keyspace }
