package arm

import (
	"fmt"
	"slices"
	"strings"
)

const (
	typeMySQL = "Microsoft.DBforMySQL/flexibleServers"
	mysqlPage = "learn: mysql/flexible-server/concepts-service-tiers-storage"
	mysqlPath = "/subscriptions/{subscriptionId}/resourceGroups/{resourceGroupName}/providers/Microsoft.DBforMySQL/flexibleServers/{serverName}"
)

// mysqlParameters are the server parameters the rules know: default, allowed values (nil: anything), static.
var mysqlParameters = map[string]struct {
	value   string
	allowed []string
	static  bool
}{
	"require_secure_transport": {"ON", words("ON OFF"), false},
	"tls_version":              {"TLSv1.2", nil, true},
	"max_connections":          {"2731", nil, false},
	"event_scheduler":          {"ON", words("ON OFF"), false},
	"character_set_server":     {"utf8mb4", nil, false}, "collation_server": {"utf8mb4_0900_ai_ci", nil, false},
	"max_allowed_packet": {"16777216", nil, false}, "wait_timeout": {"28800", nil, false}, "interactive_timeout": {"28800", nil, false},
	"innodb_buffer_pool_size": {"12884901888", nil, false}, "lower_case_table_names": {"1", words("1 2"), true},
	"log_bin_trust_function_creators": {"ON", words("ON OFF"), false}, "slow_query_log": {"OFF", words("ON OFF"), false},
	"long_query_time": {"10", nil, false}, "audit_log_enabled": {"OFF", words("ON OFF"), false}, "audit_log_events": {"CONNECTION", nil, false},
	"sql_mode":  {"ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION,NO_ZERO_DATE,NO_ZERO_IN_DATE,STRICT_TRANS_TABLES", nil, false},
	"time_zone": {"SYSTEM", nil, false}, "sql_generate_invisible_primary_key": {"ON", words("ON OFF"), false},
	"innodb_lock_wait_timeout": {"50", nil, false}, "transaction_isolation": {"REPEATABLE-READ", nil, false}, "explicit_defaults_for_timestamp": {"ON", words("ON OFF"), false},
	"init_connect": {"", nil, false}, "error_server_log_file": {"OFF", words("ON OFF"), false}, "log_output": {"FILE", words("FILE TABLE NONE"), false},
}

var _ = register(
	&Type{
		Token: "azure-native:dbformysql:Server", ARM: typeMySQL, APIVersion: "2024-02-01-preview", Path: mysqlPath,
		Name: Name{3, 63, `[a-z0-9]([a-z0-9-]*[a-z0-9])?`, "lower-case letters, digits and -, with a letter or digit at both ends"}, Unique: true,
		Required: []string{"location", "sku.name", "sku.tier"}, ForceNew: []string{"location"},
		Immutable: []string{"location", "administratorLogin", "availabilityZone", "backup.geoRedundantBackup", "network.delegatedSubnetResourceId"}, ImmutableCode: "InvalidParameterValue",
		WriteOnly: []string{"administratorLoginPassword", "createMode"},
		Defaults: Object{
			"version": "8.0.21", "backup": Object{"backupRetentionDays": 7.0, "geoRedundantBackup": "Disabled"},
			"highAvailability": Object{"mode": "Disabled"}, "network": Object{"publicNetworkAccess": "Enabled"},
			"storage": Object{"storageSizeGB": 20.0, "autoGrow": "Enabled", "autoIoScaling": "Disabled", "logOnDisk": "Disabled"}, "replicationRole": "None",
		},
		Minutes: Minutes{5, 2, 2},
		Compute: func(c *Call, p Object) {
			p["fullyQualifiedDomainName"], p["state"] = c.Name+".mysql.database.azure.com", "Ready"
			p["replicaCapacity"], p["privateEndpointConnections"] = 10.0, []any{}
			set(p, "storage.storageSku", "Premium_LRS")
			if text(p, "highAvailability.mode") != "Disabled" {
				set(p, "highAvailability.state", "Healthy")
			}
			if n, given := number(p, "storage.iops"); !given || n == 0 {
				set(p, "storage.iops", c.previous("storage.iops", 360.0))
			}
			if text(p, "availabilityZone") == "" && hasZones(c.location()) {
				p["availabilityZone"] = c.previous("availabilityZone", "1")
			}
		},
		Rules: []Rule{
			{ID: "server/tier-fits-sku", Code: "InvalidEditionSku", Provenance: Documented, Source: mysqlPage, Check: func(c *Call) []string {
				name, tier := text(c.Inputs, "sku.name"), text(c.Inputs, "sku.tier")
				want := map[string]string{"Standard_B": "Burstable", "Standard_D": "GeneralPurpose", "Standard_E": "MemoryOptimized"}[name[:min(len(name), 10)]]
				if want == "" || want != tier {
					return []string{fmt.Sprintf("sku: tier '%s' doesn't go with '%s'", tier, name)}
				}
				if _, known := lookupSize(name); !known {
					return []string{fmt.Sprintf("sku.name: '%s' is not a size", name)}
				}
				return nil
			}},
			values("server", Documented, "azure-native lists 5.7 and 8.0.21 only; Azure offers 8.4 since 2025-09 and 9.3 as innovation preview", map[string][]string{
				"version": {"5.7", "8.0.21", "8.4", "9.3"}, "highAvailability.mode": {"Disabled", "ZoneRedundant", "SameZone"}, "network.publicNetworkAccess": {"Enabled", "Disabled"},
				"storage.autoGrow": {"Enabled", "Disabled"}, "storage.autoIoScaling": {"Enabled", "Disabled"}, "backup.geoRedundantBackup": {"Enabled", "Disabled"},
			}),
			ranges("server", "InvalidParameterValue", Documented, mysqlPage, map[string][2]float64{"storage.storageSizeGB": {20, 16384}, "backup.backupRetentionDays": {1, 35}, "storage.iops": {0, 48000}}),
			{ID: "server/storage-grows-only", Code: "StorageSizeCannotBeReduced", Provenance: Documented, Source: mysqlPage, Check: func(c *Call) []string {
				if c.Old != nil && whole(c.Inputs, "storage.storageSizeGB") < whole(c.Old.Properties, "storage.storageSizeGB") {
					return []string{fmt.Sprintf("storage.storageSizeGB: can't shrink from %d to %d", whole(c.Old.Properties, "storage.storageSizeGB"), whole(c.Inputs, "storage.storageSizeGB"))}
				}
				return nil
			}},
			{ID: "server/high-availability", Code: "HighAvailabilityNotSupported", Provenance: Documented, Source: "learn: mysql/flexible-server/concepts-high-availability", Check: func(c *Call) []string {
				mode := text(c.Inputs, "highAvailability.mode")
				if mode == "Disabled" {
					return nil
				}
				var out []string
				if text(c.Inputs, "sku.tier") == "Burstable" {
					out = append(out, "highAvailability.mode: not available in the Burstable tier")
				}
				if mode == "ZoneRedundant" && !hasZones(c.location()) {
					out = append(out, fmt.Sprintf("highAvailability.mode: region '%s' has no availability zones; use SameZone", c.location()))
				}
				zone, standby := text(c.Inputs, "availabilityZone"), text(c.Inputs, "highAvailability.standbyAvailabilityZone")
				if mode == "ZoneRedundant" && zone != "" && zone == standby {
					out = append(out, fmt.Sprintf("highAvailability.standbyAvailabilityZone: '%s' is the primary's zone", zone))
				}
				if text(c.Inputs, "storage.autoGrow") == "Disabled" {
					out = append(out, "storage.autoGrow: can't be Disabled with high availability")
				}
				if c.Old != nil && mode == "ZoneRedundant" && text(c.Old.Properties, "highAvailability.mode") != "ZoneRedundant" {
					out = append(out, "highAvailability.mode: ZoneRedundant can only be chosen at creation")
				}
				return out
			}},
			{ID: "server/zone-in-region", Code: "AvailabilityZoneNotSupported", Provenance: Documented, Source: "learn: reliability/availability-zones-overview", Check: func(c *Call) []string {
				var out []string
				for _, path := range []string{"availabilityZone", "highAvailability.standbyAvailabilityZone"} {
					if zone := text(c.Inputs, path); zone != "" && (!hasZones(c.location()) || !slices.Contains([]string{"1", "2", "3"}, zone)) {
						out = append(out, fmt.Sprintf("%s: '%s' is not a zone of region '%s'", path, zone, c.location()))
					}
				}
				return out
			}},
			{ID: "server/geo-backup-needs-pair", Code: "GeoRedundantBackupNotSupported", Provenance: Documented, Source: "learn: mysql/flexible-server/concepts-backup-restore", Check: func(c *Call) []string {
				if text(c.Inputs, "backup.geoRedundantBackup") == "Enabled" && !hasPair(c.location()) {
					return []string{fmt.Sprintf("backup.geoRedundantBackup: region '%s' has no pair", c.location())}
				}
				return nil
			}},
			{ID: "server/administrator", Code: "InvalidParameterValue", Provenance: Documented, Source: "REST API and portal rules", Check: func(c *Call) []string {
				if c.Old != nil && !has(c.Inputs, "administratorLoginPassword") {
					return nil
				}
				var out []string
				login := text(c.Inputs, "administratorLogin")
				if slices.Contains(words("azure_superuser admin administrator root guest public sa"), strings.ToLower(login)) || len(login) < 1 || len(login) > 32 {
					out = append(out, fmt.Sprintf("administratorLogin: '%s' is reserved, or not 1 to 32 characters long", login))
				}
				if password := text(c.Inputs, "administratorLoginPassword"); len(password) < 8 || len(password) > 128 || classes(password) < 3 {
					out = append(out, "administratorLoginPassword: needs 8 to 128 characters of three of: lower case, upper case, digits, symbols")
				}
				return out
			}},
			{ID: "server/network-mode", Code: "InvalidNetworkConfiguration", Provenance: Documented, Source: "learn: mysql/flexible-server/concepts-networking", Check: func(c *Call) []string {
				if has(c.Inputs, "network.delegatedSubnetResourceId") && text(c.Inputs, "network.publicNetworkAccess") == "Enabled" {
					return []string{"network.publicNetworkAccess: must not be Enabled for a server in a delegated subnet"}
				}
				return nil
			}},
			{ID: "server/iops", Code: "InvalidIops", Provenance: Documented, Source: mysqlPage, Check: func(c *Call) []string {
				n, given := number(c.Inputs, "storage.iops")
				if given && text(c.Inputs, "storage.autoIoScaling") == "Enabled" && (c.Old == nil || n != float64(whole(c.Old.Properties, "storage.iops"))) {
					return []string{"storage.iops: must be left out with autoIoScaling"}
				}
				return nil
			}},
			{ID: "server/maintenance-window", Code: "InvalidMaintenanceWindow", Provenance: Documented, Source: "REST API", Check: func(c *Call) []string {
				if has(c.Inputs, "maintenanceWindow") && text(c.Inputs, "maintenanceWindow.customWindow") != "Enabled" {
					return []string{"maintenanceWindow.customWindow: must be Enabled for a window to count"}
				}
				return slices.Concat(between(c.Inputs, "maintenanceWindow.dayOfWeek", 0, 6), between(c.Inputs, "maintenanceWindow.startHour", 0, 23), between(c.Inputs, "maintenanceWindow.startMinute", 0, 59))
			}},
		},
		DeleteRules: []Rule{mentions("server/no-endpoints", "InternalServerError", 500, Observed, "learn: mysql/flexible-server/concepts-networking-private-link: delete the endpoint before the server",
			"server '%s' still has private endpoint connections: %s", typeEndpoint)},
	},
	&Type{
		Token: "azure-native:dbformysql:Configuration", ARM: typeMySQL + "/configurations", APIVersion: "2023-12-30", Path: mysqlPath + "/configurations/{configurationName}",
		Name: Name{1, 64, `[a-z0-9_]+`, "a server parameter"}, Singleton: true, Required: []string{"value"},
		Minutes: Minutes{0.5, 0.5, 0.3}, Occupies: []Occupies{{Levels: 2}},
		Compute: func(c *Call, p Object) {
			known := mysqlParameters[c.Name]
			merge(p, Object{"source": "user-override"})
			p["currentValue"], p["defaultValue"] = p["value"], known.value
			p["isReadOnly"], p["isDynamicConfig"], p["isConfigPendingRestart"] = "False", titled(!known.static), titled(known.static)
		},
		Rules: []Rule{{ID: "configuration/known", Code: "InvalidParameterValue", Provenance: Documented, Source: "learn: mysql/flexible-server/concepts-server-parameters", Check: func(c *Call) []string {
			known, ok := mysqlParameters[c.Name]
			if !ok {
				return []string{fmt.Sprintf("configurationName: '%s' is not a server parameter this rehearsal knows", c.Name)}
			}
			if value := text(c.Inputs, "value"); known.allowed != nil && !slices.Contains(known.allowed, strings.ToUpper(value)) {
				return []string{fmt.Sprintf("value: '%s' is not one of %s", value, strings.Join(known.allowed, ", "))}
			}
			if c.Name == "tls_version" {
				for _, v := range strings.Split(text(c.Inputs, "value"), ",") {
					if !slices.Contains([]string{"TLSv1.2", "TLSv1.3"}, v) {
						return []string{fmt.Sprintf("value: '%s' is not one of TLSv1.2, TLSv1.3", v)}
					}
				}
			}
			return nil
		}}},
	},
	&Type{
		Token: "azure-native:dbformysql:Database", ARM: typeMySQL + "/databases", APIVersion: "2023-12-30", Path: mysqlPath + "/databases/{databaseName}",
		Name: Name{1, 64, `[A-Za-z][\w-]*`, "letters, digits, _ and -, starting with a letter"}, Defaults: Object{"charset": "utf8mb4", "collation": "utf8mb4_0900_ai_ci"},
		Immutable: []string{"charset", "collation"}, ImmutableCode: "DatabaseCharsetCannotBeChanged",
		Minutes: Minutes{0.3, 0.3, 0.3}, Occupies: []Occupies{{Levels: 2}},
		Rules: []Rule{
			{ID: "database/reserved", Code: "InvalidDatabaseName", Provenance: Documented, Source: "MySQL's own schemas", Check: func(c *Call) []string {
				if slices.Contains(words("mysql sys information_schema performance_schema"), strings.ToLower(c.Name)) {
					return []string{fmt.Sprintf("databaseName: '%s' belongs to the server", c.Name)}
				}
				return nil
			}},
			{ID: "database/collation", Code: "InvalidCollation", Provenance: Documented, Source: "MySQL: a collation starts with its character set's name", Check: func(c *Call) []string {
				if charset, collation := text(c.Inputs, "charset"), text(c.Inputs, "collation"); !strings.HasPrefix(collation, strings.Replace(charset, "utf8mb3", "utf8", 1)) {
					return []string{fmt.Sprintf("collation: '%s' doesn't belong to character set '%s'", collation, charset)}
				}
				return nil
			}},
		},
	},
)

func titled(b bool) string {
	if b {
		return "True"
	}
	return "False"
}

// classes counts the character classes of a password.
func classes(s string) int {
	n := 0
	for _, set := range []string{"abcdefghijklmnopqrstuvwxyz", "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "0123456789"} {
		if strings.ContainsAny(s, set) {
			n++
		}
	}
	if strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") != "" {
		n++
	}
	return n
}
