package fed

import (
	"bytes"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"apim-azure/workloads/plan"
)

// healthPath is where the platform's probes ask.
const healthPath = "/healthcheck"

// defaultProperties are what the images' envSettings.props sets. Source: the file Axway's chart writes (observed).
func defaultProperties(role Role) map[string]string {
	if role == ANM {
		return map[string]string{"PORT.TRAFFIC": "8090", "PORT.MANAGEMENT": "8090", "PORT.SAMPLE.SERVICES": "8090"}
	}
	return map[string]string{
		"PORT.TRAFFIC": "8080", "PORT.MANAGEMENT": "8085", "PORT.SAMPLE.SERVICES": "8081", "PORT.OAUTH2.SERVICES": "8089",
		"PORT.APIPORTAL": "8075", "PORT.PORTAL.TRAFFIC": "8065",
	}
}

// listener is an interface of the configuration.
type listener struct {
	*entity
	port int
	tls  bool
}

var propertySelector = regexp.MustCompile(`^\$\{env\.([A-Za-z0-9_.]+)\}$`)

// port is the number a text stands for, 0 if that isn't known.
func (c *checker) port(text string) int {
	if m := propertySelector.FindStringSubmatch(text); m != nil {
		text = c.properties[m[1]]
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > 65535 {
		return 0
	}
	return n
}

// open are the listeners that are switched on.
func (c *checker) open() []listener {
	var all []listener
	for _, e := range c.config.entities {
		tls := c.config.is(e, "SSLInterface")
		if (tls || c.config.is(e, "InetInterface")) && e.on("enabled") {
			all = append(all, listener{e, c.port(e.field("port")), tls})
		}
	}
	return all
}

// listeners checks every port the platform calls.
func (c *checker) listeners() {
	if c.options.Role == ANM {
		if l := c.listener(plan.PortANM, "ANM's topology listener"); l != nil {
			c.protocols(l)
		}
		if l := c.listener(plan.PortANMUI, "ANM's second listener"); l != nil {
			c.certificate(l)
			c.protocols(l)
		}
		return
	}
	for _, want := range []struct {
		port int
		what string
	}{{plan.PortManager, "API Manager UI"}, {plan.PortTraffic, "API traffic"}} {
		if l := c.listener(want.port, want.what); l != nil {
			c.health(l)
			c.certificate(l)
			c.protocols(l)
		}
	}
	for _, port := range c.options.ExtraPorts {
		c.extra(port)
	}
	c.management()
	c.clearText()
}

// listener finds the HTTPS listener of a port and reports on it; nil if there is none.
func (c *checker) listener(port int, what string) *listener {
	f := Finding{
		ID: fmt.Sprintf("listener.%d", port), Requirement: fmt.Sprintf("%s listens on %d with HTTPS", what, port), Level: Must,
		Result: Broken, Found: "no listener", Basis: c.basis(),
		WayOut: fmt.Sprintf("add or enable an HTTPS interface on port %d", port),
	}
	var found *listener
	for _, l := range c.open() {
		if l.port != port {
			continue
		}
		f.Where, f.Basis = l.String(), c.basis(l.entity)
		if l.tls {
			f.Result, f.Found, found = Met, "HTTPS", &l
			break
		}
		f.Found = "HTTP in clear text"
	}
	if found == nil && f.Where == "" {
		f = c.unresolved(f)
	}
	c.add(f)
	return found
}

// unresolved admits that a listener whose port isn't known might be the one.
func (c *checker) unresolved(f Finding) Finding {
	for _, l := range c.open() {
		if l.port == 0 {
			f.Result, f.Where = Unknown, l.String()
			f.Found = "a listener on " + shorten(l.field("port"))
			f.WayOut = "add the merge directory with its envSettings.props to the check, or write the number into the interface"
		}
	}
	return f
}

// health looks for the path among the ones served beside the listener.
func (c *checker) health(l *listener) {
	f := Finding{
		ID: fmt.Sprintf("listener.%d.health", l.port), Requirement: fmt.Sprintf("%d answers at %s", l.port, healthPath), Level: Must,
		Result: Broken, Found: "no such path", Where: l.String(), Basis: c.basis(l.entity),
		WayOut: "add a relative path " + healthPath + " with a policy that answers 200 to the listener's services",
	}
	for _, e := range c.config.entities {
		if e.parent == l.parent && strings.TrimSuffix(e.field("uriprefix"), "/") == healthPath {
			f.Where = e.String()
			if f.Found = "switched off"; e.on("enabled") {
				f.Result, f.Found = Met, healthPath
				break
			}
		}
	}
	c.add(f)
}

// sampleCertificate is the subject of the certificate every new configuration starts with (observed).
const sampleCertificate = "CN=Change this for production"

// renewal is how long before its end a certificate is reported.
const renewal = 30 * 24 * time.Hour

// certificate judges what the listener presents the way Application Gateway and Traefik do: both check the pods' certificates.
func (c *checker) certificate(l *listener) {
	f := Finding{
		ID:          fmt.Sprintf("listener.%d.certificate", l.port),
		Requirement: fmt.Sprintf("%d presents a certificate signed by an authority", l.port),
		Level:       Must, Result: Broken, Found: "none", Where: l.String(), Basis: c.basis(l.entity),
		WayOut: "import the certificate of the hosts with its key, and choose it in the interface",
	}
	var chosen *entity
	if values := l.fields["serverCert"]; len(values) > 0 {
		chosen = c.config.resolve(values[0])
	}
	if chosen == nil {
		c.add(f)
		return
	}
	f.Where, f.Found = chosen.String(), shorten(chosen.field("dname"))
	if chosen.field("dname") == sampleCertificate {
		f.Found = "the sample certificate"
		c.add(f)
		return
	}
	leaf, err := parseCertificate(chosen.field("content"))
	if err != nil {
		f.Found = "a certificate that can't be read: " + shorten(err.Error())
		c.add(f)
		return
	}
	if problem := c.refused(leaf, chosen); problem != "" {
		f.Found = shorten(chosen.field("dname")) + ": " + problem
	} else {
		f.Result = Met
	}
	c.add(f)
	c.soonOver(l, chosen, leaf)
}

// refused says why a certificate doesn't do, or nothing.
func (c *checker) refused(leaf *x509.Certificate, from *entity) string {
	switch {
	case !hasKey(from):
		return "its key is missing"
	case bytes.Equal(leaf.RawIssuer, leaf.RawSubject):
		return "self-signed"
	case c.options.Now.Before(leaf.NotBefore):
		return "not valid before " + leaf.NotBefore.Format(time.DateOnly)
	case c.options.Now.After(leaf.NotAfter):
		return "expired on " + leaf.NotAfter.Format(time.DateOnly)
	}
	for _, host := range c.options.Hosts {
		if leaf.VerifyHostname(host) != nil {
			return "doesn't cover " + shorten(host)
		}
	}
	return ""
}

func (c *checker) soonOver(l *listener, from *entity, leaf *x509.Certificate) {
	if left := leaf.NotAfter.Sub(c.options.Now); left > 0 && left < renewal {
		c.add(Finding{
			ID: fmt.Sprintf("listener.%d.renewal", l.port), Requirement: fmt.Sprintf("%d's certificate lasts 30 days more", l.port),
			Level: Should, Result: Broken, Found: "until " + leaf.NotAfter.Format(time.DateOnly), Where: from.String(),
			Basis: c.basis(l.entity), WayOut: "renew it before this image goes live",
		})
	}
}

// hasKey tells whether a certificate comes with its key, in the store or on a key device.
func hasKey(certificate *entity) bool {
	return certificate.field("key") != "" || certificate.field("keyId") != ""
}

func parseCertificate(text string) (*x509.Certificate, error) {
	raw, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(text), ""))
	if err != nil {
		return nil, errors.New("its content is not base64")
	}
	return x509.ParseCertificate(raw)
}

// protocols are the reference's TLS 1.2 only. The interface's options name what is switched off.
func (c *checker) protocols(l *listener) {
	f := Finding{
		ID: fmt.Sprintf("listener.%d.protocols", l.port), Requirement: fmt.Sprintf("%d refuses TLS older than 1.2", l.port),
		Level: Should, Result: Met, Found: "options " + shorten(strings.Join(l.texts("ssloptions"), " ")), Where: l.String(),
		Basis: c.basis(l.entity), WayOut: "switch TLS 1.0 and 1.1 off in the interface's advanced settings",
	}
	for _, option := range []string{"notlsv1", "notlsv1_1"} {
		if !slices.Contains(l.texts("ssloptions"), option) {
			f.Result = Broken
		}
	}
	c.add(f)
}

// extra is a further listener the group publishes inside the cluster, in clear text or not.
func (c *checker) extra(port int) {
	f := Finding{
		ID: fmt.Sprintf("listener.%d", port), Requirement: fmt.Sprintf("the published port %d is listened on", port), Level: Must,
		Result: Broken, Found: "no listener", Basis: c.basis(),
		WayOut: "enable the interface, or take the port out of gateway.extraPorts",
	}
	for _, l := range c.open() {
		if l.port == port {
			f.Result, f.Where, f.Found = Met, l.String(), "HTTP in clear text"
			if l.tls {
				f.Found = "HTTPS"
			}
		}
	}
	if f.Result != Met {
		f = c.unresolved(f)
	}
	c.add(f)
}

// management is where ANM reaches back into an instance.
func (c *checker) management() {
	f := Finding{
		ID: "management", Requirement: fmt.Sprintf("ANM reaches the instance on %d", plan.PortManagement), Level: Must, Result: Broken,
		Found: "no Externally Managed Topology", Basis: c.basis(),
		WayOut: "leave the topology's management port at ${env.PORT.MANAGEMENT}, and PORT.MANAGEMENT at 8085",
	}
	for _, e := range c.config.all("ExternallyManagedTopology") {
		text := e.field("mgmtPort")
		if text == "" {
			text = "${env.PORT.MANAGEMENT}" // the type's default
		}
		f.Where, f.Found, f.Basis = e.String(), shorten(text), c.basis(e)
		switch c.port(text) {
		case plan.PortManagement:
			f.Result = Met
		case 0:
			f.Result = Unknown
		}
	}
	c.add(f)
}

// clearText names open HTTP listeners nobody publishes: network policies close them, but nothing needs them.
func (c *checker) clearText() {
	f := Finding{
		ID: "clear-text", Requirement: "no clear-text listener is open that isn't published", Level: Should, Result: Met,
		Found: "none", Basis: c.basis(),
		WayOut: "disable the interface, or publish it with gateway.extraPorts if it is needed",
	}
	for _, l := range c.open() {
		if !l.tls && !slices.Contains(c.options.ExtraPorts, l.port) {
			f.Result, f.Found, f.Where = Broken, "HTTP on "+shorten(l.field("port")), l.String()
		}
	}
	c.add(f)
}
