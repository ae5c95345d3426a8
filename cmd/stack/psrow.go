package main

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/docker/go-units"

	"github.com/stackfile/stack/engine"
)

// psRow is a container under the names that docker compose gives its fields, in
// JSON and in templates.
type psRow struct {
	Command      string
	CreatedAt    string
	ExitCode     int
	Health       string
	ID           string
	Image        string
	Labels       string
	LocalVolumes string
	Mounts       string
	Name         string
	Names        string
	Networks     string
	Ports        string
	Project      string
	Publishers   []publisher
	RunningFor   string
	Service      string
	Size         string
	State        string
	Status       string
}

type publisher struct {
	URL           string
	TargetPort    uint16
	PublishedPort uint16
	Protocol      string
}

const psColumns = "table {{.Name}}\t{{.Image}}\t{{.Command}}\t{{.Service}}\t{{.RunningFor}}\t{{.Status}}\t{{.Ports}}"

func newPSRow(project string, c engine.Container, now time.Time, noTrunc bool) psRow {
	row := psRow{
		ExitCode: c.ExitCode, Health: string(c.Health), ID: c.ID, Image: c.Image,
		Labels: labels(c.Labels), LocalVolumes: "0", Name: c.Name, Names: c.Name,
		Ports: ports(c.Ports), Project: project, Publishers: publishers(c.Ports),
		Service: c.Service, Size: "0B", State: string(c.Status), Status: status(c, now),
		CreatedAt:  c.Created.UTC().Format("2006-01-02 15:04:05 -0700 MST"),
		RunningFor: units.HumanDuration(now.Sub(c.Created)) + " ago",
	}
	command := commandOf(c)
	if !noTrunc {
		row.ID, command = ellipsis(row.ID, 12, ""), ellipsis(command, 20, "\u2026")
	}
	row.Command = strconv.Quote(command)
	if command == "" {
		row.Command = ""
	}
	row.attach(c)
	return row
}

// attach fills in what the container was made from.
func (r *psRow) attach(c engine.Container) {
	if c.Observed == nil {
		return
	}
	r.Networks = strings.Join(slices.Sorted(maps.Keys(c.Observed.Networks)), ",")
	var mounts []string
	volumes := 0
	for _, m := range c.Observed.Mounts {
		if m.Source != "" {
			mounts = append(mounts, m.Source)
		}
		if m.Type == "volume" {
			volumes++
		}
	}
	slices.Sort(mounts)
	r.Mounts, r.LocalVolumes = strings.Join(mounts, ","), strconv.Itoa(volumes)
}

// commandOf is what runs, or as much of it as was asked for.
func commandOf(c engine.Container) string {
	if c.Command != "" || c.Recorded == nil {
		return c.Command
	}
	var words []string
	for _, part := range []*[]string{c.Recorded.Entrypoint, c.Recorded.Command} {
		if part != nil {
			words = append(words, *part...)
		}
	}
	return strings.Join(words, " ")
}

func ellipsis(text string, width int, mark string) string {
	runes := []rune(text)
	if len(runes) <= width {
		return text
	}
	return string(runes[:width-len([]rune(mark))]) + mark
}

// status is the engine's sentence: Up 3 minutes (healthy).
func status(c engine.Container, now time.Time) string {
	ago := func(t time.Time) string { return units.HumanDuration(now.Sub(t)) }
	switch c.Status {
	case engine.StatusRunning:
		if c.Health == engine.HealthStarting {
			return fmt.Sprintf("Up %s (health: starting)", ago(c.Started))
		}
		if c.Health != "" {
			return fmt.Sprintf("Up %s (%s)", ago(c.Started), c.Health)
		}
		return "Up " + ago(c.Started)
	case engine.StatusPaused:
		return fmt.Sprintf("Up %s (Paused)", ago(c.Started))
	case engine.StatusRestarting:
		return fmt.Sprintf("Restarting (%d) %s ago", c.ExitCode, ago(c.Finished))
	case engine.StatusExited:
		return fmt.Sprintf("Exited (%d) %s ago", c.ExitCode, ago(c.Finished))
	case engine.StatusRemoving:
		return "Removal In Progress"
	case engine.StatusDead:
		return "Dead"
	}
	return "Created"
}

func labels(m map[string]string) string {
	var out []string
	for _, key := range slices.Sorted(maps.Keys(m)) {
		out = append(out, key+"="+m[key])
	}
	return strings.Join(out, ",")
}

func publishers(list []engine.Port) []publisher {
	out := []publisher{}
	for _, p := range list {
		out = append(out, publisher{URL: p.IP, TargetPort: p.Private, PublishedPort: p.Public, Protocol: p.Protocol})
	}
	return out
}

// ports are as docker prints them: 0.0.0.0:8080->80/tcp, 5432/tcp.
func ports(list []engine.Port) string {
	var out []string
	for _, p := range list {
		text := fmt.Sprintf("%d/%s", p.Private, p.Protocol)
		if p.Public != 0 {
			host := p.IP
			if strings.Contains(host, ":") {
				host = "[" + host + "]"
			}
			text = fmt.Sprintf("%s:%d->%s", host, p.Public, text)
		}
		if !slices.Contains(out, text) {
			out = append(out, text)
		}
	}
	return strings.Join(out, ", ")
}
