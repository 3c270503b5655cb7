package agic

import (
	"crypto/md5"
	"encoding/json"
	"fmt"
)

// Names of the gateway's parts, as pkg/appgw/internaltypes.go makes them.

const (
	defaultPool     = "defaultaddresspool"
	defaultSettings = "defaulthttpsetting"
)

// name joins a release's prefix with a name. Azure takes 80 characters; a longer name ends in its hash.
func (b *builder) name(format string, args ...any) string {
	name := b.settings.prefix + fmt.Sprintf(format, args...)
	if len(name) <= 80 {
		return name
	}
	return name[:47] + "-" + fmt.Sprintf("%x", md5.Sum([]byte(name)))
}

func (b *builder) defaultProbe(protocol string) string { return b.name("defaultprobe-%s", protocol) }

// maxHosts is how many host names one listener takes.
const maxHosts = 5

// listenerID identifies a listener. Its JSON is hashed into the names of listener, rule and path map, so the fields' names and
// order are the real one's.
type listenerID struct {
	FrontendPort int
	HostNames    [maxHosts]string
	FrontendType string // Public or Private
}

func (l listenerID) hash() string {
	text, _ := json.Marshal(l) // numbers and strings
	return fmt.Sprintf("%x", md5.Sum(text))
}

func (l listenerID) hosts() []any {
	hosts := []any{}
	for _, h := range l.HostNames {
		if h != "" {
			hosts = append(hosts, h)
		}
	}
	return hosts
}

func (b *builder) listenerName(l listenerID) string { return b.name("fl-%s", l.hash()) }
func (b *builder) redirectName(l listenerID) string { return b.name("sslr-%s", b.listenerName(l)) }
func (b *builder) pathMapName(l listenerID) string  { return b.name("url-%s", l.hash()) }
func (b *builder) ruleName(l listenerID) string     { return b.name("rr-%s", l.hash()) }
