//go:build e2e

package e2e_test

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
)

// A picture is all of a project that must be as after an undisturbed run. What
// differs from one run to the other is left out: IDs, times, addresses.
type picture struct {
	Containers map[string]portrait
	Networks   map[string]map[string]string // name -> options
	Volumes    []string
	Locks      []string
}

// A portrait is one container of a picture.
type portrait struct {
	Status, Image, Restart, Definition string
	Env, Aliases                       []string
	Mounts                             map[string]string // target -> volume
}

// inspected is what the engine says of a container, as far as pictures show it.
type inspected struct {
	ID     string `json:"Id"`
	Name   string
	State  struct{ Status string }
	Config struct {
		Image  string
		Env    []string
		Labels map[string]string
	}
	HostConfig struct{ RestartPolicy struct{ Name string } }
	Mounts     []mount

	NetworkSettings struct {
		Networks map[string]struct {
			Aliases   []string
			NetworkID string
		}
	}
}

type listed struct {
	ID       string `json:"Id"`
	Name     string
	Internal bool
	Driver   string
	Labels   map[string]string
}

// picture is taken from the engine. ids are the containers' by name.
func (s *sandbox) picture(a api) (p picture, ids map[string]string) {
	s.t.Helper()
	mine := labelled("com.docker.compose.project=" + s.name)
	p = picture{Containers: map[string]portrait{}, Networks: map[string]map[string]string{}}
	ids = map[string]string{}
	networks := map[string]string{} // ID -> name
	for _, n := range get[[]listed](a, "/networks", mine) {
		name := strings.TrimPrefix(n.Name, s.name)
		for p.Networks[name] != nil {
			name += " once more"
		}
		networks[n.ID] = name
		p.Networks[name] = map[string]string{"driver": n.Driver, "internal": map[bool]string{true: "yes"}[n.Internal], "definition": n.Labels["dev.stack.definition"]}
	}
	for _, c := range get[[]listed](a, "/containers/json", mine) {
		found := get[inspected](a, "/containers/"+c.ID+"/json", nil)
		name := strings.TrimPrefix(found.Name, "/"+s.name)
		p.Containers[name], ids[name] = found.portrait(s.name, networks), found.ID
	}
	p.Volumes = withoutHistory(s.volumeNames(a, "com.docker.compose.project="+s.name))
	p.Locks = s.volumeNames(a, "dev.stack.lock="+s.name)
	return p, ids
}

func (s *sandbox) volumeNames(a api, label string) (names []string) {
	s.t.Helper()
	for _, v := range get[struct{ Volumes []listed }](a, "/volumes", labelled(label)).Volumes {
		names = append(names, strings.TrimPrefix(v.Name, s.name))
	}
	slices.Sort(names)
	return names
}

// withoutHistory leaves out the generations that are kept, of which each run has
// others, as long as they are three at most, and one that a run was about to
// remove when it was killed: it goes with the next recording.
func withoutHistory(volumes []string) []string {
	out := slices.DeleteFunc(slices.Clone(volumes), func(name string) bool { return strings.HasPrefix(name, "_stack-gen-") })
	if len(volumes)-len(out) > 4 {
		return volumes
	}
	return out
}

func (c inspected) portrait(project string, networks map[string]string) portrait {
	p := portrait{
		Status: c.State.Status, Image: c.Config.Image, Restart: c.HostConfig.RestartPolicy.Name,
		Definition: c.Config.Labels["dev.stack.definition"], Env: slices.Sorted(slices.Values(c.Config.Env)), Mounts: map[string]string{},
	}
	for name, n := range c.NetworkSettings.Networks {
		on := networks[n.NetworkID]
		if on == "" {
			on = "gone: " + strings.TrimPrefix(name, project)
		}
		aliases := slices.DeleteFunc(slices.Clone(n.Aliases), func(alias string) bool { return alias == c.ID[:12] })
		slices.Sort(aliases)
		p.Aliases = append(p.Aliases, on+": "+strings.Join(slices.Compact(aliases), " "))
	}
	slices.Sort(p.Aliases)
	for _, m := range c.Mounts {
		p.Mounts[m.Destination] = strings.TrimPrefix(m.Name, project)
		if len(m.Name) == 64 {
			p.Mounts[m.Destination] = "anonymous"
		}
	}
	return p
}

// text is a picture in lines, one for each object.
func (p picture) text() (lines []string) {
	line := func(kind, name string, of any) {
		text, _ := json.Marshal(of) // strings always encode
		lines = append(lines, kind+" "+name+" "+string(text))
	}
	for _, name := range slices.Sorted(maps.Keys(p.Containers)) {
		line("container", name, p.Containers[name])
	}
	for _, name := range slices.Sorted(maps.Keys(p.Networks)) {
		line("network", name, p.Networks[name])
	}
	for _, name := range p.Volumes {
		line("volume", name, nil)
	}
	for _, name := range p.Locks {
		line("lock", name, nil)
	}
	return lines
}

// unlike are the lines in which a picture differs from what it should be, ""
// for none.
func (p picture) unlike(want picture) string {
	have, should := p.text(), want.text()
	var out []string
	for _, line := range have {
		if !slices.Contains(should, line) {
			out = append(out, "has   "+line)
		}
	}
	for _, line := range should {
		if !slices.Contains(have, line) {
			out = append(out, "wants "+line)
		}
	}
	return strings.Join(out, "\n")
}
