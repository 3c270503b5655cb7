package component

import (
	"github.com/pulumi/pulumi-random/sdk/v4/go/random"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Suffix makes the six lower-case letters and digits that keep a globally unique name unique. It is the child <name>-suffix, and
// protected: another suffix names another resource.
func (c Children) Suffix(ctx *pulumi.Context, name string) (pulumi.StringOutput, error) {
	suffix, err := random.NewRandomString(ctx, name+"-suffix", &random.RandomStringArgs{
		Length: pulumi.Int(6), Upper: pulumi.Bool(false), Special: pulumi.Bool(false), Numeric: pulumi.Bool(true),
	}, c.Protected()...)
	if err != nil {
		return pulumi.StringOutput{}, err
	}
	return suffix.Result, nil
}

// Zones is a list of availability zones. It leaves the property out where there are none: Azure refuses an empty list on some
// types.
func Zones(zones ...string) pulumi.StringArrayInput {
	if len(zones) == 0 {
		return nil
	}
	return pulumi.ToStringArray(zones)
}

// Enabled spells a switch the way many of Azure's properties do.
func Enabled(on bool) pulumi.String {
	if on {
		return "Enabled"
	}
	return "Disabled"
}
