package plan

import (
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Secret is a kind of sensitive information of the reference's "Secrets" table.
type Secret string

// The rows of the reference's table. Cassandra's certificates, the licence, the administrators and the listeners' certificate are
// ours: the reference asks for them in every image, or without saying where they are kept.
const (
	// RegistryLogin exists only when the images come from a registry other than the stack's own, which the nodes' identity reads.
	RegistryLogin Secret = "registry-login"
	// CassandraUser is the login the gateways and API Manager UI open Cassandra with.
	CassandraUser Secret = "cassandra-user"
	// CassandraTLS is Cassandra's certificate authority, and the certificate and key the clients prove themselves with.
	CassandraTLS Secret = "cassandra-tls"
	// EventsShare is the account and key of the events share. The nodes read it when they mount the volume for a pod.
	EventsShare Secret = "events-share"
	// MetricsUser is the address of the metrics database with one login per component, each in its own object (MetricsSecret).
	MetricsUser Secret = "metrics"
	// License is the Axway licence, if it isn't part of the images.
	License Secret = "license"
	// AdminUsers are those who may log in to ANM, if they aren't part of its image.
	AdminUsers Secret = "admin-users"
	// ListenerCertificate is the hosts' certificate and key for the listeners themselves, if their configuration has none.
	ListenerCertificate Secret = "listener-certificate"
	// Certificate is a public certificate and its key, one object for each ingress (CertificateSecret).
	Certificate Secret = "certificate"
)

// Keys of the secrets' data.
const (
	KeyUsername = "username"
	KeyPassword = "password"
	// KeyURL is the JDBC address of the metrics database.
	KeyURL = "url"
	// KeyAdminUsers is the name of the file ANM reads.
	KeyAdminUsers = "adminUsers.json"
	// KeyChain are the issuers of KeyCertificate.
	KeyChain       = "chain.crt"
	KeyCA          = "ca.crt"
	KeyCertificate = "tls.crt"
	KeyPrivateKey  = "tls.key"
	// KeyAccountName and KeyAccountKey are what the Azure Files driver looks for.
	KeyAccountName = "azurestorageaccountname"
	KeyAccountKey  = "azurestorageaccountkey"
)

// readers is the matrix: who gets to see what. The reference gives the database login to ANM alone; the FED of the gateways
// needs METRICS_DB_* too, so every component has its own user.
var readers = map[Secret][]Component{
	RegistryLogin: {ANM, Manager, Gateway},
	CassandraUser: {Manager, Gateway},
	CassandraTLS:  {Manager, Gateway},
	EventsShare:   {ANM, Manager, Gateway},
	MetricsUser:   {ANM, Manager, Gateway},
	License:       {ANM, Manager, Gateway},
	AdminUsers:    {ANM},

	ListenerCertificate: {ANM, Manager, Gateway},
	Certificate:         {IngressController},
}

// Reads tells whether a component's pods are given a secret.
func Reads(c Component, s Secret) bool { return slices.Contains(readers[s], c) }

// MetricsSecret names the object that holds a component's login at the metrics database.
func MetricsSecret(c Component) string { return string(MetricsUser) + "-" + string(c) }

// CertificateSecret names the object that holds an ingress's certificate.
func CertificateSecret(ingress string) string { return ingress + "-tls" }

// LicenseFilePattern is what the licence's file is called: a key of a secret that ends in .lic, by which the product finds it.
const LicenseFilePattern = `^[A-Za-z0-9_-][A-Za-z0-9._-]{0,200}\.lic$`

var licenseFile = regexp.MustCompile(LicenseFilePattern)

// CheckLicenseFile refuses a name under which the product would not find its licence.
func CheckLicenseFile(key, name string) error {
	if !licenseFile.MatchString(name) {
		return fmt.Errorf("%s: %q; use letters, digits, dots, dashes and underscores, and end it in .lic: the product looks for no other", key, name)
	}
	return nil
}

// SplitChain takes a PEM chain, leaf first, apart into the leaf and its issuers. A file of issuers has to be there, so a leaf that
// comes alone stands for both.
func SplitChain(chain string) (leaf, issuers string) {
	block, rest := pem.Decode([]byte(chain))
	if block == nil {
		return chain, chain
	}
	leaf, issuers = string(pem.EncodeToMemory(block)), strings.TrimSpace(string(rest))
	if issuers == "" {
		return leaf, leaf
	}
	return leaf, issuers + "\n"
}

// MetricsURL is the JDBC address of the metrics database: TLS is required and the server's certificate and name are checked
// (Azure's servers refuse clear text, the driver would otherwise accept any certificate).
func MetricsURL(host, database string) string {
	return fmt.Sprintf("jdbc:mysql://%s:3306/%s?sslMode=VERIFY_IDENTITY", host, database)
}

// DockerConfig is the content of a `kubernetes.io/dockerconfigjson` secret for one registry.
func DockerConfig(server, username, password string) string {
	type login struct {
		Username string `json:"username"`
		Password string `json:"password"`
		Auth     string `json:"auth"`
	}
	auth := base64.StdEncoding.EncodeToString([]byte(username + ":" + password))
	// Marshalling strings can't fail.
	text, _ := json.Marshal(map[string]map[string]login{"auths": {server: {username, password, auth}}})
	return string(text)
}
