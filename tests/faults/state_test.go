package faults_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// state is what is read of an exported stack.
type state struct {
	Deployment struct {
		Resources []resource  `json:"resources"`
		Pending   []operation `json:"pending_operations"`
	} `json:"deployment"`
}

type resource struct {
	URN           string         `json:"urn"`
	Type          string         `json:"type"`
	ID            string         `json:"id"`
	Custom        bool           `json:"custom"`
	Delete        bool           `json:"delete"`
	Protect       bool           `json:"protect"`
	InitErrors    []string       `json:"initErrors"`
	IgnoreChanges []string       `json:"ignoreChanges"`
	DeletedWith   string         `json:"deletedWith"`
	Inputs        map[string]any `json:"inputs"`
	Outputs       map[string]any `json:"outputs"`
}

func (r resource) name() string { return nameOf(r.URN) }

type operation struct {
	Type     string   `json:"type"`
	Resource resource `json:"resource"`
}

// state reads the stack's state with its secrets in clear.
func (w *world) state() state {
	w.t.Helper()
	content, err := w.Export(context.Background(), true)
	if err != nil {
		w.t.Fatal(err)
	}
	var s state
	if err := json.Unmarshal(content, &s); err != nil {
		w.t.Fatal(err)
	}
	for i, r := range s.Deployment.Resources {
		s.Deployment.Resources[i].Inputs, _ = reveal(r.Inputs).(map[string]any)
	}
	return s
}

// of are the resources of a package, such as azure-native.
func (s state) of(pkg string) []resource {
	var out []resource
	for _, r := range s.Deployment.Resources {
		if strings.HasPrefix(r.Type, pkg+":") {
			out = append(out, r)
		}
	}
	return out
}

func (s state) find(name, resourceType string) (resource, bool) {
	at := slices.IndexFunc(s.Deployment.Resources, func(r resource) bool { return r.name() == name && r.Type == resourceType })
	if at < 0 {
		return resource{}, false
	}
	return s.Deployment.Resources[at], true
}

// underWay lists the operations the engine had begun and not finished, by what they do.
func (s state) underWay() string {
	if len(s.Deployment.Pending) == 0 {
		return "nothing"
	}
	var out []string
	for _, o := range s.Deployment.Pending {
		out = append(out, o.Type+" "+o.Resource.name())
	}
	slices.Sort(out)
	if most := 4; len(out) > most {
		out = append(out[:most], fmt.Sprintf("and %d more", len(out)-most))
	}
	return strings.Join(out, ", ")
}

// secretSignature marks an object of the state that stands for a secret.
const (
	signatureKey    = "4dabf18193072939515e22adb298388d"
	secretSignature = "1b47061264138c4ac30d75fd1eb44270"
)

// reveal opens the engine's secret envelopes, at any depth.
func reveal(v any) any {
	switch v := v.(type) {
	case map[string]any:
		if v[signatureKey] == secretSignature {
			var inner any
			text, _ := v["plaintext"].(string)
			if json.Unmarshal([]byte(text), &inner) == nil {
				return reveal(inner)
			}
			return v
		}
		out := make(map[string]any, len(v))
		for key, e := range v {
			out[key] = reveal(e)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, e := range v {
			out[i] = reveal(e)
		}
		return out
	}
	return v
}
