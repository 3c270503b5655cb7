package preflight

import (
	"context"
	"crypto/tls"
	"net"
	"net/netip"
	"os"
	"strings"
	"testing"
	"time"

	"apim-azure/internal/preflight/servertest"
)

// ring is three nodes on loopback addresses of one port, and the check of a pod that uses them. A test changes both before start.
type ring struct {
	check Cassandra
	nodes []*cqlNode
	// away are the nodes that aren't started, by number.
	away map[int]bool
}

var loopback = []netip.Addr{netip.MustParseAddr("127.0.0.1"), netip.MustParseAddr("127.0.0.2"), netip.MustParseAddr("127.0.0.3")}

const clusterName = "cassandra.apim.internal"

// newRing is a ring that is well, with mutual TLS.
func newRing(t *testing.T) *ring {
	t.Helper()
	authority := servertest.NewAuthority(t, "Cassandra's CA")
	r := &ring{away: map[int]bool{}, check: Cassandra{
		Host: clusterName, Nodes: 3, Least: 3, Keyspaces: []string{"prod_apis", "t_prod_apis"}, User: "apim", Password: "open-sesame",
		TLS: authority.Folder(authority.Leaf(time.Hour)),
		// DNS changes the order all the time.
		Resolve: func(_ context.Context, host string) ([]netip.Addr, error) {
			if host != clusterName {
				return nil, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
			}
			return []netip.Addr{loopback[2], loopback[0], loopback[1]}, nil
		},
	}}
	for i := range loopback {
		node := &cqlNode{
			user: "apim", password: "open-sesame", release: "2.2.12", cluster: "apim-prod", schema: "a",
			keyspaces: []string{"prod_apis", "t_prod_apis"},
			tls: &tls.Config{
				Certificates: []tls.Certificate{authority.Leaf(time.Hour, clusterName)},
				ClientCAs:    authority.Pool(), ClientAuth: tls.RequireAndVerifyClientCert,
			},
		}
		for j, peer := range loopback {
			if j != i {
				node.peers = append(node.peers, peer)
			}
		}
		r.nodes = append(r.nodes, node)
	}
	return r
}

// try starts the nodes and checks them once.
func (r *ring) try(t *testing.T) (string, error) {
	t.Helper()
	port := netip.MustParseAddrPort(refusing(t)).Port()
	r.check.Port = int(port)
	for i, node := range r.nodes {
		if !r.away[i] {
			node.serve(t, netip.AddrPortFrom(loopback[i], port).String())
		}
	}
	return try(t, r.check.Check("cassandra"))
}

func TestACassandraClusterIsHeldToNodesLoginAndKeyspaces(t *testing.T) {
	const well = "3 of 3 nodes answer; Cassandra 2.2.12 with keyspaces prod_apis, t_prod_apis"
	stranger := servertest.NewAuthority(t, "another CA")
	all := func(change func(*cqlNode)) func(*ring) {
		return func(r *ring) {
			for _, n := range r.nodes {
				change(n)
			}
		}
	}
	for _, c := range []struct {
		name   string
		change func(*ring)
		// found and missing are all that is said; one of them is empty.
		found, missing string
	}{
		{"well", func(*ring) {}, well, ""},
		{"in clear", func(r *ring) {
			r.check.TLS = ""
			all(func(n *cqlNode) { n.tls = nil })(r)
		}, well, ""},
		{"a later release", all(func(n *cqlNode) { n.release = "3.11.11" }), strings.Replace(well, "2.2.12", "3.11.11", 1), ""},
		{"an upgrade under way", func(r *ring) { r.nodes[0].release = "2.2.19" }, strings.Replace(well, "2.2.12", "2.2.12 and 2.2.19", 1), ""},
		{"one node away", func(r *ring) { r.away[2] = true }, "", "2 of 3 nodes answer; 127.0.0.3: connection refused"},
		{"one node away, and two enough", func(r *ring) { r.away[2], r.check.Least = true, 2 },
			"2 of 3 nodes answer; 127.0.0.3: connection refused; Cassandra 2.2.12 with keyspaces prod_apis, t_prod_apis", ""},
		{"all away", func(r *ring) { r.away = map[int]bool{0: true, 1: true, 2: true} }, "",
			"0 of 3 nodes answer; 127.0.0.1, 127.0.0.2, 127.0.0.3: connection refused"},
		{"one address short", func(r *ring) {
			r.check.Resolve = func(context.Context, string) ([]netip.Addr, error) { return loopback[:2], nil }
		}, "", clusterName + " has 2 addresses, 3 nodes are expected: is its DNS record complete?; 2 of 3 nodes answer"},
		{"no such name", func(r *ring) { r.check.Host = "cassandra.invalid" }, "", "cassandra.invalid is not known in DNS"},
		{"another password", func(r *ring) { r.check.Password = "wrong-one" }, "", "0 of 3 nodes answer; 127.0.0.1, 127.0.0.2, 127.0.0.3: " +
			"it refuses the login of apim: was the roles step run, and with the password of the secret?"},
		{"one keyspace missing", all(func(n *cqlNode) { n.keyspaces = n.keyspaces[:1] }), "",
			"keyspace t_prod_apis is missing: was the group's keyspace step run?"},
		{"a keyspace in other letters", all(func(n *cqlNode) { n.keyspaces = []string{"Prod_APIs", "t_prod_apis"} }), "",
			"keyspace prod_apis is missing: was the group's keyspace step run?"},
		{"a node without the keyspaces", func(r *ring) { r.nodes[1].keyspaces, r.nodes[1].schema = nil, "aa" }, "",
			"the nodes disagree on the schema: if that stays, see `nodetool describecluster`; " +
				"keyspace prod_apis is missing on 127.0.0.2; keyspace t_prod_apis is missing on 127.0.0.2"},
		{"a cluster in two", func(r *ring) {
			r.nodes[2].peers, r.nodes[0].peers, r.nodes[1].peers = nil, loopback[1:2], loopback[0:1]
		}, "",
			"127.0.0.1 doesn't know 127.0.0.3: see `nodetool status` on both; 127.0.0.2 doesn't know 127.0.0.3: see `nodetool status` on both; " +
				"127.0.0.3 doesn't know 127.0.0.1, 127.0.0.2: see `nodetool status` on both"},
		{"another cluster's node", func(r *ring) { r.nodes[2].cluster = "apim-dev" }, "", "the nodes are of different clusters: apim-dev, apim-prod"},
		{"a node that isn't who the name says", func(r *ring) {
			r.nodes[0].tls.Certificates = []tls.Certificate{stranger.Leaf(time.Hour, clusterName)}
		}, "", "2 of 3 nodes answer; 127.0.0.1: its certificate is signed by \"another CA\", which is not trusted here: is this the right CA?"},
		{"a client certificate of another authority", func(r *ring) {
			own := r.check.TLS
			r.check.TLS = stranger.Folder(stranger.Leaf(time.Hour))
			copyFile(t, own+"/ca.crt", r.check.TLS+"/ca.crt")
		}, "", "0 of 3 nodes answer; 127.0.0.1, 127.0.0.2, 127.0.0.3: it turns our certificate down (tls: unknown certificate authority): " +
			"is it signed by the CA the server trusts, and not expired?"},
		{"nodes that don't speak TLS yet", all(func(n *cqlNode) { n.tls = nil }), "",
			"0 of 3 nodes answer; 127.0.0.1, 127.0.0.2, 127.0.0.3: it doesn't speak TLS"},
		{"no client certificate", func(r *ring) { r.check.TLS = "/nowhere" }, "", "open /nowhere/ca.crt: no such file or directory"},
	} {
		r := newRing(t)
		c.change(r)
		found, err := r.try(t)
		if found != c.found || (err == nil) != (c.missing == "") || err != nil && err.Error() != c.missing {
			t.Errorf("%s:\nfound %q, %v\n want %q, %s", c.name, found, err, c.found, c.missing)
		}
	}
}

func TestANodeThatHangsTakesOneTryAndHoldsUpNoOther(t *testing.T) {
	r := newRing(t)
	r.nodes[1].silent = true
	port := netip.MustParseAddrPort(refusing(t)).Port()
	r.check.Port = int(port)
	for i, node := range r.nodes {
		node.serve(t, netip.AddrPortFrom(loopback[i], port).String())
	}
	start := time.Now()
	outcome := round(t.Context(), []Check{r.check.Check("cassandra")}, 2*time.Second)[0]
	if want := "2 of 3 nodes answer; 127.0.0.2: no answer in time"; outcome.text != want {
		t.Errorf("%q, not %q", outcome.text, want)
	}
	if passed := time.Since(start); passed > 10*time.Second {
		t.Errorf("it took %s", passed)
	}
}

func TestThePasswordGoesToNobodyButAPasswordAuthenticator(t *testing.T) {
	r := newRing(t)
	for _, n := range r.nodes {
		n.authenticator = "org.example.Collector"
	}
	if found, err := r.try(t); err == nil || !strings.Contains(err.Error(), `unexpected authenticator "org.example.Collector"`) {
		t.Errorf("%q, %v", found, err)
	}
	for _, n := range r.nodes {
		if len(n.passwords) > 0 {
			t.Errorf("it was sent %q", n.passwords)
		}
	}
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	content, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(to, content, 0o600); err != nil {
		t.Fatal(err)
	}
}
