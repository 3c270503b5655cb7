package arm

import (
	"fmt"
	"regexp"
	"strings"
)

// parameter matches a placeholder of a type's path.
var parameter = regexp.MustCompile(`\{([A-Za-z]+)\}`)

// expand fills a type's path from inputs. A scope loses its slashes at both ends, as azure-native does it.
func expand(path, subscription string, inputs Object) (string, error) {
	var missing []string
	id := parameter.ReplaceAllStringFunc(path, func(p string) string {
		name := p[1 : len(p)-1]
		if name == "subscriptionId" {
			return subscription
		}
		value := text(inputs, name)
		if value == "" {
			missing = append(missing, name)
		}
		return strings.Trim(value, "/")
	})
	if missing != nil {
		return "", fmt.Errorf("missing required property '%s'", strings.Join(missing, "', '"))
	}
	return id, nil
}

// match reads a type's path parameters back from an ID, without regard to case in the fixed parts; nil if it doesn't fit.
func match(path, id string) map[string]string {
	names := []string{}
	pattern := parameter.ReplaceAllStringFunc(regexp.QuoteMeta(path), func(p string) string { return p })
	pattern = regexp.MustCompile(`\\\{([A-Za-z]+)\\\}`).ReplaceAllStringFunc(pattern, func(p string) string {
		name := strings.Trim(p, `\{}`)
		names = append(names, name)
		if name == "scope" {
			return "(.+)"
		}
		return "([^/]+)"
	})
	found := regexp.MustCompile("(?i)^" + pattern + "$").FindStringSubmatch(id)
	if found == nil {
		return nil
	}
	out := map[string]string{}
	for i, name := range names {
		out[name] = found[i+1]
	}
	if scope, ok := out["scope"]; ok {
		out["scope"] = "/" + strings.Trim(scope, "/")
	}
	return out
}

// key is the form under which IDs are equal: Azure ignores their case.
func key(id string) string { return strings.ToLower(id) }

// within says whether id is other or lies below it.
func within(id, other string) bool {
	return key(id) == key(other) || strings.HasPrefix(key(id), key(other)+"/")
}

// nameIn returns the last segment of an ID.
func nameIn(id string) string { return id[strings.LastIndex(id, "/")+1:] }

// groupOf returns the ID of the resource group an ID lies in, or "".
func groupOf(id string) string {
	parts := strings.Split(id, "/")
	if len(parts) < 5 || !strings.EqualFold(parts[3], "resourceGroups") {
		return ""
	}
	return strings.Join(parts[:5], "/")
}

// typeOf reads the resource type from an ID: Microsoft.Network/virtualNetworks/subnets.
func typeOf(id string) string {
	at := strings.LastIndex(strings.ToLower(id), "/providers/")
	if at < 0 {
		if groupOf(id) == id && id != "" {
			return "Microsoft.Resources/resourceGroups"
		}
		return ""
	}
	parts := strings.Split(id[at+len("/providers/"):], "/")
	out := parts[0]
	for i := 1; i < len(parts); i += 2 {
		out += "/" + parts[i]
	}
	return out
}
