package config

import (
	"reflect"
	"slices"
	"strconv"
	"testing"
)

// eachTag visits every key declared in the types, those of list elements included.
func eachTag(path string, t reflect.Type, visit func(key string, field reflect.StructField)) {
	for name, field := range fields(t) {
		key, inner := join(path, name), field.Type
		if inner.Kind() == reflect.Slice {
			inner = inner.Elem()
		}
		visit(key, field)
		if inner.Kind() == reflect.Struct {
			eachTag(key, inner, visit)
		}
	}
}

func TestEveryTagSaysSomethingLoadUnderstands(t *testing.T) {
	used, keys := map[string]bool{}, 0
	eachTag("", reflect.TypeFor[Config](), func(key string, field reflect.StructField) {
		keys++
		tag := field.Tag
		t.Run(key, func(t *testing.T) {
			if format := tag.Get("format"); format != "" {
				used[format] = true
				if formats[format] == nil {
					t.Errorf("format %q is not defined", format)
				}
			}
			checkDefaultTag(t, field.Type.Kind(), tag)
			if f := tag.Get("figure"); f != "" && (f != "lower" && f != "fixed" || tag.Get("default") == "") {
				t.Errorf("figure %q needs a default and must be lower or fixed", f)
			}
			if tag.Get("required") == "true" && tag.Get("default") != "" {
				t.Error("a required key has no use for a default")
			}
			if field.Type.Kind() == reflect.Int && tag.Get("enum") == "" && tag.Get("max") == "" {
				t.Error("a number without an upper limit")
			}
		})
	})
	if keys < 100 {
		t.Errorf("only %d keys were visited", keys)
	}
	for format := range formats {
		if !used[format] {
			t.Errorf("format %q is used by no key", format)
		}
	}
}

// checkDefaultTag holds a default to its own field's rules.
func checkDefaultTag(t *testing.T, kind reflect.Kind, tag reflect.StructTag) {
	t.Helper()
	value, ok := tag.Lookup("default")
	if !ok {
		return
	}
	if allowed := enum(tag); allowed != nil && !slices.Contains(allowed, value) {
		t.Errorf("default %s is not among %v", value, allowed)
	}
	if check := formats[tag.Get("format")]; check != nil {
		if fault := check(value); fault != nil {
			t.Errorf("default %s %s", value, fault.rule)
		}
	}
	if kind != reflect.Int {
		return
	}
	n, err := strconv.Atoi(value)
	if err != nil {
		t.Fatal(err)
	}
	if smallest, ok := bound(tag, "min"); ok && n < smallest {
		t.Errorf("default %d is below %d", n, smallest)
	}
	if largest, ok := bound(tag, "max"); ok && n > largest {
		t.Errorf("default %d is above %d", n, largest)
	}
}

func TestDistanceCountsSingleCharacterEdits(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want int
	}{
		{"", "abc", 3}, {"network", "network", 0}, {"netwrok", "network", 2}, {"aks", "AKS", 0}, {"kitten", "sitting", 3},
	} {
		if got := distance(c.a, c.b); got != c.want {
			t.Errorf("%q to %q is %d, want %d", c.a, c.b, got, c.want)
		}
	}
}

func TestOnlyTheseFiguresMayBeLoweredInDevelopment(t *testing.T) {
	// All but localAccounts are figures the design gives production only; that one is no figure of the reference at all.
	want := []string{
		"aks.localAccounts", "aks.tier", "mysql.backupRetentionDays", "mysql.geoRedundantBackup", "mysql.highAvailability",
		"registry.geoReplication", "workloads.groups.gateway.cpuRequest", "workloads.headroomPods",
	}
	var got []string
	eachTag("", reflect.TypeFor[Config](), func(key string, field reflect.StructField) {
		if field.Tag.Get("figure") == "lower" {
			got = append(got, key)
		}
	})
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}
