package planner

import (
	"maps"
	"math"
	"path"
	"reflect"
	"slices"
	"strings"

	"github.com/stackfile/stack/engine"
	"github.com/stackfile/stack/spec"
)

// adopted is what a container that another tool made was made from, in the
// words of what is desired: where both mean the same, as desired. What then
// differs, differs. Either argument is left as it is.
func adopted(c engine.Container, is, want spec.Container) map[string]any {
	for _, put := range []func(*spec.Container, spec.Container, spec.Container){
		wordProgram, wordExposed, wordNetworks, wordSecurity, wordCores, wordLogging, wordMounts, wordFiles, wordPlatform, wordHealth,
	} {
		put(&is, want, c.Adopted.Defaults)
	}
	out := tree(is)
	fill(out, tree(want), tree(c.Adopted.Defaults))
	unset(out, want, c.Adopted.Defaults)
	return out
}

// fill gives the container what it has without having been asked for it, where
// that is desired.
func fill(is, want, defaults map[string]any) {
	for key, value := range want {
		has, ok := is[key]
		byDefault, known := defaults[key]
		wanted, isMap := value.(map[string]any)
		switch {
		case !ok && known && reflect.DeepEqual(byDefault, value):
			is[key] = value
		case isMap:
			within, _ := has.(map[string]any) // none of it is there, or all of it is another thing
			base, _ := byDefault.(map[string]any)
			if within == nil {
				within = map[string]any{}
			}
			if fill(within, wanted, base); ok || len(within) > 0 {
				is[key] = within
			}
		}
	}
}

// unset takes a variable that the image does not have for unset.
func unset(is map[string]any, want, defaults spec.Container) {
	env, _ := is["environment"].(map[string]any)
	for key, value := range want.Env {
		_, has := env[key]
		if _, ofImage := defaults.Env[key]; value != nil || has || ofImage {
			continue
		}
		if env == nil {
			env = map[string]any{}
		}
		env[key], is["environment"] = nil, env
	}
}

// wordProgram: the image's command goes with the image's entrypoint only.
func wordProgram(is *spec.Container, want, defaults spec.Container) {
	if slices.Equal(program(*is, defaults), program(want, defaults)) {
		is.Entrypoint, is.Command = want.Entrypoint, want.Command
	}
}

// program is the entrypoint's words and the command's, told apart.
func program(c, defaults spec.Container) []string {
	entrypoint, command := defaults.Entrypoint, c.Command
	switch {
	case c.Entrypoint != nil:
		entrypoint = c.Entrypoint
	case command == nil:
		command = defaults.Command
	}
	return append(append(wordsOf(entrypoint), "\x00"), wordsOf(command)...)
}

func wordsOf(words *[]string) []string {
	if words == nil {
		return nil
	}
	return slices.Clone(*words)
}

// wordExposed: published ports are exposed anyhow, and so are the image's.
func wordExposed(is *spec.Container, want, defaults spec.Container) {
	known := slices.Concat(defaults.Expose, sortedKeys(want.Ports), sortedKeys(is.Ports))
	is.Expose = having(is.Expose, want.Expose, known)
}

// wordNetworks: the container's own names are aliases anyhow. Links of the whole
// container are links on each network.
func wordNetworks(is *spec.Container, want, defaults spec.Container) {
	is.Networks = maps.Clone(is.Networks)
	for name, e := range is.Networks {
		wanted, ok := want.Networks[name]
		if !ok {
			continue
		}
		e.Aliases = having(e.Aliases, wanted.Aliases, defaults.Networks[name].Aliases)
		if sameSet(e.Links, slices.Concat(wanted.Links, want.Links)) {
			e.Links, is.Links = wanted.Links, want.Links
		}
		is.Networks[name] = e
	}
}

// wordSecurity: capabilities have two spellings, and lists of options no order.
func wordSecurity(is *spec.Container, want, defaults spec.Container) {
	if sameSet(capabilities(is.CapAdd), capabilities(want.CapAdd)) {
		is.CapAdd = want.CapAdd
	}
	if sameSet(capabilities(is.CapDrop), capabilities(want.CapDrop)) {
		is.CapDrop = want.CapDrop
	}
	is.SecurityOpt = having(is.SecurityOpt, want.SecurityOpt, defaults.SecurityOpt)
}

func capabilities(names []string) []string {
	out := make([]string, len(names))
	for i, name := range names {
		out[i] = strings.TrimPrefix(strings.ToUpper(name), "CAP_")
	}
	return out
}

// wordCores: other tools reckon a number of cores in 32 bits.
func wordCores(is *spec.Container, want, _ spec.Container) {
	if math.Abs(float64(is.CPUs-want.CPUs)) <= 1e-6*float64(want.CPUs) {
		is.CPUs = want.CPUs
	}
}

// wordLogging: the engine adds options to its own driver's, and does not tell
// which; so those count that are asked for.
func wordLogging(is *spec.Container, want, defaults spec.Container) {
	if is.Logging == nil || is.Logging.Driver != "" || defaults.Logging == nil {
		return
	}
	asked := want.Logging
	if asked == nil {
		is.Logging = nil
		return
	}
	l := *is.Logging
	l.Options = maps.Clone(l.Options)
	maps.DeleteFunc(l.Options, func(key, _ string) bool { _, ok := asked.Options[key]; return !ok })
	is.Logging = &l
}

// wordMounts: a path can be written in several ways.
func wordMounts(is *spec.Container, want, _ spec.Container) {
	is.Mounts = maps.Clone(is.Mounts)
	for target, m := range is.Mounts {
		wanted, ok := want.Mounts[target]
		if ok && m.Type == "bind" && path.Clean(m.Source) == path.Clean(wanted.Source) {
			m.Source = wanted.Source
			is.Mounts[target] = m
		}
	}
}

// wordFiles: a config or secret that is bound is the same as long as the same
// file is bound there. One that is there as a copy is the same as long as its
// content is, and what was asked for of its owner and mode.
func wordFiles(is *spec.Container, want, _ spec.Container) {
	is.Files = maps.Clone(is.Files)
	for target, file := range want.Files {
		if _, bound := want.Mounts[target]; bound {
			if _, there := is.Mounts[target]; there {
				is.Files = putFile(is.Files, target, file)
			}
			continue
		}
		has, there := is.Files[target]
		if !there {
			continue
		}
		has.Source = file.Source
		if file.UID == "" {
			has.UID = ""
		}
		if file.GID == "" {
			has.GID = ""
		}
		if file.Mode == "" {
			has.Mode = ""
		}
		if is.Files[target] = has; has == file && is.Mounts[target].Type == "bind" {
			delete(is.Mounts, target)
		}
	}
}

func putFile(files map[string]spec.File, target string, f spec.File) map[string]spec.File {
	if files == nil {
		files = map[string]spec.File{}
	}
	files[target] = f
	return files
}

// wordPlatform: what was asked for is not told, only what the image is for.
func wordPlatform(is *spec.Container, want, defaults spec.Container) {
	switch image := defaults.Platform; {
	case image == "" || want.Platform == "":
	case strings.HasPrefix(image+"/", want.Platform+"/") || want.Platform == image+"/v8":
		is.Platform = want.Platform
	default:
		is.Platform = image
	}
}

// wordHealth: one that is switched off is so whatever else is said of it.
func wordHealth(is *spec.Container, want, _ spec.Container) {
	if is.Healthcheck.Disabled() && want.Healthcheck.Disabled() {
		is.Healthcheck = want.Healthcheck
	}
}

// sameSet compares two lists as sets.
func sameSet(a, b []string) bool { return slices.Equal(having(a, nil, nil), having(b, nil, nil)) }

// having is a list, sorted, with those among the wanted that are there anyhow.
func having(list, wanted, anyhow []string) []string {
	out := slices.Clone(list)
	for _, s := range wanted {
		if slices.Contains(anyhow, s) {
			out = append(out, s)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// adoptedNetwork is the definition of a network in the words of what is
// desired. Of one that another tool made, the engine tells what it chose as it
// tells what it was asked for.
func adoptedNetwork(found engine.Network, want spec.Network) spec.Network {
	was := *found.Recorded
	if !found.Adopted {
		return was
	}
	if want.Driver == "" && was.Driver == "bridge" {
		was.Driver = ""
	}
	was.EnableIPv4 = want.EnableIPv4 // told from API 1.48 on only
	if want.EnableIPv6 == nil && was.EnableIPv6 != nil && !*was.EnableIPv6 {
		was.EnableIPv6 = nil
	}
	if samePools(was.IPAM.Config, want.IPAM.Config) {
		was.IPAM.Config = want.IPAM.Config
	}
	if was.IPAM.Driver == "" && want.IPAM.Driver == "default" {
		was.IPAM.Driver = want.IPAM.Driver
	}
	return was
}

// samePools reports whether the pools have all that is asked of them. Where
// nothing is, they are the engine's choice.
func samePools(has, want []spec.Pool) bool {
	if len(want) == 0 {
		return true
	}
	return slices.EqualFunc(has, want, func(h, w spec.Pool) bool {
		return oneOf(h.Subnet, w.Subnet) && oneOf(h.IPRange, w.IPRange) && oneOf(h.Gateway, w.Gateway) && maps.Equal(h.AuxAddresses, w.AuxAddresses)
	})
}

func oneOf(has, want string) bool { return want == "" || has == want }

// adoptedVolume is the like for a volume. Only the engine's own driver tells its
// options as they were asked for.
func adoptedVolume(found engine.Volume, want spec.Volume) spec.Volume {
	was := *found.Recorded
	if !found.Adopted {
		return was
	}
	if was.Driver != "local" {
		was.DriverOpts = want.DriverOpts
	}
	if want.Driver == "" && was.Driver == "local" {
		was.Driver = ""
	}
	return was
}
