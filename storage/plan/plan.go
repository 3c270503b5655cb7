// Package plan decides kinds, redundancies and sizes of the storage accounts before any cloud is asked. It imports nothing
// of Pulumi.
package plan

import (
	"errors"
	"fmt"
)

// Share is the name of the events share.
const Share = "events"

// The containers logs are streamed to, one for each kind the reference lists.
const (
	KubernetesLogs  = "kubernetes-logs"
	ContainerLogs   = "containers-logs"
	ApplicationLogs = "applications-logs"
)

// Containers are all log containers, in the order they are listed everywhere.
func Containers() []string { return []string{KubernetesLogs, ContainerLogs, ApplicationLogs} }

// Account is what decides an account's price and durability. Azure can change neither half of it across families.
type Account struct {
	// Kind is the account's kind.
	Kind string
	// SKU is the performance tier and the redundancy.
	SKU string
}

// Events is the account and share of the transaction events.
type Events struct {
	// ZoneRedundant keeps a copy in each of three zones. False in regions without zones.
	ZoneRedundant bool
	// ShareGB is the provisioned size, 100 to 102400 GiB, as premium shares of the first model have it.
	ShareGB int
}

// Account is premium file storage. No premium file tier is replicated to another region.
func (e Events) Account() Account {
	return Account{Kind: "FileStorage", SKU: premium(e.ZoneRedundant)}
}

// Validate reports a size Azure would refuse.
func (e Events) Validate() error {
	if e.ShareGB < 100 || e.ShareGB > 102400 {
		return fmt.Errorf("storage.eventsShareGB: %d: a premium share has 100 to 102400 GiB; set it in between, or 0 to derive it",
			e.ShareGB)
	}
	return nil
}

// Logs is the account and containers of the logs.
type Logs struct {
	// ZoneRedundant keeps a copy in each of three zones. False in regions without zones.
	ZoneRedundant bool
	// GeoRedundant keeps a copy in the paired region, which premium storage can't.
	GeoRedundant bool
	// RetentionDays is the age at which logs are deleted, 1 to 3650 days.
	RetentionDays int
}

// Account is premium block blob storage, or standard storage where a copy in the paired region is wanted.
func (l Logs) Account() Account {
	switch {
	case !l.GeoRedundant:
		return Account{Kind: "BlockBlobStorage", SKU: premium(l.ZoneRedundant)}
	case l.ZoneRedundant:
		return Account{Kind: "StorageV2", SKU: "Standard_GZRS"}
	default:
		return Account{Kind: "StorageV2", SKU: "Standard_GRS"}
	}
}

// Validate reports a retention out of range.
func (l Logs) Validate() error {
	if l.RetentionDays < 1 || l.RetentionDays > 3650 {
		return fmt.Errorf("storage.logs.retentionDays: %d: logs are kept 1 to 3650 days; choose a number in between", l.RetentionDays)
	}
	return nil
}

// Wiring checks what every account is handed over.
func Wiring(component, subnetID string) error {
	if subnetID == "" {
		return errors.New(component + ": SubnetID is empty; hand over the AKS subnet's resource ID")
	}
	return nil
}

func premium(zoneRedundant bool) string {
	if zoneRedundant {
		return "Premium_ZRS"
	}
	return "Premium_LRS"
}
