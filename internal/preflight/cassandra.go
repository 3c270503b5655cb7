package preflight

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
)

// Cassandra is a cluster found behind one name in DNS.
type Cassandra struct {
	// Host is that name. With TLS the nodes' certificates have to be for it.
	Host string
	// Port is the native protocol's.
	Port int
	// Nodes is how many addresses the name has to have, Least how many of the nodes have to answer, 1 to Nodes.
	Nodes, Least int
	// Keyspaces have to exist, in this spelling.
	Keyspaces []string
	// User and Password are the login.
	User, Password string
	// TLS is a folder with ca.crt, tls.crt and tls.key: the authority the nodes' certificates come from, and the certificate to
	// show them. Empty: the nodes are spoken to in clear.
	TLS string
	// Resolve looks up addresses; nil: the system's resolver.
	Resolve func(ctx context.Context, host string) ([]netip.Addr, error)
}

// node is what one node says about itself and the others.
type node struct {
	address netip.Addr
	// err says why it could not be asked.
	err error
	// release is Cassandra's version, cluster the cluster's name, schema the version of all tables' definitions.
	release, cluster, schema string
	// peers are the other nodes it knows, whether or not they are up: Cassandra has no table of that before 4.0.
	peers []netip.Addr
	// keyspaces are all there are.
	keyspaces []string
}

// Check succeeds if enough nodes take the login and belong together - one cluster, one schema, each knows the others - and have
// the keyspaces. Every node is asked by itself: a driver would be content with one that answers for all.
func (c Cassandra) Check(name string) Check {
	return Check{name, func(ctx context.Context) (string, error) {
		resolve := c.Resolve
		if resolve == nil {
			resolve = func(ctx context.Context, host string) ([]netip.Addr, error) {
				return net.DefaultResolver.LookupNetIP(ctx, "ip4", host)
			}
		}
		addresses, err := resolve(ctx, c.Host)
		if err != nil {
			return "", err
		}
		dial, err := c.dialer()
		if err != nil {
			return "", err
		}
		return c.judge(c.ask(ctx, addresses, dial))
	}}
}

// ask asks all nodes at the same time. The order of the answers is that of the addresses, which DNS changes all the time.
func (c Cassandra) ask(ctx context.Context, addresses []netip.Addr, dial dialer) []node {
	nodes := make([]node, len(addresses))
	var asked sync.WaitGroup
	for i, address := range slices.SortedFunc(slices.Values(addresses), netip.Addr.Compare) {
		asked.Go(func() {
			nodes[i] = c.query(ctx, address.Unmap(), dial)
			nodes[i].address = address.Unmap()
		})
	}
	asked.Wait()
	return nodes
}

// judge decides what the nodes' answers are worth.
func (c Cassandra) judge(nodes []node) (string, error) {
	var problems []string
	refuse := func(format string, args ...any) { problems = append(problems, fmt.Sprintf(format, args...)) }
	if len(nodes) != c.Nodes {
		refuse("%s has %d addresses, %d nodes are expected: is its DNS record complete?", c.Host, len(nodes), c.Nodes)
	}
	answering := slices.DeleteFunc(slices.Clone(nodes), func(n node) bool { return n.err != nil })
	summary := c.summary(nodes, len(answering))
	if len(answering) < c.Least {
		refuse("%s", summary)
	}
	if clusters := distinct(answering, func(n node) string { return n.cluster }); len(clusters) > 1 {
		refuse("the nodes are of different clusters: %s", strings.Join(clusters, ", "))
	} else if schemas := distinct(answering, func(n node) string { return n.schema }); len(schemas) > 1 {
		refuse("the nodes disagree on the schema: if that stays, see `nodetool describecluster`")
	}
	for _, n := range answering {
		if unknown := strangers(n, answering); len(unknown) > 0 {
			refuse("%s doesn't know %s: see `nodetool status` on both", n.address, strings.Join(unknown, ", "))
		}
	}
	for _, keyspace := range c.Keyspaces {
		lacking := slices.DeleteFunc(slices.Clone(answering), func(n node) bool { return slices.Contains(n.keyspaces, keyspace) })
		switch {
		case len(lacking) == 0:
		case len(lacking) == len(answering):
			refuse("keyspace %s is missing: was the group's keyspace step run?", keyspace)
		default:
			refuse("keyspace %s is missing on %s", keyspace, strings.Join(distinct(lacking, address), ", "))
		}
	}
	if len(problems) > 0 {
		return "", errors.New(strings.Join(problems, "; "))
	}
	return fmt.Sprintf("%s; Cassandra %s with keyspaces %s", summary,
		strings.Join(distinct(answering, func(n node) string { return n.release }), " and "), strings.Join(c.Keyspaces, ", ")), nil
}

// summary is how many nodes answer and why the others don't. Nodes with the same trouble share a mention.
func (c Cassandra) summary(nodes []node, answering int) string {
	text := fmt.Sprintf("%d of %d nodes answer", answering, c.Nodes)
	silent := map[string][]string{}
	for _, n := range nodes {
		if n.err != nil {
			why := c.reason(n.err)
			silent[why] = append(silent[why], n.address.String())
		}
	}
	for _, why := range slices.Sorted(maps.Keys(silent)) {
		text += fmt.Sprintf("; %s: %s", strings.Join(silent[why], ", "), why)
	}
	return text
}

// strangers are the nodes, of those that answer, that n has not heard of.
func strangers(n node, answering []node) (unknown []string) {
	for _, other := range answering {
		if other.address != n.address && !slices.Contains(n.peers, other.address) {
			unknown = append(unknown, other.address.String())
		}
	}
	return unknown
}

func address(n node) string { return n.address.String() }

// distinct are the different values of a property, sorted.
func distinct(nodes []node, of func(node) string) []string {
	var values []string
	for _, n := range nodes {
		values = append(values, of(n))
	}
	slices.Sort(values)
	return slices.Compact(values)
}
