package workloads

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"apim-azure/workloads/plan"
)

// SecretsToken is the type of Secrets.
const SecretsToken = "apim:workloads:Secrets"

// Login is a user name and a password; both are treated as secrets.
type Login struct {
	Username, Password pulumi.StringInput
}

func (l Login) validate(key string) error {
	if l.Username == nil || l.Password == nil {
		return fmt.Errorf("%s: user name and password are both required", key)
	}
	return nil
}

// RegistryLogin is the login at a registry other than the stack's own.
type RegistryLogin struct {
	// Server is the registry's host.
	Server string
	Login
}

// CassandraAccess is what a client needs to open Cassandra: the user, and PEM texts for mutual TLS.
type CassandraAccess struct {
	Login
	// CA is the certificate authority of nodes and clients.
	CA pulumi.StringInput
	// ClientCertificate and ClientKey are what clients prove themselves with.
	ClientCertificate, ClientKey pulumi.StringInput
}

// MetricsAccess is the metrics database, with one user for each component.
type MetricsAccess struct {
	// Host is the server's name, as its certificate states it.
	Host pulumi.StringInput
	// Database is the database's name.
	Database string
	// ANM, Manager and Gateway are the users.
	ANM, Manager, Gateway Login
}

// ShareAccess is the account that holds the events share.
type ShareAccess struct {
	Account, Key pulumi.StringInput
}

// SecretsArgs are the contents of the reference's secrets matrix, except the certificates, which come with their ingresses.
type SecretsArgs struct {
	Namespace *Namespace
	// Registry is nil when the images come from the stack's own registry: the nodes' identity may pull from that.
	Registry  *RegistryLogin
	Cassandra CassandraAccess
	Metrics   MetricsAccess
	Share     ShareAccess
	// License is the text of the licence, nil when the images carry their own; LicenseFile is the name of its file.
	License     pulumi.StringInput
	LicenseFile string
	// AdminUsers is the text of ANM's adminUsers.json, nil when its image carries its own.
	AdminUsers pulumi.StringInput
	// Listener is the certificate of the hosts for the listeners themselves, nil when the images carry their own.
	Listener *ListenerCertificate
}

// ListenerCertificate is a PEM chain, leaf first, and its PEM key.
type ListenerCertificate struct {
	Chain, Key pulumi.StringInput
}

// Validate reports all problems.
func (a *SecretsArgs) Validate() error {
	if a == nil {
		return errors.New("secrets: no arguments")
	}
	errs := []error{
		requireNamespace(a.Namespace), a.Cassandra.validate("cassandra login"),
		a.Metrics.ANM.validate("metrics login of ANM"), a.Metrics.Manager.validate("metrics login of API Manager UI"),
		a.Metrics.Gateway.validate("metrics login of the gateways"),
	}
	if a.Registry != nil {
		errs = append(errs, a.Registry.validate("secrets.registryUsername, secrets.registryPassword"))
		if a.Registry.Server == "" {
			errs = append(errs, errors.New("registry.external: empty, but a login is given; name the registry's host"))
		}
	}
	if slices.Contains([]pulumi.StringInput{a.Cassandra.CA, a.Cassandra.ClientCertificate, a.Cassandra.ClientKey}, nil) {
		errs = append(errs, errors.New("cassandra certificates: the authority, the client certificate and its key are all required"))
	}
	if a.Metrics.Host == nil || a.Metrics.Database == "" {
		errs = append(errs, errors.New("metrics database: the server's host and the database's name are both required"))
	}
	if a.License != nil {
		errs = append(errs, plan.CheckLicenseFile("workloads.licenseFile", a.LicenseFile))
	}
	if a.Listener != nil && (a.Listener.Chain == nil || a.Listener.Key == nil) {
		errs = append(errs, errors.New("listener certificate: the chain and its key are both required"))
	}
	if a.Share.Account == nil || a.Share.Key == nil {
		errs = append(errs, errors.New("events share: the account and its key are both required"))
	}
	return errors.Join(errs...)
}

// Secrets are the secrets of the workloads' namespace.
type Secrets struct {
	pulumi.ResourceState

	// Names are the names of the objects, sorted.
	Names pulumi.StringArrayOutput `pulumi:"names"`

	// digests are the hashes of the contents by object name.
	digests map[string]pulumi.StringOutput
}

// NewSecrets creates one object for each row of the matrix, so that a component can be given its own and no more.
func NewSecrets(ctx *pulumi.Context, name string, args *SecretsArgs, opts ...pulumi.ResourceOption) (*Secrets, error) {
	if err := args.Validate(); err != nil {
		return nil, err
	}
	s := &Secrets{digests: map[string]pulumi.StringOutput{}}
	kids, err := args.Namespace.register(ctx, SecretsToken, name, s, nil, opts...)
	if err != nil {
		return nil, err
	}
	contents := args.contents()
	names := make([]string, 0, len(contents))
	for _, c := range contents {
		if _, err := newSecret(ctx, name+"-"+c.name, args.Namespace, c, kids); err != nil {
			return nil, err
		}
		names = append(names, c.name)
		s.digests[c.name] = c.digest()
	}
	slices.Sort(names)
	s.Names = pulumi.ToStringArray(names).ToStringArrayOutput()
	return s, ctx.RegisterResourceOutputs(s, pulumi.Map{"names": s.Names})
}

// has tells whether an optional secret is there.
func (s *Secrets) has(secret plan.Secret) bool {
	_, ok := s.digests[string(secret)]
	return ok
}

// content is what goes into one secret. An empty kind is Opaque.
type content struct {
	name, kind string
	data       pulumi.StringMap
}

// digest is a hash of the content.
func (c content) digest() pulumi.StringOutput {
	return c.data.ToStringMapOutput().ApplyT(func(data map[string]string) (string, error) {
		text, err := json.Marshal(data) // keys in order
		sum := sha256.Sum256(text)
		return hex.EncodeToString(sum[:]), err
	}).(pulumi.StringOutput)
}

// revision changes with the content of any of the named secrets. It is shown in clear, so that a preview tells why pods are
// replaced: among the contents are generated passwords, which no one guesses from a hash.
func (s *Secrets) revision(names []string) pulumi.StringOutput {
	digests := make(pulumi.StringArray, len(names))
	for i, name := range names {
		digests[i] = s.digests[name]
	}
	revision := digests.ToStringArrayOutput().ApplyT(func(digests []string) string {
		sum := sha256.Sum256([]byte(strings.Join(digests, "\n")))
		return hex.EncodeToString(sum[:8])
	}).(pulumi.StringOutput)
	return pulumi.Unsecret(revision).(pulumi.StringOutput)
}

func (a *SecretsArgs) contents() []content {
	contents := []content{
		{name: string(plan.CassandraUser), data: pulumi.StringMap{
			plan.KeyUsername: a.Cassandra.Username, plan.KeyPassword: a.Cassandra.Password,
		}},
		{name: string(plan.CassandraTLS), kind: "kubernetes.io/tls", data: pulumi.StringMap{
			plan.KeyCA: a.Cassandra.CA, plan.KeyCertificate: a.Cassandra.ClientCertificate, plan.KeyPrivateKey: a.Cassandra.ClientKey,
		}},
		{name: string(plan.EventsShare), data: pulumi.StringMap{
			plan.KeyAccountName: a.Share.Account, plan.KeyAccountKey: a.Share.Key,
		}},
		a.Metrics.content(plan.ANM, a.Metrics.ANM),
		a.Metrics.content(plan.Manager, a.Metrics.Manager),
		a.Metrics.content(plan.Gateway, a.Metrics.Gateway),
	}
	if a.License != nil {
		contents = append(contents, content{name: string(plan.License), data: pulumi.StringMap{a.LicenseFile: a.License}})
	}
	if a.AdminUsers != nil {
		contents = append(contents, content{name: string(plan.AdminUsers), data: pulumi.StringMap{plan.KeyAdminUsers: a.AdminUsers}})
	}
	if a.Listener != nil {
		contents = append(contents, a.Listener.content())
	}
	if a.Registry != nil {
		contents = append(contents, a.Registry.content())
	}
	return contents
}

func (m MetricsAccess) content(c plan.Component, login Login) content {
	url := m.Host.ToStringOutput().ApplyT(func(host string) string { return plan.MetricsURL(host, m.Database) }).(pulumi.StringOutput)
	return content{name: plan.MetricsSecret(c), data: pulumi.StringMap{
		plan.KeyURL: url, plan.KeyUsername: login.Username, plan.KeyPassword: login.Password,
	}}
}

func (l *ListenerCertificate) content() content {
	parts := l.Chain.ToStringOutput().ApplyT(func(chain string) []string {
		leaf, issuers := plan.SplitChain(chain)
		return []string{leaf, issuers}
	}).(pulumi.StringArrayOutput)
	return content{name: string(plan.ListenerCertificate), data: pulumi.StringMap{
		plan.KeyCertificate: parts.Index(pulumi.Int(0)), plan.KeyChain: parts.Index(pulumi.Int(1)), plan.KeyPrivateKey: l.Key,
	}}
}

func (r *RegistryLogin) content() content {
	config := pulumi.All(r.Username, r.Password).ApplyT(func(login []any) string {
		return plan.DockerConfig(r.Server, login[0].(string), login[1].(string))
	}).(pulumi.StringOutput)
	return content{
		name: string(plan.RegistryLogin), kind: "kubernetes.io/dockerconfigjson",
		data: pulumi.StringMap{".dockerconfigjson": config},
	}
}

// newSecret creates one object. Every value is marked secret here, whatever its source, so that none can reach the state in clear.
func newSecret(ctx *pulumi.Context, name string, namespace *Namespace, c content, kids children) (*corev1.Secret, error) {
	data := make(pulumi.StringMap, len(c.data))
	for key, value := range c.data {
		data[key] = pulumi.ToSecret(value).(pulumi.StringOutput)
	}
	kind := c.kind
	if kind == "" {
		kind = "Opaque"
	}
	return corev1.NewSecret(ctx, name, &corev1.SecretArgs{
		Metadata:   namespace.meta(c.name, map[string]string{"app.kubernetes.io/part-of": "axway-api-management"}),
		Type:       pulumi.String(kind),
		StringData: data,
	}, kids.opts()...)
}
