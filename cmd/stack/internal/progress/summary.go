package progress

import (
	"fmt"
	"strings"
	"time"

	"github.com/stackfile/stack/reconciler"
)

// String is the summary for people: a line for each kind of service, the
// addresses, and how long it took.
func (s Summary) String() string {
	var b strings.Builder
	for _, status := range s.statuses() {
		fmt.Fprintf(&b, "%s: %s\n", status, strings.Join(s.named(status), ", "))
	}
	for _, a := range s.Addresses {
		fmt.Fprintf(&b, "%s -> %s %s\n", a.URL, a.Service, a.Port)
	}
	fmt.Fprintf(&b, "%s, %s\n", s.Text, seconds(s.Elapsed))
	if s.Timings != nil {
		b.WriteString(timings(*s.Timings))
	}
	return b.String()
}

// timings are the causes on one line, and below it the steps one by one.
func timings(t reconciler.Timings) string {
	var parts []string
	for _, p := range t.Parts {
		parts = append(parts, seconds(p.Seconds)+" "+p.What)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "ready in %s: %s\n", seconds(t.Seconds), strings.Join(parts, ", "))
	for _, s := range t.Path {
		fmt.Fprintf(&b, "  %7s  %s (%s)", seconds(s.Seconds), s.Change, s.Kind)
		if s.Queued >= 0.05 {
			fmt.Fprintf(&b, ", after %s in the queue", seconds(s.Queued))
		}
		b.WriteString("\n")
	}
	return b.String()
}

func seconds(s float64) string { return Seconds(time.Duration(s * float64(time.Second))) }

// statuses are those of the services, each once, in the order of the services.
func (s Summary) statuses() (out []string) {
	seen := map[string]bool{}
	for _, service := range s.Services {
		if !seen[service.Status] {
			seen[service.Status] = true
			out = append(out, service.Status)
		}
	}
	return out
}

func (s Summary) named(status string) (out []string) {
	for _, service := range s.Services {
		if service.Status != status {
			continue
		}
		name := service.Name
		if service.Replicas > 1 {
			name += fmt.Sprintf(" (%d)", service.Replicas)
		}
		out = append(out, name)
	}
	return out
}
