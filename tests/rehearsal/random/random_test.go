package random

import (
	"context"
	"regexp"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"
	"golang.org/x/crypto/bcrypt"
)

const (
	stringToken   = "random:index/randomString:RandomString"
	passwordToken = "random:index/randomPassword:RandomPassword"
	idToken       = "random:index/randomId:RandomId"
	uuidToken     = "random:index/randomUuid:RandomUuid"
)

func create(t *testing.T, token string, args map[string]any, preview bool) plugin.CreateResponse {
	t.Helper()
	res, err := New().Create(context.Background(), plugin.CreateRequest{
		Type: tokens.Type(token), Properties: resource.NewPropertyMapFromMap(args), Preview: preview,
	})
	if err != nil {
		t.Fatal(err)
	}
	return res
}

func TestTextsHonourEveryArgument(t *testing.T) {
	for name, c := range map[string]struct {
		args map[string]any
		want string
	}{
		"all classes by default":         {map[string]any{"length": 40}, `^[A-Za-z0-9!@#$%&*()\-_=+\[\]{}<>:?]{40}$`},
		"a suffix for a storage account": {map[string]any{"length": 6, "upper": false, "special": false}, `^[a-z0-9]{6}$`},
		"digits only":                    {map[string]any{"length": 30, "upper": false, "lower": false, "special": false}, `^[0-9]{30}$`},
		"no digits under the old name":   {map[string]any{"length": 30, "number": false, "special": false}, `^[A-Za-z]{30}$`},
		"own special characters": {
			map[string]any{"length": 20, "upper": false, "lower": false, "numeric": false, "overrideSpecial": "_-"}, `^[_-]{20}$`,
		},
		"minimums beyond a disabled class": {
			map[string]any{"length": 3, "upper": false, "numeric": false, "special": false, "minUpper": 3}, `^[A-Z]{3}$`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			got := create(t, stringToken, c.args, false).Properties["result"].StringValue()
			if !regexp.MustCompile(c.want).MatchString(got) {
				t.Errorf("%q does not match %s", got, c.want)
			}
		})
	}
}

func TestMinimumsAreReachedInAnyPlace(t *testing.T) {
	firstIsSpecial := 0
	const rounds = 200
	for range rounds {
		got := create(t, stringToken, map[string]any{
			"length": 8, "minSpecial": 2, "minNumeric": 2, "minUpper": 2, "minLower": 2, "overrideSpecial": "!",
		}, false).Properties["result"].StringValue()
		if strings.Count(got, "!") != 2 || len(regexp.MustCompile(`[0-9]`).FindAllString(got, -1)) != 2 {
			t.Fatalf("%q does not hold two of each class", got)
		}
		if got[0] == '!' {
			firstIsSpecial++
		}
	}
	if firstIsSpecial == 0 || firstIsSpecial == rounds {
		t.Errorf("the first character was special %d times in %d: the text is not shuffled", firstIsSpecial, rounds)
	}
}

func TestPasswordsAreSecretAndTheirHashIsTheirs(t *testing.T) {
	for name, length := range map[string]int{"a short one": 24, "one longer than bcrypt reads": 100} {
		t.Run(name, func(t *testing.T) {
			res := create(t, passwordToken, map[string]any{"length": length}, false)
			result, hash := res.Properties["result"], res.Properties["bcryptHash"]
			if !result.IsSecret() || !hash.IsSecret() {
				t.Fatalf("result secret: %t, bcryptHash secret: %t", result.IsSecret(), hash.IsSecret())
			}
			text := result.SecretValue().Element.StringValue()
			if err := bcrypt.CompareHashAndPassword(
				[]byte(hash.SecretValue().Element.StringValue()), []byte(text)[:min(len(text), 72)]); err != nil {
				t.Error(err)
			}
			if string(res.ID) == text {
				t.Error("the ID shows the password")
			}
		})
	}
}

func TestAnIDIsTheSameNumberInEveryForm(t *testing.T) {
	p := create(t, idToken, map[string]any{"byteLength": 4, "prefix": "x-"}, false).Properties
	for key, want := range map[resource.PropertyKey]string{
		"hex": `^x-[0-9a-f]{8}$`, "dec": `^x-[0-9]+$`, "b64Url": `^x-[\w-]{6}$`, "b64Std": `^x-[\w+/]{6}==$`,
	} {
		if got := p[key].StringValue(); !regexp.MustCompile(want).MatchString(got) {
			t.Errorf("%s is %q, it does not match %s", key, got, want)
		}
	}
}

func TestUUIDsAreOfVersionFour(t *testing.T) {
	got := create(t, uuidToken, nil, false).Properties["result"].StringValue()
	if !regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`).MatchString(got) {
		t.Errorf("%q is no version 4 UUID", got)
	}
}

func TestPreviewsKnowTheArgumentsOnly(t *testing.T) {
	p := create(t, passwordToken, map[string]any{"length": 24}, true).Properties
	if !p["result"].IsSecret() || !p["result"].ContainsUnknowns() {
		t.Errorf("result is %v in a preview, want an unknown secret", p["result"])
	}
	if got := p["length"].NumberValue(); got != 24 {
		t.Errorf("length is %v", got)
	}
}

func TestBadArgumentsAreRefused(t *testing.T) {
	for name, c := range map[string]struct {
		token string
		args  map[string]any
		want  string
	}{
		"no length":                        {stringToken, nil, "length"},
		"a length of nothing":              {stringToken, map[string]any{"length": 0}, "length"},
		"minimums beyond the length":       {stringToken, map[string]any{"length": 3, "minUpper": 2, "minLower": 2}, "length"},
		"a negative minimum":               {stringToken, map[string]any{"length": 3, "minUpper": -1}, "minUpper"},
		"no class at all":                  {stringToken, map[string]any{"length": 3, "upper": false, "lower": false, "numeric": false, "special": false}, "upper"},
		"an argument the type has not":     {stringToken, map[string]any{"length": 3, "size": 3}, "size"},
		"a length in words":                {stringToken, map[string]any{"length": "three"}, "length"},
		"an ID of no bytes":                {idToken, map[string]any{"byteLength": 0}, "byteLength"},
		"keepers that are not an object":   {uuidToken, map[string]any{"keepers": "a"}, "keepers"},
		"half a character":                 {passwordToken, map[string]any{"length": 3.5}, "length"},
		"a switch that is neither on, off": {passwordToken, map[string]any{"length": 3, "upper": "yes"}, "upper"},
	} {
		t.Run(name, func(t *testing.T) {
			res, err := New().Check(context.Background(), plugin.CheckRequest{
				Type: tokens.Type(c.token), News: resource.NewPropertyMapFromMap(c.args),
			})
			if err != nil {
				t.Fatal(err)
			}
			if len(res.Failures) != 1 || string(res.Failures[0].Property) != c.want {
				t.Errorf("failures are %v, want one for %s", res.Failures, c.want)
			}
		})
	}
}

func TestEveryChangeReplacesAndADefaultIsNoChange(t *testing.T) {
	for name, c := range map[string]struct {
		before, after map[string]any
		replaces      bool
	}{
		"another length":           {map[string]any{"length": 6}, map[string]any{"length": 8}, true},
		"another keeper":           {map[string]any{"length": 6, "keepers": map[string]any{"a": "1"}}, map[string]any{"length": 6, "keepers": map[string]any{"a": "2"}}, true},
		"a class less":             {map[string]any{"length": 6}, map[string]any{"length": 6, "upper": false}, true},
		"the same":                 {map[string]any{"length": 6}, map[string]any{"length": 6}, false},
		"a default written out":    {map[string]any{"length": 6}, map[string]any{"length": 6, "upper": true, "minLower": 0}, false},
		"a default no longer said": {map[string]any{"length": 6, "special": true}, map[string]any{"length": 6}, false},
	} {
		t.Run(name, func(t *testing.T) {
			diff, err := New().Diff(context.Background(), plugin.DiffRequest{
				Type:      stringToken,
				OldInputs: resource.NewPropertyMapFromMap(c.before), NewInputs: resource.NewPropertyMapFromMap(c.after),
			})
			if err != nil {
				t.Fatal(err)
			}
			if diff.Replace() != c.replaces || (diff.Changes == plugin.DiffSome) != c.replaces {
				t.Errorf("replaces: %t, changes: %v, want a replacement: %t", diff.Replace(), diff.Changes, c.replaces)
			}
		})
	}
}

func TestAnUnknownTypeIsRefusedWithTheOnesThereAre(t *testing.T) {
	_, err := New().Check(context.Background(), plugin.CheckRequest{Type: "random:index/randomPet:RandomPet"})
	if err == nil || !strings.Contains(err.Error(), "RandomPet") || !strings.Contains(err.Error(), uuidToken) {
		t.Errorf("error is %v", err)
	}
}
