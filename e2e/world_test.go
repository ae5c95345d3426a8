//go:build e2e

package e2e_test

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// A world is the engine's answer about a project's containers, networks and
// volumes: each field's path, such as
//
//	container web-1 HostConfig.RestartPolicy.Name
//
// and its value as JSON. IDs stand as what they are of, and lists without an
// order are sorted.
type world map[string]string

// world asks the engine.
func (s *sandbox) world() world {
	s.t.Helper()
	mine := []string{"--filter", "label=com.docker.compose.project=" + s.name, "--format", "{{.ID}}"}
	ids := strings.Fields(docker(s.t, append([]string{"ps", "-a", "--no-trunc"}, mine...)...))
	out := world{}
	names := s.identities(ids)
	for _, c := range inspect[map[string]any](s.t, ids...) {
		out.add("container "+s.plain(c["Name"]), c, names)
	}
	for _, n := range inspect[map[string]any](s.t, s.names("network", "ls")...) {
		out.add("network "+s.plain(n["Name"]), n, names)
	}
	for _, v := range inspect[map[string]any](s.t, s.names("volume", "ls")...) {
		out.add("volume "+s.plain(v["Name"]), v, names)
	}
	return out
}

// plain is a name without the project's.
func (s *sandbox) plain(name any) string {
	text := strings.TrimPrefix(fmt.Sprint(name), "/")
	return strings.TrimLeft(strings.TrimPrefix(text, s.name), "-_")
}

// identities replaces IDs by what they are of.
func (s *sandbox) identities(ids []string) *strings.Replacer {
	s.t.Helper()
	var pairs []string
	for _, c := range inspect[container](s.t, ids...) {
		name := "<" + s.plain(c.Name) + ">"
		pairs = append(pairs, c.ID, name, c.ID[:12], name)
		for network, at := range c.NetworkSettings.Networks {
			if at.NetworkID != "" { // as it is before the first start
				pairs = append(pairs, at.NetworkID, "<"+s.plain(network)+">")
			}
		}
		for _, m := range c.Mounts {
			if m.Type == "volume" && len(m.Name) == 64 {
				pairs = append(pairs, m.Name, "<anonymous>")
			}
		}
	}
	return strings.NewReplacer(pairs...)
}

// add puts an object into the world, field by field.
func (w world) add(at string, object map[string]any, names *strings.Replacer) {
	for _, key := range slices.Sorted(maps.Keys(object)) {
		w.field(at+" "+key, object[key], names)
	}
}

// at are the values of a field, or, for a path that ends in a star, of all
// entries of a list.
func (w world) at(path string) (out []string) {
	list, all := strings.CutSuffix(path, "*")
	for key, value := range w {
		if key == path || all && strings.HasPrefix(key, list) {
			out = append(out, value)
		}
	}
	return out
}

func (w world) field(at string, value any, names *strings.Replacer) {
	switch value := value.(type) {
	case map[string]any:
		if len(value) == 0 && sets.MatchString(at) {
			w[at] = "{}"
		}
		for key, v := range value {
			if key = names.Replace(key); !strings.HasPrefix(key, "com.docker.compose.") && !strings.HasPrefix(key, "dev.stack.") {
				w.field(at+"."+key, v, names)
			}
		}
	case []any:
		for i, v := range ordered(at, value, names) {
			w.field(at+"."+element(at, i, v), v, names)
		}
	case nil: // an engine says null, an empty list or nothing at all of the same
	default:
		text, _ := json.Marshal(value) // what was JSON is JSON
		if plain := names.Replace(string(text)); !nothing(at, plain) {
			w[at] = plain
		}
	}
}

// nothing reports whether a value is what an engine does anyhow.
func nothing(at, value string) bool {
	return value == `""` || value == "0" || value == "false" ||
		value == `"no"` && strings.HasSuffix(at, " HostConfig.RestartPolicy.Name") ||
		value == `"0"` && strings.HasSuffix(at, ".HostPort")
}

// sets are the maps of which only the keys say something.
var sets = regexp.MustCompile(` (Config\.ExposedPorts|Config\.Volumes|NetworkSettings\.Ports)\.`)

// unordered are the lists whose order means nothing: docker compose makes them
// of maps, in another order each time.
var unordered = regexp.MustCompile(`(Env|Binds|Mounts|Aliases|Links|ExtraHosts|Ulimits|DNSNames|CapAdd|CapDrop|SecurityOpt|GroupAdd|Devices|DeviceCgroupRules|Capabilities\.\d+|Blkio\w+)$`)

func ordered(at string, list []any, names *strings.Replacer) []any {
	if !unordered.MatchString(at) {
		return list
	}
	text := func(v any) string { t, _ := json.Marshal(v); return names.Replace(string(t)) } // of what was JSON
	return slices.SortedFunc(slices.Values(list), func(a, b any) int { return cmp.Compare(text(a), text(b)) })
}

// element names one of a list: a mount by where it is, others by their number.
func element(at string, i int, v any) string {
	if object, ok := v.(map[string]any); ok && strings.HasSuffix(at, "Mounts") {
		return fmt.Sprint(cmp.Or(object["Target"], object["Destination"]))
	}
	if parts := strings.Split(fmt.Sprint(v), ":"); strings.HasSuffix(at, "Binds") && len(parts) > 1 {
		return parts[1]
	}
	return strconv.Itoa(i)
}

// A deviation is one field of which two worlds tell different things; "" for
// nothing.
type deviation struct{ path, theirs, ours string }

func (d deviation) String() string {
	return fmt.Sprintf("%s: the peer has %s, stack has %s", d.path, cmp.Or(d.theirs, "nothing"), cmp.Or(d.ours, "nothing"))
}

func diff(theirs, ours world) (out []deviation) {
	all := maps.Clone(theirs)
	maps.Copy(all, ours)
	for _, path := range slices.Sorted(maps.Keys(all)) {
		if theirs[path] != ours[path] {
			out = append(out, deviation{path, theirs[path], ours[path]})
		}
	}
	return out
}
