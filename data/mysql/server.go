package mysql

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Database is the metrics database.
const Database = "metrics"

// Port is the server's port, TCP.
const Port = 3306

// Character set and collation of the metrics database: the server's own defaults since 8.0, stated so that a restore elsewhere
// gets the same.
const (
	Charset   = "utf8mb4"
	Collation = "utf8mb4_0900_ai_ci"
)

// PrivateZone is the private DNS zone a server's endpoint is found in, as Azure's private endpoint table names it.
const PrivateZone = "privatelink.mysql.database.azure.com"

// GroupID is the sub-resource a private endpoint to a server connects to.
const GroupID = "mysqlServer"

// Parameter is a server parameter.
type Parameter struct{ Name, Value string }

// Parameters are the server parameters the program sets, in order: no connection without TLS, and none below TLS 1.2. Both are
// Azure's defaults today; they are the reference architecture's requirement, so they are stated.
func Parameters() []Parameter {
	return []Parameter{{"require_secure_transport", "ON"}, {"tls_version", "TLSv1.2"}}
}

// FQDN is the host name of a server. Through the private zone it resolves to the endpoint.
func FQDN(server string) string { return server + ".mysql.database.azure.com" }

// Tiers of flexible servers.
const (
	Burstable       = "Burstable"
	GeneralPurpose  = "GeneralPurpose"
	MemoryOptimized = "MemoryOptimized"
)

// Standby modes of flexible servers.
const (
	NoStandby     = "Disabled"
	SameZone      = "SameZone"
	ZoneRedundant = "ZoneRedundant"
)

// Settings are a server's figures.
type Settings struct {
	// SKU is the compute size; its letter decides the tier.
	SKU string
	// Version is the server's version, 8.0.21 or 8.4.
	Version string
	// StorageGB is the initial size, 20 to 16384 GiB.
	StorageGB int
	// BackupRetentionDays is 1 to 35 days.
	BackupRetentionDays int
	// GeoRedundantBackup keeps backups in the paired region too.
	GeoRedundantBackup bool
	// HighAvailability keeps a standby.
	HighAvailability bool
	// AdminLogin is the administrator's name.
	AdminLogin string
	// Zones are the region's availability zones; empty in regions without zones.
	Zones []string
}

// Logins Azure reserves, in lower case.
var reservedLogins = []string{"azure_superuser", "azure_pg_admin", "admin", "administrator", "root", "guest", "public", "sa"}

var (
	skuRule   = regexp.MustCompile(`^Standard_[BDE][0-9]+[a-z0-9_]*$`)
	loginRule = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_]{0,31}$`)
)

// Validate reports every figure Azure would refuse. The rules are those of Azure's flexible server documentation.
func (s Settings) Validate() error {
	var problems []error
	refuse := func(format string, args ...any) { problems = append(problems, fmt.Errorf(format, args...)) }
	if !skuRule.MatchString(s.SKU) {
		refuse("mysql.sku: %q is not a flexible server size; use one such as Standard_D4ads_v5, Standard_E4ads_v5 or Standard_B2ms", s.SKU)
	}
	if !slices.Contains([]string{"8.0.21", "8.4"}, s.Version) {
		refuse("mysql.version: %q is neither 8.0.21 nor 8.4", s.Version)
	}
	if s.StorageGB < 20 || s.StorageGB > 16384 {
		refuse("mysql.storageGB: %d is outside 20 to 16384 GiB", s.StorageGB)
	}
	if s.BackupRetentionDays < 1 || s.BackupRetentionDays > 35 {
		refuse("mysql.backupRetentionDays: %d is outside 1 to 35 days", s.BackupRetentionDays)
	}
	if s.HighAvailability && s.Tier() == Burstable {
		refuse("mysql.highAvailability: true with mysql.sku %q: the Burstable tier has no standby; use a D or E size, or turn it off", s.SKU)
	}
	if !loginRule.MatchString(s.AdminLogin) || slices.Contains(reservedLogins, strings.ToLower(s.AdminLogin)) {
		refuse("mysql.adminLogin: %q: 1 to 32 letters, digits and underscores, a letter first, and none of %s",
			s.AdminLogin, strings.Join(reservedLogins, ", "))
	}
	if len(s.Zones) == 1 {
		refuse("mysql: one availability zone (%s) leaves none for the standby; pass two or more, or none", s.Zones[0])
	}
	return errors.Join(problems...)
}

// Tier is the tier the compute size belongs to: B is Burstable, E is MemoryOptimized, D is GeneralPurpose.
func (s Settings) Tier() string {
	switch size := strings.TrimPrefix(s.SKU, "Standard_"); {
	case strings.HasPrefix(size, "B"):
		return Burstable
	case strings.HasPrefix(size, "E"):
		return MemoryOptimized
	default:
		return GeneralPurpose
	}
}

// Standby is the mode of the standby and the zones of both servers; zones are empty where Azure chooses or has none.
func (s Settings) Standby() (mode, primaryZone, standbyZone string) {
	if len(s.Zones) > 0 {
		primaryZone = s.Zones[0]
	}
	switch {
	case !s.HighAvailability:
		return NoStandby, primaryZone, ""
	case len(s.Zones) < 2:
		return SameZone, "", ""
	default:
		return ZoneRedundant, primaryZone, s.Zones[1]
	}
}
