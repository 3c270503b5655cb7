package fed

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"
)

// noPassphrase is what every package without one is warned about.
const noPassphrase = "warning passphrase"

func TestASoundGatewayConfigurationPasses(t *testing.T) {
	report := gateway().check(t, gatewayOptions())
	if unmet := report.unmet(); !slices.Equal(unmet, []string{noPassphrase}) || report.Fails() {
		t.Errorf("not met: %v", unmet)
	}
	if len(report.Findings) < 25 {
		t.Errorf("only %d findings", len(report.Findings))
	}
}

func TestASoundANMConfigurationPasses(t *testing.T) {
	report := anm().check(t, Options{Role: ANM, Now: now})
	if unmet := report.unmet(); !slices.Equal(unmet, []string{noPassphrase}) || report.Fails() {
		t.Errorf("not met: %v", unmet)
	}
	if slices.ContainsFunc(report.Findings, func(f Finding) bool { return strings.HasPrefix(f.ID, "variable.CASS") }) {
		t.Error("ANM is asked for Cassandra, which it has nothing to do with")
	}
}

func TestEachFaultOfAGatewayConfigurationIsFound(t *testing.T) {
	set := func(kind, name, field string, values ...string) func(*testing.T, *model) {
		return func(t *testing.T, m *model) { m.find(t, kind, "name", name).fields[field] = values }
	}
	database := func(field string, values ...string) func(*testing.T, *model) {
		return set("DbConnection", defaultConnection, field, values...)
	}
	cassandra := func(field string, values ...string) func(*testing.T, *model) {
		return set("CassandraSettings", "Cassandra Settings", field, values...)
	}
	listener := func(name, field string, values ...string) func(*testing.T, *model) {
		return set("SSLInterface", name, field, values...)
	}
	presents := func(dname, content string, key bool) func(*testing.T, *model) {
		return func(t *testing.T, m *model) {
			m.certificate(dname, content, key)
			m.find(t, "SSLInterface", "name", "traffic").fields["serverCert"] = certificateRef(dname)
		}
	}
	for _, c := range []struct {
		what   string
		change func(*testing.T, *model)
		want   []string
		found  string
	}{
		{"the URL is written out", database("url", "jdbc:mysql://admin:hunter2@db.example:3306/metrics?password=hunter2"),
			one("FAIL variable.METRICS_DB_URL"), "jdbc:mysql://db.example:3306/metrics"},
		{"the user reads another variable", database("username", "${environment.DB_USER}"),
			one("FAIL variable.METRICS_DB_USERNAME", "warning variables"), "${environment.DB_USER}"},
		{"the user reads a property", database("username", "${env.METRICS_DB_USERNAME}"),
			one("FAIL variable.METRICS_DB_USERNAME"), "reads envSettings.props (${env.), not the environment"},
		{"the password is written out", database("password", secret("hunter2")...),
			one("FAIL variable.METRICS_DB_PASS", "warning passwords"), "a password of its own"},
		{"the password is empty", database("password", ""), one("FAIL variable.METRICS_DB_PASS"), "empty"},
		{"the metrics are in another connection", database("name", "Metrics"), one("warning metrics.connection"), "Metrics"},
		{"no connection reads anything", func(t *testing.T, m *model) {
			m.find(t, "DbConnection", "", "").fields = map[string][]string{"name": {"Other"}}
		}, one("FAIL variable.METRICS_DB_PASS", "FAIL variable.METRICS_DB_URL", "FAIL variable.METRICS_DB_USERNAME"),
			"no connection reads it, and there is no Default Database Connection"},
		{"Cassandra's host is written out", set("CassandraServer", "cassandra", "host", "10.0.3.4"),
			one("FAIL variable.CASS_HOST"), "10.0.3.4"},
		{"a second Cassandra server is written out", func(_ *testing.T, m *model) {
			m.add("ExtConnsStore", "CassandraServer", "cass-2", "cass", map[string][]string{"host": {"10.0.3.5"}, "port": {"9042"}})
		}, one("FAIL variable.CASS_HOST", "FAIL variable.CASS_PORT"), "10.0.3.5"},
		{"the keyspace is written out", cassandra("keySpace", "x${DOMAINID}_${GROUPID}"),
			one("FAIL variable.CASS_KEYSPACE"), "x${DOMAINID}_${GROUPID}"},
		{"the throttling keyspace is missing", cassandra("throttlingKeySpace"), one("FAIL variable.CASS_TKEYSPACE"), "empty"},
		{"Cassandra's password is written out", cassandra("password", secret("hunter2")...),
			one("FAIL variable.CASS_PASS", "warning passwords"), "a password of its own"},
		{"Cassandra is spoken to in clear text", cassandra("useSSL", "false"), one("FAIL cassandra.tls"), "off"},
		{"there is no client certificate", cassandra("sslCertificate"), one("FAIL cassandra.client-certificate"), "none"},
		{"the client certificate has no key", cassandra("sslCertificate", certificateRef("cassandra-ca")...),
			one("FAIL cassandra.client-certificate"), "a certificate without its key"},
		{"no authority is trusted", cassandra("sslTrustedCerts", "-1"), one("FAIL cassandra.authority"), "none"},
		{"quotas are read from one node", cassandra("throttlingReadConsistencyLevel", "ONE"),
			one("FAIL cassandra.throttlingReadConsistencyLevel"), "ONE"},
		{"quotas have one copy", cassandra("throttlingReplication", "1"), one("FAIL cassandra.throttlingReplication"), "1"},
		{"the number of copies is a selector", cassandra("replication", "${env.COPIES}"),
			one("not checked cassandra.replication"), "${env.COPIES}"},
		{"the traffic listener is missing", func(t *testing.T, m *model) { m.remove(t, "SSLInterface", "name", "traffic") },
			one("FAIL listener.8065"), "no listener"},
		{"the traffic listener is switched off", listener("traffic", "enabled", "0"), one("FAIL listener.8065"), "no listener"},
		{"the UI listens elsewhere", listener("manager", "port", "9443"), one("FAIL listener.8075"), "no listener"},
		{"the UI's port can't be known", listener("manager", "port", "${env.PORT.OWN}"),
			one("not checked listener.8075"), "a listener on ${env.PORT.OWN}"},
		{"the traffic listener speaks clear text", func(t *testing.T, m *model) { m.find(t, "SSLInterface", "name", "traffic").kind = "InetInterface" },
			one("FAIL listener.8065", "warning clear-text"), "HTTP in clear text"},
		{"the UI has no health check", func(t *testing.T, m *model) {
			m.items = slices.DeleteFunc(m.items, func(i *item) bool { return i.pk == "health-manager" })
		}, one("FAIL listener.8075.health"), "no such path"},
		{"the health check is on another listener's services", func(t *testing.T, m *model) {
			m.find(t, "XMLFirewall", "uriprefix", healthPath).parent = "http-traffic"
		}, one("FAIL listener.8075.health"), "no such path"},
		{"the health check is switched off", func(t *testing.T, m *model) {
			m.find(t, "XMLFirewall", "uriprefix", healthPath).fields["enabled"] = one("false")
		}, one("FAIL listener.8075.health"), "switched off"},
		{"there is no certificate", listener("traffic", "serverCert", "-1"), one("FAIL listener.8065.certificate"), "none"},
		{"the certificate is the sample", presents(sampleCertificate, certificates["good"], true),
			one("FAIL listener.8065.certificate"), "the sample certificate"},
		{"the certificate is self-signed", presents("self", certificates["self-signed"], true),
			one("FAIL listener.8065.certificate"), "self: self-signed"},
		{"the certificate is over", presents("old", certificates["expired"], true),
			one("FAIL listener.8065.certificate"), "old: expired on 2026-10-31"},
		{"the certificate isn't valid yet", presents("new", certificates["future"], true),
			one("FAIL listener.8065.certificate"), "new: not valid before 2026-11-02"},
		{"the certificate has no key", presents("bare", certificates["good"], false),
			one("FAIL listener.8065.certificate"), "bare: its key is missing"},
		{"the certificate is over soon", presents("ending", certificates["ending"], true),
			one("warning listener.8065.renewal"), "until 2026-11-11"},
		{"the certificate is rubbish", presents("rubbish", "%%%", true),
			one("FAIL listener.8065.certificate"), "a certificate that can't be read: its content is not base64"},
		{"old TLS is spoken", listener("traffic", "ssloptions", "nosslv3"), one("warning listener.8065.protocols"), "options nosslv3"},
		{"a clear-text listener is open", func(_ *testing.T, m *model) {
			m.listener("InetInterface", "plain", "${env.PORT.TRAFFIC}", "http-traffic", nil)
		},
			one("warning clear-text"), "HTTP on ${env.PORT.TRAFFIC}"},
		{"the management port is another", set("ExternallyManagedTopology", "Externally Managed Topology", "mgmtPort", "9085"),
			one("FAIL management"), "9085"},
		{"the management port is left to its default", set("ExternallyManagedTopology", "Externally Managed Topology", "mgmtPort"), nil, ""},
		{"there is no topology", func(t *testing.T, m *model) { m.remove(t, "ExternallyManagedTopology", "", "") },
			one("FAIL management"), "no Externally Managed Topology"},
		{"a directory's password is written out", func(_ *testing.T, m *model) {
			m.add("ExtConnsStore", "LdapDirectory", "ldap", "0", map[string][]string{"name": {"Staff"}, "password": secret("hunter2")})
		}, one("warning passwords"), "1 entities with a secret of their own"},
		{"a wildcard password reads the variable", func(t *testing.T, m *model) {
			i := m.find(t, "DbConnection", "", "")
			i.fields["password"], i.fields["wildcardPassword"] = one(""), one("${environment.METRICS_DB_PASS}")
		}, nil, ""},
	} {
		t.Run(c.what, func(t *testing.T) {
			m := gateway()
			c.change(t, m)
			report := m.check(t, gatewayOptions())
			want := slices.Sorted(slices.Values(append([]string{noPassphrase}, c.want...)))
			if got := report.unmet(); !slices.Equal(got, want) {
				t.Errorf("not met: %v, want %v", got, want)
			}
			if c.want != nil {
				id := c.want[0][strings.LastIndex(c.want[0], " ")+1:]
				if f := report.finding(t, id); f.Found != c.found || f.WayOut == "" {
					t.Errorf("found %q, want %q; way out %q", f.Found, c.found, f.WayOut)
				}
			}
			var table, machine bytes.Buffer
			if err := report.WriteTable(&table); err != nil {
				t.Fatal(err)
			}
			if err := report.WriteJSON(&machine); err != nil {
				t.Fatal(err)
			}
			if strings.Contains(table.String()+machine.String(), "hunter2") {
				t.Error("the report shows a password")
			}
		})
	}
}

func TestANMNeedsItsSecondListenerWithACertificateOfItsOwn(t *testing.T) {
	m := anm()
	m.remove(t, "SSLInterface", "name", "anmui")
	if report := m.check(t, Options{Role: ANM, Now: now}); report.finding(t, "listener.8091").mark() != "FAIL" {
		t.Error("ANM passes without the listener on 8091")
	}
	m = anm()
	m.find(t, "SSLInterface", "name", "anmui").fields["serverCert"] = certificateRef("topology-cert")
	if f := m.check(t, Options{Role: ANM, Now: now}).finding(t, "listener.8091.certificate"); f.Found != "topology-cert: self-signed" {
		t.Errorf("the topology's certificate passes: %+v", f)
	}
}

func TestCertificatesMustCoverTheHostsAskedFor(t *testing.T) {
	o := gatewayOptions()
	o.Hosts = append(o.Hosts, "api-partners.domainname.tld")
	f := gateway().check(t, o).finding(t, "listener.8075.certificate")
	if f.Result != Broken || f.Found != "good: doesn't cover api-partners.domainname.tld" {
		t.Errorf("got %+v", f)
	}
}

func TestPublishedPortsMustBeListenedOn(t *testing.T) {
	o := gatewayOptions()
	o.ExtraPorts = []int{8080}
	if f := gateway().check(t, o).finding(t, "listener.8080"); f.mark() != "FAIL" {
		t.Errorf("got %+v", f)
	}
	m := gateway()
	m.listener("InetInterface", "plain", "${env.PORT.TRAFFIC}", "http-traffic", nil)
	if unmet := m.check(t, o).unmet(); !slices.Equal(unmet, []string{noPassphrase}) {
		t.Errorf("not met: %v", unmet)
	}
}

func TestNodesWithoutTLSMustNotBeSpokenToWithIt(t *testing.T) {
	o := gatewayOptions()
	o.CassandraTLS = false
	if f := gateway().check(t, o).finding(t, "cassandra.tls"); f.mark() != "FAIL" || f.Found != "on" {
		t.Errorf("got %+v", f)
	}
	m := gateway()
	settings := m.find(t, "CassandraSettings", "", "")
	settings.fields["useSSL"], settings.fields["sslCertificate"] = one("false"), nil
	if unmet := m.check(t, o).unmet(); !slices.Equal(unmet, []string{noPassphrase}) {
		t.Errorf("not met: %v", unmet)
	}
}

func TestSecretsBehindAPassphraseAreNotChecked(t *testing.T) {
	m := gateway()
	m.passphrase = true
	m.find(t, "DbConnection", "", "").fields["password"] = one("b3BhcXVl")
	m.find(t, "CassandraSettings", "", "").fields["password"] = one("b3BhcXVl")
	report := m.check(t, gatewayOptions())
	want := []string{"not checked passwords", "not checked variable.CASS_PASS", "not checked variable.METRICS_DB_PASS"}
	if unmet := report.unmet(); !slices.Equal(unmet, want) || report.Fails() {
		t.Errorf("not met: %v, want %v", unmet, want)
	}
}

func TestAnArchiveOfAnotherShapeIsSearchedAndSaysSo(t *testing.T) {
	m := gateway()
	other := strings.NewReplacer("DbConnection", "JdbcSource", "CassandraSettings", "ColumnStore", "CassandraServer", "ColumnNode")
	for _, i := range m.items {
		i.kind = other.Replace(i.kind)
	}
	m.find(t, "JdbcSource", "", "").fields["password"] = one("${environment.METRICS_DB_PASS}")
	report := m.check(t, gatewayOptions())
	if f := report.finding(t, "variable.METRICS_DB_PASS"); f.Result != Met || f.Basis != Assumed {
		t.Errorf("got %+v", f)
	}
	if f := report.finding(t, "variable.CASS_PASS"); f.Result != Broken || f.Basis != Assumed {
		t.Errorf("the secret of an unknown type is taken as read: %+v", f)
	}
	if f := report.finding(t, "cassandra.tls"); f.Result != Unknown {
		t.Errorf("Cassandra's settings are gone, and nothing says so: %+v", f)
	}
	var table bytes.Buffer
	if err := report.WriteTable(&table); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(table.String(), "assumed: how the package is read there") {
		t.Error("the table doesn't say that the reading is assumed")
	}
}

func TestAPairIsReadAsOneConfigurationWithTheEnvironmentsValues(t *testing.T) {
	whole := gateway()
	whole.find(t, "DbConnection", "", "").fields["url"] = one("jdbc:mysql://dev/metrics")
	whole.find(t, "SSLInterface", "name", "traffic").fields["serverCert"] = one("-1")
	policies, environment := &model{}, &model{}
	for _, i := range whole.items {
		if i.store == "CertStore" {
			environment.items = append(environment.items, i)
		} else {
			policies.items = append(policies.items, i)
		}
	}
	override := func(n, target, kind, field, value string) {
		environment.add("EnvSettingsStore", "EnvironmentalizedEntity", "e"+n, "0", map[string][]string{"entityPk": {target}})
		environment.add("EnvSettingsStore", kind, "f"+n, "e"+n, map[string][]string{
			"entityFieldName": {field}, "index": {"0"}, "value": {value},
		})
	}
	override("1", "<key type='DbConnection'><id field='name' value='Default Database Connection'/></key>",
		"EnvironmentalizedFieldString", "url", "${environment.METRICS_DB_URL}")
	override("2", "if-traffic", "EnvironmentalizedFieldReference", "serverCert", certificateRef("good")[0])
	pol, env := write(t, "group.pol", policies.contents()), write(t, "prod.env", environment.contents())
	report := checkFiles(t, gatewayOptions(), pol, env)
	if unmet := report.unmet(); !slices.Equal(unmet, []string{noPassphrase}) {
		t.Errorf("not met: %v", unmet)
	}
	for _, f := range report.Findings {
		if f.Basis == Observed {
			t.Errorf("%s: no pair was ever observed", f.ID)
		}
	}
	// A .fed may hold both halves too; then only what the environment settings touch is assumed.
	both := checkFiles(t, gatewayOptions(), write(t, "both.fed", (&model{items: append(policies.items, environment.items...)}).contents()))
	for id, want := range map[string]Basis{
		"variable.METRICS_DB_URL": Assumed, "listener.8065.certificate": Assumed, "variable.CASS_HOST": Observed, "listener.8075.certificate": Observed,
	} {
		if f := both.finding(t, id); f.Result != Met || f.Basis != want {
			t.Errorf("%s is %s and %s, want %s", id, f.Result, f.Basis, want)
		}
	}
}

func TestAnEditedStoreIsNoticed(t *testing.T) {
	files := gateway().contents()
	files["1111/ListenersStore.xml"] = append(files["1111/ListenersStore.xml"], '\n')
	f := checkFiles(t, gatewayOptions(), write(t, "edited.fed", files)).finding(t, "integrity")
	if f.Result != Broken || f.Where != "ListenersStore.xml" {
		t.Errorf("got %+v", f)
	}
}

func TestTheReportIsReadableByMachines(t *testing.T) {
	m := gateway()
	m.remove(t, "SSLInterface", "name", "traffic")
	var buffer bytes.Buffer
	if err := m.check(t, gatewayOptions()).WriteJSON(&buffer); err != nil {
		t.Fatal(err)
	}
	var report struct {
		Pass     bool
		Role     string
		Findings []Finding
	}
	if err := json.Unmarshal(buffer.Bytes(), &report); err != nil {
		t.Fatal(err)
	}
	broken := func(f Finding) bool { return f.ID == "listener.8065" && f.Result == Broken }
	if report.Pass || report.Role != "gateway" || !slices.ContainsFunc(report.Findings, broken) {
		t.Errorf("got %s", buffer.String())
	}
}
