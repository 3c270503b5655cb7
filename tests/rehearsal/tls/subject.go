package tls

import (
	"crypto/x509/pkix"
	"encoding/asn1"
	"fmt"
	"net"
	"net/url"
	"slices"

	"apim-azure/tests/rehearsal/logical"
)

// oidEmail is the e-mail address in a distinguished name (PKCS#9).
var oidEmail = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 1}

// subjectInputs are the arguments that say whom a request or a self-signed certificate is for.
func subjectInputs() map[string]logical.Input {
	return map[string]logical.Input{
		"privateKeyPem": {Kind: logical.String, Required: true, Secret: true},
		"subject":       {Kind: logical.Map},
		"dnsNames":      {Kind: logical.List},
		"ipAddresses":   {Kind: logical.List},
		"uris":          {Kind: logical.List},
	}
}

// name is the distinguished name of a `subject` argument.
func name(s logical.Values) pkix.Name {
	n := pkix.Name{
		CommonName: s.String("commonName"), SerialNumber: s.String("serialNumber"),
		StreetAddress: s.Strings("streetAddresses"),
	}
	for key, field := range map[string]*[]string{
		"organization": &n.Organization, "organizationalUnit": &n.OrganizationalUnit, "locality": &n.Locality,
		"province": &n.Province, "country": &n.Country, "postalCode": &n.PostalCode,
	} {
		if v := s.String(key); v != "" {
			*field = []string{v}
		}
	}
	if v := s.String("emailAddress"); v != "" {
		n.ExtraNames = append(n.ExtraNames, pkix.AttributeTypeAndValue{
			Type: oidEmail, Value: asn1.RawValue{Class: asn1.ClassUniversal, Tag: asn1.TagIA5String, Bytes: []byte(v)},
		})
	}
	return n
}

// alternatives are the alternative names of the arguments. checkSubject has seen to it that they parse.
func alternatives(in logical.Values) (addresses []net.IP, uris []*url.URL) {
	for _, s := range in.Strings("ipAddresses") {
		addresses = append(addresses, net.ParseIP(s))
	}
	for _, s := range in.Strings("uris") {
		if u, err := url.Parse(s); err == nil {
			uris = append(uris, u)
		}
	}
	return addresses, uris
}

var subjectFields = []string{
	"commonName", "country", "emailAddress", "locality", "organization", "organizationalUnit", "postalCode", "province",
	"serialNumber", "streetAddresses",
}

func checkSubject(in logical.Values) map[string]string {
	problems := map[string]string{}
	if _, _, err := parseKey(in.String("privateKeyPem")); err != nil {
		problems["privateKeyPem"] = err.Error()
	}
	for _, s := range in.Strings("ipAddresses") {
		if net.ParseIP(s) == nil {
			problems["ipAddresses"] = fmt.Sprintf("%q is no IP address", s)
		}
	}
	for _, s := range in.Strings("uris") {
		if _, err := url.Parse(s); err != nil {
			problems["uris"] = fmt.Sprintf("%q is no URI", s)
		}
	}
	for _, key := range in.Object("subject").Keys() {
		if !slices.Contains(subjectFields, key) {
			problems["subject"] = fmt.Sprintf("a subject has no %q", key)
		}
	}
	return problems
}
