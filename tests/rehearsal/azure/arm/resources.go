package arm

import "fmt"

var _ = register(&Type{
	Token: "azure-native:resources:ResourceGroup", ARM: "Microsoft.Resources/resourceGroups", APIVersion: "2024-03-01",
	Path:          "/subscriptions/{subscriptionId}/resourceGroups/{resourceGroupName}",
	Name:          Name{1, 90, `[\w().-]*[\w()-]`, "letters, digits, _ ( ) - . and not end with a dot"},
	Required:      []string{"location"},
	ForceNew:      []string{"location"},
	Immutable:     []string{"location"},
	ImmutableCode: "InvalidResourceGroupLocation",
	Minutes:       Minutes{0.03, 0.03, 1.5},
	Compute: func(_ *Call, p Object) {
		p["properties"] = Object{"provisioningState": "Succeeded"}
	},
	DeleteRules: []Rule{{
		ID: "resourcegroup/not-managed", Code: "ResourceGroupManagedByResource", Status: 409, Provenance: Assumed,
		Confirm: "delete the node resource group of a spare cluster by hand and read the answer",
		Source:  "a cluster's node resource group is deleted by deleting the cluster",
		Check: func(c *Call) []string {
			if c.Old.Owner == "" {
				return nil
			}
			return []string{fmt.Sprintf("resource group '%s' is managed by %s; delete that instead", c.Name, c.Old.Owner)}
		},
	}},
})
