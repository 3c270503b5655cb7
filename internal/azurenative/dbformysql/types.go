package dbformysql

import (
	"reflect"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Backup is a server's backup settings, plain.
type Backup struct {
	BackupRetentionDays *int    `pulumi:"backupRetentionDays"`
	GeoRedundantBackup  *string `pulumi:"geoRedundantBackup"`
}

// BackupArgs are a server's backup settings.
type BackupArgs struct {
	// BackupRetentionDays is 1 to 35 days.
	BackupRetentionDays pulumi.IntPtrInput `pulumi:"backupRetentionDays"`
	// GeoRedundantBackup is Enabled or Disabled, and only Enabled in regions that have a pair.
	GeoRedundantBackup pulumi.StringPtrInput `pulumi:"geoRedundantBackup"`
}

// ElementType is what the arguments marshal as.
func (BackupArgs) ElementType() reflect.Type { return reflect.TypeFor[Backup]() }
func (BackupArgs) isBackup()                 {}

// BackupPtrInput is implemented by BackupArgs.
type BackupPtrInput interface {
	pulumi.Input
	isBackup()
}

// HighAvailability is a server's standby, plain.
type HighAvailability struct {
	Mode                    *string `pulumi:"mode"`
	StandbyAvailabilityZone *string `pulumi:"standbyAvailabilityZone"`
}

// HighAvailabilityArgs are a server's standby.
type HighAvailabilityArgs struct {
	// Mode is Disabled, SameZone or ZoneRedundant; the last one has to be chosen when the server is created.
	Mode pulumi.StringPtrInput `pulumi:"mode"`
	// StandbyAvailabilityZone differs from the primary's zone in mode ZoneRedundant.
	StandbyAvailabilityZone pulumi.StringPtrInput `pulumi:"standbyAvailabilityZone"`
}

// ElementType is what the arguments marshal as.
func (HighAvailabilityArgs) ElementType() reflect.Type { return reflect.TypeFor[HighAvailability]() }
func (HighAvailabilityArgs) isHighAvailability()       {}

// HighAvailabilityPtrInput is implemented by HighAvailabilityArgs.
type HighAvailabilityPtrInput interface {
	pulumi.Input
	isHighAvailability()
}

// Network is a server's network settings, plain.
type Network struct {
	PublicNetworkAccess *string `pulumi:"publicNetworkAccess"`
}

// NetworkArgs are a server's network settings.
type NetworkArgs struct {
	// PublicNetworkAccess is Enabled or Disabled. A private endpoint needs a server without delegated subnet.
	PublicNetworkAccess pulumi.StringPtrInput `pulumi:"publicNetworkAccess"`
}

// ElementType is what the arguments marshal as.
func (NetworkArgs) ElementType() reflect.Type { return reflect.TypeFor[Network]() }
func (NetworkArgs) isNetwork()                {}

// NetworkPtrInput is implemented by NetworkArgs.
type NetworkPtrInput interface {
	pulumi.Input
	isNetwork()
}

// MySQLServerSku is a server's size, plain.
type MySQLServerSku struct {
	Name string `pulumi:"name"`
	Tier string `pulumi:"tier"`
}

// MySQLServerSkuArgs are a server's size. Both are required, and the tier has to match the name.
type MySQLServerSkuArgs struct {
	// Name is the compute size, such as Standard_D4ads_v5.
	Name pulumi.StringInput `pulumi:"name"`
	// Tier is Burstable, GeneralPurpose or MemoryOptimized.
	Tier pulumi.StringInput `pulumi:"tier"`
}

// ElementType is what the arguments marshal as.
func (MySQLServerSkuArgs) ElementType() reflect.Type { return reflect.TypeFor[MySQLServerSku]() }
func (MySQLServerSkuArgs) isMySQLServerSku()         {}

// MySQLServerSkuPtrInput is implemented by MySQLServerSkuArgs.
type MySQLServerSkuPtrInput interface {
	pulumi.Input
	isMySQLServerSku()
}

// Storage is a server's storage, plain.
type Storage struct {
	AutoGrow      *string `pulumi:"autoGrow"`
	AutoIoScaling *string `pulumi:"autoIoScaling"`
	StorageSizeGB *int    `pulumi:"storageSizeGB"`
}

// StorageArgs are a server's storage.
type StorageArgs struct {
	// AutoGrow is Enabled or Disabled; high availability needs Enabled.
	AutoGrow pulumi.StringPtrInput `pulumi:"autoGrow"`
	// AutoIoScaling is Enabled or Disabled; Enabled excludes a fixed number of IOPS.
	AutoIoScaling pulumi.StringPtrInput `pulumi:"autoIoScaling"`
	// StorageSizeGB is 20 to 16384 GiB and never shrinks.
	StorageSizeGB pulumi.IntPtrInput `pulumi:"storageSizeGB"`
}

// ElementType is what the arguments marshal as.
func (StorageArgs) ElementType() reflect.Type { return reflect.TypeFor[Storage]() }
func (StorageArgs) isStorage()                {}

// StoragePtrInput is implemented by StorageArgs.
type StoragePtrInput interface {
	pulumi.Input
	isStorage()
}
