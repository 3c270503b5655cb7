package preflight

import (
	"bytes"
	"crypto/tls"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
)

// cqlNode is a Cassandra node as far as its native protocol, version 4, shows it to a client that logs in and reads system
// tables (native_protocol_v4.spec in Cassandra's source): it takes the steps of the handshake in their order only, and answers
// from tables of its own.
type cqlNode struct {
	user, password string
	// tls is nil for a node that speaks in clear.
	tls *tls.Config
	// authenticator is the class the node asks for a login with; PasswordAuthenticator by default.
	authenticator string
	// release, cluster, schema, peers and keyspaces are the content of its tables.
	release, cluster, schema string
	peers                    []netip.Addr
	keyspaces                []string
	// silent nodes accept connections and say nothing.
	silent bool

	mu sync.Mutex
	// passwords are those it was sent.
	passwords []string
}

// Opcodes and results of the protocol.
const (
	opError         = 0x00
	opStartup       = 0x01
	opAuthenticate  = 0x03
	opOptions       = 0x05
	opSupported     = 0x06
	opQuery         = 0x07
	opResult        = 0x08
	opPrepare       = 0x09
	opExecute       = 0x0A
	opAuthResponse  = 0x0F
	opAuthSuccess   = 0x10
	resultRows      = 2
	resultPrepared  = 4
	errCredentials  = 0x0100
	errProtocol     = 0x000A
	errInvalid      = 0x2200
	typeUUID        = 0x0C
	typeVarchar     = 0x0D
	typeInet        = 0x10
	typeSet         = 0x22
	requestVersion  = 0x04
	responseVersion = 0x84
)

// serve listens on an address until the test ends, and returns the port.
func (n *cqlNode) serve(t *testing.T, address string) int {
	t.Helper()
	listener, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	port := listener.Addr().(*net.TCPAddr).Port
	if n.tls != nil {
		listener = tls.NewListener(listener, n.tls)
	}
	var conns sync.WaitGroup
	t.Cleanup(conns.Wait)
	t.Cleanup(func() { listener.Close() })
	conns.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			conns.Go(func() {
				defer conn.Close()
				if n.silent {
					_, _ = io.Copy(io.Discard, conn)
					return
				}
				_ = n.talk(conn)
			})
		}
	})
	return port
}

// talk answers frames until the connection ends.
func (n *cqlNode) talk(conn net.Conn) error {
	prepared := map[string]string{}
	started, trusted := false, false
	for {
		header := make([]byte, 9)
		if _, err := io.ReadFull(conn, header); err != nil {
			return err
		}
		if header[0] != requestVersion {
			// Whoever speaks another protocol, TLS for one, is told so at once: the rest of the frame means nothing.
			opcode, answer := failure(errProtocol, "Invalid or unsupported protocol version: %d", header[0])
			return reply(conn, []byte{0, 0}, opcode, answer)
		}
		body := make([]byte, binary.BigEndian.Uint32(header[5:]))
		if _, err := io.ReadFull(conn, body); err != nil {
			return err
		}
		opcode, answer := n.answer(header[4], body, &started, &trusted, prepared)
		if err := reply(conn, header[2:4], opcode, answer); err != nil {
			return err
		}
	}
}

// reply writes a frame on a request's stream.
func reply(conn net.Conn, stream []byte, opcode byte, answer []byte) error {
	frame := []byte{responseVersion, 0, stream[0], stream[1], opcode}
	frame = binary.BigEndian.AppendUint32(frame, uint32(len(answer)))
	_, err := conn.Write(append(frame, answer...))
	return err
}

func (n *cqlNode) answer(opcode byte, body []byte, started, trusted *bool, prepared map[string]string) (byte, []byte) {
	switch {
	case opcode == opOptions:
		return opSupported, multimap(map[string][]string{"CQL_VERSION": {"3.3.1"}, "COMPRESSION": {"snappy", "lz4"}})
	case opcode == opStartup && !*started:
		*started = true
		return opAuthenticate, text(n.class())
	case opcode == opAuthResponse && *started && !*trusted:
		// SASL PLAIN without an authorization identity: zero, user, zero, password.
		fields := bytes.Split(body[4:], []byte{0})
		if len(fields) != 3 {
			return failure(errProtocol, "malformed credentials")
		}
		n.mu.Lock()
		n.passwords = append(n.passwords, string(fields[2]))
		n.mu.Unlock()
		if string(fields[1]) != n.user || string(fields[2]) != n.password {
			return failure(errCredentials, "Username and/or password are incorrect")
		}
		*trusted = true
		return opAuthSuccess, binary.BigEndian.AppendUint32(nil, 0xFFFFFFFF)
	case !*trusted:
		return failure(errProtocol, "Unexpected message, expecting STARTUP or OPTIONS")
	case opcode == opQuery:
		return n.rows(string(body[4 : 4+binary.BigEndian.Uint32(body)]))
	case opcode == opPrepare:
		query := string(body[4:])
		columns, _, problem := n.table(query)
		if problem != "" {
			return failure(errInvalid, "%s", problem)
		}
		prepared[query] = query
		answer := binary.BigEndian.AppendUint32(nil, resultPrepared)
		answer = append(answer, text(query)...) // its ID
		// No variables to bind, so no parts of a partition key and no columns.
		answer = append(answer, make([]byte, 12)...)
		return opResult, append(answer, metadata(columns)...)
	case opcode == opExecute:
		return n.rows(prepared[string(body[2:2+binary.BigEndian.Uint16(body)])])
	default:
		return failure(errProtocol, "unexpected opcode %d", opcode)
	}
}

func (n *cqlNode) class() string {
	if n.authenticator != "" {
		return n.authenticator
	}
	return "org.apache.cassandra.auth.PasswordAuthenticator"
}

// column is a column of a table: its name and its type as the protocol writes it.
type column struct {
	name string
	kind []byte
}

var selection = regexp.MustCompile(`^SELECT (.+) FROM ([a-z_.]+)(?: WHERE key ?= ?'local')?$`)

// table is what a query asks for: its columns, and its rows with their values by name.
func (n *cqlNode) table(query string) (columns []column, rows []map[string][]byte, problem string) {
	parts := selection.FindStringSubmatch(query)
	if parts == nil {
		return nil, nil, "no such query here: " + query
	}
	varchar, id, inet := []byte{0, typeVarchar}, []byte{0, typeUUID}, []byte{0, typeInet}
	uuid := func(last byte) []byte { return append(make([]byte, 15), last) }
	keyspaces := "system.schema_keyspaces"
	if !strings.HasPrefix(n.release, "2.") {
		keyspaces = "system_schema.keyspaces"
	}
	switch parts[2] {
	case "system.local":
		columns = []column{{"key", varchar}, {"cluster_name", varchar}, {"data_center", varchar}, {"host_id", id}, {"rack", varchar},
			{"release_version", varchar}, {"schema_version", id}, {"tokens", []byte{0, typeSet, 0, typeVarchar}}}
		rows = []map[string][]byte{{"key": []byte("local"), "cluster_name": []byte(n.cluster), "data_center": []byte("westeurope"),
			"host_id": uuid(1), "rack": []byte("rack1"), "release_version": []byte(n.release), "schema_version": uuid(byte(len(n.schema))),
			"tokens": {0, 0, 0, 1, 0, 0, 0, 1, '7'}}}
	case "system.peers":
		columns = []column{{"peer", inet}, {"rpc_address", inet}}
		for _, peer := range n.peers {
			rows = append(rows, map[string][]byte{"peer": peer.AsSlice(), "rpc_address": peer.AsSlice()})
		}
		// A node that gossip has only just heard of has no address for clients yet.
		rows = append(rows, map[string][]byte{"peer": {10, 9, 9, 9}})
	case keyspaces:
		columns = []column{{"keyspace_name", varchar}}
		for _, name := range append([]string{"system", "system_auth"}, n.keyspaces...) {
			rows = append(rows, map[string][]byte{"keyspace_name": []byte(name)})
		}
	default:
		return nil, nil, "unconfigured table " + parts[2]
	}
	if parts[1] == "*" {
		return columns, rows, ""
	}
	var chosen []column
	for name := range strings.SplitSeq(parts[1], ", ") {
		i := slices.IndexFunc(columns, func(c column) bool { return c.name == name })
		if i < 0 {
			return nil, nil, "Undefined name " + name + " in selection clause"
		}
		chosen = append(chosen, columns[i])
	}
	return chosen, rows, ""
}

// rows is the answer to a query.
func (n *cqlNode) rows(query string) (byte, []byte) {
	columns, rows, problem := n.table(query)
	if problem != "" {
		return failure(errInvalid, "%s", problem)
	}
	answer := append(binary.BigEndian.AppendUint32(nil, resultRows), metadata(columns)...)
	answer = binary.BigEndian.AppendUint32(answer, uint32(len(rows)))
	for _, row := range rows {
		for _, c := range columns {
			value, set := row[c.name]
			if !set {
				answer = binary.BigEndian.AppendUint32(answer, 0xFFFFFFFF)
				continue
			}
			answer = append(binary.BigEndian.AppendUint32(answer, uint32(len(value))), value...)
		}
	}
	return opResult, answer
}

// metadata describes columns, with one table for all of them (flag 1).
func metadata(columns []column) []byte {
	b := binary.BigEndian.AppendUint32(nil, 1)
	b = binary.BigEndian.AppendUint32(b, uint32(len(columns)))
	b = append(b, text("system")...)
	b = append(b, text("table")...)
	for _, c := range columns {
		b = append(append(b, text(c.name)...), c.kind...)
	}
	return b
}

func failure(code uint32, format string, args ...any) (byte, []byte) {
	return opError, append(binary.BigEndian.AppendUint32(nil, code), text(fmt.Sprintf(format, args...))...)
}

// text is the protocol's string: two bytes of length before it.
func text(s string) []byte { return append(binary.BigEndian.AppendUint16(nil, uint16(len(s))), s...) }

func multimap(m map[string][]string) []byte {
	b := binary.BigEndian.AppendUint16(nil, uint16(len(m)))
	for key, values := range m {
		b = binary.BigEndian.AppendUint16(append(b, text(key)...), uint16(len(values)))
		for _, value := range values {
			b = append(b, text(value)...)
		}
	}
	return b
}
