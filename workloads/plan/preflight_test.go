package plan

import (
	"slices"
	"strings"
	"testing"
)

// byName finds an init container.
func byName(t *testing.T, pod Pod, name string) Helper {
	t.Helper()
	i := slices.IndexFunc(pod.Init, func(h Helper) bool { return h.Name == name })
	if i < 0 {
		t.Fatalf("%s has no init container %s", pod.Component, name)
	}
	return pod.Init[i]
}

func TestEachComponentWaitsForWhatTheReferenceSaysInItsOrder(t *testing.T) {
	const clear = "--cassandra-least=2 --cassandra-tls=false "
	const anm = "--anm=https://anm:8091/login --anm-name=anm.example.com "
	for name, c := range map[string]struct {
		spec Spec
		want string
	}{
		"ANM": {anmSpec(), "wait --deadline=10m mysql"},
		"UI":  {managerSpec(), "wait --deadline=10m " + clear + anm + "cassandra mysql anm"},
		"gateways": {gatewaySpec(), "wait --deadline=10m " + clear + anm +
			"--manager=https://api-manager-internal-apis:8075/healthcheck --manager-name=api-manager.example.com cassandra mysql anm manager"},
	} {
		t.Run(name, func(t *testing.T) {
			pod := c.spec.Pod(settings())
			if got := strings.Join(byName(t, pod, "preflight").Args, " "); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
			if pod.Init[0].Name != "preflight" || pod.Init[0].Image != "apim/preflight:1" {
				t.Errorf("the first container is %s, %s", pod.Init[0].Name, pod.Init[0].Image)
			}
		})
	}
}

func TestThePreflightAsksWithTheComponentsOwnLogins(t *testing.T) {
	for _, c := range []struct {
		spec Spec
		want string
	}{
		{anmSpec(), "METRICS_DB_PASS METRICS_DB_URL METRICS_DB_USERNAME"},
		{gatewaySpec(), "CASS_HOST CASS_KEYSPACE CASS_PASS CASS_PORT CASS_TKEYSPACE CASS_USERNAME METRICS_DB_PASS METRICS_DB_URL METRICS_DB_USERNAME"},
	} {
		pod := c.spec.Pod(settings())
		var names []string
		for _, v := range byName(t, pod, "preflight").Env {
			names = append(names, v.Name)
			if !slices.Contains(pod.Env, v) {
				t.Errorf("%s: %+v is not the container's own", pod.Component, v)
			}
		}
		if got := strings.Join(names, " "); got != c.want {
			t.Errorf("%s: got %s, want %s", pod.Component, got, c.want)
		}
	}
}

func TestOnceTheNodesSpeakTLSThePreflightShowsThemItsCertificate(t *testing.T) {
	s := settings()
	s.CassandraTLS = true
	waiting := byName(t, gatewaySpec().Pod(s), "preflight")
	if !slices.Contains(waiting.Args, "--cassandra-certs="+cassandraTLSPath) || slices.Contains(waiting.Args, "--cassandra-tls=false") {
		t.Errorf("%v", waiting.Args)
	}
	if want := []Volume{{Name: "cassandra-tls", Path: cassandraTLSPath, Secret: "cassandra-tls"}}; !slices.Equal(waiting.Volumes, want) {
		t.Errorf("sees %+v, want %+v", waiting.Volumes, want)
	}
}

func TestPodsInsistOnTheSchemaOnlyWhenAJobAppliesIt(t *testing.T) {
	s := settings()
	for _, applied := range []bool{false, true} {
		s.MetricsSchema = applied
		for _, spec := range []Spec{anmSpec(), managerSpec(), gatewaySpec()} {
			pod := spec.Pod(s)
			if got := slices.Contains(byName(t, pod, "preflight").Args, "--schema=any"); got != applied {
				t.Errorf("%s insists: %v, want %v", pod.Component, got, applied)
			}
		}
	}
}

func TestThePreflightFollowsTheHealthChecksOfTheOthers(t *testing.T) {
	s, gateway := settings(), gatewaySpec()
	// On 8090 the topology's certificate answers: the preflight stays on the other port, but asks for the same page.
	s.ANMProbe = ProbeSpec{Path: "/alive", Port: PortANM}
	gateway.Group.ManagerProbe = ProbeSpec{Path: "/ready"}
	args := byName(t, gateway.Pod(s), "preflight").Args
	for _, want := range []string{"--anm=https://anm:8091/alive", "--manager=https://api-manager-internal-apis:8075/ready"} {
		if !slices.Contains(args, want) {
			t.Errorf("%v lacks %s", args, want)
		}
	}
}

func TestWaitingAndStartingLeaveARolloutTimeForANewNode(t *testing.T) {
	const node = 5
	if PreflightMinutes+LongestStartup+node > RolloutMinutes {
		t.Errorf("%d minutes of waiting and %d of starting in a rollout of %d", PreflightMinutes, LongestStartup, RolloutMinutes)
	}
}
