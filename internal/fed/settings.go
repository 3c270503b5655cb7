package fed

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

var environmentSelector = regexp.MustCompile(`\$\{environment\.([A-Za-z_][A-Za-z0-9_.]*)\}`)

// variables are the environment variables a text reads.
func variables(text string) []string {
	var names []string
	for _, m := range environmentSelector.FindAllStringSubmatch(text, -1) {
		names = append(names, m[1])
	}
	return names
}

func selector(variable string) string { return "${environment." + variable + "}" }

// setting is a field that must read a variable of the pod.
type setting struct {
	variable, what string
	// kind and fields are the entity type and the names of the field; any one of them will do.
	kind   string
	fields []string
	// secret values are never shown.
	secret bool
}

// The connection of the metrics database. A password may be entered as such or as a `wildcard password`, which is the form meant
// for selectors (observed: the field; documented: its use).
var metricsSettings = []setting{
	{"METRICS_DB_URL", "metrics database: URL", "DbConnection", []string{"url"}, false},
	{"METRICS_DB_USERNAME", "metrics database: user", "DbConnection", []string{"username"}, false},
	{"METRICS_DB_PASS", "metrics database: password", "DbConnection", []string{"password", "wildcardPassword"}, true},
}

var cassandraSettings = []setting{
	{"CASS_HOST", "Cassandra: host", "CassandraServer", []string{"host"}, false},
	{"CASS_PORT", "Cassandra: port", "CassandraServer", []string{"port"}, false},
	{"CASS_USERNAME", "Cassandra: user", "CassandraSettings", []string{"username"}, false},
	{"CASS_PASS", "Cassandra: password", "CassandraSettings", []string{"password"}, true},
	{"CASS_KEYSPACE", "Cassandra: keyspace", "CassandraSettings", []string{"keySpace"}, false},
	{"CASS_TKEYSPACE", "Cassandra: throttling keyspace", "CassandraSettings", []string{"throttlingKeySpace"}, false},
}

// defaultConnection is the connection the reference wants the metrics variables in.
const defaultConnection = "Default Database Connection"

// metrics checks the one connection that reads the metrics variables; if none does, the default one, to say what it holds.
func (c *checker) metrics() {
	connections := c.config.all("DbConnection")
	i := slices.IndexFunc(connections, func(e *entity) bool {
		return slices.ContainsFunc(metricsSettings, func(s setting) bool { return c.reads(e, s) })
	})
	if i < 0 {
		i = slices.IndexFunc(connections, func(e *entity) bool { return e.field("name") == defaultConnection })
	}
	var chosen []*entity
	if i >= 0 {
		chosen = connections[i : i+1]
	}
	for _, s := range metricsSettings {
		c.setting(s, chosen, len(connections) > 0)
	}
	if len(chosen) == 0 {
		return
	}
	f := Finding{
		ID: "metrics.connection", Requirement: "the metrics variables are in " + defaultConnection, Level: Should, Result: Met,
		Found: chosen[0].field("name"), Where: chosen[0].String(), Basis: c.basis(chosen[0]),
		WayOut: "the reference has them there; check that the metrics and reports settings use the other connection",
	}
	if f.Found != defaultConnection {
		f.Result = Broken
	}
	c.add(f)
}

func (c *checker) cassandra() {
	for _, s := range cassandraSettings {
		entities := c.config.all(s.kind)
		c.setting(s, entities, len(entities) > 0)
	}
}

// reads tells whether the entity takes the setting from its variable.
func (c *checker) reads(e *entity, s setting) bool {
	return slices.ContainsFunc(s.fields, func(name string) bool {
		return slices.ContainsFunc(e.fields[name], func(v value) bool { return c.plainOr(s, e, v) == selector(s.variable) })
	})
}

// plainOr reads secrets even where the archive doesn't define its types.
func (c *checker) plainOr(s setting, e *entity, v value) string {
	if s.secret && !c.config.locked(e) && !strings.Contains(v.text, "${") {
		return decoded(v.text)
	}
	return v.text
}

// setting reports on one variable. Every entity of the type must read it. Where the archive knows no such type, the selector is
// looked for everywhere.
func (c *checker) setting(s setting, entities []*entity, typed bool) {
	f := Finding{
		ID: "variable." + s.variable, Requirement: s.what + " is " + selector(s.variable), Level: Must, Result: Met,
		Found: "reads " + s.variable, Basis: c.basis(entities...),
		WayOut: fmt.Sprintf("set the field to %s in Policy Studio; for a password use a wildcard password", selector(s.variable)),
	}
	if !typed {
		c.add(c.anywhere(s, f))
		return
	}
	if len(entities) == 0 {
		f.Result, f.Found = Broken, "no connection reads it, and there is no "+defaultConnection
	}
	for _, e := range entities {
		f.Where = e.String()
		if !c.reads(e, s) {
			f.Result, f.Found = c.instead(s, e)
			break
		}
	}
	c.add(f)
}

// instead says what an entity holds in the place of the selector.
func (c *checker) instead(s setting, e *entity) (Result, string) {
	var text string
	for _, name := range s.fields {
		if text == "" {
			text = e.field(name)
		}
	}
	switch {
	case text == "":
		return Broken, "empty"
	case s.secret && c.config.locked(e):
		return Unknown, "encrypted with a passphrase"
	case strings.Contains(c.plainOr(s, e, value{text: text}), "${env."):
		return Broken, "reads envSettings.props (${env.), not the environment"
	case s.secret:
		return Broken, "a password of its own"
	default:
		return Broken, shorten(withoutSecrets(text))
	}
}

// withoutSecrets leaves out what a connection's URL may hold besides the address.
func withoutSecrets(text string) string {
	address, _, _ := strings.Cut(text, "?")
	if u, err := url.Parse(strings.TrimPrefix(address, "jdbc:")); err == nil && u.User != nil {
		return strings.Replace(address, u.User.String()+"@", "", 1)
	}
	return address
}

// anywhere looks for the selector in any field of any entity.
func (c *checker) anywhere(s setting, f Finding) Finding {
	f.Basis = Assumed
	for _, e := range c.config.entities {
		for name, values := range e.fields {
			has := func(v value) bool { return strings.Contains(c.plain(e, name, v), selector(s.variable)) }
			if slices.ContainsFunc(values, has) {
				f.Found, f.Where = "the selector is in field "+name, e.String()
				return f
			}
		}
	}
	f.Result, f.Found = Broken, "no "+s.kind+", and the selector is nowhere"
	return f
}

// cassandraTLS compares the client's side with the nodes'.
func (c *checker) cassandraTLS() {
	settings := c.config.all("CassandraSettings")
	if len(settings) == 0 {
		c.add(Finding{
			ID: "cassandra.tls", Requirement: "Cassandra: TLS, copies and consistency", Level: Must, Result: Unknown,
			Found: "no CassandraSettings", Basis: Assumed, WayOut: "check the Cassandra settings in Policy Studio",
		})
	}
	for _, e := range settings {
		on := e.field("useSSL") == "true" || e.field("useSSL") == "1"
		f := Finding{
			ID: "cassandra.tls", Requirement: "Cassandra: TLS is on", Level: Must, Result: Met, Found: onOff(on), Where: e.String(),
			Basis: c.basis(e), WayOut: "enable SSL in the Cassandra security settings",
		}
		if !c.options.CassandraTLS {
			f.Requirement = "Cassandra: TLS is off, as on the nodes"
			f.WayOut = "disable SSL in the Cassandra security settings, or drop --cassandra-tls=false"
		}
		if on != c.options.CassandraTLS {
			f.Result = Broken
		}
		c.add(f)
		if c.options.CassandraTLS {
			c.cassandraCertificates(e)
		}
	}
}

func onOff(on bool) string {
	if on {
		return "on"
	}
	return "off"
}

func (c *checker) cassandraCertificates(e *entity) {
	for _, want := range []struct{ id, what, field, wayOut string }{
		{"cassandra.client-certificate", "Cassandra: a client certificate with its key", "sslCertificate",
			"import the stack's Cassandra client certificate and key and choose it in the Cassandra security settings"},
		{"cassandra.authority", "Cassandra: the nodes' authority is trusted", "sslTrustedCerts",
			"import the stack's authority and trust it in the Cassandra security settings"},
	} {
		f := Finding{
			ID: want.id, Requirement: want.what, Level: Must, Result: Broken, Found: "none", Where: e.String(),
			Basis: c.basis(e), WayOut: want.wayOut,
		}
		for _, v := range e.fields[want.field] {
			certificate := c.config.resolve(v)
			switch {
			case certificate == nil:
			case want.field == "sslCertificate" && !hasKey(certificate):
				f.Found, f.Where = "a certificate without its key", certificate.String()
			default:
				f.Result, f.Found, f.Where = Met, shorten(certificate.field("dname")), certificate.String()
			}
		}
		c.add(f)
	}
}

// throttling is the reference's chapter on Cassandra: three copies, and quotas counted by quorum. LOCAL_QUORUM is the same in the
// one region there is.
func (c *checker) throttling() {
	for _, e := range c.config.all("CassandraSettings") {
		for _, want := range []struct {
			field, what string
			values      []string
		}{
			{"replication", "Cassandra: initial replication is 3", []string{"3"}},
			{"throttlingReplication", "throttling: initial replication is 3", []string{"3"}},
			{"throttlingReadConsistencyLevel", "throttling: reads are QUORUM", []string{"QUORUM", "LOCAL_QUORUM"}},
			{"throttlingWriteConsistencyLevel", "throttling: writes are QUORUM", []string{"QUORUM", "LOCAL_QUORUM"}},
		} {
			f := Finding{
				ID: "cassandra." + want.field, Requirement: want.what, Level: Must, Result: Met, Found: shorten(e.field(want.field)),
				Where: e.String(), Basis: c.basis(e), WayOut: "set it in the Cassandra settings",
			}
			switch text := e.field(want.field); {
			case strings.Contains(text, "${"):
				f.Result = Unknown
			case text == "":
				f.Result, f.Found = Broken, "empty"
			case !slices.Contains(want.values, text):
				f.Result = Broken
			}
			c.add(f)
		}
	}
}
