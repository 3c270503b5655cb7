// Command apim-azure is the Pulumi program: it deploys one stack of Axway API Management on Azure.
package main

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"apim-azure/stack"
)

func main() {
	pulumi.Run(stack.Deploy)
}
