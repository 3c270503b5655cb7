package dbformysql

import (
	"reflect"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

type recorder map[string]resource.PropertyMap

func (r recorder) NewResource(args pulumi.MockResourceArgs) (string, resource.PropertyMap, error) {
	r[args.TypeToken] = args.Inputs
	return args.Name, args.Inputs, nil
}

func (r recorder) Call(pulumi.MockCallArgs) (resource.PropertyMap, error) { return nil, nil }

func TestResourcesReachTheProviderWithTheSDKsNamesAndNesting(t *testing.T) {
	got := recorder{}
	err := pulumi.RunErr(func(ctx *pulumi.Context) error {
		group, server := pulumi.String("group"), pulumi.String("server")
		_, err := NewServer(ctx, "server", &ServerArgs{
			AdministratorLogin:         pulumi.String("login"),
			AdministratorLoginPassword: pulumi.String("password"),
			AvailabilityZone:           pulumi.String("1"),
			Backup:                     BackupArgs{BackupRetentionDays: pulumi.Int(14), GeoRedundantBackup: pulumi.String("Enabled")},
			HighAvailability:           HighAvailabilityArgs{Mode: pulumi.String("ZoneRedundant"), StandbyAvailabilityZone: pulumi.String("2")},
			Location:                   pulumi.String("westeurope"),
			Network:                    NetworkArgs{PublicNetworkAccess: pulumi.String("Disabled")},
			ResourceGroupName:          group,
			ServerName:                 server,
			Sku:                        MySQLServerSkuArgs{Name: pulumi.String("Standard_D4ads_v5"), Tier: pulumi.String("GeneralPurpose")},
			Storage:                    StorageArgs{AutoGrow: pulumi.String("Enabled"), AutoIoScaling: pulumi.String("Enabled"), StorageSizeGB: pulumi.Int(64)},
			Tags:                       pulumi.StringMap{"a": pulumi.String("b")},
			Version:                    pulumi.String("8.4"),
		})
		if err != nil {
			return err
		}
		if _, err := NewConfiguration(ctx, "configuration", &ConfigurationArgs{
			ConfigurationName: pulumi.String("tls_version"), ResourceGroupName: group, ServerName: server,
			Source: pulumi.String("user-override"), Value: pulumi.String("TLSv1.2"),
		}); err != nil {
			return err
		}
		_, err = NewDatabase(ctx, "database", &DatabaseArgs{
			Charset: pulumi.String("utf8mb4"), Collation: pulumi.String("utf8mb4_0900_ai_ci"), DatabaseName: pulumi.String("metrics"),
			ResourceGroupName: group, ServerName: server,
		})
		return err
	}, pulumi.WithMocks("project", "stack", got))
	if err != nil {
		t.Fatal(err)
	}
	password := got[ServerToken]["administratorLoginPassword"]
	if !password.IsSecret() || password.SecretValue().Element.StringValue() != "password" {
		t.Errorf("administratorLoginPassword = %v, want a secret", password)
	}
	delete(got[ServerToken], "administratorLoginPassword")
	want := recorder{
		ServerToken: resource.NewPropertyMapFromMap(map[string]any{
			"administratorLogin": "login", "availabilityZone": "1",
			"backup":           map[string]any{"backupRetentionDays": 14.0, "geoRedundantBackup": "Enabled"},
			"highAvailability": map[string]any{"mode": "ZoneRedundant", "standbyAvailabilityZone": "2"},
			"location":         "westeurope", "network": map[string]any{"publicNetworkAccess": "Disabled"},
			"resourceGroupName": "group", "serverName": "server",
			"sku":     map[string]any{"name": "Standard_D4ads_v5", "tier": "GeneralPurpose"},
			"storage": map[string]any{"autoGrow": "Enabled", "autoIoScaling": "Enabled", "storageSizeGB": 64.0},
			"tags":    map[string]any{"a": "b"}, "version": "8.4",
		}),
		ConfigurationToken: resource.NewPropertyMapFromMap(map[string]any{
			"configurationName": "tls_version", "resourceGroupName": "group", "serverName": "server",
			"source": "user-override", "value": "TLSv1.2",
		}),
		DatabaseToken: resource.NewPropertyMapFromMap(map[string]any{
			"charset": "utf8mb4", "collation": "utf8mb4_0900_ai_ci", "databaseName": "metrics",
			"resourceGroupName": "group", "serverName": "server",
		}),
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
}

func TestMissingParentsAreRefusedBeforeRegistration(t *testing.T) {
	got := recorder{}
	err := pulumi.RunErr(func(ctx *pulumi.Context) error {
		for name, register := range map[string]func() error{
			"nil server":           func() error { _, err := NewServer(ctx, "a", nil); return err },
			"server without group": func() error { _, err := NewServer(ctx, "a", &ServerArgs{}); return err },
			"nil configuration":    func() error { _, err := NewConfiguration(ctx, "a", nil); return err },
			"configuration, no server": func() error {
				_, err := NewConfiguration(ctx, "a", &ConfigurationArgs{ResourceGroupName: pulumi.String("g")})
				return err
			},
			"nil database": func() error { _, err := NewDatabase(ctx, "a", nil); return err },
			"database, no server": func() error {
				_, err := NewDatabase(ctx, "a", &DatabaseArgs{ResourceGroupName: pulumi.String("g")})
				return err
			},
		} {
			if register() == nil {
				t.Errorf("%s was accepted", name)
			}
		}
		return nil
	}, pulumi.WithMocks("project", "stack", got))
	if err != nil || len(got) != 0 {
		t.Errorf("error %v, registered %v", err, got)
	}
}
