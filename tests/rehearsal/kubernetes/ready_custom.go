package kubernetes

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"k8s.io/client-go/util/jsonpath"
)

// annotationWaitFor holds what the program wants to wait for, instead of the kind's own rule: an expression, or a JSON list of
// them. It is the only way to wait for a custom resource.
const annotationWaitFor = "pulumi.com/waitFor"

func customRule(annotation string) (*rule, error) {
	var expressions []string
	if json.Unmarshal([]byte(annotation), &expressions) != nil {
		expressions = []string{annotation}
	}
	if len(expressions) == 0 {
		return nil, fmt.Errorf("%s lists nothing to wait for", annotationWaitFor)
	}
	var checks []func(object) (bool, string)
	for _, expression := range expressions {
		kind, rest, _ := strings.Cut(expression, "=")
		switch kind {
		case "condition":
			checks = append(checks, conditionCheck(rest))
		case "jsonpath":
			check, err := pathCheck(rest)
			if err != nil {
				return nil, fmt.Errorf("%s: %q: %w", annotationWaitFor, expression, err)
			}
			checks = append(checks, check)
		default:
			return nil, fmt.Errorf("%s: %q begins neither with jsonpath= nor with condition=", annotationWaitFor, expression)
		}
	}
	return &rule{
		overdue: func(string) string { return "timed out waiting for the condition" },
		check: func(s scene) verdict {
			v := verdict{ready: true}
			if seen, ok := field(s.object, "status", "observedGeneration").(int64); ok && seen < generation(s.object) {
				return verdict{problems: []string{"its controller has not seen it yet"}}
			}
			for _, check := range checks {
				if ok, problem := check(s.object); !ok {
					v.ready, v.problems = false, append(v.problems, problem)
				}
			}
			return v
		},
	}, nil
}

// conditionCheck wants a condition to have a status, True unless another is given. Case doesn't matter, as with kubectl wait.
func conditionCheck(expression string) func(object) (bool, string) {
	kind, wanted, given := strings.Cut(expression, "=")
	if !given {
		wanted = "True"
	}
	return func(o object) (bool, string) {
		list, _ := field(o, "status", "conditions").([]any)
		for _, item := range list {
			c, _ := item.(object)
			if strings.EqualFold(text(c, "type"), kind) {
				return strings.EqualFold(text(c, "status"), wanted),
					fmt.Sprintf("its condition %s is %s: [%s] %s", kind, text(c, "status"), text(c, "reason"), text(c, "message"))
			}
		}
		return false, fmt.Sprintf("it has no condition %s", kind)
	}
}

// pathCheck wants a JSONPath to lead to something, or to a given value. The syntax is kubectl's; the real provider's parser is
// a stricter one.
func pathCheck(expression string) (func(object) (bool, string), error) {
	path, wanted := expression, ""
	if end := strings.LastIndex(expression, "}"); end >= 0 {
		path, wanted = expression[:end+1], expression[end+1:]
	}
	wanted, given := strings.CutPrefix(wanted, "=")
	if !strings.HasPrefix(path, "{") || given && wanted == "" {
		return nil, fmt.Errorf("write {.path} or {.path}=value")
	}
	parsed := jsonpath.New(annotationWaitFor).AllowMissingKeys(true)
	if err := parsed.Parse(path); err != nil {
		return nil, err
	}
	return func(o object) (bool, string) {
		found, err := parsed.FindResults(o)
		if err != nil || len(found) == 0 || len(found[0]) == 0 {
			return false, path + " leads to nothing"
		}
		var value bytes.Buffer
		if err := parsed.PrintResults(&value, found[0][:1]); err != nil {
			return false, err.Error()
		}
		return !given || value.String() == wanted, fmt.Sprintf("%s is %q", path, value.String())
	}, nil
}
