package plan

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// dnsLabel is what Kubernetes takes as the name of a Service, and as the value of a label.
var dnsLabel = regexp.MustCompile(`^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$`)

func TestObjectNamesAreDNSNamesWhateverTheGroupIsCalled(t *testing.T) {
	seen := map[string]string{}
	for _, group := range []string{"a", "apis", "internal_apis", "internal__apis", "apis2", "apis_2", strings.Repeat("z", 30), "a" + strings.Repeat("_", 28) + "z"} {
		if err := CheckGroupName("name", group); err != nil {
			t.Error(err)
		}
		for _, c := range []Component{Manager, Gateway} {
			name := ObjectName(c, group)
			if !dnsLabel.MatchString(name) {
				t.Errorf("group %q gives the name %q", group, name)
			}
			if other, taken := seen[name]; taken {
				t.Errorf("groups %q and %q share the name %q", group, other, name)
			}
			seen[name] = group
		}
		if label := Selector(Gateway, group)["app.kubernetes.io/instance"]; !regexp.MustCompile(`^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$`).MatchString(label) {
			t.Errorf("group %q gives the label %q", group, label)
		}
	}
}

func TestGroupNamesThatGiveNoObjectNameAreRefused(t *testing.T) {
	for _, group := range []string{"", "_", "_apis", "apis_", "1apis", "internal-apis", "APIs", strings.Repeat("z", 31)} {
		if err := CheckGroupName("name", group); err == nil {
			t.Errorf("%q was accepted", group)
		}
	}
}

func TestObjectNamesReadLikeTheirGroups(t *testing.T) {
	for name, c := range map[string]struct {
		component Component
		group     string
		want      string
	}{
		"ANM belongs to no group":    {ANM, "", "anm"},
		"a plain group is appended":  {Gateway, "apis", "traffic-apis"},
		"underscores turn to dashes": {Manager, "internal_apis", "api-manager-internal-apis"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := ObjectName(c.component, c.group); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestSelectorsTellComponentsAndGroupsApart(t *testing.T) {
	selectors := []map[string]string{
		Selector(ANM, ""), Selector(Manager, "a"), Selector(Manager, "b"), Selector(Gateway, "a"), Selector(Gateway, "b"),
	}
	pods := []map[string]string{Labels(ANM, ""), Labels(Manager, "a"), Labels(Manager, "b"), Labels(Gateway, "a"), Labels(Gateway, "b")}
	for i, selector := range selectors {
		for j, labels := range pods {
			matches := true
			for key, value := range selector {
				matches = matches && labels[key] == value
			}
			if matches != (i == j) {
				t.Errorf("selector %v on labels %v: %v", selector, labels, matches)
			}
		}
	}
}

func TestLabelsDoNotLeakIntoTheSelector(t *testing.T) {
	before := maps.Clone(Selector(Gateway, "apis"))
	Labels(Gateway, "apis")["extra"] = "x"
	if !maps.Equal(before, Selector(Gateway, "apis")) {
		t.Error("the selector changed")
	}
}

func TestExtraPortsComeNamedAndInOrder(t *testing.T) {
	ports, err := ExtraPorts("key", []int{8443, 8080})
	if want := []Port{{"http-8080", 8080}, {"https-8443", 8443}}; err != nil || !slices.Equal(ports, want) {
		t.Errorf("got %v, %v; want %v", ports, err, want)
	}
}
