package laws

import (
	"fmt"
	"maps"
	"slices"

	"github.com/stackfile/stack/spec"
)

// A deed is one thing that makes a difference: somebody edits the file, or does
// something to the engine.
type deed struct {
	row  row
	name string
	on   string // the service
	// do edits the service as it is desired now, or has others act upon what
	// was before. It returns false where it does not apply.
	do func(w *world, s *spec.Service) bool
}

// edits are the deeds of those who change the file.
var edits = []deed{
	{row: rowInPlace, name: "cpus", do: func(w *world, s *spec.Service) bool {
		return set(&s.Container.CPUs, oneOf[int64](w, 25e7, 5e8))
	}},
	{row: rowInPlace, name: "mem_limit", do: func(w *world, s *spec.Service) bool {
		return set(&s.Container.Memory, oneOf[int64](w, 64<<20, 128<<20))
	}},
	{row: rowInPlace, name: "cpu_shares", do: func(w *world, s *spec.Service) bool {
		return set(&s.Container.CPUShares, oneOf[int64](w, 100, 200))
	}},
	{row: rowInPlace, name: "cpuset", do: func(_ *world, s *spec.Service) bool {
		return set(&s.Container.CPUSet, "0-1")
	}},
	{row: rowInPlace, name: "pids_limit", do: func(w *world, s *spec.Service) bool {
		return set(&s.Container.PidsLimit, oneOf[int64](w, 0, 100, 200))
	}},
	{row: rowInPlace, name: "restart", do: func(w *world, s *spec.Service) bool {
		return !s.Job && set(&s.Container.Restart, oneOf(w, "", "always", "unless-stopped", "on-failure:5"))
	}},
	{row: rowInPlace, name: "blkio_weight", do: func(w *world, s *spec.Service) bool {
		return !w.real() && set(&s.Container.BlkioWeight, 300)
	}},
	{row: rowLimitRemoved, name: "no mem_limit", do: func(_ *world, s *spec.Service) bool { return set(&s.Container.Memory, 0) }},
	{row: rowLimitRemoved, name: "no cpus", do: func(_ *world, s *spec.Service) bool { return set(&s.Container.CPUs, 0) }},
	{row: rowLimitRemoved, name: "no cpuset", do: func(_ *world, s *spec.Service) bool { return set(&s.Container.CPUSet, "") }},

	{row: rowReplaced, name: "environment", do: func(w *world, s *spec.Service) bool {
		value := fmt.Sprint(w.IntN(100))
		s.Container.Env = map[string]*string{"A": &value}
		return true
	}},
	{row: rowReplaced, name: "command", do: func(_ *world, s *spec.Service) bool {
		command := []string{"-unhealthy=false"}
		if s.Container.Command != nil {
			command = append(command, *s.Container.Command...)
		}
		s.Container.Command = &command
		return !s.Job
	}},
	{row: rowReplaced, name: "labels", do: func(_ *world, s *spec.Service) bool {
		s.Container.Labels = map[string]string{"x": "y"}
		return true
	}},
	{row: rowReplaced, name: "hostname", do: func(_ *world, s *spec.Service) bool {
		return s.Container.NetworkMode == "" && set(&s.Container.Hostname, "h")
	}},
	{row: rowReplaced, name: "image", do: func(w *world, s *spec.Service) bool {
		return set(&s.Container.Image, w.image(s.Name, 2))
	}},
	{row: rowReplaced, name: "healthcheck", do: func(w *world, s *spec.Service) bool {
		if s.Container.Healthcheck == nil {
			s.Container.Healthcheck = &spec.Healthcheck{Test: []string{"CMD", "/probe", "id"}}
			return true
		}
		s.Container.Healthcheck.Retries = 7
		return true
	}},
	{row: rowReplaced, name: "cap_add", do: func(_ *world, s *spec.Service) bool {
		s.Container.CapAdd = []string{"NET_ADMIN"}
		return true
	}},
	{row: rowReplaced, name: "volumes", do: func(w *world, s *spec.Service) bool {
		if _, ok := s.Container.Mounts["/data"]; ok {
			delete(s.Container.Mounts, "/data")
			return true
		}
		s.Container.Mounts["/data"] = spec.Mount{Type: "volume", Source: w.project + "_data"}
		return true
	}},
	{row: rowReplaced, name: "ports", do: func(_ *world, s *spec.Service) bool {
		if s.Container.Networks == nil || s.Container.Ports != nil {
			return false
		}
		s.Container.Ports = map[string][]string{"80/tcp": {""}}
		return true
	}},
	{row: rowContent, name: "secret", do: func(w *world, s *spec.Service) bool {
		if s.Files == nil {
			return false
		}
		w.file(s, "y")
		return true
	}},
	{row: rowContent, name: "env_file", do: func(_ *world, s *spec.Service) bool {
		if s.Container.Env["OF_A_FILE"] == nil {
			return false
		}
		value := "2"
		s.Container.Env["OF_A_FILE"] = &value
		return true
	}},
	{row: rowSurplus, name: "fewer replicas", do: func(_ *world, s *spec.Service) bool {
		s.Replicas--
		return s.Replicas > 0
	}},
	{row: rowOther, name: "more replicas", do: func(_ *world, s *spec.Service) bool {
		s.Replicas++
		return !single(*s)
	}},
	{row: rowOther, name: "build", do: func(w *world, s *spec.Service) bool {
		s.Build = &spec.Build{Context: "/src"}
		return !w.real()
	}},
}

// rewirings are the edits of networks; what they take depends on the ports.
var rewirings = []deed{
	{name: "alias", do: func(w *world, s *spec.Service) bool {
		e := s.Container.Networks[w.network("default")]
		e.Aliases = []string{s.Name, "www"}
		s.Container.Networks[w.network("default")] = e
		return true
	}},
	{name: "attach, detach", do: func(w *world, s *spec.Service) bool {
		if _, ok := s.Container.Networks[w.network("other")]; ok {
			delete(s.Container.Networks, w.network("other"))
			return true
		}
		s.Container.Networks[w.network("other")] = spec.Endpoint{Aliases: []string{s.Name}}
		return true
	}},
	{name: "address", do: func(w *world, s *spec.Service) bool {
		e, ok := s.Container.Networks[w.network("other")]
		e.IPv4 = w.subnet() + "." + fmt.Sprint(70+slices.Index(serviceNames, s.Name))
		if ok {
			s.Container.Networks[w.network("other")] = e
		}
		return ok && s.Replicas == 1
	}},
	{name: "disconnected by hand", do: func(w *world, s *spec.Service) bool {
		w.disconnect(w.one(s), w.network("default"))
		return true
	}},
	{name: "reconnected by hand", do: func(w *world, s *spec.Service) bool {
		name := w.one(s)
		w.disconnect(name, w.network("default"))
		w.connect(name, w.network("default"), spec.Endpoint{Aliases: []string{"else"}})
		return true
	}},
}

// nothings are the edits that are nothing to a container.
var nothings = []deed{
	{name: "pull_policy", do: func(_ *world, s *spec.Service) bool { return set(&s.PullPolicy, "never") }},
	{name: "update_config", do: func(_ *world, s *spec.Service) bool {
		s.Update.StartFirst = !s.Update.StartFirst
		return true
	}},
	{name: "hooks", do: func(_ *world, s *spec.Service) bool {
		s.PostStart = []spec.Hook{{Command: []string{"/probe", "env"}}}
		return !s.Job
	}},
	{name: "attach", do: func(_ *world, s *spec.Service) bool {
		s.Attach = !s.Attach
		return true
	}},
	{name: "monitor", do: func(_ *world, s *spec.Service) bool { return set(&s.Monitor, 1) }},
	{name: "on_failure", do: func(_ *world, s *spec.Service) bool { return set(&s.OnFailure, spec.Continue) }},
	{name: "less depends_on", do: func(w *world, s *spec.Service) bool {
		for _, name := range slices.Sorted(maps.Keys(s.DependsOn)) {
			if d := s.DependsOn[name]; !d.Namespace && !w.after.Services[name].Job && s.Container.VolumesFrom == nil {
				delete(s.DependsOn, name)
				return true
			}
		}
		return false
	}},
	{name: "more depends_on", do: func(w *world, s *spec.Service) bool {
		for _, name := range serviceNames[:slices.Index(serviceNames, s.Name)] {
			_, depends := s.DependsOn[name]
			if other, ok := w.after.Services[name]; ok && !depends && !other.Job {
				s.DependsOn[name] = spec.Dependency{Condition: spec.Started, Restart: w.chance(70), Required: true}
				return true
			}
		}
		return false
	}},
	{name: "profiles", do: func(w *world, s *spec.Service) bool {
		if !w.dispensable(*s) {
			return false
		}
		w.after.Inactive = append(w.after.Inactive, s.Name)
		s.Name = "" // it is gone
		return true
	}},
}

// drifts are what others do to the engine.
var drifts = []deed{
	{row: rowStopped, name: "stopped", do: func(w *world, s *spec.Service) bool {
		if !s.Job {
			w.stop(w.one(s))
		}
		return !s.Job
	}},
	{row: rowStopped, name: "paused", do: func(w *world, s *spec.Service) bool {
		if !s.Job {
			w.pause(w.one(s))
		}
		return !s.Job
	}},
	{row: rowMissingNumber, name: "removed", do: func(w *world, s *spec.Service) bool {
		if lent(w.before, s.Name) {
			return false
		}
		w.remove(w.one(s))
		return true
	}},
	{row: rowInPlace, name: "limited by hand", do: func(w *world, s *spec.Service) bool {
		if s.Container.Memory > 0 {
			w.limit(w.one(s), 96<<20)
		}
		return s.Container.Memory > 0
	}},
	{row: rowOther, name: "renamed by hand", do: func(w *world, s *spec.Service) bool {
		name := w.one(s)
		w.rename(name, "stray-"+name)
		return true
	}},
	{row: rowOther, name: "the tag moved", do: func(w *world, s *spec.Service) bool {
		w.retag(s.Name, 3)
		return true
	}},
	{row: rowStarting, name: "health starting", do: func(w *world, s *spec.Service) bool {
		if s.Job || s.Container.Healthcheck == nil || w.real() {
			return false
		}
		w.starting(w.one(s))
		return true
	}},
	{row: rowForeignName, name: "the name is taken", do: func(w *world, s *spec.Service) bool {
		if single(*s) {
			return false
		}
		s.Replicas++
		w.foreign(w.name(*s, s.Replicas), "")
		return true
	}},
	{row: rowForeignPort, name: "the port is taken", do: func(w *world, s *spec.Service) bool {
		if s.Container.Networks == nil || s.Replicas > 1 || s.Container.Ports != nil {
			return false
		}
		port := w.portBase() + "9"
		s.Container.Ports = map[string][]string{"90/tcp": {port}}
		w.foreign(w.project+"foreign", port)
		return true
	}},
}

// larger are the edits of more than a service.
var larger = []deed{
	{row: rowNetworkReplaced, name: "network", do: func(w *world, s *spec.Service) bool {
		n := w.after.Networks["default"]
		n.Internal = true
		w.after.Networks["default"] = n
		_, used := s.Container.Networks[n.Name]
		return used
	}},
	{row: rowVolumeOptions, name: "volume", do: func(w *world, s *spec.Service) bool {
		v := w.after.Volumes["data"]
		v.DriverOpts = map[string]string{"type": "tmpfs", "device": "tmpfs"}
		w.after.Volumes["data"] = v
		return s.Container.Mounts["/data"].Source == v.Name
	}},
	{row: rowLabels, name: "network labels", do: func(w *world, s *spec.Service) bool {
		n := w.after.Networks["default"]
		n.Labels = map[string]string{"x": "y"}
		w.after.Networks["default"] = n
		_, used := s.Container.Networks[n.Name]
		return used
	}},
	{row: rowLabels, name: "volume labels", do: func(w *world, s *spec.Service) bool {
		v := w.after.Volumes["data"]
		v.Labels = map[string]string{"x": "y"}
		w.after.Volumes["data"] = v
		return s.Container.Mounts["/data"].Source == v.Name
	}},
	{row: rowOrphanNote, name: "gone from the file", do: orphan},
	{row: rowOrphanRemoved, name: "gone from the file, --remove-orphans", do: func(w *world, s *spec.Service) bool {
		w.options.RemoveOrphans = true
		return orphan(w, s)
	}},
	{row: rowOrphanRemoved, name: "stopped, and gone from the file, --remove-orphans", do: func(w *world, s *spec.Service) bool {
		w.options.RemoveOrphans = true
		if s.Job || !w.dispensable(*s) {
			return false
		}
		w.stop(w.one(s))
		return orphan(w, s)
	}},
}

func orphan(w *world, s *spec.Service) bool {
	if !w.dispensable(*s) {
		return false
	}
	s.Name = ""
	return true
}

// dispensable reports whether a service can go, and leaves the others as they
// are: what it waits for the end of would be no job any more.
func (w *world) dispensable(s spec.Service) bool {
	for _, d := range s.DependsOn {
		if d.Condition == spec.Completed {
			return false
		}
	}
	return !dependedOn(w.after, s.Name) && len(w.after.Services) > 1
}

// allDeeds are the deeds, each with its row.
func allDeeds() []deed {
	var out []deed
	for _, d := range rewirings {
		do := d.do
		plain, moving := d, d
		plain.row, plain.do = rowRewired, func(w *world, s *spec.Service) bool {
			return s.Container.Networks != nil && !ephemeral(s.Container) && do(w, s)
		}
		moving.row, moving.do = rowRewiredEphemeral, func(w *world, s *spec.Service) bool {
			return s.Container.Networks != nil && ephemeral(s.Container) && do(w, s)
		}
		out = append(out, plain, moving)
	}
	for _, d := range nothings {
		d.row = rowNothing
		out = append(out, d)
	}
	return slices.Concat(out, edits, drifts, larger)
}

func set[T comparable](field *T, value T) bool {
	changed := *field != value
	*field = value
	return changed
}

// one is a container that the service had before.
func (w *world) one(s *spec.Service) string {
	was := w.before.Services[s.Name]
	return w.name(was, 1+w.IntN(was.Replicas))
}

// lent reports whether other services share something of a service's
// containers.
func lent(s *spec.Stack, name string) bool {
	for _, other := range s.Services {
		if other.DependsOn[name].Namespace || slices.Contains(other.Container.VolumesFrom, name) {
			return true
		}
	}
	return false
}

// try does a deed to the first service, of those in a random order, to which it
// applies. What it is to do to the file is undone where it does not.
func (w *world) try(d deed) bool {
	names := slices.Sorted(maps.Keys(w.after.Services))
	w.Shuffle(len(names), func(i, j int) { names[i], names[j] = names[j], names[i] })
	for _, name := range names {
		if w.doTo(d, name) {
			return true
		}
	}
	return false
}

func (w *world) doTo(d deed, name string) bool {
	after, options := clone(w, w.after), w.options
	s := w.after.Services[name]
	if s.Container.Mounts == nil {
		s.Container.Mounts = map[string]spec.Mount{}
	}
	if !d.do(w, &s) {
		w.after, w.options = after, options
		return false
	}
	if w.after.Services[name] = s; s.Name == "" {
		delete(w.after.Services, name)
	}
	markJobs(w.after)
	d.on = name
	w.deeds = append(w.deeds, d)
	return true
}
