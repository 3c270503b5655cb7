package stack

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Output is one stack output: its name and what CI may rely on.
type Output struct {
	// Name is the key `pulumi stack output` prints it under.
	Name string
	// Shape describes the value: a JSON type, with the fields of objects.
	Shape string
	// Doc says what it is for.
	Doc string
	// Secret values are ciphertext in state and shown with --show-secrets only.
	Secret bool
}

// Contract lists every output of a stack. CI reads these names: removing or renaming one breaks pipelines.
var Contract = []Output{
	{Name: "environment", Shape: "string", Doc: "`production` or `development`."},
	{Name: "location", Shape: "string", Doc: "The region."},
	{Name: "resourceGroup", Shape: "string", Doc: "The resource group everything is in."},
	{Name: "cluster", Shape: "{name, nodeResourceGroup, oidcIssuer}", Doc: "The AKS cluster."},
	{Name: "kubeconfig", Shape: "string (YAML)", Secret: true, Doc: "A kubeconfig for the cluster. Without local accounts it signs in through kubelogin."},
	{Name: "registry", Shape: "{name, loginServer}", Doc: "The container registry images are pushed to."},
	{Name: "entryPoint", Shape: "{controller, exposure, address}", Doc: "Where api. and api-manager. are reached: a public or a private address."},
	{Name: "hosts", Shape: "[{role, group, host, url, exposure, address}]", Doc: "Every host name and the address it must resolve to. `role` is anm, manager or api."},
	{Name: "dnsRecords", Shape: "[{name, type, value, ttl}]", Doc: "Records to create by hand: those the stack has no zone for. Empty when there is nothing to do."},
	{Name: "groups", Shape: "{NAME: {keyspace, throttlingKeyspace, managerUrl, apiUrl}}", Doc: "The gateway groups and their endpoints."},
	{Name: "cassandra", Shape: "{host, port, nodes, addresses}", Doc: "The database the images' CASS_HOST points at."},
	{Name: "mysql", Shape: "{server, host, port, database}", Doc: "The metrics database."},
	{Name: "storage", Shape: "{eventsAccount, eventsShare, eventsShareGB, logsAccount, logsContainers, logsBudgetGB}", Doc: "The storage accounts, the size of the events share, and the volume the logs are meant to stay under, for alerts."},
	{Name: "jumpHost", Shape: "{name, privateAddress, publicAddress}", Doc: "The machine administrators work from; publicAddress is empty unless asked for."},
	{Name: "natAddress", Shape: "string", Doc: "The address the stack's outgoing traffic comes from, for other people's allow lists."},
	{Name: "imageBuild", Shape: "{caCertificate, clientCertificate, clientPrivateKey}", Secret: true, Doc: "PEMs for the FED, for the day the Cassandra nodes speak TLS: the CA that signed their certificates, and the client certificate the gateways present."},
	{Name: "adminSshKey", Shape: "string (PEM)", Secret: true, Doc: "The private SSH key of the local administrator on the stack's Linux machines; break-glass only."},
	{Name: "workloads", Shape: "{enabled, namespace}", Doc: "Whether the workloads are up, and their namespace."},
}

// export publishes the outputs and refuses to publish anything else than the contract says.
func export(ctx *pulumi.Context, values pulumi.Map) error {
	var problems []error
	known := make([]string, 0, len(Contract))
	for _, o := range Contract {
		known = append(known, o.Name)
		value, ok := values[o.Name]
		if !ok {
			problems = append(problems, fmt.Errorf("stack output %s is in the contract but has no value", o.Name))
			continue
		}
		if o.Secret {
			value = pulumi.ToSecret(value)
		}
		ctx.Export(o.Name, value)
	}
	for name := range values {
		if !slices.Contains(known, name) {
			problems = append(problems, fmt.Errorf("stack output %s is not in the contract", name))
		}
	}
	return errors.Join(problems...)
}

// ContractPage renders the contract as docs/outputs.md.
func ContractPage() string {
	var b strings.Builder
	b.WriteString("# Stack outputs\n\n" +
		"What CI reads: `pulumi stack output --json` (add `--show-secrets` for the secret ones), or one value with\n" +
		"`pulumi stack output NAME`. The list is a contract: a test holds names and shapes for every stack.\n\n" +
		"| output | shape | secret | what it is |\n|---|---|---|---|\n")
	for _, o := range Contract {
		secret := ""
		if o.Secret {
			secret = "yes"
		}
		fmt.Fprintf(&b, "| `%s` | `%s` | %s | %s |\n", o.Name, o.Shape, secret, o.Doc)
	}
	return b.String()
}
