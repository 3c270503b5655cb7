package config

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// longestStem is the length of `project-stack` that still leaves 24 characters for the longest role in a 63-character name.
const longestStem = 38

var stemPattern = regexp.MustCompile(`^[a-z]([a-z0-9-]*[a-z0-9])?$`)

// validateStackName keeps physical names readable and legal: everything is called project-stack-role, and the stack's internal
// DNS zone has both names as labels.
func validateStackName(c *Config, f *findings) {
	for key, name := range map[string]string{"project": c.Project, "stack": c.Stack} {
		if !stemPattern.MatchString(name) || strings.Contains(name, "--") {
			f.refuse(key, name, "must be lower-case letters, digits and single dashes, starting with a letter, as resource and host names derive from it", "rename the "+key)
		}
	}
	if stem := c.Project + "-" + c.Stack; len(stem) > longestStem {
		f.refuse("stack", c.Stack, fmt.Sprintf("makes names starting with %s, %d characters long; %d at most leave room for what follows", stem, len(stem), longestStem), "choose a shorter stack name")
	}
}

// Azure's limits on tags. Storage accounts take shorter tag names than the general 512 characters; DNS zones and records take
// 15 tags, and no spaces or special characters in their names.
const (
	mostTags       = 15 - 3
	longestTagName = 128
	longestTag     = 256
)

var (
	tagNamePattern      = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_.-]*$`)
	reservedTagPrefixes = []string{"azure", "microsoft", "windows"}
	ownTags             = []string{"managed-by", "project", "stack"}
)

func validateTags(c *Config, f *findings) {
	tags := c.Azure.Tags
	if len(tags) > mostTags {
		f.refuse("azure.tags", fmt.Sprintf("%d tags", len(tags)), fmt.Sprintf("%d at most, as Azure takes 15 on DNS zones and the stack adds 3 of its own", mostTags), "remove some")
	}
	seen := map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(tags)) {
		key, lower := "azure.tags."+name, strings.ToLower(name)
		if !tagNamePattern.MatchString(name) || len(name) > longestTagName {
			f.refuse(key, nil, "must be a name of 1 to 128 letters, digits, underscores, dots and dashes, starting with a letter", "rename the tag")
		}
		if slices.ContainsFunc(reservedTagPrefixes, func(p string) bool { return strings.HasPrefix(lower, p) }) {
			f.refuse(key, nil, "starts with a word Azure reserves (azure, microsoft, windows)", "rename the tag")
		}
		if slices.Contains(ownTags, lower) {
			f.refuse(key, tags[name], "is a tag the stack sets itself", "remove it")
		}
		if len(tags[name]) > longestTag {
			f.refuse(key, tags[name], fmt.Sprintf("is %d characters long, %d at most", len(tags[name]), longestTag), "shorten it")
		}
		if other, ok := seen[lower]; ok {
			f.refuse(key, tags[name], "differs from "+other+" in case only, which is one tag to Azure", "remove one of them")
		}
		seen[lower] = name
	}
}

// validateGroups checks that groups don't share a name, a keyspace or a host, and that what they declare is complete.
func validateGroups(c *Config, f *findings) {
	names, keyspaces := claims{}, claims{}
	hosts := claims{c.InternalZone(): "the stack's internal DNS zone"}
	for i, g := range c.Workloads.Groups {
		path := fmt.Sprintf("workloads.groups[%d]", i)
		if g.Name != "" {
			names.take(f, path+".name", g.Name, g.Name)
			validateKeyspaces(c, f, keyspaces, path, g)
		}
		validateBackends(c, f, path+".backends", g.Backends)
		validateBackends(c, f, path+".manager.backends", g.Manager.Backends)
		for j, name := range g.AllowedNamespaces {
			checkOtherNamespace(c, f, fmt.Sprintf("%s.allowedNamespaces[%d]", path, j), name)
		}
	}
	for _, h := range c.servedHosts(f) {
		// Labels and domain are short enough for every name to fit: 63 for a label, 253 for the whole.
		hosts.take(f, h.Key, h.FQDN, h.FQDN)
	}
}

// servedHosts are the hosts whose names are certain: domain, label and the group's name are all as they should be.
func (c *Config) servedHosts(f *findings) []Host {
	return slices.DeleteFunc(c.Hosts(), func(h Host) bool {
		group, _, _ := strings.Cut(h.Key, ".hosts.")
		return f.refused("domain") || h.Role != RoleANM && (f.refused(h.Key) || f.refused(group+".name"))
	})
}

func validateKeyspaces(c *Config, f *findings, taken claims, path string, g Group) {
	key, own := path+".keyspace", c.Keyspace(g)
	if f.refused(key) || g.Keyspace == "" && (f.refused(path+".name") || f.refused("stack")) {
		return
	}
	if fault := keyspace(own); fault != nil {
		f.refuse(key, own, fault.rule, "set the keyspace of group "+g.Name+" to a shorter name")
		return
	}
	// Cassandra folds names to lower case unless they are quoted, and not every tool quotes them.
	if taken.take(f, key, strings.ToLower(own), own) {
		throttling := c.ThrottlingKeyspace(g)
		taken.take(f, key, strings.ToLower(throttling), throttling)
	}
}

// claims remembers which key took a name that must be unique.
type claims map[string]string

// take reports whether the name was free; shown is how the message writes it.
func (c claims) take(f *findings, key, name, shown string) bool {
	if owner, ok := c[name]; ok {
		f.refuse(key, shown, "is already taken by "+owner, "choose another one")
		return false
	}
	c[name] = key
	return true
}
