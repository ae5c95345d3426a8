package spec

import (
	"slices"
	"strings"
)

// How a later file's value meets an earlier one's, where it is not the plain
// way: mappings merge, lists grow, everything else is replaced. As compose-go's
// package override has it.
type mergeRule int

const (
	mergePlain    mergeRule = iota
	mergeReplace            // the later one stands alone
	mergeKeyed              // both are read as mappings of texts
	mergeAsList             // both are read as lists
	mergeAsMap              // both are read as mappings; a list holds keys
	mergeBuild              // a text is the context
	mergeLogging            // options belong to their driver
	mergeUlimit             // a number replaces a mapping, and the other way round
	mergeByTarget           // lists whose entries are known by a target
	mergeByText             // lists whose entries are known by their text
)

var serviceMerges = map[string]mergeRule{
	"command": mergeReplace, "entrypoint": mergeReplace, "healthcheck.test": mergeReplace,
	"environment": mergeKeyed, "labels": mergeKeyed, "annotations": mergeKeyed, "sysctls": mergeKeyed,
	"build": mergeBuild, "build.args": mergeKeyed, "build.additional_contexts": mergeKeyed, "build.labels": mergeKeyed,
	"deploy.labels": mergeKeyed, "build.extra_hosts": mergeAsList,
	"dns": mergeAsList, "dns_opt": mergeAsList, "dns_search": mergeAsList, "env_file": mergeAsList,
	"label_file": mergeAsList, "extra_hosts": mergeAsList, "tmpfs": mergeAsList,
	"depends_on": mergeAsMap, "networks": mergeAsMap, "models": mergeAsMap,
	"logging": mergeLogging, "ulimits.*": mergeUlimit,
	"volumes": mergeByTarget, "devices": mergeByTarget, "secrets": mergeByTarget, "configs": mergeByTarget,
	"cap_add": mergeByText, "cap_drop": mergeByText, "expose": mergeByText, "links": mergeByText,
	"profiles": mergeByText, "ports": mergeByText, "build.tags": mergeByText,
	"networks.*.aliases": mergeByText, "networks.*.link_local_ips": mergeByText,
}

// ruleAt finds the rule for a path, given as steps.
func ruleAt(path []string) mergeRule {
	if len(path) < 3 {
		return mergePlain
	}
	if path[0] != "services" && path[0] != "jobs" {
		if len(path) == 3 && path[2] == "labels" {
			return mergeKeyed
		}
		return mergePlain
	}
	rest := path[2:]
	if rule, ok := serviceMerges[strings.Join(rest, ".")]; ok {
		return rule
	}
	if len(rest) >= 2 {
		starred := slices.Clone(rest)
		starred[1] = "*"
		return serviceMerges[strings.Join(starred, ".")]
	}
	return mergePlain
}

// A merger lays later values over earlier ones.
type merger struct{ report func(Finding) }

// merge returns over laid upon base; neither is changed. Either may be nil.
func (m merger) merge(base, over *node, path ...string) *node {
	if base == nil || over == nil {
		if over == nil {
			return base
		}
		return over
	}
	if over.tag == tagOverride {
		return over
	}
	switch rule := ruleAt(path); rule {
	case mergeReplace:
		return over
	case mergeKeyed:
		return m.maps(keyed(base), keyed(over), path)
	case mergeAsMap:
		condition := path[len(path)-1] == "depends_on"
		return m.maps(mapped(base, condition), mapped(over, condition), path)
	case mergeAsList:
		return appended(listed(base), listed(over), nil)
	case mergeByTarget:
		return m.lists(base, over, path, target(path[len(path)-1]))
	case mergeByText:
		return m.lists(base, over, path, (*node).text)
	case mergeBuild:
		return m.maps(buildMap(base), buildMap(over), path)
	case mergeLogging:
		a, b := base.get("driver").text(), over.get("driver").text()
		if a != "" && b != "" && a != b {
			return over
		}
	case mergeUlimit:
		if base.kind != over.kind {
			return over
		}
	}
	return m.plain(base, over, path)
}

func (m merger) plain(base, over *node, path []string) *node {
	switch {
	case over.kind == nullNode:
		return base
	case base.kind == mapNode:
		return m.maps(base, over, path)
	case base.kind == listNode:
		return m.lists(base, over, path, nil)
	}
	return over
}

func (m merger) maps(base, over *node, path []string) *node {
	if over.kind == nullNode {
		return base
	}
	if base.kind != mapNode || over.kind != mapNode {
		return m.mismatch(base, over, path)
	}
	out := newMap(over.at)
	out.resets = over.resets
	for _, key := range base.keys {
		out.set(key, base.fields[key])
	}
	for _, key := range over.resets {
		out.remove(key)
	}
	for _, key := range over.keys {
		f := over.fields[key]
		f.value = m.merge(out.fields[key].value, f.value, append(slices.Clone(path), key)...)
		out.set(key, f)
	}
	return out
}

func (n *node) remove(key string) {
	if _, ok := n.fields[key]; ok {
		delete(n.fields, key)
		n.keys = slices.DeleteFunc(n.keys, func(k string) bool { return k == key })
	}
}

func (m merger) lists(base, over *node, path []string, id func(*node) string) *node {
	if over.kind == nullNode {
		return base
	}
	if base.kind != listNode || over.kind != listNode {
		return m.mismatch(base, over, path)
	}
	return appended(base, over, id)
}

func (m merger) mismatch(base, over *node, path []string) *node {
	if base.kind != nullNode {
		m.report(over.at.finding(dotted(path), "cannot lay "+over.describe()+" over "+base.describe()+" of an earlier file", ""))
	}
	return over
}

// appended is both lists in one. An entry with the identity of an earlier one
// takes its place; without identities, equal entries are one.
func appended(base, over *node, id func(*node) string) *node {
	out := &node{at: over.at, kind: listNode}
	for _, item := range slices.Concat(base.items, over.items) {
		i := slices.IndexFunc(out.items, func(have *node) bool { return sameItem(have, item, id) })
		if i < 0 {
			out.items = append(out.items, item)
		} else {
			out.items[i] = item
		}
	}
	return out
}

func sameItem(a, b *node, id func(*node) string) bool {
	if id != nil && id(a) != "" {
		return id(a) == id(b)
	}
	return equal(a, b)
}

// equal reports whether two values are the same, wherever they stand.
func equal(a, b *node) bool {
	if a.kind != b.kind || a.value != b.value || len(a.items) != len(b.items) || len(a.keys) != len(b.keys) {
		return false
	}
	for i := range a.items {
		if !equal(a.items[i], b.items[i]) {
			return false
		}
	}
	for _, key := range a.keys {
		if f, ok := b.fields[key]; !ok || !equal(a.fields[key].value, f.value) {
			return false
		}
	}
	return true
}
