package main

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/docker/go-units"
	"github.com/spf13/cobra"

	"github.com/stackfile/stack"
	"github.com/stackfile/stack/engine"
	"github.com/stackfile/stack/plan"
	"github.com/stackfile/stack/planner"
)

func whyCommand(p *program) *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "why [FLAGS] SERVICE",
		Short: "Say why a service's containers were made, and what up would do to them now",
		Long: `why prints why each container of a service was created or replaced last, down to
the field of the file, and what up would do to the service now. It changes
nothing.

The reasons are in a label of each container, without secrets. A container that
an older stack or another tool made has none.`,
		Args: func(c *cobra.Command, args []string) error {
			if len(args) != 1 {
				return &UsageError{fmt.Sprintf("why: want one service, not %d", len(args)), usage(c)}
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error { return p.why(c, args[0], asJSON) },
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print it as JSON")
	return c
}

func (p *program) why(c *cobra.Command, service string, asJSON bool) error {
	desired, err := p.loadForPlan(c.Context(), nil)
	if err != nil {
		return err
	}
	e, err := p.open(c.Context())
	if err != nil {
		return err
	}
	cause, err := stack.Why(c.Context(), e, desired, planner.Options{}, service)
	if err != nil {
		return err
	}
	text := whyText(cause, p.Now())
	if asJSON {
		if text, err = whyJSON(cause); err != nil {
			return err
		}
	}
	p.answer(text)
	return nil
}

// whyText tells containers that were made for the same reasons as one.
func whyText(cause planner.Cause, now time.Time) string {
	var b strings.Builder
	for _, group := range alike(cause.Origins) {
		b.WriteString(origin(group, now))
	}
	if len(cause.Origins) == 0 {
		fmt.Fprintf(&b, "service %s has no container\n", cause.Service)
	}
	if text := cause.Now.ServiceText(cause.Service); text != "" {
		return b.String() + "\nnow:\n" + text
	}
	return b.String() + "\nnow: nothing to do\n"
}

func alike(origins []planner.Origin) (groups [][]planner.Origin) {
	key := func(o planner.Origin) string {
		if o.History == nil {
			return ""
		}
		return engine.EncodeHistory(*o.History)
	}
	for _, o := range origins {
		i := slices.IndexFunc(groups, func(g []planner.Origin) bool { return key(g[0]) == key(o) })
		if i < 0 {
			groups = append(groups, nil)
			i = len(groups) - 1
		}
		groups[i] = append(groups[i], o)
	}
	return groups
}

// done are the verbs of what makes a container, of what was done.
var done = map[plan.Verb]string{plan.Create: "created", plan.Replace: "replaced", plan.Run: "run"}

func origin(group []planner.Origin, now time.Time) string {
	var names []string
	for _, o := range group {
		names = append(names, o.Container.Name)
	}
	made := group[len(group)-1].Container.Created
	when := fmt.Sprintf("%s ago (%s)", strings.ToLower(units.HumanDuration(now.Sub(made))), made.UTC().Format(time.RFC3339))
	h := group[0].History
	if h == nil {
		return fmt.Sprintf("%s: made %s; why was not recorded\n", strings.Join(names, ", "), when)
	}
	text := fmt.Sprintf("%s: %s %s\n", strings.Join(names, ", "), or(done[h.Verb], string(h.Verb)), when)
	for _, r := range h.Reasons {
		text += fmt.Sprintf("    %s\n", r)
	}
	return text
}

// whyForm is the JSON that why prints. Changes, unavailable and reasons are as in
// that of a plan.
type whyForm struct {
	Version     int          `json:"version"`
	Project     string       `json:"project"`
	Service     string       `json:"service"`
	Containers  []originForm `json:"containers"`
	Changes     []any        `json:"changes"`
	Unavailable []any        `json:"unavailable"`
}

type originForm struct {
	Name     string    `json:"name"`
	Created  time.Time `json:"created"`
	Recorded bool      `json:"recorded"`
	Verb     plan.Verb `json:"verb,omitempty"`
	Reasons  any       `json:"reasons"`
}

func whyJSON(cause planner.Cause) (string, error) {
	out := whyForm{
		Version: plan.JSONVersion, Project: cause.Now.Project, Service: cause.Service,
		Containers: []originForm{}, Changes: []any{}, Unavailable: []any{},
	}
	for _, o := range cause.Origins {
		h, recorded := engine.History{}, o.History != nil
		if recorded {
			h = *o.History
		}
		out.Containers = append(out.Containers, originForm{o.Container.Name, o.Container.Created.UTC(), recorded, h.Verb, plan.JSONReasons(h.Reasons)})
	}
	for _, s := range cause.Now.Steps() {
		if s.Service == cause.Service {
			out.Changes = append(out.Changes, s.JSONValue())
		}
	}
	for _, outage := range cause.Now.Outages {
		if outage.Service == cause.Service {
			out.Unavailable = append(out.Unavailable, outage.JSONValue())
		}
	}
	text, err := json.MarshalIndent(out, "", "  ")
	return string(text) + "\n", err
}
