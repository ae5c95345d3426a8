package main

import (
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
	labelled
}

// labelled has the label that a template asks for by name.
type labelled struct{ labels map[string]string }

// Label is the value of one label, "" for none.
func (l labelled) Label(name string) string { return l.labels[name] }

type publisher struct {
	URL           string
	TargetPort    uint16
	PublishedPort uint16
	Protocol      string
}

var psColumns = columns{
	table: "{{.Name}}\t{{.Image}}\t{{.Command}}\t{{.Service}}\t{{.RunningFor}}\t{{.Status}}\t{{.Ports}}",
	heads: map[string]string{
		"RunningFor": "CREATED", "CreatedAt": "CREATED AT", "ExitCode": "EXIT CODE", "ID": "CONTAINER ID",
		"LocalVolumes": "LOCAL VOLUMES",
	},
	raw: "container_id: {{.ID}}\nimage: {{.Image}}\ncommand: {{.Command}}\ncreated_at: {{.CreatedAt}}\nstate:{{pad .State 1 0}}\n" +
		"status:{{pad .Status 1 0}}\nnames: {{.Names}}\nlabels:{{pad .Labels 1 0}}\nports:{{pad .Ports 1 0}}\n",
}

func newPSRow(project string, c engine.Listing, now time.Time, noTrunc bool) psRow {
	row := psRow{
		ExitCode: c.ExitCode, Health: string(c.Health), ID: c.ID, Image: c.Image,
		Labels: labels(c.Labels), LocalVolumes: strconv.Itoa(c.Local), Name: c.Name, Names: c.Name,
		Networks: strings.Join(c.Networks, ","),
		Ports:    ports(c.Ports), Project: project, Publishers: publishers(c.Ports),
		Service: c.Service, Size: "0B", State: string(c.Status), Status: c.Sentence,
		CreatedAt:  c.Created.Local().Format("2006-01-02 15:04:05 -0700 MST"),
		RunningFor: units.HumanDuration(now.Sub(c.Created)) + " ago",
		labelled:   labelled{c.Labels},
	}
	command, mounts := c.Command, slices.Clone(c.Mounts)
	if !noTrunc {
		row.ID, command = ellipsis(row.ID, 12, ""), ellipsis(command, 20, "\u2026")
		for i := range mounts {
			mounts[i] = ellipsis(mounts[i], 15, "\u2026")
		}
	}
	row.Command, row.Mounts = strconv.Quote(command), strings.Join(mounts, ",")
	return row
}

func ellipsis(text string, width int, mark string) string {
	runes := []rune(text)
	if len(runes) <= width {
		return text
	}
	return string(runes[:width-len([]rune(mark))]) + mark
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
