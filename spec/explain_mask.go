package spec

import (
	"strings"

	"gopkg.in/yaml.v3"
)

// mask is what may be seen of a value: what a secret variable gave is not, nor
// what [Mask] hides.
func (e *explainer) mask(y *yaml.Node, uses []use, at trail) string {
	text := y.Value
	if y.Kind != yaml.ScalarNode || y.ShortTag() == "!!null" || text == "" {
		return text
	}
	for _, u := range uses {
		if u.value != "" && (e.secret[u.name] || SecretKey(u.name)) {
			text = hide(text, u.value)
		}
	}
	switch {
	case at.matches("secrets", "*", "content"):
		return secretText
	case isIndex(at[len(at)-1]) || y.ShortTag() == "!!bool":
		return text // a list is masked as a whole
	}
	return Mask(at.name(), text)
}

const secretText = "(secret)"

// hide takes a secret out of a text. Where it is not there once, as after a
// conversion, all of the text goes.
func hide(text, secret string) string {
	if text == secret || strings.Count(text, secret) != 1 {
		return secretText
	}
	return strings.Replace(text, secret, "***", 1)
}

// mask puts a text in place of a value.
func mask(y *yaml.Node, text string) {
	*y = yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: text}
}
