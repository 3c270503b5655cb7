package kubernetes

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// mostEvents is how many events a failure quotes: the last ones, each kind of them once.
const mostEvents = 10

// place finds where objects of a kind and namespace are.
func (c *connection) place(o object) (place, error) {
	found, err := c.mapping(o)
	if err != nil {
		return place{}, err
	}
	where := place{resource: found.Resource}
	if found.Scope.Name() == meta.RESTScopeNameNamespace {
		where.namespace = text(o, "metadata", "namespace")
	}
	return where, nil
}

// lookup finds an object of a kind without namespace; nil when it isn't there or can't be read.
func (c *connection) lookup(ctx context.Context, kind schema.GroupVersionResource, name string) object {
	found, err := c.dynamic.Resource(kind).Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return nil
	}
	return found.Object
}

// diagnose quotes the events about an object that did not become ready and about what belongs to it: what the autoscaler, the
// kubelet, the cloud provider and the controllers had to say. An operator would find them with kubectl; the real provider shows
// the warnings about the object itself while it waits, and forgets them.
func (c *connection) diagnose(ctx context.Context, s scene) []string {
	list, err := c.dynamic.Resource(events).Namespace(text(s.object, "metadata", "namespace")).List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil // the failure itself says enough
	}
	concerned := family(s)
	found := list.Items
	slices.SortStableFunc(found, func(a, b unstructured.Unstructured) int { return cmp.Compare(lastSeen(a.Object), lastSeen(b.Object)) })
	var words []string
	for _, item := range found {
		e := item.Object
		// The autoscaler doesn't count it as a warning that it can't help.
		notable := text(e, "type") == "Warning" || text(e, "reason") == "NotTriggerScaleUp"
		if !notable || !concerned[text(e, "involvedObject", "uid")] {
			continue
		}
		line := fmt.Sprintf("[%s] %s: %s", text(e, "involvedObject", "kind"), text(e, "reason"), text(e, "message"))
		words = slices.DeleteFunc(words, func(earlier string) bool { return earlier == line })
		words = append(words, line)
	}
	return words[max(0, len(words)-mostEvents):]
}

func lastSeen(e object) string {
	for _, path := range [][]string{{"series", "lastObservedTime"}, {"lastTimestamp"}, {"eventTime"}} {
		if t := text(e, path...); t != "" {
			return t
		}
	}
	return text(e, "metadata", "creationTimestamp")
}

// family returns the UIDs of an object and of everything around it that belongs to it, directly or not.
func family(s scene) map[string]bool {
	members := map[string]bool{text(s.object, "metadata", "uid"): true}
	for grown := true; grown; {
		grown = false
		for _, list := range s.around {
			for _, o := range list {
				uid := text(o, "metadata", "uid")
				owners, _ := field(o, "metadata", "ownerReferences").([]any)
				for _, owner := range owners {
					reference, _ := owner.(object)
					if !members[uid] && members[text(reference, "uid")] {
						members[uid], grown = true, true
					}
				}
			}
		}
	}
	return members
}
