package data

import (
	"fmt"
	"net/netip"
	"sort"
	"strings"
	"testing"

	"apim-azure/config/naming"
	"apim-azure/data/cassandra"
	"apim-azure/data/mysql"
	"apim-azure/internal/component"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

type rec struct{ lines []string }

func (r *rec) NewResource(a pulumi.MockResourceArgs) (string, resource.PropertyMap, error) {
	out := a.Inputs.Copy()
	out["name"] = resource.NewStringProperty(a.Name)
	if strings.HasPrefix(a.TypeToken, "random:") {
		out["result"] = resource.NewStringProperty("abc123")
	}
	for _, k := range []resource.PropertyKey{"certPem", "privateKeyPem", "privateKeyPemPkcs8", "certRequestPem"} {
		if strings.HasPrefix(a.TypeToken, "tls:") {
			out[k] = resource.NewStringProperty("PEM-" + a.Name)
		}
	}
	opts := ""
	if a.RegisterRPC != nil {
		opts = fmt.Sprintf("protect=%v ignore=%v deletedWith=%q deps=%v", a.RegisterRPC.GetProtect(), a.RegisterRPC.IgnoreChanges, a.RegisterRPC.DeletedWith, a.RegisterRPC.Dependencies)
	}
	in := fmt.Sprint(a.Inputs)
	if len(in) > 1500 { in = in[:1500] }
	r.lines = append(r.lines, a.TypeToken+" "+a.Name+" "+opts+"\n     "+in)
	return a.Name + "_id", out, nil
}
func (r *rec) Call(pulumi.MockCallArgs) (resource.PropertyMap, error) { return nil, nil }

type prov struct{ pulumi.ProviderResourceState }

func TestScratch(t *testing.T) {
	r := &rec{}
	err := pulumi.RunErr(func(ctx *pulumi.Context) error {
		mk := func(n string) pulumi.ProviderResource {
			p := &prov{}
			if err := ctx.RegisterResource("pulumi:providers:"+n, n, nil, p); err != nil { panic(err) }
			return p
		}
		pl := component.Placement{Providers: component.Providers{Azure: mk("azure-native"), Random: mk("random"), TLS: mk("tls")}, SubscriptionID: "s", Location: "westeurope", ResourceGroup: "rg", ResourceGroupName: pulumi.String("rg"), Tags: map[string]string{"a": "b"}, Protect: true}
		n := naming.Names{Project: "apim", Stack: "dev", Location: "westeurope"}
		c, err := NewCassandra(ctx, "cassandra", &CassandraArgs{Placement: pl, Names: n, Zones: []string{"1", "2", "3"}, Subnet: netip.MustParsePrefix("10.0.3.0/27"), SubnetID: pulumi.String("subnet"), InternalZone: "dev.apim.internal", InternalZoneName: pulumi.String("dev.apim.internal"), VMSize: "Standard_D4s_v5", DataDiskGB: 64, Version: "2.2.12", AdminUsername: "apimadmin", SSHPublicKey: pulumi.String("ssh-rsa x"), Keyspaces: []cassandra.Keyspace{{Group: "a_b", Name: "dev_a"}, {Group: "c", Name: "c"}}})
		if err != nil { return err }
		_, err = NewMySQL(ctx, "mysql", &MySQLArgs{Placement: pl, Names: n, Server: mysql.Settings{SKU: "Standard_D4ads_v5", Version: "8.4", StorageGB: 64, BackupRetentionDays: 14, GeoRedundantBackup: true, HighAvailability: true, AdminLogin: "apimadmin", Zones: []string{"1", "2", "3"}}, SubnetID: pulumi.String("subnet"), PrivateZoneID: pulumi.String("zone"), Host: c.Host})
		if err != nil { return err }
		nodes, _ := cassandra.Plan(n, netip.MustParsePrefix("10.0.3.0/27"), nil)
		_, err = NewCertificates(ctx, "certificates", &CertificatesArgs{Placement: pl, Authority: "ca", Client: "client", HostName: "cassandra.dev.apim.internal", Nodes: nodes})
		return err
	}, pulumi.WithMocks("apim", "dev", r))
	if err != nil { t.Fatal(err) }
	sort.Strings(r.lines)
	for _, l := range r.lines { t.Log(l) }
	if _, err := NewMySQL(nil, "x", nil); err == nil { t.Error() }
	t.Log((&CassandraArgs{}).Validate())
}
