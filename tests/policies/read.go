package policies

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"slices"

	"gopkg.in/yaml.v3"

	"apim-azure/workloads/plan/policy"
)

// Read takes the network policies out of a stream of YAML documents, such as rendered manifests; lists are opened, other kinds
// are skipped. A field it doesn't know, or a rule that Kubernetes would refuse, is an error: a policy half understood would be
// judged wrongly.
func Read(r io.Reader) ([]policy.NetworkPolicy, error) {
	var policies []policy.NetworkPolicy
	decoder := yaml.NewDecoder(r)
	for {
		var document any
		if err := decoder.Decode(&document); errors.Is(err, io.EOF) {
			return policies, nil
		} else if err != nil {
			return nil, err
		}
		data, err := json.Marshal(document)
		if err != nil {
			return nil, err
		}
		found, err := readObject(data)
		if err != nil {
			return nil, err
		}
		policies = append(policies, found...)
	}
}

func readObject(data []byte) ([]policy.NetworkPolicy, error) {
	var object struct {
		APIVersion string `json:"apiVersion"`
		Kind       string `json:"kind"`
		Metadata   struct {
			Name        string            `json:"name"`
			Namespace   string            `json:"namespace"`
			Annotations map[string]string `json:"annotations"`
		} `json:"metadata"`
		Spec  json.RawMessage   `json:"spec"`
		Items []json.RawMessage `json:"items"`
	}
	if err := json.Unmarshal(data, &object); err != nil {
		return nil, err
	}
	var policies []policy.NetworkPolicy
	for _, item := range object.Items {
		found, err := readObject(item)
		if err != nil {
			return nil, err
		}
		policies = append(policies, found...)
	}
	if object.Kind != "NetworkPolicy" || object.APIVersion != "networking.k8s.io/v1" {
		return policies, nil
	}
	m := object.Metadata
	p := policy.NetworkPolicy{Name: m.Name, Namespace: m.Namespace, Annotations: m.Annotations}
	strict := json.NewDecoder(bytes.NewReader(object.Spec))
	strict.DisallowUnknownFields()
	if err := strict.Decode(&p.Spec); err != nil {
		return nil, fmt.Errorf("policy %s/%s: %w", p.Namespace, p.Name, err)
	}
	if err := check(p.Spec); err != nil {
		return nil, fmt.Errorf("policy %s/%s: %w", p.Namespace, p.Name, err)
	}
	return append(policies, p), nil
}

// check refuses what the API server refuses, as far as the evaluation depends on it.
func check(s policy.Spec) error {
	errs := checkSelector(&s.PodSelector)
	for _, t := range s.PolicyTypes {
		if t != policy.Ingress && t != policy.Egress {
			errs = append(errs, fmt.Errorf("policy type %q is neither Ingress nor Egress", t))
		}
	}
	for _, direction := range []string{policy.Ingress, policy.Egress} {
		for _, r := range rules(s, direction) {
			for _, peer := range r.peers {
				errs = append(errs, checkPeer(peer)...)
			}
			for _, port := range r.ports {
				if port.EndPort != 0 && port.Port == "" {
					errs = append(errs, errors.New("endPort without port"))
				}
			}
		}
	}
	return errors.Join(errs...)
}

func checkPeer(p policy.PolicyPeer) []error {
	switch pods := p.PodSelector != nil || p.NamespaceSelector != nil; {
	case pods && p.IPBlock != nil:
		return []error{errors.New("a peer has both a selector and an ipBlock")}
	case pods:
		return append(checkSelector(p.PodSelector), checkSelector(p.NamespaceSelector)...)
	case p.IPBlock == nil:
		return []error{errors.New("a peer says nothing")}
	}
	whole, err := netip.ParsePrefix(p.IPBlock.CIDR)
	if err != nil {
		return []error{err}
	}
	for _, text := range p.IPBlock.Except {
		part, err := netip.ParsePrefix(text)
		if err != nil {
			return []error{err}
		}
		if part.Bits() <= whole.Bits() || !whole.Contains(part.Addr()) {
			return []error{fmt.Errorf("except %s is not a part of %s", part, whole)}
		}
	}
	return nil
}

func checkSelector(s *policy.Selector) []error {
	if s == nil {
		return nil
	}
	var errs []error
	for _, r := range s.MatchExpressions {
		if !slices.Contains([]string{"In", "NotIn", "Exists", "DoesNotExist"}, r.Operator) {
			errs = append(errs, fmt.Errorf("operator %q of %s is unknown", r.Operator, r.Key))
		}
	}
	return errs
}
