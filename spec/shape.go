package spec

import (
	"strings"
)

// keyed reads a list of KEY=value as the mapping that it means.
func keyed(n *node) *node {
	if n == nil || n.kind != listNode {
		return n
	}
	out := newMap(n.at)
	for _, item := range n.items {
		key, value, ok := strings.Cut(item.text(), "=")
		v := &node{at: item.at}
		if ok {
			v = &node{at: item.at, kind: scalarNode, value: value, uses: item.uses}
		}
		out.set(key, field{item.at, v})
	}
	return out
}

// mapped reads a list of keys as a mapping without values, or, with condition,
// to what a plain entry of depends_on means.
func mapped(n *node, condition bool) *node {
	if n == nil || n.kind != listNode {
		return n
	}
	out := newMap(n.at)
	for _, item := range n.items {
		value := &node{at: item.at}
		if condition {
			value = newMap(item.at)
			value.set("condition", field{item.at, newText(item.at, string(Started))})
		}
		out.set(item.text(), field{item.at, value})
	}
	return out
}

// listed reads a text as a list of one, and a mapping as a list of key=value.
func listed(n *node) *node {
	out := &node{at: n.at, kind: listNode, items: n.items}
	switch n.kind {
	case scalarNode:
		out.items = []*node{n}
	case mapNode:
		for _, key := range n.keys {
			f := n.fields[key]
			item := newText(f.at, key+"="+f.value.text())
			item.uses = f.value.uses
			out.items = append(out.items, item)
		}
	}
	return out
}

// buildMap reads a text as the build that it means.
func buildMap(n *node) *node {
	if n.kind != scalarNode {
		return n
	}
	out := newMap(n.at)
	out.set("context", field{n.at, n})
	return out
}

// target returns what an entry of volumes, devices, secrets or configs is known
// by: where it stands in the container.
func target(attribute string) func(*node) string {
	return func(n *node) string {
		if n.kind == mapNode {
			if t := n.get("target").text(); t != "" {
				return t
			}
			return prefixed(attribute, n.get("source").text())
		}
		if attribute == "volumes" || attribute == "devices" {
			_, at := splitMount(n.text())
			return at
		}
		return prefixed(attribute, n.text())
	}
}

func prefixed(attribute, name string) string {
	switch {
	case name == "" || attribute == "volumes" || attribute == "devices":
		return ""
	case attribute == "secrets":
		return "/run/secrets/" + name
	}
	return "/" + name
}

// splitMount splits source:target[:options]; a text without a colon is a target.
func splitMount(text string) (source, target string) {
	parts := strings.Split(text, ":")
	if len(parts) > 2 && len(parts[0]) == 1 && strings.HasPrefix(parts[1], `\`) { // a Windows drive
		parts = append([]string{parts[0] + ":" + parts[1]}, parts[2:]...)
	}
	if len(parts) == 1 {
		return "", parts[0]
	}
	return parts[0], parts[1]
}
