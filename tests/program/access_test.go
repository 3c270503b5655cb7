package program_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"apim-azure/config"
	"apim-azure/config/badconfig"
	"apim-azure/workloads"
	"apim-azure/workloads/plan"
	"apim-azure/workloads/plan/policy"
)

// inputs are a resource's inputs as plain values.
func inputs(res registered) map[string]any {
	return plain(resource.NewObjectProperty(res.Inputs)).(map[string]any)
}

// dig reads a value by its path, in which numbers are indexes; nil where there is none.
func dig(value any, path string) any {
	for _, step := range strings.Split(path, "/") {
		switch v := value.(type) {
		case map[string]any:
			value = v[step]
		case []any:
			var i int
			if _, err := fmt.Sscan(step, &i); err != nil || i >= len(v) {
				return nil
			}
			value = v[i]
		default:
			return nil
		}
	}
	return value
}

// everyFlow uses every key that opens a flow.
func everyFlow() map[string]any {
	return map[string]any{
		"monitoring.namespace": "monitoring", "monitoring.ports": []int{9404, 9405},
		"workloads.anm.backends":                 []any{map[string]any{"cidr": "10.9.0.0/24", "ports": []int{636}}},
		"workloads.groups[0].allowedNamespaces":  []string{"shop"},
		"workloads.groups[0].gateway.extraPorts": []int{8443},
		"workloads.groups[0].backends": []any{
			map[string]any{"cidr": "10.0.0.0/8", "ports": []int{9443}}, map[string]any{"namespace": "ledger", "ports": []int{443, 8443}},
		},
		"workloads.groups[0].manager.backends": []any{map[string]any{"cidr": "192.168.7.0/24", "ports": []int{587}}},
	}
}

// planned are the policies the planner writes for a default address plan.
func planned(t *testing.T, change func(*policy.Site)) map[string]policy.NetworkPolicy {
	t.Helper()
	addresses := (&config.Config{Network: config.Network{AddressSpace: "10.0.0.0/22"}}).Addresses()
	site := policy.Site{
		Namespace: "apim", Controller: plan.ApplicationGateway, ANM: plan.ANMInternal, Groups: []policy.Group{{Name: "default"}},
		VNet: addresses.Space, Cluster: addresses.AKS, Gateway: addresses.Gateway, Data: addresses.Data, Bastion: addresses.Bastion,
	}
	change(&site)
	policies, err := policy.Policies(site)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]policy.NetworkPolicy{}
	for _, p := range policies {
		all[p.Name] = p
	}
	return all
}

func TestTheNetworkPoliciesArePlannedOnes(t *testing.T) {
	for name, c := range map[string]struct {
		stack   string
		changes map[string]any
		site    func(*policy.Site)
	}{
		"production": {"prod", nil, func(*policy.Site) {}},
		"development, all private": {"dev", nil, func(s *policy.Site) {
			s.ANM = plan.ANMShared
		}},
		"behind the load balancer": {"prod", map[string]any{"ingress.controller": "loadBalancer"}, func(s *policy.Site) {
			s.Controller = plan.LoadBalancer
		}},
		"challenges over HTTP": {"prod", acme(nil), func(s *policy.Site) { s.ACME = true }},
		"every flow that can be declared": {"prod", everyFlow(), func(s *policy.Site) {
			s.Monitoring = policy.Monitoring{Namespace: "monitoring", Ports: []int{9404, 9405}}
			s.ANMBackends = []policy.Backend{{CIDR: "10.9.0.0/24", Ports: []int{636}}}
			s.Groups = []policy.Group{{
				Name: "default", ExtraPorts: []int{8443}, AllowedNamespaces: []string{"shop"},
				Backends:        []policy.Backend{{CIDR: "10.0.0.0/8", Ports: []int{9443}}, {Namespace: "ledger", Ports: []int{443, 8443}}},
				ManagerBackends: []policy.Backend{{CIDR: "192.168.7.0/24", Ports: []int{587}}},
			}}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			want, got := planned(t, c.site), map[string]policy.NetworkPolicy{}
			for _, res := range deployed(t, c.stack, c.changes).ofType(t, "kubernetes:networking.k8s.io/v1:NetworkPolicy") {
				p := readPolicy(t, inputs(res))
				if got[p.Name] = p; res.Name != "policies-"+p.Name {
					t.Errorf("policy %s is called %s", p.Name, res.Name)
				}
			}
			if !slices.Equal(slices.Sorted(maps.Keys(got)), slices.Sorted(maps.Keys(want))) {
				t.Fatalf("registered %v, planned %v", slices.Sorted(maps.Keys(got)), slices.Sorted(maps.Keys(want)))
			}
			for name := range want {
				if !reflect.DeepEqual(got[name], want[name]) {
					t.Errorf("%s:\nregistered %+v\nplanned    %+v", name, got[name], want[name])
				}
			}
		})
	}
}

// readPolicy reads a policy as Kubernetes would.
func readPolicy(t *testing.T, object map[string]any) policy.NetworkPolicy {
	t.Helper()
	if dig(object, "spec/podSelector") == nil {
		t.Errorf("%v has no pod selector, which Kubernetes refuses", dig(object, "metadata/name"))
	}
	var p struct {
		Metadata struct {
			Name, Namespace string
			Annotations     map[string]string
		}
		Spec policy.Spec
	}
	data, err := json.Marshal(object)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, &p); err != nil {
		t.Fatalf("%v: %v", dig(object, "metadata/name"), err)
	}
	return policy.NetworkPolicy{Name: p.Metadata.Name, Namespace: p.Metadata.Namespace, Annotations: p.Metadata.Annotations, Spec: p.Spec}
}

func TestNoPodStartsBeforeTheNetworkPolicies(t *testing.T) {
	deployments := deployed(t, "prod", nil).ofType(t, "kubernetes:apps/v1:Deployment")
	seen := 0
	for _, res := range deployments {
		if strings.HasPrefix(res.Name, "headroom") {
			continue // it opens no connection and takes none
		}
		seen++
		for _, name := range []string{"policies-default-deny", "policies-anm", "policies-traffic-default"} {
			if !slices.ContainsFunc(res.Options.Dependencies, func(urn string) bool { return strings.HasSuffix(urn, "::"+name) }) {
				t.Errorf("%s does not wait for %s", res.Name, name)
			}
		}
	}
	if seen < 3 {
		t.Errorf("%d deployments: this test is not testing anything", seen)
	}
}

func TestDeclaredBackEndsAreOpenInTheSecurityGroupToo(t *testing.T) {
	var destinations []string
	for _, res := range deployed(t, "prod", everyFlow()).ofType(t, "azure-native:network:NetworkSecurityGroup") {
		rules, _ := inputs(res)["securityRules"].([]any)
		for _, rule := range rules {
			if strings.HasPrefix(fmt.Sprint(dig(rule, "name")), "AllowBackend-") {
				destinations = append(destinations, fmt.Sprint(dig(rule, "destinationAddressPrefix"), " ", dig(rule, "destinationPortRange")))
			}
		}
	}
	slices.Sort(destinations)
	if want := []string{"10.0.0.0/8 9443", "10.9.0.0/24 636", "192.168.7.0/24 587"}; !slices.Equal(destinations, want) {
		t.Errorf("open to %v, want %v", destinations, want)
	}
}

func TestNamespacesRefusePodsBelowTheirLevel(t *testing.T) {
	for _, c := range []struct {
		controller, cluster string
		want                map[string]string
	}{
		{"applicationGateway", "1.36", map[string]string{"apim": "restricted v1.36", "ingress-controller": "privileged v1.36"}},
		{"loadBalancer", "1.35", map[string]string{"apim": "restricted v1.35", "ingress-controller": "restricted v1.35"}},
	} {
		got := map[string]string{}
		for _, res := range deployed(t, "prod", map[string]any{"ingress.controller": c.controller, "aks.kubernetesVersion": c.cluster}).
			ofType(t, "kubernetes:core/v1:Namespace") {
			labels := dig(inputs(res), "metadata/labels").(map[string]any)
			got[fmt.Sprint(dig(inputs(res), "metadata/name"))] = fmt.Sprint(
				labels["pod-security.kubernetes.io/enforce"], " ", labels["pod-security.kubernetes.io/enforce-version"])
		}
		if !maps.Equal(got, c.want) {
			t.Errorf("%s: got %v, want %v", c.controller, got, c.want)
		}
	}
}

const (
	pipelines = "11111111-aaaa-bbbb-cccc-000000000001"
	helpdesk  = "11111111-aaaa-bbbb-cccc-000000000002"
	auditors  = "11111111-aaaa-bbbb-cccc-000000000003"
)

func TestEachListOfPeopleGetsItsRoleAndAWayIn(t *testing.T) {
	r := deployed(t, "prod", map[string]any{
		"access.deployers": []string{pipelines}, "access.support": []string{helpdesk}, "access.viewers": []string{auditors},
		"monitoring.namespace": "monitoring", "monitoring.ports": []int{9404}, "access.monitoring": []string{"prometheus"},
	})
	holders := map[string]string{}
	for _, res := range r.ofType(t, "kubernetes:rbac.authorization.k8s.io/v1:RoleBinding") {
		in := inputs(res)
		subject := dig(in, "subjects/0").(map[string]any)
		holders[fmt.Sprint(dig(in, "roleRef/kind"), " ", dig(in, "roleRef/name"))] = fmt.Sprint(subject["kind"], " ", subject["name"])
		if dig(in, "metadata/namespace") != "apim" {
			t.Errorf("%s reaches beyond the namespace: %v", res.Name, in["metadata"])
		}
	}
	want := map[string]string{
		"Role deployer": "Group " + pipelines, "Role support": "Group " + helpdesk, "Role viewer": "Group " + auditors,
		"Role monitoring": "ServiceAccount prometheus",
	}
	if !maps.Equal(holders, want) {
		t.Errorf("got %v, want %v", holders, want)
	}
	for _, res := range r.ofType(t, "kubernetes:rbac.authorization.k8s.io/v1:Role") {
		role := plan.AccessRole(fmt.Sprint(dig(inputs(res), "metadata/name")))
		rules := dig(inputs(res), "rules").([]any)
		if len(rules) == 0 || len(rules) != len(role.Rules()) {
			t.Fatalf("%s has %d rules, want %d", role, len(rules), len(role.Rules()))
		}
		for i, rule := range role.Rules() {
			want := map[string]any{"apiGroups": list(rule.Groups), "resources": list(rule.Resources), "verbs": list(rule.Verbs)}
			if !reflect.DeepEqual(rules[i], want) {
				t.Errorf("%s, rule %d: got %v, want %v", role, i, rules[i], want)
			}
		}
	}
	roles := map[string][]string{}
	for _, res := range r.ofType(t, "azure-native:authorization:RoleAssignment") {
		principal := fmt.Sprint(inputs(res)["principalId"])
		roles[principal] = append(roles[principal], res.Name)
		slices.Sort(roles[principal])
	}
	for group, want := range map[string][]string{
		pipelines: {"cluster-users-" + pipelines},
		helpdesk:  {"cluster-users-" + helpdesk, "jump-host-login-" + helpdesk},
		auditors:  {"cluster-users-" + auditors, "jump-host-login-" + auditors},
	} {
		if !slices.Equal(roles[group], want) {
			t.Errorf("%s holds %v in Azure, want %v", group, roles[group], want)
		}
	}
}

func list(texts []string) []any {
	out := make([]any, len(texts))
	for i, text := range texts {
		out[i] = text
	}
	return out
}

func TestWithoutListsThereAreNoRoles(t *testing.T) {
	for _, res := range deployed(t, "prod", nil).resources {
		if strings.HasPrefix(res.Type, "kubernetes:rbac") || res.Type == "apim:workloads:Access" {
			t.Errorf("%s %s is registered for nobody", res.Type, res.Name)
		}
	}
}

// acme has the certificates issued.
func acme(more map[string]any) map[string]any {
	changes := map[string]any{"ingress.certificates": "acme", "ingress.acmeEmail": "team@example.com", "secrets": badconfig.Remove}
	maps.Copy(changes, more)
	return changes
}

const publicZone = "/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/dns/providers/Microsoft.Network/dnsZones/apim.example.com"

func TestCertificatesOfPublicHostsAreProvedOverHTTP(t *testing.T) {
	r := deployed(t, "prod", acme(nil))
	issuer := inputs(r.ofType(t, "kubernetes:cert-manager.io/v1:Issuer")[0])
	if dig(issuer, "spec/acme/server") != "https://acme-v02.api.letsencrypt.org/directory" || dig(issuer, "spec/acme/email") != "team@example.com" {
		t.Errorf("the issuer is %v", issuer)
	}
	if class := dig(issuer, "spec/acme/solvers/0/http01/ingress/ingressClassName"); class != "azure-application-gateway" {
		t.Errorf("challenges are answered behind class %v", class)
	}
	hosts, published := map[any]any{}, map[any]any{}
	for _, res := range r.ofType(t, "kubernetes:cert-manager.io/v1:Certificate") {
		hosts[dig(inputs(res), "spec/dnsNames/0")] = dig(inputs(res), "spec/secretName")
	}
	for _, res := range r.ofType(t, "kubernetes:networking.k8s.io/v1:Ingress") {
		published[dig(inputs(res), "spec/tls/0/hosts/0")] = dig(inputs(res), "spec/tls/0/secretName")
	}
	if want := map[any]any{
		"api.apim.example.com": "traffic-default-tls-acme", "api-manager.apim.example.com": "api-manager-default-tls-acme",
	}; !maps.Equal(hosts, want) || !maps.Equal(hosts, published) {
		t.Errorf("certificates are ordered for %v, ingresses want %v, expected %v", hosts, published, want)
	}
	reached := 0
	for _, res := range r.ofType(t, "azure-native:network:NetworkSecurityGroup") {
		rules, _ := inputs(res)["securityRules"].([]any)
		for _, rule := range rules {
			if ports, _ := dig(rule, "destinationPortRanges").([]any); slices.Contains(ports, any("8089")) {
				reached++
			}
		}
	}
	if reached != 2 {
		t.Errorf("%d network rules let the gateway reach the pods that answer, want one on either side", reached)
	}
	for _, res := range r.ofType(t, "kubernetes:core/v1:Secret") {
		if strings.HasPrefix(res.Name, "ingress-") {
			t.Errorf("%s is registered next to the issued certificate", res.Name)
		}
	}
	for _, res := range r.ofType(t, "azure-native:managedidentity:FederatedIdentityCredential") {
		if res.Name == "cluster-cert-manager" {
			t.Error("cert-manager has an identity in Azure, and no record to write")
		}
	}
}

func TestCertificatesOfPrivateHostsAreProvedByRecords(t *testing.T) {
	r := deployed(t, "prod", acme(map[string]any{"ingress.exposure": "private", "network.publicDnsZoneId": publicZone}))
	issuer := inputs(r.ofType(t, "kubernetes:cert-manager.io/v1:Issuer")[0])
	want := map[string]any{
		"environment": "AzurePublicCloud", "subscriptionID": "11111111-2222-3333-4444-555555555555", "resourceGroupName": "dns",
		"hostedZoneName": "apim.example.com", "managedIdentity": map[string]any{"clientID": "00000000-0000-4000-8000-000000000002"},
	}
	if got := dig(issuer, "spec/acme/solvers/0/dns01/azureDNS"); !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	credential := r.named(t, "azure-native:managedidentity:FederatedIdentityCredential", "cluster-cert-manager")
	if subject := inputs(credential)["subject"]; subject != "system:serviceaccount:cert-manager:cert-manager" {
		t.Errorf("the credential is for %v", subject)
	}
	grant := inputs(r.named(t, "azure-native:authorization:RoleAssignment", "cert-manager-on-dns-zone"))
	if grant["scope"] != publicZone || !strings.HasSuffix(fmt.Sprint(grant["roleDefinitionId"]), "befefa01-2a29-4197-83a8-272ff33ce314") {
		t.Errorf("the grant is %v", grant)
	}
	release := inputs(r.named(t, "kubernetes:helm.sh/v3:Release", "cert-manager-release"))
	if dig(release, "values/dns01RecursiveNameserversOnly") != true {
		t.Error("cert-manager asks the network's private zones for records that are in the public one")
	}
	for _, res := range r.ofType(t, "kubernetes:networking.k8s.io/v1:NetworkPolicy") {
		if res.Name == "policies-acme-solver" {
			t.Error("the namespace is opened for challenges nobody will send")
		}
	}
}

func TestComponentsRefuseWhatWouldComeToNothing(t *testing.T) {
	issuer := plan.Issuer{
		Server: "https://acme.example.com/directory", Email: "team@example.com",
		Zone: &plan.PublicZone{SubscriptionID: "s", ResourceGroup: "g", Name: "z"},
	}
	for want, args := range map[string]interface{ Validate() error }{
		"network policies: no arguments":                    (*workloads.PoliciesArgs)(nil),
		"workloads.namespace: \"\" is not a namespace":      &workloads.PoliciesArgs{},
		"access: no arguments":                              (*workloads.AccessArgs)(nil),
		"monitoring.namespace doesn't say":                  &workloads.AccessArgs{Monitoring: []string{"prometheus"}},
		"an empty name would let nobody in":                 &workloads.AccessArgs{Viewers: []string{" "}},
		"cert-manager: no arguments":                        (*workloads.CertManagerArgs)(nil),
		"cert-manager: a node selector is required":         &workloads.CertManagerArgs{},
		"needs the client ID of the identity":               &workloads.CertManagerArgs{Issuer: issuer},
		"cluster: the Kubernetes provider":                  &workloads.NamespaceArgs{Name: "apim"},
		"workloads.namespace: \"cert-manager\" is":          &workloads.NamespaceArgs{Name: "cert-manager"},
		"secrets.certificate, secrets.privateKey: both are": &workloads.IngressArgs{},
	} {
		if err := args.Validate(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want %s, got %v", want, err)
		}
	}
}
