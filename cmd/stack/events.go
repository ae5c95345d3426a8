package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/stackfile/stack"
	"github.com/stackfile/stack/engine"
)

// eventRow is an event, under docker compose's names.
type eventRow struct {
	Action     string            `json:"action"`
	Attributes map[string]string `json:"attributes"`
	ID         string            `json:"id"`
	Service    string            `json:"service"`
	Time       time.Time         `json:"time"`
	Type       string            `json:"type"`
}

// records are the labels of containers in which stack keeps what it made them
// from. They are long, and the same in each event.
var records = []string{
	engine.LabelDefinition, engine.LabelAnonymous, engine.LabelReasons, engine.LabelHooks, engine.LabelPreStart,
	engine.LabelOutside, engine.LabelMarks,
}

func newEventRow(e engine.Event) eventRow {
	row := eventRow{
		Action: e.Action, Attributes: map[string]string{}, ID: e.ID, Service: e.Attributes[engine.LabelService],
		Time: e.Time, Type: "container",
	}
	for name, value := range e.Attributes {
		if !strings.HasPrefix(name, "com.docker.compose.") && !slices.Contains(records, name) {
			row.Attributes[name] = value
		}
	}
	return row
}

// text is the form of docker compose, an empty line behind it.
func (r eventRow) text() string {
	var about []string
	for _, name := range slices.Sorted(maps.Keys(r.Attributes)) {
		about = append(about, name+"="+r.Attributes[name])
	}
	return fmt.Sprintf("%s container %s %s (%s)\n\n", r.Time.Format("2006-01-02 15:04:05.000000"), r.Action, r.ID, strings.Join(about, ", "))
}

func eventsCommand(p *program) *cobra.Command {
	var q engine.EventQuery
	var asJSON bool
	c := &cobra.Command{
		Use:   "events [FLAGS] [SERVICE...]",
		Short: "Print what happens to containers",
		Long: `events prints each event of the project's containers, those of healthchecks too,
until it is interrupted, or up to --until. Containers that run has made are left
out.

--json prints one object a line, with action, attributes (image, name, what
belongs to the action, and the labels but for those of docker compose and of
stack), id, service, time and type. With -p NAME no file is needed.`,
		RunE: func(c *cobra.Command, services []string) error { return p.happenings(c, q, services, asJSON) },
	}
	fs := c.Flags()
	fs.BoolVar(&asJSON, "json", false, "one JSON object a line")
	fs.StringVar(&q.Since, "since", "", "what has happened since `TIME` too: 2026-01-02T13:23:37Z, a Unix time, or 42m ago")
	fs.StringVar(&q.Until, "until", "", "end at this `TIME`")
	return c
}

func (p *program) happenings(c *cobra.Command, q engine.EventQuery, services []string, asJSON bool) error {
	if err := instants(c); err != nil {
		return err
	}
	// Looking at the containers finds a service that there is not.
	project, _, err := p.listed(c, stack.Selection{Services: services})
	if err != nil {
		return err
	}
	q.Project = project.Name
	return p.engine.Events(c.Context(), q, func(e engine.Event) {
		row := newEventRow(e)
		oneOff := strings.EqualFold(e.Attributes[engine.LabelOneOff], "true")
		if oneOff || len(services) > 0 && !slices.Contains(services, row.Service) {
			return
		}
		if asJSON {
			text, _ := json.Marshal(row) // of texts: never fails
			p.answer(string(text) + "\n")
			return
		}
		p.answer(row.text())
	})
}
