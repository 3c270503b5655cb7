// Package component holds what every component of the program shares: where it is placed, which providers serve it, and
// how its children inherit both.
package component

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Placement says where a component's resources go and who creates them. It is the same for all components of a stack.
type Placement struct {
	// Providers are the explicit providers; default ones are disabled for the project.
	Providers Providers
	// SubscriptionID is the subscription's GUID, known at plan time so that resource IDs can be derived from names.
	SubscriptionID string
	// Location is the region's short name.
	Location string
	// ResourceGroup is the group's plain name, for derived resource IDs.
	ResourceGroup string
	// ResourceGroupName is the same name as an output of the group, so that everything waits for it.
	ResourceGroupName pulumi.StringInput
	// Tags go on every resource that takes tags.
	Tags map[string]string
	// Protect guards the resources that hold data, and the cluster, against deletion and replacement.
	Protect bool
	// Retry tries again what Azure will let through later, see NewRetry. Nil: never.
	Retry *pulumi.ErrorHook
}

// Providers are the explicit providers of a stack.
type Providers struct {
	Azure  pulumi.ProviderResource
	Random pulumi.ProviderResource
	TLS    pulumi.ProviderResource
}

// TagMap returns the tags as an input.
func (p Placement) TagMap() pulumi.StringMap { return pulumi.ToStringMap(p.Tags) }

// ID derives the resource ID of a resource of the placement's resource group: ID("Microsoft.Network/virtualNetworks", "v")
// or, for a child, ID("Microsoft.Network/virtualNetworks", "v", "subnets", "s").
func (p Placement) ID(resourceType, name string, children ...string) string {
	id := "/subscriptions/" + p.SubscriptionID + "/resourceGroups/" + p.ResourceGroup + "/providers/" + resourceType + "/" + name
	for _, c := range children {
		id += "/" + c
	}
	return id
}

// RoleDefinition returns the resource ID of a built-in role of the subscription.
func (p Placement) RoleDefinition(guid string) string {
	return "/subscriptions/" + p.SubscriptionID + "/providers/Microsoft.Authorization/roleDefinitions/" + guid
}

// Register registers a component and returns the options its children need. The component carries the providers; children
// inherit them through their parent.
func (p Placement) Register(ctx *pulumi.Context, token, name string, c pulumi.ComponentResource,
	opts ...pulumi.ResourceOption,
) (Children, error) {
	opts = append([]pulumi.ResourceOption{pulumi.Providers(p.Providers.Azure, p.Providers.Random, p.Providers.TLS)}, opts...)
	if err := ctx.RegisterComponentResource(token, name, c, opts...); err != nil {
		return Children{}, err
	}
	return Children{parent: c, protect: p.Protect, retry: p.Retry}, nil
}

// Children gives the resource options of a component's children.
type Children struct {
	parent  pulumi.Resource
	protect bool
	retry   *pulumi.ErrorHook
}

// Opts are the options of an ordinary child.
func (c Children) Opts(extra ...pulumi.ResourceOption) []pulumi.ResourceOption {
	return append(append([]pulumi.ResourceOption{pulumi.Parent(c.parent)}, Retrying(c.retry)...), extra...)
}

// Protected are the options of a child that holds data, or whose loss takes the platform down.
func (c Children) Protected(extra ...pulumi.ResourceOption) []pulumi.ResourceOption {
	return append(c.Opts(pulumi.Protect(c.protect)), extra...)
}
