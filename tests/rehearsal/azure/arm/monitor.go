package arm

import (
	"fmt"
	"strings"
	"time"
)

const typeWorkspace = "Microsoft.OperationalInsights/workspaces"

var _ = register(&Type{
	Token: "azure-native:operationalinsights:Workspace", ARM: typeWorkspace, APIVersion: "2023-09-01",
	Path: "/subscriptions/{subscriptionId}/resourceGroups/{resourceGroupName}/providers/Microsoft.OperationalInsights/workspaces/{workspaceName}",
	Name: Name{4, 63, `[A-Za-z0-9][A-Za-z0-9-]*[A-Za-z0-9]`, "letters, digits and -, with a letter or digit at both ends"}, Required: []string{"location"},
	ForceNew: []string{"location"}, Immutable: []string{"location"}, ImmutableCode: "InvalidResourceLocation",
	Defaults: Object{"sku": Object{"name": "PerGB2018"}, "retentionInDays": 30.0, "publicNetworkAccessForIngestion": "Enabled", "publicNetworkAccessForQuery": "Enabled"},
	Minutes:  Minutes{0.3, 0.1, 0.2},
	Remains: &Remains{For: 14 * 24 * time.Hour, Revives: true, Provenance: Documented, Source: "learn: azure-monitor/logs/delete-workspace",
		Text: "a deleted workspace is kept for 14 days; creating it again in its group and region brings it back, with its workspace ID and data"},
	Compute: func(c *Call, p Object) {
		p["customerId"] = c.GUID("customer")
	},
	Rules: []Rule{
		values("workspace", Documented, "learn: azure-monitor/logs/cost-logs", map[string][]string{"sku.name": {"PerGB2018", "CapacityReservation", "LACluster"}}),
		{ID: "workspace/retention", Code: "InvalidParameter", Provenance: Documented, Source: "learn: azure-monitor/logs/data-retention-configure: 30 to 730 days with PerGB2018", Check: func(c *Call) []string {
			return between(c.Inputs, "retentionInDays", 30, 730)
		}},
		{ID: "workspace/daily-quota", Code: "InvalidParameter", Provenance: Documented, Source: "learn: azure-monitor/logs/daily-cap: -1, or at least 0.023 GB", Check: func(c *Call) []string {
			if n, ok := number(c.Inputs, "workspaceCapping.dailyQuotaGb"); ok && n != -1 && n < 0.023 {
				return []string{fmt.Sprintf("workspaceCapping.dailyQuotaGb: %v is neither -1 nor 0.023 or more", n)}
			}
			return nil
		}},
		{ID: "workspace/reserved-name", Code: "InvalidParameter", Provenance: Assumed, Source: namesPage,
			Confirm: "create a workspace named DefaultWorkspace-x by hand and read the answer", Check: func(c *Call) []string {
				if strings.HasPrefix(strings.ToLower(c.Name), "defaultworkspace-") {
					return []string{fmt.Sprintf("workspaceName: '%s' is Azure's own pattern", c.Name)}
				}
				return nil
			}},
	},
})
