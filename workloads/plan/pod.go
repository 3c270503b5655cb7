package plan

import "slices"

// Paths of Axway's images.
const (
	// healthPath is the path the reference has added to the listeners of API Manager UI and traffic.
	healthPath  = "/healthcheck"
	installDir  = "/opt/Axway/apigateway"
	eventsPath  = installDir + "/events"
	licensePath = installDir + "/conf/licenses"
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

// Probe is an HTTPS check. AGIC copies the readiness probe into Application Gateway, so its figures must be legal there too:
// a threshold of 20 at most, and a timeout no longer than the period.
type Probe struct {
	Path string
	Port int
	// Period and Timeout are seconds.
	Period, Timeout int
	// Failures is the number of failed checks in a row that count as a failure.
	Failures int
}

// Volume is a volume of a pod and where its container sees it: a claim or a secret.
type Volume struct {
	Name, Path string
	// Claim or Secret names the source.
	Claim, Secret string
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
	// Startup holds the other two back until the JVM is up; Readiness decides about traffic, Liveness about a restart.
	Startup, Readiness, Liveness Probe
	Volumes                      []Volume
	// PullSecret names the registry's login, empty for the stack's own registry.
	PullSecret string
	// PreStop and Grace are seconds.
	PreStop, Grace int
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
	return p.probed("/login", PortANMUI).equipped(settings)
}

// Pod plans a group's API Manager UI.
func (s ManagerSpec) Pod(settings Settings) Pod {
	resources, _ := s.Resources()
	published := []Port{{"manager", PortManager}}
	p := Pod{
		Component: Manager, Group: s.Group.Name, Image: s.Group.Image, Args: []string{startInstance},
		Ports: append(published, Port{"management", PortManagement}), Published: published,
		Env: instanceEnv(Manager, settings, s.Group, s.HeapMB, PortManager), Resources: resources,
		PreStop: preStop, Grace: grace,
	}
	return p.probed(healthPath, PortManager).equipped(settings)
}

// Pod plans a group's gateways.
func (s GatewaySpec) Pod(settings Settings) Pod {
	resources, _ := s.Resources()
	extra, _ := ExtraPorts("", s.ExtraPorts)
	published := append([]Port{{"traffic", PortTraffic}}, extra...)
	p := Pod{
		Component: Gateway, Group: s.Group.Name, Image: s.Group.Image, Args: []string{startInstance},
		Ports: append([]Port{{"management", PortManagement}}, published...), Published: published,
		Env: instanceEnv(Gateway, settings, s.Group, s.HeapMB, PortTraffic), Resources: resources,
		PreStop: preStop, Grace: grace,
	}
	return p.probed(healthPath, PortTraffic).equipped(settings)
}

// probed adds the three checks of one path; ANM, which has no health check of its own on the second listener, answers at its
// login page. Starting may take ten minutes, a restart needs three failed checks in 90 seconds.
func (p Pod) probed(path string, port int) Pod {
	p.Startup = Probe{Path: path, Port: port, Period: 10, Timeout: 5, Failures: 60}
	p.Readiness = Probe{Path: path, Port: port, Period: 10, Timeout: 5, Failures: 3}
	p.Liveness = Probe{Path: path, Port: port, Period: 30, Timeout: 15, Failures: 3}
	return p
}

// equipped adds the volumes and the pull secret the matrix gives to the component.
func (p Pod) equipped(s Settings) Pod {
	if Reads(p.Component, EventsShare) {
		p.Volumes = append(p.Volumes, Volume{Name: "events", Path: eventsPath, Claim: EventsClaim})
	}
	if Reads(p.Component, CassandraTLS) {
		p.Volumes = append(p.Volumes, Volume{Name: "cassandra-tls", Path: cassandraTLSPath, Secret: string(CassandraTLS)})
	}
	if s.License && Reads(p.Component, License) {
		// Mounted as a whole directory: it hides the licence of the image, which may have expired.
		p.Volumes = append(p.Volumes, Volume{Name: "license", Path: licensePath, Secret: string(License)})
	}
	if s.RegistryLogin && Reads(p.Component, RegistryLogin) {
		p.PullSecret = string(RegistryLogin)
	}
	return p
}
