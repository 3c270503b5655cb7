package config

import (
	"fmt"
	"net/netip"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"apim-azure/config/azure"
)

// validate checks everything about a configuration whose types are right: first what the tags say about single keys, then the
// rules that need several of them. Cross-field rules leave out what a single key already got wrong.
func validate(c *Config, f *findings) {
	eachField("", reflect.ValueOf(*c), func(key string, value reflect.Value, tag reflect.StructTag) {
		checkTags(c, f, key, value, tag)
	})
	validateStackName(c, f)
	validateTags(c, f)
	validateRegion(c, f)
	validateCluster(c, f)
	validateNetwork(c, f)
	validateIngress(c, f)
	validateData(c, f)
	validateGroups(c, f)
	validateFlows(c, f)
	validateAccess(c, f)
	validateSizing(c, f)
	validateSecrets(c, f)
	slices.Sort(f.warnings)
}

// checkTags applies the rules of a field's tags, to the value or to each element of a list.
func checkTags(c *Config, f *findings, key string, value reflect.Value, tag reflect.StructTag) {
	if value.Kind() == reflect.Slice {
		for i := range value.Len() {
			item := fmt.Sprintf("%s[%d]", key, i)
			if value.Index(i).Kind() == reflect.String && value.Index(i).String() == "" && !f.refused(item) {
				f.refuse(item, "", "is empty", "write a value or remove the line")
			}
			checkTags(c, f, item, value.Index(i), tag)
		}
		checkDuplicates(f, key, value)
		if strings.HasSuffix(tag.Get("format"), "Range") {
			checkOverlaps(f, key, value)
		}
		return
	}
	if f.refused(key) {
		return
	}
	checkEnum(f, key, value, tag)
	checkRange(f, key, value, tag)
	checkFormat(f, key, value, tag)
	if !f.refused(key) {
		checkFigure(c, f, key, value, tag)
	}
}

// checkDuplicates compares without case: identifiers and host names that differ in nothing else are the same to Azure.
func checkDuplicates(f *findings, key string, list reflect.Value) {
	seen := map[string]int{}
	for i := range list.Len() {
		item, text := fmt.Sprintf("%s[%d]", key, i), fmt.Sprint(list.Index(i).Interface())
		if f.refused(item) {
			continue
		}
		if j, repeated := seen[strings.ToLower(text)]; repeated {
			f.refuse(item, text, fmt.Sprintf("repeats %s[%d]", key, j), "remove one of them")
			continue
		}
		seen[strings.ToLower(text)] = i
	}
}

// checkOverlaps refuses ranges that contain one another: Azure's firewalls refuse such lists, or the smaller one says nothing.
func checkOverlaps(f *findings, key string, list reflect.Value) {
	var ranges []netip.Prefix
	for i := range list.Len() {
		text, item := list.Index(i).String(), fmt.Sprintf("%s[%d]", key, i)
		if a, err := netip.ParseAddr(text); err == nil {
			text = netip.PrefixFrom(a, a.BitLen()).String()
		}
		p, err := netip.ParsePrefix(text)
		if err != nil || f.refused(item) {
			p = netip.Prefix{} // overlaps nothing
		}
		if j := slices.IndexFunc(ranges, p.Overlaps); j >= 0 {
			f.refuse(item, text, fmt.Sprintf("overlaps %s[%d], %s", key, j, ranges[j]), "keep the larger of the two")
		}
		ranges = append(ranges, p)
	}
}

func checkEnum(f *findings, key string, value reflect.Value, tag reflect.StructTag) {
	allowed := enum(tag)
	if allowed == nil || slices.Contains(allowed, fmt.Sprint(value.Interface())) {
		return
	}
	f.refuse(key, value.Interface(), "is not one of the values allowed", "use one of "+strings.Join(allowed, ", "))
}

func enum(tag reflect.StructTag) []string {
	if tag.Get("enum") == "" {
		return nil
	}
	return strings.Split(tag.Get("enum"), ",")
}

func checkRange(f *findings, key string, value reflect.Value, tag reflect.StructTag) {
	if value.Kind() != reflect.Int {
		return
	}
	smallest, hasMin := bound(tag, "min")
	largest, hasMax := bound(tag, "max")
	switch n := int(value.Int()); {
	case hasMin && n < smallest:
		f.refuse(key, n, fmt.Sprintf("is below the smallest value, %d", smallest), fmt.Sprintf("use %d to %d", smallest, largest))
	case hasMax && n > largest:
		f.refuse(key, n, fmt.Sprintf("is above the largest value, %d", largest), fmt.Sprintf("use %d at most", largest))
	}
}

func bound(tag reflect.StructTag, name string) (int, bool) {
	n, err := strconv.Atoi(tag.Get(name))
	return n, err == nil
}

func checkFormat(f *findings, key string, value reflect.Value, tag reflect.StructTag) {
	if value.Kind() != reflect.String {
		return
	}
	if value.String() == "" {
		if tag.Get("default") != "" {
			f.refuse(key, "", "is empty", "remove the key to get its default, "+tag.Get("default"))
		}
		return
	}
	check, ok := formats[tag.Get("format")]
	if !ok {
		return
	}
	if fault := check(value.String()); fault != nil {
		f.refuse(key, value.String(), fault.rule, fault.wayOut)
	}
}

// checkFigure refuses what falls short of the reference architecture: "fixed" figures always, "lower" ones in production.
func checkFigure(c *Config, f *findings, key string, value reflect.Value, tag reflect.StructTag) {
	class, reference := tag.Get("figure"), tag.Get("default")
	if class == "" || !below(value, tag) || waived(c, key) {
		return
	}
	rule := "is below the reference architecture's figure, " + reference
	wayOut := "use " + reference + " or more"
	if value.Kind() == reflect.Bool {
		rule, wayOut = "must be "+reference+" in production", "set it to "+reference
	}
	if class == "fixed" {
		f.refuse(key, value.Interface(), rule, wayOut)
	} else if c.Environment == "production" {
		f.refuse(key, value.Interface(), rule, wayOut+", or set environment to development if this stack is not for production")
	}
}

// below says whether a value falls short of its field's default.
func below(value reflect.Value, tag reflect.StructTag) bool {
	reference := tag.Get("default")
	switch value.Kind() {
	case reflect.Bool:
		return strconv.FormatBool(value.Bool()) != reference
	case reflect.Int:
		n, _ := strconv.Atoi(reference)
		return int(value.Int()) < n
	}
	if order := enum(tag); order != nil {
		return slices.Index(order, value.String()) < slices.Index(order, reference)
	}
	if tag.Get("format") == "mysqlSku" {
		got, _ := azure.ParseDatabaseSize(value.String())
		want, _ := azure.ParseDatabaseSize(reference)
		return got.Tier == "Burstable" || got.VCores < want.VCores
	}
	return milliCPU(value.String()) < milliCPU(reference)
}

// waived says whether a figure can't be had where the stack lives: a region without a pair has no place for geo-redundancy.
func waived(c *Config, key string) bool {
	geo := key == "registry.geoReplication" || key == "mysql.geoRedundantBackup"
	return geo && c.Region().Pair == ""
}
