package program_test

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	corev1 "k8s.io/api/core/v1"
)

// everything switches on what the stack files leave out and pods are affected by.
func everything() map[string]any {
	return map[string]any{
		"workloads.metricsSchema.files":  []string{"/opt/Axway/apigateway/system/conf/sql/mysql/analytics.sql"},
		"workloads.listenerCertificates": true, "secrets.license": "key of the product", "secrets.adminUsers": "{}",
		"workloads.groups[0].gateway.extraPorts": []int{8443},
	}
}

// template is the pod template of a workload.
type template struct {
	// owner is what the template belongs to, as type and name.
	owner       string
	annotations map[string]string
	pod         corev1.PodSpec
}

// containers are all of the pod's, in the order they start in.
func (t template) containers() []corev1.Container {
	return append(slices.Clone(t.pod.InitContainers), t.pod.Containers...)
}

// templates reads the pod templates of every Deployment and Job as Kubernetes would.
func templates(t *testing.T, r *recorder) []template {
	t.Helper()
	var found []template
	for _, res := range r.custom() {
		_, kind, _ := strings.Cut(res.Type, "/v1:")
		if kind != "Deployment" && kind != "Job" {
			continue
		}
		text, err := json.Marshal(plain(resource.NewObjectProperty(res.Inputs)))
		if err != nil {
			t.Fatal(err)
		}
		var object struct {
			Spec struct{ Template corev1.PodTemplateSpec }
		}
		if err := json.Unmarshal(text, &object); err != nil {
			t.Fatalf("%s: %v", res.Name, err)
		}
		found = append(found, template{kind + " " + res.Name, object.Spec.Template.Annotations, object.Spec.Template.Spec})
	}
	if len(found) < 4 {
		t.Fatalf("%d pod templates: this test is not testing anything", len(found))
	}
	return found
}

// restricted lists what the restricted profile of pod security finds wrong with a pod. Source: the pod security standards of
// Kubernetes (documented).
func restricted(pod corev1.PodSpec, containers []corev1.Container) (problems []string) {
	if pod.HostNetwork || pod.HostPID || pod.HostIPC {
		problems = append(problems, "shares the node's namespaces")
	}
	for _, v := range pod.Volumes {
		if v.Secret == nil && v.PersistentVolumeClaim == nil && v.EmptyDir == nil {
			problems = append(problems, "volume "+v.Name+" is of a kind that isn't allowed")
		}
	}
	shared := pod.SecurityContext
	if shared == nil || shared.SeccompProfile == nil || shared.SeccompProfile.Type != corev1.SeccompProfileTypeRuntimeDefault {
		problems = append(problems, "has no seccomp profile")
	}
	if shared == nil || shared.RunAsNonRoot == nil || !*shared.RunAsNonRoot || shared.RunAsUser == nil || *shared.RunAsUser == 0 {
		problems = append(problems, "may run as root")
	}
	for _, c := range containers {
		own := c.SecurityContext
		switch {
		case own == nil:
			problems = append(problems, c.Name+" has no security context")
			continue
		case own.AllowPrivilegeEscalation == nil || *own.AllowPrivilegeEscalation:
			problems = append(problems, c.Name+" may gain privileges")
		case own.Capabilities == nil || !slices.Equal(own.Capabilities.Drop, []corev1.Capability{"ALL"}) || len(own.Capabilities.Add) > 0:
			problems = append(problems, c.Name+" keeps capabilities")
		}
		if own.RunAsUser != nil || own.RunAsNonRoot != nil || own.SeccompProfile != nil || own.Privileged != nil {
			problems = append(problems, c.Name+" overrides what the pod says")
		}
		for _, p := range c.Ports {
			if p.HostPort != 0 {
				problems = append(problems, c.Name+" takes a port of the node")
			}
		}
	}
	return problems
}

func TestEveryPodFitsTheRestrictedProfile(t *testing.T) {
	writable := everything()
	writable["workloads.readOnlyRoot"] = false
	for name, changes := range map[string]map[string]any{"as it is": nil, "with everything": everything(), "with writable roots": writable} {
		t.Run(name, func(t *testing.T) {
			for _, template := range templates(t, deployed(t, "prod", changes)) {
				for _, problem := range restricted(template.pod, template.containers()) {
					t.Errorf("%s %s", template.owner, problem)
				}
				if token := template.pod.AutomountServiceAccountToken; token == nil || *token {
					t.Errorf("%s is given a token for the Kubernetes API", template.owner)
				}
			}
		})
	}
}

func TestContainersWriteIntoVolumesOfLimitedSizeOnly(t *testing.T) {
	for _, template := range templates(t, deployed(t, "prod", everything())) {
		declared := map[string]bool{}
		for _, v := range template.pod.Volumes {
			if declared[v.Name] {
				t.Errorf("%s declares volume %s twice", template.owner, v.Name)
			}
			declared[v.Name] = true
			if v.EmptyDir != nil && (v.EmptyDir.SizeLimit == nil || v.EmptyDir.SizeLimit.IsZero()) {
				t.Errorf("%s: volume %s may fill the node's disk", template.owner, v.Name)
			}
		}
		for _, c := range template.containers() {
			if root := c.SecurityContext.ReadOnlyRootFilesystem; root == nil || !*root {
				t.Errorf("%s: %s writes into its own file system", template.owner, c.Name)
			}
			if c.Resources.Limits.StorageEphemeral().IsZero() || c.Resources.Requests.StorageEphemeral().IsZero() {
				t.Errorf("%s: %s takes as much of the node's disk as it likes", template.owner, c.Name)
			}
			for _, m := range c.VolumeMounts {
				if !declared[m.Name] {
					t.Errorf("%s: %s mounts %s, which the pod doesn't have", template.owner, c.Name, m.Name)
				}
			}
		}
	}
}

func TestPodsWaitThenCopyThenStart(t *testing.T) {
	waiting := 0
	for _, template := range templates(t, deployed(t, "prod", nil)) {
		if strings.Contains(template.owner, "headroom") {
			continue
		}
		waiting++
		var names []string
		for _, c := range template.pod.InitContainers {
			names = append(names, c.Name)
			if c.TerminationMessagePolicy != corev1.TerminationMessageFallbackToLogsOnError {
				t.Errorf("%s: what %s finds missing stays in its log", template.owner, c.Name)
			}
		}
		if want := []string{"preflight", "copy-product"}; !slices.Equal(names, want) {
			t.Errorf("%s starts with %v, want %v", template.owner, names, want)
		}
		if wait := template.pod.InitContainers[0]; wait.Args[0] != "wait" || !strings.HasSuffix(wait.Image, "/apim/preflight:20260831-1") {
			t.Errorf("%s waits with %s %v", template.owner, wait.Image, wait.Args)
		}
	}
	if waiting != 3 {
		t.Errorf("%d workloads wait, want ANM, API Manager UI and gateways", waiting)
	}
}

func TestThePreflightChecksCertificatesByTheHostsNames(t *testing.T) {
	r := deployed(t, "prod", secondGroup())
	for _, template := range templates(t, r) {
		if !strings.Contains(template.owner, "traffic-") {
			continue
		}
		args := strings.Join(template.pod.InitContainers[0].Args, " ")
		host := "api-manager.apim.example.com"
		if strings.Contains(template.owner, "partners") {
			host = "api-manager-partners.apim.example.com"
		}
		for _, want := range []string{"--anm-name=anm.apim.example.com", "--manager-name=" + host} {
			if !slices.Contains(strings.Fields(args), want) {
				t.Errorf("%s: %s lacks %s", template.owner, args, want)
			}
		}
	}
}

func TestNoCommandLineHoldsASecret(t *testing.T) {
	read := 0
	for _, template := range templates(t, deployed(t, "prod", everything())) {
		for _, c := range template.containers() {
			for _, word := range append(slices.Clone(c.Command), c.Args...) {
				if strings.Contains(word, "$(") || secretValues.MatchString(word) {
					t.Errorf("%s: %s is called with %q", template.owner, c.Name, word)
				}
			}
			for _, v := range c.Env {
				if !strings.Contains(v.Name, "PASS") {
					continue
				}
				read++
				if v.ValueFrom == nil || v.ValueFrom.SecretKeyRef == nil {
					t.Errorf("%s: %s of %s is in the pod's own text", template.owner, v.Name, c.Name)
				}
			}
		}
	}
	if read < 6 {
		t.Errorf("%d passwords are read: this test is not testing anything", read)
	}
}

func TestPodsFollowTheSecretsTheirContainersRead(t *testing.T) {
	revisions := func(changes map[string]any) map[string]string {
		found := map[string]string{}
		for _, template := range templates(t, deployed(t, "prod", changes)) {
			found[template.owner] = template.annotations["apim.io/secrets-revision"]
		}
		return found
	}
	before, after := revisions(map[string]any{"secrets.adminUsers": "{}"}), revisions(map[string]any{"secrets.adminUsers": `{"a": 1}`})
	for owner := range before {
		if changed, reads := before[owner] != after[owner], strings.Contains(owner, "anm-"); changed != reads {
			t.Errorf("%s rolls with ANM's administrators: %v, want %v", owner, changed, reads)
		}
	}
}

func TestTheSchemaJobRunsBetweenTheDatabasesUsersAndANM(t *testing.T) {
	for _, res := range deployed(t, "prod", nil).custom() {
		if strings.HasSuffix(res.Type, ":Job") {
			t.Errorf("%s runs though no SQL is named", res.Name)
		}
	}
	r := deployed(t, "prod", everything())
	job := r.named(t, "kubernetes:batch/v1:Job", "metrics-schema-job")
	text, _ := json.Marshal(plain(resource.NewObjectProperty(job.Inputs)))
	for _, want := range []string{`"pulumi.com/replaceUnready":"true"`, `"backoffLimit":3`, `"activeDeadlineSeconds":1800`, `"restartPolicy":"Never"`, `"name":"metrics-schema-`} {
		if !strings.Contains(string(text), want) {
			t.Errorf("the job lacks %s: %s", want, text)
		}
	}
	if strings.Contains(string(text), "ttlSecondsAfterFinished") {
		t.Error("the job is taken away when it is done, and the next update would run it again")
	}
	waitsFor := func(res registered, suffix string) bool {
		return slices.ContainsFunc(res.Options.Dependencies, func(urn string) bool { return strings.HasSuffix(urn, suffix) })
	}
	users := false
	for _, urn := range job.Options.Dependencies {
		users = users || strings.Contains(urn, "VirtualMachineRunCommand") && strings.Contains(urn, "mysql")
	}
	if !users {
		t.Errorf("the job doesn't wait for the database's users: %v", job.Options.Dependencies)
	}
	if anm := r.named(t, "kubernetes:apps/v1:Deployment", "anm-deployment"); !waitsFor(anm, "metrics-schema-job") {
		t.Errorf("ANM doesn't wait for the schema: %v", anm.Options.Dependencies)
	}
}

func TestNewSQLIsAnotherJob(t *testing.T) {
	name := func(changes map[string]any) string {
		job := deployed(t, "prod", changes).named(t, "kubernetes:batch/v1:Job", "metrics-schema-job")
		return plain(job.Inputs["metadata"]).(map[string]any)["name"].(string)
	}
	more := everything()
	more["workloads.metricsSchema.image"] = "apim/sql:2"
	if before, after := name(everything()), name(more); before == after {
		t.Errorf("both are named %s: the second one would never run", before)
	}
}

func TestOptionalSecretsHoldTheFilesTheProductReads(t *testing.T) {
	changes := everything()
	changes["workloads.licenseFile"] = "apim.lic"
	r := deployed(t, "prod", changes)
	for secret, want := range map[string][]string{
		"license": {"apim.lic"}, "admin-users": {"adminUsers.json"}, "listener-certificate": {"chain.crt", "tls.crt", "tls.key"},
	} {
		data := plain(r.named(t, "kubernetes:core/v1:Secret", "-"+secret).Inputs["stringData"]).(map[string]any)
		if got := slices.Sorted(maps.Keys(data)); !slices.Equal(got, want) {
			t.Errorf("%s holds %v, want %v", secret, got, want)
		}
	}
	before := deployed(t, "prod", nil)
	for _, res := range before.ofType(t, "kubernetes:core/v1:Secret") {
		if strings.HasSuffix(res.Name, "-license") || strings.HasSuffix(res.Name, "-admin-users") || strings.HasSuffix(res.Name, "-listener-certificate") {
			t.Errorf("%s exists though the configuration has nothing for it", res.Name)
		}
	}
}

func TestComponentsComeUpOneAfterTheOther(t *testing.T) {
	r := deployed(t, "prod", nil)
	for later, earlier := range map[string]string{"api-manager-default-deployment": "::anm-service", "traffic-default-deployment": "::api-manager-default-service"} {
		res := r.named(t, "kubernetes:apps/v1:Deployment", later)
		if !slices.ContainsFunc(res.Options.Dependencies, func(urn string) bool { return strings.HasSuffix(urn, earlier) }) {
			t.Errorf("%s doesn't wait for %s", later, earlier)
		}
	}
}
