package kubernetes

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
)

// parse reads an object from JSON, with integers as Kubernetes has them.
func parse(t *testing.T, body string) object {
	t.Helper()
	var m map[string]any
	if err := json.Unmarshal([]byte(body), &m); err != nil {
		t.Fatal(err)
	}
	return fromProperties(resource.NewPropertyMapFromMap(m))
}

func TestNormaliseGivesAnObjectTheServersForm(t *testing.T) {
	for _, test := range []struct{ name, in, want string }{
		{
			"quantities have one spelling",
			`{"apiVersion":"v1","kind":"Pod","spec":{"containers":[{"name":"a","resources":{"limits":{"cpu":"2000m"}}}]}}`,
			`{"apiVersion":"v1","kind":"Pod","spec":{"containers":[{"name":"a","resources":{"limits":{"cpu":"2"}}}]}}`,
		},
		{
			"zero values the server drops are dropped",
			`{"apiVersion":"v1","kind":"Pod","spec":{"hostNetwork":false,"hostname":"x"}}`,
			`{"apiVersion":"v1","kind":"Pod","spec":{"hostname":"x"}}`,
		},
		{
			"a Secret's plain text becomes data, over what is there",
			`{"apiVersion":"v1","kind":"Secret","stringData":{"a":"x"},"data":{"a":"AAAA","b":"eA=="}}`,
			`{"apiVersion":"v1","kind":"Secret","data":{"a":"eA==","b":"eA=="}}`,
		},
		{
			"a custom resource stays as it is",
			`{"apiVersion":"x.example.com/v1","kind":"X","spec":{"cpu":"1000m"}}`,
			`{"apiVersion":"x.example.com/v1","kind":"X","spec":{"cpu":"1000m"}}`,
		},
		{
			"the server's own metadata is no input",
			`{"apiVersion":"x.example.com/v1","kind":"X","metadata":{"name":"n","uid":"u","resourceVersion":"7"}}`,
			`{"apiVersion":"x.example.com/v1","kind":"X","metadata":{"name":"n"}}`,
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got, want := normalise(parse(t, test.in)), parse(t, test.want); !reflect.DeepEqual(got, want) {
				t.Errorf("got %v, want %v", got, want)
			}
		})
	}
	t.Run("an object with an unknown value stays as it is", func(t *testing.T) {
		o := parse(t, `{"apiVersion":"v1","kind":"Secret","stringData":{"a":"x"}}`)
		set(o, resource.Computed{}, "stringData", "b")
		if got := normalise(o); text(got, "stringData", "a") != "x" || got["data"] != nil {
			t.Errorf("%v", got)
		}
	})
}

func TestMisfitsNamesUnknownFieldsAndWrongTypes(t *testing.T) {
	for _, test := range []struct {
		name, in string
		want     []string
	}{
		{"a good object", `{"apiVersion":"v1","kind":"Service","spec":{"ports":[{"port":443,"targetPort":"https"}]}}`, nil},
		{"two misspelt fields", `{"apiVersion":"v1","kind":"Service","sepc":{},"spec":{"ports":[{"prot":1}]}}`, []string{`"sepc"`, `"spec.ports[0].prot"`}},
		{"a list instead of a map", `{"apiVersion":"v1","kind":"Service","spec":[]}`, []string{"cannot restore struct"}},
		{"a kind it doesn't know", `{"apiVersion":"x.example.com/v1","kind":"X","sepc":{}}`, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := misfits(parse(t, test.in))
			if len(got) != len(test.want) {
				t.Fatalf("got %q", got)
			}
			for i := range got {
				if !strings.Contains(got[i], test.want[i]) {
					t.Errorf("got %q, want %s", got[i], test.want[i])
				}
			}
		})
	}
	t.Run("unknown values hide no misspelt field", func(t *testing.T) {
		o := parse(t, `{"apiVersion":"v1","kind":"Service","spec":{"prots":[]}}`)
		set(o, resource.Computed{}, "spec", "clusterIP")
		if got := misfits(o); len(got) != 1 || !strings.Contains(got[0], `"spec.prots"`) {
			t.Errorf("got %q", got)
		}
	})
}

func TestCompare(t *testing.T) {
	immutable := [][]string{{"metadata", "name"}, {"spec", "selector"}}
	for _, test := range []struct {
		name, old, new string
		ignored        []string
		want           map[string]plugin.DiffKind
		deletesFirst   bool
	}{
		{name: "the same", old: `{"a":[1,{"b":2}]}`, new: `{"a":[1,{"b":2}]}`, want: map[string]plugin.DiffKind{}},
		{name: "an added, a changed and a dropped value", old: `{"a":1,"b":2}`, new: `{"a":3,"c":4}`,
			want: map[string]plugin.DiffKind{"a": plugin.DiffUpdate, "b": plugin.DiffDelete, "c": plugin.DiffAdd}},
		{name: "list items by position", old: `{"l":[{"n":1},{"n":2},{"n":3}]}`, new: `{"l":[{"n":1},{"n":5}]}`,
			want: map[string]plugin.DiffKind{"l[1].n": plugin.DiffUpdate, "l[2]": plugin.DiffDelete}},
		{name: "keys with dots are quoted", old: `{"metadata":{"labels":{"a.b/c":"1"}}}`, new: `{"metadata":{"labels":{"a.b/c":"2"}}}`,
			want: map[string]plugin.DiffKind{`metadata.labels["a.b/c"]`: plugin.DiffUpdate}},
		{name: "an ignored path hides what is below it", old: `{"spec":{"replicas":1,"x":{"y":1}}}`, new: `{"spec":{"replicas":2,"x":{"y":2}}}`,
			ignored: []string{"spec.replicas", "spec.x"}, want: map[string]plugin.DiffKind{}},
		{name: "a change below an immutable path replaces", old: `{"spec":{"selector":{"app":"a"},"n":1}}`, new: `{"spec":{"selector":{"app":"b"},"n":2}}`,
			want: map[string]plugin.DiffKind{"spec.selector.app": plugin.DiffUpdateReplace, "spec.n": plugin.DiffUpdate}, deletesFirst: true},
		{name: "a change above an immutable path replaces", old: `{"a":1}`, new: `{"a":1,"spec":{"selector":{}}}`,
			want: map[string]plugin.DiffKind{"spec": plugin.DiffAddReplace}, deletesFirst: true},
		{name: "a new map and a new list in place of something else", old: `{"a":1,"b":{"x":1}}`, new: `{"a":{"x":1},"b":[1]}`,
			want: map[string]plugin.DiffKind{"a": plugin.DiffUpdate, "b": plugin.DiffUpdate}},
	} {
		t.Run(test.name, func(t *testing.T) {
			diff, err := compare(parse(t, test.old), parse(t, test.new), test.ignored, immutable, true)
			if err != nil {
				t.Fatal(err)
			}
			got := map[string]plugin.DiffKind{}
			for path, d := range diff.DetailedDiff {
				got[path] = d.Kind
			}
			if !reflect.DeepEqual(got, test.want) {
				t.Errorf("got %v, want %v", got, test.want)
			}
			if diff.DeleteBeforeReplace != test.deletesFirst {
				t.Errorf("delete first: %v", diff.DeleteBeforeReplace)
			}
			if wanted := len(test.want) > 0; (diff.Changes == plugin.DiffSome) != wanted {
				t.Errorf("changes %v", diff.Changes)
			}
		})
	}
	t.Run("an unknown value is a change", func(t *testing.T) {
		diff, err := compare(object{"a": "x"}, object{"a": resource.Computed{}}, nil, nil, true)
		if err != nil || diff.DetailedDiff["a"].Kind != plugin.DiffUpdate {
			t.Errorf("%v, %v", diff, err)
		}
	})
}

func TestMergePatchDeletesOnlyWhatTheProgramDropped(t *testing.T) {
	old := parse(t, `{"spec":{"a":1,"gone":1,"l":[1]}}`)
	inputs := parse(t, `{"spec":{"a":2,"l":[1]}}`)
	live := parse(t, `{"spec":{"a":1,"gone":1,"l":[1],"theirs":1},"status":{}}`)
	want := parse(t, `{"spec":{"a":2,"gone":null}}`)
	if got := mergePatch(old, inputs, live); !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestChartsCreateWhatOthersDependOn(t *testing.T) {
	for _, test := range []struct {
		name    string
		release release
		want    []string
	}{
		{
			"AGIC brings its class and the account the federated credential names",
			release{name: "ingress-azure", namespace: "agic", chart: "oci://mcr.microsoft.com/x/ingress-azure"},
			[]string{"ServiceAccount agic/ingress-azure", "IngressClass azure-application-gateway"},
		},
		{
			"AGIC's account carries the chart's name when the release has another",
			release{name: "apim", namespace: "agic", chart: "ingress-azure"},
			[]string{"ServiceAccount agic/apim-sa-ingress-azure", "IngressClass azure-application-gateway"},
		},
		{
			"AGIC's values name the class, or leave it out",
			release{name: "ingress-azure", namespace: "agic", chart: "ingress-azure", values: object{
				"kubernetes": object{"ingressClassResource": object{"enabled": false}},
			}},
			[]string{"ServiceAccount agic/ingress-azure"},
		},
		{
			"Traefik's class and Service are named after the release",
			release{name: "edge", namespace: "traefik", chart: "traefik", values: object{}},
			[]string{"IngressClass edge-traefik", "Service traefik/edge-traefik"},
		},
		{
			"Traefik's values override the names",
			release{name: "edge", namespace: "traefik", chart: "traefik", values: object{
				"fullnameOverride": "front", "ingressClass": object{"name": "public"},
			}},
			[]string{"IngressClass public", "Service traefik/front"},
		},
		{"cert-manager without its kinds brings nothing", release{name: "cm", chart: "cert-manager"}, nil},
		{"a chart it doesn't know brings nothing", release{name: "x", chart: "prometheus"}, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			var got []string
			for _, o := range test.release.objects() {
				got = append(got, text(o, "kind")+" "+string(objectID(o)))
				if text(o, "metadata", "annotations", annotationRelease) != test.release.name {
					t.Errorf("%v is not marked as the release's", o)
				}
			}
			if !slices.Equal(got, test.want) {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
	t.Run("Traefik's Service takes annotations and spec from the values", func(t *testing.T) {
		objects := release{name: "traefik", namespace: "n", chart: "traefik", values: object{"service": object{
			"annotations": object{"who": "us"}, "spec": object{"externalTrafficPolicy": "Local"},
		}}}.objects()
		service := objects[len(objects)-1]
		if text(service, "metadata", "annotations", "who") != "us" || text(service, "spec", "externalTrafficPolicy") != "Local" || text(service, "spec", "type") != "LoadBalancer" {
			t.Errorf("%v", service)
		}
	})
}
