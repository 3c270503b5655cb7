// Package registry creates the container registry the images are pushed to and pulled from.
//
// It is Premium, because only that tier has a private endpoint, a firewall, retention and replicas. The subnets of the
// network reach it through the endpoint (the API in use has no rules for subnets), the DevOps workers through their public
// addresses, and nobody else: the default is to deny. There is no admin account; nodes pull with the kubelet identity.
// Untagged manifests are cleaned up after a time, tagged images stay, so that a rollback finds its image.
//
// It refuses firewall rules Azure would drop, and one that lets everybody in. The registry is protected: it holds every image a
// rollback or a recovery needs.
package registry
