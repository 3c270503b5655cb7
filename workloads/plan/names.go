package plan

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Component is one of the programs of the platform. Its value starts the names of its objects.
type Component string

// The components of the reference's application view.
const (
	ANM               Component = "anm"
	Manager           Component = "api-manager"
	Gateway           Component = "traffic"
	IngressController Component = "ingress-controller"
)

// Ports the components listen on, from the reference's component chapters and Axway's images.
const (
	// PortANM takes the registrations of the gateways. Its certificate is the topology's and can't be replaced.
	PortANM = 8090
	// PortANMUI is the second listener, whose certificate is signed by a public authority: browsers, ingress and probes use it.
	PortANMUI = 8091
	// PortManager is API Manager UI.
	PortManager = 8075
	// PortTraffic is where API calls arrive.
	PortTraffic = 8065
	// PortManagement is where ANM reaches back into a gateway instance. Never published by a Service.
	PortManagement = 8085
)

// extraPorts are the further listeners a group may publish inside the cluster. 8080 and 8081 are clear text.
var extraPorts = []Port{{"https-8443", 8443}, {"http-8080", 8080}, {"http-8081", 8081}, {"oauth-8089", 8089}}

// Port is a named TCP port of a container.
type Port struct {
	// Name has 15 characters at most, as Kubernetes asks.
	Name string
	// Number is 1 to 65535.
	Number int
}

// ExtraPorts returns the named ports for the numbers of a group's extraPorts, in ascending order. Any number but 8443, 8080,
// 8081 and 8089 is an error, and so is one listed twice.
func ExtraPorts(key string, numbers []int) ([]Port, error) {
	sorted := slices.Sorted(slices.Values(numbers))
	if len(slices.Compact(slices.Clone(sorted))) != len(sorted) {
		return nil, fmt.Errorf("%s: %v lists a port twice; list each once", key, numbers)
	}
	var ports []Port
	for _, number := range sorted {
		i := slices.IndexFunc(extraPorts, func(p Port) bool { return p.Number == number })
		if i < 0 {
			return nil, fmt.Errorf("%s: %d is not an optional listener; use 8443, 8080, 8081 or 8089", key, number)
		}
		ports = append(ports, extraPorts[i])
	}
	return ports, nil
}

// GroupNamePattern is what a group's name looks like: Axway's images take letters, digits and underscores, and with dashes for
// underscores it must be a name for Kubernetes.
const GroupNamePattern = `^[a-z]([a-z0-9_]{0,28}[a-z0-9])?$`

var groupName = regexp.MustCompile(GroupNamePattern)

// CheckGroupName refuses a group name that Axway's images could not carry, or that gives no name for Kubernetes once its
// underscores are dashes.
func CheckGroupName(key, name string) error {
	if !groupName.MatchString(name) {
		return fmt.Errorf("%s: %q is not a group name; use 1 to 30 lower-case letters, digits and underscores, starting with a letter and not ending in an underscore", key, name)
	}
	return nil
}

// ObjectName names the objects of a component: `anm`, or `traffic-GROUP` with the group's name in the form DNS takes.
func ObjectName(c Component, group string) string {
	if group == "" {
		return string(c)
	}
	return string(c) + "-" + dnsName(group)
}

// dnsName writes a group's name the way object names and labels take it. Groups have no dashes of their own, so no two of them
// end up with one name.
func dnsName(group string) string { return strings.ReplaceAll(group, "_", "-") }

// Selector is what Services, budgets and spread rules find a component's pods by. A Deployment's selector can't be changed, so
// nothing a user may edit is in it.
func Selector(c Component, group string) map[string]string {
	selector := map[string]string{"app.kubernetes.io/name": string(c)}
	if group != "" {
		selector["app.kubernetes.io/instance"] = dnsName(group)
	}
	return selector
}

// Labels are the selector and what tools group objects by.
func Labels(c Component, group string) map[string]string {
	labels := Selector(c, group)
	labels["app.kubernetes.io/component"] = string(c)
	labels["app.kubernetes.io/part-of"] = "axway-api-management"
	return labels
}
