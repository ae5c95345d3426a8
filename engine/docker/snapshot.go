package docker

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/network"
	"github.com/docker/docker/api/types/volume"
	"golang.org/x/sync/errgroup"

	"github.com/stackfile/stack/engine"
)

// parallelReads bounds the requests of one snapshot.
const parallelReads = 8

// readsAtOnce is how many of n requests are under way at once. Over ssh another
// connection costs both sides more than many requests.
func (e *Engine) readsAtOnce(n int) int {
	if strings.HasPrefix(e.options.Host, "ssh://") {
		return min(1+n/parallelReads, parallelReads)
	}
	return parallelReads
}

// Snapshot reads what q asks for: one list each of containers, networks and
// volumes, and then, unless those were enough, an inspect of each container of
// the project and of each image. Containers are in the order of their names. What
// vanishes meanwhile is absent.
func (e *Engine) Snapshot(ctx context.Context, q engine.Query) (engine.State, error) {
	if err := e.connect(ctx); err != nil {
		return engine.State{}, err
	}
	s := engine.State{
		Target: "docker", API: e.client.ClientVersion(), Taken: time.Now(),
		ConnectAfterCreate: !e.atLeast("1.44"),
		Networks:           map[string]engine.Network{}, Volumes: map[string]engine.Volume{}, Images: map[string]engine.Image{},
	}
	if q.Host {
		host, err := e.host(ctx)
		if err != nil {
			return engine.State{}, e.fail(err, "snapshot")
		}
		s.Host = host
	}
	read := e.read
	if q.Brief {
		read = e.brief
	}
	if err := read(ctx, q, &s); err != nil {
		return engine.State{}, err
	}
	return s, nil
}

// read puts into s what a query asks for that is not brief.
func (e *Engine) read(ctx context.Context, q engine.Query, s *engine.State) error {
	l, err := e.list(ctx)
	if err != nil {
		return e.fail(err, "snapshot")
	}
	q = q.Extended(l.labelled())
	mine, foreign := l.split(q.Project)
	s.Foreign = foreign
	if !l.publish(q.Ports) {
		s.Listening = e.listening()
	}
	if err := l.resources(q, s); err != nil {
		return fmt.Errorf("snapshot: %w", err)
	}
	if q.Enough != nil {
		short := *s
		if short.Containers = listed(mine); q.Enough(short) {
			*s = short
			return nil
		}
	}
	return e.fail(e.inspectAll(ctx, q, mine, l, s), "snapshot")
}

// lists are what the engine has, in short.
type lists struct {
	containers []container.Summary
	networks   []network.Summary
	volumes    []*volume.Volume
}

func (e *Engine) list(ctx context.Context) (l lists, err error) {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(e.readsAtOnce(3))
	group.Go(func() (err error) {
		l.containers, err = e.client.ContainerList(ctx, container.ListOptions{All: true})
		return err
	})
	group.Go(func() (err error) {
		l.networks, err = e.client.NetworkList(ctx, network.ListOptions{})
		return err
	})
	group.Go(func() error {
		answer, err := e.client.VolumeList(ctx, volume.ListOptions{})
		l.volumes = answer.Volumes
		return err
	})
	err = group.Wait()
	slices.SortFunc(l.containers, func(a, b container.Summary) int { return cmp.Compare(nameOf(a), nameOf(b)) })
	return l, err
}

// labelled are the volumes with their labels only, by name.
func (l lists) labelled() map[string]engine.Volume {
	out := make(map[string]engine.Volume, len(l.volumes))
	for _, v := range l.volumes {
		out[v.Name] = engine.Volume{Labels: v.Labels}
	}
	return out
}

// within reports whether something with these labels is in the project, or, for
// "", in any.
func within(labels map[string]string, project string) bool {
	of, ok := labels[engine.LabelProject]
	return ok && (project == "" || of == project)
}

// split parts the containers of the project from the others.
func (l lists) split(project string) (mine []container.Summary, foreign []engine.Foreign) {
	for _, c := range l.containers {
		if within(c.Labels, project) {
			mine = append(mine, c)
			continue
		}
		foreign = append(foreign, engine.Foreign{Name: nameOf(c), Project: c.Labels[engine.LabelProject], Ports: boundPorts(c)})
	}
	return mine, foreign
}

// publish reports whether containers publish all of these host ports.
func (l lists) publish(ports []uint16) bool {
	published := map[uint16]bool{}
	for _, c := range l.containers {
		for _, p := range c.Ports {
			published[p.PublicPort] = true
		}
	}
	return !slices.ContainsFunc(ports, func(port uint16) bool { return !published[port] })
}

// nameOf leaves out the names that other containers have given it by links.
func nameOf(c container.Summary) string {
	for _, name := range c.Names {
		if name = strings.TrimPrefix(name, "/"); !strings.Contains(name, "/") {
			return name
		}
	}
	return ""
}

// resources puts the networks and volumes that q asks for into s.
func (l lists) resources(q engine.Query, s *engine.State) error {
	for _, n := range l.byClaim(q.Project) {
		if !within(n.Labels, q.Project) && !slices.Contains(q.Networks, n.Name) {
			continue
		}
		found, err := decodeNetwork(n, l.members(n))
		if err != nil {
			return err
		}
		first, double := s.Networks[n.Name]
		switch {
		case !double:
			s.Networks[n.Name] = found
		case within(n.Labels, q.Project) && !l.used(n):
			first.Doubles = append(first.Doubles, n.ID)
			s.Networks[n.Name] = first
		}
	}
	for _, v := range l.volumes {
		if of, ok := v.Labels[engine.LabelLock]; ok && of == q.Project {
			s.Locks = append(s.Locks, v.Name)
		}
		if !within(v.Labels, q.Project) && !slices.Contains(q.Volumes, v.Name) {
			continue
		}
		found, err := decodeVolume(v)
		if err != nil {
			return err
		}
		s.AddVolume(v.Name, found)
	}
	slices.Sort(s.Locks)
	return nil
}

// byClaim are the networks, of those with one name the one first that is meant
// by it: engines before API 1.44 can have several. It is the project's, the one
// in use, the oldest.
func (l lists) byClaim(project string) []network.Summary {
	weak := func(n network.Summary) int {
		switch {
		case !within(n.Labels, project):
			return 2
		case !l.used(n):
			return 1
		}
		return 0
	}
	return slices.SortedFunc(slices.Values(l.networks), func(a, b network.Summary) int {
		return cmp.Or(cmp.Compare(weak(a), weak(b)), a.Created.Compare(b.Created), cmp.Compare(a.ID, b.ID))
	})
}

// used reports whether a container, running or not, is attached to the network.
func (l lists) used(n network.Summary) bool {
	return slices.ContainsFunc(l.containers, func(c container.Summary) bool {
		if c.NetworkSettings == nil {
			return false
		}
		for _, endpoint := range c.NetworkSettings.Networks {
			if endpoint != nil && endpoint.NetworkID == n.ID {
				return true
			}
		}
		return false
	})
}

// members are the names of the containers that are up on the network. The list
// of containers says so, which saves an inspect of each network.
func (l lists) members(n network.Summary) (names []string) {
	for _, c := range l.containers {
		if c.NetworkSettings == nil || !up(c.State) {
			continue
		}
		for name, endpoint := range c.NetworkSettings.Networks {
			if endpoint != nil && cmp.Or(endpoint.NetworkID, n.ID) == n.ID && (endpoint.NetworkID != "" || name == n.Name) {
				names = append(names, nameOf(c))
			}
		}
	}
	return names
}

func up(state container.ContainerState) bool {
	return state == container.StateRunning || state == container.StatePaused || state == container.StateRestarting
}

// inspectAll puts the project's containers and the images into s.
func (e *Engine) inspectAll(ctx context.Context, q engine.Query, mine []container.Summary, l lists, s *engine.State) error {
	containers := make([]*engine.Container, len(mine))
	images := make([]*engine.Image, len(q.Images))
	var kept map[string]engine.Image
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(e.readsAtOnce(len(mine) + len(q.Images)))
	for i, c := range mine {
		group.Go(func() (err error) {
			containers[i], err = e.inspectContainer(ctx, c.ID, q, l)
			if err == nil && q.Contents && containers[i] != nil {
				containers[i].Contents, err = e.contents(ctx, *containers[i])
			}
			return err
		})
	}
	group.Go(func() (err error) {
		kept, err = e.repository(ctx, q.Repository)
		return err
	})
	for i, ref := range q.Images {
		if slices.Index(q.Images, ref) == i {
			group.Go(func() (err error) {
				images[i], err = e.inspectImage(ctx, ref)
				return err
			})
		}
	}
	if err := group.Wait(); err != nil {
		return err
	}
	for _, c := range containers {
		if c != nil {
			s.Containers = append(s.Containers, *c)
		}
	}
	maps.Copy(s.Images, kept)
	for i, ref := range q.Images {
		if images[i] != nil {
			s.Images[ref] = *images[i]
		}
	}
	return nil
}

// inspectContainer gives nil for one that has vanished.
func (e *Engine) inspectContainer(ctx context.Context, id string, q engine.Query, l lists) (*engine.Container, error) {
	found, err := e.client.ContainerInspect(ctx, id)
	if errdefs.IsNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	c, err := decodeContainer(found)
	if err != nil {
		return nil, err
	}
	if c.Recorded == nil {
		if err := e.adopt(ctx, &c, found, l, q.Files[c.Service]); err != nil {
			return nil, err
		}
	}
	c.Joins, c.Stale = l.joins(found.HostConfig), e.stale(found)
	l.forget(&c, found)
	return &c, e.excuse(ctx, &c, q.Limits)
}

// forget leaves out the places on networks that are gone, or were made anew
// meanwhile: a stopped container keeps them, and cannot start with them.
func (l lists) forget(c *engine.Container, found container.InspectResponse) {
	if c.Observed == nil || found.NetworkSettings == nil {
		return
	}
	known := map[string]bool{}
	for _, n := range l.networks {
		known[n.ID], known[n.Name] = true, true
	}
	kept := maps.Clone(c.Observed.Networks)
	for name, endpoint := range found.NetworkSettings.Networks {
		if endpoint != nil && !known[cmp.Or(endpoint.NetworkID, name)] {
			delete(kept, name)
		}
	}
	if len(kept) == 0 {
		kept = nil
	}
	c.Observed.Networks = kept
}

// joins are the IDs of the containers whose namespaces are shared.
func (l lists) joins(h *container.HostConfig) (ids []string) {
	for _, mode := range []string{string(h.NetworkMode), string(h.PidMode), string(h.IpcMode)} {
		which, ok := strings.CutPrefix(mode, "container:")
		if !ok {
			continue
		}
		for _, c := range l.containers {
			if (c.ID == which || nameOf(c) == which) && !slices.Contains(ids, c.ID) {
				ids = append(ids, c.ID)
			}
		}
	}
	return ids
}

// inspectImage gives nil for one that is not there.
func (e *Engine) inspectImage(ctx context.Context, ref string) (*engine.Image, error) {
	found, err := e.client.ImageInspect(ctx, ref)
	if errdefs.IsNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("image %q: %w", ref, err)
	}
	i := decodeImage(found)
	return &i, nil
}
