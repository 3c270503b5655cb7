package plan

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Paths of Axway's images.
const (
	// healthPath is the path the reference has added to the listeners of API Manager UI and traffic.
	healthPath = "/healthcheck"
	// loginPath is ANM's, on both of its listeners.
	loginPath   = "/login"
	installDir  = "/opt/Axway/apigateway"
	eventsPath  = installDir + "/events"
	licensePath = installDir + "/conf/licenses"
	// adminUsersPath is where ANM reads who may log in.
	adminUsersPath = installDir + "/conf/adminUsers.json"
	// listenerPath is beside the certificates of Axway's examples too.
	listenerPath = installDir + "/certs/listener"
	// cassandraTLSPath is beside the listener certificates of Axway's examples, for policies and checks that read files.
	cassandraTLSPath = installDir + "/certs/cassandra"
	startANM         = installDir + "/posix/bin/start-emt-nodemanager"
	startInstance    = installDir + "/posix/bin/start-emt-instance"
)

// EventsClaim names the claim of the volume that ANM and all gateways share: the gateways write their events there and ANM
// turns them into metrics.
const EventsClaim = "events"

// How long, in seconds, a pod goes on serving after it was told to stop, and how long it then has in all. Application Gateway
// learns of the departure from AGIC, whose change of the gateway takes up to a minute and drains connections for 30 seconds
// more; with less a rollout drops calls. ANM stops at once: none takes its place until it is gone.
const (
	preStop  = 90
	grace    = 120
	anmGrace = 60
)

// defaultStartup is how long, in minutes, a JVM may take to answer for the first time.
const defaultStartup = 10

// ProbeSpec is what a configuration may say about a component's health check. Zero values stand for the component's own.
type ProbeSpec struct {
	// Path is the path to get; it starts with a slash.
	Path string
	// Port is one of ProbePorts.
	Port int
	// StartupMinutes is how long the component may take to start: 1 to LongestStartup, or 0 for 10.
	StartupMinutes int
}

// RolloutMinutes is how long, in minutes, a rollout may stand still before it is called failed. LongestStartup is the longest time
// a component may be given to start: with the time its preflight may wait, it leaves five minutes of the rollout's to a new node.
const (
	RolloutMinutes = 30
	LongestStartup = 15
)

// or fills in what the spec leaves open.
func (s ProbeSpec) or(path string, port int) ProbeSpec {
	if s.Path == "" {
		s.Path = path
	}
	if s.Port == 0 {
		s.Port = port
	}
	if s.StartupMinutes == 0 {
		s.StartupMinutes = defaultStartup
	}
	return s
}

// ProbePorts are the ports a component's health check may use, its own first: those its container listens on, without the one
// for management, which only ANM knows how to talk to.
func ProbePorts(c Component, extra []int) []int {
	switch c {
	case ANM:
		return []int{PortANMUI, PortANM}
	case Manager:
		return []int{PortManager}
	default:
		return append([]int{PortTraffic}, extra...)
	}
}

// check reports all problems of a spec under its configuration key.
func (s ProbeSpec) check(key string, ports []int) error {
	var errs []error
	if s.Path != "" && !strings.HasPrefix(s.Path, "/") {
		errs = append(errs, fmt.Errorf("%s.path: %q; start it with a slash", key, s.Path))
	}
	if s.Port != 0 && !slices.Contains(ports, s.Port) {
		errs = append(errs, fmt.Errorf("%s.port: %d; the container listens on %v", key, s.Port, ports))
	}
	if s.StartupMinutes < 0 || s.StartupMinutes > LongestStartup {
		errs = append(errs, fmt.Errorf("%s.startupMinutes: %d; use 1 to %d", key, s.StartupMinutes, LongestStartup))
	}
	return errors.Join(errs...)
}

// Probe is a check by HTTP. AGIC copies the readiness probe into Application Gateway, so its figures must be legal there too:
// a threshold of 20 at most, and a timeout no longer than the period.
type Probe struct {
	Path string
	Port int
	// Scheme is HTTPS, or HTTP on the listeners that are clear text.
	Scheme string
	// Period and Timeout are seconds.
	Period, Timeout int
	// Failures is the number of failed checks in a row that count as a failure.
	Failures int
}

// Volume is a volume of a pod and where a container sees it: a claim, a secret or an empty directory.
type Volume struct {
	Name, Path string
	// SubPath is the part of the volume that is seen, a file or a folder. Empty: all of it.
	SubPath string
	// Claim or Secret names the source.
	Claim, Secret string
	// SizeMB is the size, in MiB, an empty directory may grow to; the pod is evicted beyond. It goes with its pod.
	SizeMB int
}

// Helper is a container that does one thing and ends: an init container or that of a job. Its root is read-only.
type Helper struct {
	Name string
	// Image is repository:tag in the registry.
	Image string
	// Command replaces the image's entry point, if it isn't empty; Args follow.
	Command, Args []string
	Env           []EnvVar
	Resources     Resources
	Volumes       []Volume
}

// Pod is everything there is to say about a component's pods, except what the cluster adds.
type Pod struct {
	Component Component
	// Group is the group's name, empty for ANM.
	Group string
	// Image is repository:tag in the registry.
	Image string
	// Args start the program; the images' entry point executes them.
	Args []string
	// Ports are what the container listens on, Published the ones its Service offers.
	Ports, Published []Port
	Env              []EnvVar
	Resources        Resources
	// ReadOnlyRoot keeps the container from writing anywhere but into its volumes.
	ReadOnlyRoot bool
	// Init run before the container, one after the other.
	Init []Helper
	// Startup holds the other two back until the JVM is up; Readiness decides about traffic, Liveness about a restart.
	Startup, Readiness, Liveness Probe
	Volumes                      []Volume
	// PullSecret names the registry's login, empty for the stack's own registry.
	PullSecret string
	// PreStop and Grace are seconds.
	PreStop, Grace int
	// Exceptions are the rules of good practice the pod breaks on purpose.
	Exceptions []Exception
}

// Name names the component's objects.
func (p Pod) Name() string { return ObjectName(p.Component, p.Group) }

// Secrets are the names, sorted, of the secrets the container is given as variables or files. It reads them once, when it starts.
func (p Pod) Secrets() []string {
	var names []string
	for _, v := range p.Env {
		names = append(names, v.Secret)
	}
	for _, v := range p.Volumes {
		names = append(names, v.Secret)
	}
	slices.Sort(names)
	names = slices.Compact(names)
	return slices.DeleteFunc(names, func(name string) bool { return name == "" })
}

// Pod plans the Admin Node Manager.
func (s ANMSpec) Pod(settings Settings) Pod {
	resources, _ := s.Resources()
	ports := []Port{{"anm", PortANM}, {"anm-ui", PortANMUI}}
	p := Pod{
		Component: ANM, Image: s.Image, Args: []string{startANM},
		Ports: ports, Published: ports,
		Env: anmEnv(settings, s.HeapMB), Resources: resources, Grace: anmGrace,
	}
	return p.probed(s.Probe.or(loginPath, PortANMUI)).equipped(settings).after(settings, GroupSpec{}, "mysql")
}

// Pod plans a group's API Manager UI.
func (s ManagerSpec) Pod(settings Settings) Pod {
	resources, _ := s.Resources()
	published := []Port{{"manager", PortManager}}
	probe := s.Group.ManagerProbe.or(healthPath, PortManager)
	p := Pod{
		Component: Manager, Group: s.Group.Name, Image: s.Group.Image, Args: []string{startInstance},
		Ports: append(published, Port{"management", PortManagement}), Published: published,
		Env: instanceEnv(Manager, settings, s.Group, s.HeapMB, probe), Resources: resources,
		PreStop: preStop, Grace: grace,
	}
	return p.probed(probe).equipped(settings).after(settings, s.Group, "cassandra", "mysql", "anm")
}

// Pod plans a group's gateways.
func (s GatewaySpec) Pod(settings Settings) Pod {
	resources, _ := s.Resources()
	extra, _ := ExtraPorts("", s.ExtraPorts)
	published := append([]Port{{"traffic", PortTraffic}}, extra...)
	probe := s.Probe.or(healthPath, PortTraffic)
	p := Pod{
		Component: Gateway, Group: s.Group.Name, Image: s.Group.Image, Args: []string{startInstance},
		Ports: append([]Port{{"management", PortManagement}}, published...), Published: published,
		Env: instanceEnv(Gateway, settings, s.Group, s.HeapMB, probe), Resources: resources,
		PreStop: preStop, Grace: grace,
	}
	return p.probed(probe).equipped(settings).after(settings, s.Group, "cassandra", "mysql", "anm", "manager")
}

// probed adds the three checks of one path; ANM, which has no health check of its own on the second listener, answers at its
// login page. A restart needs three failed checks in 90 seconds.
func (p Pod) probed(s ProbeSpec) Pod {
	check := Probe{Path: s.Path, Port: s.Port, Scheme: scheme(s.Port), Period: 10, Timeout: 5, Failures: 3}
	p.Startup, p.Readiness, p.Liveness = check, check, check
	p.Startup.Failures = s.StartupMinutes * 60 / p.Startup.Period
	p.Liveness.Period, p.Liveness.Timeout = 30, 15
	p.Exceptions = append(p.Exceptions, Exception{"pod-probes-identical",
		"the product has one health check; a restart takes failures for 90 seconds, and traffic stops after 30"})
	return p
}

// scheme is how the listener of a port speaks.
func scheme(port int) string {
	if port == 8080 || port == 8081 {
		return "HTTP"
	}
	return "HTTPS"
}

// equipped adds what the settings ask for: the volumes and the pull secret the matrix gives to the component, a read-only root.
func (p Pod) equipped(s Settings) Pod {
	p.Exceptions = append(p.Exceptions, pinnedImage, productUser)
	p = p.rooted(s.ReadOnlyRoot)
	if Reads(p.Component, EventsShare) {
		// One directory for all: ANM looks for events in this one only, and the files carry their gateway's name.
		p.Volumes = append(p.Volumes, Volume{Name: "events", Path: eventsPath, Claim: EventsClaim})
	}
	if Reads(p.Component, CassandraTLS) {
		p.Volumes = append(p.Volumes, Volume{Name: "cassandra-tls", Path: cassandraTLSPath, Secret: string(CassandraTLS)})
	}
	if s.License && Reads(p.Component, License) {
		// Mounted as a whole directory: it hides the licence of the image, which may have expired.
		p.Volumes = append(p.Volumes, Volume{Name: "license", Path: licensePath, Secret: string(License)})
	}
	if s.AdminUsers && Reads(p.Component, AdminUsers) {
		p.Volumes = append(p.Volumes, Volume{Name: "admin-users", Path: adminUsersPath, SubPath: KeyAdminUsers, Secret: string(AdminUsers)})
	}
	if s.ListenerCertificates && Reads(p.Component, ListenerCertificate) {
		p.Volumes = append(p.Volumes, Volume{Name: "listener-certificate", Path: listenerPath, Secret: string(ListenerCertificate)})
		p.Env = append(p.Env, listenerEnv(p.Component)...)
	}
	if s.RegistryLogin && Reads(p.Component, RegistryLogin) {
		p.PullSecret = string(RegistryLogin)
	}
	return p
}
