package logical

import (
	"context"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
)

const token = "test:index:Thing"

// things are made from a size and have a secret name and a label that may change.
func things() *Provider {
	return &Provider{Name: "test", Version: "1.2.3", Resources: map[string]Resource{token: {
		Inputs: map[string]Input{
			"size": {Kind: Integer, Required: true}, "label": {Kind: String, Default: "none", InPlace: true},
			"parts": {Kind: List}, "key": {Kind: String, Secret: true},
		},
		Outputs: map[string]bool{"name": true, "place": false},
		Create: func(in Values) (string, map[string]any, error) {
			return "id", map[string]any{"name": "n" + in.String("label"), "place": "p"}, nil
		},
	}}}
}

func properties(m map[string]any) resource.PropertyMap { return resource.NewPropertyMapFromMap(m) }

func TestAnUpdateKeepsWhatWasComputedAndItsSecrecy(t *testing.T) {
	made, err := things().Create(context.Background(), plugin.CreateRequest{
		Type: token, Properties: properties(map[string]any{"size": 1, "key": "k"}),
	})
	if err != nil {
		t.Fatal(err)
	}
	if made.Properties["label"].StringValue() != "none" || !made.Properties["key"].IsSecret() {
		t.Errorf("the state lacks a default or shows a secret: %v", made.Properties)
	}
	changed, err := things().Update(context.Background(), plugin.UpdateRequest{
		Type: token, OldOutputs: made.Properties, NewInputs: properties(map[string]any{"size": 1, "label": "new"}),
	})
	if err != nil {
		t.Fatal(err)
	}
	p := changed.Properties
	if p["label"].StringValue() != "new" || p["place"].StringValue() != "p" ||
		!p["name"].IsSecret() || p["name"].SecretValue().Element.StringValue() != "nnone" {
		t.Errorf("got %v", p)
	}
	if _, there := p["key"]; there {
		t.Error("an argument that is gone is still in the state")
	}
}

func TestAReadReturnsTheStateMarkedSecretAgain(t *testing.T) {
	state := properties(map[string]any{"size": 1, "name": "n", "place": "p"})
	read, err := things().Read(context.Background(), plugin.ReadRequest{Type: token, ID: "id", State: state})
	if err != nil {
		t.Fatal(err)
	}
	if !read.Outputs["name"].IsSecret() || read.Outputs["place"].IsSecret() || read.ID != "id" {
		t.Errorf("got %v", read.Outputs)
	}
	if _, err := things().Read(context.Background(), plugin.ReadRequest{Type: token, ID: "id"}); err == nil ||
		!strings.Contains(err.Error(), "can't import") {
		t.Errorf("an import ends with %v", err)
	}
}

func TestChangesAreToldApart(t *testing.T) {
	unknown := properties(map[string]any{"size": 1})
	unknown["parts"] = resource.MakeComputed(resource.NewStringProperty(""))
	secret := properties(map[string]any{})
	secret["size"] = resource.MakeSecret(resource.NewNumberProperty(1))
	for name, c := range map[string]struct {
		news resource.PropertyMap
		key  string
		kind plugin.DiffKind
	}{
		"a replacing change":           {properties(map[string]any{"size": 2}), "size", plugin.DiffUpdateReplace},
		"a change in place":            {properties(map[string]any{"size": 1, "label": "x"}), "label", plugin.DiffUpdate},
		"an addition":                  {properties(map[string]any{"size": 1, "parts": []any{"a"}}), "parts", plugin.DiffAddReplace},
		"a value not known yet":        {unknown, "parts", plugin.DiffAddReplace},
		"an argument set to null":      {properties(map[string]any{"size": 1, "parts": nil}), "", 0},
		"a value that becomes secret":  {secret, "", 0},
		"a default that is spelt out":  {properties(map[string]any{"size": 1, "label": "none"}), "", 0},
		"an argument that is gone now": {properties(map[string]any{}), "size", plugin.DiffDeleteReplace},
	} {
		t.Run(name, func(t *testing.T) {
			diff, err := things().Diff(context.Background(), plugin.DiffRequest{
				Type: token, OldInputs: properties(map[string]any{"size": 1}), NewInputs: c.news,
			})
			if err != nil {
				t.Fatal(err)
			}
			if c.key == "" {
				if diff.Changes != plugin.DiffNone {
					t.Errorf("changes: %v", diff.DetailedDiff)
				}
				return
			}
			if d, there := diff.DetailedDiff[c.key]; len(diff.DetailedDiff) != 1 || !there || d.Kind != c.kind {
				t.Errorf("got %v, want %s of %s", diff.DetailedDiff, c.kind, c.key)
			}
		})
	}
}

func TestTheVersionStoodInForIsTold(t *testing.T) {
	info, err := things().GetPluginInfo(context.Background())
	if err != nil || info.Version.String() != "1.2.3" {
		t.Errorf("got %v, error %v", info, err)
	}
}
