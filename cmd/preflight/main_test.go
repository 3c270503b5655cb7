package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"apim-azure/internal/preflight/servertest"
)

// runWith runs the command in an environment and returns its exit code and what it wrote.
func runWith(t *testing.T, env map[string]string, args ...string) (int, string) {
	t.Helper()
	var output bytes.Buffer
	code := run(t.Context(), args, func(name string) string { return env[name] }, &output)
	return code, output.String()
}

// gateway is the environment of a gateway's pod.
func gateway() map[string]string {
	return map[string]string{
		"CASS_HOST": "cassandra.apim.internal", "CASS_PORT": "9042", "CASS_KEYSPACE": "prod_apis", "CASS_TKEYSPACE": "t_prod_apis",
		"CASS_USERNAME": "apim", "CASS_PASS": "open-sesame",
		"METRICS_DB_URL":      "jdbc:mysql://db.example.com:3306/metrics?sslMode=VERIFY_IDENTITY",
		"METRICS_DB_USERNAME": "metrics_gateway", "METRICS_DB_PASS": "open-barley",
		"EMT_ANM_HOSTS": "anm:8090",
	}
}

func TestAPodsOwnEnvironmentIsEnough(t *testing.T) {
	o, err := parse([]string{
		"wait", "--cassandra-certs=/certs", "--manager=https://api-manager:8075/healthcheck", "--deadline=20m", "cassandra", "mysql", "anm", "manager",
	}, func(name string) string { return gateway()[name] })
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, c := range o.checks {
		names = append(names, c.Name)
	}
	if got := strings.Join(names, " "); got != "cassandra mysql anm manager" {
		t.Errorf("checks %s", got)
	}
	if o.limits.Deadline != 20*time.Minute || o.limits.Try != 10*time.Second {
		t.Errorf("%+v", o.limits)
	}
	if got := o.redact.Replace("open-sesame, open-barley"); got != "***, ***" {
		t.Errorf("printed as %s", got)
	}
}

func TestAllThatIsWrongIsSaidAtOnceAndNothingIsWaitedFor(t *testing.T) {
	for _, c := range []struct {
		args   string
		change map[string]string
		want   []string
	}{
		{"", nil, []string{"the first argument is wait, schema or help"}},
		{"look", nil, []string{"the first argument is wait, schema or help"}},
		{"wait", nil, []string{"wait: for what?"}},
		{"wait --dead=1s mysql", nil, []string{"flag provided but not defined: -dead"}},
		{"wait redis", nil, []string{`"redis" is no check`}},
		{"wait mysql mysql", nil, []string{"mysql is named twice"}},
		{"wait --timeout=0s --deadline=-1s mysql", nil, []string{"--deadline and --pause can't be negative"}},
		{"wait --schema=latest mysql", nil, []string{"--schema=latest is neither any nor a fingerprint"}},
		{"wait manager", nil, []string{`--manager: "" is not https://HOST:PORT/PATH`}},
		{"wait --anm=http://anm:8090/login anm", nil, []string{`--anm: "http://anm:8090/login" is not https://`}},
		{"wait anm", map[string]string{"EMT_ANM_HOSTS": ""}, []string{"EMT_ANM_HOSTS is not set"}},
		{"wait cassandra", nil, []string{"--cassandra-certs is missing; if the nodes don't speak TLS, say --cassandra-tls=false"}},
		{"wait --cassandra-tls=false --cassandra-least=4 cassandra", nil, []string{"--cassandra-least=4 is not between 1 and --cassandra-nodes=3"}},
		{"wait --cassandra-tls=false cassandra mysql", map[string]string{
			"CASS_HOST": "", "CASS_PASS": "", "CASS_PORT": "cql", "METRICS_DB_URL": "jdbc:mysql://db/metrics", "METRICS_DB_USERNAME": "",
			"METRICS_DB_PASS": "", "METRICS_DB_PASS_FILE": "/nowhere/password",
		}, []string{
			"CASS_HOST is not set", "neither CASS_PASS nor CASS_PASS_FILE gives a password", `CASS_PORT: "cql" is not a port`,
			`METRICS_DB_URL has sslMode ""`, "METRICS_DB_USERNAME is not set", "METRICS_DB_PASS_FILE: open /nowhere/password",
		}},
		{"schema", nil, []string{"schema takes one folder"}},
	} {
		env := gateway()
		for name, value := range c.change {
			env[name] = value
		}
		code, output := runWith(t, env, strings.Fields(c.args)...)
		for _, want := range c.want {
			if code != misasked || !strings.Contains(output, want) {
				t.Errorf("preflight %s: %d, without %q:\n%s", c.args, code, want, output)
			}
		}
	}
}

func TestHelpNamesEveryFlagAndVariable(t *testing.T) {
	code, output := runWith(t, nil, "help")
	for _, word := range []string{"-cassandra-least", "-again", "-manager-ca", "METRICS_DB_PASS_FILE", "EMT_ANM_HOSTS"} {
		if code != 0 || !strings.Contains(output, word) {
			t.Errorf("%d, without %s:\n%s", code, word, output)
		}
	}
}

// TestTheSchemaJobAndAPodThatWaitsForIt runs both commands as the cluster does, against a real database server and an HTTPS one.
func TestTheSchemaJobAndAPodThatWaitsForIt(t *testing.T) {
	server := servertest.StartMariaDB(t)
	server.Exec(t, "CREATE DATABASE metrics",
		"CREATE USER 'metrics_anm'@'%' IDENTIFIED BY 'open-barley' REQUIRE SSL", "GRANT ALL ON metrics.* TO 'metrics_anm'@'%'")
	authority := servertest.NewAuthority(t, "the platform's CA")
	leaf := authority.Leaf(time.Hour, "anm.example.com")
	anm := httptest.NewUnstartedServer(http.NewServeMux())
	anm.TLS = &tls.Config{Certificates: []tls.Certificate{leaf}}
	anm.StartTLS()
	defer anm.Close()
	folder, password := t.TempDir(), filepath.Join(t.TempDir(), "password")
	write(t, password, "open-barley\n")
	write(t, filepath.Join(folder, "metrics.sql"), "CREATE TABLE a (n INT);\nINSERT INTO a VALUES (1);\n")
	env := map[string]string{
		"METRICS_DB_URL":      "jdbc:mysql://" + servertest.ServerName + ":" + server.Port + "/metrics?sslMode=VERIFY_IDENTITY",
		"METRICS_DB_USERNAME": "metrics_anm", "METRICS_DB_PASS_FILE": password,
		"EMT_ANM_HOSTS": anm.Listener.Addr().String(),
	}
	waiting := []string{"wait", "--deadline=0s", "--mysql-ca=" + server.CA, "--schema=any", "--anm-name=anm.example.com",
		"--anm-ca=" + filepath.Join(authority.Folder(leaf), "ca.crt"), "mysql", "anm"}

	code, output := runWith(t, env, waiting...)
	want := "preflight: gave up after 0s; missing:\n  mysql: database metrics: no schema has been applied to this database: did the schema job run?\n" +
		"  anm: https://" + env["EMT_ANM_HOSTS"] + "/login answers 404 Not Found\n"
	if code != failed || !strings.HasSuffix(output, want) {
		t.Errorf("%d:\n%s", code, output)
	}

	job := []string{"schema", "--mysql-ca=" + server.CA, folder}
	for _, want := range []string{"metrics.sql: 2 statements applied\n", "1 files, 0 of them new"} {
		if code, output := runWith(t, env, job...); code != 0 || !strings.Contains(output, want) {
			t.Errorf("%d, without %q:\n%s", code, want, output)
		}
	}
	anm.Config.Handler.(*http.ServeMux).HandleFunc("/login", func(http.ResponseWriter, *http.Request) {})
	code, output = runWith(t, env, waiting...)
	if ready := regexp.MustCompile(`^mysql: ready: .*\nanm: ready: .*\n$`); code != 0 || !ready.MatchString(output) {
		t.Errorf("%d:\n%s", code, output)
	}

	// The server repeats what it doesn't understand.
	write(t, filepath.Join(folder, "users.sql"), "CREATE USER a IDENTIFIED BY WITH 'open-barley';")
	code, output = runWith(t, env, job...)
	if code != failed || !strings.Contains(output, "users.sql, line 1, statement 1 of 1: ") || !strings.Contains(output, "***") ||
		strings.Contains(output, "open-barley") {
		t.Errorf("%d:\n%s", code, output)
	}

	ctx, stop := context.WithCancel(t.Context())
	stop()
	var last bytes.Buffer
	if code := run(ctx, job, func(name string) string { return env[name] }, &last); code != failed || !strings.Contains(last.String(), "stopped after 0s") {
		t.Errorf("%d:\n%s", code, &last)
	}
}

func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}
