package naming

import (
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
)

// Longest names Azure takes, in characters, as its resource name rules state them. Names that must be unique in the whole
// of Azure leave room for the random suffix their component appends.
const (
	maxResource          = 63
	maxResourceGroup     = 90
	maxNodeResourceGroup = 80
	maxDNSPrefix         = 54
	maxStoragePrefix     = 18
	maxRegistryPrefix    = 44
	maxMySQLPrefix       = 56
	maxAgentPool         = 12
)

// hashLength is the number of hexadecimal digits that stand for what a name had to drop.
const hashLength = 6

// Names derives every physical name of a stack. All methods are pure: the same stack always gets the same names, so a name
// can be fed to another resource without waiting for the first one.
type Names struct {
	// Project is the Pulumi project's name, such as `apim`.
	Project string
	// Stack is the Pulumi stack's name, such as `prod`.
	Stack string
	// Location is the region's short name, such as `westeurope`.
	Location string
}

// Of names an ordinary resource after its role: `apim-prod-vnet`. At most 63 characters, the tightest limit among virtual
// networks, subnets, security groups, addresses, gateways, machines, disks, identities, AKS clusters and Log Analytics
// workspaces.
func (n Names) Of(role string) string {
	return fit(dashed(n.Project, n.Stack, role), maxResource)
}

// ResourceGroup names the group the stack creates for itself: `apim-prod-westeurope`. At most 90 characters.
func (n Names) ResourceGroup() string {
	return fit(dashed(n.Project, n.Stack, n.Location), maxResourceGroup)
}

// NodeResourceGroup names the group AKS creates for its nodes. Named explicitly because Azure's own `MC_...` name fails when
// it passes 80 characters.
func (n Names) NodeResourceGroup() string {
	return fit(dashed(n.Project, n.Stack, n.Location, "nodes"), maxNodeResourceGroup)
}

// DNSPrefix starts the host name of the Kubernetes API. At most 54 characters.
func (n Names) DNSPrefix() string {
	return fit(dashed(n.Project, n.Stack), maxDNSPrefix)
}

// StorageAccountPrefix starts a storage account's name: lower-case letters and digits, at most 18 characters. The component
// appends a random suffix of 6.
func (n Names) StorageAccountPrefix(role string) string {
	return fit(alphanumeric(n.Project+n.Stack+role), maxStoragePrefix)
}

// RegistryPrefix starts the container registry's name: lower-case letters and digits, at most 44 characters. The component
// appends a random suffix of 6.
func (n Names) RegistryPrefix() string {
	return fit(alphanumeric(n.Project+n.Stack), maxRegistryPrefix)
}

// MySQLServerPrefix starts the database server's name: at most 56 characters. The component appends `-` and a random suffix
// of 6.
func (n Names) MySQLServerPrefix() string {
	return fit(dashed(n.Project, n.Stack, "mysql"), maxMySQLPrefix)
}

// AgentPool names a node pool: up to six letters of the role, then a hash of fingerprint, which describes the settings that
// can't change in place. Changing one of them therefore gives the pool another name, and the new pool can come up before the
// old one goes. The result matches ^[a-z][a-z0-9]{0,11}$, as Azure asks of Linux pools.
func (n Names) AgentPool(role, fingerprint string) string {
	letters := alphanumeric(role)
	if room := maxAgentPool - hashLength; len(letters) > room {
		letters = letters[:room]
	}
	return letters + hash(role+"\n"+fingerprint)
}

// RoleAssignment gives the GUID that names a role assignment: a version 5 UUID of scope, role definition and identity NAME.
// The identity's principal ID is left out on purpose: it is unknown while an identity is being updated, and a name that goes
// unknown replaces the assignment.
func (n Names) RoleAssignment(scope, roleDefinitionGUID, identityName string) string {
	text := strings.ToLower(strings.Join([]string{scope, roleDefinitionGUID, identityName}, "\n"))
	sum := sha1.Sum(append(roleAssignmentNamespace[:], text...))
	sum[6] = sum[6]&0x0f | 0x50
	sum[8] = sum[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", sum[0:4], sum[4:6], sum[6:8], sum[8:10], sum[10:16])
}

// roleAssignmentNamespace is the UUID namespace of role assignments: RFC 9562's URL namespace. Never change it: every
// assignment would be replaced.
var roleAssignmentNamespace = [16]byte{
	0x6b, 0xa7, 0xb8, 0x11, 0x9d, 0xad, 0x11, 0xd1, 0x80, 0xb4, 0x00, 0xc0, 0x4f, 0xd4, 0x30, 0xc8,
}

// fit keeps names within limit, in characters: a longer one keeps its start and ends in a hash of the whole, so that two long
// names that differ at the end stay different.
func fit(name string, limit int) string {
	if len(name) <= limit {
		return name
	}
	digest := hash(name)
	if !strings.Contains(name, "-") {
		return name[:limit-len(digest)] + digest
	}
	return strings.TrimRight(name[:limit-len(digest)-1], "-") + "-" + digest
}

func hash(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])[:hashLength]
}

// dashed joins parts with single dashes, in lower case, and turns everything Azure refuses somewhere into a dash.
func dashed(parts ...string) string {
	fields := strings.FieldsFunc(strings.ToLower(strings.Join(parts, "-")), func(r rune) bool { return !isAlphanumeric(r) })
	return strings.Join(fields, "-")
}

func alphanumeric(text string) string {
	return strings.Map(func(r rune) rune {
		if isAlphanumeric(r) {
			return r
		}
		return -1
	}, strings.ToLower(text))
}

func isAlphanumeric(r rune) bool {
	return r >= 'a' && r <= 'z' || r >= '0' && r <= '9'
}
