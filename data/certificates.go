package data

import (
	"errors"
	"fmt"

	"github.com/pulumi/pulumi-tls/sdk/v5/go/tls"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"apim-azure/data/cassandra"
	"apim-azure/internal/component"
)

// CertificatesToken is the type token of the Certificates component.
const CertificatesToken = "apim:data:Certificates"

// How long certificates are valid, in hours: ten years for the authority, five for what it signs. None is renewed early, so
// that an `up` that was meant to change something else never changes the trust between images and database.
const (
	authorityHours = 10 * 365 * 24
	leafHours      = 5 * 365 * 24
)

// keyBits is the size of RSA keys. RSA, because Java 8 and the product's key stores take it everywhere.
const (
	authorityKeyBits = 4096
	leafKeyBits      = 2048
)

// CertificatesArgs are the inputs of the certificates.
type CertificatesArgs struct {
	// Placement carries the providers.
	Placement component.Placement
	// Authority is the common name of the authority, such as apim-dev-cassandra-ca.
	Authority string
	// Client is the common name of the certificate the gateways present.
	Client string
	// HostName is the cluster's name; every node's certificate covers it.
	HostName string
	// Nodes are the nodes to make certificates for, from cassandra.Plan.
	Nodes []cassandra.Node
}

// Certificates is a certificate authority with one certificate per Cassandra node and one for all clients.
type Certificates struct {
	pulumi.ResourceState

	// AuthorityCertificate is the authority's certificate, PEM.
	AuthorityCertificate pulumi.StringOutput `pulumi:"authorityCertificate"`
	// ClientCertificate is the certificate the gateways present, PEM.
	ClientCertificate pulumi.StringOutput `pulumi:"clientCertificate"`
	// ClientKey is its key, PEM (PKCS #8), a secret.
	ClientKey pulumi.StringOutput `pulumi:"clientKey"`
	// NodeCertificates are the nodes' certificates, PEM, by machine name.
	NodeCertificates pulumi.StringMapOutput `pulumi:"nodeCertificates"`
	// NodeKeys are their keys, PEM (PKCS #8), by machine name, secrets.
	NodeKeys pulumi.StringMapOutput `pulumi:"nodeKeys"`
}

// Validate reports every problem at once.
func (a *CertificatesArgs) Validate() error {
	if a == nil {
		return errors.New("certificates: no arguments given")
	}
	var problems []error
	need := func(given bool, what string) {
		if !given {
			problems = append(problems, fmt.Errorf("certificates: %s is missing", what))
		}
	}
	need(a.Authority != "", "Authority")
	need(a.Client != "", "Client")
	need(a.HostName != "", "HostName")
	need(len(a.Nodes) > 0, "Nodes")
	return errors.Join(problems...)
}

// NewCertificates creates the authority and signs the certificates.
func NewCertificates(ctx *pulumi.Context, name string, args *CertificatesArgs, opts ...pulumi.ResourceOption) (*Certificates, error) {
	if err := args.Validate(); err != nil {
		return nil, err
	}
	c := &Certificates{}
	children, err := args.Placement.Register(ctx, CertificatesToken, name, c, opts...)
	if err != nil {
		return nil, err
	}
	b := certificatesBuilder{ctx: ctx, name: name, children: children}
	if err := b.authority(args.Authority); err != nil {
		return nil, err
	}
	client, err := b.leaf("client", args.Client, nil, nil, "client_auth")
	if err != nil {
		return nil, err
	}
	nodeCertificates, nodeKeys := pulumi.StringMap{}, pulumi.StringMap{}
	for _, node := range args.Nodes {
		// Nodes are servers to clients and clients to each other.
		leaf, err := b.leaf(fmt.Sprintf("node-%d", node.Index), node.Name, []string{args.HostName, node.Name}, []string{node.Address.String()},
			"server_auth", "client_auth")
		if err != nil {
			return nil, err
		}
		nodeCertificates[node.Name], nodeKeys[node.Name] = leaf.certificate, leaf.key
	}
	c.AuthorityCertificate = b.certificate.CertPem
	c.ClientCertificate, c.ClientKey = client.certificate, client.key
	c.NodeCertificates = nodeCertificates.ToStringMapOutput()
	c.NodeKeys = pulumi.ToSecret(nodeKeys.ToStringMapOutput()).(pulumi.StringMapOutput)
	return c, ctx.RegisterResourceOutputs(c, pulumi.Map{
		"authorityCertificate": c.AuthorityCertificate,
		"clientCertificate":    c.ClientCertificate, "clientKey": c.ClientKey,
		"nodeCertificates": c.NodeCertificates, "nodeKeys": c.NodeKeys,
	})
}

// certificatesBuilder carries what every step needs, the authority once it exists included.
type certificatesBuilder struct {
	ctx         *pulumi.Context
	name        string
	children    component.Children
	key         *tls.PrivateKey
	certificate *tls.SelfSignedCert
}

// authority is protected: images carry its certificate, so a new one means new images.
func (b *certificatesBuilder) authority(commonName string) (err error) {
	if b.key, err = tls.NewPrivateKey(b.ctx, b.name+"-authority-key", &tls.PrivateKeyArgs{
		Algorithm: pulumi.String("RSA"), RsaBits: pulumi.Int(authorityKeyBits),
	}, b.children.Protected()...); err != nil {
		return err
	}
	b.certificate, err = tls.NewSelfSignedCert(b.ctx, b.name+"-authority", &tls.SelfSignedCertArgs{
		PrivateKeyPem:       b.key.PrivateKeyPem,
		Subject:             tls.SelfSignedCertSubjectArgs{CommonName: pulumi.String(commonName)},
		IsCaCertificate:     pulumi.Bool(true),
		SetSubjectKeyId:     pulumi.Bool(true),
		AllowedUses:         pulumi.ToStringArray([]string{"cert_signing", "crl_signing"}),
		ValidityPeriodHours: pulumi.Int(authorityHours),
		EarlyRenewalHours:   pulumi.Int(0),
	}, b.children.Protected()...)
	return err
}

// signed is a certificate with its key, both PEM; the key is a secret.
type signed struct{ certificate, key pulumi.StringOutput }

func (b *certificatesBuilder) leaf(role, commonName string, hosts, addresses []string, uses ...string) (signed, error) {
	key, err := tls.NewPrivateKey(b.ctx, b.name+"-"+role+"-key", &tls.PrivateKeyArgs{
		Algorithm: pulumi.String("RSA"), RsaBits: pulumi.Int(leafKeyBits),
	}, b.children.Opts()...)
	if err != nil {
		return signed{}, err
	}
	request := &tls.CertRequestArgs{
		PrivateKeyPem: key.PrivateKeyPem,
		Subject:       tls.CertRequestSubjectArgs{CommonName: pulumi.String(commonName)},
	}
	if len(hosts) > 0 {
		request.DnsNames, request.IpAddresses = pulumi.ToStringArray(hosts), pulumi.ToStringArray(addresses)
	}
	asked, err := tls.NewCertRequest(b.ctx, b.name+"-"+role+"-request", request, b.children.Opts()...)
	if err != nil {
		return signed{}, err
	}
	certificate, err := tls.NewLocallySignedCert(b.ctx, b.name+"-"+role, &tls.LocallySignedCertArgs{
		CertRequestPem:      asked.CertRequestPem,
		CaCertPem:           b.certificate.CertPem,
		CaPrivateKeyPem:     b.key.PrivateKeyPem,
		SetSubjectKeyId:     pulumi.Bool(true),
		AllowedUses:         pulumi.ToStringArray(append([]string{"digital_signature", "key_encipherment"}, uses...)),
		ValidityPeriodHours: pulumi.Int(leafHours),
		EarlyRenewalHours:   pulumi.Int(0),
	}, b.children.Opts()...)
	if err != nil {
		return signed{}, err
	}
	return signed{certificate.CertPem, pulumi.ToSecret(key.PrivateKeyPemPkcs8).(pulumi.StringOutput)}, nil
}
