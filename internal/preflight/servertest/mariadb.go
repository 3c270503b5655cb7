package servertest

import (
	"bytes"
	"context"
	"database/sql"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"

	"apim-azure/tests/rehearsal/process"
)

// Required is the environment variable that makes a missing server a failure instead of a skipped test.
const Required = "REQUIRE_MARIADB"

// ServerName is the name in the server's certificate; it resolves to the address the server listens on.
const ServerName = "localhost"

// plainIO keeps the server from io_uring, whose memory the kernel limits per user: several servers at a time may run out of it.
const plainIO = "--innodb-use-native-aio=OFF"

// MariaDB is a running server that takes connections with TLS only: what Debian has for MySQL. It speaks MySQL's protocol and
// answers with MySQL's error numbers.
type MariaDB struct {
	// Port is the port it listens on, on the loopback address.
	Port string
	// CA is a PEM file with the authority of its certificate.
	CA string

	socket string
}

// StartMariaDB starts a server of the test's own, with a certificate for ServerName, which ends with the test. Without
// mariadb-server installed the test is skipped, or fails where the environment says that it must not be.
func StartMariaDB(t testing.TB) *MariaDB {
	t.Helper()
	program, err := exec.LookPath("mariadbd")
	if err != nil {
		// Where Debian puts it; only root's PATH leads there.
		program, err = exec.LookPath("/usr/sbin/mariadbd")
	}
	if err != nil {
		const advice = "mariadbd is not installed; `apt-get install --no-install-recommends mariadb-server` brings it"
		if os.Getenv(Required) != "" {
			t.Fatal(advice)
		}
		t.Skip(advice)
	}
	// Not t.TempDir: a socket's path has 107 characters at most.
	dir, err := os.MkdirTemp("", "mariadb")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	me, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}
	data := filepath.Join(dir, "data")
	install := exec.Command("mariadb-install-db", "--no-defaults", "--datadir="+data, "--user="+me.Username,
		"--auth-root-authentication-method=normal", "--skip-test-db", plainIO)
	if out, err := install.CombinedOutput(); err != nil {
		t.Fatalf("mariadb-install-db: %v\n%s", err, out)
	}
	authority := NewAuthority(t, "the database's CA")
	certificates := authority.Folder(authority.Leaf(time.Hour, ServerName))
	s := &MariaDB{Port: freePort(t), CA: filepath.Join(certificates, "ca.crt"), socket: filepath.Join(dir, "socket")}
	var log bytes.Buffer
	ctx, stop := context.WithCancel(context.Background())
	server := exec.CommandContext(ctx, program, "--no-defaults", "--user="+me.Username, "--datadir="+data, "--socket="+s.socket,
		"--bind-address=127.0.0.1", "--port="+s.Port, "--pid-file="+filepath.Join(dir, "pid"),
		"--ssl-cert="+filepath.Join(certificates, "tls.crt"), "--ssl-key="+filepath.Join(certificates, "tls.key"),
		"--require-secure-transport=ON", "--innodb-flush-log-at-trx-commit=0", "--skip-name-resolve", plainIO)
	server.Stdout, server.Stderr = &log, &log
	process.Own(server)
	// Its data is thrown away: it needn't be put in order first.
	server.Cancel = func() error { return server.Process.Kill() }
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = server.Wait()
	}()
	t.Cleanup(func() { stop(); <-ended })
	admin := s.Admin(t)
	for deadline := time.Now().Add(30 * time.Second); admin.Ping() != nil; time.Sleep(20 * time.Millisecond) {
		select {
		case <-ended:
			t.Fatalf("mariadbd ended:\n%s", &log)
		default:
		}
		if time.Now().After(deadline) {
			stop()
			<-ended
			t.Fatalf("mariadbd doesn't answer:\n%s", &log)
		}
	}
	return s
}

// Admin is a pool of administrator's connections, through the server's socket.
func (s *MariaDB) Admin(t testing.TB) *sql.DB {
	t.Helper()
	config := mysql.NewConfig()
	config.Net, config.Addr, config.User, config.Logger = "unix", s.socket, "root", &mysql.NopLogger{}
	connector, err := mysql.NewConnector(config)
	if err != nil {
		t.Fatal(err)
	}
	db := sql.OpenDB(connector)
	t.Cleanup(func() { db.Close() })
	return db
}

// Exec runs an administrator's statements.
func (s *MariaDB) Exec(t testing.TB, statements ...string) {
	t.Helper()
	admin := s.Admin(t)
	for _, statement := range statements {
		if _, err := admin.Exec(statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
}

// freePort is a port nobody listens on just now.
func freePort(t testing.TB) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	_, port, err := net.SplitHostPort(listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return port
}
