package config

import (
	"fmt"
	"slices"
	"strings"

	"apim-azure/config/azure"
)

// validateRegion checks what the region can give: zones or three fault domains, and a pair for what is geo-redundant.
func validateRegion(c *Config, f *findings) {
	region := c.Region()
	if region.Name == "" {
		return
	}
	if !region.Zones && region.FaultDomains < cassandraNodes {
		f.refuse("azure.location", region.Name, fmt.Sprintf("has no availability zones and %d fault domains, 3 needed for the Cassandra nodes", region.FaultDomains),
			"use a region with zones, or one with three fault domains: "+strings.Join(azure.ZonelessRegionsWithThreeFaultDomains(), ", "))
	}
	pair, _ := azure.FindRegion(region.Pair)
	for key, wanted := range map[string]bool{
		"registry.geoReplication":   c.Registry.GeoReplication,
		"mysql.geoRedundantBackup":  c.MySQL.GeoRedundantBackup,
		"storage.logs.geoRedundant": c.Storage.Logs.GeoRedundant,
	} {
		switch {
		case wanted && region.Pair == "":
			f.refuse(key, wanted, "needs a paired region, and "+region.Name+" has none", "set it to false, or choose a region with a pair")
		case wanted && pair.Restricted && key == "registry.geoReplication":
			f.warn(key, wanted, "the paired region, "+pair.Name+", is opened on request only: ask for access before the first deployment")
		}
	}
}

// kubernetesVersions are the minor versions AKS supports, ltsVersions those left with long-term support only, which the Premium
// tier includes. Source: AKS supported Kubernetes versions.
var (
	kubernetesVersions = []string{"1.35", "1.36", "1.37"}
	ltsVersions        = []string{"1.34"}
)

// validateCluster checks versions, pool bounds and VM sizes.
func validateCluster(c *Config, f *findings) {
	version := c.AKS.KubernetesVersion
	switch {
	case f.refused("aks.kubernetesVersion") || slices.Contains(kubernetesVersions, version):
	case !slices.Contains(ltsVersions, version):
		f.refuse("aks.kubernetesVersion", version, "is not a version AKS supports", "use one of "+strings.Join(kubernetesVersions, ", "))
	case c.AKS.Tier != "Premium":
		f.refuse("aks.kubernetesVersion", version, "is left with long-term support only, which aks.tier "+c.AKS.Tier+" doesn't include", "use one of "+strings.Join(kubernetesVersions, ", ")+", or set aks.tier to Premium")
	}
	validateAPIAccess(c, f)
	checkBounds(f, "aks.apimPool", c.AKS.APIMPool.Min, c.AKS.APIMPool.Max)
	checkBounds(f, "aks.infraPool", c.AKS.InfraPool.Min, c.AKS.InfraPool.Max)

	// AKS asks 4 processors and 4 GiB of a system pool; the others are the sizes the reference architecture names.
	checkSize(f, "aks.systemPool.vmSize", c.AKS.SystemPool.VMSize, need{vCPUs: 4, memoryGiB: 4, steady: true})
	checkSize(f, "aks.apimPool.vmSize", c.AKS.APIMPool.VMSize, need{vCPUs: 4, memoryGiB: 14, premium: true, steady: true})
	checkSize(f, "aks.infraPool.vmSize", c.AKS.InfraPool.VMSize, need{vCPUs: 2, memoryGiB: 8, steady: true})
	checkSize(f, "cassandra.vmSize", c.Cassandra.VMSize, need{vCPUs: 4, memoryGiB: 16, premium: true, trusted: true, steady: true})
	checkSize(f, "jumpHost.vmSize", c.JumpHost.VMSize, need{vCPUs: 1, memoryGiB: 1, trusted: true})
}

// mostAPIRanges: AKS takes 200, and the NAT gateway's address is one of them. mostRegistryRules is the registry's own limit.
const (
	mostAPIRanges     = 200 - 1
	mostRegistryRules = 200
)

// validateAPIAccess checks who reaches the Kubernetes API and the registry.
func validateAPIAccess(c *Config, f *findings) {
	const key = "aks.authorizedIpRanges"
	switch n := len(c.AKS.AuthorizedIPRanges); {
	case n == 0 && c.Environment == "production" && !f.refused(key):
		f.refuse(key, nil, "is empty, which opens the Kubernetes API to any address", "name the public ranges administrators and CI come from")
	case n > mostAPIRanges:
		f.refuse(key, fmt.Sprintf("%d ranges", n), fmt.Sprintf("%d at most, as AKS takes 200 and the NAT gateway's address is one", mostAPIRanges), "merge neighbouring ranges")
	}
	if n := len(c.Registry.AllowedIPs); n > mostRegistryRules {
		f.refuse("registry.allowedIps", fmt.Sprintf("%d ranges", n), fmt.Sprintf("%d at most, as the registry's firewall takes no more", mostRegistryRules), "merge neighbouring ranges")
	}
}

func checkBounds(f *findings, path string, smallest, largest int) {
	if smallest > largest && !f.anyRefused(path, "min", "max") {
		f.refuse(path+".max", largest, fmt.Sprintf("is below %s.min, %d", path, smallest), "raise the maximum or lower the minimum")
	}
}

// need is what a machine must offer.
type need struct {
	vCPUs, memoryGiB         int
	premium, trusted, steady bool
}

func checkSize(f *findings, key, name string, n need) {
	size, ok := azure.FindSize(name)
	if !ok {
		return
	}
	switch {
	case size.VCPUs < n.vCPUs || size.MemoryGiB < n.memoryGiB:
		f.refuse(key, name, fmt.Sprintf("has %d vCPU and %d GiB, %d and %d needed", size.VCPUs, size.MemoryGiB, n.vCPUs, n.memoryGiB), "use a larger size, such as Standard_D4s_v5")
	case n.steady && size.Burstable:
		f.refuse(key, name, "is burstable: its processors are throttled under steady load", "use a D or E series size, such as Standard_D4s_v5")
	case n.premium && !size.Premium:
		f.refuse(key, name, "takes no premium disks", "use a size with an s in its name, such as Standard_D4s_v5")
	case n.trusted && !size.TrustedLaunch:
		f.refuse(key, name, "can't run Trusted Launch images", "use a current size, such as Standard_D4s_v5")
	case size.Ageing != "":
		f.warn(key, name, size.Ageing+"; use a v5 size")
	}
}

// validateData checks Cassandra, MySQL and the events share.
func validateData(c *Config, f *findings) {
	if c.Cassandra.ArtifactURL != "" && c.Cassandra.ArtifactSHA512 == "" {
		f.refuse("cassandra.artifactSha512", nil, "is required with cassandra.artifactUrl, as a download is never trusted by its address", "set it to the checksum published with the release")
	}
	if c.Cassandra.ArtifactURL == "" && c.Cassandra.ArtifactSHA512 != "" {
		f.refuse("cassandra.artifactSha512", c.Cassandra.ArtifactSHA512, "says nothing without cassandra.artifactUrl", "set cassandra.artifactUrl or remove it")
	}
	if c.Cassandra.Version != "2.2.12" && c.Cassandra.ArtifactURL == "" && !f.refused("cassandra.version") {
		f.refuse("cassandra.version", c.Cassandra.Version, "is not the release the product is certified with", "use 2.2.12, or set cassandra.artifactUrl and cassandra.artifactSha512")
	}

	if c.MySQL.Version == "8.0.21" {
		f.warn("mysql.version", c.MySQL.Version, "standard support ends on 2026-12-31 and extended support is charged for afterwards; use 8.4")
	}

	if c.Monitoring.DailyQuotaGB == 0 {
		f.refuse("monitoring.dailyQuotaGB", 0, "would stop ingestion at once", "use -1 for no limit, or 1 to 10000")
	}
	validateShare(c, f)
	if !c.Protect && c.Environment == "production" {
		f.warn("protect", false, "nothing guards the cluster and the data against deletion; set it back to true when done")
	}
}

// largestShareGB is the largest premium share Azure provisions, in GiB.
const largestShareGB = 102400

func validateShare(c *Config, f *findings) {
	const key = "storage.eventsShareGB"
	for i := range c.Workloads.Groups {
		group := fmt.Sprintf("workloads.groups[%d]", i)
		if f.anyRefused(group, "maxEventsGB", "gateway.maxReplicas") {
			return
		}
	}
	switch share, derived := c.Storage.EventsShareGB, c.derivedShareGB(); {
	case f.refused(key):
	case derived > largestShareGB:
		f.refuse(key, nil, fmt.Sprintf("would have to hold %d GiB (1 more than the sum over the groups of maxEventsGB x maxReplicas), and Azure provisions %d at most", derived, largestShareGB), "lower maxEventsGB or maxReplicas of the groups")
	case share != 0 && share < derived:
		f.refuse(key, share, fmt.Sprintf("is below the %d GiB needed: 1 more than the sum over the groups of maxEventsGB x maxReplicas, 100 at least", derived), "raise it, or remove it to have it derived")
	}
}
