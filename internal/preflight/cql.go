package preflight

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"time"

	gocql "github.com/apache/cassandra-gocql-driver/v2"
)

// protocolVersion is the newest that Cassandra 2.2 speaks, and that releases up to 5 still do.
const protocolVersion = 4

// dialer opens a connection to one node, ready for CQL.
type dialer func(ctx context.Context, address string) (net.Conn, error)

// dialer returns how to reach the nodes; the error is about the files of the TLS folder.
func (c Cassandra) dialer() (dialer, error) {
	var plain net.Dialer
	if c.TLS == "" {
		return func(ctx context.Context, address string) (net.Conn, error) {
			return plain.DialContext(ctx, "tcp", address)
		}, nil
	}
	config, err := proving(c.Host, c.TLS)
	if err != nil {
		return nil, err
	}
	secure := tls.Dialer{NetDialer: &plain, Config: config}
	return func(ctx context.Context, address string) (net.Conn, error) {
		return secure.DialContext(ctx, "tcp", address)
	}, nil
}

// query logs in to one node and reads its system tables. The driver is kept from talking to any other: no discovery, no events,
// one address.
func (c Cassandra) query(ctx context.Context, address netip.Addr, dial dialer) node {
	watch := &watcher{ctx: ctx, dial: dial}
	// What is still open when the time is up is closed: the driver asks no context while it sets up a session.
	defer context.AfterFunc(ctx, watch.close)()
	session, err := gocql.NewSession(c.config(address, watch))
	if err != nil {
		return node{err: watch.cause(err)}
	}
	defer session.Close()
	n, err := read(ctx, session)
	n.err = watch.cause(err)
	return n
}

func (c Cassandra) config(address netip.Addr, watch *watcher) gocql.ClusterConfig {
	config := gocql.NewCluster(address.String())
	config.Port = c.Port
	config.ProtoVersion = protocolVersion
	config.Consistency = gocql.One
	config.NumConns = 1
	config.DisableInitialHostLookup = true
	config.ReconnectInterval = 0
	config.ReconnectionPolicy = &gocql.ConstantReconnectionPolicy{MaxRetries: 1}
	config.Events.DisableNodeStatusEvents, config.Events.DisableTopologyEvents, config.Events.DisableSchemaEvents = true, true, true
	// The context decides when it is enough.
	config.Timeout, config.ConnectTimeout = time.Hour, time.Hour
	// Another authenticator than the password one would get the password as well; the driver has to be told not to.
	config.Authenticator = gocql.PasswordAuthenticator{
		Username: c.User, Password: c.Password, AllowedAuthenticators: []string{"org.apache.cassandra.auth.PasswordAuthenticator"},
	}
	config.HostDialer, config.ConnectObserver = watch, watch
	config.Logger = gocql.NewLogger(gocql.LogLevelNone)
	return *config
}

// read asks a node about itself, the others and its keyspaces. Cassandra 3 moved the keyspaces to a table of another name.
func read(ctx context.Context, session *gocql.Session) (n node, err error) {
	if err := session.Query("SELECT release_version, cluster_name, schema_version FROM system.local WHERE key = 'local'").
		ScanContext(ctx, &n.release, &n.cluster, &n.schema); err != nil {
		return n, err
	}
	peers := session.Query("SELECT rpc_address FROM system.peers").IterContext(ctx)
	for peer := net.IP(nil); peers.Scan(&peer); peer = nil {
		if address, ok := netip.AddrFromSlice(peer); ok {
			n.peers = append(n.peers, address.Unmap())
		}
	}
	if err := peers.Close(); err != nil {
		return n, err
	}
	table := "system_schema.keyspaces"
	if major, _, _ := strings.Cut(n.release, "."); atMost(major, 2) {
		table = "system.schema_keyspaces"
	}
	keyspaces := session.Query("SELECT keyspace_name FROM " + table).IterContext(ctx)
	for name := ""; keyspaces.Scan(&name); {
		n.keyspaces = append(n.keyspaces, name)
	}
	return n, keyspaces.Close()
}

func atMost(number string, most int) bool {
	n, err := strconv.Atoi(number)
	return err == nil && n <= most
}

// watcher makes the driver's connections and keeps what went wrong with them: the session's own error is text only.
type watcher struct {
	ctx  context.Context
	dial dialer

	mu     sync.Mutex
	err    error
	conns  []net.Conn
	closed bool
}

// DialHost is the driver's way to ask for a connection.
func (w *watcher) DialHost(_ context.Context, host *gocql.HostInfo) (*gocql.DialedHost, error) {
	conn, err := w.dial(w.ctx, host.ConnectAddressAndPort())
	if err != nil {
		return nil, err
	}
	w.mu.Lock()
	w.conns = append(w.conns, conn)
	late := w.closed
	w.mu.Unlock()
	if late {
		w.close()
	}
	return &gocql.DialedHost{Conn: conn, DisableCoalesce: true}, nil
}

// ObserveConnect is told how each connection and its login went.
func (w *watcher) ObserveConnect(o gocql.ObservedConnect) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.err == nil {
		w.err = o.Err
	}
}

func (w *watcher) close() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.closed = true
	for _, conn := range w.conns {
		conn.Close()
	}
}

// cause is what lies behind an error of the driver; nil for nil.
func (w *watcher) cause(err error) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case err == nil:
		return nil
	case w.ctx.Err() != nil:
		return w.ctx.Err()
	case w.err != nil:
		return w.err
	default:
		return err
	}
}

// reason adds what to do about a refused login.
func (c Cassandra) reason(err error) string {
	var refused gocql.RequestError
	if errors.As(err, &refused) && refused.Code() == gocql.ErrCodeCredentials {
		return fmt.Sprintf("it refuses the login of %s: was the roles step run, and with the password of the secret?", c.User)
	}
	return reason(err)
}
