//go:build tools

// Package tools pins the Pulumi CLI the rehearsal rig runs when none is installed.
package tools

import _ "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"
