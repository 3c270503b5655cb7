package rehearsal

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

// hidden is shown in place of secret values.
const hidden = "[secret]"

const (
	// signatureKey marks an object of the state that stands for something else; secretSignature says: a secret.
	signatureKey    = "4dabf18193072939515e22adb298388d"
	secretSignature = "1b47061264138c4ac30d75fd1eb44270"
)

// stateResource is what is read of a resource of the engine's deployment JSON.
type stateResource struct {
	Type   string         `json:"type"`
	Custom bool           `json:"custom"`
	Delete bool           `json:"delete"`
	Inputs map[string]any `json:"inputs"`
}

// Manifests renders the Kubernetes objects of a deployment exported with its secrets shown, as the program declared them: a
// multi-document YAML, sorted by kind, namespace and name, every secret value hidden. Helm releases are no objects of the
// API server and are left out.
func Manifests(export []byte) ([]byte, error) {
	var exported struct {
		Deployment struct {
			Resources []stateResource `json:"resources"`
		} `json:"deployment"`
	}
	if err := json.Unmarshal(export, &exported); err != nil {
		return nil, fmt.Errorf("the deployment JSON can't be read: %w", err)
	}
	var objects []map[string]any
	for _, r := range exported.Deployment.Resources {
		if !r.Custom || r.Delete || !strings.HasPrefix(r.Type, "kubernetes:") || strings.HasPrefix(r.Type, "kubernetes:helm.sh/") {
			continue
		}
		object := map[string]any{}
		for key, value := range r.Inputs {
			if !strings.HasPrefix(key, "__") { // the provider's own notes
				object[key] = reveal(value)
			}
		}
		if object["kind"] == "Secret" {
			for _, key := range []string{"data", "stringData"} {
				if object[key] != nil {
					object[key] = hide(object[key])
				}
			}
		}
		objects = append(objects, object)
	}
	if len(objects) == 0 { // an encoder that has written nothing refuses to be closed
		return nil, nil
	}
	slices.SortStableFunc(objects, func(a, b map[string]any) int { return cmp.Compare(place(a), place(b)) })
	var out bytes.Buffer
	encoder := yaml.NewEncoder(&out)
	encoder.SetIndent(2)
	for _, object := range objects {
		if err := encoder.Encode(object); err != nil {
			return nil, err
		}
	}
	return out.Bytes(), encoder.Close()
}

// place is what objects are sorted by.
func place(object map[string]any) string {
	metadata, _ := object["metadata"].(map[string]any)
	var words []string
	for _, word := range []any{object["kind"], object["apiVersion"], metadata["namespace"], metadata["name"]} {
		s, _ := word.(string)
		words = append(words, s)
	}
	return strings.Join(words, "\x00")
}

// reveal turns the state's form of a value into the value, with what is secret hidden but its shape kept: a secret map keeps
// its keys.
func reveal(value any) any {
	switch v := value.(type) {
	case map[string]any:
		if v[signatureKey] == secretSignature {
			text, _ := v["plaintext"].(string)
			var content any
			if json.Unmarshal([]byte(text), &content) != nil {
				return hidden
			}
			return hide(content)
		}
		object := map[string]any{}
		for _, key := range slices.Sorted(maps.Keys(v)) {
			object[key] = reveal(v[key])
		}
		return object
	case []any:
		list := make([]any, len(v))
		for i, e := range v {
			list[i] = reveal(e)
		}
		return list
	case float64:
		if whole := int64(v); float64(whole) == v { // YAML would write large whole numbers in scientific notation
			return whole
		}
	}
	return value
}

// hide hides every value and keeps the shape.
func hide(value any) any {
	switch v := value.(type) {
	case map[string]any:
		if v[signatureKey] == secretSignature {
			return reveal(v)
		}
		object := map[string]any{}
		for key, e := range v {
			object[key] = hide(e)
		}
		return object
	case []any:
		list := make([]any, len(v))
		for i, e := range v {
			list[i] = hide(e)
		}
		return list
	case nil:
		return nil
	}
	return hidden
}
