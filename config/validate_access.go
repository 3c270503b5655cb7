package config

import (
	"fmt"
	"strings"
)

// validateAccess checks that a group holds one role only: the stronger one wins, and the weaker line would read like a limit.
func validateAccess(c *Config, f *findings) {
	taken := claims{}
	for _, list := range []struct {
		key    string
		groups []string
	}{
		{"aks.adminGroups", c.AKS.AdminGroups}, {"access.deployers", c.Access.Deployers},
		{"access.support", c.Access.Support}, {"access.viewers", c.Access.Viewers},
	} {
		for i, group := range list.groups {
			key := fmt.Sprintf("%s[%d]", list.key, i)
			if f.refused(key) {
				continue
			}
			if other, ok := taken[strings.ToLower(group)]; ok {
				f.refuse(key, group, "already has the role of "+other+"; roles include those below them, and a group takes one", "remove it from one of the lists")
				continue
			}
			taken[strings.ToLower(group)] = key
		}
	}
	if len(c.Access.Monitoring) > 0 && c.Monitoring.Namespace == "" {
		f.refuse("access.monitoring", c.Access.Monitoring, "are accounts of no namespace, as monitoring.namespace is empty", "set monitoring.namespace, or remove them")
	}
}
