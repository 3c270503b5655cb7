package preflight

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/go-sql-driver/mysql"
)

// reason puts an error into words for an operator, without the ports and addresses that differ from try to try: a line is
// written whenever the words change.
func reason(err error) string {
	if text, ok := certificateReason(err); ok {
		return text
	}
	var (
		dns     *net.DNSError
		record  tls.RecordHeaderError
		address *net.OpError
		request *url.Error
	)
	switch {
	case errors.As(err, &dns) && dns.IsNotFound:
		return fmt.Sprintf("%s is not known in DNS", dns.Name)
	case errors.As(err, &dns):
		return fmt.Sprintf("DNS doesn't answer for %s: %s", dns.Name, dns.Err)
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded):
		return "no answer in time"
	case errors.Is(err, http.ErrSchemeMismatch):
		return "it speaks plain HTTP, not HTTPS"
	case errors.As(err, &record), errors.Is(err, mysql.ErrNoTLS):
		return "it doesn't speak TLS"
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, mysql.ErrInvalidConn):
		return "it closed the connection"
	case errors.As(err, &address):
		return strings.TrimPrefix(errnoText(address.Err), "connect: ")
	case errors.As(err, &request):
		return reason(request.Err)
	default:
		return err.Error()
	}
}

// errnoText leaves out the name of the system call, as in "connect: connection refused".
func errnoText(err error) string {
	var call *os.SyscallError
	if errors.As(err, &call) {
		return call.Err.Error()
	}
	return err.Error()
}

// turnedDown tells whether an error is the alert by which a server turns down the certificate it was shown. Package tls keeps the
// alerts' type to itself; their texts name the certificate.
func turnedDown(err error) (alert string, ok bool) {
	var remote *net.OpError
	if !errors.As(err, &remote) || remote.Op != "remote error" {
		return "", false
	}
	alert = remote.Err.Error()
	return alert, strings.Contains(alert, "certificate")
}

// certificateReason is reason for what is wrong with a certificate, the server's or ours.
func certificateReason(err error) (string, bool) {
	var (
		name      x509.HostnameError
		authority x509.UnknownAuthorityError
		invalid   x509.CertificateInvalidError
	)
	switch {
	case errors.As(err, &name):
		return fmt.Sprintf("its certificate is for %s, not for %s", names(name.Certificate), name.Host), true
	case errors.As(err, &authority):
		return fmt.Sprintf("its certificate is signed by %q, which is not trusted here: is this the right CA?",
			issuer(authority.Cert)), true
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired && time.Now().Before(invalid.Cert.NotBefore):
		return "its certificate is not valid before " + invalid.Cert.NotBefore.UTC().Format(time.DateTime), true
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return "its certificate expired on " + invalid.Cert.NotAfter.UTC().Format(time.DateTime), true
	}
	if alert, ok := turnedDown(err); ok {
		return fmt.Sprintf("it turns our certificate down (%s): is it signed by the CA the server trusts, and not expired?", alert), true
	}
	return "", false
}

// names are what a certificate is for.
func names(c *x509.Certificate) string {
	found := slices.Clone(c.DNSNames)
	for _, address := range c.IPAddresses {
		found = append(found, address.String())
	}
	if len(found) == 0 {
		return "no name at all"
	}
	return strings.Join(found, ", ")
}

func issuer(c *x509.Certificate) string {
	if c == nil {
		return "nobody"
	}
	return c.Issuer.CommonName
}
