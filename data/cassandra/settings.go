package cassandra

import (
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"
)

// Ports the nodes listen on, all TCP.
const (
	// NativePort is the CQL port clients connect to.
	NativePort = 9042
	// StoragePort is the port nodes talk to each other on.
	StoragePort = 7000
	// SecureStoragePort is the same with TLS.
	SecureStoragePort = 7001
	// JMXPort is the management port; it listens on the loopback address only.
	JMXPort = 7199
)

// Replicas is the replication factor of every keyspace, system_auth included: the reference architecture's 3.
const Replicas = 3

// ApplicationUser is the role the product logs in with. It owns its keyspaces and nothing else.
const ApplicationUser = "apim"

// DiskLUN is the logical unit number the data disk is attached at, and found by.
const DiskLUN = 0

// DiskSizesGB are the data disk sizes in GiB the reference architecture names: P6 and P30.
var DiskSizesGB = []int{64, 1024}

// The node script relies on how the 2.2 line lays out its release and reads its settings.
var versionRule = regexp.MustCompile(`^2\.2\.[0-9]{1,2}$`)

// Settings is what all nodes share.
type Settings struct {
	// ClusterName is stored by every node with its data; it can't change afterwards.
	ClusterName string
	// Datacenter is the region; it can't change once nodes hold data.
	Datacenter string
	// Version is the Cassandra release, 2.2.x.
	Version string
	// ArtifactURL is where the nodes download the release, https only. Empty: the Apache archive.
	ArtifactURL string
	// ArtifactSHA512 is the release's checksum, 128 hexadecimal digits. Empty, allowed for the Apache archive only: the strongest
	// checksum the archive publishes beside the release, which proves a whole download but not its origin.
	ArtifactSHA512 string
	// VMSize and DataDiskGB (GiB) are named in the script only, so that a resized node is checked, and its file system grown,
	// before the next one is touched.
	VMSize     string
	DataDiskGB int
	// Nodes are the nodes in order.
	Nodes []Node
}

// Validate reports every setting the node script can't work with.
func (s Settings) Validate() error {
	var problems []error
	refuse := func(format string, args ...any) { problems = append(problems, fmt.Errorf(format, args...)) }
	if !regexp.MustCompile(`^[A-Za-z0-9_-]+$`).MatchString(s.ClusterName) {
		refuse("cassandra: cluster name %q: letters, digits, - and _ only", s.ClusterName)
	}
	if !regexp.MustCompile(`^[a-z0-9]+$`).MatchString(s.Datacenter) {
		refuse("cassandra: data center %q: a region's short name, such as westeurope", s.Datacenter)
	}
	if !versionRule.MatchString(s.Version) {
		refuse("cassandra.version: %q is not a 2.2 release; the product is certified with 2.2.12", s.Version)
	}
	if !slices.Contains(DiskSizesGB, s.DataDiskGB) {
		refuse("cassandra.dataDiskGB: %d is neither 64 (P6) nor 1024 (P30)", s.DataDiskGB)
	}
	if !regexp.MustCompile(`^[A-Za-z0-9_]+$`).MatchString(s.VMSize) {
		refuse("cassandra.vmSize: %q is not the name of a VM size, such as Standard_D4s_v5", s.VMSize)
	}
	if len(s.Nodes) != NodeCount {
		refuse("cassandra: %d nodes planned, %d needed", len(s.Nodes), NodeCount)
	}
	return errors.Join(append(problems, s.validateArtifact()...)...)
}

func (s Settings) validateArtifact() (problems []error) {
	if s.ArtifactURL != "" {
		// The URL ends up between single quotes in a shell script, so a quote may not be in it.
		u, err := url.Parse(s.ArtifactURL)
		if err != nil || u.Scheme != "https" || u.Host == "" || !regexp.MustCompile(`^[!-&(-~]+$`).MatchString(s.ArtifactURL) {
			problems = append(problems, fmt.Errorf("cassandra.artifactUrl: %q is not an https URL", s.ArtifactURL))
		}
		if s.ArtifactSHA512 == "" {
			problems = append(problems, errors.New(
				"cassandra.artifactSha512: empty, required with cassandra.artifactUrl; take it with `sha512sum` from a copy you trust"))
		}
	}
	if sum, err := hex.DecodeString(s.ArtifactSHA512); s.ArtifactSHA512 != "" && (err != nil || len(sum) != 64) {
		problems = append(problems, fmt.Errorf("cassandra.artifactSha512: %q is not 128 hexadecimal digits", s.ArtifactSHA512))
	}
	return problems
}

// Keyspace is a gateway group's pair of keyspaces.
type Keyspace struct {
	// Group is the gateway group's name.
	Group string
	// Name is the general keyspace; ThrottlingName the one that counts calls.
	Name string
}

// keyspaceRule is Cassandra's: 48 characters of letters, digits and underscores, of which the throttling prefix takes two.
var keyspaceRule = regexp.MustCompile(`^[A-Za-z0-9_]{1,46}$`)

// groupRule keeps group names usable in the names of Azure resources, with underscores turned to dashes.
var groupRule = regexp.MustCompile(`^[a-z0-9_]{1,30}$`)

// ThrottlingName is the keyspace the product counts calls in: t_ before the general one.
func (k Keyspace) ThrottlingName() string { return "t_" + k.Name }

// ValidateKeyspaces reports names Cassandra or Azure would refuse, and names used twice, over all groups.
func ValidateKeyspaces(keyspaces []Keyspace) error {
	var problems []error
	groups, names := map[string]bool{}, map[string]string{}
	for _, k := range keyspaces {
		if !groupRule.MatchString(k.Group) {
			problems = append(problems, fmt.Errorf(
				"workloads.groups: name %q: 1 to 30 lower-case letters, digits and underscores", k.Group))
		}
		if groups[k.Group] {
			problems = append(problems, fmt.Errorf("workloads.groups: name %q is used twice; names are unique in a stack", k.Group))
		}
		groups[k.Group] = true
		if !keyspaceRule.MatchString(k.Name) {
			problems = append(problems, fmt.Errorf(
				"workloads.groups[%s].keyspace: %q: 1 to 46 letters, digits and underscores", k.Group, k.Name))
		}
		for _, name := range []string{k.Name, k.ThrottlingName()} {
			if other, taken := names[name]; taken {
				problems = append(problems, fmt.Errorf(
					"workloads.groups[%s].keyspace: %q is already a keyspace of group %s; name another", k.Group, name, other))
			}
			names[name] = k.Group
		}
	}
	return errors.Join(problems...)
}
