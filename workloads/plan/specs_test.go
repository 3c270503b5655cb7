package plan

import (
	"slices"
	"strings"
	"testing"
)

// The reference's figures, valid as they stand.
func anmSpec() ANMSpec {
	return ANMSpec{Image: "anm:7.7-20240830", CPU: "1", MemoryMB: 2048, HeapMB: 1024}
}

func groupSpec() GroupSpec {
	return GroupSpec{Name: "internal_apis", Image: "apim/gateway:7.7-20240830", Keyspace: "prod_internal_apis", ManagerHost: "api-manager.example.com"}
}

func managerSpec() ManagerSpec {
	return ManagerSpec{Group: groupSpec(), CPURequest: "500m", CPU: "2", MemoryRequestMB: 512, MemoryMB: 2048, HeapMB: 1024}
}

func gatewaySpec() GatewaySpec {
	return GatewaySpec{
		Group: groupSpec(), MinReplicas: 3, MaxReplicas: 12, TargetCPUPercent: 75,
		CPURequest: "1", CPU: "2", MemoryMB: 2048, HeapMB: 1512,
	}
}

func TestTheReferencesFiguresAreValid(t *testing.T) {
	for name, spec := range map[string]Spec{"ANM": anmSpec(), "API Manager UI": managerSpec(), "gateways": gatewaySpec()} {
		if err := spec.Validate(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestBadSpecsAreRefusedByKey(t *testing.T) {
	anm := func(change func(*ANMSpec)) Spec { s := anmSpec(); change(&s); return s }
	manager := func(change func(*ManagerSpec)) Spec { s := managerSpec(); change(&s); return s }
	gateway := func(change func(*GatewaySpec)) Spec { s := gatewaySpec(); change(&s); return s }
	const group = "workloads.groups[internal_apis]"
	for name, c := range map[string]struct {
		spec Spec
		want string
	}{
		"ANM without an image":                     {anm(func(s *ANMSpec) { s.Image = "" }), "workloads.anm.image: "},
		"ANM with an amount of CPU nobody reads":   {anm(func(s *ANMSpec) { s.CPU = "lots" }), "workloads.anm.cpu: "},
		"ANM with a heap as large as its memory":   {anm(func(s *ANMSpec) { s.HeapMB = 2048 }), "workloads.anm.heapMB: "},
		"ANM without memory":                       {anm(func(s *ANMSpec) { s.MemoryMB = 0 }), "workloads.anm.memoryMB: "},
		"a UI that requests more CPU than it gets": {manager(func(s *ManagerSpec) { s.CPURequest = "3" }), group + ".manager.cpuRequest: "},
		"a UI that requests more memory":           {manager(func(s *ManagerSpec) { s.MemoryRequestMB = 4096 }), group + ".manager.memoryMB: "},
		"a UI with too large a heap":               {manager(func(s *ManagerSpec) { s.HeapMB = 1600 }), group + ".manager.heapMB: "},
		"a gateway with too large a heap":          {gateway(func(s *GatewaySpec) { s.HeapMB = 2000 }), group + ".gateway.heapMB: "},
		"no gateways":                              {gateway(func(s *GatewaySpec) { s.MinReplicas = 0 }), group + ".gateway.minReplicas: "},
		"more than a hundred gateways":             {gateway(func(s *GatewaySpec) { s.MaxReplicas = 101 }), group + ".gateway.maxReplicas: "},
		"a maximum below the minimum":              {gateway(func(s *GatewaySpec) { s.MaxReplicas = 2 }), group + ".gateway.maxReplicas: "},
		"a CPU target nobody reaches":              {gateway(func(s *GatewaySpec) { s.TargetCPUPercent = 96 }), group + ".gateway.targetCPUPercent: "},
		"a memory target that is always passed":    {gateway(func(s *GatewaySpec) { s.TargetMemoryPercent = 5 }), group + ".gateway.targetMemoryPercent: "},
		"a port the images don't listen on":        {gateway(func(s *GatewaySpec) { s.ExtraPorts = []int{9000} }), group + ".gateway.extraPorts: "},
		"a port listed twice":                      {gateway(func(s *GatewaySpec) { s.ExtraPorts = []int{8443, 8443} }), group + ".gateway.extraPorts: "},
		"a keyspace with a dash":                   {gateway(func(s *GatewaySpec) { s.Group.Keyspace = "a-b" }), group + ".keyspace: "},
		"a keyspace of 47 characters":              {gateway(func(s *GatewaySpec) { s.Group.Keyspace = strings.Repeat("k", 47) }), group + ".keyspace: "},
		"a group name with a capital":              {gateway(func(s *GatewaySpec) { s.Group.Name = "APIs" }), "workloads.groups[APIs].name: "},
		"a group image that moves":                 {manager(func(s *ManagerSpec) { s.Group.Image = "gateway:latest" }), group + ".image: "},
	} {
		t.Run(name, func(t *testing.T) {
			err := c.spec.Validate()
			if err == nil {
				t.Fatal("accepted")
			}
			if !slices.ContainsFunc(strings.Split(err.Error(), "\n"), func(line string) bool { return strings.HasPrefix(line, c.want) }) {
				t.Errorf("no line starts with %q:\n%v", c.want, err)
			}
		})
	}
}

func TestAllProblemsOfASpecAreReportedAtOnce(t *testing.T) {
	err := GatewaySpec{Group: GroupSpec{Name: "a b"}}.Validate()
	if err == nil {
		t.Fatal("an empty gateway was accepted")
	}
	for _, part := range []string{".name: ", ".image: ", ".keyspace: ", ".cpuRequest: ", ".cpu: ", ".minReplicas: ", ".targetCPUPercent: "} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("no problem with %q in:\n%v", part, err)
		}
	}
}

func TestCheckImage(t *testing.T) {
	digest := "@sha256:" + strings.Repeat("0a", 32)
	for name, c := range map[string]struct {
		image string
		fixed bool
	}{
		"a tag is fixed":                                   {"anm:7.7-20240830", true},
		"a repository may have folders":                    {"axway/apim/anm:1", true},
		"a digest is fixed":                                {"anm" + digest, true},
		"a tag with a digest is fixed":                     {"anm:1" + digest, true},
		"a digest cut short is none":                       {"anm@sha256:0123", false},
		"latest moves":                                     {"anm:latest", false},
		"latest moves even with a digest beside it":        {"anm:latest" + digest, false},
		"no tag means latest":                              {"anm", false},
		"a colon in a registry's port is not a tag":        {"registry:5000/anm", false},
		"an empty tag is none":                             {"anm:", false},
		"an empty digest is none":                          {"anm@", false},
		"a tag alone is no image":                          {":1", false},
		"nothing is no image":                              {"", false},
		"a folder alone is no image":                       {"axway/", false},
		"an empty digest is not made good by a tag before": {"anm:1@", false},
	} {
		t.Run(name, func(t *testing.T) {
			if err := CheckImage("workloads.anm.image", c.image); (err == nil) != c.fixed {
				t.Errorf("%q: %v", c.image, err)
			}
		})
	}
}
