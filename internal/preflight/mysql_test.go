package preflight

import (
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"apim-azure/internal/preflight/schema"
	"apim-azure/internal/preflight/servertest"
)

func TestTheDatabaseIsWhereThePodsAddressSays(t *testing.T) {
	got, err := ParseJDBC("jdbc:mysql://apim.mysql.database.azure.com:3307/metrics?sslMode=VERIFY_IDENTITY")
	if want := (MySQL{Host: "apim.mysql.database.azure.com", Port: "3307", Database: "metrics"}); err != nil || got != want {
		t.Errorf("%+v, %v", got, err)
	}
	got, err = ParseJDBC("jdbc:mysql://db/metrics?connectTimeout=5&sslMode=VERIFY_IDENTITY")
	if want := (MySQL{Host: "db", Port: "3306", Database: "metrics"}); err != nil || got != want {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestAnAddressThatIsNotVerifiedIsRefused(t *testing.T) {
	for address, want := range map[string]string{
		"jdbc:mysql://db:3306/metrics":                                        `sslMode ""`,
		"jdbc:mysql://db:3306/metrics?sslMode=REQUIRED&password=hush":         `sslMode "REQUIRED"`,
		"jdbc:mysql://db:3306/metrics?useSSL=false":                           `sslMode ""`,
		"jdbc:mysql://db:3306?sslMode=VERIFY_IDENTITY":                        "names no database",
		"mysql://db:3306/metrics?sslMode=VERIFY_IDENTITY":                     "is not jdbc:mysql://",
		"jdbc:postgresql://db/metrics":                                        "is not jdbc:mysql://",
		"jdbc:mysql:///metrics?sslMode=VERIFY_IDENTITY":                       "is not jdbc:mysql://",
		"jdbc:mysql://root:hush@db:port/metrics?sslMode=VERIFY_IDENTITY":      "is not jdbc:mysql://",
		"jdbc:mysql://db:3306/metrics?user=report&password=hush%zz&sslMode=x": "sslMode",
	} {
		_, err := ParseJDBC(address)
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "hush") {
			t.Errorf("%s: %v, not %q", address, err, want)
		}
	}
}

func TestARealServerIsHeldToItsIdentityTheLoginAndTheSchema(t *testing.T) {
	server := servertest.StartMariaDB(t)
	server.Exec(t, "CREATE DATABASE metrics", "CREATE USER 'metrics_ui'@'%' IDENTIFIED BY 'open-sesame' REQUIRE SSL",
		"GRANT SELECT, INSERT, UPDATE, DELETE ON metrics.* TO 'metrics_ui'@'%'",
		"CREATE USER 'metrics_anm'@'%' IDENTIFIED BY 'open-sesame' REQUIRE SSL", "GRANT ALL ON metrics.* TO 'metrics_anm'@'%'")
	m := MySQL{Host: servertest.ServerName, Port: server.Port, Database: "metrics", User: "metrics_ui", Password: "open-sesame", CA: server.CA}
	with := func(change func(*MySQL)) MySQL {
		changed := m
		change(&changed)
		return changed
	}
	expect := func(name string, m MySQL, schema, found, missing string) {
		t.Helper()
		got, err := try(t, m.Check("mysql", schema))
		switch {
		case missing == "" && (err != nil || !strings.Contains(got, found)):
			t.Errorf("%s: found %q, %v", name, got, err)
		case missing != "" && (err == nil || !strings.Contains(err.Error(), missing)):
			t.Errorf("%s: %v, not %q", name, err, missing)
		case err != nil && strings.Contains(err.Error(), m.Password):
			t.Errorf("%s: the password is in %v", name, err)
		}
	}
	stranger := servertest.NewAuthority(t, "another CA")
	strangersCA := filepath.Join(stranger.Folder(stranger.Leaf(time.Hour)), "ca.crt")

	expect("well", m, "", "takes the login of metrics_ui", "")
	expect("another password", with(func(m *MySQL) { m.Password = "wrong-one" }), "", "", "localhost: it refuses the login of metrics_ui: was the users step run")
	expect("another database", with(func(m *MySQL) { m.Database = "reports" }), "", "", "there is no database reports, or metrics_ui may not use it")
	expect("another name", with(func(m *MySQL) { m.Host = "127.0.0.1" }), "", "", "its certificate is for localhost, not for 127.0.0.1")
	expect("another authority", with(func(m *MySQL) { m.CA = strangersCA }), "", "", `signed by "the database's CA", which is not trusted here`)
	expect("the system's authorities", with(func(m *MySQL) { m.CA = "" }), "", "", `signed by "the database's CA", which is not trusted here`)
	_, closed, _ := net.SplitHostPort(refusing(t))
	expect("nobody", with(func(m *MySQL) { m.Port = closed }), "", "", "localhost: connection refused")
	expect("no TLS", with(func(m *MySQL) { m.Port = clear(t) }), "", "", "localhost: it doesn't speak TLS")

	expect("no schema yet", m, AnySchema, "", "no schema has been applied to this database: did the schema job run?")
	applied := applySchema(t, with(func(m *MySQL) { m.User = "metrics_anm" }), "CREATE TABLE a (n INT);")
	expect("some schema", m, AnySchema, "schema "+applied[:12], "")
	expect("the schema", m, applied, "schema "+applied[:12], "")
	expect("another schema", m, strings.Repeat("0", 64), "", "has schema "+applied[:12]+", 000000000000 is needed")
	server.Exec(t, "UPDATE metrics.preflight_schema SET finished_at = NULL")
	expect("half a schema", m, AnySchema, "", "1.sql is applied up to statement 1 of 1")
}

// applySchema applies SQL as the schema job does, and returns its fingerprint.
func applySchema(t *testing.T, m MySQL, sql string) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "1.sql"), []byte(sql), 0o644); err != nil {
		t.Fatal(err)
	}
	files, err := schema.Read(dir)
	if err != nil {
		t.Fatal(err)
	}
	db, err := m.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := schema.Apply(t.Context(), db, files, schema.Options{Say: t.Logf}); err != nil {
		t.Fatal(err)
	}
	return schema.Fingerprint(files)
}

// clear is the port of a server whose greeting (protocol 10, version 5.0) offers no TLS.
func clear(t *testing.T) (port string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	greeting := "\x0a5.0\x00" + "\x01\x00\x00\x00" + "12345678\x00" + "\x01\x82" + "\x21" + "\x02\x00" + "\x08\x00" + "\x15" +
		strings.Repeat("\x00", 10) + "123456789012\x00" + "mysql_native_password\x00"
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				_, _ = conn.Write(append([]byte{byte(len(greeting)), 0, 0, 0}, greeting...))
				_, _ = io.Copy(io.Discard, conn)
			}()
		}
	}()
	_, port, err = net.SplitHostPort(listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return port
}
