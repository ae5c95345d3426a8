package spec

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// A reference is a use of a service's name by another service.
type reference struct {
	name     string
	at       place
	field    string
	optional bool
}

// dependencies returns the services that a service needs, by whatever
// attribute.
func dependencies(at string, service *node) []reference {
	var out []reference
	if list := mapped(service.get("depends_on"), true); list != nil && list.kind == mapNode {
		for _, name := range list.keys {
			f := list.fields[name]
			required := f.value.get("required")
			out = append(out, reference{name, f.at, at + ".depends_on." + name, required != nil && required.value == false})
		}
	}
	for _, key := range []string{"links", "volumes_from"} {
		if list := service.get(key); list != nil && list.kind == listNode {
			for i, item := range list.items {
				name, _, _ := strings.Cut(item.text(), ":")
				if key == "links" || !strings.HasPrefix(item.text(), "container:") {
					out = append(out, reference{name: name, at: item.at, field: fmt.Sprintf("%s.%s[%d]", at, key, i)})
				}
			}
		}
	}
	for _, key := range []string{"network_mode", "pid", "ipc"} {
		if name, ok := strings.CutPrefix(service.get(key).text(), "service:"); ok {
			out = append(out, reference{name: name, at: service.get(key).at, field: at + "." + key})
		}
	}
	return out
}

// references checks that what a service refers to exists.
func (c *checker) references(at, name string, service *node) {
	for _, ref := range dependencies(at, service) {
		c.serviceReference(ref)
	}
	c.buildReferences(at, service)
	c.named(at, service, "networks", "network", "default")
	for _, key := range []string{"secrets", "configs"} {
		c.files(at, service.get(key), key, "."+key)
	}
	c.files(at, service.get("build", "secrets"), "secrets", ".build.secrets")
	if list := service.get("volumes"); list != nil && list.kind == listNode {
		for i, item := range list.items {
			c.volume(fmt.Sprintf("%s.volumes[%d]", at, i), item)
		}
	}
}

func (c *checker) serviceReference(ref reference) {
	target, ok := c.services[ref.name]
	switch {
	case !ok && c.tree.get("services").get(ref.name) != nil: // wrong in itself, and said so
	case !ok:
		c.report(ref.at.finding(ref.field, fmt.Sprintf("service %q is not defined", ref.name),
			didYouMean(ref.name, slices.Collect(maps.Keys(c.services)))))
	case !c.active[ref.name] && !ref.optional:
		c.report(ref.at.finding(ref.field, fmt.Sprintf("service %q is outside the active profiles", ref.name),
			"activate it with --profile "+strings.Join(texts(target.get("profiles")), " or --profile ")+", or set required: false"))
	}
}

func (c *checker) buildReferences(at string, service *node) {
	contexts := keyed(service.get("build", "additional_contexts"))
	if contexts == nil || contexts.kind != mapNode {
		return
	}
	for _, key := range contexts.keys {
		f := contexts.fields[key]
		name, ok := strings.CutPrefix(f.value.text(), "service:")
		if !ok {
			continue
		}
		field := at + ".build.additional_contexts." + key
		if target, ok := c.services[name]; !ok {
			c.report(f.at.finding(field, fmt.Sprintf("service %q is not defined", name), didYouMean(name, slices.Collect(maps.Keys(c.services)))))
		} else if target.get("build") == nil {
			c.report(f.at.finding(field, fmt.Sprintf("service %q is not built", name), ""))
		}
	}
}

// named checks a list, or a mapping, of names of a section.
func (c *checker) named(at string, service *node, section, what string, implicit ...string) {
	list := mapped(service.get(section), false)
	if list == nil || list.kind != mapNode {
		return
	}
	for _, name := range list.keys {
		if !slices.Contains(implicit, name) {
			c.defined(list.fields[name].at, at+"."+section+"."+name, section, what, name)
		}
	}
}

// defined checks that a name is in a section at the top.
func (c *checker) defined(at place, field, section, what, name string) bool {
	top := c.tree.get(section)
	if top != nil && top.kind == mapNode {
		if _, ok := top.fields[name]; ok {
			return true
		}
	}
	hint := ""
	if top != nil {
		hint = didYouMean(name, top.keys)
	}
	if hint == "" {
		hint = fmt.Sprintf("define it at the top under %s", section)
	}
	c.report(at.finding(field, fmt.Sprintf("%s %q is not defined", what, name), hint))
	return false
}

// files checks a list of configs or secrets.
func (c *checker) files(at string, list *node, section, suffix string) {
	if list == nil || list.kind != listNode {
		return
	}
	for i, item := range list.items {
		source := item
		if item.kind == mapNode {
			source = item.get("source")
		}
		if source == nil {
			c.report(item.at.finding(fmt.Sprintf("%s%s[%d]", at, suffix, i), `missing key "source"`, ""))
			continue
		}
		c.defined(source.at, fmt.Sprintf("%s%s[%d]", at, suffix, i), section, strings.TrimSuffix(section, "s"), source.text())
	}
}

// volume checks the volume that an entry of volumes names.
func (c *checker) volume(field string, item *node) {
	at, name := item.at, ""
	if item.kind == mapNode {
		if item.get("type").text() == "volume" && item.get("source") != nil {
			at, name = item.get("source").at, item.get("source").text()
		}
	} else if source, _ := splitMount(item.text()); isVolumeName(source) {
		name = source
	}
	if name != "" {
		c.defined(at, field, "volumes", "volume", name)
	}
}

// isVolumeName reports whether the source of a mount is no path.
func isVolumeName(source string) bool {
	return source != "" && !strings.ContainsAny(source[:1], `./~\`) && !strings.Contains(source, ":")
}

// cycles finds the circles of dependencies, through whatever attribute.
func (c *checker) cycles() {
	edges, at := map[string][]string{}, map[[2]string]reference{}
	for name, service := range c.services {
		if !c.active[name] {
			continue
		}
		edges[name] = nil
		for _, ref := range dependencies("services."+name, service) {
			edges[name] = append(edges[name], ref.name)
			if _, ok := at[[2]string{name, ref.name}]; !ok {
				at[[2]string{name, ref.name}] = ref
			}
		}
		slices.Sort(edges[name])
	}
	for {
		var cycle *CycleError
		if _, err := order(edges); !errors.As(err, &cycle) {
			return
		}
		from, to := cycle.Path[0], cycle.Path[1]
		ref := at[[2]string{from, to}]
		c.report(ref.at.finding(ref.field, cycle.Error(), "take one of these dependencies away"))
		c.causes = append(c.causes, cycle)
		// Without this dependency the next circle shows, if there is one.
		edges[from] = slices.DeleteFunc(edges[from], func(name string) bool { return name == to })
	}
}
