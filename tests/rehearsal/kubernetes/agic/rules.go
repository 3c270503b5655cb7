package agic

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	networkingv1 "k8s.io/api/networking/v1"
)

// addPaths makes each listener's path map: its default target and its path rules.
func (b *builder) addPaths() {
	for _, ingress := range b.ingresses {
		b.addDefaultBackend(ingress)
		for i, rule := range ingress.Spec.Rules {
			if rule.HTTP == nil {
				continue
			}
			for id, l := range b.listenersOf(ingress, rule) {
				if b.paths[id] == nil {
					b.paths[id] = b.target(b.name(defaultPool), b.name(defaultSettings)).asDefault()
				}
				b.merge(b.paths[id], b.defaultOf(ingress, rule, id, l), b.rulesOf(ingress, i, id, l))
			}
		}
	}
	if len(b.paths) == 0 {
		b.paths[b.defaultListener()] = b.target(b.name(defaultPool), b.name(defaultSettings)).asDefault()
	}
}

// addDefaultBackend serves the default back end of an Ingress: with rules it is what they fall back to; without, the default
// listener leads there, with the default settings.
func (b *builder) addDefaultBackend(ingress *networkingv1.Ingress) {
	if ingress.Spec.DefaultBackend == nil {
		return
	}
	t := b.backend(ingress, nil, ingress.Spec.DefaultBackend)
	if len(ingress.Spec.Rules) == 0 {
		t["backendHttpSettings"] = b.ref("backendHttpSettingsCollection", b.name(defaultSettings))
		b.paths[b.defaultListener()] = t.asDefault()
	}
}

// target is where a rule leads: a pool with settings, or a redirect.
type target object

func (b *builder) target(pool, settings string) target {
	return target{
		"backendAddressPool":  b.ref("backendAddressPools", pool),
		"backendHttpSettings": b.ref("backendHttpSettingsCollection", settings),
	}
}

// defaults maps a target's properties to those of a path map's default target.
var defaults = map[string]string{
	"backendAddressPool": "defaultBackendAddressPool", "backendHttpSettings": "defaultBackendHttpSettings",
	"redirectConfiguration": "defaultRedirectConfiguration", "rewriteRuleSet": "defaultRewriteRuleSet",
}

func (t target) asDefault() object {
	out := object{}
	for own, name := range defaults {
		if t[own] != nil {
			out[name] = t[own]
		}
	}
	return out
}

// redirectOf is the target of a plain listener that redirects; nil if it doesn't, or if there is no HTTPS listener to lead to,
// because its certificate is missing.
func (b *builder) redirectOf(ingress *networkingv1.Ingress, id listenerID, l listener) target {
	if l.protocol != "Http" || !b.flag(ingress, "ssl-redirect") {
		return nil
	}
	id.FrontendPort = 443
	name := b.redirectName(id)
	if b.redirects[name] == nil {
		return nil
	}
	return target{"redirectConfiguration": b.ref("redirectConfigurations", name)}
}

// defaultOf is where a listener leads for paths without a rule: the redirect, the rule's catch-all path, or the default back end.
func (b *builder) defaultOf(ingress *networkingv1.Ingress, rule networkingv1.IngressRule, id listenerID, l listener) target {
	if redirect := b.redirectOf(ingress, id, l); redirect != nil {
		return redirect
	}
	backend, path := ingress.Spec.DefaultBackend, (*networkingv1.HTTPIngressPath)(nil)
	for i, p := range rule.HTTP.Paths {
		if catchesAll(p.Path) {
			path = &rule.HTTP.Paths[i]
			backend = &path.Backend
		}
	}
	if backend == nil {
		return nil
	}
	return b.rewritten(ingress, b.backend(ingress, hostAndPath(rule.Host, path), backend))
}

// catchesAll: Azure takes no path rule for /, so any kind of it is the default.
func catchesAll(path string) bool { return path == "" || path == "/" || path == "/*" }

func (b *builder) rulesOf(ingress *networkingv1.Ingress, ruleIndex int, id listenerID, l listener) []object {
	rule := ingress.Spec.Rules[ruleIndex]
	var out []object
	for i := range rule.HTTP.Paths {
		path := &rule.HTTP.Paths[i]
		if catchesAll(path.Path) {
			continue
		}
		t := b.redirectOf(ingress, id, l)
		if t == nil {
			t = b.backend(ingress, hostAndPath(rule.Host, path), &path.Backend)
		}
		o := object(maps.Clone(b.rewritten(ingress, t)))
		o["name"] = b.name("pr-%s-%s-rule-%d-path-%d", ingress.Namespace, ingress.Name, ruleIndex, i)
		o["paths"] = []any{pattern(path)}
		out = append(out, o)
	}
	return out
}

// pattern is a path as the gateway writes it: a prefix ends in *, an exact path doesn't.
func pattern(path *networkingv1.HTTPIngressPath) string {
	if path.PathType == nil {
		return path.Path
	}
	switch *path.PathType {
	case networkingv1.PathTypeExact:
		return strings.TrimSuffix(path.Path, "*")
	case networkingv1.PathTypePrefix:
		return strings.TrimSuffix(path.Path, "*") + "*"
	}
	return path.Path
}

// rewritten adds the rewrite rule set an annotation names; the gateway must have it.
func (b *builder) rewritten(ingress *networkingv1.Ingress, t target) target {
	if set := annotation(ingress, "rewrite-rule-set"); set != "" {
		t = maps.Clone(t)
		t["rewriteRuleSet"] = b.ref("rewriteRuleSets", set)
	}
	return t
}

// merge adds one Ingress rule's share to a listener's path map. Of two rules for one path the first stays.
func (b *builder) merge(paths object, fallback target, rules []object) {
	if fallback != nil {
		if fallback["redirectConfiguration"] != nil {
			delete(paths, "defaultBackendAddressPool")
			delete(paths, "defaultBackendHttpSettings")
		}
		maps.Copy(paths, fallback.asDefault())
	}
	existing, _ := paths["pathRules"].([]any)
	for _, rule := range rules {
		taken := slices.ContainsFunc(existing, func(other any) bool {
			return other.(object)["paths"].([]any)[0] == rule["paths"].([]any)[0]
		})
		if !taken {
			existing = append(existing, rule)
		}
	}
	if existing != nil {
		paths["pathRules"] = existing
	}
}

// writeRules makes a routing rule per listener: Basic where it has no path rules, else PathBasedRouting with its path map.
func (b *builder) writeRules() (rules, pathMaps []any) {
	byName, pathsByName := map[string]object{}, map[string]object{}
	for id, paths := range b.paths {
		if _, listening := b.listeners[id]; !listening {
			continue // an Ingress with nothing but a default back end, while others have listeners
		}
		rule := object{"httpListener": b.ref("httpListeners", b.listenerName(id))}
		if paths["pathRules"] == nil {
			rule["ruleType"] = "Basic"
			for own, name := range defaults {
				if paths[name] != nil {
					rule[own] = paths[name]
				}
			}
		} else {
			name := b.pathMapName(id)
			rule["ruleType"], rule["urlPathMap"] = "PathBasedRouting", b.ref("urlPathMaps", name)
			pathsByName[name] = b.item("urlPathMaps", name, paths)
		}
		name := b.ruleName(id)
		byName[name] = b.item("requestRoutingRules", name, rule)
	}
	b.prioritise(byName)
	return inOrder(byName), inOrder(pathsByName)
}

// prioritise numbers the rules: as annotated, else in the order of their names in steps of 5, those of listeners with a host
// before the others.
func (b *builder) prioritise(rules map[string]object) {
	used := map[float64]bool{}
	for _, ingress := range b.ingresses {
		priority, set := b.figure(ingress, "rule-priority")
		if !set || priority < 1 || priority > 20000 {
			continue
		}
		for _, rule := range ingress.Spec.Rules {
			if rule.HTTP == nil {
				continue
			}
			for id := range b.listenersOf(ingress, rule) {
				if r := rules[b.ruleName(id)]; r != nil {
					r["priority"], used[priority] = priority, true
				}
			}
		}
	}
	hosted := map[string]bool{}
	for id := range b.listeners {
		hosted[b.ruleName(id)] = len(id.hosts()) > 0
	}
	next := map[bool]float64{true: 19000, false: 19500}
	for _, name := range slices.Sorted(maps.Keys(rules)) {
		if rules[name]["priority"] != nil {
			continue
		}
		p := next[hosted[name]]
		for used[p] && p < 20000 {
			p = min(p+5, 20000)
		}
		rules[name]["priority"], used[p], next[hosted[name]] = p, true, p
	}
}

// dropUnusedDefaults takes out the default pool, settings and probes where nothing leads to them.
func (b *builder) dropUnusedDefaults(wanted object) {
	used := map[string]bool{}
	note := func(o object) {
		for own, name := range defaults {
			used[reference(o, own)], used[reference(o, name)] = true, true
		}
	}
	for _, r := range list(wanted, "requestRoutingRules") {
		note(r)
	}
	for _, m := range list(wanted, "urlPathMaps") {
		note(m)
		for _, r := range list(m, "pathRules") {
			note(r)
		}
	}
	if name := b.name(defaultPool); !used[b.id("backendAddressPools", name)] {
		delete(b.pools, name)
	}
	if name := b.name(defaultSettings); !used[b.id("backendHttpSettingsCollection", name)] {
		delete(b.backends, name)
	}
	for _, s := range b.backends {
		used[reference(s, "probe")] = true
	}
	for _, protocol := range []string{"Http", "Https"} {
		if name := b.defaultProbe(protocol); !used[b.id("probes", name)] {
			delete(b.probes, name)
		}
	}
}

// place is where in an Ingress a back end is named; nil for the default back end.
type place struct {
	host string
	path *networkingv1.HTTPIngressPath
}

func hostAndPath(host string, path *networkingv1.HTTPIngressPath) *place {
	if path == nil {
		return nil
	}
	return &place{host, path}
}

func serviceKey(ingress *networkingv1.Ingress, backend *networkingv1.IngressBackend) string {
	if backend.Service == nil { // a resource, which AGIC doesn't serve
		return ingress.Namespace + "/"
	}
	return fmt.Sprintf("%s/%s", ingress.Namespace, backend.Service.Name)
}
