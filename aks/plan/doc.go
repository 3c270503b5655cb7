// Package plan decides what an AKS cluster of the stack looks like before any cloud is asked: pool names and the settings
// they stand for, labels, taints, autoscaler figures, service addresses, authorised ranges, and every check that needs no
// subscription. It imports nothing of Pulumi, so its tests compile in a second.
package plan
