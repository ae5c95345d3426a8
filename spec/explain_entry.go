package spec

import (
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"
)

// entryOf is what the files have for the entry i of a list of so many.
func entryOf(n *node, y *yaml.Node, i, count int, at trail) *node {
	if n == nil || n.kind == nullNode {
		return nil
	}
	switch n.kind {
	case mapNode:
		return pairIn(n, y.Value)
	case listNode:
		return itemIn(n, y, i, count, at)
	}
	return n.short() // a text in place of a list
}

// pairIn finds the key of a mapping that became key=value.
func pairIn(n *node, text string) *node {
	end := strings.IndexAny(text, "=: ")
	if end < 0 {
		end = len(text)
	}
	value := n.get(text[:end])
	switch {
	case value == nil:
		return n
	case value.kind == listNode:
		for _, item := range value.items {
			if strings.HasSuffix(text, item.text()) {
				return item
			}
		}
	case value.kind == nullNode:
		value = &node{at: n.fields[text[:end]].at}
	}
	return value
}

// itemIn finds the entry of a list: the one in the same place, if it is that,
// or else the last one that is, since it counts. One that is written otherwise
// is known by its place.
func itemIn(n *node, y *yaml.Node, i, count int, at trail) *node {
	is := func(item *node) bool { return sameEntry(item, y, at) }
	unique := y.Kind == yaml.MappingNode
	if !unique && i < len(n.items) && is(n.items[i]) {
		return n.items[i]
	}
	for _, item := range slices.Backward(n.items) {
		if is(item) {
			return item
		}
	}
	if len(n.items) == count {
		return n.items[i]
	}
	return &node{at: n.at, kind: scalarNode, uses: n.used(), tag: tagShort}
}

// entryKeys are what an entry of a list of mappings is known by.
var entryKeys = map[string][]string{
	"volumes": {"target"}, "devices": {"target"}, "ports": {"target", "published", "host_ip", "protocol"},
	"secrets": {"source", "target"}, "configs": {"source", "target"}, "build.secrets": {"source", "target"},
	"env_file": {"path"}, "blkio_config.weight_device": {"path"},
}

func sameEntry(item *node, y *yaml.Node, at trail) bool {
	if y.Kind == yaml.ScalarNode {
		return item.kind == scalarNode && sameText(item.text(), y.Value, at)
	}
	keys, ok := entryKeys[at.attribute()]
	if !ok && at.matches("networks", "*", "ipam", "config") {
		keys, ok = []string{"subnet"}, true
	}
	if y.Kind != yaml.MappingNode {
		return false
	}
	if !ok {
		return alike(item, y)
	}
	if item.kind == scalarNode {
		return sameShort(item.text(), y, at)
	}
	return !slices.ContainsFunc(keys, func(key string) bool {
		return !sameKey(key, at.name(), item, y)
	})
}

// alike reports whether a mapping says what the rendered one does, as far as
// both have texts for a key.
func alike(item *node, y *yaml.Node) bool {
	found := false
	for _, key := range item.keys {
		written, rendered := item.get(key).text(), textIn(y, key)
		if written == "" || rendered == "" {
			continue
		}
		if written != rendered && !strings.HasSuffix(rendered, filepath.Clean("/"+written)) {
			return false
		}
		found = true
	}
	return found
}

// sameKey compares what a key says; a default may be left out.
func sameKey(key, attribute string, item *node, y *yaml.Node) bool {
	written, rendered := item.get(key).text(), textIn(y, key)
	switch {
	case written == rendered:
		return true
	case key == "path":
		return strings.HasSuffix(rendered, filepath.Clean("/"+written))
	case key == "protocol":
		return written == "" && rendered == "tcp"
	case key == "target" && written == "":
		return rendered == prefixed(attribute, textIn(y, "source"))
	}
	return key == "target" && filepath.Clean(written) == filepath.Clean(rendered)
}

// sameText compares texts; hosts have several forms.
func sameText(written, rendered string, at trail) bool {
	if written == rendered {
		return true
	}
	if strings.HasSuffix(at.attribute(), "extra_hosts") {
		name, address, _ := strings.Cut(strings.Replace(written, "=", ":", 1), ":")
		return name+"="+strings.Trim(address, "[]") == rendered
	}
	return false
}

// sameShort reports whether a short form is what a long one says.
func sameShort(text string, y *yaml.Node, at trail) bool {
	switch attribute := at.attribute(); attribute {
	case "volumes", "devices":
		source, target := splitMount(text)
		if target == "" || attribute == "devices" && source == "" {
			target = strings.TrimSuffix(text, ":")
		}
		return filepath.Clean(target) == textIn(y, "target") || target == textIn(y, "target")
	case "ports":
		return samePort(text, y)
	case "env_file":
		return strings.HasSuffix(textIn(y, "path"), filepath.Clean("/"+text)) || textIn(y, "path") == text
	}
	there := textIn(y, "target")
	return text == textIn(y, "source") && (there == "" || there == prefixed(at.name(), text))
}

func samePort(text string, y *yaml.Node) bool {
	bindings, err := parsePorts(text)
	if err != nil {
		return false
	}
	return slices.ContainsFunc(bindings, func(b binding) bool {
		published := textIn(y, "published")
		first := strconv.Itoa(b.first)
		return strconv.Itoa(b.target) == textIn(y, "target") && b.ip == textIn(y, "host_ip") &&
			(b.protocol == "" || b.protocol == textIn(y, "protocol")) &&
			(published == first || published == first+"-"+strconv.Itoa(b.last) || published == "" && b.first == 0)
	})
}

// textIn is the text of a key.
func textIn(y *yaml.Node, key string) string {
	for i := 0; i+1 < len(y.Content); i += 2 {
		if y.Content[i].Value == key {
			return y.Content[i+1].Value
		}
	}
	return ""
}
