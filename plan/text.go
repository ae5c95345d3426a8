package plan

import (
	"fmt"
	"slices"
	"strings"
)

// Text is the plan for people: what changes, service by service in the plan's
// order, each change with its class, where the verb does not say it, and its
// reasons, and what is unavailable meanwhile. Waits and undos are left out. It
// ends with the jobs that do not run, the notes, and a summary.
func (p *Plan) Text() string {
	var b strings.Builder
	steps := p.Steps()
	if len(steps) == 0 {
		b.WriteString("nothing to do\n")
	}
	for _, service := range p.services(steps) {
		if b.Len() > 0 {
			b.WriteByte('\n')
		}
		p.section(&b, service, steps)
	}
	for i, line := range p.asides() {
		if i == 0 {
			b.WriteByte('\n')
		}
		b.WriteString(line + "\n")
	}
	if len(steps) > 0 {
		b.WriteString("\n" + p.summary(steps) + "\n")
	}
	return b.String()
}

// asides are the lines that tell no change.
func (p *Plan) asides() (lines []string) {
	for _, s := range p.Skips {
		lines = append(lines, s.String())
	}
	for _, n := range p.Notes {
		lines = append(lines, n.String())
	}
	return lines
}

// section writes the changes of one service; those of none stand under the
// project's name.
func (p *Plan) section(b *strings.Builder, service string, steps []Step) {
	if service == "" {
		fmt.Fprintf(b, "%s:\n", p.title())
	} else {
		fmt.Fprintf(b, "service %s:\n", service)
	}
	for _, s := range steps {
		if s.Service != service {
			continue
		}
		fmt.Fprintf(b, "  %s%s%s\n", s.Change, p.condition(s), s.mark())
		for _, r := range s.Reasons {
			fmt.Fprintf(b, "      %s\n", r)
		}
	}
	for _, o := range p.Outages {
		if o.Service == service {
			fmt.Fprintf(b, "  %s\n", o)
		}
	}
}

// ServiceText is what Text says of one service; "" when that is nothing.
func (p *Plan) ServiceText(service string) string {
	var b strings.Builder
	steps := p.Steps()
	if slices.Contains(p.services(steps), service) {
		p.section(&b, service, steps)
	}
	for _, s := range p.Skips {
		if s.Service == service {
			b.WriteString(s.String() + "\n")
		}
	}
	for _, n := range p.Notes {
		if n.Service == service {
			b.WriteString(n.String() + "\n")
		}
	}
	return b.String()
}

func (p *Plan) title() string {
	if p.Project == "" {
		return "stack"
	}
	return "stack " + p.Project
}

// services are those that have something to tell, in the plan's order.
func (p *Plan) services(steps []Step) (out []string) {
	for _, s := range steps {
		out = joined(out, []string{s.Service})
	}
	for _, o := range p.Outages {
		out = joined(out, []string{o.Service})
	}
	return out
}

// condition is what follows a change that may turn out to be unneeded.
func (p *Plan) condition(s Step) string {
	var images []string
	for _, same := range s.If {
		if p.service(same.ID) == s.Service && len(s.If) == 1 {
			return ", if the image changes"
		}
		images = append(images, same.Image)
	}
	if len(images) == 0 {
		return ""
	}
	return fmt.Sprintf(", if image %s changes", strings.Join(images, " or "))
}

// service is whose action it is.
func (p *Plan) service(action string) string {
	for _, a := range p.Actions {
		if a.ID == action {
			return a.Change.Service
		}
	}
	return ""
}
