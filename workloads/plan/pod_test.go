package plan

import (
	"slices"
	"strconv"
	"strings"
	"testing"
)

func settings() Settings {
	return Settings{
		TraceLevel: "DEBUG", CassandraHost: "cassandra.prod.apim.internal", ReadOnlyRoot: true,
		PreflightImage: "apim/preflight:1", ANMHost: "anm.example.com",
	}
}

// value writes a variable the way a reader of the container contract would.
func value(pod Pod, name string) string {
	i := slices.IndexFunc(pod.Env, func(v EnvVar) bool { return v.Name == name })
	switch {
	case i < 0:
		return "absent"
	case pod.Env[i].Secret != "":
		return "secret " + pod.Env[i].Secret + "/" + pod.Env[i].Key
	case pod.Env[i].Field != "":
		return "field " + pod.Env[i].Field
	default:
		return pod.Env[i].Value
	}
}

func TestTheEnvironmentIsTheContainerContract(t *testing.T) {
	anm, manager, gateway := anmSpec().Pod(settings()), managerSpec().Pod(settings()), gatewaySpec().Pod(settings())
	for variable, want := range map[string][3]string{
		"ACCEPT_GENERAL_CONDITIONS":      {"yes", "yes", "yes"},
		"EMT_HEAP_SIZE_MB":               {"1024", "1024", "1512"},
		"EMT_TRACE_LEVEL":                {"DEBUG", "DEBUG", "DEBUG"},
		"EMT_DEPLOYMENT_ENABLED":         {"false", "false", "false"},
		"EMT_PARENT_HOST":                {"field spec.nodeName", "field spec.nodeName", "field spec.nodeName"},
		"EMT_TOPOLOGY_TTL":               {"120", "absent", "absent"},
		"EMT_ANM_HOSTS":                  {"absent", "anm:8090", "anm:8090"},
		"EMT_HEALTHCHECK_PATH":           {"absent", "/healthcheck", "/healthcheck"},
		"EMT_HEALTHCHECK_PORT":           {"absent", "8075", "8065"},
		"APIGW_LOG_TRACE_JSON_TO_STDOUT": {"true", "true", "true"},
		"APIGW_LOG_TRACE_TO_FILE":        {"false", "false", "false"},
		"APIGW_LOG_OPENTRAFFIC_OUTPUT":   {"absent", "stdout", "stdout"},
		"CASS_HOST":                      {"absent", "cassandra.prod.apim.internal", "cassandra.prod.apim.internal"},
		"CASS_PORT":                      {"absent", "9042", "9042"},
		"CASS_KEYSPACE":                  {"absent", "prod_internal_apis", "prod_internal_apis"},
		"CASS_TKEYSPACE":                 {"absent", "t_prod_internal_apis", "t_prod_internal_apis"},
		"CASS_USERNAME":                  {"absent", "secret cassandra-user/username", "secret cassandra-user/username"},
		"CASS_PASS":                      {"absent", "secret cassandra-user/password", "secret cassandra-user/password"},
		"METRICS_DB_URL":                 {"secret metrics-anm/url", "secret metrics-api-manager/url", "secret metrics-traffic/url"},
		"METRICS_DB_USERNAME":            {"secret metrics-anm/username", "secret metrics-api-manager/username", "secret metrics-traffic/username"},
		"METRICS_DB_PASS":                {"secret metrics-anm/password", "secret metrics-api-manager/password", "secret metrics-traffic/password"},
	} {
		got := [3]string{value(anm, variable), value(manager, variable), value(gateway, variable)}
		if got != want {
			t.Errorf("%s is %v for ANM, UI and gateways, want %v", variable, got, want)
		}
	}
}

func TestNoVariableIsSetTwice(t *testing.T) {
	for _, pod := range []Pod{anmSpec().Pod(settings()), managerSpec().Pod(settings()), gatewaySpec().Pod(settings())} {
		names := make([]string, len(pod.Env))
		for i, v := range pod.Env {
			names[i] = v.Name
		}
		slices.Sort(names)
		if len(slices.Compact(slices.Clone(names))) != len(names) {
			t.Errorf("%s: %v", pod.Component, names)
		}
	}
}

func TestPodsSeeTheSecretsOfTheMatrixAndNoOthers(t *testing.T) {
	all := settings()
	all.License, all.RegistryLogin, all.AdminUsers, all.ListenerCertificates = true, true, true, true
	for _, pod := range []Pod{anmSpec().Pod(all), managerSpec().Pod(all), gatewaySpec().Pod(all)} {
		allowed := map[string]Secret{
			string(CassandraUser): CassandraUser, string(CassandraTLS): CassandraTLS,
			string(License): License, MetricsSecret(pod.Component): MetricsUser,
			string(AdminUsers): AdminUsers, string(ListenerCertificate): ListenerCertificate,
		}
		seen := map[Secret]bool{}
		see := func(name string) {
			kind, known := allowed[name]
			if !known || !Reads(pod.Component, kind) {
				t.Errorf("%s reads the secret %q", pod.Component, name)
			}
			seen[kind] = true
		}
		for _, v := range pod.Env {
			if v.Secret != "" {
				see(v.Secret)
			}
		}
		for _, v := range pod.Volumes {
			if v.Secret != "" {
				see(v.Secret)
			}
		}
		for _, helper := range pod.Init {
			for _, name := range (Pod{Env: helper.Env, Volumes: helper.Volumes}).Secrets() {
				if !slices.Contains(pod.Secrets(), name) {
					t.Errorf("%s of %s reads %q, which its pod doesn't follow", helper.Name, pod.Component, name)
				}
			}
		}
		for _, kind := range allowed {
			if Reads(pod.Component, kind) && !seen[kind] {
				t.Errorf("%s should read the secret %q and does not", pod.Component, kind)
			}
		}
		if pod.PullSecret != string(RegistryLogin) {
			t.Errorf("%s pulls with %q", pod.Component, pod.PullSecret)
		}
	}
}

func TestOptionalSecretsAreLeftOutWhenTheyDoNotExist(t *testing.T) {
	for _, pod := range []Pod{anmSpec().Pod(settings()), gatewaySpec().Pod(settings())} {
		if pod.PullSecret != "" {
			t.Errorf("%s pulls with %q", pod.Component, pod.PullSecret)
		}
		for _, v := range pod.Volumes {
			if slices.Contains([]Secret{License, AdminUsers, ListenerCertificate}, Secret(v.Secret)) {
				t.Errorf("%s mounts %s over the image's own", pod.Component, v.Secret)
			}
		}
		if got := value(pod, "listenercert_traffic") + value(pod, "listenercert_anmui"); got != "absentabsent" {
			t.Errorf("%s is told of a certificate that isn't mounted: %s", pod.Component, got)
		}
	}
}

func TestAllPodsShareTheEventsVolume(t *testing.T) {
	for _, pod := range []Pod{anmSpec().Pod(settings()), managerSpec().Pod(settings()), gatewaySpec().Pod(settings())} {
		i := slices.IndexFunc(pod.Volumes, func(v Volume) bool { return v.Claim != "" })
		if i < 0 || pod.Volumes[i] != (Volume{Name: "events", Path: "/opt/Axway/apigateway/events", Claim: "events"}) {
			t.Errorf("%s: %+v", pod.Component, pod.Volumes)
		}
	}
}

func TestPortsAndProbes(t *testing.T) {
	gateway := gatewaySpec()
	gateway.ExtraPorts = []int{8443}
	for name, c := range map[string]struct {
		pod       Pod
		path      string
		port      int
		published []int
		inside    []int
	}{
		"ANM answers at its login page on the second listener": {anmSpec().Pod(settings()), "/login", 8091, []int{8090, 8091}, nil},
		"API Manager UI answers on 8075":                       {managerSpec().Pod(settings()), "/healthcheck", 8075, []int{8075}, []int{8085}},
		"gateways answer on the traffic port":                  {gateway.Pod(settings()), "/healthcheck", 8065, []int{8065, 8443}, []int{8085}},
	} {
		t.Run(name, func(t *testing.T) {
			for _, p := range []Probe{c.pod.Startup, c.pod.Readiness, c.pod.Liveness} {
				if p.Path != c.path || p.Port != c.port {
					t.Errorf("probe %+v, want %s on %d", p, c.path, c.port)
				}
			}
			if got := numbers(c.pod.Published); !slices.Equal(got, c.published) {
				t.Errorf("publishes %v, want %v", got, c.published)
			}
			want := slices.Sorted(slices.Values(append(slices.Clone(c.published), c.inside...)))
			if got := slices.Sorted(slices.Values(numbers(c.pod.Ports))); !slices.Equal(got, want) {
				t.Errorf("listens on %v, want %v", got, want)
			}
			for _, p := range c.pod.Ports {
				if len(p.Name) > 15 || strings.Contains(p.Name, "_") {
					t.Errorf("port name %q", p.Name)
				}
			}
		})
	}
}

func numbers(ports []Port) []int {
	var all []int
	for _, p := range ports {
		all = append(all, p.Number)
	}
	return all
}

func TestReadinessProbesAreLegalOnApplicationGateway(t *testing.T) {
	for _, pod := range []Pod{anmSpec().Pod(settings()), managerSpec().Pod(settings()), gatewaySpec().Pod(settings())} {
		p := pod.Readiness
		if p.Failures < 1 || p.Failures > 20 || p.Period < 1 || p.Timeout < 1 || p.Timeout > p.Period {
			t.Errorf("%s: %+v", pod.Component, p)
		}
	}
}

func TestPodsMayStartForTenMinutes(t *testing.T) {
	for _, pod := range []Pod{anmSpec().Pod(settings()), managerSpec().Pod(settings()), gatewaySpec().Pod(settings())} {
		if seconds := pod.Startup.Period * pod.Startup.Failures; seconds != 600 {
			t.Errorf("%s is given %d s", pod.Component, seconds)
		}
	}
}

func TestPodsThatAreReplacedOutliveTheChangeOfTheLoadBalancerAndItsDrain(t *testing.T) {
	for _, pod := range []Pod{managerSpec().Pod(settings()), gatewaySpec().Pod(settings())} {
		if pod.PreStop < 60+drainSeconds || pod.Grace <= pod.PreStop {
			t.Errorf("%s serves on for %d s of %d", pod.Component, pod.PreStop, pod.Grace)
		}
	}
}

func TestHealthChecksArriveWhereUsageTrackingLeavesThemOut(t *testing.T) {
	for _, pod := range []Pod{managerSpec().Pod(settings()), gatewaySpec().Pod(settings())} {
		for _, p := range []Probe{pod.Startup, pod.Readiness, pod.Liveness} {
			if got, want := p.Path+" on "+strconv.Itoa(p.Port), value(pod, "EMT_HEALTHCHECK_PATH")+" on "+value(pod, "EMT_HEALTHCHECK_PORT"); got != want {
				t.Errorf("%s is checked at %s, and %s is left out", pod.Component, got, want)
			}
		}
	}
}

func TestAPodFollowsTheSecretsItReadsAndNoOthers(t *testing.T) {
	licensed := settings()
	licensed.License, licensed.RegistryLogin = true, true
	for name, c := range map[string]struct {
		pod  Pod
		want []string
	}{
		"ANM":                     {anmSpec().Pod(settings()), []string{"metrics-anm"}},
		"ANM with a licence":      {anmSpec().Pod(licensed), []string{"license", "metrics-anm"}},
		"API Manager UI":          {managerSpec().Pod(settings()), []string{"cassandra-tls", "cassandra-user", "metrics-api-manager"}},
		"gateways with a licence": {gatewaySpec().Pod(licensed), []string{"cassandra-tls", "cassandra-user", "license", "metrics-traffic"}},
	} {
		t.Run(name, func(t *testing.T) {
			if got := c.pod.Secrets(); !slices.Equal(got, c.want) {
				t.Errorf("got %v, want %v", got, c.want)
			}
		})
	}
}

func TestANMRequestsHalfItsCPUAndAllItsMemory(t *testing.T) {
	if got, want := anmSpec().Pod(settings()).Resources, (Resources{500, 1000, 2048, 2048, 2048, 5632}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	odd := anmSpec()
	odd.CPU = "1m"
	if err := odd.Validate(); err != nil {
		t.Errorf("the smallest amount of CPU can't be halved: %v", err)
	}
}

func TestUIAndGatewaysOfAGroupRunTheSameImage(t *testing.T) {
	manager, gateway := managerSpec().Pod(settings()), gatewaySpec().Pod(settings())
	if manager.Image != gateway.Image || !slices.Equal(manager.Args, gateway.Args) {
		t.Errorf("%s %v and %s %v", manager.Image, manager.Args, gateway.Image, gateway.Args)
	}
}

func TestMemoryIsAScalingMetricOnlyWhenAskedFor(t *testing.T) {
	s := gatewaySpec()
	if got, want := s.Metrics(), []Metric{{"cpu", 75}}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	s.TargetMemoryPercent = 90
	if got, want := s.Metrics(), []Metric{{"cpu", 75}, {"memory", 90}}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}
