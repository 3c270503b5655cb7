package fed

import (
	"archive/zip"
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/hex"
	"encoding/xml"
	"fmt"
	"maps"
	"math/big"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// now is the time of all tests.
var now = time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)

const namespace = "http://www.vordel.com/2005/06/24/entityStore"

// item is an entity of a test's package. A field's text that starts with < is XML, as references are.
type item struct {
	store, kind, pk, parent string
	fields                  map[string][]string
}

// model is a package before it is written.
type model struct {
	items []*item
	// passphrase locks the stores.
	passphrase bool
}

// find is the one item of a kind whose field has a value.
func (m *model) find(t *testing.T, kind, field, value string) *item {
	t.Helper()
	for _, i := range m.items {
		if i.kind == kind && (field == "" || slices.Contains(i.fields[field], value)) {
			return i
		}
	}
	t.Fatalf("no %s with %s %s", kind, field, value)
	return nil
}

func (m *model) remove(t *testing.T, kind, field, value string) {
	t.Helper()
	gone := m.find(t, kind, field, value)
	m.items = slices.DeleteFunc(m.items, func(i *item) bool { return i == gone })
}

func (m *model) add(store, kind, pk, parent string, fields map[string][]string) {
	m.items = append(m.items, &item{store, kind, pk, parent, fields})
}

func one(s ...string) []string { return s }

func secret(text string) []string { return one(base64.StdEncoding.EncodeToString([]byte(text))) }

// certificateRef refers to a certificate the way stores do: by its path.
func certificateRef(dname string) []string {
	return one("<key type='Certificates'><id field='name' value='Certificate Store'/><key type='Certificate'><id field='dname' value='" +
		dname + "'/></key></key>")
}

// types are the entity types the tests' packages define, with what the check needs of them.
const types = `
<entityType abstract="true" extends="Interface" name="InetInterface"/>
<entityType extends="InetInterface" name="NegotiableSSLInterface"/>
<entityType extends="NegotiableSSLInterface" name="SSLInterface"/>
<entityType name="ESConfiguration"><field name="passphraseTest" type="encrypted"/></entityType>
<entityType name="DbConnection"><field name="password" type="encrypted"/><field name="url" type="string"/></entityType>
<entityType name="CassandraSettings"><field name="password" type="encrypted"/></entityType>
<entityType name="LdapDirectory"><field name="password" type="encrypted"/></entityType>
<entityType name="Certificate"><field name="key" type="encrypted"/></entityType>
`

// contents are the package's files.
func (m *model) contents() map[string][]byte {
	stores := map[string]*strings.Builder{}
	for _, i := range m.items {
		if stores[i.store] == nil {
			stores[i.store] = &strings.Builder{}
			test := passphraseText
			if m.passphrase {
				test = "\x9d\x02 unreadable"
			}
			fmt.Fprintf(stores[i.store], `<entityStoreData xmlns="%s">%s<entity type="ESConfiguration" entityPK="c-%s" parentPK="0">
				<fval name="passphraseTest"><value>%s</value></fval></entity>`, namespace, types, i.store, secret(test)[0])
		}
		i.write(stores[i.store])
	}
	files := map[string][]byte{
		"META-INF/MANIFEST.MF": []byte("Manifest-Version: 1.0\r\nId: 1111\r\n"),
		"1111/configs.xml":     []byte("<configuration activeAssembly='T'/>"),
	}
	for name, text := range stores {
		text.WriteString("</entityStoreData>")
		sum := sha256.Sum256([]byte(text.String()))
		files["1111/"+name+".xml"] = []byte(text.String())
		files["1111/"+name+".sha256"] = []byte(hex.EncodeToString(sum[:]))
	}
	return files
}

func (i *item) write(to *strings.Builder) {
	fmt.Fprintf(to, `<entity xmlns="%s" type="%s" entityPK="%s" parentPK="%s">`, namespace, i.kind, i.pk, i.parent)
	for _, name := range slices.Sorted(maps.Keys(i.fields)) {
		fmt.Fprintf(to, `<fval name="%s">`, name)
		for _, v := range i.fields[name] {
			if strings.HasPrefix(v, "<") {
				fmt.Fprintf(to, "<value contentType=\"reference\">\n%s\t</value>", v)
				continue
			}
			to.WriteString("<value>")
			xml.EscapeText(to, []byte(v))
			to.WriteString("</value>")
		}
		to.WriteString("</fval>")
	}
	to.WriteString("</entity>\n")
}

// write makes an archive of files and returns its path.
func write(t *testing.T, name string, files map[string][]byte) string {
	t.Helper()
	var buffer bytes.Buffer
	w := zip.NewWriter(&buffer)
	for _, entry := range slices.Sorted(maps.Keys(files)) {
		f, err := w.Create(entry)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.Write(files[entry]); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	p := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(p, buffer.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return p
}

// certificates are made once: a leaf for the hosts, and ones with a fault.
var certificates = map[string]string{
	"good":        issue("CN=good", "authority", now.AddDate(0, -1, 0), now.AddDate(0, 6, 0)),
	"self-signed": issue("CN=self-signed", "self-signed", now.AddDate(0, -1, 0), now.AddDate(0, 6, 0)),
	"expired":     issue("CN=expired", "authority", now.AddDate(0, -6, 0), now.AddDate(0, 0, -1)),
	"future":      issue("CN=future", "authority", now.AddDate(0, 0, 1), now.AddDate(0, 6, 0)),
	"ending":      issue("CN=ending", "authority", now.AddDate(0, -5, 0), now.AddDate(0, 0, 10)),
}

// issue makes a certificate for *.domainname.tld, signed by itself if issuer and subject are the same, as base64 DER.
func issue(subject, issuer string, from, to time.Time) string {
	subject = strings.TrimPrefix(subject, "CN=")
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	leaf := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: subject}, NotBefore: from, NotAfter: to,
		DNSNames: []string{"api.domainname.tld", "api-manager.domainname.tld"},
	}
	parent := &x509.Certificate{SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: issuer}}
	der, err := x509.CreateCertificate(rand.Reader, leaf, parent, &key.PublicKey, key)
	if err != nil {
		panic(err)
	}
	text := base64.StdEncoding.EncodeToString(der)
	return text[:76] + "\r\n" + text[76:] // stores break the lines
}

func (m *model) certificate(dname, content string, key bool) {
	fields := map[string][]string{"dname": one(dname), "content": one(content)}
	if key {
		fields["key"] = secret("a private key")
	}
	m.add("CertStore", "Certificate", "cert-"+dname, "certs", fields)
}

func (m *model) listener(kind, name, port, services string, more map[string][]string) {
	fields := map[string][]string{"name": one(name), "port": one(port), "enabled": one("1")}
	maps.Copy(fields, more)
	m.add("ListenersStore", kind, "if-"+name, services, fields)
}

// tls are the fields of a sound HTTPS interface.
func tls(dname string) map[string][]string {
	return map[string][]string{"serverCert": certificateRef(dname), "ssloptions": one("nosslv3", "notlsv1", "notlsv1_1")}
}

func (m *model) metricsDatabase() {
	m.add("ExtConnsStore", "DbConnection", "db", "0", map[string][]string{
		"name": one("Default Database Connection"), "url": one("${environment.METRICS_DB_URL}"),
		"username": one("${environment.METRICS_DB_USERNAME}"), "password": secret("${environment.METRICS_DB_PASS}"),
	})
}

func (m *model) certificateStore() {
	m.add("CertStore", "Certificates", "certs", "0", map[string][]string{"name": one("Certificate Store")})
	m.certificate("good", certificates["good"], true)
}

// gateway is a configuration that meets every requirement.
func gateway() *model {
	m := &model{passphrase: false}
	m.metricsDatabase()
	m.certificateStore()
	m.certificate("cassandra-client", certificates["good"], true)
	m.certificate("cassandra-ca", certificates["self-signed"], false)
	m.add("ExtConnsStore", "CassandraSettings", "cass", "0", map[string][]string{
		"name": one("Cassandra Settings"), "keySpace": one("${environment.CASS_KEYSPACE}"),
		"throttlingKeySpace": one("${environment.CASS_TKEYSPACE}"), "username": one("${environment.CASS_USERNAME}"),
		"password": secret("${environment.CASS_PASS}"), "useSSL": one("true"),
		"sslCertificate": certificateRef("cassandra-client"), "sslTrustedCerts": certificateRef("cassandra-ca"),
		"replication": one("3"), "throttlingReplication": one("3"),
		"throttlingReadConsistencyLevel": one("QUORUM"), "throttlingWriteConsistencyLevel": one("LOCAL_QUORUM"),
	})
	m.add("ExtConnsStore", "CassandraServer", "cass-1", "cass", map[string][]string{
		"name": one("cassandra"), "host": one("${environment.CASS_HOST}"), "port": one("${environment.CASS_PORT}"),
	})
	for _, l := range []struct{ name, port string }{{"manager", "${env.PORT.APIPORTAL}"}, {"traffic", "${env.PORT.PORTAL.TRAFFIC}"}} {
		m.add("ListenersStore", "HTTP", "http-"+l.name, "0", map[string][]string{"name": one(l.name + " services")})
		m.listener("SSLInterface", l.name, l.port, "http-"+l.name, tls("good"))
		m.add("ListenersStore", "XMLFirewall", "health-"+l.name, "http-"+l.name, map[string][]string{
			"uriprefix": one("/healthcheck"), "enabled": one("1"),
		})
	}
	m.add("PrimaryStore", "ExternallyManagedTopology", "emt", "0", map[string][]string{
		"name": one("Externally Managed Topology"), "mgmtPort": one("${env.PORT.MANAGEMENT}"),
	})
	return m
}

// anm is an Admin Node Manager's configuration that meets every requirement.
func anm() *model {
	m := &model{}
	m.metricsDatabase()
	m.certificateStore()
	m.certificate("topology-cert", certificates["self-signed"], true)
	m.add("ListenersStore", "HTTP", "http", "0", map[string][]string{"name": one("Management Services")})
	m.listener("SSLInterface", "management", "${env.PORT.MANAGEMENT}", "http", tls("topology-cert"))
	m.listener("SSLInterface", "anmui", "8091", "http", tls("good"))
	return m
}

// check writes the package and checks it.
func (m *model) check(t *testing.T, o Options) Report {
	t.Helper()
	return checkFiles(t, o, write(t, "test.fed", m.contents()))
}

func checkFiles(t *testing.T, o Options, paths ...string) Report {
	t.Helper()
	report, err := Check(paths, o)
	if err != nil {
		t.Fatal(err)
	}
	return report
}

func gatewayOptions() Options {
	return Options{Role: Gateway, CassandraTLS: true, Hosts: []string{"api.domainname.tld", "api-manager.domainname.tld"}, Now: now}
}

// unmet are the IDs of what isn't met, with the mark the table gives them, sorted.
func (r Report) unmet() []string {
	var ids []string
	for _, f := range r.Findings {
		if f.Result != Met {
			ids = append(ids, f.mark()+" "+f.ID)
		}
	}
	slices.Sort(ids)
	return ids
}

func (r Report) finding(t *testing.T, id string) Finding {
	t.Helper()
	i := slices.IndexFunc(r.Findings, func(f Finding) bool { return f.ID == id })
	if i < 0 {
		t.Fatalf("nothing about %s", id)
	}
	return r.Findings[i]
}
