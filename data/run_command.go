package data

import (
	"maps"
	"slices"

	"github.com/pulumi/pulumi-azure-native-sdk/compute/v3"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"apim-azure/internal/component"
)

// runCommandTimeout is how long a script may take, in seconds. The longest, a node that streams its data, gives up by itself
// after 25 minutes plus downloads. Azure allows 5400.
const runCommandTimeout = 3000

// runCommand is a script run on a machine each time its content changes.
type runCommand struct {
	// machine is where the script runs. The command goes with it.
	machine *compute.VirtualMachine
	// name is the command's physical name on the machine. Keep it: the same name makes a new content an update.
	name string
	// script is the script, shebang included.
	script pulumi.StringInput
	// secrets become environment variables of the script. Azure encrypts them and never shows them again.
	secrets map[string]pulumi.StringInput
	// after is what has to be done before.
	after []pulumi.Resource
}

// run registers the command as a child named name. A failing script fails the deployment.
func (r runCommand) run(ctx *pulumi.Context, name string, p component.Placement, children component.Children) (pulumi.Resource, error) {
	var secrets compute.RunCommandInputParameterArray
	for _, variable := range slices.Sorted(maps.Keys(r.secrets)) {
		secrets = append(secrets, compute.RunCommandInputParameterArgs{
			Name: pulumi.String(variable), Value: pulumi.ToSecret(r.secrets[variable]).(pulumi.StringOutput),
		})
	}
	args := &compute.VirtualMachineRunCommandByVirtualMachineArgs{
		ResourceGroupName:               p.ResourceGroupName,
		VmName:                          r.machine.Name,
		RunCommandName:                  pulumi.String(r.name),
		Location:                        pulumi.String(p.Location),
		Source:                          compute.VirtualMachineRunCommandScriptSourceArgs{Script: r.script.ToStringOutput().ToStringPtrOutput()},
		AsyncExecution:                  pulumi.Bool(false),
		TreatFailureAsDeploymentFailure: pulumi.Bool(true),
		TimeoutInSeconds:                pulumi.Int(runCommandTimeout),
		Tags:                            p.TagMap(),
	}
	if len(secrets) > 0 {
		args.ProtectedParameters = secrets
	}
	return compute.NewVirtualMachineRunCommandByVirtualMachine(ctx, name, args, children.Opts(
		pulumi.DependsOn(r.after),
		pulumi.DeletedWith(r.machine),
		pulumi.Timeouts(&pulumi.CustomTimeouts{Create: "60m", Update: "60m", Delete: "30m"}),
	)...)
}
