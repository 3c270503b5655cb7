package cassandra

import (
	"fmt"
	"net/netip"
	"strconv"

	"apim-azure/config/naming"
	"apim-azure/network/plan"
)

// NodeCount is the number of nodes: one per availability zone, the fewest the reference architecture allows.
const NodeCount = 3

// seedCount is the number of nodes others learn the cluster from. Two, so that one may be down while another restarts, and not
// three, because a seed never streams data when it joins.
const seedCount = 2

// firstAddress is where the nodes' static addresses start in the data subnet, counted from its network address. The four
// addresses Azure takes at the start, and six for private endpoints, come before it.
const firstAddress = 10

// recordName is the relative name of the one DNS record that lists all nodes.
const recordName = "cassandra"

// Node is one Cassandra machine.
type Node struct {
	// Index is the node's position, 1 to 3. Nodes are configured in this order.
	Index int
	// Name is the machine's physical name and its host name.
	Name string
	// Address is the machine's static address in the data subnet.
	Address netip.Addr
	// Zone is the machine's availability zone; empty in regions without zones.
	Zone string
	// Rack is what Cassandra calls the place a node fails with. It can't change once the node holds data.
	Rack string
	// Seed says whether other nodes learn the cluster from this one.
	Seed bool
}

// RecordName is the relative name of the DNS record that lists all nodes.
func RecordName() string { return recordName }

// HostName is the one name clients connect to; the product takes a single host for the whole cluster.
func HostName(zone string) string { return recordName + "." + zone }

// Plan lays out the nodes: one per zone, or, in regions without zones, one per fault domain of an availability set. It fails
// when there are neither three zones nor none, and when the data subnet doesn't hold the three addresses.
func Plan(names naming.Names, subnet netip.Prefix, zones []string) ([]Node, error) {
	if len(zones) != 0 && len(zones) < NodeCount {
		return nil, fmt.Errorf("cassandra: %d availability zones, %d needed to hold a node each; pass none to use an availability set",
			len(zones), NodeCount)
	}
	nodes := make([]Node, NodeCount)
	for i := range nodes {
		index := i + 1
		node := Node{
			Index:   index,
			Name:    names.Of("cassandra-" + strconv.Itoa(index)),
			Address: plan.Nth(subnet, firstAddress+i),
			Rack:    "rack-" + strconv.Itoa(index),
			Seed:    i < seedCount,
		}
		if len(zones) > 0 {
			node.Zone = zones[i]
			node.Rack = "zone-" + zones[i]
		}
		// The last address of a subnet is its broadcast address, which Azure keeps.
		if !node.Address.IsValid() || node.Address == plan.FromEnd(subnet, 0) {
			return nil, fmt.Errorf("network.subnets.data: %s holds no address %d for Cassandra node %d; use /28 or larger",
				subnet, firstAddress+i, index)
		}
		nodes[i] = node
	}
	return nodes, nil
}
