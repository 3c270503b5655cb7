// Package gateway answers a request the way Application Gateway would, from its configuration alone: which listener takes it,
// which rule applies, where it goes. Nothing is sent anywhere. It is how a rehearsal tells a gateway that routes from one whose
// routes were wiped.
//
// Source: learn.microsoft.com/azure/application-gateway, the pages how-application-gateway-works, configuration-listeners,
// multiple-site-overview, url-route-overview, redirect-overview and configuration-http-settings (documented). That the longest
// matching path pattern wins is assumed.
package gateway

import (
	"cmp"
	"fmt"
	"net/url"
	"slices"
	"strings"
)

// Request is what a client asks of the gateway.
type Request struct {
	Frontend string // public or private
	Scheme   string // http or https
	Port     int    // 0 is the scheme's own, 80 or 443
	Host     string
	Path     string // with the query, if there is one; empty is /
}

// Answer is what the gateway does with a request.
type Answer struct {
	Listener, Rule string
	// Certificate names the certificate a client is shown; empty over http.
	Certificate string

	// Status is 301, 302, 303 or 307 with the Location of a redirect, and 0 when the request goes on to a back end.
	Status   int
	Location string

	// Backends are the addresses that may get the request, as address:port.
	Backends []string
	// Protocol is how they are spoken to, Http or Https, HostHeader the name they are asked for, Path what they are asked.
	Protocol, HostHeader, Path string
	CookieAffinity             bool
	DrainSeconds               int // 0: connections are cut
	TimeoutSeconds             int
	// Probe is how back ends are found healthy; nil is Azure's default probe.
	Probe *Probe
}

// Probe is a health probe as far as the configuration sets it.
type Probe struct {
	Protocol, Host, Path            string
	Port                            int // 0: that of the settings
	IntervalSeconds, TimeoutSeconds int
	UnhealthyThreshold              int
	StatusCodes                     []string // empty: 200 to 399
}

// Route evaluates a request against the properties of a gateway. An error names the part that is missing; where a client would
// get 502, the error says so.
func Route(properties map[string]any, r Request) (Answer, error) {
	g := config(properties)
	r.Path = cmp.Or(r.Path, "/")
	if r.Port == 0 {
		r.Port = map[string]int{"http": 80, "https": 443}[r.Scheme]
	}
	listener, rule, err := g.listen(r)
	if err != nil {
		return Answer{}, err
	}
	answer := Answer{Listener: text(listener, "name"), Rule: text(rule, "name")}
	if r.Scheme == "https" {
		certificate, err := g.part("sslCertificates", listener, "sslCertificate")
		if err != nil {
			return answer, fmt.Errorf("listener %s: %w", answer.Listener, err)
		}
		answer.Certificate = text(certificate, "name")
	}
	target, pattern, err := g.target(rule, r)
	if err != nil {
		return answer, fmt.Errorf("rule %s: %w", answer.Rule, err)
	}
	if reference(target, "redirectConfiguration") != "" {
		return g.redirect(answer, target, r)
	}
	return g.forward(answer, target, pattern, r)
}

// listen finds the listener of a request and its rule. Of several listeners that would take it, the one whose rule has the
// lowest number does; every rule has a number of its own since API 2021-08-01.
func (g config) listen(r Request) (listener, rule config, err error) {
	at := fmt.Sprintf("%s on %s:%d", r.Host, r.Frontend, r.Port)
	var candidates []config
	for _, l := range g.list("httpListeners") {
		if !strings.EqualFold(text(l, "protocol"), r.Scheme) || !g.onFrontend(l, r) || !takesHost(l, r.Host) {
			continue
		}
		candidates = append(candidates, l)
	}
	if candidates == nil {
		return nil, nil, fmt.Errorf("no %s listener for host %s", r.Scheme, at)
	}
	for _, candidate := range g.list("requestRoutingRules") {
		if rule != nil && number(candidate, "priority") >= number(rule, "priority") {
			continue
		}
		for _, l := range candidates {
			if strings.EqualFold(reference(candidate, "httpListener"), text(l, "id")) {
				listener, rule = l, candidate
			}
		}
	}
	if rule == nil {
		return nil, nil, fmt.Errorf("no rule for listener %s, which takes host %s", text(candidates[0], "name"), at)
	}
	return listener, rule, nil
}

func (g config) onFrontend(listener config, r Request) bool {
	port, err := g.part("frontendPorts", listener, "frontendPort")
	if err != nil || number(port, "port") != r.Port {
		return false
	}
	frontend, err := g.part("frontendIPConfigurations", listener, "frontendIPConfiguration")
	return err == nil && (reference(frontend, "publicIPAddress") != "") == (r.Frontend == "public")
}

// takesHost tells whether a listener serves a host: one without host names serves all.
func takesHost(listener config, host string) bool {
	names := texts(listener, "hostNames")
	if name := text(listener, "hostName"); name != "" {
		names = append(names, name)
	}
	return len(names) == 0 || slices.ContainsFunc(names, func(name string) bool { return matches(strings.ToLower(name), strings.ToLower(host)) })
}

// matches compares with a pattern: * stands for any characters, ? for one.
func matches(pattern, s string) bool {
	if pattern == "" {
		return s == ""
	}
	switch pattern[0] {
	case '*':
		return matches(pattern[1:], s) || s != "" && matches(pattern, s[1:])
	case '?':
		return s != "" && matches(pattern[1:], s[1:])
	}
	return s != "" && s[0] == pattern[0] && matches(pattern[1:], s[1:])
}

// target is what a rule says about a path: the rule itself, the path map's matching rule (with its pattern), or the map's
// default. All three name their pool, settings or redirect; the default does it with a prefix, which is taken off here.
func (g config) target(rule config, r Request) (target config, pattern string, err error) {
	if text(rule, "ruleType") != "PathBasedRouting" {
		return rule, "", nil
	}
	paths, err := g.part("urlPathMaps", rule, "urlPathMap")
	if err != nil {
		return nil, "", err
	}
	asked, _, _ := strings.Cut(strings.ToLower(r.Path), "?")
	for _, candidate := range paths.list("pathRules") {
		for _, p := range texts(candidate, "paths") {
			if len(p) > len(pattern) && matchesPath(strings.ToLower(p), asked) {
				target, pattern = candidate, p
			}
		}
	}
	if target != nil {
		return target, pattern, nil
	}
	return config{
		"backendAddressPool":    paths["defaultBackendAddressPool"],
		"backendHttpSettings":   paths["defaultBackendHttpSettings"],
		"redirectConfiguration": paths["defaultRedirectConfiguration"],
	}, "", nil
}

// matchesPath: a pattern is exact unless it ends in *.
func matchesPath(pattern, path string) bool {
	if prefix, open := strings.CutSuffix(pattern, "*"); open {
		return strings.HasPrefix(path, prefix)
	}
	return path == pattern
}

var redirectStatus = map[string]int{"Permanent": 301, "Found": 302, "SeeOther": 303, "Temporary": 307}

func (g config) redirect(answer Answer, target config, r Request) (Answer, error) {
	redirect, err := g.part("redirectConfigurations", target, "redirectConfiguration")
	if err != nil {
		return answer, fmt.Errorf("rule %s: %w", answer.Rule, err)
	}
	answer.Status = redirectStatus[text(redirect, "redirectType")]
	if answer.Status == 0 {
		return answer, fmt.Errorf("redirect %s has no type: %q", text(redirect, "name"), text(redirect, "redirectType"))
	}
	location := text(redirect, "targetUrl")
	if location == "" {
		if location, err = g.redirectBase(redirect, r); err != nil {
			return answer, err
		}
	}
	path, query, _ := strings.Cut(r.Path, "?")
	if redirect["includePath"] == true {
		location += path
	}
	if redirect["includeQueryString"] == true && query != "" {
		location += "?" + query
	}
	answer.Location = location
	return answer, nil
}

// redirectBase is the address of the listener a redirect leads to.
func (g config) redirectBase(redirect config, r Request) (string, error) {
	listener, err := g.part("httpListeners", redirect, "targetListener")
	if err != nil {
		return "", fmt.Errorf("redirect %s: %w", text(redirect, "name"), err)
	}
	port, err := g.part("frontendPorts", listener, "frontendPort")
	if err != nil {
		return "", fmt.Errorf("listener %s: %w", text(listener, "name"), err)
	}
	base := url.URL{Scheme: strings.ToLower(text(listener, "protocol")), Host: r.Host}
	if n := number(port, "port"); n != map[string]int{"http": 80, "https": 443}[base.Scheme] {
		base.Host += fmt.Sprintf(":%d", n)
	}
	return base.String(), nil
}

func (g config) forward(answer Answer, target config, pattern string, r Request) (Answer, error) {
	settings, err := g.part("backendHttpSettingsCollection", target, "backendHttpSettings")
	if err != nil {
		return answer, fmt.Errorf("rule %s: %w", answer.Rule, err)
	}
	pool, err := g.part("backendAddressPools", target, "backendAddressPool")
	if err != nil {
		return answer, fmt.Errorf("rule %s: %w", answer.Rule, err)
	}
	for _, a := range pool.list("backendAddresses") {
		address := cmp.Or(text(a, "ipAddress"), text(a, "fqdn"))
		answer.Backends = append(answer.Backends, fmt.Sprintf("%s:%d", address, number(settings, "port")))
		if settings["pickHostNameFromBackendAddress"] == true {
			answer.HostHeader = cmp.Or(answer.HostHeader, address)
		}
	}
	answer.Protocol = text(settings, "protocol")
	answer.HostHeader = cmp.Or(text(settings, "hostName"), answer.HostHeader, r.Host)
	answer.Path = backendPath(text(settings, "path"), pattern, r.Path)
	answer.CookieAffinity = text(settings, "cookieBasedAffinity") == "Enabled"
	answer.TimeoutSeconds = number(settings, "requestTimeout")
	if draining, _ := settings["connectionDraining"].(map[string]any); draining["enabled"] == true {
		answer.DrainSeconds = number(draining, "drainTimeoutInSec")
	}
	if answer.Probe, err = g.probe(settings); err != nil {
		return answer, err
	}
	if len(answer.Backends) == 0 {
		return answer, fmt.Errorf("pool %s is empty: 502", text(pool, "name"))
	}
	return answer, nil
}

// backendPath is the request's path, or with an override, the override in place of what the path pattern matched.
func backendPath(override, pattern, path string) string {
	if override == "" {
		return path
	}
	rest := path
	if pattern != "" {
		rest = path[len(strings.TrimSuffix(pattern, "*")):]
	}
	return strings.TrimSuffix(override, "/") + "/" + strings.TrimPrefix(rest, "/")
}

func (g config) probe(settings config) (*Probe, error) {
	if reference(settings, "probe") == "" {
		return nil, nil
	}
	p, err := g.part("probes", settings, "probe")
	if err != nil {
		return nil, fmt.Errorf("settings %s: %w", text(settings, "name"), err)
	}
	probe := &Probe{
		Protocol: text(p, "protocol"), Host: text(p, "host"), Path: text(p, "path"), Port: number(p, "port"),
		IntervalSeconds: number(p, "interval"), TimeoutSeconds: number(p, "timeout"), UnhealthyThreshold: number(p, "unhealthyThreshold"),
	}
	if p["pickHostNameFromBackendHttpSettings"] == true {
		probe.Host = text(settings, "hostName")
	}
	if match, _ := p["match"].(map[string]any); match != nil {
		probe.StatusCodes = texts(match, "statusCodes")
	}
	return probe, nil
}

// config is a gateway's properties, or a part of them.
type config map[string]any

func (g config) list(collection string) []config {
	items, _ := g[collection].([]any)
	var out []config
	for _, item := range items {
		if o, ok := item.(map[string]any); ok {
			out = append(out, o)
		}
	}
	return out
}

// part follows a reference from one part of the gateway to another.
func (g config) part(collection string, from config, property string) (config, error) {
	id := reference(from, property)
	for _, item := range g.list(collection) {
		if id != "" && strings.EqualFold(text(item, "id"), id) {
			return item, nil
		}
	}
	if id == "" {
		return nil, fmt.Errorf("%s is not set", property)
	}
	return nil, fmt.Errorf("there is no %s among the gateway's %s", id[strings.LastIndex(id, "/")+1:], collection)
}

// reference is the ID a property points at, or "".
func reference(o config, property string) string {
	r, _ := o[property].(map[string]any)
	return text(r, "id")
}

func text(o config, key string) string {
	s, _ := o[key].(string)
	return s
}

func texts(o config, key string) []string {
	items, _ := o[key].([]any)
	var out []string
	for _, item := range items {
		if s, ok := item.(string); ok {
			out = append(out, s)
		}
	}
	return out
}

func number(o config, key string) int {
	n, _ := o[key].(float64)
	return int(n)
}
