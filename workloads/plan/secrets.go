package plan

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
)

// Secret is a kind of sensitive information of the reference's "Secrets" table.
type Secret string

// The rows of the reference's table. Cassandra's certificates and the licence are ours: the reference asks for mutual TLS and
// for a licence in every image, without saying where they are kept.
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
	// Certificate is a public certificate and its key, one object for each ingress (CertificateSecret).
	Certificate Secret = "certificate"
)

// Keys of the secrets' data.
const (
	KeyUsername = "username"
	KeyPassword = "password"
	// KeyURL is the JDBC address of the metrics database.
	KeyURL = "url"
	// KeyLicense must end in .lic: the gateway looks for licences by that suffix.
	KeyLicense     = "license.lic"
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
	Certificate:   {IngressController},
}

// Reads tells whether a component's pods are given a secret.
func Reads(c Component, s Secret) bool { return slices.Contains(readers[s], c) }

// MetricsSecret names the object that holds a component's login at the metrics database.
func MetricsSecret(c Component) string { return string(MetricsUser) + "-" + string(c) }

// CertificateSecret names the object that holds an ingress's certificate.
func CertificateSecret(ingress string) string { return ingress + "-tls" }

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
