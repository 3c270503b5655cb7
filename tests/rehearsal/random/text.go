package random

import (
	"crypto/rand"
	"fmt"
	"math/big"

	"apim-azure/tests/rehearsal/logical"
)

// specials are the provider's special characters, unless overrideSpecial lists others.
const specials = "!@#$%&*()-_=+[]{}<>:?"

// class is a set of characters a text may, and perhaps must, hold.
type class struct {
	name, minimum string
	characters    func(logical.Values) string
}

var classes = []class{
	{"upper", "minUpper", always("ABCDEFGHIJKLMNOPQRSTUVWXYZ")},
	{"lower", "minLower", always("abcdefghijklmnopqrstuvwxyz")},
	{"numeric", "minNumeric", always("0123456789")},
	{"special", "minSpecial", func(in logical.Values) string {
		if own := in.String("overrideSpecial"); own != "" {
			return own
		}
		return specials
	}},
}

func always(s string) func(logical.Values) string { return func(logical.Values) string { return s } }

func textInputs() map[string]logical.Input {
	inputs := map[string]logical.Input{
		"length":          {Kind: logical.Integer, Required: true},
		"overrideSpecial": {Kind: logical.String},
		"keepers":         {Kind: logical.Map},
		"number":          {Kind: logical.Boolean}, // the old name of numeric
	}
	for _, c := range classes {
		inputs[c.name] = logical.Input{Kind: logical.Boolean, Default: true}
		inputs[c.minimum] = logical.Input{Kind: logical.Integer, Default: 0}
	}
	return inputs
}

// enabled tells whether the text may hold the class. The old name of numeric can only take the digits away: the provider
// refuses contradictions, and both are true unless set.
func (c class) enabled(in logical.Values) bool {
	if c.name == "numeric" && in.Has("number") && !in.Bool("number") {
		return false
	}
	return in.Bool(c.name)
}

func checkText(in logical.Values) map[string]string {
	problems := map[string]string{}
	length, least, any := in.Int("length"), 0, false
	for _, c := range classes {
		n := in.Int(c.minimum)
		if n < 0 {
			problems[c.minimum] = fmt.Sprintf("%s is %d, it must be 0 or more", c.minimum, n)
		}
		least += n
		any = any || c.enabled(in)
	}
	if !any {
		problems["upper"] = "at least one of upper, lower, numeric and special must be true"
	}
	if length < 1 || length < least {
		problems["length"] = fmt.Sprintf("length is %d, it must be 1 or more and no less than the minimums' sum, %d", length, least)
	}
	return problems
}

// generate returns a text that holds the asked minimum of each class; the rest comes from all enabled classes.
func generate(in logical.Values) (string, error) {
	var text []byte
	var all string
	draw := func(from string, n int) error {
		for range n {
			i, err := below(len(from))
			if err != nil {
				return err
			}
			text = append(text, from[i])
		}
		return nil
	}
	for _, c := range classes {
		characters := c.characters(in)
		if err := draw(characters, in.Int(c.minimum)); err != nil {
			return "", err
		}
		if c.enabled(in) {
			all += characters
		}
	}
	if err := draw(all, in.Int("length")-len(text)); err != nil {
		return "", err
	}
	for i := len(text) - 1; i > 0; i-- { // so that the minimums do not always come first
		j, err := below(i + 1)
		if err != nil {
			return "", err
		}
		text[i], text[j] = text[j], text[i]
	}
	return string(text), nil
}

func below(n int) (int, error) {
	i, err := rand.Int(rand.Reader, big.NewInt(int64(n)))
	if err != nil {
		return 0, err
	}
	return int(i.Int64()), nil
}
