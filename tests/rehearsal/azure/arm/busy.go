package arm

import (
	"fmt"
	"slices"
	"strings"
)

// Occupies is another resource a request occupies while it runs.
type Occupies struct {
	Levels   int    // how many path segments above the resource's own ID it is (2 is the parent)
	Property string // or the end of a property's path that holds its ID
	// Shared lets requests that share it run side by side, but not next to one that has it to itself.
	Shared bool
}

// busy is what Azure says, by the type of the resource that is busy.
type busy struct {
	code, text, source string
	provenance         Provenance
	confirm            string
}

const confirmBusy = "create two of them at once by hand and read the error; the update's log shows it where the program does so by itself"

var busyTypes = map[string]busy{
	typeNetwork: {"AnotherOperationInProgress", "one change of a virtual network or its subnets at a time",
		"azure-native issues 699 and 1024", Observed, ""},
	typeSubnet: {"RetryableError", "one private endpoint at a time is set up in a subnet",
		"azurerm issues 16182 and 21293, and its lock on the subnet; by its issue 26005 Azure has allowed several since", Assumed,
		confirmBusy},
	typeCluster: {"OperationNotAllowed", "a cluster and its pools don't change at once; pools may side by side",
		"AKS issues; azure-native issues 579 and 2943", Observed, ""},
	typeMySQL: {"ServerBusy", "one configuration, database, firewall rule or private endpoint of a database server at a time",
		"learn: mysql/flexible-server/how-to-troubleshoot-common-errors; azurerm issue 28298 for PostgreSQL", Observed, ""},
	typeIdentity: {"ConcurrentFederatedIdentityCredentialsWritesForSingleManagedIdentity",
		"one federated credential of an identity at a time",
		"learn: entra/workload-id/workload-identity-federation-considerations", Documented, ""},
	typeAccount: {"StorageAccountOperationInProgress", "one write to a storage account, or private endpoint to it, at a time",
		"learn: storage/common/storage-resource-provider-error-codes; terraform issues", Observed, ""},
	typeVM: {"OperationNotAllowed", "no extension or run command starts while the machine itself changes",
		"Compute's answer while a machine is being updated", Assumed, confirmBusy},
	typeRegistry: {"AnotherOperationInProgress", "one replication of a registry, or private endpoint to it, at a time",
		"azurerm creates them one after the other", Assumed, confirmBusy},
	"": {"AnotherOperationInProgress", "one change of a resource at a time; a gateway is one resource, whoever writes to it",
		"ARM common errors", Observed, ""},
}

// answerOf is what Azure says when the resource with an ID is busy.
func answerOf(id string) busy {
	for armType, answer := range busyTypes {
		if armType != "" && strings.EqualFold(armType, typeOf(id)) {
			return answer
		}
	}
	return busyTypes[""]
}

// lock is a resource a request occupies. Two locks on one resource collide unless both are shared.
type lock struct {
	id     string // a key
	shared bool
}

// operation is a request under way, with its locks; the first is its own resource's.
type operation struct{ locks []lock }

func (o operation) holds(id string, exclusively bool) bool {
	return slices.ContainsFunc(o.locks, func(l lock) bool { return l.id == id && (!exclusively || !l.shared) })
}

// locks are what a request occupies: its own resource, and what its type says besides.
func (c *Call) locks() []lock {
	locks := []lock{{id: key(c.ID)}}
	for _, o := range c.Type.Occupies {
		if o.Property == "" {
			parts := strings.Split(key(c.ID), "/")
			locks = append(locks, lock{strings.Join(parts[:len(parts)-o.Levels], "/"), o.Shared})
			continue
		}
		walk(c.Inputs, "", func(path, id string) {
			if path == o.Property || strings.HasSuffix(path, "."+o.Property) {
				locks = append(locks, lock{key(id), o.Shared})
			}
		})
	}
	return locks
}

// occupy refuses a request that runs into another one, and otherwise notes it.
func (s *Store) occupy(c *Call) error {
	locks := c.locks()
	for _, other := range s.inFlight {
		for _, l := range locks {
			if other.holds(l.id, l.shared) {
				code := answerOf(l.id).code
				return &Error{busyStatus(code), code, fmt.Sprintf(
					"Another operation on this or a dependent resource is in progress: %s waits for %s.", c.ID, other.locks[0].id)}
			}
		}
		if used := c.unsettled(other); used != "" {
			// No rule of one request, so it stands with the behaviours.
			return &Error{busyStatus("RetryableError"), "RetryableError", fmt.Sprintf("A retryable error occurred. "+
				"ReferencedResourceNotProvisioned: Cannot proceed with operation because resource %s used by resource %s is not in "+
				"Succeeded state. Resource is in Updating state.", used, c.ID)}
		}
	}
	s.inFlight = append(s.inFlight, operation{locks})
	return nil
}

// busyStatus is the HTTP status that goes with a code: azurerm issue 21293 has the 429.
func busyStatus(code string) int {
	if code == "RetryableError" {
		return 429
	}
	return 409
}

// unsettled returns the network resource a request for another network resource refers to while that changes: a subnet changes with
// its network and with every other subnet of it.
func (c *Call) unsettled(other operation) (used string) {
	if !isNetwork(c.Type.ARM) {
		return ""
	}
	c.references(func(_, id string) {
		r := c.Store.covering(id)
		if r == nil || !isNetwork(r.Type) {
			return
		}
		changes := r.ID
		if r.Type == typeSubnet {
			changes = c.Store.parentID(r.ID)
		}
		if within(other.locks[0].id, changes) && !within(c.ID, changes) {
			used = r.ID
		}
	})
	return used
}

func isNetwork(armType string) bool {
	return slices.Contains([]string{typeNetwork, typeSubnet, typeNSG, typePublicIP, typeNAT, typeNIC, typeEndpoint, typeGateway}, armType)
}

func (s *Store) release(id string) {
	s.inFlight = slices.DeleteFunc(s.inFlight, func(o operation) bool { return o.locks[0].id == key(id) })
}
