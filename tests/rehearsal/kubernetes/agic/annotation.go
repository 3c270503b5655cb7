package agic

import (
	"fmt"
	"strconv"
	"strings"

	networkingv1 "k8s.io/api/networking/v1"
)

// prefix is that of AGIC's own annotations (pkg/annotations/ingress_annotations.go).
const prefix = "appgw.ingress.kubernetes.io/"

func annotation(ingress *networkingv1.Ingress, name string) string {
	return ingress.Annotations[prefix+name]
}

// flag reads a truth value. A value that is none counts as unset, with an event.
func (b *builder) flag(ingress *networkingv1.Ingress, name string) bool {
	value, set := ingress.Annotations[prefix+name]
	if !set {
		return false
	}
	on, err := strconv.ParseBool(value)
	if err != nil {
		b.invalid(ingress, name, value)
	}
	return on
}

// figure reads a whole number; false if there is none.
func (b *builder) figure(ingress *networkingv1.Ingress, name string) (float64, bool) {
	value, set := ingress.Annotations[prefix+name]
	if !set {
		return 0, false
	}
	n, err := strconv.ParseInt(value, 10, 32)
	if err != nil {
		b.invalid(ingress, name, value)
	}
	return float64(n), err == nil
}

// positive is a figure above 0.
func (b *builder) positive(ingress *networkingv1.Ingress, name string) (float64, bool) {
	n, ok := b.figure(ingress, name)
	return n, ok && n > 0
}

// backendProtocol is Http, Https, or "" where the annotation doesn't say.
func (b *builder) backendProtocol(ingress *networkingv1.Ingress) string {
	value, set := ingress.Annotations[prefix+"backend-protocol"]
	switch {
	case !set:
		return ""
	case strings.EqualFold(value, "http"):
		return "Http"
	case strings.EqualFold(value, "https"):
		return "Https"
	}
	b.invalid(ingress, "backend-protocol", value)
	return ""
}

func (b *builder) invalid(ingress *networkingv1.Ingress, name, value string) {
	b.warn(ingress, "InvalidAnnotation", fmt.Sprintf("annotation %s%s does not contain a valid value (%s)", prefix, name, value))
}
